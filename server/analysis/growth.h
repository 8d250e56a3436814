/* growth.h: do failures of a system (or of a fleet of constant size) come faster or slower with time? Crow-AMSAA, a
 * power law process, and Laplace's test. The clock is the system's running time since its start; in a growing fleet use
 * the summed exposure as clock, else growth reads as worsening. Pure; O(n). Any thread. 0, or -1 with f and no output
 * written. Times in any one unit, ascending (equal ones allowed).
 *
 * Observation ends at a set time T (time truncated), or with the last failure (failure truncated, T = that time). */
#ifndef FAULTLINE_GROWTH_H
#define FAULTLINE_GROWTH_H

#include "fail.h"

#include <stddef.h>

/* Crow 1974, MIL-HDBK-189: expected failures by t = lambda t^beta; beta < 1: failures get rarer.
 *   beta = n / sum ln(T / t_i), lambda = n / T^beta
 *   unbiased beta = beta (n - 1)/n time truncated, beta (n - 2)/n failure truncated
 *   MTBF at T: instantaneous 1 / (lambda beta T^(beta-1)) = T / (n beta), cumulative T / n */
struct growth_fit {
    double beta, lambda, beta_unbiased;
    double mtbf_instantaneous, mtbf_cumulative;
};

/* All times > 0. */
int growth_time_truncated(const double *times, size_t n, double T, struct growth_fit *ret, struct fail *f) must_check;
int growth_failure_truncated(const double *times, size_t n, struct growth_fit *ret, struct fail *f) must_check;

/* Laplace's test of a constant rate (Cox & Lewis 1966), times ≥ 0:
 *   U = (sum t_i - n T/2) / (T sqrt(n/12)), about standard normal from n = 4 on; U > 0: failures come ever faster.
 * Failure truncated, the last time is T and not in the sum, and n is one less (so 2 times at least). */
struct growth_trend {
    double U;
    double p; /* two-sided */
};

int growth_laplace_time_truncated(
    const double *times, size_t n, double T, struct growth_trend *ret, struct fail *f) must_check;
int growth_laplace_failure_truncated(
    const double *times, size_t n, struct growth_trend *ret, struct fail *f) must_check;

#endif
