/* sequential: published run lengths and critical values, paths by hand, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "near.h"
#include "sequential.h"

/* ---------------------------------------------------------------- CUSUM */

static void the_sum_runs_on_after_its_signal(void **state)
{
    static const double x[] = {2, 1, 3, 2, 0, 4, 5, 3, 6, 4, 7, 5, 6},
                        expected[] = {0, 0, 0, 0, 0, 1, 3, 3, 6, 7, 11, 13, 16};
    double s[countof(x)];
    size_t first;
    struct fail f;
    (void)state;

    assert_int_equal(sequential_cusum(x, countof(x), 3, 10, s, &first, &f), 0);
    assert_memory_equal(s, expected, sizeof s);
    assert_int_equal(first, 11);
    assert_int_equal(sequential_cusum(x, countof(x), 3, 11, s, &first, &f), 0);
    assert_int_equal(first, 11); /* S >= h */
    assert_int_equal(sequential_cusum(x, countof(x), 3, 16.5, s, &first, &f), 0);
    assert_int_equal(first, 0);
    assert_int_equal(sequential_cusum(x, 0, 3, 1, s, &first, &f), 0);
    assert_int_equal(first, 0);
}

static void against_expected_counts_it_starts_again(void **state)
{
    static const double x[] = {3, 0, 3, 1}, expected[] = {0.5, 0.5, 0.25, 0};
    double s[countof(x)];
    size_t alarms[countof(x)], count;
    struct fail f;
    (void)state;

    assert_int_equal(sequential_cusum_expected(x, expected, countof(x), 2, 1.5, s, alarms, &count, &f), 0);
    assert_int_equal(count, 2);
    assert_true(alarms[0] == 1 && alarms[1] == 3);
    assert_near(s[0], 3 * log(2) - 0.5, 1e-15);
    assert_true(s[1] == 0);
    assert_near(s[3], log(2), 1e-15);
}

/* surveillance::arlCusum(): 548.3623 for h = 10, k = 3, theta = 2.4. */
static void the_published_run_length_is_met(void **state)
{
    double arl;
    struct fail f;
    (void)state;

    assert_int_equal(sequential_cusum_arl(10, 3, 2.4, &arl, &f), 0);
    assert_near(arl, 548.362265528758, 1e-12);
}

/* h <= 1, k = 0: any event signals. h <= 1, k < 1 likewise from 0; then S stays 0 until an event. */
static void short_chains_have_closed_forms(void **state)
{
    double arl;
    struct fail f;
    (void)state;

    assert_int_equal(sequential_cusum_arl(1, 0, 0.01, &arl, &f), 0);
    assert_near(arl, 1 / -expm1(-0.01), 1e-14);
    assert_int_equal(sequential_cusum_arl(0.5, 0.5, 1e-9, &arl, &f), 0);
    assert_near(arl, 1e9, 1e-8);
    /* h = 2, k = 0: two events are needed, one step from 0 or two visits. */
    assert_int_equal(sequential_cusum_arl(2, 0, 0.3, &arl, &f), 0);
    assert_near(arl, (1 + 0.3 * exp(-0.3) / -expm1(-0.3)) / -expm1(-0.3), 1e-13);
    assert_int_equal(sequential_cusum_arl(3, 1, 0, &arl, &f), 0);
    assert_true(arl == HUGE_VAL);
    assert_int_equal(sequential_cusum_arl(5, 1, 500, &arl, &f), 0);
    assert_near(arl, 1, 1e-15);
}

