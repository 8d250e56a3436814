/* warranty_model: failures so far and ahead, as Minitab prints them for the same months. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "warranty.h"

#include "near.h"

/* Minitab help, Warranty Prediction: 12,000 refrigerator compressors, 69 failures; expected 68.5201, 95 % Poisson limits
 * 53.2630 to 86.7876, 11,931 at risk. */
static const double failed[] = {7, 5, 7, 10, 12, 4, 8, 6, 5, 5, 0, 0};
static const double running[] = {998, 999, 998, 999, 994, 994, 988, 989, 993, 979, 1000, 1000};

static void compressors_as_published(void **state)
{
    struct warranty_model m;
    struct fail f;
    (void)state;

    assert_accepted(warranty_model(failed, running, 12, 0.95, &m, &f), &f);
    assert_true(m.fit.units == 12000 && m.fit.failures == 69 && m.at_risk == 11931);
    assert_near(m.expected, 68.5201, 1e-6);
    assert_near(m.expected_limits.lo, 53.2630, 1e-6);
    assert_near(m.expected_limits.hi, 86.7876, 1e-6);
}

/* A constant failure rate forgets the age: 1 - exp(-months/scale) of what runs. */
static void predictions_of_a_constant_rate(void **state)
{
    const struct weibull_fit fit = {.shape = 1, .scale = 1e6};
    struct warranty_prediction p[3];
    struct fail f;
    (void)state;

    assert_accepted(warranty_predict(&fit, running, 12, 3, 0.95, p, &f), &f);
    for (int d = 0; d < 3; d++)
        assert_near(p[d].failures, 11931 * -expm1(-(d + 1) / 1e6), 1e-10);
    assert_true(p[2].limits.lo < p[2].failures && p[2].failures < p[2].limits.hi);
}

/* Garwood: from x = 0 on, also between whole numbers. */
static void poisson_limits(void **state)
{
    struct interval i = warranty_poisson_limits(0, 0.9);
    (void)state;

    assert_true(i.lo == 0);
    assert_near(i.hi, -log(0.05), 1e-13);
    i = warranty_poisson_limits(1, 0.9);
    assert_near(i.lo, -log1p(-0.05), 1e-13);
    assert_near(exp(-i.hi) * (1 + i.hi), 0.05, 1e-12);
    assert_true(warranty_poisson_limits(0.5, 0.9).hi < i.hi);
}

static void wrong_input_is_named(void **state)
{
    const double zero[12] = {0}, negative[] = {1, -1};
    const struct weibull_fit no_fit = {.shape = 1};
    struct warranty_model m = {.expected = 17};
    struct warranty_prediction p = {.failures = 17};
    struct fail f;
    (void)state;

    assert_refused(warranty_model(zero, running, 12, 0.95, &m, &f), &f, "not estimable: no unit failed");
    assert_refused(warranty_model(negative, running, 2, 0.95, &m, &f), &f, "failed[1]: -1");
    assert_refused(warranty_model(failed, negative, 2, 0.95, &m, &f), &f, "running[1]: -1");
    assert_refused(warranty_model(failed, running, 12, 0, &m, &f), &f, "level: 0");
    assert_refused(warranty_model(failed, running, 0, 0.95, &m, &f), &f, "failed: 0 given");
    assert_refused(warranty_predict(&no_fit, running, 12, 1, 0.95, &p, &f), &f, "scale: 0");
    assert_true(m.expected == 17 && p.failures == 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compressors_as_published),
        cmocka_unit_test(predictions_of_a_constant_rate),
        cmocka_unit_test(poisson_limits),
        cmocka_unit_test(wrong_input_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
