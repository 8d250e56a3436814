/* multiple: published adjustments, order and ties, and a million cells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "multiple.h"
#include "near.h"

/* Benjamini & Hochberg 1995, section 3.2. */
static const double PUBLISHED[] = {
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1};

static void the_fifteen_published_p_values_are_adjusted(void **state)
{
    double adjusted[countof(PUBLISHED)];
    struct fail f;
    (void)state;

    assert_int_equal(multiple_adjust(MULTIPLE_BH, PUBLISHED, countof(PUBLISHED), adjusted, &f), 0);
    assert_int_equal(multiple_rejected(adjusted, countof(PUBLISHED), 0.05), 4);
    assert_near(adjusted[3], 0.035625, 1e-14);
    assert_near(adjusted[5], 0.0298 * 15 / 7, 1e-14); /* made monotone by the next */
    assert_int_equal(multiple_adjust(MULTIPLE_BONFERRONI, PUBLISHED, countof(PUBLISHED), adjusted, &f), 0);
    assert_int_equal(multiple_rejected(adjusted, countof(PUBLISHED), 0.05), 3);
    assert_true(adjusted[14] == 1);
    assert_int_equal(multiple_adjust(MULTIPLE_HOLM, PUBLISHED, countof(PUBLISHED), adjusted, &f), 0);
    assert_near(adjusted[1], 0.0056, 1e-13);
    assert_near(adjusted[7], 0.278, 1e-13); /* no less than the one before */
    assert_int_equal(multiple_adjust(MULTIPLE_BY, PUBLISHED, countof(PUBLISHED), adjusted, &f), 0);
    assert_near(adjusted[0], 0.0015 * 3.3182289932289932, 1e-13);
}

static void the_order_given_is_kept_in_place_too(void **state)
{
    double p[] = {0.9, 1e-300, 0.02, 0.02, 0, 1};
    const double expected[] = {1, 3e-300, 0.03, 0.03, 0, 1};
    struct fail f;
    (void)state;

    assert_int_equal(multiple_adjust(MULTIPLE_BH, p, countof(p), p, &f), 0);
    for (size_t i = 0; i < countof(p); i++)
        assert_near(p[i], expected[i], 1e-14);
}

static void few_and_none_are_adjusted(void **state)
{
    double one = 0.3;
    struct fail f;
    (void)state;

    for (int method = MULTIPLE_BH; method <= MULTIPLE_BONFERRONI; method++) {
        assert_int_equal(multiple_adjust((enum multiple_method)method, &one, 1, &one, &f), 0);
        assert_true(one == 0.3);
        assert_int_equal(multiple_adjust((enum multiple_method)method, &one, 0, &one, &f), 0);
    }
}

/* p = (i / m)²: the i-th smallest is adjusted to i / m, rising, so that nothing is made monotone. */
static void a_million_cells_are_adjusted(void **state)
{
    enum { N = 1000000 };
    autofree double *p = calloc(N, sizeof *p);
    struct fail f;
    (void)state;

    for (size_t i = 0; i < N; i++) {
        double rank = (double)(i * 7919 % N + 1) / N; /* 7919 is prime to N */

        p[i] = rank * rank;
    }
    assert_int_equal(multiple_adjust(MULTIPLE_BH, p, N, p, &f), 0);
    for (size_t i = 0; i < N; i++)
        assert_near(p[i], (double)(i * 7919 % N + 1) / N, 1e-12);
    assert_int_equal(multiple_rejected(p, N, 0.25), N / 4);
}

static void what_is_no_probability_is_named(void **state)
{
    double p[] = {0.1, 1.5}, adjusted[] = {7, 7};
    struct fail f;
    (void)state;

    assert_int_equal(multiple_adjust(MULTIPLE_BH, p, 2, adjusted, &f), -1);
    assert_string_equal(f.text, "p[1]: 1.5 is not a number from 0 to 1");
    p[1] = (double)NAN;
    assert_int_equal(multiple_adjust(MULTIPLE_BONFERRONI, p, 2, adjusted, &f), -1);
    assert_true(adjusted[0] == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fifteen_published_p_values_are_adjusted),
        cmocka_unit_test(the_order_given_is_kept_in_place_too),
        cmocka_unit_test(few_and_none_are_adjusted),
        cmocka_unit_test(a_million_cells_are_adjusted),
        cmocka_unit_test(what_is_no_probability_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
