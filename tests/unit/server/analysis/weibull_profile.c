/* weibull_profile: the limits are where the best likelihood has fallen by half a chi-square quantile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "weibull.h"

#include "near.h"

static const double half_chisq_95 = 1.9207294103470620; /* qchisq(0.95, 1) / 2 */

/* Fans of diesel generators, a few of Nelson 1982's 70, with numbers of units. */
static const double fan_hours[] = {450, 1150, 1600, 2075, 3100, 3450, 4600, 6100, 8750, 1850, 3750, 5000, 8500, 11500};
static const bool fan_failed[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0};
static const double fan_units[] = {1, 2, 1, 3, 1, 1, 1, 1, 1, 9, 12, 14, 16, 7};
enum { FANS = countof(fan_hours) };

static double loglik(const struct lives *l, double log_shape, double log_scale)
{
    double shape = exp(log_shape), scale = exp(log_scale), sum = 0;

    for (size_t i = 0; i < l->n; i++) {
        double ll = -pow(l->time[i] / scale, shape) + pow(lives_entry(l, i) / scale, shape);

        if (l->failed[i])
            ll += log_shape - log_scale + (shape - 1) * log(l->time[i] / scale);
        sum += lives_freq(l, i) * ll;
    }
    return sum;
}

/* Golden section: the best likelihood over the other parameter (logs), 4 either side of its fit. */
static double best(const struct lives *l, const struct weibull_fit *fit, bool shape_fixed, double fixed)
{
    const double ratio = (sqrt(5) - 1) / 2;
    double at = log(shape_fixed ? fit->scale : fit->shape), lo = at - 4, hi = at + 4, best = -1e300;

    for (int i = 0; i < 200; i++) {
        double a = hi - ratio * (hi - lo), b = lo + ratio * (hi - lo);
        double fa = shape_fixed ? loglik(l, fixed, a) : loglik(l, a, fixed);
        double fb = shape_fixed ? loglik(l, fixed, b) : loglik(l, b, fixed);

        best = fmax(best, fmax(fa, fb));
        *(fa > fb ? &hi : &lo) = fa > fb ? b : a;
    }
    return best;
}

static void the_likelihood_at_the_limits_is_what_it_must_be(void **state)
{
    static const double entry[] = {400, 0, 0, 2000, 3000, 0, 4599, 0, 8000, 0, 10, 0, 0, 11000};
    const struct lives rows[] = {
        {FANS, fan_hours, fan_failed, NULL, NULL},
        {FANS, fan_hours, fan_failed, NULL, fan_units},
        {FANS, fan_hours, fan_failed, entry, fan_units},
    };
    (void)state;

    for (size_t i = 0; i < countof(rows); i++) {
        struct interval shape, scale;
        struct weibull_fit fit;
        struct fail f;

        assert_accepted(weibull_fit(&rows[i], &fit, &f), &f);
        assert_accepted(weibull_profile(&rows[i], 0.95, &shape, &scale, &f), &f);
        assert_true(shape.lo < fit.shape && fit.shape < shape.hi && scale.lo < fit.scale && fit.scale < scale.hi);
        assert_near(fit.loglik - best(&rows[i], &fit, true, log(shape.lo)), half_chisq_95, 1e-9);
        assert_near(fit.loglik - best(&rows[i], &fit, true, log(shape.hi)), half_chisq_95, 1e-9);
        assert_near(fit.loglik - best(&rows[i], &fit, false, log(scale.lo)), half_chisq_95, 1e-9);
        assert_near(fit.loglik - best(&rows[i], &fit, false, log(scale.hi)), half_chisq_95, 1e-9);
    }
}

/* With large numbers the likelihood is quadratic: profile and Wald limits agree. */
static void with_many_units_they_are_the_wald_limits(void **state)
{
    double freq[FANS];
    const struct lives l = {FANS, fan_hours, fan_failed, NULL, freq};
    struct interval shape, scale, wald_shape, wald_scale;
    struct weibull_fit fit;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < FANS; i++)
        freq[i] = fan_units[i] * 1e9;
    assert_accepted(weibull_fit(&l, &fit, &f), &f);
    assert_accepted(weibull_wald(&fit, 0.95, &wald_shape, &wald_scale, &f), &f);
    assert_accepted(weibull_profile(&l, 0.95, &shape, &scale, &f), &f);
    assert_near((shape.hi - shape.lo) / (wald_shape.hi - wald_shape.lo), 1, 1e-4);
    assert_near((scale.hi - scale.lo) / (wald_scale.hi - wald_scale.lo), 1, 1e-4);
}

static void spans_of_width_0_are_lives(void **state)
{
    double hi[FANS];
    const struct lives l = {FANS, fan_hours, fan_failed, NULL, fan_units};
    const struct weibull_spans s = {FANS, fan_hours, hi, NULL, fan_units};
    struct interval shape, scale, shape2, scale2;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < FANS; i++)
        hi[i] = fan_failed[i] ? fan_hours[i] : (double)INFINITY;
    assert_accepted(weibull_profile(&l, 0.9, &shape, &scale, &f), &f);
    assert_accepted(weibull_profile_spans(&s, 0.9, &shape2, &scale2, &f), &f);
    assert_true(shape.lo == shape2.lo && shape.hi == shape2.hi && scale.lo == scale2.lo && scale.hi == scale2.hi);
}

/* All units entered late and few failed: a failure rate of 1/age, a shape of 0, cannot be ruled out. */
static void a_side_without_a_limit_is_open(void **state)
{
    const double time[] = {13, 17, 19, 32, 43}, entry[] = {10, 11, 12, 13, 14};
    const bool failed[] = {1, 0, 0, 0, 1};
    const struct lives l = {5, time, failed, entry, NULL};
    struct interval shape, scale;
    struct fail f;
    (void)state;

    assert_accepted(weibull_profile(&l, 0.95, &shape, &scale, &f), &f);
    assert_true(shape.lo == 0 && shape.hi > 1 && isfinite(shape.hi) && scale.lo == 0 && isfinite(scale.hi));
}

static void refusals_write_nothing(void **state)
{
    const bool none[FANS] = {0};
    const struct lives l = {FANS, fan_hours, none, NULL, NULL}, good = {FANS, fan_hours, fan_failed, NULL, NULL};
    struct interval shape = {17, 17}, scale = {17, 17};
    struct fail f;
    (void)state;

    assert_refused(weibull_profile(&l, 0.95, &shape, &scale, &f), &f, "not estimable: no unit failed");
    assert_refused(weibull_profile(&good, 1.5, &shape, &scale, &f), &f, "level: 1.5");
    assert_true(shape.lo == 17 && scale.hi == 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_likelihood_at_the_limits_is_what_it_must_be),
        cmocka_unit_test(with_many_units_they_are_the_wald_limits),
        cmocka_unit_test(spans_of_width_0_are_lives),
        cmocka_unit_test(a_side_without_a_limit_is_open),
        cmocka_unit_test(refusals_write_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
