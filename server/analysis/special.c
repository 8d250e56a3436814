/* special.c: gamma function, Poisson and binomial probabilities, and the pieces that the tails are made of. */
#include "special_parts.h"

#include "cleanup.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

static const long double LOG_SQRT_2PI = 0.918938533204672741780329736405617640L;
static const long double TWO_PI = 6.283185307179586476925286766559005768L;

/* ---------------------------------------------------------------- gamma function */

double special_log_gamma(double x)
{
    int sign;

    assert(x > 0);
    return lgamma_r(x, &sign); /* lgamma() writes a global */
}

/* Recurrence up to 12, then the asymptotic series (Abramowitz & Stegun 6.3.18). */
double special_digamma(double x)
{
    static const double series[] = {
        1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12, -3617.0 / 8160};
    long double shift = 0, sum = 0, y = (long double)x, power = 1;

    assert(x > 0);
    while (y < 12)
        shift += 1 / y++;
    for (size_t i = 0; i < countof(series); i++) {
        power /= y * y;
        sum += (long double)series[i] * power;
    }
    return (double)(logl(y) - 1 / (2 * y) - sum - shift);
}

double special_log_choose(double n, double k)
{
    assert(k >= 0 && k <= n);
    if (k == 0 || k == n)
        return 0;
    /* The binomial probability at p = k / n, without its powers. */
    return (double)(special_stirling_error(n) - special_stirling_error(k) - special_stirling_error(n - k) +
                    logl((long double)n / ((long double)k * ((long double)n - (long double)k)) / TWO_PI) / 2 -
                    (long double)k * logl((long double)k / (long double)n) -
                    ((long double)n - (long double)k) * log1pl(-(long double)k / (long double)n));
}

/* ---------------------------------------------------------------- pieces */

double special_exp(long double x)
{
    double whole = (double)x;

    if (!isfinite(whole) || fabs(whole) > 800)
        return exp(whole);
    return exp(whole) * (1 + (double)(x - (long double)whole));
}

long double special_stirling_error(double x)
{
    enum { LARGEST_KEPT = 15 };
    static const long double whole[LARGEST_KEPT + 1] = {0, 0.08106146679532725822L, 0.041340695955409294094L,
        0.027677925684998339149L, 0.020790672103765093112L, 0.016644691189821192163L, 0.013876128823070747999L,
        0.011896709945891770095L, 0.010411265261972096497L, 0.0092554621827127329177L, 0.0083305634333628712565L,
        0.007573675487951840795L, 0.0069428401072095298657L, 0.0064089941880042070684L, 0.0059513701127588477356L,
        0.005554733551962801371L};
    long double y = (long double)x, y2 = y * y;
    int sign;

    if (x <= LARGEST_KEPT) {
        if (x == floor(x))
            return whole[(size_t)x];
        return lgammal_r(y + 1, &sign) - (y + 0.5L) * logl(y) + y - LOG_SQRT_2PI;
    }
    if (x > 1e6)
        return (1 / 12.0L - 1 / (360 * y2)) / y;
    return (1 / 12.0L -
               (1 / 360.0L -
                   (1 / 1260.0L - (1 / 1680.0L - (1 / 1188.0L - (691 / 360360.0L - 1 / (156 * y2)) / y2) / y2) / y2) /
                       y2) /
                   y2) /
           y;
}

/* Loader's series in v = (x - mean) / (x + mean): D = (x - mean) v + 2 x Σ v^(2j+1) / (2j+1). */
long double special_deviance(long double x, long double mean)
{
    long double v, power, sum, before;

    if (fabsl(x - mean) >= 0.1L * (x + mean))
        return x * logl(x / mean) + mean - x;
    v = (x - mean) / (x + mean);
    sum = (x - mean) * v;
    power = 2 * x * v;
    for (int j = 1; j < 30; j++) {
        before = sum;
        power *= v * v;
        sum += power / (2 * j + 1);
        if (sum == before)
            break;
    }
    return sum;
}

double special_log1p_less(double z)
{
    double v = z / (2 + z), square = v * v, sum = 0;

    if (fabs(z) > 0.4)
        return log1p(z) - z;
    /* 2 atanh(v) - z; the first terms are joined: 2 v - z = -v z. |v| <= 1/4. */
    for (int j = 27; j >= 3; j -= 2)
        sum = (1.0 / j) + square * sum;
    return v * (2 * square * sum - z);
}

double special_tail_value(const struct special_tail *t, enum tail wanted)
{
    double value = t->factor * special_exp(t->log_front);

    if (t->factor == 0)
        value = 0;
    return wanted == t->tail ? fmin(value, 1) : fmax(1 - value, 0);
}

double special_tail_log(const struct special_tail *t, enum tail wanted)
{
    if (t->tail == wanted)
        return fmin((double)(t->log_front + logl((long double)t->factor)), 0);
    return log1p(-special_tail_value(t, t->tail));
}

/* ---------------------------------------------------------------- probabilities */

/* Logarithm of the Poisson probability but for the factor 1 / √(2πx). x > 0, mean > 0. */
static long double poisson_exponent(double x, double mean)
{
    return -special_deviance((long double)x, (long double)mean) - special_stirling_error(x);
}

double special_poisson(double x, double mean)
{
    assert(x >= 0 && mean >= 0);
    if (x == 0)
        return exp(-mean);
    if (mean == 0 || !isfinite(mean))
        return 0;
    return special_exp(poisson_exponent(x, mean) - logl(TWO_PI * (long double)x) / 2);
}

double special_poisson_log(double x, double mean)
{
    assert(x >= 0 && mean >= 0);
    if (x == 0)
        return -mean;
    if (mean == 0 || !isfinite(mean))
        return -HUGE_VAL;
    return (double)(poisson_exponent(x, mean) - logl(TWO_PI * (long double)x) / 2);
}

/* ln p of the less certain of two that add up to 1. */
static long double log_share(double p, double q)
{
    return p <= q ? logl((long double)p) : log1pl(-(long double)q);
}

long double special_binomial_parts(double x, double rest, double p, double q)
{
    long double n = (long double)x + (long double)rest;
    long double exact_p = p <= q ? (long double)p : 1 - (long double)q;
    long double exact_q = p <= q ? 1 - (long double)p : (long double)q;

    assert(x >= 0 && rest >= 0 && p >= 0 && q >= 0);
    if (x == 0)
        return n == 0 ? 0 : n * log_share(q, p);
    if (rest == 0)
        return n * log_share(p, q);
    if (p == 0 || q == 0)
        return -(long double)HUGE_VAL;
    return special_stirling_error((double)n) - special_stirling_error(x) - special_stirling_error(rest) -
           special_deviance((long double)x, n * exact_p) - special_deviance((long double)rest, n * exact_q) +
           logl(n / (TWO_PI * (long double)x * (long double)rest)) / 2;
}

double special_binomial(double x, double n, double p, double q)
{
    return special_exp(special_binomial_parts(x, n - x, p, q));
}

double special_binomial_log(double x, double n, double p, double q)
{
    return (double)special_binomial_parts(x, n - x, p, q);
}
