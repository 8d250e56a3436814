/* regression: McCullagh & Nelder's ships, closed forms, and the terms of which nothing can be said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "regression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void assert_near(double got, double expected, double relative)
{
    if (!(fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

/* Two groups with n/2 rows each: columns of ones and of the second group. */
static void two_groups(double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = 1;
        x[n + i] = i >= n / 2;
    }
}

static struct regression_fit fit(
    const double *y, const double *x, size_t n, size_t p, const double *exposure, struct regression_term *terms)
{
    double offset[64];
    struct regression_fit out;
    struct fail f;

    for (size_t i = 0; i < n; i++)
        offset[i] = log(exposure[i]);
    if (regression_poisson(y, x, n, p, offset, terms, NULL, &out, &f))
        fail_msg("refused: %s", f.text);
    return out;
}

/* McCullagh & Nelder 1989, table 6.3: deviance 38.70 on 25 degrees of freedom, dispersion 1.69. */
static void ships(void **state)
{
    const double y[] = {0, 0, 3, 4, 6, 18, 11, 39, 29, 58, 53, 12, 44, 18, 1, 1, 0, 1, 6, 2, 1, 0, 0, 0, 0, 2, 11, 4, 0,
        7, 7, 5, 12, 1};
    const double service[] = {127, 63, 1095, 1095, 1512, 3353, 2244, 44882, 17176, 28609, 20370, 7064, 13099, 7117,
        1179, 552, 781, 676, 783, 1948, 274, 251, 105, 288, 192, 349, 1208, 2051, 45, 789, 437, 1157, 2161, 542};
    const char *type = "AAAAAAABBBBBBBCCCCCCCDDDDDDDEEEEEE";
    const char *year = "0055667005566700556670055667"
                       "055667"; /* 60, 65, 70, 75 by their unit or ten */
    const char *period = "0707077070707707070770707077"
                         "007077";
    enum { N = 34, P = 9 };
    double x[N * P];
    struct regression_term terms[P];
    struct regression_fit s;
    (void)state;

    for (size_t i = 0; i < N; i++) {
        x[i] = 1;
        for (size_t j = 1; j <= 4; j++)
            x[j * N + i] = type[i] == "ABCDE"[j];
        for (size_t j = 5; j <= 7; j++)
            x[j * N + i] = year[i] == "0567"[j - 4];
        x[8 * N + i] = period[i] == '7';
    }
    s = fit(y, x, N, P, service, terms);
    assert_near(s.deviance, 38.6950515355548, 1e-12);
    assert_int_equal(s.df_residual, 25);
    assert_near(s.dispersion, 1.69101012478119, 1e-9);
    assert_near(s.loglik, -68.2807714295899, 1e-12);
    assert_near(terms[0].coef, -6.40590156104885, 1e-12);
    assert_near(terms[2].se, 0.329047216126983, 1e-9);
    assert_near(terms[8].coef, 0.384466958212073, 1e-11);
    assert_false(s.separated);
}

/* With two groups the maximum is the ratio of the rates, its log's variance 1/x1 + 1/x0. */
static void two_groups_have_closed_forms(void **state)
{
    const double y[] = {3, 4, 10, 30}, exposure[] = {100, 250, 120, 90};
    double x[8], rate1 = 40.0 / 210, rate0 = 7.0 / 350;
    struct regression_term terms[2];
    struct regression_fit s;
    (void)state;

    two_groups(x, 4);
    s = fit(y, x, 4, 2, exposure, terms);
    assert_near(exp(terms[0].coef), rate0, 1e-12);
    assert_near(exp(terms[1].coef), rate1 / rate0, 1e-12);
    assert_near(terms[1].se, sqrt(1 / 7.0 + 1 / 40.0), 1e-12);
    assert_int_equal(terms[1].state, REGRESSION_ESTIMATED);
    assert_int_equal(s.df_residual, 2);
}

static void a_million_events_and_far_exposures(void **state)
{
    const double y[] = {1e6, 2e6, 3e9, 1e9}, exposure[] = {1e12, 1e12, 1e-9, 2e-9};
    double x[8];
    struct regression_term terms[2];
    (void)state;

    two_groups(x, 4);
    fit(y, x, 4, 2, exposure, terms);
    assert_near(exp(terms[0].coef), 3e6 / 2e12, 1e-12);
    assert_near(exp(terms[0].coef + terms[1].coef), 4e9 / 3e-9, 1e-11);
}

