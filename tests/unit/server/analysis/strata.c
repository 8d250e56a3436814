/* strata: Mantel-Haenszel as published, the supplier that only looked bad, and tables in which nothing can be said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "strata.h"

#include <math.h>
#include <string.h>

static void assert_near(double got, double expected, double relative)
{
    if (!(fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

/* Agresti's rabbits, help(mantelhaen.test): odds ratio 7, with correction 3.9286, p 0.04747. */
static void rabbits(void **state)
{
    const struct strata_table tables[] = {{0, 6, 0, 5}, {3, 3, 0, 6}, {6, 0, 2, 4}, {5, 1, 6, 0}, {2, 0, 5, 0}};
    struct strata_odds o;
    struct fail f;
    (void)state;

    assert_int_equal(strata_odds(tables, countof(tables), 0.95, &o, &f), 0);
    assert_near(o.ratio, 7, 1e-14);
    assert_true(o.has_limits);
    assert_near(o.lo, 1.02671268846167, 1e-12);
    assert_near(o.hi, 47.7251333802226, 1e-12);
    assert_near(o.chisq, 5.65714285714286, 1e-13);
    assert_near(o.p, 0.0173844203520662, 1e-12);
    assert_near(o.chisq_corrected, 3.92857142857143, 1e-13);
    assert_near(o.p_corrected, 0.0474722551429181, 1e-12);
    assert_near(o.crude, 16.0 * 15 / (10 * 13), 1e-14);
}

/* One stratum: the plain odds ratio, and Woolf's error of its logarithm. */
static void one_stratum_is_the_table_itself(void **state)
{
    const struct strata_table table = {12, 34, 5, 67};
    struct strata_odds o;
    struct fail f;
    (void)state;

    assert_int_equal(strata_odds(&table, 1, 0.9, &o, &f), 0);
    assert_near(o.ratio, 12.0 * 67 / (34.0 * 5), 1e-14);
    assert_near(o.se_log, sqrt(1 / 12.0 + 1 / 34.0 + 1 / 5.0 + 1 / 67.0), 1e-14);
    assert_near(o.crude, o.ratio, 1e-14);
}

/* A million units a cell: nothing overflows or cancels. */
static void large_tables(void **state)
{
    const struct strata_table small = {3, 7, 2, 9}, large = {3e9, 7e9, 2e9, 9e9};
    struct strata_odds s, l;
    struct fail f;
    (void)state;

    assert_int_equal(strata_odds(&small, 1, 0.95, &s, &f), 0);
    assert_int_equal(strata_odds(&large, 1, 0.95, &l, &f), 0);
    assert_near(l.ratio, s.ratio, 1e-14);
    assert_near(l.se_log * sqrt(1e9), s.se_log, 1e-13);
}

static void complete_separation_has_a_test_but_no_limits(void **state)
{
    const struct strata_table apart[] = {{5, 0, 0, 6}, {3, 0, 0, 4}}, reversed[] = {{0, 5, 6, 0}, {0, 3, 4, 0}};
    struct strata_odds o;
    struct fail f;
    (void)state;

    assert_int_equal(strata_odds(apart, 2, 0.95, &o, &f), 0);
    assert_true(isinf(o.ratio) && isinf(o.crude));
    assert_false(o.has_limits);
    assert_true(o.lo <= 0 && isinf(o.hi));
    assert_true(o.p > 0 && o.p < 1e-4);
    assert_int_equal(strata_odds(reversed, 2, 0.95, &o, &f), 0);
    assert_true(o.ratio <= 0 && !o.has_limits && o.p < 1e-4);
}

static void strata_with_one_group_or_one_unit_change_nothing(void **state)
{
    const struct strata_table tables[] = {{4, 6, 3, 9}, {7, 8, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 0}};
    struct strata_odds all, one;
    struct fail f;
    (void)state;

    assert_int_equal(strata_odds(tables, 4, 0.95, &all, &f), 0);
    assert_int_equal(strata_odds(tables, 1, 0.95, &one, &f), 0);
    assert_near(all.ratio, one.ratio, 1e-15);
    assert_near(all.chisq, one.chisq, 1e-12);
    assert_near(all.se_log, one.se_log, 1e-15);
}

/* Crude 1.8, within bands of months in service near 1: the supplier's parts were simply older. */
static void the_supplier_only_looked_bad(void **state)
{
    const double x1[] = {2, 6, 18, 31}, t1[] = {400, 900, 1500, 1800};
    const double x0[] = {11, 20, 14, 6}, t0[] = {2600, 3100, 1300, 500};
    struct strata_rates r;
    struct fail f;
    (void)state;

    assert_int_equal(strata_rates(x1, t1, x0, t0, 4, 0.95, &r, &f), 0);
    assert_near(r.crude, 1.82225063938619, 1e-13);
    assert_near(r.ratio, 1.18264671013634, 1e-13);
    assert_near(r.se_log, 0.228056665343674, 1e-13);
    assert_near(r.lo, 0.756367470315657, 1e-12);
    assert_near(r.hi, 1.84917159434765, 1e-12);
    assert_near(r.expected, 53.6827122153209, 1e-13);
    assert_near(r.chisq, 0.542354365900555, 1e-12);
    assert_near(r.p, 0.461458635455509, 1e-12);
}

