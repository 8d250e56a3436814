/* survival: the Kaplan-Meier table as published, who is at risk when, and its limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "survival.h"

#include "near.h"

enum { ROOM = 64 };

/* Leukaemia, maintained group (Embury et al. 1977, printed in Miller, Survival Analysis, 1981). */
static const double aml_time[] = {9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161};
static const bool aml_failed[] = {1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0};
static const struct lives aml = {.n = countof(aml_time), .time = aml_time, .failed = aml_failed};

static size_t table(const struct lives *l, enum survival_scale scale, double level, struct survival_point *ret)
{
    struct fail f;
    size_t n = 0;

    assert_accepted(survival_kaplan_meier(l, scale, level, ret, &n, &f), &f);
    return n;
}

static void leukaemia_as_published(void **state)
{
    static const double time[] = {9, 13, 18, 23, 31, 34, 48};
    static const double at_risk[] = {11, 10, 8, 7, 5, 4, 2};
    static const double survival[] = {.909, .818, .716, .614, .491, .368, .184};
    static const double error[] = {.0867, .1163, .1397, .1526, .1642, .1627, .1535};
    static const double lo[] = {.7541, .6192, .4884, .3769, .2549, .1549, .0359};
    struct survival_point p[ROOM];
    size_t n = table(&aml, SURVIVAL_LOG, 0.95, p);
    (void)state;

    assert_int_equal(n, countof(time));
    for (size_t i = 0; i < n; i++) {
        assert_true(p[i].time == time[i] && p[i].at_risk == at_risk[i] && p[i].failures == 1);
        assert_true(fabs(p[i].survival - survival[i]) < 0.0005);
        assert_true(fabs(p[i].std_error - error[i]) < 0.00005);
        assert_true(fabs(p[i].lo - lo[i]) < 0.00005);
    }
    assert_true(p[2].hi == 1 && p[3].hi < 1);
}

/* Three units, three failures; from R 4.2.2, survival 3.5-3. */
static void limits_on_each_scale(void **state)
{
    static const struct {
        enum survival_scale scale;
        double lo, hi;
    } rows[] = {
        {SURVIVAL_PLAIN, 0.13323204, 1},
        {SURVIVAL_LOG, 0.29950713, 1},
        {SURVIVAL_LOG_LOG, 0.05407343, 0.9452064},
        {SURVIVAL_LOGIT, 0.1535131, 0.9566281},
        {SURVIVAL_ARCSIN, 0.1442085, 0.9975332},
    };
    const double time[] = {1, 2, 3};
    const bool failed[] = {1, 1, 1};
    const struct lives l = {.n = 3, .time = time, .failed = failed};
    struct survival_point p[ROOM];
    (void)state;

    for (size_t i = 0; i < countof(rows); i++) {
        assert_int_equal(table(&l, rows[i].scale, 0.95, p), 3);
        assert_near(p[0].lo, rows[i].lo, 1e-6);
        assert_near(p[0].hi, rows[i].hi, 1e-6);
    }
}

static void censored_at_an_age_is_at_risk_there_and_entered_there_is_not(void **state)
{
    const double time[] = {5, 5, 9, 9}, entry[] = {0, 0, 5, 4};
    const bool failed[] = {1, 0, 0, 1};
    const struct lives l = {.n = 4, .time = time, .failed = failed, .entry = entry};
    struct survival_point p[ROOM];
    (void)state;

    assert_int_equal(table(&l, SURVIVAL_LOG, 0.95, p), 2);
    assert_true(p[0].at_risk == 3 && p[1].at_risk == 2);
    assert_near(p[1].survival, 2.0 / 3 / 2, 1e-15);
}

static void a_row_counts_as_many_units_as_its_freq(void **state)
{
    double time[3 * countof(aml_time)], freq[countof(aml_time)];
    bool failed[countof(time)];
    struct lives weighted = aml, repeated = {.n = countof(time), .time = time, .failed = failed};
    struct survival_point p[ROOM], q[ROOM];
    (void)state;

    for (size_t i = 0; i < countof(time); i++) {
        freq[i / 3] = 3;
        time[i] = aml_time[i / 3];
        failed[i] = aml_failed[i / 3];
    }
    weighted.freq = freq;
    assert_int_equal(table(&weighted, SURVIVAL_LOG_LOG, 0.9, p), table(&repeated, SURVIVAL_LOG_LOG, 0.9, q));
    assert_memory_equal(p, q, 7 * sizeof *p);
    for (size_t i = 0; i < countof(freq); i++)
        freq[i] = 1e9;
    table(&weighted, SURVIVAL_LOG_LOG, 0.9, p);
    table(&aml, SURVIVAL_LOG_LOG, 0.9, q);
    for (size_t i = 0; i < 7; i++) {
        assert_near(p[i].survival, q[i].survival, 1e-15);
        assert_near(p[i].std_error, q[i].std_error / sqrt(1e9), 1e-14);
    }
}

