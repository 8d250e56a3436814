/* growth: Crow-AMSAA and Laplace as published, and against closed forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "growth.h"

#include "near.h"

/* The example of the reliability package for Python: Beta 0.741656619656656, Lambda 0.0007886414235385733. */
static const double engine[] = {10400, 26900, 43400, 66400, 89400, 130400, 163400, 232000, 242000, 340700};

static void crow_amsaa_as_published(void **state)
{
    struct growth_fit g;
    struct fail f;
    (void)state;

    assert_accepted(growth_failure_truncated(engine, countof(engine), &g, &f), &f);
    assert_near(g.beta, 0.741656619656656, 1e-13);
    assert_near(g.lambda, 0.0007886414235385733, 1e-12);
    assert_near(g.beta_unbiased, g.beta * 0.8, 1e-15);
    assert_near(g.mtbf_instantaneous, 45937.70, 1e-7);
    assert_near(g.mtbf_cumulative, 34070, 1e-15);
}

/* ln(T/t) is ln 4 + ln 2 + ln 2 = 4 ln 2. */
static void time_truncated_counts_to_the_end_of_the_observation(void **state)
{
    const double times[] = {25, 50, 50};
    struct growth_fit g;
    struct fail f;
    (void)state;

    assert_accepted(growth_time_truncated(times, 3, 100, &g, &f), &f);
    assert_near(g.beta, 3 / (4 * log(2)), 1e-14);
    assert_near(g.beta_unbiased, g.beta * 2 / 3, 1e-15);
    assert_near(g.lambda * pow(100, g.beta), 3, 1e-13);
    assert_near(g.mtbf_instantaneous, 1 / (g.lambda * g.beta * pow(100, g.beta - 1)), 1e-13);
}

static void laplace_by_hand(void **state)
{
    const double early[] = {10, 20, 30}, even[] = {25, 50, 75};
    struct growth_trend t;
    struct fail f;
    (void)state;

    assert_accepted(growth_laplace_time_truncated(early, 3, 100, &t, &f), &f);
    assert_near(t.U, (60 - 150) / (100 * sqrt(3.0 / 12)), 1e-14);
    assert_near(t.p, erfc(fabs(t.U) / sqrt(2)), 1e-13);
    assert_accepted(growth_laplace_time_truncated(even, 3, 100, &t, &f), &f);
    assert_true(t.U == 0 && t.p == 1);
    assert_accepted(growth_laplace_failure_truncated(early, 3, &t, &f), &f); /* 10 and 20 within 30: no trend */
    assert_true(fabs(t.U) < 1e-15);
    assert_accepted(growth_laplace_failure_truncated(even, 2, &t, &f), &f);
    assert_true(t.U == 0);
}

static void probabilities_are_right_far_out(void **state)
{
    static double times[450];
    struct growth_trend t;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(times); i++)
        times[i] = 1e-3 * (double)i;
    assert_accepted(growth_laplace_time_truncated(times, countof(times), 1e9, &t, &f), &f);
    assert_near(t.U, -sqrt(3.0 * countof(times)), 1e-8);
    assert_true(t.p > 0 && t.p < 1e-290);
}

static void wrong_input_is_named(void **state)
{
    const struct {
        double times[3], T;
        size_t n;
        const char *text;
    } rows[] = {
        {{1, 3, 2}, 9, 3, "times[2]: before times[1]"},
        {{1, 2, 3}, 2, 3, "times[2]: after T"},
        {{-1, 2, 3}, 9, 3, "times[0]: -1"},
        {{1, 2, (double)NAN}, 9, 3, "times[2]"},
        {{1, 2, 3}, (double)INFINITY, 3, "T: inf"},
        {{1, 2, 3}, 9, 0, "times: 0 given"},
    };
    const double one[] = {5, 5}, zero[] = {0, 4};
    struct growth_fit g = {.beta = 17};
    struct growth_trend t = {.U = 17};
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(rows); i++) {
        assert_refused(growth_time_truncated(rows[i].times, rows[i].n, rows[i].T, &g, &f), &f, rows[i].text);
        assert_refused(growth_laplace_time_truncated(rows[i].times, rows[i].n, rows[i].T, &t, &f), &f, rows[i].text);
    }
    assert_refused(growth_failure_truncated(one, 1, &g, &f), &f, "times: 1 given, at least 2");
    assert_refused(growth_failure_truncated(one, 2, &g, &f), &f, "not estimable: all failures are at the end");
    assert_refused(growth_time_truncated(zero, 2, 9, &g, &f), &f, "times[0]: 0");
    assert_refused(growth_laplace_failure_truncated(one, 1, &t, &f), &f, "times: 1 given");
    assert_true(g.beta == 17 && t.U == 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crow_amsaa_as_published),
        cmocka_unit_test(time_truncated_counts_to_the_end_of_the_observation),
        cmocka_unit_test(laplace_by_hand),
        cmocka_unit_test(probabilities_are_right_far_out),
        cmocka_unit_test(wrong_input_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
