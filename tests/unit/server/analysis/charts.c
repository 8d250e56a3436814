/* charts: points, limits and signals as published; what is refused is named and nothing is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "charts.h"

#include <math.h>
#include <string.h>

static void assert_near(double got, double expected, double relative)
{
    if (!(fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

static struct charts_summary accepted(int status, const struct charts_summary *summary, const struct fail *f)
{
    if (status)
        fail_msg("refused: %s", f->text);
    return *summary;
}

/* Montgomery, personal computers: 20 samples of 5, u-bar 1.93, UCL 3.79, LCL 0.07. */
static void u_chart_of_personal_computers(void **state)
{
    const double x[] = {10, 12, 8, 14, 10, 16, 11, 7, 10, 15, 9, 5, 7, 11, 12, 6, 8, 10, 7, 5};
    double n[countof(x)];
    struct charts_point points[countof(x)];
    struct charts_summary s;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(x); i++)
        n[i] = 5;
    s = accepted(charts_u(x, n, countof(x), 3, points, &s, &f), &s, &f);
    assert_near(s.center, 1.93, 1e-15);
    assert_near(points[3].value, 2.8, 1e-15);
    assert_near(points[3].lcl, 0.0661330519589118, 1e-13);
    assert_near(points[3].ucl, 3.79386694804109, 1e-13);
    assert_int_equal(s.out, 0);
    assert_int_equal(s.first, countof(x));
}

static void points_beyond_a_limit_are_out_and_on_it_are_not(void **state)
{
    const double x[] = {1, 1, 7, 1, 1, 1}, n[] = {1, 1, 1, 1, 1, 1};
    struct charts_point points[countof(x)];
    struct charts_summary s;
    struct fail f;
    (void)state;

    s = accepted(charts_u(x, n, countof(x), 3, points, &s, &f), &s, &f);
    assert_near(s.center, 2, 1e-15);
    assert_int_equal(s.out, 1);
    assert_int_equal(s.first, 2);
    assert_true(points[2].out);
    assert_false(points[1].out);
    assert_true(points[0].lcl >= 0 && points[0].lcl <= 0); /* 2 - 3 √2 is cut */

    /* centre 4, limits 0 and 8: the last stands on its limit */
    s = accepted(charts_u((const double[]){4, 0, 8}, n, 3, 2, points, &s, &f), &s, &f);
    assert_near(points[2].ucl, 8, 1e-15);
    assert_int_equal(s.out, 0);
}

static void without_events_nothing_is_out(void **state)
{
    const double x[] = {0, 0}, n[] = {1e-9, 1e12};
    struct charts_point points[2];
    struct charts_summary s;
    struct fail f;
    (void)state;

    s = accepted(charts_u(x, n, 2, 3, points, &s, &f), &s, &f);
    assert_int_equal(s.out, 0);
    assert_true(s.center <= 0 && points[1].ucl <= 0 && points[1].lcl <= 0);
}

static void p_limits_stay_between_0_and_1(void **state)
{
    const double x[] = {1, 9, 2}, n[] = {10, 10, 4};
    struct charts_point points[3];
    struct charts_summary s;
    struct fail f;
    (void)state;

    s = accepted(charts_p(x, n, 3, 3, points, &s, &f), &s, &f);
    assert_near(s.center, 0.5, 1e-15);
    assert_near(points[0].ucl, 0.5 + 3 * sqrt(0.025), 1e-15);
    assert_near(points[2].ucl, 1, 1e-15);
    assert_true(points[2].lcl <= 0);
}

/* With Poisson data of one rate σz is near 1; with a million a period and 1 % of noise between periods Laney's limits
 * hold what the plain ones call signals. */
static void laney_widens_what_large_counts_made_too_tight(void **state)
{
    const double x[] = {1010000, 990000, 1008000, 992000, 1005000, 995000}, n[] = {1e6, 1e6, 1e6, 1e6, 1e6, 1e6};
    struct charts_point points[6];
    struct charts_summary plain, laney;
    struct fail f;
    (void)state;

    plain = accepted(charts_u(x, n, 6, 3, points, &plain, &f), &plain, &f);
    assert_int_equal(plain.out, 6);
    laney = accepted(charts_laney_u(x, n, 6, 3, points, &laney, &f), &laney, &f);
    assert_int_equal(laney.out, 0);
    /* ranges 20, 18, 16, 13, 10 standard errors of 1000 */
    assert_near(laney.sigma_z, (20 + 18 + 16 + 13 + 10) / 5.0 / 1.128, 1e-10);
    assert_near(points[0].ucl, 1 + 3 * 0.001 * laney.sigma_z, 1e-12);
}

