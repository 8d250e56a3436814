/* weibull_bayes.h: Weibayes: the scale of a Weibull distribution whose shape is known from like parts before, for few
 * failures or none. Pure; any thread. 0, or -1 with f and no output written.
 *
 *   A = sum of freq × (time^shape - entry^shape), r = number of failures
 *   scale = (A / r)^(1/shape), the maximum likelihood estimate
 *   lower limit (one-sided) = (2 A / chi-square quantile of level with 2 r + 2 degrees of freedom)^(1/shape)
 * Abernethy, The New Weibull Handbook; Nelson 1985. Exact for tests ended at set ages of non-repaired units, and somewhat
 * low (safe) for those ended at a failure. In the unit of the ages. */
#ifndef FAULTLINE_WEIBULL_BAYES_H
#define FAULTLINE_WEIBULL_BAYES_H

#include "lives.h"

struct weibull_bayes {
    double failures;
    double scale; /* infinity when nothing failed */
    double lower;
};

/* shape > 0 and finite, 0 < level < 1. Refused when no unit was watched past age 0. */
int weibull_bayes(
    const struct lives *l, double shape, double level, struct weibull_bayes *ret, struct fail *f) must_check;

#endif