static void rates_do_not_depend_on_the_unit_of_exposure(void **state)
{
    const double x1[] = {2, 6}, t1[] = {4e-9, 9e-9}, x0[] = {11, 20}, t0[] = {26e-9, 31e-9};
    const double t1_large[] = {4e12, 9e12}, t0_large[] = {26e12, 31e12};
    struct strata_rates small, large;
    struct fail f;
    (void)state;

    assert_int_equal(strata_rates(x1, t1, x0, t0, 2, 0.95, &small, &f), 0);
    assert_int_equal(strata_rates(x1, t1_large, x0, t0_large, 2, 0.95, &large, &f), 0);
    assert_near(small.ratio, large.ratio, 1e-14);
    assert_near(small.p, large.p, 1e-12);
}

static void no_events_on_one_side_has_a_test_but_no_limits(void **state)
{
    const double some[] = {30, 40}, none[] = {0, 0}, t[] = {10, 20};
    struct strata_rates r;
    struct fail f;
    (void)state;

    assert_int_equal(strata_rates(none, t, some, t, 2, 0.95, &r, &f), 0);
    assert_true(r.ratio <= 0 && !r.has_limits && isinf(r.hi) && r.lo <= 0);
    assert_near(r.chisq, 70, 1e-13);
    assert_int_equal(strata_rates(some, t, none, t, 2, 0.95, &r, &f), 0);
    assert_true(isinf(r.ratio) && !r.has_limits);
}

/* p = erfc(√(χ²/2)) down to where doubles end. */
static void small_p_are_not_zero(void **state)
{
    const struct strata_table table = {830, 170, 170, 830};
    struct strata_odds o;
    struct fail f;
    (void)state;

    assert_int_equal(strata_odds(&table, 1, 0.95, &o, &f), 0);
    assert_near(o.chisq, 870.7644, 1e-9);
    assert_near(log(o.p), -438.993822213577, 1e-13); /* pchisq(870.7644, 1, lower = FALSE, log = TRUE) in R */
}

static void refusals_name_the_argument(void **state)
{
    const double x[] = {1, 2}, t[] = {1, 1}, none[] = {0, 0}, gone[] = {1, 0};
    const struct strata_table bad[] = {{1, 2, 3, 4}, {1, 2, -3, 4}}, empty[] = {{0, 5, 0, 6}, {3, 4, 0, 0}};
    struct strata_odds o = {.ratio = 77};
    struct strata_rates r = {.ratio = 77};
    struct fail f;
    (void)state;

#define REFUSED(call, message)                                                                                         \
    do {                                                                                                               \
        assert_int_equal(call, -1);                                                                                    \
        assert_non_null(strstr(f.text, message));                                                                      \
    } while (0)
    REFUSED(strata_odds(bad, 2, 0.95, &o, &f), "strata[1].c");
    REFUSED(strata_odds(empty, 2, 0.95, &o, &f), "not estimable");
    REFUSED(strata_odds(empty, 0, 0.95, &o, &f), "not estimable");
    REFUSED(strata_odds(bad, 1, 1, &o, &f), "level");
    REFUSED(strata_rates(x, gone, x, t, 2, 0.95, &r, &f), "x1[1]: events without exposure");
    REFUSED(strata_rates(none, t, none, t, 2, 0.95, &r, &f), "not estimable: no events");
    REFUSED(strata_rates(x, t, x, (const double[]){1, (double)INFINITY}, 2, 0.95, &r, &f), "t0[1]");
    assert_near(o.ratio, 77, 0);
    assert_near(r.ratio, 77, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rabbits),
        cmocka_unit_test(one_stratum_is_the_table_itself),
        cmocka_unit_test(large_tables),
        cmocka_unit_test(complete_separation_has_a_test_but_no_limits),
        cmocka_unit_test(strata_with_one_group_or_one_unit_change_nothing),
        cmocka_unit_test(the_supplier_only_looked_bad),
        cmocka_unit_test(rates_do_not_depend_on_the_unit_of_exposure),
        cmocka_unit_test(no_events_on_one_side_has_a_test_but_no_limits),
        cmocka_unit_test(small_p_are_not_zero),
        cmocka_unit_test(refusals_name_the_argument),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
