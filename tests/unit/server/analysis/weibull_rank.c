/* weibull_rank: ranks and positions as in the Weibull handbook, and the line through them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "weibull_rank.h"

#include "near.h"

/* Abernethy, The New Weibull Handbook, chapter 2: eight units, three suspended. */
static const double handbook_time[] = {10, 30, 45, 49, 82, 90, 96, 100};
static const bool handbook_failed[] = {0, 1, 0, 1, 1, 1, 1, 0};
static const struct lives handbook = {.n = 8, .time = handbook_time, .failed = handbook_failed};

static size_t points(const struct lives *l, enum weibull_plotting plotting, struct weibull_rank_point *ret)
{
    struct fail f;
    size_t n = 0;

    assert_accepted(weibull_rank_points(l, plotting, ret, &n, &f), &f);
    return n;
}

static void handbook_ranks(void **state)
{
    static const double ranks[] = {1.125, 2.438, 3.750, 5.063, 6.375}, benard[] = {9.8, 25.5, 41.1, 56.7, 72.3};
    struct weibull_rank_point p[8];
    (void)state;

    assert_int_equal(points(&handbook, WEIBULL_BENARD, p), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(fabs(p[i].rank - ranks[i]) < 0.0006);
        assert_true(fabs(100 * p[i].position - benard[i]) < 0.06);
    }
}

/* The median of Beta(r, n - r + 1): 1 - 0.5^(1/n) for the first, 0.5^(1/n) for the last. */
static void positions_of_each_kind(void **state)
{
    const double time[] = {1, 2, 3};
    const bool failed[] = {1, 1, 1};
    const struct lives l = {.n = 3, .time = time, .failed = failed};
    struct weibull_rank_point p[3];
    (void)state;

    points(&l, WEIBULL_BETA_MEDIAN, p);
    assert_near(p[0].position, 1 - cbrt(0.5), 1e-13);
    assert_near(p[1].position, 0.5, 1e-13);
    assert_near(p[2].position, cbrt(0.5), 1e-13);
    points(&l, WEIBULL_BENARD, p);
    assert_near(p[0].position, 0.7 / 3.4, 1e-14);
    points(&l, WEIBULL_MEAN_RANK, p);
    assert_near(p[0].position, 0.25, 1e-14);
    points(&l, WEIBULL_HAZEN, p);
    assert_near(p[0].position, 0.5 / 3, 1e-14);
}

static void at_one_age_failures_go_before_suspensions(void **state)
{
    const double time[] = {7, 7, 7, 9};
    const bool failed[] = {0, 1, 0, 1};
    const double repeated[] = {7, 7, 9, 9}, freq[] = {2, 1.0, 1, 0};
    const bool repeated_failed[] = {0, 1, 1, 0};
    struct weibull_rank_point p[4], q[4];
    (void)state;

    assert_int_equal(points(&(struct lives){.n = 4, .time = time, .failed = failed}, WEIBULL_BENARD, p), 2);
    assert_near(p[0].rank, 1, 1e-15);
    assert_near(p[1].rank, 1 + 4.0 / 2, 1e-15);
    assert_int_equal(points(&(struct lives){4, repeated, repeated_failed, NULL, freq}, WEIBULL_BENARD, q), 2);
    assert_near(q[1].rank, p[1].rank, 1e-15);
}

static void a_failed_row_of_several_units_is_as_many_points(void **state)
{
    const double time[] = {4, 6}, freq[] = {3, 1};
    const bool failed[] = {1, 1};
    struct weibull_rank_point p[4];
    (void)state;

    assert_int_equal(points(&(struct lives){2, time, failed, NULL, freq}, WEIBULL_BENARD, p), 4);
    for (size_t i = 0; i < 4; i++)
        assert_near(p[i].rank, (double)(i + 1), 1e-14);
    assert_true(p[2].time == 4 && p[3].time == 6);
}

