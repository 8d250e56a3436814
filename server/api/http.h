/* http.h: the HTTP listener: connections, limits, deadlines, TLS, one request in and one answer out, and streams.
 *
 * The only door to libevent's HTTP. Everything here belongs to the thread that runs the event base; nothing blocks.
 * A request reaches the handler only after guard.h called its bytes whole; what the guard refuses, what is late and
 * what is too large is answered here with problem+json and Connection: close.
 *
 * Limits: open connections in all and for each peer address (a further one takes the place of the oldest that waits
 * for a request or its rest, or is closed at once when there is none), head and body size,
 * one deadline from the first byte of a request to its last, the same for a client that takes nothing of its answer,
 * and one for silence between requests. Requests are taken one at a time: bytes sent ahead of an answer (pipelining)
 * are dropped and the connection is closed behind that answer. */
#ifndef FAULTLINE_HTTP_H
#define FAULTLINE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"

struct event_base;

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS };

struct http_settings {
    const char *tls_cert, *tls_key; /* PEM files, borrowed; NULL = plain */
    int64_t request_timeout_ms, idle_timeout_ms;
    unsigned max_connections, max_connections_per_address; /* the latter 0 = no cap */
    size_t max_body_bytes;
};

/* Borrowed by the handler until it returns; "" = the header is absent. */
struct http_request {
    enum http_method method;
    const char *path;  /* as sent, still percent-encoded, without the query */
    const char *query; /* as sent, without '?' */
    const char *body;
    size_t body_bytes;
    const char *authorization, *if_none_match, *last_event_id;
    const char *peer; /* address as text, "unix" for a Unix socket */
};

struct http_answer {
    int status;
    const char *type; /* Content-Type; NULL = no body */
    const char *body; /* copied */
    size_t body_bytes;
    const char *etag, *allow; /* NULL = none */
    const char *authenticate; /* WWW-Authenticate */
    unsigned retry_after_s;   /* 0 = none */
};

/* One request that waits for its answer. Lives until http_answer() or http_stream_end(), also when the client left. */
struct http_exchange;

/* Must lead to exactly one http_answer() or http_stream_start(), now or later. */
typedef void http_handler(void *ctx, struct http_exchange *x, const struct http_request *r);

/* Counts since http_open(), but for `open`. */
struct http_counts {
    uint64_t answers[6];  /* by status / 100 */
    uint64_t refused;     /* by the guard, the deadline or a size limit */
    uint64_t turned_away; /* connections above a cap */
    uint64_t gave_way;    /* connections without a whole request that were closed for a new one */
    uint64_t cut_streams; /* streams that ended with something unread */
    unsigned open;
};

struct http;

/* Serves the listening socket fd (taken, even on failure). FAIL_SETTINGS: the certificate or its key. */
must_check int http_open(struct event_base *base, int fd, const struct http_settings *s, http_handler *handle,
    void *ctx, struct http **ret, struct fail *f);

/* Closes the listener and every connection. Each exchange must have been answered or ended before. NULL is fine. */
void http_close(struct http *h);

/* Reads certificate and key again for connections to come; on failure the old ones stay. */
must_check int http_reload_tls(struct http *h, struct fail *f);

const struct http_counts *http_counts(const struct http *h);

void http_answer(struct http_exchange *x, const struct http_answer *a);

/* Starts an endless answer of text/event-stream with a first text (copied, not empty).
 * drained(ctx): all that was sent has left for the client; only now the next http_stream_send() may come, so that a slow
 * client costs the memory of one text. gone(ctx): once, when the client left or stalled; http_stream_end() is still to be
 * called, and may be called from it. Neither is called from within a function of this header but the loop's own. */
void http_stream_start(struct http_exchange *x, const char *text, size_t n, void (*drained)(void *ctx),
    void (*gone)(void *ctx), void *ctx);
void http_stream_send(struct http_exchange *x, const char *text, size_t n); /* copies; n is not 0 */
void http_stream_end(struct http_exchange *x);

#endif