static void dispersion_of_wetherill_and_brown(void **state)
{
    const double x[] = {11, 8, 13, 11, 13, 17, 25, 23, 11, 16, 9, 15, 10, 16, 12, 8, 9, 15, 4, 12, 12, 12, 15, 17, 14,
        17, 12, 12, 7, 16};
    double twice[countof(x)], exposure[countof(x)];
    struct charts_dispersion d, same;
    struct fail f;
    (void)state;

    assert_int_equal(charts_dispersion(x, NULL, countof(x), &d, &f), 0);
    assert_near(d.ratio, 1.47220267417312, 1e-13);
    assert_near(d.statistic, 42.6938775510204, 1e-13);
    assert_near(d.p, 0.0485790615126194, 1e-12);
    assert_int_equal(d.df, 29);

    /* the unit of exposure does not matter */
    for (size_t i = 0; i < countof(x); i++) {
        twice[i] = x[i];
        exposure[i] = 1e12;
    }
    assert_int_equal(charts_dispersion(twice, exposure, countof(x), &same, &f), 0);
    assert_near(same.statistic, d.statistic, 1e-13);
}

static void ewma_limits_open_from_the_first_point(void **state)
{
    const double x[] = {8, 5}, n[] = {2, 1};
    struct charts_point points[2];
    struct charts_summary s;
    struct fail f;
    (void)state;

    s = accepted(charts_ewma(x, n, 2, 4, 0.25, 3, points, &s, &f), &s, &f);
    assert_near(points[0].value, 4, 1e-15);
    assert_near(points[1].value, 4.25, 1e-15);
    assert_near(points[0].ucl, 4 + 3 * sqrt(0.0625 * 2), 1e-15);
    assert_near(points[1].lcl, 4 - 3 * sqrt(0.0625 * 4 + 0.5625 * 0.0625 * 2), 1e-14);
}

static void ewma_signals_on_both_sides(void **state)
{
    const double low[] = {0, 0, 0}, n[] = {1, 1, 1};
    struct charts_point points[3];
    struct charts_summary s;
    struct fail f;
    (void)state;

    s = accepted(charts_ewma(low, n, 3, 25, 1, 3, points, &s, &f), &s, &f);
    assert_int_equal(s.first, 0);
    assert_int_equal(s.out, 3);
}

static void refusals_name_the_argument_and_leave_outputs_alone(void **state)
{
    const double x[] = {1, 2, 3}, n[] = {1, 1, 1}, bad[] = {1, -2, 3}, empty[] = {1, 1, 0}, none[] = {0, 0, 0};
    const double nan[] = {1, 1, (double)NAN};
    struct charts_point points[3], untouched[3];
    struct charts_summary s = {.center = 77}, kept = s;
    struct fail f;
    (void)state;

    memset(points, 0x5a, sizeof points);
    memcpy(untouched, points, sizeof points);
#define REFUSED(call, message)                                                                                         \
    do {                                                                                                               \
        assert_int_equal(call, -1);                                                                                    \
        assert_int_equal(f.code, FAIL_INPUT);                                                                          \
        assert_non_null(strstr(f.text, message));                                                                      \
    } while (0)
    REFUSED(charts_u(bad, n, 3, 3, points, &s, &f), "events[1]");
    REFUSED(charts_u(x, empty, 3, 3, points, &s, &f), "exposure[2]");
    REFUSED(charts_u(x, nan, 3, 3, points, &s, &f), "exposure[2]");
    REFUSED(charts_u(x, n, 0, 3, points, &s, &f), "events");
    REFUSED(charts_u(x, n, 3, -3, points, &s, &f), "width");
    REFUSED(charts_p(x, n, 3, 3, points, &s, &f), "failed[1]: more than units[1]");
    REFUSED(charts_laney_u(none, n, 3, 3, points, &s, &f), "no events");
    REFUSED(charts_laney_u(x, n, 1, 3, points, &s, &f), "two periods");
    REFUSED(charts_laney_p(n, n, 3, 3, points, &s, &f), "all failed");
    REFUSED(charts_ewma(x, n, 3, 4, 0, 3, points, &s, &f), "lambda");
    REFUSED(charts_ewma(x, n, 3, 0, 0.2, 3, points, &s, &f), "target");
    REFUSED(charts_dispersion(none, NULL, 3, &(struct charts_dispersion){0}, &f), "no events");
    REFUSED(charts_dispersion(x, NULL, 1, &(struct charts_dispersion){0}, &f), "two periods");
    assert_memory_equal(points, untouched, sizeof points);
    assert_memory_equal(&s, &kept, sizeof s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u_chart_of_personal_computers),
        cmocka_unit_test(points_beyond_a_limit_are_out_and_on_it_are_not),
        cmocka_unit_test(without_events_nothing_is_out),
        cmocka_unit_test(p_limits_stay_between_0_and_1),
        cmocka_unit_test(laney_widens_what_large_counts_made_too_tight),
        cmocka_unit_test(dispersion_of_wetherill_and_brown),
        cmocka_unit_test(ewma_limits_open_from_the_first_point),
        cmocka_unit_test(ewma_signals_on_both_sides),
        cmocka_unit_test(refusals_name_the_argument_and_leave_outputs_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
