/* times.h: the two times, kept apart by type, and where they come from.
 *
 * Wall time is milliseconds since 1970-01-01 UTC and may be wrong, jump or run backwards. Monotonic time is
 * milliseconds since an unspecified moment of this boot; it only grows. Nothing below main reads a clock by itself:
 * it is given a struct clock, so that tests can run years in a millisecond. */
#ifndef FAULTLINE_TIMES_H
#define FAULTLINE_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wall {
    int64_t ms;
};

struct mono {
    int64_t ms;
};

/* How far a device's wall clock can be trusted. */
enum clock_quality {
    CLOCK_NONE = 0,   /* never set since power-up */
    CLOCK_KEPT = 1,   /* carried over by a battery or a saved file */
    CLOCK_SYNCED = 2, /* disciplined by a time source now */
};

struct clock {
    struct wall (*wall)(void *ctx);
    struct mono (*mono)(void *ctx);
    enum clock_quality (*quality)(void *ctx);
    void *ctx; /* borrowed by the three functions */
};

/* The operating system's clocks: CLOCK_REALTIME, CLOCK_BOOTTIME, and adjtimex() for the quality. Any thread. */
extern const struct clock clock_system;

/* Random numbers, from outside like time. fill() writes n unpredictable bytes and cannot fail. */
struct rng {
    void (*fill)(void *ctx, void *bytes, size_t n);
    void *ctx;
};

extern const struct rng rng_system;

uint64_t rng_u64(const struct rng *rng);

/* Uniform in 0 … below-1; below ≥ 1. */
uint64_t rng_below(const struct rng *rng, uint64_t below);

enum { TIMES_TEXT_BYTES = 25 };

/* "2020-01-07T17:02:31.120Z" (RFC 3339, UTC, 24 characters and NUL). Years 0001 to 9999, clamped there. Returns text. */
const char *times_format(struct wall t, char text[static TIMES_TEXT_BYTES]);

/* Reads RFC 3339 with or without fraction, "Z" or ±hh:mm. False when text is anything else. */
bool times_parse(const char *text, struct wall *ret_t);

#endif
