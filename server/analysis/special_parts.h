/* special_parts.h: what the files of module special share and nobody else uses: the pieces of Stirling's formula that
 * keep their digits, and the integral of a tail. */
#ifndef FAULTLINE_SPECIAL_PARTS_H
#define FAULTLINE_SPECIAL_PARTS_H

#include "special.h"

/* A tail computed directly (not as 1 - the other): exp(log_front) × factor. */
struct special_tail {
    enum tail tail;
    long double log_front;
    double factor;
};

/* Either tail, or its logarithm, from the one that was computed. */
double special_tail_value(const struct special_tail *t, enum tail wanted);
double special_tail_log(const struct special_tail *t, enum tail wanted);

/* e^x for a long double whose digits beyond those of a double count. */
double special_exp(long double x);

/* ln Γ(x+1) - ((x + 1/2) ln x - x + ln √2π), x > 0. */
long double special_stirling_error(double x);

/* x ln(x / mean) + mean - x, without cancellation where x is near to mean. x > 0, mean > 0. */
long double special_deviance(long double x, long double mean);

/* Logarithm of Γ(x+rest+1) / (Γ(x+1) Γ(rest+1)) p^x q^rest; x, rest >= 0 and p + q = 1. */
long double special_binomial_parts(double x, double rest, double p, double q);

/* ln(1 + z) - z, without cancellation. z > -1. */
double special_log1p_less(double z);

/* The logarithm of g(u) = e^(h1(u) + h2(u) - slope u), each h(u) = k × (ln(1 + u/m) - u/m): what the densities of the gamma
 * and beta distributions are, relative to their value where the tail begins. */
struct special_decay {
    double slope;
    double k1, m1;
    double k2, m2; /* k2 = 0: no second term */
    double most;   /* u ends here at the latest; may be Inf */
};

/* ∫ g(u) du from 0 to the end, k1 and k2 so large that g is nearly a bell or an exponential (200 and more). */
double special_decay_integral(const struct special_decay *d);

#endif