static void a_group_without_events_is_unbounded_and_the_others_hold(void **state)
{
    const double y[] = {3, 4, 0, 0}, exposure[] = {100, 250, 120, 90};
    double x[8], fitted[4], offset[4];
    struct regression_term terms[2];
    struct regression_fit s;
    struct fail f;
    (void)state;

    two_groups(x, 4);
    for (size_t i = 0; i < 4; i++)
        offset[i] = log(exposure[i]);
    assert_int_equal(regression_poisson(y, x, 4, 2, offset, terms, fitted, &s, &f), 0);
    assert_true(s.separated);
    assert_int_equal(terms[0].state, REGRESSION_ESTIMATED);
    assert_int_equal(terms[1].state, REGRESSION_UNBOUNDED);
    assert_near(exp(terms[0].coef), 7.0 / 350, 1e-12);
    assert_near(fitted[1], 5, 1e-12);
    assert_true(fitted[2] < 1e-9);
}

static void no_events_at_all_is_separated(void **state)
{
    const double y[] = {0, 0, 0, 0}, exposure[] = {100, 250, 120, 90};
    double x[8];
    struct regression_term terms[2];
    struct regression_fit s;
    (void)state;

    two_groups(x, 4);
    s = fit(y, x, 4, 2, exposure, terms);
    assert_true(s.separated);
    assert_true(s.deviance < 1e-9);
    assert_int_equal(terms[0].state, REGRESSION_UNBOUNDED);
}

static void a_confounded_term_is_aliased_and_changes_nothing(void **state)
{
    const double y[] = {3, 4, 10, 30}, exposure[] = {100, 250, 120, 90};
    double x[12];
    struct regression_term terms[3];
    struct regression_fit s;
    (void)state;

    two_groups(x, 4);
    for (size_t i = 0; i < 4; i++)
        x[8 + i] = 1 - x[4 + i];
    s = fit(y, x, 4, 3, exposure, terms);
    assert_int_equal(terms[2].state, REGRESSION_ALIASED);
    assert_near(exp(terms[1].coef), 40.0 / 210 / (7.0 / 350), 1e-12);
    assert_int_equal(s.df_residual, 2);
}

static void a_full_model_has_no_deviance_left(void **state)
{
    const double y[] = {5, 12}, exposure[] = {10, 10};
    double x[4];
    struct regression_term terms[2];
    struct regression_fit s;
    (void)state;

    two_groups(x, 2);
    s = fit(y, x, 2, 2, exposure, terms);
    assert_int_equal(s.df_residual, 0);
    assert_true(fabs(s.deviance) < 1e-12);
    assert_near(s.loglik, log(0.17546736976785) + log(0.11436791550944), 1e-11); /* dpois(5, 5), dpois(12, 12) */
}

static void refusals_name_the_argument(void **state)
{
    const double y[] = {1, -1}, x[] = {1, 1}, nan[] = {1, (double)NAN};
    struct regression_term term = {.coef = 77};
    struct regression_fit s = {.deviance = 77};
    struct fail f;
    (void)state;

    assert_int_equal(regression_poisson(y, x, 2, 1, NULL, &term, NULL, &s, &f), -1);
    assert_non_null(strstr(f.text, "y[1]"));
    assert_int_equal(regression_poisson(x, nan, 2, 1, NULL, &term, NULL, &s, &f), -1);
    assert_non_null(strstr(f.text, "x[1]"));
    assert_int_equal(regression_poisson(x, x, 2, 1, nan, &term, NULL, &s, &f), -1);
    assert_non_null(strstr(f.text, "offset[1]"));
    assert_int_equal(regression_poisson(x, x, 0, 1, NULL, &term, NULL, &s, &f), -1);
    assert_near(term.coef, 77, 0);
    assert_near(s.deviance, 77, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ships),
        cmocka_unit_test(two_groups_have_closed_forms),
        cmocka_unit_test(a_million_events_and_far_exposures),
        cmocka_unit_test(a_group_without_events_is_unbounded_and_the_others_hold),
        cmocka_unit_test(no_events_at_all_is_separated),
        cmocka_unit_test(a_confounded_term_is_aliased_and_changes_nothing),
        cmocka_unit_test(a_full_model_has_no_deviance_left),
        cmocka_unit_test(refusals_name_the_argument),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
