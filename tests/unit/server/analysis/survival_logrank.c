/* survival_logrank: whether groups differ, plain and by strata, with late entry and numbers of units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "survival.h"

#include "near.h"

/* Leukaemia, maintained (group 0) and not (Miller 1981); chi-square 3.4, p 0.07 in the manual of R's survdiff. */
static const double time[] = {9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45};
static const bool failed[] = {1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1};
static const uint32_t group[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
enum { N = countof(time) };
static const struct lives aml = {.n = N, .time = time, .failed = failed};

struct outcome {
    double observed[4], expected[4];
    struct survival_test test;
};

static struct outcome compared(const struct lives *l, const struct survival_groups *g)
{
    struct outcome o;
    struct fail f;

    assert_accepted(survival_logrank(l, g, o.observed, o.expected, &o.test, &f), &f);
    return o;
}

static void leukaemia_as_published(void **state)
{
    struct outcome o = compared(&aml, &(struct survival_groups){2, group, 1, NULL});
    (void)state;

    assert_true(o.observed[0] == 7 && o.observed[1] == 11);
    assert_near(o.expected[0], 10.69, 1e-3);
    assert_near(o.expected[1], 7.31, 1e-3);
    assert_near(o.test.chisq, 3.3963886989776, 1e-12);
    assert_near(o.test.p, 0.0653393220405051, 1e-12);
    assert_true(o.test.df == 1);
}

/* Two strata with the same units in them: every sum doubles. */
static void strata_add_up(void **state)
{
    double t[2 * N];
    bool d[2 * N];
    uint32_t g[2 * N], s[2 * N];
    struct outcome one = compared(&aml, &(struct survival_groups){2, group, 1, NULL}), two;
    (void)state;

    for (size_t i = 0; i < countof(t); i++) {
        t[i] = time[i / 2] * (i % 2 ? 1 : 1000); /* ages of different strata are never compared */
        d[i] = failed[i / 2];
        g[i] = group[i / 2];
        s[i] = i % 2;
    }
    two = compared(&(struct lives){.n = countof(t), .time = t, .failed = d}, &(struct survival_groups){2, g, 2, s});
    for (size_t i = 0; i < 2; i++) {
        assert_near(two.observed[i], 2 * one.observed[i], 1e-15);
        assert_near(two.expected[i], 2 * one.expected[i], 1e-14);
    }
    assert_near(two.test.chisq, 2 * one.test.chisq, 1e-13);
}

static void freq_is_that_many_rows(void **state)
{
    double t[4 * N], freq[N];
    bool d[4 * N];
    uint32_t g[4 * N];
    struct lives weighted = aml;
    struct outcome a, b;
    (void)state;

    for (size_t i = 0; i < countof(t); i++) {
        t[i] = time[i / 4];
        d[i] = failed[i / 4];
        g[i] = group[i / 4];
        freq[i / 4] = 4;
    }
    weighted.freq = freq;
    a = compared(&weighted, &(struct survival_groups){2, group, 1, NULL});
    b = compared(&(struct lives){.n = countof(t), .time = t, .failed = d}, &(struct survival_groups){2, g, 1, NULL});
    assert_near(a.expected[0], b.expected[0], 1e-14);
    assert_near(a.test.chisq, b.test.chisq, 1e-13);
}

/* At age 4 two of group 0 and one of group 1 are at risk; at 6 one of each; at 9 one. Expected of group 1: 1/3 + 1/2,
 * variance 2/9 + 1/4. */
static void before_its_entry_a_unit_is_not_at_risk(void **state)
{
    const double t[] = {4, 6, 9, 9}, entry[] = {0, 1, 4, 0};
    const bool d[] = {1, 0, 0, 1};
    const uint32_t g[] = {0, 0, 0, 1};
    const double t2[] = {4, 6, 9, 7}, entry2[] = {0, 1, 5, 0};
    const bool d2[] = {1, 1, 0, 0};
    struct outcome o = compared(&(struct lives){4, t, d, entry, NULL}, &(struct survival_groups){2, g, 1, NULL});
    (void)state;

    assert_near(o.expected[1], 1.0 / 3 + 1.0 / 2, 1e-14);
    assert_near(o.test.chisq, pow(1 - 5.0 / 6, 2) / (2.0 / 9 + 1.0 / 4), 1e-13);
    o = compared(&(struct lives){4, t2, d2, entry2, NULL}, &(struct survival_groups){2, g, 1, NULL});
    assert_near(o.expected[1], 1.0 / 3 + 1.0 / 3, 1e-14);
}

/* Three groups one of which was never at risk when a unit failed: it is no part of the test. */
static void a_group_that_was_never_at_risk_is_left_out(void **state)
{
    const double t[] = {4, 6, 9, 9, 1};
    const bool d[] = {1, 0, 0, 1, 0};
    const uint32_t g[] = {0, 0, 1, 1, 2};
    struct outcome o =
        compared(&(struct lives){.n = 5, .time = t, .failed = d}, &(struct survival_groups){3, g, 1, NULL});
    (void)state;

    assert_true(o.test.df == 1 && o.observed[2] == 0 && o.expected[2] == 0);
}

static void probabilities_are_right_far_out(void **state)
{
    enum { MANY = 530 };
    static double t[2 * MANY];
    static bool d[2 * MANY];
    static uint32_t g[2 * MANY];
    struct outcome o;
    (void)state;

    for (size_t i = 0; i < countof(t); i++) {
        t[i] = (double)(i + 1);
        d[i] = true;
        g[i] = i >= MANY;
    }
    o = compared(&(struct lives){.n = countof(t), .time = t, .failed = d}, &(struct survival_groups){2, g, 1, NULL});
    assert_true(o.test.p > 0 && o.test.p < 1e-280);
    assert_near(o.test.p, erfc(sqrt(o.test.chisq / 2)), 1e-11);
}

static void what_cannot_be_compared_is_refused(void **state)
{
    const double t[] = {1, 2, 8, 9}, late[] = {0, 0, 5, 5};
    const bool all[] = {1, 1, 1, 1}, none[] = {0, 0, 0, 0};
    const uint32_t g[] = {0, 0, 1, 1}, one[] = {0, 0, 0, 0}, wild[] = {0, 0, 2, 1};
    const struct {
        struct lives l;
        struct survival_groups g;
        const char *text;
    } rows[] = {
        {{4, t, none, NULL, NULL}, {2, g, 1, NULL}, "not estimable: fewer than two groups"},
        {{4, t, all, NULL, NULL}, {2, one, 1, NULL}, "not estimable: fewer than two groups"},
        {{4, t, all, late, NULL}, {2, g, 1, NULL}, "not estimable: group 1 was never at risk together"},
        {{4, t, all, NULL, NULL}, {2, wild, 1, NULL}, "group[2]: 2 of 2 groups"},
        {{4, t, all, NULL, NULL}, {1, one, 1, NULL}, "groups: 1"},
        {{4, t, all, NULL, NULL}, {2, g, 2, NULL}, "strata"},
        {{4, t, all, NULL, NULL}, {2, g, 2, wild}, "stratum[2]"},
        {{4, late, all, t, NULL}, {2, g, 1, NULL}, "time[0]: before entry[0]"},
    };
    double observed[2] = {17, 17}, expected[2] = {17, 17};
    struct survival_test test = {.p = 17};
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(rows); i++) {
        assert_refused(survival_logrank(&rows[i].l, &rows[i].g, observed, expected, &test, &f), &f, rows[i].text);
        assert_true(observed[0] == 17 && expected[1] == 17 && test.p == 17);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leukaemia_as_published),
        cmocka_unit_test(strata_add_up),
        cmocka_unit_test(freq_is_that_many_rows),
        cmocka_unit_test(before_its_entry_a_unit_is_not_at_risk),
        cmocka_unit_test(a_group_that_was_never_at_risk_is_left_out),
        cmocka_unit_test(probabilities_are_right_far_out),
        cmocka_unit_test(what_cannot_be_compared_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
