/* condition: duplicates, flapping, silence and lost records are settled here, by the device's order, not its
 * clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "condition.h"

static const struct flap_policy policy = {.limit = 4, .window_ms = 60000};

struct step {
    enum fault_state from, to;
    enum condition_change change;
};

static struct fault_report report(enum fault_state from, enum fault_state to)
{
    return (struct fault_report){
        .key = {.bus = "", .ns = "app", .code = "E1", .component = ""}, .subject = "", .from = from, .to = to};
}

static struct condition fresh(void)
{
    struct fault_report r = report(0, 0);
    struct condition_key key;
    struct condition c;

    condition_key_of(&r.key, &key);
    condition_init(&c, &key);
    return c;
}

static enum condition_change apply(
    struct condition *c, enum fault_state from, enum fault_state to, uint64_t number, int64_t at_ms)
{
    struct fault_report r = report(from, to);

    return condition_apply(c, &r, 7, number, (struct occurred){{at_ms}, 0}, &policy);
}

static void a_fault_goes_through_its_life(void **state)
{
    static const struct step steps[] = {
        {FAULT_UNTESTED, FAULT_PENDING, CONDITION_CHANGED},
        {FAULT_PENDING, FAULT_CONFIRMED, CONDITION_CONFIRMED},
        {FAULT_CONFIRMED, FAULT_CONFIRMED, CONDITION_SAME},
        {FAULT_CONFIRMED, FAULT_HEALED, CONDITION_CHANGED},
        {FAULT_HEALED, FAULT_AGED, CONDITION_CHANGED},
    };
    struct condition c = fresh();
    (void)state;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_int_equal(apply(&c, steps[i].from, steps[i].to, i + 1, 1000 + (int64_t)i), steps[i].change);
        assert_int_equal(c.state, steps[i].to);
    }
    assert_int_equal(c.occurrences, 1);
    assert_int_equal(c.first_seen.ms, 1000);
    assert_int_equal(c.last_seen.ms, 1004);
    assert_int_equal(c.state_since.ms, 1004);
}

static void the_same_or_an_earlier_number_changes_nothing(void **state)
{
    struct condition c = fresh(), before;
    (void)state;

    apply(&c, FAULT_PENDING, FAULT_CONFIRMED, 5, 1000);
    before = c;
    assert_int_equal(apply(&c, FAULT_CONFIRMED, FAULT_HEALED, 5, 2000), CONDITION_SAME);
    assert_int_equal(apply(&c, FAULT_CONFIRMED, FAULT_HEALED, 4, 3000), CONDITION_SAME);
    assert_memory_equal(&c, &before, sizeof c);
}

static void a_clock_that_runs_backwards_does_not_reorder(void **state)
{
    struct condition c = fresh();
    (void)state;

    apply(&c, FAULT_PENDING, FAULT_CONFIRMED, 1, 900000);
    assert_int_equal(apply(&c, FAULT_CONFIRMED, FAULT_HEALED, 2, 1000), CONDITION_CHANGED);
    assert_int_equal(c.state, FAULT_HEALED);
    assert_false(c.flapping);
}

static void a_new_epoch_starts_its_own_numbers(void **state)
{
    struct condition c = fresh();
    struct fault_report r = report(FAULT_CONFIRMED, FAULT_HEALED);
    (void)state;

    apply(&c, FAULT_PENDING, FAULT_CONFIRMED, 500, 1000);
    assert_int_equal(condition_apply(&c, &r, 8, 1, (struct occurred){{2000}, 0}, &policy), CONDITION_CHANGED);
    assert_int_equal(c.number, 1);
}

static void a_confirmation_whose_healing_was_lost_counts_again(void **state)
{
    struct condition c = fresh();
    (void)state;

    apply(&c, FAULT_PENDING, FAULT_CONFIRMED, 1, 1000);
    assert_int_equal(apply(&c, FAULT_PENDING, FAULT_CONFIRMED, 9, 5000), CONDITION_CONFIRMED);
    assert_int_equal(c.occurrences, 2);
    assert_int_equal(c.state_since.ms, 1000);
}

static void healed_of_an_unknown_condition_is_kept_and_opens_nothing(void **state)
{
    struct condition c = fresh();
    (void)state;

    assert_int_equal(apply(&c, FAULT_CONFIRMED, FAULT_HEALED, 1, 1000), CONDITION_CHANGED);
    assert_int_equal(c.occurrences, 0);
}

static void stale_is_neither_healed_nor_confirmed_and_evidence_leads_back(void **state)
{
    struct condition c = fresh();
    (void)state;

    apply(&c, FAULT_PENDING, FAULT_CONFIRMED, 1, 1000);
    assert_int_equal(apply(&c, FAULT_CONFIRMED, FAULT_STALE, 2, 2000), CONDITION_CHANGED);
    assert_int_equal(c.state, FAULT_STALE);
    assert_int_equal(apply(&c, FAULT_STALE, FAULT_CONFIRMED, 3, 3000), CONDITION_CONFIRMED);
}

static void more_changes_than_the_limit_flap_and_a_quiet_window_ends_it(void **state)
{
    struct condition c = fresh();
    uint64_t number = 1;
    int64_t at = 1000;
    (void)state;

    for (int i = 0; i < 2; i++) {
        apply(&c, FAULT_HEALED, FAULT_CONFIRMED, number++, at += 100);
        apply(&c, FAULT_CONFIRMED, FAULT_HEALED, number++, at += 100);
    }
    assert_false(c.flapping);
    assert_int_equal(apply(&c, FAULT_HEALED, FAULT_CONFIRMED, number++, at += 100), CONDITION_CONFIRMED);
    assert_true(c.flapping);
    apply(&c, FAULT_CONFIRMED, FAULT_HEALED, number++, at += policy.window_ms + 1);
    assert_false(c.flapping);
    assert_int_equal(c.flaps, 1);
}

static void slow_changes_never_flap(void **state)
{
    struct condition c = fresh();
    uint64_t number = 1;
    (void)state;

    for (int64_t i = 0; i < 40; i++)
        apply(&c, FAULT_PENDING, i % 2 ? FAULT_HEALED : FAULT_CONFIRMED, number++, 1000 + i * 20000);
    assert_false(c.flapping);
}

static void a_fault_that_stays_confirmed_after_flapping_is_due_then(void **state)
{
    struct condition c = fresh();
    (void)state;

    for (uint64_t i = 1; i <= 7; i++)
        apply(&c, FAULT_PENDING, i % 2 ? FAULT_CONFIRMED : FAULT_HEALED, i, 1000);
    assert_true(c.flapping);
    assert_int_equal(condition_tick(&c, (struct wall){1000 + policy.window_ms}, &policy), CONDITION_SAME);
    assert_int_equal(condition_tick(&c, (struct wall){1001 + policy.window_ms}, &policy), CONDITION_CONFIRMED);
    assert_false(c.flapping);
    assert_int_equal(condition_tick(&c, (struct wall){2000 + policy.window_ms}, &policy), CONDITION_SAME);
}

static void keys_differ_in_every_part_and_fit_the_longest_reporter(void **state)
{
    const struct fault_key base = {.bus = "can0", .ns = "j1939", .code = "789", .mode = 2, .component = "pump"};
    struct fault_key other[8];
    struct condition_key a, b;
    (void)state;

    for (size_t i = 0; i < 8; i++)
        other[i] = base;
    other[0].bus = "can1";
    other[1].reporter_kind = REPORTER_MODBUS_UNIT;
    other[2].reporter = UINT64_MAX;
    other[3].ns = "app";
    other[4].code = "790";
    other[5].mode = 3;
    other[6].component = "";
    other[7].ambiguous = true;
    condition_key_of(&base, &a);
    for (size_t i = 0; i < 8; i++) {
        condition_key_of(&other[i], &b);
        assert_memory_not_equal(&a, &b, sizeof a);
    }
    other[2].reporter_kind = REPORTER_MODBUS_UNIT;
    condition_key_of(&other[2], &b);
    assert_string_equal(b.reporter, "modbus_unit:ffffffffffffffff");
    condition_key_of(&other[7], &b);
    assert_string_equal(b.code, "789?");
    condition_key_copy(&b, &a);
    assert_memory_equal(&a, &b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_goes_through_its_life),
        cmocka_unit_test(the_same_or_an_earlier_number_changes_nothing),
        cmocka_unit_test(a_clock_that_runs_backwards_does_not_reorder),
        cmocka_unit_test(a_new_epoch_starts_its_own_numbers),
        cmocka_unit_test(a_confirmation_whose_healing_was_lost_counts_again),
        cmocka_unit_test(healed_of_an_unknown_condition_is_kept_and_opens_nothing),
        cmocka_unit_test(stale_is_neither_healed_nor_confirmed_and_evidence_leads_back),
        cmocka_unit_test(more_changes_than_the_limit_flap_and_a_quiet_window_ends_it),
        cmocka_unit_test(slow_changes_never_flap),
        cmocka_unit_test(a_fault_that_stays_confirmed_after_flapping_is_due_then),
        cmocka_unit_test(keys_differ_in_every_part_and_fit_the_longest_reporter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