/* A run length near 1/P(one count leaps over h) when nothing less does. */
static void very_long_run_lengths_keep_their_digits(void **state)
{
    double arl, finer;
    struct fail f;
    (void)state;

    assert_int_equal(sequential_cusum_arl(20, 30, 1e-3, &arl, &f), 0);
    /* 1 / P(X >= 50): e^-m m^50 / 50! to the third term */
    assert_near(log(arl), 1e-3 - 50 * log(1e-3) + lgamma(51) - log1p(1e-3 / 51 + 1e-6 / 51 / 52), 1e-14);
    /* A grid finer than needed has the same chain in it. */
    assert_int_equal(sequential_cusum_arl(6, 2, 1.1, &arl, &f), 0);
    assert_int_equal(sequential_cusum_arl(6, 2 + 1e-12, 1.1, &finer, &f), 0);
    assert_near(arl, finer, 1e-12);
    assert_int_equal(sequential_cusum_arl(5.95, 1.5, 1.1, &arl, &f), 0);
    assert_int_equal(sequential_cusum_arl(6, 1.5, 1.1, &finer, &f), 0);
    assert_near(arl, finer, 1e-12); /* S takes no value between */
}

static void chains_without_a_grid_are_refused(void **state)
{
    double arl = 7;
    struct fail f;
    (void)state;

    assert_int_equal(sequential_cusum_arl(5, acos(-1), 2, &arl, &f), -1);
    assert_int_equal(strncmp(f.text, "k: ", 3), 0);
    assert_int_equal(sequential_cusum_arl(5000, 2, 2, &arl, &f), -1);
    assert_int_equal(strncmp(f.text, "h: ", 3), 0);
    assert_int_equal(sequential_cusum_arl(0, 2, 2, &arl, &f), -1);
    assert_int_equal(sequential_cusum_arl(3, -2, 2, &arl, &f), -1);
    assert_int_equal(sequential_cusum_arl(3, 2, (double)NAN, &arl, &f), -1);
    assert_true(arl == 7);
}

/* ---------------------------------------------------------------- MaxSPRT */

/* Kulldorff et al. 2011, table 1; alpha 0.05, least number of events 1 to 4. */
static void the_published_critical_values_are_met(void **state)
{
    static const struct {
        double horizon, values[4];
    } rows[] = {{2, {3.046977, 2.689354, 2.349679, 2.000158}}, {5, {3.297183, 3.012909, 2.803955, 2.623668}},
        {10, {3.467952, 3.238009, 3.064248, 2.921561}}};
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(rows); i++)
        for (int least = 1; least <= 4; least++) {
            double value = 0;
            bool exists;

            assert_int_equal(sequential_maxsprt_critical(rows[i].horizon, least, 0.05, &exists, &value, &f), 0);
            assert_true(exists);
            assert_near(value, rows[i].values[least - 1], 4e-7);
        }
}

static void long_horizons_are_followed(void **state)
{
    double value;
    bool exists;
    struct fail f;
    (void)state;

    assert_int_equal(sequential_maxsprt_critical(100, 1, 0.05, &exists, &value, &f), 0);
    assert_near(value, 3.952321, 4e-7);
    assert_int_equal(sequential_maxsprt_critical(1000, 1, 0.05, &exists, &value, &f), 0);
    assert_near(value, 4.324917, 4e-7);
}

/* Until one event is expected at T so short, the first event decides: chance 1 - e^-tau = alpha. */
static void a_short_horizon_has_a_closed_form(void **state)
{
    double value, tau = -log1p(-0.001);
    bool exists;
    struct fail f;
    (void)state;

    assert_int_equal(sequential_maxsprt_critical(0.0011, 1, 0.001, &exists, &value, &f), 0);
    assert_true(exists);
    assert_near(value, tau - 1 - log(tau), 1e-6); /* two events by T have a chance of 6e-7 */
}

static void a_chance_out_of_reach_is_told(void **state)
{
    double value = 7;
    bool exists = true;
    struct fail f;
    (void)state;

    /* P(4 events by 1) = 0.019 */
    assert_int_equal(sequential_maxsprt_critical(1, 4, 0.05, &exists, &value, &f), 0);
    assert_false(exists);
    assert_true(value == 7);
    assert_int_equal(sequential_maxsprt_critical(0, 1, 0.05, &exists, &value, &f), -1);
    assert_int_equal(sequential_maxsprt_critical(5, 0, 0.05, &exists, &value, &f), -1);
    assert_int_equal(sequential_maxsprt_critical(5, 1, 1, &exists, &value, &f), -1);
    assert_int_equal(sequential_maxsprt_critical((double)NAN, 1, 0.05, &exists, &value, &f), -1);
}

