/* plan.h: what gives way, decided before anything is touched: which segments go, and the epoch file that accounts for
 * them. The spool saves the file, then carries the plan out. */
#ifndef FAULTLINE_PLAN_H
#define FAULTLINE_PLAN_H

#include "queue.h"
#include "spool.h"

struct plan {
    const struct queue *queues;            /* LANE_COUNT of them, settled; borrowed */
    const struct spool_settings *settings; /* borrowed */
    struct mono now;
    struct meta meta;           /* as it will be */
    size_t removed[LANE_COUNT]; /* so many of the lane's oldest segments go */
};

/* Freed segments that are out of the retention window. */
must_check int plan_retention(struct plan *p, struct fail *f);

/* Room for a new segment of lane: freed segments go first, then health, then, for a fault only, faults; each oldest
 * first. What was not freed becomes loss, stamped `now`. FAIL_FULL: nothing may give way. */
must_check int plan_room(struct plan *p, enum lane lane, const struct stamp *now, struct fail *f);

#endif
