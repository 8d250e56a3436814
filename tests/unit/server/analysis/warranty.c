/* warranty: Nevada tables, reporting delay, observed over expected: by hand and at their edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "warranty.h"

#include "near.h"

static const double none = (double)NAN;

/* Two months of shipment, four months seen. Ages: 1: 2 + 4, 2: 3 + 5, 3: 1; left 94 at age 3, 191 at age 2. */
static void a_nevada_table_becomes_ages(void **state)
{
    const double shipped[] = {100, 200}, returns[] = {none, 2, 3, 1, none, none, 4, 5};
    struct warranty_age a[3];
    struct weibull_fit fit;
    size_t n = 0;
    struct fail f;
    (void)state;

    assert_accepted(warranty_nevada(shipped, 2, returns, 4, a, &n, &f), &f);
    assert_int_equal(n, 3);
    assert_true(a[0].failures == 6 && a[1].failures == 8 && a[2].failures == 1);
    assert_true(a[0].suspensions == 0 && a[1].suspensions == 191 && a[2].suspensions == 94);
    assert_true(a[0].at_risk == 300 && a[1].at_risk == 294 && a[2].at_risk == 95);
    assert_near(a[2].cumulative, 1000 * (6. / 300 + 8. / 294 + 1. / 95), 1e-14);
    assert_accepted(warranty_weibull(a, n, &fit, &f), &f);
    assert_true(fit.units == 300 && fit.failures == 15);
}

/* The cohort that reached age 3 was returned whole before; shipped in the last month: no age yet. */
static void ages_that_no_unit_reached_are_not_listed(void **state)
{
    const double shipped[] = {5, 7, 3, 9},
                 returns[] = {0, 5, 0, 0, none, none, 1, 0, 0, 0, 0, 2, none, none, none, none};
    struct warranty_age a[3];
    size_t n = 0;
    struct fail f;
    (void)state;

    assert_accepted(warranty_nevada(shipped, 4, returns, 4, a, &n, &f), &f);
    assert_int_equal(n, 2);
    assert_true(a[0].at_risk == 15 && a[0].failures == 8 && a[0].suspensions == 1 && a[1].at_risk == 6);
}

static void wrong_nevada_tables_are_named(void **state)
{
    const struct {
        double shipped[2], returns[4];
        size_t months, columns;
        const char *text;
    } rows[] = {
        {{5, 5}, {none, 6, none, none}, 2, 2, "returns[0]: 6 returned of 5"},
        {{5, 5}, {1, 2, none, none}, 2, 2, "returns[0][0]: not after"},
        {{5, 5}, {none, 2, 1, none}, 2, 2, "returns[1][0]: not after"},
        {{5, 5}, {none, none, none, none}, 2, 2, "returns[0][1]: nan"},
        {{5, 5}, {none, -1, none, none}, 2, 2, "returns[0][1]: -1"},
        {{5, -5}, {none, 1, none, none}, 2, 2, "shipped[1]: -5"},
        {{5, 5}, {none, 1, none, none}, 2, 1, "returns: 1 columns for 2 months"},
        {{0, 5}, {none, 0, none, none}, 2, 2, "not estimable: no unit was shipped"},
        {{5, 5}, {none, 0, none, none}, 0, 2, "shipped: 0 given"},
    };
    struct warranty_age a[2] = {{.at_risk = 17}};
    size_t n = 17;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(rows); i++) {
        assert_refused(warranty_nevada(rows[i].shipped, rows[i].months, rows[i].returns, rows[i].columns, a, &n, &f),
            &f, rows[i].text);
        assert_true(n == 17 && a[0].at_risk == 17);
    }
}

/* Half of what is reported at once and a week later comes a week later: G(0) = 1/2 of G(1) = 9/10. */
static void delays_by_hand(void **state)
{
    const double triangle[] = {45, 45, 10, 20, 20, none, 30, none, none};
    double hazard[2], G[3];
    struct warranty_report r[3];
    struct fail f;
    (void)state;

    assert_accepted(warranty_delay(triangle, 3, 3, hazard, G, r, &f), &f);
    assert_near(hazard[0], 0.5, 1e-15);
    assert_near(hazard[1], 0.1, 1e-15);
    assert_near(G[0], 0.45, 1e-15);
    assert_near(G[1], 0.9, 1e-15);
    assert_true(G[2] == 1 && r[0].delays == 3 && r[2].delays == 1 && r[0].reported == 100);
    assert_near(r[1].adjusted, 40 / 0.9, 1e-15);
    assert_near(r[2].adjusted, 30 / 0.45, 1e-15);
}

/* So far nobody reported at once, in one row somebody did, in one nobody. */
static void what_cannot_be_reported_yet_is_infinite_or_unknown(void **state)
{
    const double none_at_once[] = {0, 8, 4, none, 0, none};
    double hazard[1], G[2];
    struct warranty_report r[3];
    struct fail f;
    (void)state;

    assert_accepted(warranty_delay(none_at_once, 3, 2, hazard, G, r, &f), &f);
    assert_true(hazard[0] == 1 && G[0] == 0 && r[0].adjusted == 8 && isinf(r[1].adjusted) && isnan(r[2].adjusted));
}

