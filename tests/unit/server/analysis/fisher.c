/* fisher: published tables, sums over all tables, large ones, and the edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fisher.h"
#include "near.h"
#include "special.h"

static void the_tea_is_tasted_as_published(void **state)
{
    struct fisher r;
    struct fail f;
    (void)state;

    assert_int_equal(fisher_test(3, 1, 1, 3, 0.95, 0, &r, &f), 0);
    assert_near(r.p_two_sided, 34.0 / 70, 1e-14);
    assert_near(r.p_greater, 17.0 / 70, 1e-14);
    assert_near(r.p_less, 69.0 / 70, 1e-14);
    assert_true(r.sample_odds_ratio == 9);
    assert_near(r.odds_ratio, 6.408309, 1e-5);
}

/* help(fisher.test), convictions of twins; with R's own search its own digits. */
static void a_search_as_coarse_as_rs_gives_rs_digits(void **state)
{
    struct fisher r;
    struct fail f;
    (void)state;

    assert_int_equal(fisher_test(2, 10, 15, 3, 0.95, FISHER_TOLERANCE_R, &r, &f), 0);
    assert_near(r.p_two_sided, 0.000536724119143436, 1e-12);
    assert_near(r.p_less, 0.000465180943362906, 1e-12);
    assert_near(r.odds_ratio, 0.0469366088276989, 1e-9);
    assert_near(r.limits.lo, 0.00332576403385931, 1e-9);
    assert_near(r.limits.hi, 0.363182271474897, 1e-9);
}

/* ---------------------------------------------------------------- against plain sums */

/* P(A <= a), P(A >= a) and the mean of A at an odds ratio, over all tables with the margins. */
static void plain_sums(const double *t, double odds, double *ret_less, double *ret_greater, double *ret_mean)
{
    double m = t[0] + t[2], n = t[1] + t[3], k = t[0] + t[1], total = 0, less = 0, greater = 0, mean = 0;

    for (double i = fmax(0, k - n); i <= fmin(k, m); i++) {
        double weight =
            exp(special_log_choose(m, i) + special_log_choose(n, k - i) - special_log_choose(m + n, k) + i * log(odds));

        total += weight;
        less += i <= t[0] ? weight : 0;
        greater += i >= t[0] ? weight : 0;
        mean += i * weight;
    }
    *ret_less = less / total;
    *ret_greater = greater / total;
    *ret_mean = mean / total;
}

static void limits_leave_what_the_level_says_beyond(void **state)
{
    static const double tables[][4] = {{3, 1, 1, 3}, {40, 2, 11, 90}, {1, 30, 25, 4}, {7, 0, 2, 9}, {120, 80, 95, 130}};
    struct fisher r;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(tables); i++) {
        const double *t = tables[i];
        double less, greater, mean;

        assert_int_equal(fisher_test(t[0], t[1], t[2], t[3], 0.9, 0, &r, &f), 0);
        plain_sums(t, 1, &less, &greater, &mean);
        assert_near(r.p_less, less, 1e-12);
        assert_near(r.p_greater, greater, 1e-12);
        plain_sums(t, r.limits.lo, &less, &greater, &mean);
        assert_near(greater, 0.05, 1e-11);
        if (r.limits.hi < HUGE_VAL) {
            plain_sums(t, r.limits.hi, &less, &greater, &mean);
            assert_near(less, 0.05, 1e-11);
            plain_sums(t, r.odds_ratio, &less, &greater, &mean);
            assert_near(mean, t[0], 1e-12);
        } else
            assert_true(t[1] == 0 || t[2] == 0);
    }
}

/* ---------------------------------------------------------------- edges */

static void an_empty_margin_knows_nothing(void **state)
{
    static const double tables[][4] = {{0, 0, 3, 4}, {0, 5, 0, 6}, {2, 3, 0, 0}, {4, 0, 5, 0}, {0, 0, 0, 0}};
    struct fisher r;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(tables); i++) {
        assert_int_equal(fisher_test(tables[i][0], tables[i][1], tables[i][2], tables[i][3], 0.95, 0, &r, &f), 0);
        assert_true(r.p_two_sided == 1 && r.p_greater == 1 && r.p_less == 1);
        assert_true(r.odds_ratio == 0 && r.limits.lo == 0 && r.limits.hi == HUGE_VAL);
        assert_true(isnan(r.sample_odds_ratio));
    }
}

static void an_empty_cell_reaches_zero_or_infinity(void **state)
{
    struct fisher r;
    struct fail f;
    (void)state;

    assert_int_equal(fisher_test(0, 10, 9, 11, 0.95, 0, &r, &f), 0);
    assert_true(r.odds_ratio == 0 && r.limits.lo == 0 && r.limits.hi < HUGE_VAL && r.p_greater == 1);
    assert_int_equal(fisher_test(10, 0, 9, 11, 0.95, 0, &r, &f), 0);
    assert_true(r.odds_ratio == HUGE_VAL && r.limits.hi == HUGE_VAL && r.limits.lo > 1 && r.p_less == 1);
}

static void large_tables_have_small_tails(void **state)
{
    struct fisher r;
    struct fail f;
    (void)state;

    /* phyper(5999, 11000, 1989000, 1006000, lower.tail = FALSE) in R 4.2.2 */
    assert_int_equal(fisher_test(6000, 1000000, 5000, 989000, 0.95, 0, &r, &f), 0);
    assert_near(r.p_greater, 2.1828757368579932e-19, 1e-10);
    assert_true(r.limits.lo < r.odds_ratio && r.odds_ratio < r.limits.hi);
    assert_near(r.odds_ratio, r.sample_odds_ratio, 1e-3);
    /* phyper(2, 3000, 2000, 2000) */
    assert_int_equal(fisher_test(2, 1998, 2998, 2, 0.95, 0, &r, &f), 0);
    assert_true(r.p_less == 0 && r.p_greater == 1); /* 1e-1440 */
    assert_true(r.odds_ratio > 0 && r.odds_ratio < 1e-4 && r.limits.lo > 0);
}

static void wrong_cells_are_named(void **state)
{
    struct fisher r;
    struct fail f;
    (void)state;

    assert_int_equal(fisher_test(1, -2, 3, 4, 0.95, 0, &r, &f), -1);
    assert_int_equal(strncmp(f.text, "b: ", 3), 0);
    assert_int_equal(fisher_test(1, 2, 3, 4.5, 0.95, 0, &r, &f), -1);
    assert_int_equal(strncmp(f.text, "d: ", 3), 0);
    assert_int_equal(fisher_test(1, 2, 3, 4, 1, 0, &r, &f), -1);
    assert_int_equal(strncmp(f.text, "level: ", 7), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tea_is_tasted_as_published),
        cmocka_unit_test(a_search_as_coarse_as_rs_gives_rs_digits),
        cmocka_unit_test(limits_leave_what_the_level_says_beyond),
        cmocka_unit_test(an_empty_margin_knows_nothing),
        cmocka_unit_test(an_empty_cell_reaches_zero_or_infinity),
        cmocka_unit_test(large_tables_have_small_tails),
        cmocka_unit_test(wrong_cells_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
