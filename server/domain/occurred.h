/* occurred.h: when something happened on a device whose clock may be wrong: a moment and how far off it can be.
 *
 * In this order: a synchronised wall time is taken; else the monotonic distance to a moment of the same boot whose wall
 * time is known (the uplink's anchor, or the anchor of an earlier uplink); else it lies between what is known of the
 * boots around it. A device clock in 1970 or 2106 changes nothing but the bound. Pure. Any thread. */
#ifndef FAULTLINE_OCCURRED_H
#define FAULTLINE_OCCURRED_H

#include "condition.h"
#include "record.h"
#include "times.h"

enum {
    OCCURRED_SYNCED_BOUND_MS = 1000, /* a clock disciplined by a time source is right to within this */
    OCCURRED_AGREE_MS = 2000,        /* a clock of lesser quality that reads what ours reads on arrival is right too */
    OCCURRED_DRIFT_PPM = 200,        /* a device's monotonic clock against true time */
};

/* A moment of a boot whose wall time is known. boot 0 = nothing is known. */
struct fix {
    uint64_t boot;
    struct mono mono;
    struct occurred at;
};

/* The fix that an uplink's anchor gives: the message was sent at that moment, at the earliest at sent_after,
 * at the latest when it was received. */
struct fix occurred_fix(const struct stamp *anchor, struct wall received, struct wall sent_after);

/* When s happened. now: the fix of the uplink that brought it; before: the fix of the previous uplink of this
 * device (boot 0 = none); floor: a moment known not to be later, such as the previous record's (ms 0 = none).
 * Never after now->at. */
struct occurred occurred_at(const struct stamp *s, const struct fix *now, const struct fix *before, struct wall floor);

#endif
