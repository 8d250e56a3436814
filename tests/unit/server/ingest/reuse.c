/* reuse: a spool that was restored from an older copy, or cloned, loses nothing, and what is merely sent again is no alarm. */
#include "harness.h"

#include "reuse.h"

enum { EPOCH_A = 0xa1, EPOCH_B = 0xb2 };

static void expect_new_epoch(struct harness *h, enum lane lane, uint64_t next)
{
    assert_true(h->receipt.new_epoch);
    assert_int_equal(h_lane(h, lane)->next, next);
    assert_true(h_lane(h, lane)->resume);
}

static void other_records_under_stored_numbers_are_told_and_not_stored(void **state)
{
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_confirm(h, 2, "E2"), h_lifecycle(h, 3, LIFECYCLE_BOOT),
        h_confirm(h, 4, "E4"), h_confirm(h, 5, "E5"));
    /* The spool came back from when it held two records, and went on from there. */
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 2, "E2"), h_confirm(h, 3, "N3"), h_confirm(h, 4, "N4"), h_health(h, 1));
    expect_new_epoch(h, LANE_FAULT, 3);
    assert_int_equal(h_transitions(h, "hub-1").count, 4);
    assert_int_equal(metrics_get(&h->metrics.stored[RECORD_HEALTH]), 0);
    assert_int_equal(metrics_get(&h->metrics.numbers_reused), 4);
    assert_int_equal(h_events(h, "numbers_reused").count, 1);
    assert_int_equal(h_audits(h, "hub-1", "device.numbers_reused"), 1);
}

static void an_older_copy_that_has_grown_past_the_original_is_told(void **state)
{
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_confirm(h, 2, "E2"), h_confirm(h, 3, "E3"));
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 2, "N2"), h_confirm(h, 3, "N3"), h_confirm(h, 4, "N4"));
    expect_new_epoch(h, LANE_FAULT, 2);
    /* What is on its way behind it would be in order, and is not stored either: it comes again in the new epoch. */
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 4, "N4"));
    expect_new_epoch(h, LANE_FAULT, 2);
    assert_int_equal(h_transitions(h, "hub-1").count, 3);
    assert_int_equal(h_events(h, "numbers_reused").count, 1);
    H_SEND(h, "hub-1", EPOCH_B, h_confirm(h, 1, "N2"), h_confirm(h, 2, "N3"), h_confirm(h, 3, "N4"));
    assert_false(h->receipt.new_epoch);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 4);
    assert_int_equal(h_transitions(h, "hub-1").count, 6);
}

static void the_original_of_a_copied_spool_goes_on(void **state)
{
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_confirm(h, 2, "E2"));
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 2, "N2"));
    expect_new_epoch(h, LANE_FAULT, 2);
    H_SEND(h, "hub-1", EPOCH_B, h_confirm(h, 1, "N2"));
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 3, "E3"));
    assert_false(h->receipt.new_epoch);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 4);
    assert_true(h_device(h, "hub-1").cloned);
}

static void what_the_original_sends_in_the_same_batch_frees_nothing_of_the_copy(void **state)
{
    struct harness *h = h_of(state);
    static const uint64_t next[] = {4, 2, 5};
    struct record original[] = {h_confirm(h, 3, "E3"), h_confirm(h, 4, "E4")}, copy = h_confirm(h, 2, "N2");

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_confirm(h, 2, "E2"));
    batch_reset(h->batch);
    h_add(h, "hub-1", EPOCH_A, 1, &original[0], 1);
    h_add(h, "hub-1", EPOCH_A, 2, &copy, 1);
    h_add(h, "hub-1", EPOCH_A, 1, &original[1], 1);
    h_apply(h);
    assert_int_equal(h->batch->reply_count, 3);
    for (size_t i = 0; i < 3; i++) {
        h_take_receipt(h, i);
        assert_int_equal(h->receipt.new_epoch, i == 1);
        assert_int_equal(h_lane(h, LANE_FAULT)->next, next[i]);
    }
}

