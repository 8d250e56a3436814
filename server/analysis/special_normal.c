/* special_normal.c: tails of the normal distribution and their inverse. */
#include "special_parts.h"

#include <assert.h>
#include <math.h>

static const long double SQRT_HALF = 0.707106781186547524400844362104849039L;
static const double LOG_SQRT_2PI = 0.918938533204672741780329736405617640;

/* From here the asymptotic series (Abramowitz & Stegun 26.2.12) has all digits. */
static const double FAR_OUT = 40;

double special_normal(enum tail tail, double x)
{
    long double outward = tail == TAIL_UPPER ? (long double)x : -(long double)x;

    /* A double's rounding of x/√2 would cost x² of the last digit. */
    return (double)(erfcl(outward * SQRT_HALF) / 2);
}

double special_normal_log(enum tail tail, double x)
{
    double outward = tail == TAIL_UPPER ? x : -x, inverse = 1 / (outward * outward), series;

    if (outward < -1)
        return log1p(-special_normal(tail, -x));
    if (outward < FAR_OUT)
        return (double)logl(erfcl((long double)outward * SQRT_HALF) / 2);
    series = -inverse * (1 - inverse * (3 - inverse * (15 - 105 * inverse)));
    return -0.5 * outward * outward - LOG_SQRT_2PI - log(outward) + log1p(series);
}

/* The middle: Φ(x) - 1/2 = from_half, a small number that keeps its digits. */
static double central_quantile(double from_half)
{
    double x = from_half * 2.5066282746310002;

    for (int i = 0; i < 20; i++) {
        double error = 0.5 * erf(x * (double)SQRT_HALF) - from_half;
        double newton = error * 2.5066282746310002 * exp(x * x / 2);

        x -= newton / (1 + x * newton / 2);
        if (fabs(error) < 1e-6 * fabs(from_half)) /* the step leaves its cube */
            break;
    }
    return x;
}

/* x >= 0 with upper tail p < 1/2, by Halley's steps in ln p from Hastings's approximation (A&S 26.2.23). */
static double upper_quantile(double p)
{
    double log_p = log(p), t = sqrt(-2 * log_p), error;
    double x = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));

    for (int i = 0; i < 20; i++) {
        double log_tail = special_normal_log(TAIL_UPPER, x);
        double slope = -exp(-0.5 * x * x - LOG_SQRT_2PI - log_tail), newton;

        error = log_tail - log_p;
        newton = error / slope;
        x -= newton / (1 - newton * (-x - slope) / 2);
        if (fabs(error) < 1e-5)
            break;
    }
    return x;
}

double special_normal_quantile(enum tail tail, double p)
{
    double sign = tail == TAIL_UPPER ? 1 : -1;

    assert(p >= 0 && p <= 1);
    if (p == 0 || p == 1)
        return p == 0 ? sign * HUGE_VAL : -sign * HUGE_VAL;
    if (p > 0.1 && p < 0.9)
        return -sign * central_quantile(p - 0.5);
    return p < 0.5 ? sign * upper_quantile(p) : -sign * upper_quantile(1 - p);
}