static void llr_signals_with_enough_events_only(void **state)
{
    static const double events[] = {0, 2, 4, 5}, expected[] = {0, 0.1, 0.4, 5};
    double llr[countof(events)];
    size_t first;
    struct fail f;
    (void)state;

    assert_int_equal(sequential_maxsprt_llr(events, expected, countof(events), 3, 1, llr, &first, &f), 0);
    assert_int_equal(first, 2);
    assert_true(llr[0] == 0 && llr[3] == 0);
    assert_near(llr[2], 0.4 - 4 + 4 * log(10), 1e-15);
    assert_int_equal(sequential_maxsprt_llr(events, expected, countof(events), 3, 3, llr, &first, &f), 0);
    assert_int_equal(first, 3);
    assert_int_equal(sequential_maxsprt_llr(events, expected, countof(events), 30, 1, llr, &first, &f), 0);
    assert_int_equal(first, 0);
    assert_int_equal(sequential_maxsprt_llr((const double[]){1}, (const double[]){0}, 1, 3, 1, llr, &first, &f), 0);
    assert_true(llr[0] == HUGE_VAL && first == 1);
    assert_int_equal(
        sequential_maxsprt_llr((const double[]){3, 2}, (const double[]){1, 1}, 2, 3, 1, llr, &first, &f), -1);
    assert_string_equal(f.text, "events[1]: before events[0]");
}

/* ---------------------------------------------------------------- e-process */

static void e_values_have_closed_forms(void **state)
{
    double log_e;
    struct fail f;
    (void)state;

    assert_int_equal(sequential_log_e(0, 0.3, 1, 1, &log_e, &f), 0);
    assert_near(log_e, -log(1.3), 1e-13); /* ∫ e^-(R-1)(E+1) dR */
    assert_int_equal(sequential_log_e(1, 0.6, 1, 1, &log_e, &f), 0);
    assert_near(log_e, log((1 + 1 / 1.6) / 1.6), 1e-11);
    assert_int_equal(sequential_log_e(0, 0, 2.5, 0.3, &log_e, &f), 0);
    assert_true(fabs(log_e) < 1e-14);
    assert_int_equal(sequential_log_e(1e6, 1e5, 1, 1, &log_e, &f), 0);
    assert_true(isfinite(log_e) && log_e > 1e6);
    assert_int_equal(sequential_log_e(1e12, 999998e6, 1, 1, &log_e, &f), 0);
    assert_near(log_e, -10.919582212172481, 1e-13); /* by quadrature with 60 digits */
    assert_int_equal(sequential_log_e(3, -1, 1, 1, &log_e, &f), -1);
    assert_int_equal(strncmp(f.text, "E: ", 3), 0);
}

/* Under the hypothesis the mean of e over the counts is at most 1; here it is exactly 1. */
static void e_values_have_a_mean_of_one(void **state)
{
    double mean = 0;
    struct fail f;
    (void)state;

    for (int n = 0; n < 400; n++) {
        double log_e;

        assert_int_equal(sequential_log_e(n, 4, 2, 1, &log_e, &f), 0);
        mean += exp(log_e - 4 + n * log(4) - lgamma(n + 1));
    }
    assert_near(mean, 1, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_runs_on_after_its_signal),
        cmocka_unit_test(against_expected_counts_it_starts_again),
        cmocka_unit_test(the_published_run_length_is_met),
        cmocka_unit_test(short_chains_have_closed_forms),
        cmocka_unit_test(very_long_run_lengths_keep_their_digits),
        cmocka_unit_test(chains_without_a_grid_are_refused),
        cmocka_unit_test(the_published_critical_values_are_met),
        cmocka_unit_test(long_horizons_are_followed),
        cmocka_unit_test(a_short_horizon_has_a_closed_form),
        cmocka_unit_test(a_chance_out_of_reach_is_told),
        cmocka_unit_test(llr_signals_with_enough_events_only),
        cmocka_unit_test(e_values_have_closed_forms),
        cmocka_unit_test(e_values_have_a_mean_of_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
