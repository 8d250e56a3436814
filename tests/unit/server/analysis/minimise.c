/* minimise: valleys, bounds, and functions that end somewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cleanup.h"
#include "minimise.h"
#include "near.h"

/* Rosenbrock's banana: its minimum, 0 at (1, 1), lies in a bent valley. */
static double banana(const double *x, double *ret_gradient, const void *context)
{
    double valley = x[1] - x[0] * x[0];

    (void)context;
    ret_gradient[0] = -400 * x[0] * valley - 2 * (1 - x[0]);
    ret_gradient[1] = 200 * valley;
    return 100 * valley * valley + (1 - x[0]) * (1 - x[0]);
}

static struct minimise within(double lo, double hi)
{
    return (struct minimise){.value = banana, .n = 2, .lo = {lo, lo}, .hi = {hi, hi}, .steps = 500, .tolerance = 1e-14};
}

static void a_bent_valley_is_followed_to_its_end(void **state)
{
    struct minimise m = within(-5, 5);
    double x[] = {-1.2, 1}, value;
    (void)state;

    assert_true(minimise_from(&m, x, &value));
    assert_near(x[0], 1, 1e-6);
    assert_near(x[1], 1, 1e-6);
    assert_true(value < 1e-12);
}

static void the_lowest_point_may_lie_on_a_bound(void **state)
{
    struct minimise m = within(-5, 0.5);
    double x[] = {-1.2, -9}, value;
    (void)state;

    assert_true(minimise_from(&m, x, &value));
    assert_true(x[0] == 0.5);
    assert_near(x[1], 0.25, 1e-6);
    m = within(2, 3); /* both are held: x1 at 2, x2 at 3 */
    x[0] = x[1] = 2.5;
    assert_true(minimise_from(&m, x, &value));
    assert_true(x[0] == 2 && x[1] == 3);
}

static double with_an_edge(const double *x, double *ret_gradient, const void *context)
{
    (void)context;
    ret_gradient[0] = -1 / x[0] + 1 / (2 - x[0]);
    return x[0] >= 2 ? (double)NAN : -log(x[0]) - log(2 - x[0]);
}

static void values_that_are_none_turn_it_back(void **state)
{
    struct minimise m = {.value = with_an_edge, .n = 1, .lo = {1e-9}, .hi = {100}, .steps = 100, .tolerance = 1e-15};
    double x = 1e-3, value;
    (void)state;

    assert_true(minimise_from(&m, &x, &value));
    assert_near(x, 1, 1e-6);
}

static void steps_are_bounded(void **state)
{
    struct minimise m = within(-5, 5);
    double x[] = {-1.2, 1}, value;
    (void)state;

    m.steps = 3;
    assert_false(minimise_from(&m, x, &value));
    assert_true(value > 0.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bent_valley_is_followed_to_its_end),
        cmocka_unit_test(the_lowest_point_may_lie_on_a_bound),
        cmocka_unit_test(values_that_are_none_turn_it_back),
        cmocka_unit_test(steps_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
