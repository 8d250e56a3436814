/* special_gamma.c: tails of the gamma distribution (Poisson, chi-square) and their inverse.
 *
 * Below the shape the lower tail is summed as a power series, above it the upper tail as a continued fraction
 * (Abramowitz & Stegun 6.5.29, 6.5.31); from shape 200 on, where both get slow, the tail is integrated. */
#include "special_parts.h"

#include <assert.h>
#include <float.h>
#include <math.h>

enum { SERIES_MOST = 100000 };

static const double INTEGRATED_FROM = 200;

/* ---------------------------------------------------------------- tails */

/* Σ x^k / ((a+1) … (a+k)), times the Poisson probability: P(a, x). */
static double lower_series(double a, double x)
{
    double sum = 1, term = 1, k = a;

    while (term > sum * (DBL_EPSILON / 8)) {
        k++;
        term *= x / k;
        sum += term;
    }
    return sum;
}

/* Lentz's method; times the Poisson probability: Q(a, x). x > a or x > 1. */
static double upper_fraction(double a, double x)
{
    double b = x + 1 - a, c = 1 / DBL_MIN, d = 1 / b, h = d;

    for (int i = 1; i < SERIES_MOST; i++) {
        double numerator = -(double)i * ((double)i - a), change;

        b += 2;
        d = 1 / (numerator * d + b);
        c = b + numerator / c;
        change = c * d;
        h *= change;
        if (fabs(change - 1) < DBL_EPSILON / 2)
            break;
    }
    return a * h;
}

/* ln Γ(1 + a), with all digits for small a too: there Σ ζ(k)/k (-a)^k. */
static long double log_gamma_next(double a)
{
    long double y = (long double)a;
    int sign;

    if (a > 1e-3)
        return lgammal_r(1 + y, &sign);
    return -y *
           (0.577215664901532860607L -
               y * (0.822467033424113218236L -
                       y * (0.400685634386531428467L - y * (0.270580808427784547879L - y * 0.207385551028673985268L))));
}

/* Q(a, x) for a < 1 and x <= 1, where 1 - P(a, x) has no digits when a is small:
 * 1 - x^a / Γ(a+1) - x^a / Γ(a+1) Σ a (-x)^k / ((a+k) k!) (Gautschi 1979). */
static double upper_of_small(double a, double x)
{
    long double log_power = (long double)a * logl((long double)x) - log_gamma_next(a);
    long double sum = 0, term = 1;

    for (int k = 1; k < 40; k++) {
        term *= -(long double)x / k;
        sum += (long double)a * term / ((long double)a + k);
    }
    return (double)(-expm1l(log_power) - expl(log_power) * sum);
}

/* ∫ of the density from x outwards, as a multiple of the Poisson probability. */
static double integrated(double a, double x, enum tail tail)
{
    double side = tail == TAIL_UPPER ? 1 : -1;
    struct special_decay d = {
        .slope = side * (x - a + 1) / x,
        .k1 = a - 1,
        .m1 = side * x,
        .most = tail == TAIL_UPPER ? HUGE_VAL : x * (1 - DBL_EPSILON),
    };

    return a / x * special_decay_integral(&d);
}

/* The tail that is the smaller one, roughly. a > 0, x > 0, both finite. */
static struct special_tail gamma_tail(double a, double x)
{
    struct special_tail t = {.tail = x <= a || (x <= 1 && a < 1) ? TAIL_LOWER : TAIL_UPPER};

    t.log_front = -special_deviance((long double)a, (long double)x) - special_stirling_error(a) -
                  logl(6.283185307179586476925286766559005768L * (long double)a) / 2;
    if (a >= INTEGRATED_FROM)
        t.factor = integrated(a, x, t.tail);
    else
        t.factor = t.tail == TAIL_LOWER ? lower_series(a, x) : upper_fraction(a, x);
    return t;
}

