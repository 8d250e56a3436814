/* repeat.h: a source of random numbers that repeats: splitmix64 from a number. */
#ifndef FAULTLINE_REPEAT_H
#define FAULTLINE_REPEAT_H

#include "cleanup.h"
#include "times.h"

#include <string.h>

struct repeat {
    uint64_t at;
};

static inline void repeat_fill(void *ctx, void *bytes, size_t n)
{
    struct repeat *r = ctx;

    for (size_t i = 0; i < n; i += sizeof(uint64_t)) {
        uint64_t z = r->at += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        memcpy((char *)bytes + i, &z, n - i < sizeof z ? n - i : sizeof z);
    }
}

/* An rng that lives as long as the block it is written in. */
#define repeat_rng(seed) ((struct rng){repeat_fill, &(struct repeat){.at = (seed)}})

#endif
