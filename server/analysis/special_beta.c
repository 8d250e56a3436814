/* special_beta.c: tails of the beta distribution (binomial) and their inverse: a continued fraction (Didonato & Morris
 * 1992, section 3) while one of the shapes is below 200, beyond that the tail is integrated. */
#include "special_parts.h"

#include <assert.h>
#include <float.h>
#include <math.h>

enum { FRACTION_MOST = 100000 };

static const double INTEGRATED_FROM = 200;

/* ---------------------------------------------------------------- tails */

/* Lentz's method; times x^a y^b / B(a, b): I_x(a, b), for x up to the mean. a y - b x keeps its digits there. */
static double lower_fraction(double a, double b, double x, double y)
{
    double offset = a * y - b * x + 1;
    double h = offset * a / (a + 1), c = h, d = 0;

    for (int m = 1; m < FRACTION_MOST; m++) {
        double w = m * (b - m) * x / (a + 2 * m - 1);
        double numerator = (a + m - 1) * (a + b + m - 1) * x / (a + 2 * m - 1) * w;
        double denominator = m + w + (a + m) / (a + 2 * m + 1) * (offset + m * (1 + y));
        double change;

        d = 1 / (denominator + numerator * d);
        c = denominator + numerator / c;
        change = c * d;
        h *= change;
        if (fabs(change - 1) < DBL_EPSILON / 2)
            break;
    }
    return 1 / h;
}

/* ∫ of the density from x down to 0, as a multiple of x^a y^b / B(a, b). */
static double integrated(double a, double b, double x, double y)
{
    struct special_decay d = {
        .slope = ((a - 1) * y - (b - 1) * x) / (x * y),
        .k1 = a - 1,
        .m1 = -x,
        .k2 = b - 1,
        .m2 = y,
        .most = x * (1 - DBL_EPSILON),
    };

    return special_decay_integral(&d) / (x * y);
}

/* The lower tail of a, b at x, or the upper one seen from the other side. 0 < x, y < 1. */
static struct special_tail beta_tail(double a, double b, double x, double y)
{
    bool lower = x * b <= y * a;
    struct special_tail t = {.tail = lower ? TAIL_LOWER : TAIL_UPPER};
    double first = lower ? a : b, second = lower ? b : a, from = lower ? x : y, rest = lower ? y : x;

    t.log_front = special_binomial_parts(first, second, from, rest);
    if (a >= INTEGRATED_FROM && b >= INTEGRATED_FROM)
        t.factor = integrated(first, second, from, rest);
    else
        t.factor = lower_fraction(first, second, from, rest);
    t.factor *= first * (second / (first + second));
    return t;
}

double special_beta(enum tail tail, double a, double b, double x, double y)
{
    struct special_tail t;

    assert(a >= 0.5 && b >= 0.5 && isfinite(a + b) && x >= 0 && y >= 0);
    if (x == 0)
        return tail == TAIL_LOWER ? 0 : 1;
    if (y == 0)
        return tail == TAIL_LOWER ? 1 : 0;
    t = beta_tail(a, b, x, y);
    return special_tail_value(&t, tail);
}

double special_beta_log(enum tail tail, double a, double b, double x, double y)
{
    struct special_tail t;

    assert(a >= 0.5 && b >= 0.5 && isfinite(a + b) && x >= 0 && y >= 0);
    if (x == 0 || y == 0)
        return log(special_beta(tail, a, b, x, y));
    t = beta_tail(a, b, x, y);
    return special_tail_log(&t, tail);
}

/* ---------------------------------------------------------------- inverse */

/* Where ln tail is concave as a function of the log odds, with Halley's step. */
static double quantile_step(enum tail tail, double a, double b, double odds, double log_p, double *ret_error)
{
    double x = odds / (1 + odds), y = 1 / (1 + odds);
    double log_tail = special_beta_log(tail, a, b, x, y);
    double log_density = (double)special_binomial_parts(a, b, x, y) + log(a * (b / (a + b)));
    double slope = exp(log_density - log_tail) * (tail == TAIL_LOWER ? 1 : -1);
    double bend = slope * (a * y - b * x - slope);
    double newton = (log_p - log_tail) / slope;
    double divisor = 1 + newton * bend / (2 * slope);

    *ret_error = log_tail - log_p;
    return divisor > 0.5 ? newton / divisor : newton;
}

/* The log odds are nearly normal with the mean and variance of the logarithm of a ratio of two gamma variables. */
static double quantile_start(enum tail tail, double a, double b, double p)
{
    double z = special_normal_quantile(tail, p);

    return log(a / b) + z * sqrt(1 / a + 1 / b) + (1 / b - 1 / a) / 2;
}

double special_beta_quantile_odds(enum tail tail, double a, double b, double p)
{
    double odds, error;

    assert(a >= 0.5 && b >= 0.5 && isfinite(a + b) && p >= 0 && p <= 1);
    if (p > 0.5) {
        tail = tail == TAIL_LOWER ? TAIL_UPPER : TAIL_LOWER;
        p = 1 - p;
    }
    if (p == 0)
        return tail == TAIL_LOWER ? 0 : HUGE_VAL;
    odds = exp(quantile_start(tail, a, b, p));
    for (int i = 0; i < 200; i++) {
        double step = quantile_step(tail, a, b, odds, log(p), &error);

        odds *= exp(fmax(fmin(step, 2), -2));
        if (fabs(error) < 1e-6) /* the step leaves its cube */
            break;
    }
    return odds;
}
