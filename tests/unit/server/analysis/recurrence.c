/* recurrence: the mean cumulative function, its variances against their definition, late entry, numbers of units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "recurrence.h"

#include "near.h"
#include "repeat.h"
#include "room.h"

enum { ROOM = 64 };

static size_t table(const struct recurrence *r, struct recurrence_point *ret)
{
    struct fail f;
    size_t n = 0;

    assert_accepted(recurrence_mcf(r, 0.95, ret, &n, &f), &f);
    return n;
}

/* Five devices: D(80) = 1, n = 5; D(250) = 2; ages 450 and on have fewer at risk. */
static const uint32_t unit[] = {0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 4, 4};
static const double time[] = {100, 350, 500, 80, 600, 150, 250, 400, 700, 450, 250, 520};
static const bool event[] = {1, 1, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0};
static const double cost[] = {40, 120, 0, 35, 0, 400, 60, 60, 0, 0, 90, 0};
static const struct recurrence devices = {.n = countof(unit), .units = 5, .unit = unit, .time = time, .event = event};

static void counts_and_cost_by_hand(void **state)
{
    struct recurrence_point p[ROOM];
    struct recurrence with_cost = devices;
    (void)state;

    assert_int_equal(table(&devices, p), 6);
    assert_true(p[3].time == 250 && p[3].at_risk == 5 && p[3].jump == 2);
    assert_near(p[5].mcf, 7.0 / 5, 1e-15);
    assert_near(p[3].se_poisson, sqrt(5) / 5, 1e-14); /* the two at 250 are of different devices */
    with_cost.cost = cost;
    assert_int_equal(table(&with_cost, p), 6);
    assert_near(p[5].mcf, 161, 1e-14);
    assert_near(p[0].se_robust, sqrt((pow(35 - 7, 2) + 4 * 49) / 25), 1e-14);
    assert_near(p[0].lo_log, 7 * exp(-1.959963984540054 * p[0].se_robust / 7), 1e-13);
    assert_near(p[0].hi_log * p[0].lo_log, 49, 1e-13);
}

static void two_events_of_one_unit_at_one_age_are_not_independent(void **state)
{
    const uint32_t u[] = {0, 0, 1};
    const double t[] = {5, 5, 9};
    const bool e[] = {1, 1, 0};
    struct recurrence_point p[ROOM];
    (void)state;

    assert_int_equal(table(&(struct recurrence){.n = 3, .units = 2, .unit = u, .time = t, .event = e}, p), 1);
    assert_true(p[0].jump == 2 && p[0].mcf == 1 && p[0].at_risk == 2);
    assert_near(p[0].se_poisson, 1, 1e-15);
    assert_near(p[0].se_robust, sqrt(0.5), 1e-15);
}

static void a_unit_is_at_risk_after_its_entry_through_its_end(void **state)
{
    const uint32_t u[] = {0, 1, 2, 2};
    const double t[] = {5, 5, 3, 8}, entry[] = {0, 0, 2, 2}, late[] = {0, 0, 5, 5}, t_late[] = {5, 5, 7, 8};
    const bool e[] = {1, 0, 1, 1};
    struct recurrence_point p[ROOM];
    (void)state;

    assert_int_equal(table(&(struct recurrence){4, 3, u, t, e, NULL, entry, NULL}, p), 3);
    assert_true(p[0].at_risk == 3 && p[1].at_risk == 3 && p[2].at_risk == 1);
    assert_int_equal(table(&(struct recurrence){4, 3, u, t_late, e, NULL, late, NULL}, p), 3);
    assert_true(p[0].time == 5 && p[0].at_risk == 2 && p[1].at_risk == 1);
}

/* What all units have alike varies in no way. */
static void equal_histories_have_no_variance(void **state)
{
    uint32_t u[60];
    double t[60], c[60];
    bool e[60];
    struct recurrence_point p[ROOM];
    size_t n;
    (void)state;

    for (size_t i = 0; i < 60; i++) {
        u[i] = (uint32_t)(i % 3);
        t[i] = (double)(i / 3 + 1);
        c[i] = 1e6 / 7;
        e[i] = true;
    }
    n = table(&(struct recurrence){.n = 60, .units = 3, .unit = u, .time = t, .event = e, .cost = c}, p);
    assert_int_equal(n, 20);
    for (size_t i = 0; i < n; i++)
        assert_true(p[i].se_robust == 0 && p[i].lo_log == p[i].mcf && p[i].hi_log == p[i].mcf);
}

/* ---- random histories against the definition */

enum { UNITS = 30, ROWS = 200 };

struct history {
    uint32_t unit[ROWS];
    double time[ROWS], cost[ROWS], entry[ROWS], freq[ROWS];
    bool event[ROWS];
};

static struct history random_history(uint64_t seed)
{
    struct repeat at = {seed};
    struct history h;

    for (size_t i = 0; i < ROWS; i++) {
        uint64_t bits;

        repeat_fill(&at, &bits, sizeof bits);
        h.unit[i] = (uint32_t)(bits % UNITS);
        h.entry[i] = (double)(h.unit[i] % 4 * 5);
        h.time[i] = h.entry[i] + 1 + (double)((bits >> 8) % 40);
        h.cost[i] = (double)((bits >> 16) % 100) / 3;
        h.event[i] = (bits >> 24) % 4 > 0;
        h.freq[i] = 1 + h.unit[i] % 3;
    }
    return h;
}

struct sums {
    double at_risk, jump, own[UNITS];
    bool risk[UNITS];
};

static struct sums sums_at(const struct history *h, double age)
{
    struct sums s = {0};
    double end[UNITS] = {0}, start[UNITS], freq[UNITS] = {0};

