/* occurred.c: see occurred.h. All sums stay far from overflow: monotonic times are capped before they are
 * used. */
#include "occurred.h"

#include <stdbool.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static const int64_t first_ms = BOUND_DAY_FIRST * (int64_t)DAY_MS, end_ms = BOUND_DAY_END * (int64_t)DAY_MS;
/* A boot does not last longer than a hundred years. */
static const int64_t longest_boot_ms = 36500LL * DAY_MS;

static int64_t min_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool is_a_time(struct wall t)
{
    return t.ms >= first_ms && t.ms < end_ms;
}

/* A synchronised clock is believed unless it claims the future. */
static bool is_synced(const struct stamp *s, struct wall latest)
{
    return s->quality == CLOCK_SYNCED && is_a_time(s->wall) && s->wall.ms <= latest.ms + OCCURRED_SYNCED_BOUND_MS;
}

static struct occurred not_after(struct wall at, int64_t bound_ms, struct wall latest)
{
    return (struct occurred){{min_of(at.ms, latest.ms)}, bound_ms};
}

struct fix occurred_fix(const struct stamp *anchor, struct wall received, struct wall sent_after)
{
    struct fix fix = {.boot = anchor->boot, .mono = anchor->mono};
    int64_t apart = received.ms - max_of(min_of(anchor->wall.ms, end_ms), 0);

    if (is_synced(anchor, received))
        fix.at = not_after(anchor->wall, OCCURRED_SYNCED_BOUND_MS, received);
    else if (is_a_time(anchor->wall) && apart >= -OCCURRED_AGREE_MS && apart <= OCCURRED_AGREE_MS)
        fix.at = not_after(anchor->wall, OCCURRED_AGREE_MS, received);
    else
        fix.at = (struct occurred){received, max_of(received.ms - sent_after.ms, 0)};
    return fix;
}

static bool is_same_boot(const struct stamp *s, const struct fix *fix)
{
    return s->boot != 0 && s->boot == fix->boot && s->mono.ms >= 0 && s->mono.ms <= longest_boot_ms &&
           fix->mono.ms >= 0 && fix->mono.ms <= longest_boot_ms;
}

static struct occurred by_distance(const struct stamp *s, const struct fix *fix, struct wall latest)
{
    int64_t distance = s->mono.ms - fix->mono.ms;
    int64_t drift = (distance < 0 ? -distance : distance) / 1000 * OCCURRED_DRIFT_PPM / 1000;

    return not_after((struct wall){fix->at.at.ms + distance}, fix->at.bound_ms + drift, latest);
}

/* The latest moment of something that happened in another boot than the one that brought it: that boot's
 * start. An anchor that puts its start before low contradicts what is known and is not believed. */
static int64_t latest_of(const struct stamp *s, const struct fix *now, int64_t low)
{
    bool other_boot = s->boot != 0 && now->boot != 0 && s->boot != now->boot;
    int64_t start;

    if (!other_boot || now->mono.ms < 0 || now->mono.ms > longest_boot_ms)
        return now->at.at.ms;
    start = now->at.at.ms - now->mono.ms + now->at.bound_ms;
    return start < low ? now->at.at.ms : min_of(start, now->at.at.ms);
}

/* Between floor and the start of the boot that brought it; the device's own clock says where, if it can be
 * true. */
static struct occurred between(const struct stamp *s, const struct fix *now, struct wall floor)
{
    int64_t low = min_of(max_of(floor.ms, first_ms), now->at.at.ms);
    int64_t high = latest_of(s, now, low);
    int64_t at = floor.ms ? low + (high - low) / 2 : high;

    if (s->quality != CLOCK_NONE && s->wall.ms >= low && s->wall.ms <= high)
        at = s->wall.ms;
    return (struct occurred){{at}, max_of(at - low, high - at)};
}

struct occurred occurred_at(const struct stamp *s, const struct fix *now, const struct fix *before, struct wall floor)
{
    if (is_synced(s, now->at.at))
        return not_after(s->wall, OCCURRED_SYNCED_BOUND_MS, now->at.at);
    if (is_same_boot(s, now))
        return by_distance(s, now, now->at.at);
    if (is_same_boot(s, before))
        return by_distance(s, before, now->at.at);
    return between(s, now, floor);
}
