/* bucket.h: a token bucket: so many requests a second in the long run, so many at once. Pure; time is an argument. */
#ifndef FAULTLINE_BUCKET_H
#define FAULTLINE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "times.h"

struct bucket {
    int64_t tokens_x1000; /* what may be taken now, in thousandths */
    struct mono filled_at;
};

/* A full bucket of burst (≥ 1) tokens. */
void bucket_init(struct bucket *b, int64_t burst, struct mono now);

/* Lets rate_per_s (≥ 1) tokens a second flow in, up to burst. */
void bucket_fill(struct bucket *b, int64_t rate_per_s, int64_t burst, struct mono now);

/* Milliseconds until there is a token; 0 = there is one. Call bucket_fill() before. */
uint32_t bucket_wait_ms(const struct bucket *b, int64_t rate_per_s);

/* Takes a token. There must be one. */
void bucket_take(struct bucket *b);

#endif
