/* occurred: whatever a device's clock says, the truth lies within the bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "occurred.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };

static const int64_t now_ms = 1760000000000; /* 2025-10-09 */
static const int64_t year_2106_ms = 4294967295000;
static const int64_t year_2015_ms = 1420070400000;

/* The anchor was taken 50 ms before it was received, ten hours after power-up of boot 2. */
static struct fix fix_with(enum clock_quality quality, int64_t wall_ms)
{
    const struct stamp anchor = {2, {10LL * HOUR}, {wall_ms}, quality};

    return occurred_fix(&anchor, (struct wall){now_ms}, (struct wall){now_ms - 5 * MINUTE});
}

static void assert_holds(struct occurred o, int64_t truth_ms)
{
    assert_true(truth_ms >= o.at.ms - o.bound_ms && truth_ms <= o.at.ms + o.bound_ms);
    assert_true(o.at.ms <= now_ms);
}

static void an_anchor_is_as_good_as_its_clock(void **state)
{
    static const struct {
        enum clock_quality quality;
        int64_t wall_ms, bound_ms;
    } rows[] = {
        {CLOCK_SYNCED, -50, OCCURRED_SYNCED_BOUND_MS},
        {CLOCK_SYNCED, -HOUR, OCCURRED_SYNCED_BOUND_MS}, /* the broker kept it for an hour */
        {CLOCK_SYNCED, HOUR, 5 * MINUTE},                /* from the future: not believed */
        {CLOCK_KEPT, -50, OCCURRED_AGREE_MS},            /* reads what ours reads */
        {CLOCK_NONE, -50, OCCURRED_AGREE_MS},
        {CLOCK_KEPT, -HOUR, 5 * MINUTE},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fix fix = fix_with(rows[i].quality, now_ms + rows[i].wall_ms);

        assert_int_equal(fix.at.bound_ms, rows[i].bound_ms);
        assert_int_equal(fix.at.at.ms, now_ms + (rows[i].bound_ms == 5 * MINUTE ? 0 : rows[i].wall_ms));
    }
}

static void a_synchronised_stamp_is_taken(void **state)
{
    const struct fix fix = fix_with(CLOCK_SYNCED, now_ms - 50), none = {0};
    const struct stamp s = {1, {5}, {now_ms - 72LL * HOUR}, CLOCK_SYNCED};
    struct occurred o = occurred_at(&s, &fix, &none, (struct wall){0});
    (void)state;

    assert_int_equal(o.at.ms, now_ms - 72LL * HOUR);
    assert_int_equal(o.bound_ms, OCCURRED_SYNCED_BOUND_MS);
}

static void clocks_in_1970_and_2106_change_nothing_but_the_bound(void **state)
{
    static const int64_t wrong[] = {0, -1, 12345, 4294967295000, INT64_MAX, INT64_MIN};
    const struct fix none = {0};
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        for (enum clock_quality quality = CLOCK_NONE; quality <= CLOCK_SYNCED; quality++) {
            const struct fix fix = fix_with(quality, wrong[i]);
            const struct stamp s = {2, {10LL * HOUR - 3LL * HOUR}, {wrong[i]}, quality};
            struct occurred o = occurred_at(&s, &fix, &none, (struct wall){0});

            assert_holds(o, now_ms - 50 - 3LL * HOUR);
            assert_int_equal(o.at.ms, now_ms - 3LL * HOUR);
            assert_true(o.bound_ms < 6 * MINUTE);
        }
}

static void the_same_boot_is_measured_from_the_anchor(void **state)
{
    const struct fix fix = fix_with(CLOCK_SYNCED, now_ms - 50), none = {0};
    const struct stamp s = {2, {9LL * HOUR}, {0}, CLOCK_NONE};
    struct occurred o = occurred_at(&s, &fix, &none, (struct wall){0});
    (void)state;

    assert_int_equal(o.at.ms, now_ms - 50 - HOUR);
    assert_int_equal(o.bound_ms, OCCURRED_SYNCED_BOUND_MS + HOUR / 5000);
}

