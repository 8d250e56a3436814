/* canlog.h: a stream of bytes to CAN frames: lines (lines.h), their reading (canline.h), duplicates, counts; and the
 * recording's times to a time that only grows. Pure. */
#ifndef FAULTLINE_CANLOG_H
#define FAULTLINE_CANLOG_H

#include "canline.h"
#include "lines.h"

struct canlog_stats {
    uint64_t lines, frames, ignored, duplicates, malformed;
};

struct canlog {
    struct lines lines;
    struct can_frame_read last;
    struct canlog_stats stats;
    /* Called for each malformed line; why is a constant text. NULL = nobody wants to know. */
    void (*malformed)(void *ctx, uint64_t line, const char *why);
    void *ctx;
};

void canlog_init(struct canlog *c, void (*malformed)(void *ctx, uint64_t line, const char *why), void *ctx);

/* Takes from *data up to the end of the next line that holds a frame; true: *ret is set. False: all was taken. */
bool canlog_next(struct canlog *c, const char **data, size_t *n, struct can_frame_read *ret);
/* At the end of the stream: a frame in a last line without line end. */
bool canlog_last(struct canlog *c, struct can_frame_read *ret);

/* The time passed since the first frame, in microseconds, never going back: a step back of less than a second stands
 * still until it is caught up, a larger one goes on from there. Start with a zeroed struct. */
struct canlog_time {
    bool started;
    int64_t latest_us, passed_us;
};

int64_t canlog_passed(struct canlog_time *t, int64_t time_us);

#endif
