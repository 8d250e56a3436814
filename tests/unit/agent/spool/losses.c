/* losses: the chain of ranges given up stays without holes, merges what belongs together, and never outgrows its room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "losses.h"

static void add(struct losses *l, uint64_t first, uint64_t last, enum loss_cause cause, int64_t wall_ms)
{
    const struct loss loss = {.first = first, .last = last, .cause = cause, .faults = 1, .others = 2};
    const struct stamp stamp = {.wall = {wall_ms}};

    losses_append(l, &loss, &stamp);
}

static void ranges_of_one_cause_in_a_row_are_one(void **state)
{
    struct losses l = {0};
    (void)state;

    add(&l, 5, 9, LOSS_EVICTED, 100);
    add(&l, 10, 20, LOSS_EVICTED, 200);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.entries[0].loss.first, 5);
    assert_int_equal(l.entries[0].loss.last, 20);
    assert_int_equal(l.entries[0].loss.faults, 2);
    assert_int_equal(l.entries[0].loss.others, 4);
    assert_int_equal(l.entries[0].stamp.wall.ms, 200);
    add(&l, 21, 21, LOSS_CORRUPT, 300);
    add(&l, 22, 30, LOSS_EVICTED, 400);
    assert_int_equal(l.count, 3);
}

static void a_range_that_was_given_is_not_merged_into(void **state)
{
    struct losses l = {0};
    (void)state;

    add(&l, 1, 9, LOSS_EVICTED, 0);
    l.entries[0].given = true;
    add(&l, 10, 20, LOSS_EVICTED, 0);
    assert_int_equal(l.count, 2);
    assert_int_equal(l.entries[0].loss.last, 9);
}

static void what_lies_below_a_jump_is_forgotten(void **state)
{
    struct losses l = {0};
    (void)state;

    add(&l, 1, 9, LOSS_EVICTED, 0);
    add(&l, 50, 60, LOSS_EVICTED, 0);
    assert_int_equal(l.count, 1);
    assert_null(losses_find(&l, 9));
    assert_null(losses_find(&l, 61));
    assert_int_equal(losses_find(&l, 55)->loss.first, 50);
}

static void a_full_chain_joins_its_oldest_ranges(void **state)
{
    struct losses l = {0};
    (void)state;

    for (uint64_t i = 1; i <= 3 * LOSSES_MAX; i++)
        add(&l, i, i, i % 2 ? LOSS_EVICTED : LOSS_CORRUPT, 0);
    assert_int_equal(l.count, LOSSES_MAX);
    for (uint64_t i = 1; i <= 3 * LOSSES_MAX; i++)
        assert_non_null(losses_find(&l, i));
    assert_int_equal(l.entries[0].loss.first, 1);
    assert_int_equal(l.entries[0].loss.last, 2 * LOSSES_MAX + 1);
    assert_int_equal(l.entries[0].loss.faults, 2 * LOSSES_MAX + 1);
}

static void expired_ranges_go_in_front_even_of_a_full_chain(void **state)
{
    const struct stamp stamp = {0};
    struct losses l = {0};
    (void)state;

    for (uint64_t i = 101; i <= 100 + LOSSES_MAX; i++)
        add(&l, i, i, i % 2 ? LOSS_EVICTED : LOSS_CORRUPT, 0);
    losses_prepend(&l, &(struct loss){.first = 7, .last = 100, .cause = LOSS_EXPIRED}, &stamp);
    assert_int_equal(l.count, LOSSES_MAX);
    assert_int_equal(l.entries[0].loss.cause, LOSS_EXPIRED);
    assert_int_equal(l.entries[1].loss.first, 101);
    assert_int_equal(l.entries[1].loss.last, 102);
    assert_int_equal(l.entries[LOSSES_MAX - 1].loss.last, 100 + LOSSES_MAX);
}

static void counts_stop_at_their_highest_value(void **state)
{
    struct loss loss = {.faults = UINT32_MAX - 1};
    (void)state;

    losses_count(&loss, RECORD_FAULT);
    losses_count(&loss, RECORD_FAULT);
    losses_count(&loss, RECORD_HEALTH);
    losses_count(&loss, RECORD_SNAPSHOT);
    assert_int_equal(loss.faults, UINT32_MAX);
    assert_int_equal(loss.healths, 1);
    assert_int_equal(loss.others, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_of_one_cause_in_a_row_are_one),
        cmocka_unit_test(a_range_that_was_given_is_not_merged_into),
        cmocka_unit_test(what_lies_below_a_jump_is_forgotten),
        cmocka_unit_test(a_full_chain_joins_its_oldest_ranges),
        cmocka_unit_test(expired_ranges_go_in_front_even_of_a_full_chain),
        cmocka_unit_test(counts_stop_at_their_highest_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
