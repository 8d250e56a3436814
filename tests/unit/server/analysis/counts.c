/* counts: published limits and p-values, the ends of the ranges, and refusals by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "counts.h"
#include "near.h"

/* ---------------------------------------------------------------- limits */

static void garwoods_table_is_met(void **state)
{
    static const struct {
        double events, lo, hi;
    } rows[] = {{0, 0, 3.688879454113936}, {1, 0.02531780798428987, 5.571643390938898},
        {10, 4.795388696132434, 18.39035604201778}, {100, 81.3639912509232, 121.626793792426}};
    struct counts_limits limits;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(rows); i++) {
        assert_int_equal(counts_rate_limits(rows[i].events, 1, 0.95, &limits, &f), 0);
        assert_near(limits.lo, rows[i].lo, 1e-13);
        assert_near(limits.hi, rows[i].hi, 1e-13);
    }
    assert_true(limits.lower_one_sided > limits.lo && limits.upper_one_sided < limits.hi);
}

static void no_events_have_closed_forms(void **state)
{
    struct counts_limits limits;
    struct fail f;
    (void)state;

    assert_int_equal(counts_rate_limits(0, 1e-9, 0.9, &limits, &f), 0);
    assert_true(limits.lo == 0 && limits.lower_one_sided == 0);
    assert_near(limits.hi, -log(0.05) * 1e9, 1e-13);
    assert_near(limits.upper_one_sided, -log(0.1) * 1e9, 1e-13);
    assert_int_equal(counts_binomial_limits(0, 20, 0.95, &limits, &f), 0);
    assert_true(limits.lo == 0);
    assert_near(limits.hi, 1 - pow(0.025, 0.05), 1e-13);
    assert_int_equal(counts_binomial_limits(20, 20, 0.95, &limits, &f), 0);
    assert_true(limits.hi == 1);
    assert_near(limits.lo, pow(0.025, 0.05), 1e-13);
    assert_int_equal(counts_binomial_limits(0, 0, 0.95, &limits, &f), 0);
    assert_true(limits.lo == 0 && limits.hi == 1);
}

/* At its own limit a count is exactly as far out as the level says. */
static void limits_are_where_the_tests_turn(void **state)
{
    static const double counts[] = {1, 2, 17, 199, 200, 5000, 1e6, 1e9};
    struct counts_limits limits;
    struct counts_test test;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(counts); i++) {
        assert_int_equal(counts_rate_limits(counts[i], 1, 0.99, &limits, &f), 0);
        assert_int_equal(counts_poisson_test(counts[i], limits.lo, &test, &f), 0);
        assert_near(test.p_greater, 0.005, 1e-9);
        assert_int_equal(counts_poisson_test(counts[i], limits.hi, &test, &f), 0);
        assert_near(test.p_less, 0.005, 1e-9);
        assert_int_equal(counts_poisson_test(counts[i], limits.lower_one_sided, &test, &f), 0);
        assert_near(test.p_greater, 0.01, 1e-9);
    }
}

static void many_cells_get_what_single_ones_get(void **state)
{
    static const double events[] = {3, 0, 3, 4095, 4096, 1e6, 0}, exposure[] = {2, 1e-9, 1e12, 7, 7, 1, 5};
    struct counts_limits many[countof(events)], one;
    double expected[] = {1, 2, 3, 4100, 3900, 1e6, 0}, p[countof(events)], midp[countof(events)];
    struct counts_test test;
    struct fail f;
    (void)state;

    assert_int_equal(counts_rate_limits_many(events, exposure, countof(events), 0.95, many, &f), 0);
    assert_int_equal(counts_poisson_greater_many(events, expected, countof(events), p, midp, &f), 0);
    for (size_t i = 0; i < countof(events); i++) {
        assert_int_equal(counts_rate_limits(events[i], exposure[i], 0.95, &one, &f), 0);
        assert_memory_equal(&many[i], &one, sizeof one);
        assert_int_equal(counts_poisson_test(events[i], expected[i], &test, &f), 0);
        assert_near(p[i], test.p_greater, 1e-13);
        assert_near(midp[i], test.midp_greater, 1e-13);
    }
}

