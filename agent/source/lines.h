/* lines.h: cuts a stream of bytes into lines of bounded length. Pure. */
#ifndef FAULTLINE_LINES_H
#define FAULTLINE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"

struct lines {
    char bytes[BOUND_LINE_BYTES];
    size_t used;
    bool too_long; /* the line at hand is, and is thrown away to its end */
    uint64_t number;
};

/* Takes from *data up to and including the next line end and advances *data and *n. True when a line is complete: then
 * *ret_line (in l, until the next call) and *ret_bytes without the line end; NULL for a line that was too long. False when
 * all was taken and no line ended. Start with a zeroed struct. */
bool lines_next(struct lines *l, const char **data, size_t *n, const char **ret_line, size_t *ret_bytes);
/* At the end of the stream: the last line when it had no end. */
bool lines_last(struct lines *l, const char **ret_line, size_t *ret_bytes);

#endif
