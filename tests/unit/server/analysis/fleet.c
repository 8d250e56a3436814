/* fleet: each trap of the join by itself: replaced parts, duplicates, unconfirmed repairs, late service, the cut-off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fleet.h"

#include <math.h>
#include <string.h>

static void assert_near(double got, double expected, double relative)
{
    if (!(fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

enum { PUMP, FAN };
enum { MOST = 16 };

static const double never = (double)INFINITY;

/* Device 0 in service on day 10, device 1 on day 50, device 2 not yet. */
static const double in_service[] = {10, 50, (double)INFINITY};

static struct fleet_totals attribute(const struct fleet_item *items, size_t item_count,
    const struct fleet_event *events, size_t event_count, struct fleet_usage *usage)
{
    const struct fleet fleet = {.in_service = in_service,
        .devices = 3,
        .items = items,
        .item_count = item_count,
        .events = events,
        .event_count = event_count,
        .incidents = 10,
        .cutoff = 100};
    struct fleet_totals totals;
    struct fail f;

    if (fleet_attribute(&fleet, usage, &totals, &f))
        fail_msg("refused: %s", f.text);
    return totals;
}

static void days_run_from_service_or_installation_to_removal_or_cutoff(void **state)
{
    const struct fleet_item items[] = {
        {.device = 0, .installed = 0, .removed = never}, /* 10 to 100 */
        {.device = 0, .installed = 30, .removed = 45},   /* installed later */
        {.device = 1, .installed = 0, .removed = 60},    /* 50 to 60 */
        {.device = 1, .installed = 0, .removed = 40},    /* removed before service */
        {.device = 1, .installed = 70, .removed = 400},  /* removed after the cut-off */
        {.device = 2, .installed = 0, .removed = never}, /* not in service */
        {.device = 0, .installed = 130, .removed = never},
    };
    const double days[] = {90, 15, 10, 0, 30, 0, 0};
    struct fleet_usage usage[countof(items)];
    struct fleet_totals totals;
    (void)state;

    totals = attribute(items, countof(items), NULL, 0, usage);
    for (size_t i = 0; i < countof(items); i++)
        assert_near(usage[i].days, days[i], 0);
    assert_near(totals.days, 145, 0);
}

static void a_failure_belongs_to_the_item_that_was_removed_and_not_to_its_successor(void **state)
{
    const struct fleet_item items[] = {
        {.device = 0, .part = PUMP, .supplier = 1, .installed = 40, .removed = never},
        {.device = 0, .part = PUMP, .supplier = 2, .installed = 0, .removed = 40},
        {.device = 0, .part = FAN, .supplier = 3, .installed = 0, .removed = 40},
        {.device = 1, .part = PUMP, .supplier = 4, .installed = 0, .removed = 40},
    };
    const struct fleet_event event = {.device = 0, .part = PUMP, .incident = 3, .day = 40};
    struct fleet_usage usage[countof(items)];
    (void)state;

    assert_int_equal(attribute(items, countof(items), &event, 1, usage).confirmed, 1);
    assert_int_equal(usage[0].failed, 0);
    assert_int_equal(usage[1].failed, 1);
    assert_int_equal(usage[2].failed, 0);
    assert_int_equal(usage[3].failed, 0);
}

static void a_case_counts_once_and_only_when_confirmed(void **state)
{
    const struct fleet_item items[] = {
        {.device = 0, .part = PUMP, .installed = 0, .removed = 40},
        {.device = 0, .part = PUMP, .installed = 40, .removed = 60},
        {.device = 0, .part = PUMP, .installed = 60, .removed = 80},
    };
    const struct fleet_event events[] = {
        {.device = 0, .part = FLEET_UNCONFIRMED, .incident = 1, .day = 40},
        {.device = 0, .part = PUMP, .incident = 1, .day = 40}, /* the same case, confirmed later on */
        {.device = 0, .part = PUMP, .incident = 1, .day = 40},
        {.device = 0, .part = PUMP, .incident = 1, .day = 60}, /* still the same case */
        {.device = 0, .part = FLEET_UNCONFIRMED, .incident = 2, .day = 80},
    };
    struct fleet_usage usage[countof(items)];
    struct fleet_totals totals;
    (void)state;

    totals = attribute(items, countof(items), events, countof(events), usage);
    assert_int_equal(totals.confirmed, 1);
    assert_int_equal(totals.duplicates, 2);
    assert_int_equal(totals.unconfirmed, 2);
    assert_int_equal(usage[0].failed + usage[1].failed + usage[2].failed, 1);
    assert_int_equal(usage[0].failed, 1);
}

