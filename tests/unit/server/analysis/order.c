/* order: indices by value, stable, for few and for many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "cleanup.h"
#include "order.h"

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 20;
}

static void assert_in_order(const double *x, size_t n, const uint32_t *order)
{
    autofree char *seen = calloc(n + 1, 1);

    for (size_t i = 0; i < n; i++) {
        assert_true(order[i] < n && !seen[order[i]]);
        seen[order[i]] = 1;
        if (i > 0)
            assert_true(x[order[i - 1]] < x[order[i]] || (x[order[i - 1]] == x[order[i]] && order[i - 1] < order[i]));
    }
}

static void any_number_of_elements_is_sorted_and_ties_keep_their_order(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 3, 23, 24, 25, 26, 1000, 70000};
    uint64_t seed = 3;
    (void)state;

    for (size_t s = 0; s < countof(sizes); s++) {
        size_t n = sizes[s];
        autofree double *x = calloc(n + 1, sizeof *x);
        autofree uint32_t *order = calloc(n + 1, sizeof *order);

        for (size_t i = 0; i < n; i++) { /* few values, both signs, all magnitudes */
            double exponent = (double)(next_random(&seed) % 9) * 70 - 300;

            x[i] = ((double)(next_random(&seed) % 200) - 100) * pow(10, exponent) + 0.0;
        }
        order_increasing(x, n, order);
        assert_in_order(x, n, order);
    }
}

/* Runs of numbers that differ in their last bits only, mixed with ties and with others. */
static void last_bits_decide_too(void **state)
{
    enum { N = 3000 };
    static double x[N];
    static uint32_t order[N];
    uint64_t seed = 5;
    (void)state;

    for (size_t i = 0; i < N; i++) {
        uint64_t kind = next_random(&seed) % 4;

        x[i] =
            kind == 0 ? (double)(next_random(&seed) % 5) : (double)kind + (double)(next_random(&seed) % 900) * 0x1p-50;
        x[i] = next_random(&seed) % 3 ? x[i] : -x[i] + 0.0;
    }
    order_increasing(x, N, order);
    assert_in_order(x, N, order);
}

static void infinities_and_the_smallest_numbers_have_their_places(void **state)
{
    static const double x[] = {HUGE_VAL, 5e-324, -HUGE_VAL, 0, -5e-324, 1e308};
    static const uint32_t expected[] = {2, 4, 3, 1, 5, 0};
    uint32_t order[countof(x)];
    (void)state;

    order_increasing(x, countof(x), order);
    assert_memory_equal(order, expected, sizeof order);
}

static void equal_elements_are_left_as_they_are(void **state)
{
    double x[100];
    uint32_t order[countof(x)];
    (void)state;

    for (size_t i = 0; i < countof(x); i++)
        x[i] = 7.5;
    order_increasing(x, countof(x), order);
    for (size_t i = 0; i < countof(x); i++)
        assert_int_equal(order[i], i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_elements_is_sorted_and_ties_keep_their_order),
        cmocka_unit_test(last_bits_decide_too),
        cmocka_unit_test(infinities_and_the_smallest_numbers_have_their_places),
        cmocka_unit_test(equal_elements_are_left_as_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
