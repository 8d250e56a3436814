/* recurrence.h: repeated events of units that are repaired: how many a unit has had by an age, on average (mean
 * cumulative function, MCF), what they cost, and whether two groups differ. Pure; O(n log n), scratch memory O(n). Any
 * thread. 0, or -1 with f and no output written.
 *
 * Nelson 1995; Lawless & Nadeau 1995:  M(t) = sum over event ages u ≤ t of D(u) / n(u)
 *   n(u): units under observation at u: entered before u, history ends at u or later; D(u): events (or cost) at u
 * Variances of M(t):
 *   robust   sum over units of ( sum over u ≤ t of [unit at risk at u] (its D_i(u) - D(u)/n(u)) / n(u) )²
 *            any dependence within a unit; Nelson's unbiased variance differs by finite-population terms
 *   Poisson  sum over u and units of (D_i(u) / n(u))²: independent events only
 * Limits on the log scale: M exp(± z se_robust / M).
 * Age belongs to the device: a part that was swapped starts anew, its device does not. */
#ifndef FAULTLINE_RECURRENCE_H
#define FAULTLINE_RECURRENCE_H

#include "fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row an event, and one for the end of a unit's history; a unit's history ends at the largest age of its rows. Rows
 * in any order. Equal rows are separate events. */
struct recurrence {
    size_t n;             /* 1 … 2^32 - 2 rows */
    size_t units;         /* numbered from 0; a unit without a row was not observed */
    const uint32_t *unit; /* of each row, < units */
    const double *time;   /* age of the row, finite, ≥ 0 */
    const bool *event;    /* false: the unit was seen at this age, nothing happened */
    const double *cost;   /* of the event, finite, ≥ 0; NULL: 1 each, so that events are counted */
    const double *entry; /* age from which the row's unit was watched, finite, ≥ 0, < time; the least of a unit's rows
                             counts; NULL: 0 for all. With NULL a unit is at risk at age 0 too */
    const double *freq;  /* the row's unit stands for so many with this history: finite, ≥ 0, the same in all rows of
                             a unit; NULL: 1 each */
};

struct recurrence_point {
    double time;
    double at_risk; /* n(u), units */
    double jump;    /* D(u): number or cost of the events */
    double mcf;     /* just after time */
    double se_robust, se_poisson;
    double lo_log, hi_log; /* NaN while mcf is 0 (events without cost only) */
};

/* The table of the event ages, ascending; ret has room for as many as there are event rows (r->n is always enough).
 * *ret_n = 0 when nothing happened. 0 < level < 1, two-sided. */
int recurrence_mcf(
    const struct recurrence *r, double level, struct recurrence_point *ret, size_t *ret_n, struct fail *f) must_check;

struct recurrence_difference {
    double difference, se, lo, hi;
};

/* M of one less M of the other at each of the ages (any order); se is the root of the summed squares of the robust
 * standard errors, limits difference ± z se. Beyond the last event M stays as it is: ages past the end of the histories
 * are the caller's to avoid. ret has room for ages. */
int recurrence_compare(const struct recurrence *one, const struct recurrence *other, const double *ages, size_t ages_n,
    double level, struct recurrence_difference *ret, struct fail *f) must_check;

#endif
