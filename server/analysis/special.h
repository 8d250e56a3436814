/* special.h: the special functions that the statistics stand on: logarithm of the gamma function, its derivative,
 * Poisson and binomial probabilities, both tails of the gamma, beta and normal distributions, their logarithms and
 * their inverses.
 *
 * Accuracy: within 1e-13 relative of the true value for the arguments as given, over the grid in tests/data/special/
 * (a and b up to 1e9, tails down to 1e-300, logarithms of tails far below); both tails are computed, never one as the
 * difference of the other from 1 where digits would be lost. That asks for an extended long double (x86); where long double
 * is a double, tails around 1e-300 hold 1e-12.
 * Arguments outside a function's range are the caller's bug (asserted); what users give is checked before (check.h).
 * No errno is meant, nothing is allocated. Any thread. */
#ifndef FAULTLINE_SPECIAL_H
#define FAULTLINE_SPECIAL_H

#include <stdbool.h>

/* Which tail of a distribution. */
enum tail {
    TAIL_LOWER, /* P(X <= x) */
    TAIL_UPPER, /* P(X > x) */
};

/* ---- gamma function */

/* ln Γ(x), x > 0. */
double special_log_gamma(double x);

/* ψ(x) = d ln Γ(x) / dx, x > 0. Near its zero 1.4616… the error is 1e-15 absolute. */
double special_digamma(double x);

/* ln (n choose k) for real 0 <= k <= n. */
double special_log_choose(double n, double k);

/* ---- probabilities (C. Loader, Fast and Accurate Computation of Binomial Probabilities, 2000) */

/* mean^x e^-mean / Γ(x + 1) for real x >= 0, mean >= 0; and its logarithm (-Inf where it is 0). */
double special_poisson(double x, double mean);
double special_poisson_log(double x, double mean);

/* Γ(n+1) / (Γ(x+1) Γ(n-x+1)) p^x q^(n-x) for real 0 <= x <= n; q = 1 - p, given so that neither loses digits: the
 * smaller of both is believed. */
double special_binomial(double x, double n, double p, double q);
double special_binomial_log(double x, double n, double p, double q);

/* ---- gamma distribution of shape a >= 0 and scale 1 (a = 0: all at 0), x >= 0, Inf allowed: the regularised incomplete
 * gamma functions P(a, x) (lower) and Q(a, x) (upper).
 * Poisson: P(X >= k) = P(k, mean), P(X <= k) = Q(k + 1, mean). */
double special_gamma(enum tail tail, double a, double x);
double special_gamma_log(enum tail tail, double a, double x);

/* The x whose tail is p in 0 … 1, a > 0. p = 0 or 1: 0 or Inf. 0 also where x is below the smallest double. */
double special_gamma_quantile(enum tail tail, double a, double p);

/* Chi-square with df > 0 degrees of freedom, not necessarily a whole number. */
double special_chisq(enum tail tail, double x, double df);
double special_chisq_log(enum tail tail, double x, double df);
double special_chisq_quantile(enum tail tail, double p, double df);

/* ---- beta distribution, a and b of at least 0.5: the regularised incomplete beta function I_x(a, b); y = 1 - x as
 * above. Binomial: P(X >= k) = I_p(k, n - k + 1). */
double special_beta(enum tail tail, double a, double b, double x, double y);
double special_beta_log(enum tail tail, double a, double b, double x, double y);

/* The x whose tail is p, as odds x / (1 - x): from them come x = odds / (1 + odds) and 1 - x = 1 / (1 + odds) with all
 * digits. p = 0 or 1: 0 or Inf. */
double special_beta_quantile_odds(enum tail tail, double a, double b, double p);

/* ---- standard normal distribution. Logarithms hold for every finite x (ln of the tail at 1e8 is -5e15). */
double special_normal(enum tail tail, double x);
double special_normal_log(enum tail tail, double x);

/* p from 0 (∓Inf) to 1 (±Inf). */
double special_normal_quantile(enum tail tail, double p);

#endif
