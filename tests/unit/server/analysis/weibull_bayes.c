/* weibull_bayes: the scale when the shape is known: against closed forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "weibull_bayes.h"

#include "near.h"

static struct weibull_bayes answer(const struct lives *l, double shape, double level)
{
    struct weibull_bayes b = {0};
    struct fail f;

    assert_accepted(weibull_bayes(l, shape, level, &b, &f), &f);
    return b;
}

/* No failure: the limit is (A / -ln(1 - level))^(1/shape). */
static void without_a_failure_there_is_a_lower_limit_only(void **state)
{
    const double time[] = {500, 700, 900, 1200}, freq[] = {10, 20, 30, 5};
    const bool failed[4] = {0};
    struct weibull_bayes b = answer(&(struct lives){4, time, failed, NULL, freq}, 2, 0.95);
    double a = 10 * 500. * 500 + 20 * 700. * 700 + 30 * 900. * 900 + 5 * 1200. * 1200;
    (void)state;

    assert_true(isinf(b.scale) && b.failures == 0);
    assert_near(b.lower, sqrt(a / -log(0.05)), 1e-13);
}

/* Shape 1 is the exponential distribution: hours per failure, and 2 T / chi-square; qchisq(0.9, 6) = 10.6446407. */
static void shape_1_is_hours_per_failure(void **state)
{
    const double time[] = {100, 300, 250}, entry[] = {0, 100, 240};
    const bool failed[] = {1, 1, 0};
    struct weibull_bayes b = answer(&(struct lives){3, time, failed, entry, NULL}, 1, 0.9);
    (void)state;

    assert_near(b.scale, 310.0 / 2, 1e-14);
    assert_near(b.lower, 2 * 310 / 10.6446406756684, 1e-13);
}

static void powers_beyond_a_double_are_no_matter(void **state)
{
    const double time[] = {1e80, 2e80}, freq[] = {1e9, 1e9};
    const bool failed[] = {0, 1};
    struct weibull_bayes b = answer(&(struct lives){2, time, failed, NULL, freq}, 50, 0.5);
    (void)state;

    assert_near(b.scale, 2e80, 1e-10);
    assert_near(b.lower, 2e80, 1e-6);
}

static void wrong_input_is_named(void **state)
{
    const double time[] = {5, 0}, zero[] = {0, 0};
    const bool failed[] = {1, 0};
    struct weibull_bayes b = {.lower = 17};
    struct fail f;
    (void)state;

    assert_refused(weibull_bayes(&(struct lives){2, time, failed, NULL, NULL}, 0, 0.9, &b, &f), &f, "shape: 0");
    assert_refused(weibull_bayes(&(struct lives){2, time, failed, NULL, NULL}, 2, 1, &b, &f), &f, "level: 1");
    assert_refused(
        weibull_bayes(&(struct lives){2, zero, failed, NULL, NULL}, 2, 0.9, &b, &f), &f, "no unit was watched");
    assert_refused(
        weibull_bayes(&(struct lives){2, time, failed, NULL, zero}, 2, 0.9, &b, &f), &f, "no unit was watched");
    assert_true(b.lower == 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_failure_there_is_a_lower_limit_only),
        cmocka_unit_test(shape_1_is_hours_per_failure),
        cmocka_unit_test(powers_beyond_a_double_are_no_matter),
        cmocka_unit_test(wrong_input_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