double special_gamma(enum tail tail, double a, double x)
{
    struct special_tail t;

    assert(a >= 0 && isfinite(a) && x >= 0);
    if (a == 0 || !isfinite(x))
        return tail == TAIL_LOWER ? 1 : 0;
    if (x == 0)
        return tail == TAIL_LOWER ? 0 : 1;
    if (a < 1 && x <= 1 && tail == TAIL_UPPER)
        return upper_of_small(a, x);
    t = gamma_tail(a, x);
    return special_tail_value(&t, tail);
}

double special_gamma_log(enum tail tail, double a, double x)
{
    struct special_tail t;

    assert(a >= 0 && isfinite(a) && x >= 0);
    if (a == 0 || !isfinite(x) || x == 0)
        return log(special_gamma(tail, a, x));
    t = gamma_tail(a, x);
    if (a < 1 && x <= 1) { /* here either tail may be the small one */
        double lower = special_tail_value(&t, TAIL_LOWER), upper = upper_of_small(a, x);

        if (tail == TAIL_UPPER)
            return upper < 0.5 ? log(upper) : log1p(-lower);
        if (upper < 0.5)
            return log1p(-upper);
    }
    return special_tail_log(&t, tail);
}

/* ---------------------------------------------------------------- inverse */

/* Logarithm of a bound from below: P(a, x) <= x^a / Γ(a+1). For x near 0 it is x itself. */
static double quantile_bound(enum tail tail, double a, double p)
{
    long double log_lower = tail == TAIL_LOWER ? logl((long double)p) : log1pl(-(long double)p);

    return (double)((log_lower + log_gamma_next(a)) / (long double)a);
}

/* Wilson and Hilferty's cube, not below the bound. Logarithm of x. */
static double quantile_start(enum tail tail, double a, double p)
{
    double cube = 1 - 1 / (9 * a) + special_normal_quantile(tail, p) / (3 * sqrt(a));
    double bound = quantile_bound(tail, a, p);

    return cube > 0.05 ? fmax(log(a) + 3 * log(cube), bound) : bound;
}

/* Halley's step for ln tail = ln p as a function of ln x, where it is concave. ret_error: ln tail - ln p. */
static double quantile_step(enum tail tail, double a, double x, double log_p, double *ret_error)
{
    double log_tail = special_gamma_log(tail, a, x);
    double slope = exp(special_poisson_log(a, x) + log(a) - log_tail) * (tail == TAIL_LOWER ? 1 : -1);
    double bend = slope * (a - x - slope);
    double newton = (log_p - log_tail) / slope;
    double divisor = 1 + newton * bend / (2 * slope);

    *ret_error = log_tail - log_p;
    return divisor > 0.5 ? newton / divisor : newton;
}

double special_gamma_quantile(enum tail tail, double a, double p)
{
    double log_x, x, error;

    assert(a > 0 && isfinite(a) && p >= 0 && p <= 1);
    if (p > 0.5) {
        tail = tail == TAIL_LOWER ? TAIL_UPPER : TAIL_LOWER;
        p = 1 - p;
    }
    if (p == 0)
        return tail == TAIL_LOWER ? 0 : HUGE_VAL;
    log_x = quantile_start(tail, a, p);
    if (log_x < -700)
        return exp(log_x); /* only the first term of the series counts */
    x = exp(log_x);
    for (int i = 0; i < 100; i++) {
        double step = quantile_step(tail, a, x, log(p), &error);

        x *= exp(fmax(fmin(step, 2), -2));
        if (fabs(error) < 1e-6) /* the step leaves its cube */
            break;
    }
    return x;
}

/* ---------------------------------------------------------------- chi-square */

double special_chisq(enum tail tail, double x, double df)
{
    return special_gamma(tail, df / 2, x / 2);
}

double special_chisq_log(enum tail tail, double x, double df)
{
    return special_gamma_log(tail, df / 2, x / 2);
}

double special_chisq_quantile(enum tail tail, double p, double df)
{
    return 2 * special_gamma_quantile(tail, df / 2, p);
}