/* The few units of the last ages behind 1e9 that left before. */
static void a_tail_of_few_units_is_exact(void **state)
{
    const double time[] = {1, 2, 3}, freq[] = {1e9 + 0.1, 1, 1};
    const bool failed[] = {0, 1, 0};
    const struct lives l = {.n = 3, .time = time, .failed = failed, .freq = freq};
    struct survival_point p[ROOM];
    (void)state;

    assert_int_equal(table(&l, SURVIVAL_LOG, 0.95, p), 1);
    assert_true(p[0].at_risk == 2 && p[0].survival == 0.5);
}

static void where_nothing_survives_there_are_no_limits(void **state)
{
    const double time[] = {2, 9, 8}, entry[] = {0, 5, 5};
    const bool failed[] = {1, 0, 1};
    const struct lives l = {.n = 3, .time = time, .failed = failed, .entry = entry};
    struct survival_point p[ROOM];
    (void)state;

    assert_int_equal(table(&l, SURVIVAL_PLAIN, 0.95, p), 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(p[i].survival == 0 && isnan(p[i].std_error) && isnan(p[i].lo) && isnan(p[i].hi));
    assert_true(p[1].at_risk == 2);
}

static void without_a_failure_the_table_is_empty(void **state)
{
    const double time[] = {4, 7};
    const bool failed[] = {0, 0};
    const struct lives l = {.n = 2, .time = time, .failed = failed};
    struct survival_point p[1];
    (void)state;

    assert_int_equal(table(&l, SURVIVAL_LOG, 0.95, p), 0);
}

static void wrong_input_is_named_and_nothing_written(void **state)
{
    const bool failed[] = {1, 0, 1};
    const struct {
        double time[3], entry[3], freq[3], level;
        size_t n;
        const char *text;
    } rows[] = {
        {{1, 2, 3}, {0, 0, 0}, {1, 1, 1}, 0.95, 0, "time: 0 given"},
        {{1, -2, 3}, {0, 0, 0}, {1, 1, 1}, 0.95, 3, "time[1]"},
        {{1, 2, (double)NAN}, {0, 0, 0}, {1, 1, 1}, 0.95, 3, "time[2]"},
        {{1, 2, (double)INFINITY}, {0, 0, 0}, {1, 1, 1}, 0.95, 3, "time[2]"},
        {{1, 2, 3}, {0, 5, 0}, {1, 1, 1}, 0.95, 3, "time[1]: before entry[1]"},
        {{1, 2, 3}, {0, 0, 3}, {1, 1, 1}, 0.95, 3, "time[2]: not after entry[2]"},
        {{1, 2, 3}, {-1, 0, 0}, {1, 1, 1}, 0.95, 3, "entry[0]"},
        {{1, 2, 3}, {0, 0, 0}, {1, 1, -1}, 0.95, 3, "freq[2]"},
        {{1, 2, 3}, {0, 0, 0}, {1, 1, (double)INFINITY}, 0.95, 3, "freq[2]"},
        {{1, 2, 3}, {0, 0, 0}, {1, 1, 1}, 1, 3, "level"},
        {{1, 2, 3}, {0, 0, 0}, {1, 1, 1}, (double)NAN, 3, "level"},
    };
    struct survival_point p = {.time = 17};
    struct fail f;
    size_t n = 17;
    (void)state;

    for (size_t i = 0; i < countof(rows); i++) {
        const struct lives l = {rows[i].n, rows[i].time, failed, rows[i].entry, rows[i].freq};

        assert_refused(survival_kaplan_meier(&l, SURVIVAL_LOG, rows[i].level, &p, &n, &f), &f, rows[i].text);
        assert_true(n == 17 && p.time == 17);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leukaemia_as_published),
        cmocka_unit_test(limits_on_each_scale),
        cmocka_unit_test(censored_at_an_age_is_at_risk_there_and_entered_there_is_not),
        cmocka_unit_test(a_row_counts_as_many_units_as_its_freq),
        cmocka_unit_test(a_tail_of_few_units_is_exact),
        cmocka_unit_test(where_nothing_survives_there_are_no_limits),
        cmocka_unit_test(without_a_failure_the_table_is_empty),
        cmocka_unit_test(wrong_input_is_named_and_nothing_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