static void small_counts_agree_with_the_general_way(void **state)
{
    static const double means[] = {0, 1e-300, 1e-13, 1e-12, 1e-3, 0.5, 1, 4, 10, 19.5, 21, 60, 699, 701, 1e6};
    struct counts_test test;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(means); i++)
        for (int x = 0; x <= 23; x++) {
            double observed = x, p, midp;

            assert_int_equal(counts_poisson_greater_many(&observed, &means[i], 1, &p, &midp, &f), 0);
            assert_int_equal(counts_poisson_test(observed, means[i], &test, &f), 0);
            if (test.p_greater > 1e-300) {
                assert_near(p, test.p_greater, 1e-13);
                assert_near(midp, test.midp_greater, 1e-13);
            } else
                assert_true(p < 1e-299 && midp < 1e-299);
        }
}

/* ---------------------------------------------------------------- tests */

static void the_example_of_poisson_test_is_met(void **state)
{
    struct counts_test test;
    struct fail f;
    (void)state;

    assert_int_equal(counts_poisson_test(137, 24.19893, &test, &f), 0);
    assert_near(test.p_two_sided_minlike, 2.84522726411445e-56, 1e-12);
    assert_near(test.p_greater, 2.84522726411445e-56, 1e-12);
    assert_near(test.midp_greater, 1.67169633476855e-56, 1e-12);
    assert_near(test.p_two_sided_central, 2 * test.p_greater, 1e-15);
}

static void nothing_expected_is_answered(void **state)
{
    struct counts_test test;
    struct fail f;
    (void)state;

    assert_int_equal(counts_poisson_test(0, 0, &test, &f), 0);
    assert_true(test.p_greater == 1 && test.p_less == 1 && test.p_two_sided_minlike == 1);
    assert_true(test.midp_greater == 0.5 && test.p_two_sided_central == 1);
    assert_int_equal(counts_poisson_test(2, 0, &test, &f), 0);
    assert_true(test.p_greater == 0 && test.p_less == 1 && test.p_two_sided_minlike == 0);
    assert_true(test.log_p_greater == -HUGE_VAL && test.midp_greater == 0);
    assert_int_equal(counts_poisson_test(0, 3.5, &test, &f), 0);
    assert_near(test.p_less, exp(-3.5), 1e-15);
    assert_true(test.p_greater == 1);
}

static void logarithms_go_on_where_values_end(void **state)
{
    struct counts_test test;
    struct fail f;
    (void)state;

    assert_int_equal(counts_poisson_test(1e6, 10, &test, &f), 0);
    assert_true(test.p_greater == 0);
    /* The first term of the tail, e^-10 10^1e6 / 1e6!, times 1 / (1 - 1e-5) */
    assert_near(test.log_p_greater, 1e6 * log(10) - 10 - lgamma(1e6 + 1) + 1e-5, 1e-12);
    assert_int_equal(counts_poisson_test(0, 5000, &test, &f), 0);
    assert_true(test.p_less == 0 && test.log_p_less == -5000);
    assert_int_equal(counts_binomial_test(1e6, 1e6, 1e-3, &test, &f), 0);
    assert_near(test.log_p_greater, 1e6 * log(1e-3), 1e-14);
}

/* Means so large that neighbouring doubles are further apart than counts, and so small that their square is 0. */
static void means_at_the_ends_of_a_double_are_answered(void **state)
{
    struct counts_test test;
    struct counts_ratio ratio;
    struct fail f;
    (void)state;

    assert_int_equal(counts_poisson_test(3, 1e300, &test, &f), 0);
    assert_true(test.p_greater == 1 && test.p_less == 0 && test.p_two_sided_minlike == 0);
    assert_int_equal(counts_poisson_test(9e15, 1e17, &test, &f), 0);
    assert_true(test.p_greater == 1 && test.p_two_sided_minlike == 0);
    assert_int_equal(counts_poisson_test(300, 1e-160, &test, &f), 0);
    assert_near(test.log_p_greater, 300 * log(1e-160) - lgamma(301), 1e-13);
    assert_int_equal(counts_poisson_test(300, 1e-300, &test, &f), 0);
    assert_near(test.log_p_greater, 300 * log(1e-300) - lgamma(301), 1e-13);
    assert_int_equal(counts_rate_ratio(0x1p53, 1e12, 0x1p53, 1e-9, 0.95, &ratio, &f), 0);
    assert_true(ratio.test.p_less == 0 && ratio.test.p_two_sided_minlike == 0);
}