static void an_earlier_boot_is_measured_from_its_own_anchor(void **state)
{
    const struct fix fix = fix_with(CLOCK_SYNCED, now_ms - 50);
    const struct fix before = {1, {2LL * HOUR}, {{now_ms - 24LL * HOUR}, 1000}};
    const struct stamp s = {1, {3LL * HOUR}, {0}, CLOCK_NONE};
    struct occurred o = occurred_at(&s, &fix, &before, (struct wall){0});
    (void)state;

    assert_int_equal(o.at.ms, now_ms - 23LL * HOUR);
    assert_true(o.bound_ms < 2000);
}

static void an_unknown_boot_lies_between_its_neighbours(void **state)
{
    const struct fix fix = fix_with(CLOCK_SYNCED, now_ms - 50), none = {0};
    const struct wall floor = {now_ms - 30LL * HOUR};
    const struct stamp lost = {7, {3LL * HOUR}, {0}, CLOCK_NONE};
    const struct stamp kept = {7, {3LL * HOUR}, {now_ms - 12LL * HOUR}, CLOCK_KEPT};
    const struct stamp absurd = {7, {3LL * HOUR}, {year_2106_ms}, CLOCK_KEPT};
    struct occurred o = occurred_at(&lost, &fix, &none, floor);
    (void)state;

    assert_holds(o, floor.ms);
    assert_holds(o, now_ms - 10LL * HOUR);
    assert_true(o.at.ms + o.bound_ms < now_ms - 9LL * HOUR); /* before the boot that brought it */
    o = occurred_at(&kept, &fix, &none, floor);
    assert_int_equal(o.at.ms, now_ms - 12LL * HOUR);
    assert_holds(o, floor.ms);
    assert_int_equal(occurred_at(&absurd, &fix, &none, floor).at.ms, occurred_at(&lost, &fix, &none, floor).at.ms);
}

static void knowing_nothing_says_so(void **state)
{
    const struct fix fix = fix_with(CLOCK_NONE, 0), none = {0};
    const struct stamp s = {0, {0}, {0}, CLOCK_NONE};
    struct occurred o = occurred_at(&s, &fix, &none, (struct wall){0});
    (void)state;

    assert_int_equal(o.at.ms, now_ms);
    assert_holds(o, year_2015_ms);
}

static void absurd_monotonic_times_do_no_harm(void **state)
{
    static const int64_t wrong[] = {INT64_MAX, INT64_MIN, -1};
    const struct fix none = {0};
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        const struct stamp s = {2, {wrong[i]}, {0}, CLOCK_NONE};
        const struct stamp anchor = {3, {wrong[i]}, {0}, CLOCK_NONE};
        struct fix fix = fix_with(CLOCK_SYNCED, now_ms);

        assert_holds(occurred_at(&s, &fix, &none, (struct wall){0}), now_ms - HOUR);
        fix = occurred_fix(&anchor, (struct wall){now_ms}, (struct wall){now_ms});
        assert_holds(occurred_at(&s, &fix, &none, (struct wall){0}), now_ms - HOUR);
    }
}

static void a_stamp_behind_its_anchor_is_not_in_the_future(void **state)
{
    const struct fix fix = fix_with(CLOCK_SYNCED, now_ms), none = {0};
    const struct stamp s = {2, {20LL * HOUR}, {0}, CLOCK_NONE};
    (void)state;

    assert_int_equal(occurred_at(&s, &fix, &none, (struct wall){0}).at.ms, now_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_anchor_is_as_good_as_its_clock),
        cmocka_unit_test(a_synchronised_stamp_is_taken),
        cmocka_unit_test(clocks_in_1970_and_2106_change_nothing_but_the_bound),
        cmocka_unit_test(the_same_boot_is_measured_from_the_anchor),
        cmocka_unit_test(an_earlier_boot_is_measured_from_its_own_anchor),
        cmocka_unit_test(an_unknown_boot_lies_between_its_neighbours),
        cmocka_unit_test(knowing_nothing_says_so),
        cmocka_unit_test(absurd_monotonic_times_do_no_harm),
        cmocka_unit_test(a_stamp_behind_its_anchor_is_not_in_the_future),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
