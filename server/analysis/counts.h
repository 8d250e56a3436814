/* counts.h: exact tests and confidence limits of counts and rates: Poisson, binomial, and the ratio of two rates.
 *
 * Counts are whole numbers from 0 to 2^53, exposures (device days, units, hours: any unit, the same throughout)
 * positive and finite; what is not is refused with FAIL_INPUT by name. Confidence limits are central: half of 1 - level lies
 * beyond each (Garwood 1936; Clopper & Pearson 1934); a one-sided limit has all of it beyond. Nothing is approximated: tails
 * come from the incomplete gamma and beta functions, and hold down to 1e-300, their logarithms beyond.
 * No allocation but in the functions for many. Any thread. */
#ifndef FAULTLINE_COUNTS_H
#define FAULTLINE_COUNTS_H

#include <stddef.h>

#include "fail.h"

struct counts_limits {
    double lo, hi;          /* two-sided */
    double lower_one_sided; /* level of being above it */
    double upper_one_sided;
};

/* p-values of an observed count X = x against a hypothesis. Every one is in 0 … 1. */
struct counts_test {
    double p_greater;                 /* P(X >= x) */
    double p_less;                    /* P(X <= x) */
    double p_two_sided_minlike;       /* all outcomes no more likely than x (within 1e-7), as R's poisson.test has it */
    double p_two_sided_central;       /* twice the smaller of p_greater and p_less, at most 1 */
    double midp_greater;              /* P(X > x) + P(X = x) / 2 */
    double log_p_greater, log_p_less; /* natural logarithms; finite where the values fell to 0 */
};

/* Limits of the rate events / exposure. Garwood: qgamma((1-level)/2, x) and qgamma(1-(1-level)/2, x+1) over the exposure;
 * lower limits of no events are 0. */
int counts_rate_limits(
    double events, double exposure, double level, struct counts_limits *ret, struct fail *f) must_check;

/* The same for n cells; each distinct count below 4096 is solved once. ret has room for n. Scratch memory 128 KiB. */
int counts_rate_limits_many(const double *events, const double *exposure, size_t n, double level,
    struct counts_limits *ret, struct fail *f) must_check;

/* Observed count against a Poisson distribution with the expected mean, finite and >= 0. Expected 0: X is 0, so 0 observed
 * has p = 1, more has p_greater 0. */
int counts_poisson_test(double observed, double expected, struct counts_test *ret, struct fail *f) must_check;

/* p_greater and midp_greater of n cells, as counts_poisson_test gives them. */
int counts_poisson_greater_many(const double *observed, const double *expected, size_t n, double *ret_p,
    double *ret_midp, struct fail *f) must_check;

/* Successes among trials against probability p in 0 … 1. */
int counts_binomial_test(double successes, double trials, double p, struct counts_test *ret, struct fail *f) must_check;

/* Clopper-Pearson limits of the probability; no trials: 0 and 1. */
int counts_binomial_limits(
    double successes, double trials, double level, struct counts_limits *ret, struct fail *f) must_check;

/* Ratio (x1/t1) / (x2/t2) of two Poisson rates, given x1 + x2: then x1 is binomial with p = t1 / (t1 + t2) when the rates
 * are equal (Przyborowski & Wilenski 1940; R's poisson.test). Limits are those of Clopper and Pearson for p, turned into
 * ratios. No events on one side give a ratio of 0 or Inf and limits that reach there; on both, ratio NaN, limits 0 and
 * Inf, p-values 1 (midp_greater 1/2): nothing is known. */
struct counts_ratio {
    double ratio;
    struct counts_limits limits;
    struct counts_test test; /* "greater": rate 1 is */
};
int counts_rate_ratio(
    double x1, double t1, double x2, double t2, double level, struct counts_ratio *ret, struct fail *f) must_check;

#endif
