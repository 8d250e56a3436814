/* special: the functions agree with a table of 60 digits, with each other, and at the ends of their ranges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "special.h"

static const char TABLE[] = "tests/data/special/special.csv";
static const double PROMISED = 1e-13;

/* ---------------------------------------------------------------- the table */

static double of_gamma(const char *name, const double *a)
{
    enum tail tail = strstr(name, "lower") ? TAIL_LOWER : TAIL_UPPER;

    if (strstr(name, "quantile"))
        return special_gamma_quantile(tail, a[0], a[1]);
    return strstr(name, "_log_") ? special_gamma_log(tail, a[0], a[1]) : special_gamma(tail, a[0], a[1]);
}

static double of_beta(const char *name, const double *a)
{
    enum tail tail = strstr(name, "lower") ? TAIL_LOWER : TAIL_UPPER;

    if (strstr(name, "quantile"))
        return special_beta_quantile_odds(tail, a[0], a[1], a[2]);
    if (strstr(name, "_log_"))
        return special_beta_log(tail, a[0], a[1], a[2], a[3]);
    return special_beta(tail, a[0], a[1], a[2], a[3]);
}

static double of_normal(const char *name, const double *a)
{
    enum tail tail = strstr(name, "lower") ? TAIL_LOWER : TAIL_UPPER;

    if (strstr(name, "quantile"))
        return special_normal_quantile(tail, a[0]);
    return strstr(name, "_log_") ? special_normal_log(tail, a[0]) : special_normal(tail, a[0]);
}

static double of_poisson(const char *name, const double *a)
{
    return strstr(name, "_log") ? special_poisson_log(a[0], a[1]) : special_poisson(a[0], a[1]);
}

static double of_binomial(const char *name, const double *a)
{
    return strstr(name, "_log") ? special_binomial_log(a[0], a[1], a[2], 1 - a[2])
                                : special_binomial(a[0], a[1], a[2], 1 - a[2]);
}

static double of_log_gamma(const char *name, const double *a)
{
    (void)name;
    return special_log_gamma(a[0]);
}

static double of_digamma(const char *name, const double *a)
{
    (void)name;
    return special_digamma(a[0]);
}

static double of_choose(const char *name, const double *a)
{
    (void)name;
    return special_log_choose(a[0], a[1]);
}

static double evaluate(const char *name, const double *arguments)
{
    static const struct {
        const char *start;
        double (*of)(const char *name, const double *arguments);
    } families[] = {{"gamma_", of_gamma}, {"beta_", of_beta}, {"normal_", of_normal}, {"poisson", of_poisson},
        {"binomial", of_binomial}, {"log_gamma", of_log_gamma}, {"digamma", of_digamma}, {"log_choose", of_choose}};

    for (size_t i = 0; i < countof(families); i++)
        if (!strncmp(name, families[i].start, strlen(families[i].start)))
            return families[i].of(name, arguments);
    fail_msg("the table names %s", name);
    return 0;
}

static void the_table_of_sixty_digits_is_met(void **state)
{
    FILE *in = fopen(TABLE, "r");
    char line[512];
    size_t rows = 0, wrong = 0;
    (void)state;

    if (!in)
        fail_msg("%s is not there: tests are run from the project's folder", TABLE);
    while (fgets(line, sizeof line, in)) {
        char *at = line, *name = strsep(&at, ","), *value;
        double arguments[4], expected, got;

        for (size_t i = 0; i < countof(arguments); i++)
            arguments[i] = strtod(strsep(&at, ","), NULL);
        value = at;
        expected = strtod(value, NULL);
        got = evaluate(name, arguments);
        rows++;
        if (fabs(got - expected) <= PROMISED * fabs(expected) || fabs(expected) < 1e-300)
            continue;
        wrong++;
        print_error("%s(%g, %g, %g, %g): %.17g, not %.17g (%.1e)\n", name, arguments[0], arguments[1], arguments[2],
            arguments[3], got, expected, got / expected - 1);
    }
    fclose(in);
    assert_true(rows > 2000);
    assert_int_equal(wrong, 0);
}

/* ---------------------------------------------------------------- ends, and agreement */