static void wrong_triangles_are_named(void **state)
{
    const struct {
        double triangle[4];
        const char *text;
    } rows[] = {
        {{1, 2, none, 3}, "triangle[1][1]: 3"},
        {{1, -2, 3, none}, "triangle[0][1]: -2"},
        {{1, 2, none, none}, "triangle[1]: shows no delay"},
        {{1, none, 3, none}, "not estimable: no row shows delay 1"},
        {{0, 0, 3, none}, "not estimable: no report up to delay 1"},
    };
    double hazard[1] = {17}, G[2] = {17};
    struct warranty_report r[2] = {{.adjusted = 17}};
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(rows); i++) {
        assert_refused(warranty_delay(rows[i].triangle, 2, 2, hazard, G, r, &f), &f, rows[i].text);
        assert_true(hazard[0] == 17 && G[0] == 17 && r[0].adjusted == 17);
    }
}

static struct warranty_ratio ratio(double observed, double exposure, double base, double level)
{
    struct warranty_ratio r = {0};
    struct fail f;

    assert_accepted(warranty_ratio(&observed, &exposure, &base, 1, level, &r, &f), &f);
    return r;
}

/* No event: the upper limit is -ln(0.025), one event: P(X >= 1) = 1 - exp(-E), the lower limit -ln(1 - 0.025). */
static void no_event_and_one_event(void **state)
{
    struct warranty_ratio r = ratio(0, 100, 0.02, 0.95);
    (void)state;

    assert_true(r.ratio == 0 && r.limits.lo == 0 && r.lower == 0 && r.p_greater == 1 && r.attributable == -2);
    assert_near(r.limits.hi, -log(0.025) / 2, 1e-13);
    assert_true(r.attributable_lower == -2 && isinf(r.attributable_part) && r.attributable_part < 0);
    r = ratio(1, 1e12, 1e-18, 0.95);
    assert_near(r.p_greater, -expm1(-1e-6), 1e-13);
    assert_near(r.limits.lo, -log1p(-0.025) / 1e-6, 1e-12);
    assert_near(r.lower, -log1p(-0.05) / 1e-6, 1e-12);
}

static void far_out_and_large(void **state)
{
    struct warranty_ratio r = ratio(1e6, 1e12, 9.9e-7, 0.95);
    double tail = 1;
    (void)state;

    assert_near(r.attributable, 1e4, 1e-9);
    assert_near(r.p_greater, 6e-24, 0.5); /* ten standard deviations */
    r = ratio(200, 1, 3, 0.95);
    for (double k = 201; k < 240; k++) /* P(X >= 200) = P(X = 200) (1 + 3/201 (1 + 3/202 (...))) */
        tail += exp((k - 200) * log(3) - lgamma(k + 1) + lgamma(201));
    assert_near(r.p_greater, exp(200 * log(3) - 3 - lgamma(201)) * tail, 1e-11);
    assert_true(r.p_greater < 1e-250);
}

static void wrong_ratios_are_named(void **state)
{
    const struct {
        double observed[2], exposure[2], base[2], level;
        const char *text;
    } rows[] = {
        {{1, -1}, {1, 1}, {1, 1}, 0.95, "obs[1]: -1"},
        {{1, 0.5}, {1, 1}, {1, 1}, 0.95, "obs[1]: 0.5"},
        {{1, 1}, {1, (double)INFINITY}, {1, 1}, 0.95, "expo[1]: inf"},
        {{1, 1}, {1, 0}, {1, 1}, 0.95, "expo[1]: 0 although 1"},
        {{1, 1}, {1, 1}, {-1, 1}, 0.95, "base[0]: -1"},
        {{0, 0}, {1, 0}, {0, 1}, 0.95, "base: 0 failures are expected"},
        {{1, 1}, {1, 1}, {1, 1}, 95, "level: 95"},
    };
    struct warranty_ratio r = {.ratio = 17};
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(rows); i++)
        assert_refused(warranty_ratio(rows[i].observed, rows[i].exposure, rows[i].base, 2, rows[i].level, &r, &f), &f,
            rows[i].text);
    assert_true(r.ratio == 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nevada_table_becomes_ages),
        cmocka_unit_test(ages_that_no_unit_reached_are_not_listed),
        cmocka_unit_test(wrong_nevada_tables_are_named),
        cmocka_unit_test(delays_by_hand),
        cmocka_unit_test(what_cannot_be_reported_yet_is_infinite_or_unknown),
        cmocka_unit_test(wrong_triangles_are_named),
        cmocka_unit_test(no_event_and_one_event),
        cmocka_unit_test(far_out_and_large),
        cmocka_unit_test(wrong_ratios_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