static void other_health_under_stored_numbers_is_noticed_at_the_last_one(void **state)
{
    struct harness *h = h_of(state);
    struct record other = h_health(h, 3);

    H_SEND(h, "hub-1", EPOCH_A, h_health(h, 1), h_health(h, 2), h_health(h, 3));
    h_restart(h); /* it is known beyond the process */
    H_SEND(h, "hub-1", EPOCH_A, h_health(h, 2), h_health(h, 3));
    assert_false(h->receipt.new_epoch);
    other.health.uptime_ms = 77;
    H_SEND(h, "hub-1", EPOCH_A, h_health(h, 2), other, h_health(h, 4));
    expect_new_epoch(h, LANE_HEALTH, 2);
    assert_int_equal(metrics_get(&h->metrics.stored[RECORD_HEALTH]), 3);
}

static void what_is_sent_again_as_it_was_is_no_second_use(void **state)
{
    struct harness *h = h_of(state);
    struct record child = h_confirm(h, 4, "E4");

    child.behind = "ac";
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_inventory(h, 2, "home", "m"),
        h_loss(h, LANE_FAULT, 3, 3, LOSS_EXPIRED), child, h_confirm(h, 5, "E5"), h_heal(h, 6, "E5"));
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_inventory(h, 2, "home", "m"));
    assert_false(h->receipt.new_epoch);
    H_SEND(h, "hub-1", EPOCH_A, h_loss(h, LANE_FAULT, 3, 3, LOSS_EXPIRED), child);
    assert_false(h->receipt.new_epoch);
    /* Records that were sent may be lost on the device before their receipt comes. */
    H_SEND(h, "hub-1", EPOCH_A, h_loss(h, LANE_FAULT, 2, 6, LOSS_CORRUPT));
    assert_false(h->receipt.new_epoch);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 7);
    assert_int_equal(metrics_get(&h->metrics.numbers_reused), 0);
}

/* A hostile device could make the logs be read for each of its messages. */
static void a_look_into_the_logs_is_not_had_for_each_message(void **state)
{
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_confirm(h, 2, "E2"), h_confirm(h, 3, "E3"));
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 4);
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 2, "N2"), h_health(h, 1));
    assert_int_equal(h->batch->reply_count, 0); /* neither taken nor freed: it will come again */
    assert_int_equal(metrics_get(&h->metrics.stored[RECORD_HEALTH]), 0);
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 3, "E3")); /* the last one is known without */
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 4);
    h->now.ms += REUSE_LOOK_MS;
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 2, "N2"), h_health(h, 1));
    expect_new_epoch(h, LANE_FAULT, 2);
}

/* Nor could it fill the audit by a new session for each message. */
static void a_finding_in_the_health_lane_is_not_told_for_each_message(void **state)
{
    struct harness *h = h_of(state);
    struct record other = h_health(h, 1);
    uint32_t session = 1;

    other.health.uptime_ms = 77;
    H_SEND(h, "hub-1", EPOCH_A, h_health(h, 1));
    for (unsigned found = 1; found <= 2; found++, h->now.ms += REUSE_LOOK_MS)
        for (unsigned i = 0; i < 3; i++) {
            batch_reset(h->batch);
            h_add(h, "hub-1", EPOCH_A, ++session, &other, 1);
            h_apply(h);
            assert_int_equal(h->batch->reply_count, i == 0);
            assert_int_equal(h_audits(h, "hub-1", "device.numbers_reused"), found);
        }
    assert_int_equal(metrics_get(&h->metrics.stored[RECORD_HEALTH]), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        H_EVERY_DRIVER(other_records_under_stored_numbers_are_told_and_not_stored),
        H_EVERY_DRIVER(an_older_copy_that_has_grown_past_the_original_is_told),
        H_EVERY_DRIVER(the_original_of_a_copied_spool_goes_on),
        H_EVERY_DRIVER(what_the_original_sends_in_the_same_batch_frees_nothing_of_the_copy),
        H_EVERY_DRIVER(other_health_under_stored_numbers_is_noticed_at_the_last_one),
        H_EVERY_DRIVER(a_look_into_the_logs_is_not_had_for_each_message),
        H_EVERY_DRIVER(a_finding_in_the_health_lane_is_not_told_for_each_message),
        H_EVERY_DRIVER(what_is_sent_again_as_it_was_is_no_second_use),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
