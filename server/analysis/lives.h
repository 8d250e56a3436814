/* lives.h: the ages that survival and Weibull statistics start from: one row a unit, or a row for freq equal units.
 *
 * Ages are in any one unit (days, hours, km) and results come in the same. A unit was watched from the age entry (left
 * truncation: a device that enrolled late; 0 = from the start) until the age time, at which it failed or was last seen
 * running (right censored). Ties: a unit last seen at t is at risk for a failure at t, a unit that enters at t is not.
 * A failure by a cause other than the one looked at is "last seen running". */
#ifndef FAULTLINE_LIVES_H
#define FAULTLINE_LIVES_H

#include "fail.h"

#include <stdbool.h>
#include <stddef.h>

struct lives {
    size_t n;           /* 1 … 2^32 - 1 rows */
    const double *time; /* finite, ≥ 0 */
    const bool *failed;
    const double *entry; /* finite, ≥ 0, < time of its row; NULL: 0 for all */
    const double *freq;  /* how many units the row stands for: finite, ≥ 0, whole or not; NULL: 1 each */
};

/* 0, or -1 and f names the first argument and index that break the rules above. */
int lives_check(const struct lives *l, struct fail *f) must_check;

/* Sums of freq: all units, and those that failed. */
double lives_units(const struct lives *l);
double lives_failures(const struct lives *l);

static inline double lives_entry(const struct lives *l, size_t i)
{
    return l->entry ? l->entry[i] : 0;
}

static inline double lives_freq(const struct lives *l, size_t i)
{
    return l->freq ? l->freq[i] : 1;
}

#endif
