/* guard.h: decides on the raw bytes of a connection whether they are one HTTP request that cannot be read in two ways.
 *
 * libevent answers 200 to two lengths, bare line feeds, NUL bytes, folded lines and blanks in names,
 * and a proxy in front may read each of them differently: that is how requests are smuggled. So nothing reaches
 * libevent before the guard has called it whole. Stricter than RFC 9112 where no honest client notices:
 * one Host, at most one Content-Length, no Transfer-Encoding (411 for "chunked" alone), no body with GET or HEAD,
 * origin-form targets of printable ASCII, every line ended by CR LF.
 *
 * Pure: no allocation, no clock, no socket. Any thread. */
#ifndef FAULTLINE_GUARD_H
#define FAULTLINE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

enum {
    GUARD_HEAD_BYTES = 16 * 1024, /* request line and headers: room for a browser's cookies, not for a flood */
    GUARD_TARGET_BYTES = 2048,    /* the longest cursor takes half of it */
    GUARD_HEADER_COUNT = 64,
    GUARD_NAME_BYTES = 64,
};

enum guard_verdict {
    GUARD_MORE,    /* fine so far, not whole yet */
    GUARD_WHOLE,   /* one request: the first `whole` bytes; what follows belongs to no one yet */
    GUARD_REFUSED, /* answer `status` and close: nothing behind the fault can be trusted */
};

struct guard {
    size_t max_body;
    size_t at;       /* all before it has been judged: the start of a line, or of the body */
    size_t searched; /* no line feed between `at` and here */
    unsigned lines;  /* judged so far; the first is the request line */
    bool body_allowed, has_host, has_length, has_encoding, has_authorization, is_old; /* is_old: HTTP/1.0 */
    bool head_done;
    size_t body;     /* declared length */
    size_t whole;    /* GUARD_WHOLE: bytes of the request */
    int status;      /* GUARD_REFUSED: 400, 411, 413, 414, 417, 431, 501 or 505 */
    const char *why; /* GUARD_REFUSED: a literal, for the log and the answer */
};

/* For the next request of a connection. */
void guard_init(struct guard *g, size_t max_body);

/* bytes holds everything since guard_init(), n never shrinks; work is done once a byte. After GUARD_REFUSED call no
 * more. */
enum guard_verdict guard_feed(struct guard *g, const char *bytes, size_t n);

#endif