static void two_of_a_kind_removed_the_same_day_fail_by_two_cases(void **state)
{
    const struct fleet_item items[] = {
        {.device = 0, .part = FAN, .installed = 0, .removed = 40},
        {.device = 0, .part = FAN, .installed = 0, .removed = 40},
    };
    const struct fleet_event events[] = {
        {.device = 0, .part = FAN, .incident = 1, .day = 40},
        {.device = 0, .part = FAN, .incident = 2, .day = 40},
        {.device = 0, .part = FAN, .incident = 3, .day = 40},
    };
    struct fleet_usage usage[2];
    struct fleet_totals totals;
    (void)state;

    totals = attribute(items, 2, events, 3, usage);
    assert_int_equal(totals.confirmed, 2);
    assert_int_equal(totals.unmatched, 1);
    assert_int_equal(usage[0].failed + usage[1].failed, 2);
}

static void what_matches_no_removal_and_what_is_not_known_yet_count_nowhere(void **state)
{
    const struct fleet_item items[] = {{.device = 0, .part = PUMP, .installed = 0, .removed = 150}};
    const struct fleet_event events[] = {
        {.device = 0, .part = PUMP, .incident = 1, .day = 150},
        {.device = 0, .part = PUMP, .incident = 2, .day = 41},
        {.device = 1, .part = PUMP, .incident = 3, .day = 41},
    };
    struct fleet_usage usage[1];
    struct fleet_totals totals;
    (void)state;

    totals = attribute(items, 1, events, 3, usage);
    assert_int_equal(totals.late, 1);
    assert_int_equal(totals.unmatched, 2);
    assert_int_equal(usage[0].failed, 0);
}

/* ---------------------------------------------------------------- cells */

static size_t cells_of(const struct fleet_item *items, const struct fleet_usage *usage, size_t n, enum fleet_by by,
    struct fleet_cell *cells)
{
    size_t count;
    struct fail f;

    if (fleet_cells(items, usage, n, by, 0.95, cells, &count, &f))
        fail_msg("refused: %s", f.text);
    return count;
}

static void cells_are_compared_with_the_rest_of_their_part(void **state)
{
    const struct fleet_item items[] = {
        {.part = FAN, .supplier = 7, .lot = 2},
        {.part = PUMP, .supplier = 4, .lot = 9},
        {.part = PUMP, .supplier = 3, .lot = 5},
        {.part = PUMP, .supplier = 4, .lot = 8},
        {.part = PUMP, .supplier = 4, .lot = 9},
    };
    const struct fleet_usage usage[] = {{1000, 1}, {50, 1}, {400, 1}, {100, 0}, {50, 1}};
    struct fleet_cell cells[MOST];
    (void)state;

    assert_int_equal(cells_of(items, usage, 5, FLEET_BY_LOT, cells), 4);
    assert_int_equal(cells[0].supplier, 3);
    assert_int_equal(cells[1].lot, 8);
    assert_int_equal(cells[2].lot, 9);
    assert_int_equal(cells[3].part, FAN);
    assert_near(cells[2].failures, 2, 0);
    assert_near(cells[2].days, 100, 0);
    assert_near(cells[2].rest_failures, 1, 0);
    assert_near(cells[2].rest_days, 500, 0);
    assert_near(cells[2].ratio, 10, 1e-14);
    assert_near(cells[2].expected, 0.2, 1e-14);
    assert_near(cells[2].attributable, 1.8, 1e-14);
    /* 2 or more of 3 with chance 1/6: (1 + 3 · 5)/216 */
    assert_near(cells[2].p, 16 / 216.0, 1e-13);
    assert_near(cells[2].p_adjusted, 4 * 16 / 216.0, 1e-13);

    assert_int_equal(cells_of(items, usage, 5, FLEET_BY_SUPPLIER, cells), 3);
    assert_near(cells[1].failures, 2, 0);
    assert_near(cells[1].rest_days, 400, 0);
}

