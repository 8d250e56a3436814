/* sequential.h: tests that are looked at again with every new count: Poisson CUSUM and its run length, MaxSPRT and its
 * critical value, the mixture e-process.
 *
 * Counts are whole numbers, expected counts finite and not negative, in any one unit of time. Indices of signals count from
 * 1; 0 = none. */
#ifndef FAULTLINE_SEQUENTIAL_H
#define FAULTLINE_SEQUENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "fail.h"

/* ---- CUSUM (Page 1954; Lucas 1985) */

/* S = max(0, S + x - k), from 0; it signals when S >= h (h > 0, k >= 0) and runs on. ret_s has room for n; ret_first is the
 * first signal. k between two means: (m1 - m0) / ln(m1 / m0). */
int sequential_cusum(
    const double *x, size_t n, double k, double h, double *ret_s, size_t *ret_first, struct fail *f) must_check;

/* Against expected counts that change: S = max(0, S + x ln R - (R - 1) E), the log-likelihood ratio of a rate R > 1 times
 * the expected. It signals when S >= h and starts again from 0 with the next count. ret_s and ret_alarms have room for n;
 * ret_alarms gets the *ret_count signals. */
int sequential_cusum_expected(const double *x, const double *expected, size_t n, double ratio, double h, double *ret_s,
    size_t *ret_alarms, size_t *ret_count, struct fail *f) must_check;

/* Average run length of sequential_cusum() until its first signal when counts are independent Poisson with the given mean
 * (0 or more), by the Markov chain on the values that S can take (Brook & Evans 1972), which is exact: k must be a multiple
 * of 1/q for a q of at most 1000 (to within 1e-9), and h q at most 2000 (refused otherwise). Solved without
 * subtractions (Grassmann, Taksar & Heyman 1985), so that run lengths of 1e100 have all digits; Inf beyond 1e308 and for
 * mean 0. O((h q)² min(h, k) q): at most some seconds, milliseconds for h q of 200. */
int sequential_cusum_arl(double h, double k, double mean, double *ret_arl, struct fail *f) must_check;

/* ---- MaxSPRT for Poisson counts (Kulldorff et al. 2011) */

/* ln LR of c events against mu expected under a rate of at least 1: mu - c + c ln(c / mu) if c > mu, else 0; Inf when events
 * were impossible (mu = 0). Both cumulative and not decreasing. ret_first: the first with LLR >= critical and c >= least. */
int sequential_maxsprt_llr(const double *events, const double *expected, size_t n, double critical, double least,
    double *ret_llr, size_t *ret_first, struct fail *f) must_check;

/* The critical value at which the chance of a signal, looking after every event until horizon expected events, is alpha.
 * At least `least` events (1 and more) are needed for a signal. Exact: with the flat boundary, the c-th event signals when it
 * comes before an expected count of tau(c); the counts still possible are followed from tau to tau. 1e-9 relative, for
 * horizons from 1e-6 to 5000. When `least` events come by the horizon with a chance of alpha or less, no such value exists:
 * *ret_exists is false and *ret_critical untouched. */
int sequential_maxsprt_critical(
    double horizon, double least, double alpha, bool *ret_exists, double *ret_critical, struct fail *f) must_check;

/* ---- e-process (Shin, Ramdas & Rinaldo 2023: the mixture form) */

/* ln of the e-value of n events against "rate at most the expected E": the likelihood ratio of R times E, averaged over R > 1
 * with the Gamma(a, b) density (shape, rate) cut at 1:
 * ln e = E + a ln b - (a+n) ln(b+E) + ln Γ(a+n)/Γ(a) + ln Q(a+n, b+E) - ln Q(a, b). At any time, e >= 1/alpha has a
 * chance of at most alpha under the hypothesis. a, b > 0. */
int sequential_log_e(double events, double expected, double a, double b, double *ret_log_e, struct fail *f) must_check;

#endif