static void a_straight_line_is_found_both_ways(void **state)
{
    struct weibull_rank_point p[9];
    struct weibull_rank_line line;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < 9; i++) {
        p[i].position = (double)(i + 1) / 10;
        p[i].time = 1234 * pow(-log1p(-p[i].position), 1 / 2.5);
    }
    for (int d = 0; d < 2; d++) {
        assert_accepted(weibull_rank_line(p, 9, d ? WEIBULL_X_ON_Y : WEIBULL_Y_ON_X, &line, &f), &f);
        assert_near(line.shape, 2.5, 1e-13);
        assert_near(line.scale, 1234, 1e-13);
        assert_near(line.r_squared, 1, 1e-13);
    }
}

/* Off the line the slopes differ by r². */
static void the_two_directions_differ_by_the_correlation(void **state)
{
    struct weibull_rank_point p[8];
    struct weibull_rank_line x_on_y, y_on_x;
    size_t n = points(&handbook, WEIBULL_BENARD, p);
    struct fail f;
    (void)state;

    assert_accepted(weibull_rank_line(p, n, WEIBULL_X_ON_Y, &x_on_y, &f), &f);
    assert_accepted(weibull_rank_line(p, n, WEIBULL_Y_ON_X, &y_on_x, &f), &f);
    assert_near(y_on_x.shape / x_on_y.shape, x_on_y.r_squared, 1e-13);
    assert_true(x_on_y.r_squared < 0.99);
}

static void wrong_input_is_named(void **state)
{
    const double entry[8] = {0}, half[] = {1, 1.5, 1, 1, 1, 1, 1, 1}, many[] = {1, 1e9, 1, 1, 1, 1, 1, 1};
    const double zero[] = {0, 1, 2};
    const bool failed[] = {1, 1, 1};
    const struct lives late = {8, handbook_time, handbook_failed, entry, NULL};
    const struct lives parts = {8, handbook_time, handbook_failed, NULL, half};
    const struct lives crowd = {8, handbook_time, handbook_failed, NULL, many};
    const struct lives at_0 = {.n = 3, .time = zero, .failed = failed};
    struct weibull_rank_point p[8] = {{.time = 17}};
    struct weibull_rank_line line = {.shape = 17};
    size_t n = 17;
    struct fail f;
    (void)state;

    assert_refused(weibull_rank_points(&late, WEIBULL_BENARD, p, &n, &f), &f, "entry");
    assert_refused(weibull_rank_points(&parts, WEIBULL_BENARD, p, &n, &f), &f, "failed row 1: freq: 1.5");
    assert_refused(weibull_rank_points(&crowd, WEIBULL_BENARD, p, &n, &f), &f, "freq: 1e+09 failures");
    assert_refused(weibull_rank_points(&at_0, WEIBULL_BENARD, p, &n, &f), &f, "time[0]: a failure at age 0");
    assert_true(n == 17 && p[0].time == 17);
    p[0] = p[1] = (struct weibull_rank_point){5, 1, 0.2};
    assert_refused(weibull_rank_line(p, 1, WEIBULL_X_ON_Y, &line, &f), &f, "not estimable");
    assert_refused(weibull_rank_line(p, 2, WEIBULL_X_ON_Y, &line, &f), &f, "not estimable");
    p[1].position = 1;
    assert_refused(weibull_rank_line(p, 2, WEIBULL_X_ON_Y, &line, &f), &f, "point 1: position: 1");
    assert_true(line.shape == 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handbook_ranks),
        cmocka_unit_test(positions_of_each_kind),
        cmocka_unit_test(at_one_age_failures_go_before_suspensions),
        cmocka_unit_test(a_failed_row_of_several_units_is_as_many_points),
        cmocka_unit_test(a_straight_line_is_found_both_ways),
        cmocka_unit_test(the_two_directions_differ_by_the_correlation),
        cmocka_unit_test(wrong_input_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