/* All outcomes no more likely, added one by one. */
static void two_sided_p_adds_the_outcomes_no_more_likely(void **state)
{
    struct counts_test test;
    struct fail f;
    (void)state;

    for (int n = 1; n <= 30; n += 7)
        for (int x = 0; x <= n; x++)
            for (double p = 0.05; p < 1; p += 0.15) {
                double sum = 0, limit, choose = 1;

                for (int i = 0; i < x; i++)
                    choose = choose * (n - i) / (i + 1);
                limit = choose * pow(p, x) * pow(1 - p, n - x) * (1 + 1e-7);
                choose = 1;
                for (int i = 0; i <= n; i++) {
                    double likely = choose * pow(p, i) * pow(1 - p, n - i);

                    sum += likely <= limit ? likely : 0;
                    choose = choose * (n - i) / (i + 1);
                }
                assert_int_equal(counts_binomial_test(x, n, p, &test, &f), 0);
                assert_near(test.p_two_sided_minlike, sum, 1e-12);
            }
}

static void a_certain_or_impossible_outcome_is_answered(void **state)
{
    struct counts_test test;
    struct fail f;
    (void)state;

    assert_int_equal(counts_binomial_test(5, 5, 1, &test, &f), 0);
    assert_true(test.p_greater == 1 && test.p_less == 1 && test.p_two_sided_minlike == 1);
    assert_int_equal(counts_binomial_test(4, 5, 1, &test, &f), 0);
    assert_true(test.p_less == 0 && test.p_two_sided_minlike == 0 && test.p_greater == 1);
    assert_int_equal(counts_binomial_test(1, 5, 0, &test, &f), 0);
    assert_true(test.p_greater == 0 && test.p_two_sided_minlike == 0 && test.p_less == 1);
    assert_int_equal(counts_binomial_test(0, 0, 0.3, &test, &f), 0);
    assert_true(test.p_greater == 1 && test.p_less == 1);
}

/* ---------------------------------------------------------------- ratio of two rates */

static void the_second_example_of_poisson_test_is_met(void **state)
{
    struct counts_ratio r;
    struct fail f;
    (void)state;

    assert_int_equal(counts_rate_ratio(11, 800, 21, 3011, 0.95, &r, &f), 0);
    assert_near(r.ratio, 1.9714880952381, 1e-12);
    assert_near(r.limits.lo, 0.858426403391639, 1e-12);
    assert_near(r.limits.hi, 4.27726594365407, 1e-12);
    assert_near(r.limits.lower_one_sided, 0.977584347496745, 1e-12);
    assert_near(r.test.p_two_sided_minlike, 0.0796686330333295, 1e-12);
}

static void sides_without_events_reach_zero_and_infinity(void **state)
{
    struct counts_ratio r;
    struct fail f;
    (void)state;

    assert_int_equal(counts_rate_ratio(0, 1, 5, 2, 0.95, &r, &f), 0);
    assert_true(r.ratio == 0 && r.limits.lo == 0 && r.limits.hi > 0 && r.limits.hi < HUGE_VAL);
    assert_int_equal(counts_rate_ratio(5, 1, 0, 2, 0.95, &r, &f), 0);
    assert_true(r.ratio == HUGE_VAL && r.limits.hi == HUGE_VAL && r.limits.lo > 0);
    assert_near(r.test.p_greater, pow(1.0 / 3, 5), 1e-13);
    assert_int_equal(counts_rate_ratio(0, 1, 0, 2, 0.95, &r, &f), 0);
    assert_true(isnan(r.ratio) && r.limits.lo == 0 && r.limits.hi == HUGE_VAL);
    assert_true(r.test.p_greater == 1 && r.test.p_less == 1 && r.test.p_two_sided_minlike == 1);
    assert_true(r.test.midp_greater == 0.5);
}