    for (size_t u = 0; u < UNITS; u++)
        start[u] = (double)INFINITY;
    for (size_t i = 0; i < ROWS; i++) {
        end[h->unit[i]] = fmax(end[h->unit[i]], h->time[i]);
        start[h->unit[i]] = fmin(start[h->unit[i]], h->entry[i]);
        freq[h->unit[i]] = h->freq[i];
        if (h->event[i] && h->time[i] == age)
            s.own[h->unit[i]] += h->cost[i];
    }
    for (size_t u = 0; u < UNITS; u++) {
        s.risk[u] = start[u] < age && age <= end[u];
        s.at_risk += s.risk[u] ? freq[u] : 0;
        s.jump += freq[u] * s.own[u];
    }
    return s;
}

static void variances_are_what_their_definition_says(void **state)
{
    static struct history h;
    struct recurrence_point p[ROWS];
    (void)state;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        double influence[UNITS] = {0}, poisson = 0, mcf = 0;
        struct recurrence r;
        size_t n;

        h = random_history(seed);
        r = (struct recurrence){ROWS, UNITS, h.unit, h.time, h.event, h.cost, h.entry, h.freq};
        n = table(&r, p);
        for (size_t k = 0; k < n; k++) {
            struct sums s = sums_at(&h, p[k].time);
            double robust = 0;

            mcf += s.jump / s.at_risk;
            for (size_t u = 0; u < UNITS; u++) {
                double freq = 1 + (double)(u % 3);

                influence[u] += s.risk[u] ? (s.own[u] - s.jump / s.at_risk) / s.at_risk : 0;
                robust += freq * influence[u] * influence[u];
                poisson += freq * pow(s.own[u] / s.at_risk, 2);
            }
            assert_true(p[k].at_risk == s.at_risk);
            assert_near(p[k].jump, s.jump, 1e-13);
            assert_near(p[k].mcf, mcf, 1e-12);
            assert_near(p[k].se_robust, sqrt(robust), 1e-10);
            assert_near(p[k].se_poisson, sqrt(poisson), 1e-12);
        }
    }
}

static void the_difference_of_two_groups_steps_with_both(void **state)
{
    const double ages[] = {800, 50, 250, 100};
    struct recurrence with_cost = devices;
    struct recurrence_point a[ROOM], b[ROOM];
    struct recurrence_difference d[countof(ages)];
    struct fail f;
    (void)state;

    with_cost.cost = cost;
    table(&with_cost, a);
    table(&devices, b);
    assert_accepted(recurrence_compare(&with_cost, &devices, ages, countof(ages), 0.9, d, &f), &f);
    assert_near(d[0].difference, a[5].mcf - b[5].mcf, 1e-14);
    assert_near(d[0].se, hypot(a[5].se_robust, b[5].se_robust), 1e-14);
    assert_true(d[1].difference == 0 && d[1].se == 0 && d[1].lo == 0);
    assert_near(d[2].difference, a[3].mcf - b[3].mcf, 1e-14); /* at its age an event counts */
    assert_near(d[3].hi - d[3].lo, 2 * 1.6448536269514722 * d[3].se, 1e-13);
}

static void without_events_the_table_is_empty(void **state)
{
    const bool none[countof(unit)] = {0};
    struct recurrence r = devices;
    struct recurrence_point p[1];
    (void)state;

    r.event = none;
    assert_int_equal(table(&r, p), 0);
}

static void wrong_input_is_named_and_nothing_written(void **state)
{
    double entry[countof(unit)] = {0}, freq[countof(unit)], negative[countof(unit)] = {0};
    const uint32_t wild[countof(unit)] = {0, 5};
    struct recurrence rows[6];
    const char *const texts[] = {"time[0]: before entry[0]", "freq[2]: 2 where the unit had 1 before", "cost[3]: -1",
        "unit[1]: 5 of 5 units", "time: 0 given", "time[7]: -3"};
    double bad_time[countof(unit)] = {0};
    struct recurrence_point p = {.mcf = 17};
    struct recurrence_difference d = {.se = 17};
    const double age = (double)NAN;
    size_t n = 17;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(freq); i++)
        freq[i] = 1 + (double)(i == 2);
    entry[0] = 101;
    negative[3] = -1;
    bad_time[7] = -3;
    for (size_t i = 0; i < countof(rows); i++)
        rows[i] = devices;
    rows[0].entry = entry;
    rows[1].freq = freq;
    rows[2].cost = negative;
    rows[3].unit = wild;
    rows[4].n = 0;
    rows[5].time = bad_time;
    for (size_t i = 0; i < countof(rows); i++) {
        assert_refused(recurrence_mcf(&rows[i], 0.95, &p, &n, &f), &f, texts[i]);
        assert_refused(recurrence_compare(&devices, &rows[i], time, 1, 0.95, &d, &f), &f, "second group: ");
    }
    assert_refused(recurrence_mcf(&devices, 0, &p, &n, &f), &f, "level: 0");
    assert_refused(recurrence_compare(&devices, &devices, &age, 1, 0.95, &d, &f), &f, "ages[0]");
    assert_true(n == 17 && p.mcf == 17 && d.se == 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_cost_by_hand),
        cmocka_unit_test(two_events_of_one_unit_at_one_age_are_not_independent),
        cmocka_unit_test(a_unit_is_at_risk_after_its_entry_through_its_end),
        cmocka_unit_test(equal_histories_have_no_variance),
        cmocka_unit_test(variances_are_what_their_definition_says),
        cmocka_unit_test(the_difference_of_two_groups_steps_with_both),
        cmocka_unit_test(without_events_the_table_is_empty),
        cmocka_unit_test(wrong_input_is_named_and_nothing_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