static void the_ends_of_the_ranges_are_answered(void **state)
{
    (void)state;
    assert_true(special_gamma(TAIL_LOWER, 3, 0) == 0 && special_gamma(TAIL_UPPER, 3, 0) == 1);
    assert_true(special_gamma(TAIL_LOWER, 3, HUGE_VAL) == 1 && special_gamma(TAIL_UPPER, 3, HUGE_VAL) == 0);
    assert_true(special_gamma(TAIL_LOWER, 0, 2) == 1 && special_gamma(TAIL_UPPER, 0, 2) == 0);
    assert_true(special_gamma_log(TAIL_UPPER, 3, HUGE_VAL) == -HUGE_VAL);
    assert_true(special_gamma_quantile(TAIL_LOWER, 3, 0) == 0 && special_gamma_quantile(TAIL_LOWER, 3, 1) == HUGE_VAL);
    assert_true(special_gamma_quantile(TAIL_UPPER, 3, 0) == HUGE_VAL && special_gamma_quantile(TAIL_UPPER, 3, 1) == 0);
    assert_true(special_gamma_quantile(TAIL_LOWER, 1e-4, 0.01) == 0); /* 1e-20000 */
    assert_true(special_beta(TAIL_LOWER, 2, 3, 0, 1) == 0 && special_beta(TAIL_LOWER, 2, 3, 1, 0) == 1);
    assert_true(special_beta_quantile_odds(TAIL_LOWER, 2, 3, 0) == 0);
    assert_true(special_beta_quantile_odds(TAIL_UPPER, 2, 3, 0) == HUGE_VAL);
    assert_true(special_normal_quantile(TAIL_LOWER, 0) == -HUGE_VAL);
    assert_true(special_normal_quantile(TAIL_UPPER, 0) == HUGE_VAL && special_normal_quantile(TAIL_LOWER, 0.5) == 0);
    assert_true(special_normal(TAIL_LOWER, HUGE_VAL) == 1 && special_normal(TAIL_UPPER, 60) == 0);
    assert_true(special_poisson(0, 0) == 1 && special_poisson(2, 0) == 0 && special_poisson_log(2, 0) == -HUGE_VAL);
    assert_true(special_binomial(0, 4, 0, 1) == 1 && special_binomial(4, 4, 1, 0) == 1);
    assert_true(special_binomial(1, 4, 0, 1) == 0 && special_binomial(0, 0, 0.5, 0.5) == 1);
}

/* The methods change at shape 200 and between the tails: no step may be seen there. */
static void methods_agree_where_they_meet(void **state)
{
    (void)state;
    for (double x = 120; x < 300; x += 7.3) {
        /* Q(a+1, x) = Q(a, x) + x^a e^-x / Γ(a+1) */
        double step = special_gamma(TAIL_UPPER, 199.5, x) + special_poisson(199.5, x);

        assert_true(fabs(special_gamma(TAIL_UPPER, 200.5, x) / step - 1) < PROMISED);
    }
    for (double x = 0.2; x < 0.7; x += 0.017) {
        /* I_x(a, b) = I_x(a+1, b) + x^a y^b / (a B(a, b)) */
        double front = special_binomial(199.5, 199.5 + 260, x, 1 - x) * 260 / (199.5 + 260);
        double step = special_beta(TAIL_LOWER, 200.5, 260, x, 1 - x) + front;

        assert_true(fabs(special_beta(TAIL_LOWER, 199.5, 260, x, 1 - x) / step - 1) < PROMISED);
    }
}

static void quantiles_return_to_their_tails(void **state)
{
    static const double shapes[] = {0.5, 0.7, 1, 2, 13, 180, 220, 4e4, 1e7};
    static const double tails[] = {1e-300, 1e-30, 1e-4, 0.025, 0.3, 0.5, 0.7, 0.999};
    (void)state;

    for (size_t i = 0; i < countof(shapes); i++) {
        for (size_t k = 0; k < countof(tails); k++) {
            double x = special_gamma_quantile(TAIL_UPPER, shapes[i], tails[k]);
            double odds = special_beta_quantile_odds(TAIL_UPPER, shapes[i], 7.5, tails[k]);
            double back = special_beta(TAIL_UPPER, shapes[i], 7.5, odds / (1 + odds), 1 / (1 + odds));

            /* Rounding x by its last bit moves the tail by up to x or a of that. */
            assert_true(fabs(special_gamma(TAIL_UPPER, shapes[i], x) / tails[k] - 1) < 1e-11);
            assert_true(fabs(back / tails[k] - 1) < 1e-11);
        }
    }
}

static void chi_square_is_the_gamma_distribution_of_half(void **state)
{
    (void)state;
    assert_true(fabs(special_chisq(TAIL_UPPER, 3.841458820694124, 1) - 0.05) < 1e-15);
    assert_true(fabs(special_chisq_quantile(TAIL_UPPER, 0.05, 1) - 3.841458820694124) < 1e-14);
    assert_true(fabs(special_chisq_log(TAIL_UPPER, 5000, 2) + 2500) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_sixty_digits_is_met),
        cmocka_unit_test(the_ends_of_the_ranges_are_answered),
        cmocka_unit_test(methods_agree_where_they_meet),
        cmocka_unit_test(quantiles_return_to_their_tails),
        cmocka_unit_test(chi_square_is_the_gamma_distribution_of_half),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
