/* bucket.c: see bucket.h. */
#include "bucket.h"

#include <assert.h>

void bucket_init(struct bucket *b, int64_t burst, struct mono now)
{
    *b = (struct bucket){.tokens_x1000 = burst * 1000, .filled_at = now};
}

void bucket_fill(struct bucket *b, int64_t rate_per_s, int64_t burst, struct mono now)
{
    int64_t passed_ms = now.ms - b->filled_at.ms;
    int64_t room_x1000 = burst * 1000 - b->tokens_x1000;

    b->filled_at = now;
    /* One token a second is one thousandth a millisecond. The division keeps a long pause from overflowing. */
    if (passed_ms > room_x1000 / rate_per_s)
        b->tokens_x1000 = burst * 1000;
    else
        b->tokens_x1000 += passed_ms * rate_per_s;
}

uint32_t bucket_wait_ms(const struct bucket *b, int64_t rate_per_s)
{
    int64_t missing_x1000 = 1000 - b->tokens_x1000;

    return missing_x1000 <= 0 ? 0 : (uint32_t)((missing_x1000 + rate_per_s - 1) / rate_per_s);
}

void bucket_take(struct bucket *b)
{
    assert(b->tokens_x1000 >= 1000);
    b->tokens_x1000 -= 1000;
}
