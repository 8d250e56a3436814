/* groups.h: root causes: which controller the network codes of a bus are about just now. Inside agent/fault only.
 *
 * When an ECU falls silent, its neighbours each report it in their own way; some of their codes name it, others only say
 * that communication failed. One subject for all of them makes one problem of it. */
#ifndef FAULTLINE_GROUPS_H
#define FAULTLINE_GROUPS_H

#include "bounds.h"
#include "times.h"

enum { GROUPS_COUNT = 8 };

/* The subject last named on each bus; the bus named longest ago gives way. */
struct groups {
    struct group {
        char bus[BOUND_BUS + 1], subject[BOUND_NAME + 1];
        struct mono named;
    } items[GROUPS_COUNT];
};

/* A code or a lost reporter on the bus names subject. */
void groups_name(struct groups *g, const char *bus, const char *subject, struct mono now);
/* The subject named on the bus within window_ms, or "". Borrowed until the next groups_name(). */
const char *groups_subject(const struct groups *g, const char *bus, struct mono now, int64_t window_ms);

#endif