/* Exchanging the sides inverts everything. */
static void the_ratio_turns_with_its_sides(void **state)
{
    struct counts_ratio a, b;
    struct fail f;
    (void)state;

    assert_int_equal(counts_rate_ratio(40, 1e12, 3, 1e-9, 0.9, &a, &f), 0);
    assert_int_equal(counts_rate_ratio(3, 1e-9, 40, 1e12, 0.9, &b, &f), 0);
    assert_near(a.ratio, 1 / b.ratio, 1e-14);
    assert_near(a.limits.lo, 1 / b.limits.hi, 1e-12);
    assert_near(a.limits.hi, 1 / b.limits.lo, 1e-12);
    assert_near(a.test.p_less, b.test.p_greater, 1e-12);
    assert_near(a.test.log_p_less, b.test.log_p_greater, 1e-12);
}

/* ---------------------------------------------------------------- refusals */

static void wrong_arguments_are_named_and_nothing_is_written(void **state)
{
    struct counts_limits limits, before;
    struct counts_test test;
    struct counts_ratio ratio;
    double p[2] = {7, 7};
    struct fail f;
    (void)state;

    memset(&limits, 0x5a, sizeof limits);
    before = limits;
    assert_int_equal(counts_rate_limits(-1, 1, 0.95, &limits, &f), -1);
    assert_int_equal(strncmp(f.text, "events: ", 8), 0);
    assert_int_equal(counts_rate_limits(1, 0, 0.95, &limits, &f), -1);
    assert_int_equal(strncmp(f.text, "exposure: ", 10), 0);
    assert_int_equal(counts_rate_limits(1, HUGE_VAL, 0.95, &limits, &f), -1);
    assert_int_equal(counts_rate_limits(1, 1, 95, &limits, &f), -1);
    assert_int_equal(strncmp(f.text, "level: ", 7), 0);
    assert_int_equal(
        counts_rate_limits_many((const double[]){1, 2.5}, (const double[]){1, 1}, 2, 0.9, &limits, &f), -1);
    assert_int_equal(strncmp(f.text, "events[1]: ", 11), 0);
    assert_int_equal(counts_binomial_limits(3, 2, 0.9, &limits, &f), -1);
    assert_memory_equal(&limits, &before, sizeof limits);
    assert_int_equal(counts_poisson_test(1, (double)NAN, &test, &f), -1);
    assert_int_equal(counts_binomial_test(1, 2, 1.5, &test, &f), -1);
    assert_int_equal(counts_rate_ratio(1, 1, 1, -4, 0.9, &ratio, &f), -1);
    assert_int_equal(strncmp(f.text, "t2: ", 4), 0);
    assert_int_equal(
        counts_poisson_greater_many((const double[]){1, 2}, (const double[]){1, (double)NAN}, 2, p, p, &f), -1);
    assert_int_equal(strncmp(f.text, "expected[1]: ", 13), 0);
    assert_true(p[0] == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garwoods_table_is_met),
        cmocka_unit_test(no_events_have_closed_forms),
        cmocka_unit_test(limits_are_where_the_tests_turn),
        cmocka_unit_test(many_cells_get_what_single_ones_get),
        cmocka_unit_test(small_counts_agree_with_the_general_way),
        cmocka_unit_test(the_example_of_poisson_test_is_met),
        cmocka_unit_test(nothing_expected_is_answered),
        cmocka_unit_test(logarithms_go_on_where_values_end),
        cmocka_unit_test(means_at_the_ends_of_a_double_are_answered),
        cmocka_unit_test(two_sided_p_adds_the_outcomes_no_more_likely),
        cmocka_unit_test(a_certain_or_impossible_outcome_is_answered),
        cmocka_unit_test(the_second_example_of_poisson_test_is_met),
        cmocka_unit_test(sides_without_events_reach_zero_and_infinity),
        cmocka_unit_test(the_ratio_turns_with_its_sides),
        cmocka_unit_test(wrong_arguments_are_named_and_nothing_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
