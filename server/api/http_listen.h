/* http_listen.h: from the setting `address` to a listening socket. */
#ifndef FAULTLINE_HTTP_LISTEN_H
#define FAULTLINE_HTTP_LISTEN_H

#include <stdbool.h>

#include "fail.h"

enum { HTTP_LISTEN_TEXT_BYTES = 176 };

/* address: "127.0.0.1:8480", "[::1]:8480" or "unix:/path". Names are not resolved. Anything but loopback and Unix
 * sockets needs public_allowed. A Unix socket is made for owner and group; one that a dead process left is replaced.
 * ret_fd is non-blocking and the caller's; ret_text says where it listens, with the port that was bound.
 * FAIL_SETTINGS: not an address, or public without leave. FAIL_CONFLICT: another process listens there. FAIL_IO. */
must_check int http_listen(const char *address, bool public_allowed, int *ret_fd,
    char ret_text[static HTTP_LISTEN_TEXT_BYTES], struct fail *f);

/* What http_listen() would say to the address itself. FAIL_SETTINGS. */
must_check int http_listen_check(const char *address, bool public_allowed, struct fail *f);

#endif