static void a_cell_without_a_rest_is_not_compared(void **state)
{
    const struct fleet_item items[] = {
        {.part = FAN, .supplier = 7}, {.part = PUMP, .supplier = 1}, {.part = PUMP, .supplier = 2}};
    const struct fleet_usage usage[] = {{1000, 1}, {10, 1}, {0, 1}}; /* the last failed on its first day */
    struct fleet_cell cells[MOST];
    (void)state;

    assert_int_equal(cells_of(items, usage, 3, FLEET_BY_SUPPLIER, cells), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_false(cells[i].compared);
        assert_near(cells[i].p, 1, 0);
        assert_near(cells[i].p_adjusted, 1, 0);
    }
}

static void no_failures_anywhere_is_p_1(void **state)
{
    const struct fleet_item items[] = {{.part = PUMP, .supplier = 1}, {.part = PUMP, .supplier = 2}};
    const struct fleet_usage usage[] = {{10, 0}, {20, 0}};
    struct fleet_cell cells[MOST];
    (void)state;

    assert_int_equal(cells_of(items, usage, 2, FLEET_BY_SUPPLIER, cells), 2);
    assert_true(cells[0].compared && isnan(cells[0].ratio));
    assert_near(cells[0].p, 1, 0);
    assert_true(cells[0].lower <= 0 && cells[0].expected <= 0);
}

static void an_empty_fleet_has_no_cells(void **state)
{
    struct fleet_usage usage[1];
    struct fleet_cell cells[1];
    (void)state;

    assert_near(attribute(NULL, 0, NULL, 0, usage).days, 0, 0);
    assert_int_equal(cells_of(NULL, usage, 0, FLEET_BY_LOT, cells), 0);
}

static void refusals_name_the_row(void **state)
{
    const struct fleet_item good = {.device = 1, .installed = 5, .removed = 9};
    const struct fleet_item early[] = {good, {.device = 1, .installed = 5, .removed = 4}}, nobody[] = {{.device = 3}};
    const struct fleet_event stranger = {.device = 7}, many = {.incident = 10};
    struct fleet fleet = {.in_service = in_service, .devices = 3, .incidents = 10, .cutoff = 100};
    struct fleet_usage usage[2];
    struct fleet_totals totals = {.late = 77};
    struct fail f;
    (void)state;

#define REFUSED(message)                                                                                               \
    do {                                                                                                               \
        assert_int_equal(fleet_attribute(&fleet, usage, &totals, &f), -1);                                             \
        assert_non_null(strstr(f.text, message));                                                                      \
    } while (0)
    fleet.items = early;
    fleet.item_count = 2;
    REFUSED("items[1].removed: before installed");
    fleet.items = nobody;
    fleet.item_count = 1;
    REFUSED("items[0].device");
    fleet.items = &good;
    fleet.events = &stranger;
    fleet.event_count = 1;
    REFUSED("events[0].device");
    fleet.events = &many;
    REFUSED("events[0].incident");
    fleet.event_count = 0;
    fleet.cutoff = (double)NAN;
    REFUSED("cutoff");
    assert_int_equal(totals.late, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_run_from_service_or_installation_to_removal_or_cutoff),
        cmocka_unit_test(a_failure_belongs_to_the_item_that_was_removed_and_not_to_its_successor),
        cmocka_unit_test(a_case_counts_once_and_only_when_confirmed),
        cmocka_unit_test(two_of_a_kind_removed_the_same_day_fail_by_two_cases),
        cmocka_unit_test(what_matches_no_removal_and_what_is_not_known_yet_count_nowhere),
        cmocka_unit_test(cells_are_compared_with_the_rest_of_their_part),
        cmocka_unit_test(a_cell_without_a_rest_is_not_compared),
        cmocka_unit_test(no_failures_anywhere_is_p_1),
        cmocka_unit_test(an_empty_fleet_has_no_cells),
        cmocka_unit_test(refusals_name_the_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
