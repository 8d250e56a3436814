/* weibull.h: the Weibull distribution fitted to ages by maximum likelihood, and what follows from the fit: limits, lives
 * (B10), reliability, comparison of two groups. Other ways to its parameters: weibull_rank.h, weibull_bayes.h.
 * Pure; scratch memory O(n); iterations are bounded. Any thread. 0, or -1 with f and no output written.
 *
 *   S(t) = exp(-(t/scale)^shape), scale in the unit of the ages; F = 1 - S
 *   loglik = sum of freq × ( ln f(t) failed at t | ln S(t) still running at t | ln (S(lo) - S(hi)) failed between )
 *            - ln S(entry) for units watched from the age entry on (left truncation)
 * with density and likelihood in the unit of the ages. Standard errors come from the observed information in ln shape
 * and ln scale (Nelson 1982; Meeker & Escobar 1998). A row of freq units counts as freq rows of one: fits of weights up
 * to 1e9 and more are as exact as those of 1. shape is 1 / R survreg's scale, scale is exp of its intercept.
 *
 * For failure times and right censoring the profile of the shape has one maximum, whatever the truncation, and so has any
 * censoring without truncation; where spans and truncation come together the highest of several is looked for.
 * Refused as not estimable, with the reason: nothing failed; all failures at the highest age (shape beyond all bounds);
 * the failure rate falls as fast as 1/age or faster over the ages that were watched (all units truncated; shape towards
 * 0); intervals that one step explains or that show no rise; a fit whose information matrix is not positive definite. Few
 * failures (below 5 or so) leave the shape very uncertain: weibull_bayes.h. */
#ifndef FAULTLINE_WEIBULL_H
#define FAULTLINE_WEIBULL_H

#include "interval.h"
#include "lives.h"

struct weibull_fit {
    double units, failures; /* sums of freq */
    double shape, scale;
    double loglik;
    double se_log_shape, se_log_scale, cov_log_shape_log_scale;
};

struct weibull_estimate {
    double est, lo, hi;
};

/* Failure times, right censoring, left truncation. A unit of age 0 tells nothing and may be there if it did not fail;
 * failures need time > 0. */
int weibull_fit(const struct lives *l, struct weibull_fit *ret, struct fail *f) must_check;

/* Any censoring: a unit of row i failed after the age lo[i] and not later than hi[i].
 *   lo = hi failed at that age | lo = 0 failed by hi (left censored) | hi infinite still running at lo (right censored) */
struct weibull_spans {
    size_t n;            /* 1 … 2^32 - 2 */
    const double *lo;    /* finite, ≥ 0 */
    const double *hi;    /* ≥ lo, > 0, may be infinite */
    const double *entry; /* finite, ≥ 0, ≤ lo, < hi; NULL: 0 for all */
    const double *freq;  /* finite, ≥ 0; NULL: 1 each */
};
int weibull_fit_spans(const struct weibull_spans *s, struct weibull_fit *ret, struct fail *f) must_check;

/* ---- from the fit alone. 0 < level < 1, two-sided. */

/* Wald limits, symmetrical on the log of each parameter. */
int weibull_wald(const struct weibull_fit *fit, double level, struct interval *ret_shape, struct interval *ret_scale,
    struct fail *f) must_check;

/* The age by which the part p of the units has failed, 0 < p < 1 (B10: 0.1), limits by the delta method on its log. */
int weibull_life(
    const struct weibull_fit *fit, double p, double level, struct weibull_estimate *ret, struct fail *f) must_check;

/* The part of the units that reaches the age t > 0, limits by the delta method on ln(-ln R). */
int weibull_reliability(
    const struct weibull_fit *fit, double t, double level, struct weibull_estimate *ret, struct fail *f) must_check;

/* ---- from the data again */

/* Profile likelihood limits: where the loglik, maximised over the other parameter, is chi-square's quantile of level (1
 * degree of freedom) / 2 below the greatest. A side on which it never falls so far has the limit 0 or infinity.
 * Some 25 times the work of a fit. */
int weibull_profile(const struct lives *l, double level, struct interval *ret_shape, struct interval *ret_scale,
    struct fail *f) must_check;
int weibull_profile_spans(const struct weibull_spans *s, double level, struct interval *ret_shape,
    struct interval *ret_scale, struct fail *f) must_check;

/* Do two groups have the same distribution? Likelihood ratio of a fit each against one for all: 2 degrees of freedom. */
struct weibull_comparison {
    double loglik_common, loglik_separate;
    double lr, df, p;
};

/* second[i]: row i belongs to the second group. Each group must be estimable by itself. */
int weibull_compare(
    const struct lives *l, const bool *second, struct weibull_comparison *ret, struct fail *f) must_check;

#endif
