/* ask: what a device hears unasked where the collector knows less than it did, or than it should. */
#include "harness.h"

#include "ask.h"

enum { EPOCH = 0xa1 };

/* ---------------------------------------------------------------- a store that went back in time */

static bool hears_of(struct harness *h, enum lane lane)
{
    for (size_t i = 0; i < h->receipt.lane_count; i++)
        if (h->receipt.lanes[i].lane == lane)
            return true;
    return false;
}

static void a_health_report_to_an_older_store_brings_the_lost_faults_back(void **state)
{
    struct harness *h = h_of(state);

    /* The backup was made behind fault 2; the device freed up to 5, and its next word is health, in order. */
    H_SEND(h, "hub-1", EPOCH, h_confirm(h, 1, "E1"), h_confirm(h, 2, "E2"), h_health(h, 1));
    h_restart(h);
    H_SEND(h, "hub-1", EPOCH, h_health(h, 2));
    assert_int_equal(h_lane(h, LANE_HEALTH)->next, 3);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 3);
    assert_true(h_lane(h, LANE_FAULT)->resume);
}

static void ordinary_messages_hear_only_of_their_own_lane(void **state)
{
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH, h_confirm(h, 1, "E1"));
    H_SEND(h, "hub-1", EPOCH, h_health(h, 1));
    assert_false(hears_of(h, LANE_FAULT));
    H_SEND(h, "hub-1", EPOCH, h_confirm(h, 2, "E2"));
    assert_false(hears_of(h, LANE_HEALTH));
}

static void a_receipt_that_was_lost_is_made_good_when_the_message_comes_again(void **state)
{
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH, h_confirm(h, 1, "E1"), h_health(h, 1));
    h_restart(h);
    H_SEND(h, "hub-1", EPOCH, h_health(h, 2));
    H_SEND(h, "hub-1", EPOCH, h_health(h, 2));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
    assert_true(h_lane(h, LANE_FAULT)->resume);
    /* The lane speaks by itself: from now on it shows by itself where it stands. */
    H_SEND(h, "hub-1", EPOCH, h_confirm(h, 2, "E2"));
    H_SEND(h, "hub-1", EPOCH, h_health(h, 2));
    assert_int_equal(h->receipt.lane_count, 1);
}

/* ---------------------------------------------------------------- losses */

/* The id of the command in the receipt; 0 = there is none. */
static uint64_t asked(const struct harness *h)
{
    if (!h->receipt.command_count)
        return 0;
    assert_int_equal(h->receipt.command_count, 1);
    assert_int_equal(h->receipt.commands[0].kind, COMMAND_SNAPSHOT);
    return h->receipt.commands[0].id;
}

static struct record answer(const struct harness *h, uint64_t number, uint64_t id)
{
    static char detail[40];
    struct record r = h_lifecycle(h, number, LIFECYCLE_COMMAND);

    snprintf(detail, sizeof detail, "%llu done", (unsigned long long)id);
    r.lifecycle.detail = detail;
    return r;
}

static void a_loss_of_faults_asks_once_for_all_that_stands(void **state)
{
    struct harness *h = h_of(state);
    uint64_t id;

    H_SEND(h, "hub-1", EPOCH, h_loss(h, LANE_FAULT, 1, 9, LOSS_EVICTED));
    id = asked(h);
    assert_true(id != 0);
    H_SEND(h, "hub-1", EPOCH, h_confirm(h, 10, "E1"));
    assert_true(asked(h) == 0);
    H_SEND(h, "hub-1", EPOCH, answer(h, 11, id));
    h->now.ms += ASK_EVERY_MS;
    H_SEND(h, "hub-1", EPOCH, h_loss(h, LANE_FAULT, 1, 9, LOSS_EVICTED)); /* again: it was answered */
    assert_true(asked(h) == 0);
    assert_int_equal(metrics_get(&h->metrics.snapshots_asked), 1);
}

static void it_asks_again_under_the_same_id_until_it_is_answered(void **state)
{
    struct harness *h = h_of(state);
    uint64_t id;

    H_SEND(h, "hub-1", EPOCH, h_loss(h, LANE_FAULT, 1, 9, LOSS_EVICTED));
    id = asked(h);
    assert_true(id != 0);
    h->now.ms += ASK_EVERY_MS;
    H_SEND(h, "hub-1", EPOCH, h_health(h, 1));
    assert_true(asked(h) == id);
}

static void a_spool_that_overflows_all_the_time_is_not_asked_all_the_time(void **state)
{
    struct harness *h = h_of(state);
    size_t count = 0;

    for (uint64_t i = 0; i < 120; i++, h->now.ms += 10 * 1000) {
        H_SEND(h, "hub-1", EPOCH, h_loss(h, LANE_FAULT, 2 * i + 1, 2 * i + 1, LOSS_EVICTED));
        count += asked(h) != 0;
        if (asked(h))
            H_SEND(h, "hub-1", EPOCH, answer(h, 2 * i + 2, asked(h)));
        else
            H_SEND(h, "hub-1", EPOCH, h_lifecycle(h, 2 * i + 2, LIFECYCLE_BOOT));
    }
    assert_int_equal(count, 2); /* in 20 minutes */
}

static void what_a_restart_forgot_is_asked_again_with_the_loss(void **state)
{
    struct harness *h = h_of(state);
    uint64_t id;

    H_SEND(h, "hub-1", EPOCH, h_loss(h, LANE_FAULT, 1, 9, LOSS_EVICTED));
    id = asked(h);
    assert_true(id != 0);
    h_restart(h); /* before the receipt left */
    H_SEND(h, "hub-1", EPOCH, h_loss(h, LANE_FAULT, 1, 9, LOSS_EVICTED));
    assert_true(asked(h) == id);
}

static void a_loss_of_health_asks_for_nothing(void **state)
{
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH, h_loss(h, LANE_HEALTH, 1, 9, LOSS_EVICTED));
    assert_true(asked(h) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        H_EVERY_DRIVER(a_health_report_to_an_older_store_brings_the_lost_faults_back),
        H_EVERY_DRIVER(ordinary_messages_hear_only_of_their_own_lane),
        H_EVERY_DRIVER(a_receipt_that_was_lost_is_made_good_when_the_message_comes_again),
        H_EVERY_DRIVER(a_loss_of_faults_asks_once_for_all_that_stands),
        H_EVERY_DRIVER(it_asks_again_under_the_same_id_until_it_is_answered),
        H_EVERY_DRIVER(a_spool_that_overflows_all_the_time_is_not_asked_all_the_time),
        H_EVERY_DRIVER(what_a_restart_forgot_is_asked_again_with_the_loss),
        H_EVERY_DRIVER(a_loss_of_health_asks_for_nothing),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
