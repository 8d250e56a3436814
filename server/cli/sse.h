/* sse.h: server-sent events out of a byte stream (HTML Living Standard, 9.2.6): lines to events. Pure. */
#ifndef FAULTLINE_SSE_H
#define FAULTLINE_SSE_H

#include <stdbool.h>
#include <stddef.h>

enum { SSE_LINE_BYTES = 64 * 1024 };

struct sse {
    char line[SSE_LINE_BYTES];
    size_t line_bytes;
    bool too_long; /* the line being read: it is left out */
    char kind[32];
    char data[SSE_LINE_BYTES];
    bool has_data;
};

void sse_init(struct sse *s);

/* Feeds bytes; calls each() for every event that is whole until it returns false (then sse_feed() returns false). */
bool sse_feed(
    struct sse *s, const char *bytes, size_t n, bool (*each)(void *ctx, const char *kind, const char *data), void *ctx);

#endif
