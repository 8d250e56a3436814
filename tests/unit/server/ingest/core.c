/* core: every rule of the wire contract, on a real store: what is stored, what is answered, and when. */
#include "harness.h"

#include <sqlite3.h>

enum { EPOCH_A = 0xa1, EPOCH_B = 0xb2 };

/* ---------------------------------------------------------------- rules 1 to 3: watermarks */

static void records_in_order_are_stored_and_answered(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_heal(h, 2, "E1"), h_health(h, 1));
    assert_int_equal(h->receipt.epoch, EPOCH_A);
    assert_int_equal(h->receipt.wall.ms, h->now.ms);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 3);
    assert_int_equal(h_lane(h, LANE_HEALTH)->next, 2);
    assert_false(h_lane(h, LANE_FAULT)->resume);
    assert_int_equal(h_transitions(h, "hub-1").count, 2);
}

static void one_receipt_covers_all_uplinks_of_a_device_in_a_batch(void **state)
{
    struct harness *h = *state;

    batch_reset(h->batch);
    for (uint64_t i = 1; i <= 5; i++) {
        struct record r = h_fault(h, i, "E1", FAULT_UNTESTED, FAULT_PENDING);

        h_add(h, "hub-1", EPOCH_A, 1, &r, 1);
        h_add(h, "hub-2", EPOCH_B, 1, &r, 1);
    }
    h_apply(h);
    assert_int_equal(h->batch->reply_count, 2);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 6);
    assert_int_equal(h_transitions(h, "hub-1").count, 5);
}

static void a_duplicate_is_acknowledged_and_not_stored(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
    assert_int_equal(h_transitions(h, "hub-1").count, 1);
    assert_int_equal(h_tickets(h, "hub-1").rows[0].ticket.occurrences, 1);
    assert_int_equal(metrics_get(&h->metrics.duplicates), 1);
}

static void duplicates_within_one_batch_are_stored_once(void **state)
{
    struct harness *h = *state;
    struct record r = h_confirm(h, 1, "E1");

    batch_reset(h->batch);
    h_add(h, "hub-1", EPOCH_A, 1, &r, 1);
    h_add(h, "hub-1", EPOCH_A, 1, &r, 1);
    h_apply(h);
    assert_int_equal(h_transitions(h, "hub-1").count, 1);
    assert_int_equal(h_tickets(h, "hub-1").count, 1);
}

static void duplicates_are_known_after_a_restart(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_health(h, 1));
    h_restart(h);
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_health(h, 1));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
    assert_int_equal(h_lane(h, LANE_HEALTH)->next, 2);
    assert_int_equal(h_transitions(h, "hub-1").count, 1);
}

static void a_hole_is_not_stored_and_says_where_to_resume(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 3, "E3"), h_confirm(h, 4, "E4"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
    assert_true(h_lane(h, LANE_FAULT)->resume);
    assert_int_equal(h_transitions(h, "hub-1").count, 1);
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 2, "E2"), h_confirm(h, 3, "E3"), h_confirm(h, 4, "E4"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 5);
    assert_false(h_lane(h, LANE_FAULT)->resume);
    assert_int_equal(h_transitions(h, "hub-1").count, 4);
}

static void a_hole_in_one_lane_does_not_hold_the_other(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_health(h, 7));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
    assert_int_equal(h_lane(h, LANE_HEALTH)->next, 1);
    assert_true(h_lane(h, LANE_HEALTH)->resume);
    assert_false(h_lane(h, LANE_FAULT)->resume);
}

static void a_loss_record_closes_a_hole_and_stands_in_the_ledger(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    H_SEND(h, "hub-1", EPOCH_A, h_loss(h, LANE_FAULT, 2, 5, LOSS_EVICTED), h_confirm(h, 6, "E6"));
    struct h_losses losses = h_losses(h, "hub-1");
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 7);
    assert_int_equal(h_transitions(h, "hub-1").count, 2);
    assert_int_equal(losses.count, 1);
    assert_int_equal(losses.rows[0].first, 2);
    assert_int_equal(losses.rows[0].last, 5);
    assert_int_equal(losses.rows[0].epoch, EPOCH_A);
    assert_int_equal(losses.rows[0].faults, 4);
    assert_string_equal(losses.rows[0].cause, "evicted");
    assert_int_equal(h_events(h, "\"cause\":\"evicted\"").count, 1);
}

static void a_loss_of_what_is_partly_stored_counts_only_the_rest(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_confirm(h, 2, "E2"));
    H_SEND(h, "hub-1", EPOCH_A, h_loss(h, LANE_FAULT, 1, 4, LOSS_CORRUPT));
    struct h_losses losses = h_losses(h, "hub-1");
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 5);
    assert_int_equal(losses.rows[0].first, 3);
    assert_int_equal(losses.rows[0].last, 4);
    H_SEND(h, "hub-1", EPOCH_A, h_loss(h, LANE_FAULT, 1, 4, LOSS_CORRUPT));
    assert_int_equal(h_losses(h, "hub-1").count, 1);
}

static void a_loss_behind_a_hole_is_a_hole_itself(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_loss(h, LANE_FAULT, 4, 9, LOSS_EXPIRED));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 1);
    assert_true(h_lane(h, LANE_FAULT)->resume);
    assert_int_equal(h_losses(h, "hub-1").count, 0);
}

static void a_message_without_records_is_told_where_the_lanes_stand(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    h_send(h, "hub-1", EPOCH_A, NULL, 0);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
    assert_int_equal(h_lane(h, LANE_HEALTH)->next, 1);
}

static void steal_lease(struct harness *h, const char *owner)
{
    char sql[96];
    sqlite3 *db;

    snprintf(sql, sizeof sql, "UPDATE lease SET owner = '%s'", owner);
    assert_int_equal(sqlite3_open(h->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void nothing_is_answered_or_kept_when_the_commit_fails(void **state)
{
    struct harness *h = *state;
    struct record r = h_confirm(h, 2, "E2");

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    steal_lease(h, "another");
    batch_reset(h->batch);
    h_add(h, "hub-1", EPOCH_A, 1, &r, 1);
    assert_int_equal(core_apply(h->core, h->batch, &h->f), -1);
    assert_int_equal(h->f.code, FAIL_CONFLICT);
    assert_int_equal(h->batch->reply_count, 0);
    assert_int_equal(h_transitions(h, "hub-1").count, 1);
    /* What was in memory is gone too: the same record is new again. */
    steal_lease(h, "test");
    H_SEND(h, "hub-1", EPOCH_A, r);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 3);
    assert_int_equal(h_verdict(h, 2)->kind, VERDICT_OPENED);
    assert_int_equal(h_transitions(h, "hub-1").count, 2);
    assert_int_equal(h_tickets(h, "hub-1").count, 2);
}

/* ---------------------------------------------------------------- rule 5: refusals are final */

static void a_refused_record_does_not_block_its_lane(void **state)
{
    struct harness *h = *state;
    struct record child = h_confirm(h, 2, "E2");

    h->settings.open_children = false;
    h_restart(h);
    child.behind = "fridge";
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), child, h_confirm(h, 3, "E3"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 4);
    assert_int_equal(h_verdict(h, 2)->kind, VERDICT_REFUSED);
    assert_string_equal(h_verdict(h, 2)->reason, "unknown_child");
    assert_int_equal(h_transitions(h, "hub-1").count, 2);
    struct h_losses losses = h_losses(h, "hub-1");
    assert_int_equal(losses.count, 1);
    assert_string_equal(losses.rows[0].cause, "refused");
    assert_int_equal(losses.rows[0].first, 2);
    assert_int_equal(losses.rows[0].last, 2);
    H_SEND(h, "hub-1", EPOCH_A, child);
    assert_int_equal(h_losses(h, "hub-1").count, 1);
}

static void one_device_cannot_fill_the_store_with_conditions(void **state)
{
    struct harness *h = *state;
    uint64_t number = 1;
    char code[16];

    while (number <= BOUND_DEVICE_CONDITIONS) {
        batch_reset(h->batch);
        for (int i = 0; i < 1000 && number <= BOUND_DEVICE_CONDITIONS; i++, number++) {
            snprintf(code, sizeof code, "E%d", (int)number);
            struct record r = h_fault(h, number, code, FAULT_UNTESTED, FAULT_PENDING);
            h_add(h, "hub-1", EPOCH_A, 1, &r, 1);
        }
        h_apply(h);
    }
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, number, "ONE-MORE"), h_confirm(h, number + 1, "E1"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, number + 2);
    assert_int_equal(h_verdict(h, number)->kind, VERDICT_REFUSED);
    assert_string_equal(h_verdict(h, number)->reason, "conditions");
    assert_int_equal(h_verdict(h, number)->limit, BOUND_DEVICE_CONDITIONS);
    assert_int_equal(h_verdict(h, number)->value, BOUND_DEVICE_CONDITIONS + 1);
    assert_int_equal(h_verdict(h, number + 1)->kind, VERDICT_OPENED);
}

static void undecodable_messages_are_counted_and_noted_once_a_minute(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    for (int i = 0; i < 30; i++) {
        batch_reset(h->batch);
        batch_add(h->batch, identity_shard("hub-1"), "hub-1", "\xff\xff\xff", 3, h->now, h->now);
        h_apply(h);
        assert_int_equal(h->batch->reply_count, 0);
    }
    assert_int_equal(metrics_get(&h->metrics.refused[REFUSAL_INPUT]), 30);
    assert_int_equal(h_losses(h, "hub-1").count, 1);
    h->now.ms += H_MINUTE;
    for (int i = 0; i < 61; i++)
        H_OK(h, core_tick(h->core, &h->f));
    struct h_losses losses = h_losses(h, "hub-1");
    assert_int_equal(losses.count, 2);
    assert_int_equal(losses.rows[0].others + losses.rows[1].others, 30);
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 2, "E1"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 3);
}

static void oversized_messages_are_refused_and_cost_nothing_else(void **state)
{
    struct harness *h = *state;
    static uint8_t big[BOUND_UPLINK_BYTES + 1];
    struct record r = h_confirm(h, 1, "E1");

    batch_reset(h->batch);
    batch_add(h->batch, identity_shard("hub-1"), "hub-1", big, sizeof big, h->now, h->now);
    h_add(h, "hub-1", EPOCH_A, 1, &r, 1);
    h_apply(h);
    assert_int_equal(metrics_get(&h->metrics.refused[REFUSAL_LIMIT]), 1);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
}

static void an_unknown_device_is_put_off_when_the_registry_is_closed(void **state)
{
    struct harness *h = *state;
    struct device_row row;

    h->settings.open_registration = false;
    h_restart(h);
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 1);
    assert_true(h_lane(h, LANE_FAULT)->retry_after_ms > 0);
    assert_int_equal(metrics_get(&h->metrics.refused[REFUSAL_UNKNOWN]), 1);
    assert_int_not_equal(store_get_device(h->store, identity_shard("hub-1"), "hub-1", &row, &h->f), 0);
}

static void a_blocked_device_is_put_off_and_noted(void **state)
{
    struct harness *h = *state;
    struct device_row row;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    row = h_device(h, "hub-1");
    row.registration = DEVICE_BLOCKED;
    H_OK(h, store_begin(h->store, &h->f));
    H_OK(h, store_put_device(h->store, &row, &h->f));
    H_OK(h, store_commit(h->store, h->now, &h->f));
    h_restart(h);
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 2, "E2"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
    assert_true(h_lane(h, LANE_FAULT)->retry_after_ms > 0);
    assert_int_equal(h_transitions(h, "hub-1").count, 1);
    assert_string_equal(h_losses(h, "hub-1").rows[0].detail, "blocked_device");
}

/* ---------------------------------------------------------------- rule 6: epochs and sessions */

static void a_new_epoch_starts_at_its_own_1_and_is_noted(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_confirm(h, 2, "E2"));
    H_SEND(h, "hub-1", EPOCH_B, h_confirm(h, 1, "E3"));
    assert_int_equal(h->receipt.epoch, EPOCH_B);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
    assert_int_equal(h_transitions(h, "hub-1").count, 3);
    assert_int_equal(h_device(h, "hub-1").spool_resets, 1);
    assert_int_equal(h_device(h, "hub-1").epoch, EPOCH_B);
    assert_false(h_device(h, "hub-1").cloned);
    assert_int_equal(h_events(h, "spool_reset").count, 1);
}

static void a_replayed_old_epoch_is_all_duplicates_and_no_clone(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    H_SEND(h, "hub-1", EPOCH_B, h_confirm(h, 1, "E3"));
    h_restart(h);
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    assert_int_equal(h->receipt.epoch, EPOCH_A);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
    assert_int_equal(h_transitions(h, "hub-1").count, 2);
    assert_false(h_device(h, "hub-1").cloned);
}

static void alternating_epochs_are_a_cloned_identity_and_kept_apart(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    H_SEND(h, "hub-1", EPOCH_B, h_confirm(h, 1, "E2"));
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 2, "E3"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 3);
    H_SEND(h, "hub-1", EPOCH_B, h_confirm(h, 2, "E4"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 3);
    assert_true(h_device(h, "hub-1").cloned);
    assert_int_equal(h_device(h, "hub-1").spool_resets, 1);
    assert_int_equal(h_transitions(h, "hub-1").count, 4);
    assert_int_equal(h_events(h, "\"change\":\"cloned\"").count, 1);
    assert_int_equal(metrics_get(&h->metrics.clones), 1);
}

static void two_epochs_in_one_batch_get_a_receipt_each(void **state)
{
    struct harness *h = *state;
    struct record r = h_confirm(h, 1, "E1");

    batch_reset(h->batch);
    h_add(h, "hub-1", EPOCH_A, 1, &r, 1);
    h_add(h, "hub-1", EPOCH_B, 1, &r, 1);
    h_apply(h);
    assert_int_equal(h->batch->reply_count, 2);
    h_take_receipt(h, 0);
    assert_int_equal(h->receipt.epoch, EPOCH_A);
    h_take_receipt(h, 1);
    assert_int_equal(h->receipt.epoch, EPOCH_B);
}

static void endless_new_epochs_are_held_back(void **state)
{
    struct harness *h = *state;

    for (uint64_t epoch = 1; epoch <= BOUND_DEVICE_EPOCHS; epoch++)
        H_SEND(h, "hub-1", epoch, h_confirm(h, 1, "E1"));
    H_SEND(h, "hub-1", 1000, h_confirm(h, 1, "E1"));
    assert_true(h_lane(h, LANE_FAULT)->retry_after_ms > 0);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 1);
    assert_int_equal(metrics_get(&h->metrics.refused[REFUSAL_EPOCHS]), 1);
    h->now.ms += H_HOUR;
    H_SEND(h, "hub-1", 1000, h_confirm(h, 1, "E1"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
}

static void the_last_will_marks_its_own_session_offline(void **state)
{
    struct harness *h = *state;
    struct record r = h_confirm(h, 1, "E1");

    batch_reset(h->batch);
    h_add(h, "hub-1", EPOCH_A, 4, &r, 1);
    h_apply(h);
    assert_true(h_device(h, "hub-1").online);
    batch_reset(h->batch);
    h_add_death(h, "hub-1", EPOCH_A, 4);
    h_apply(h);
    assert_false(h_device(h, "hub-1").online);
    assert_int_equal(h->batch->reply_count, 0);
    assert_int_equal(h_events(h, "\"change\":\"offline\"").count, 1);
}

static void a_late_will_of_an_old_session_is_ignored(void **state)
{
    struct harness *h = *state;
    struct record r = h_confirm(h, 1, "E1");

    batch_reset(h->batch);
    h_add(h, "hub-1", EPOCH_A, 4, &r, 1);
    h_add(h, "hub-1", EPOCH_A, 5, NULL, 0);
    h_add_death(h, "hub-1", EPOCH_A, 4);
    h_add_death(h, "hub-1", EPOCH_B, 9);
    h_apply(h);
    assert_true(h_device(h, "hub-1").online);
    assert_int_equal(h_device(h, "hub-1").session, 5);
    assert_int_equal(h_device(h, "hub-1").epoch, EPOCH_A);
}

static void a_will_of_a_device_never_seen_registers_nothing(void **state)
{
    struct harness *h = *state;
    struct device_row row;

    batch_reset(h->batch);
    h_add_death(h, "hub-1", EPOCH_A, 1);
    h_apply(h);
    assert_int_not_equal(store_get_device(h->store, identity_shard("hub-1"), "hub-1", &row, &h->f), 0);
}

static void an_orderly_stop_is_offline(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_lifecycle(h, 1, LIFECYCLE_BOOT));
    assert_true(h_device(h, "hub-1").online);
    H_SEND(h, "hub-1", EPOCH_A, h_lifecycle(h, 2, LIFECYCLE_STOP));
    assert_false(h_device(h, "hub-1").online);
    H_SEND(h, "hub-1", EPOCH_A, h_lifecycle(h, 3, LIFECYCLE_BOOT));
    assert_true(h_device(h, "hub-1").online);
}

/* ---------------------------------------------------------------- tickets */

static void a_confirmed_fault_opens_a_ticket_with_its_clocks(void **state)
{
    struct harness *h = *state;
    struct record urgent = h_confirm(h, 2, "E1");

    urgent.fault.class_hint = CLASS_URGENT;
    H_SEND(h, "hub-1", EPOCH_A, h_inventory(h, 1, "home", "HUB-1"), urgent);
    struct h_tickets tickets = h_tickets(h, "hub-1");
    const struct ticket_view *t = &tickets.rows[0];
    assert_int_equal(tickets.count, 1);
    assert_int_equal(t->ticket.state, TICKET_TRIAGED);
    assert_int_equal(t->ticket.class_, CLASS_URGENT);
    assert_string_equal(t->ticket.product_line, "home");
    assert_string_equal(t->ticket.model, "HUB-1");
    assert_int_equal(t->clock_count, 2);
    assert_int_equal(t->clocks[CLOCK_FIRST_RESPONSE].state, CLOCK_RUNNING);
    assert_int_equal(t->clocks[CLOCK_FIRST_RESPONSE].due.ms, h->now.ms + 2LL * H_HOUR);
    assert_int_equal(t->clocks[CLOCK_TRIAGE].stopped.ms, h->now.ms);
    char text[TICKET_NUMBER_BYTES];
    assert_int_equal(h_verdict(h, 2)->kind, VERDICT_OPENED);
    assert_string_equal(h_verdict(h, 2)->ticket, ticket_number_text(t->ticket.number, text));
    struct h_events opened = h_events(h, "\"change\":\"opened\"");
    assert_int_equal(opened.count, 1);
    assert_non_null(strstr(opened.last, "\"fault_to_ticket_ms\":0"));
}

static void a_repeat_joins_the_open_ticket_also_after_a_restart(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_heal(h, 2, "E1"), h_confirm(h, 3, "E1"));
    assert_int_equal(h_verdict(h, 1)->kind, VERDICT_OPENED);
    assert_int_equal(h_verdict(h, 3)->kind, VERDICT_JOINED);
    h_restart(h);
    H_SEND(h, "hub-1", EPOCH_A, h_heal(h, 4, "E1"), h_confirm(h, 5, "E1"));
    assert_int_equal(h_verdict(h, 5)->kind, VERDICT_JOINED);
    struct h_tickets tickets = h_tickets(h, "hub-1");
    assert_int_equal(tickets.count, 1);
    assert_int_equal(tickets.rows[0].ticket.occurrences, 3);
    assert_int_equal(h_condition(h, "hub-1", "E1").occurrences, 3);
}

static void healing_and_silence_close_nothing(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_heal(h, 2, "E1"), h_confirm(h, 3, "E2"),
        h_fault(h, 4, "E2", FAULT_CONFIRMED, FAULT_STALE), h_heal(h, 5, "NEVER-SEEN"));
    struct h_tickets tickets = h_tickets(h, "hub-1");
    assert_int_equal(tickets.count, 2);
    assert_int_equal(tickets.rows[0].ticket.state, TICKET_TRIAGED);
    assert_int_equal(tickets.rows[1].ticket.state, TICKET_TRIAGED);
    assert_int_equal(h_condition(h, "hub-1", "E2").state, FAULT_STALE);
    assert_int_equal(h_condition(h, "hub-1", "NEVER-SEEN").state, FAULT_HEALED);
}

static void pending_opens_nothing(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_fault(h, 1, "E1", FAULT_UNTESTED, FAULT_PENDING));
    assert_int_equal(h_tickets(h, "hub-1").count, 0);
    assert_int_equal(h->receipt.verdict_count, 0);
}

static void put_catalogue(struct harness *h, const char *code, enum ticket_class class_)
{
    struct catalogue_row row = {.mode = -1, .class_ = class_, .severity = 3};

    strcpy(row.ns, "app");
    strcpy(row.code, code);
    H_OK(h, store_begin(h->store, &h->f));
    H_OK(h, store_put_catalogue(h->store, &row, &h->f));
    H_OK(h, store_commit(h->store, h->now, &h->f));
    h_restart(h);
}

static void the_catalogue_decides_the_class_and_whether_there_is_a_ticket(void **state)
{
    struct harness *h = *state;
    struct record hinted = h_confirm(h, 1, "E1");

    put_catalogue(h, "E1", CLASS_IMPORTANT);
    put_catalogue(h, "E2", CLASS_UNSET);
    hinted.fault.class_hint = CLASS_URGENT;
    H_SEND(h, "hub-1", EPOCH_A, hinted, h_confirm(h, 2, "E2"));
    assert_int_equal(h_tickets(h, "hub-1").count, 1);
    assert_int_equal(h_tickets(h, "hub-1").rows[0].ticket.class_, CLASS_IMPORTANT);
    assert_int_equal(h_condition(h, "hub-1", "E1").severity, 3);
    assert_int_equal(h_verdict(h, 2)->kind, VERDICT_SUPPRESSED);
    assert_string_equal(h_verdict(h, 2)->rule, "catalogue");
    assert_int_equal(h_condition(h, "hub-1", "E2").state, FAULT_CONFIRMED);
}

static uint64_t flap(struct harness *h, uint64_t number)
{
    for (int i = 0; i < 4; i++) {
        H_SEND(h, "hub-1", EPOCH_A, h_fault(h, number, "E1", FAULT_UNTESTED, FAULT_PENDING),
            h_fault(h, number + 1, "E1", FAULT_PENDING, FAULT_HEALED));
        number += 2;
    }
    return number;
}

static void a_flapping_fault_opens_nothing_until_it_is_quiet(void **state)
{
    struct harness *h = *state;
    uint64_t number = flap(h, 1);

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, number, "E1"));
    assert_int_equal(h_verdict(h, number)->kind, VERDICT_SUPPRESSED);
    assert_string_equal(h_verdict(h, number)->rule, "flapping");
    H_OK(h, core_tick(h->core, &h->f));
    assert_int_equal(h_tickets(h, "hub-1").count, 0);
    h_restart(h);
    h->now.ms += H_HOUR + 1;
    H_OK(h, core_tick(h->core, &h->f));
    assert_int_equal(h_tickets(h, "hub-1").count, 1);
    assert_false(h_condition(h, "hub-1", "E1").flapping);
    H_OK(h, core_tick(h->core, &h->f));
    assert_int_equal(h_tickets(h, "hub-1").count, 1);
}

static void an_open_ticket_keeps_counting_while_its_fault_flaps(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    uint64_t number = flap(h, 2);
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, number, "E1"));
    assert_int_equal(h_verdict(h, number)->kind, VERDICT_JOINED);
    assert_true(h_condition(h, "hub-1", "E1").flapping);
    assert_int_equal(h_tickets(h, "hub-1").rows[0].ticket.occurrences, 2);
}

static void what_arrives_late_is_dated_when_it_happened(void **state)
{
    struct harness *h = *state;
    struct record r = h_confirm(h, 2, "E1");

    r.stamp = h_stamp(h, 72LL * H_HOUR);
    H_SEND(h, "hub-1", EPOCH_A, h_inventory(h, 1, "home", ""), r);
    const struct h_tickets tickets = h_tickets(h, "hub-1");
    assert_int_equal(tickets.rows[0].ticket.occurred.at.ms, h->now.ms - 72LL * H_HOUR);
    assert_int_equal(tickets.rows[0].clocks[CLOCK_FIRST_RESPONSE].state, CLOCK_BREACHED);
    assert_true(tickets.rows[0].clocks[CLOCK_FIRST_RESPONSE].late_arrival);
}

static void a_due_clock_is_breached_once(void **state)
{
    struct harness *h = *state;

    H_SEND(h, "hub-1", EPOCH_A, h_inventory(h, 1, "home", ""), h_confirm(h, 2, "E1"));
    h->now.ms += 23LL * H_HOUR;
    for (int i = 0; i < 8; i++)
        H_OK(h, core_tick(h->core, &h->f));
    assert_int_equal(h_events(h, "clock_breached").count, 0);
    h->now.ms += 2LL * H_HOUR;
    for (int i = 0; i < 16; i++)
        H_OK(h, core_tick(h->core, &h->f));
    assert_int_equal(h_events(h, "clock_breached").count, 1);
    assert_int_equal(h_tickets(h, "hub-1").rows[0].clocks[CLOCK_FIRST_RESPONSE].state, CLOCK_BREACHED);
    assert_int_equal(metrics_get(&h->metrics.clocks_breached), 1);
}

/* ---------------------------------------------------------------- time */

static void wrong_device_clocks_change_nothing_but_the_bound(void **state)
{
    struct harness *h = *state;
    static const int64_t wrong[] = {0, 4294967295000};

    for (size_t i = 0; i < 2; i++) {
        struct record r = h_confirm(h, i + 1, "E1");
        struct uplink u = {.epoch = EPOCH_A, .session = 1, .records = &r, .record_count = 1};
        uint8_t bytes[BOUND_UPLINK_BYTES];

        r.stamp = (struct stamp){1, {1000}, {wrong[i]}, CLOCK_SYNCED};
        u.anchor = (struct stamp){1, {5000}, {wrong[i] + 4000}, CLOCK_SYNCED};
        batch_reset(h->batch);
        batch_add(h->batch, identity_shard("hub-1"), "hub-1", bytes, h_encode(h, &u, bytes), h->now,
            (struct wall){h->now.ms - H_MINUTE});
        h_apply(h);
        assert_int_equal(h_lane(h, LANE_FAULT)->next, i + 2);
    }
    struct h_numbers x = h_transitions(h, "hub-1");
    assert_int_equal(x.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(x.at[i].ms, h->now.ms - 4000);
        assert_true(x.bounds[i] <= H_MINUTE);
    }
}

/* ---------------------------------------------------------------- snapshots */

static struct record snapshot(const struct harness *h, uint64_t number, const struct fault_report *faults, size_t count,
    uint32_t part, uint32_t parts)
{
    struct record r = {
        .lane = LANE_FAULT, .number = number, .stamp = h_stamp(h, 0), .behind = "", .kind = RECORD_SNAPSHOT};

    r.snapshot = (struct snapshot){faults, count, 77, part, parts};
    return r;
}

static void a_snapshot_settles_what_was_missed(void **state)
{
    struct harness *h = *state;
    const struct fault_report faults[] = {
        h_fault(h, 1, "E1", FAULT_CONFIRMED, FAULT_CONFIRMED).fault, /* known */
        h_fault(h, 1, "E2", FAULT_HEALED, FAULT_HEALED).fault,       /* healed meanwhile */
        h_fault(h, 1, "E9", FAULT_CONFIRMED, FAULT_CONFIRMED).fault, /* never heard of */
    };

    H_SEND(
        h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_confirm(h, 2, "E2"), h_confirm(h, 3, "E3"), h_heal(h, 4, "E4"));
    H_SEND(h, "hub-1", EPOCH_A, snapshot(h, 5, faults, 3, 0, 1));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 6);
    assert_int_equal(h_condition(h, "hub-1", "E1").occurrences, 1);
    assert_int_equal(h_condition(h, "hub-1", "E2").state, FAULT_HEALED);
    assert_int_equal(h_condition(h, "hub-1", "E3").state, FAULT_STALE);
    assert_int_equal(h_condition(h, "hub-1", "E4").state, FAULT_HEALED);
    assert_int_equal(h_verdict(h, 5)->kind, VERDICT_OPENED);
    const struct h_tickets tickets = h_tickets(h, "hub-1");
    assert_int_equal(tickets.count, 4);
    for (size_t i = 0; i < tickets.count; i++)
        assert_int_equal(tickets.rows[i].ticket.state, TICKET_TRIAGED);
    assert_int_equal(h_transitions(h, "hub-1").count, 4 + 3);
}

static void a_snapshot_in_parts_settles_only_when_all_came(void **state)
{
    struct harness *h = *state;
    const struct fault_report first = h_fault(h, 1, "E1", FAULT_CONFIRMED, FAULT_CONFIRMED).fault;
    const struct fault_report second = h_fault(h, 1, "E2", FAULT_CONFIRMED, FAULT_CONFIRMED).fault;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_confirm(h, 2, "E2"), h_confirm(h, 3, "E3"));
    H_SEND(h, "hub-1", EPOCH_A, snapshot(h, 4, &first, 1, 0, 2));
    assert_int_equal(h_condition(h, "hub-1", "E2").state, FAULT_CONFIRMED);
    assert_int_equal(h_condition(h, "hub-1", "E3").state, FAULT_CONFIRMED);
    h_restart(h); /* the memory of part 0 is gone: part 1 alone settles nothing */
    H_SEND(h, "hub-1", EPOCH_A, snapshot(h, 5, &second, 1, 1, 2));
    assert_int_equal(h_condition(h, "hub-1", "E3").state, FAULT_CONFIRMED);
    H_SEND(h, "hub-1", EPOCH_A, snapshot(h, 6, &first, 1, 0, 2), snapshot(h, 7, &second, 1, 1, 2));
    assert_int_equal(h_condition(h, "hub-1", "E1").state, FAULT_CONFIRMED);
    assert_int_equal(h_condition(h, "hub-1", "E2").state, FAULT_CONFIRMED);
    assert_int_equal(h_condition(h, "hub-1", "E3").state, FAULT_STALE);
}

/* ---------------------------------------------------------------- devices behind a gateway */

static void a_device_behind_a_gateway_has_its_own_conditions_and_tickets(void **state)
{
    struct harness *h = *state;
    struct record own = h_confirm(h, 1, "E1"), behind = h_confirm(h, 2, "E1");

    behind.behind = "00:11:22";
    H_SEND(h, "hub-1", EPOCH_A, own, behind);
    struct device_row child = h_device(h, "hub-1:00:11:22");
    assert_string_equal(child.gateway, "hub-1");
    assert_int_equal(child.shard, identity_shard("hub-1"));
    assert_int_equal(h_tickets(h, "hub-1").count, 1);
    assert_int_equal(h_tickets(h, "hub-1:00:11:22").count, 1);
    assert_int_equal(h_transitions(h, "hub-1:00:11:22").count, 1);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 3);
}

static void one_gateway_cannot_fill_the_registry(void **state)
{
    struct harness *h = *state;
    char name[16];

    for (uint64_t i = 1; i <= BOUND_DEVICE_CHILDREN + 1; i++) {
        struct record r = h_confirm(h, i, "E1");

        if (i == BOUND_DEVICE_CHILDREN)
            h_restart(h); /* they are counted again */
        snprintf(name, sizeof name, "c%d", (int)i);
        r.behind = name;
        h_send(h, "hub-1", EPOCH_A, &r, 1);
    }
    assert_string_equal(h_verdict(h, BOUND_DEVICE_CHILDREN + 1)->reason, "children");
    assert_int_equal(h_verdict(h, BOUND_DEVICE_CHILDREN + 1)->limit, BOUND_DEVICE_CHILDREN);
}

/* ---------------------------------------------------------------- overload */

static void health_stands_back_when_more_waits_than_can_be_taken(void **state)
{
    struct harness *h = *state;
    unsigned put_off = 0, taken = 0;
    char name[16];

    batch_reset(h->batch);
    h->batch->behind = true;
    for (int i = 0; i < 64; i++) {
        struct record records[] = {h_confirm(h, 1, "E1"), h_health(h, 1)};

        snprintf(name, sizeof name, "dev-%d", i);
        h_add(h, name, EPOCH_A, 1, records, 2);
    }
    h_apply(h);
    assert_int_equal(h->batch->reply_count, 64);
    for (size_t i = 0; i < 64; i++) {
        h_take_receipt(h, i);
        assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
        assert_false(h_lane(h, LANE_HEALTH)->resume);
        if (h_lane(h, LANE_HEALTH)->next == 2)
            taken++;
        else if (h_lane(h, LANE_HEALTH)->retry_after_ms > 0)
            put_off++;
    }
    assert_int_equal(put_off + taken, 64);
    assert_true(put_off > 40);
    assert_int_equal(metrics_get(&h->metrics.shed), put_off);
}

static void a_storm_of_changes_is_told_in_part_and_says_so(void **state)
{
    struct harness *h = *state;
    char code[16];

    batch_reset(h->batch);
    for (uint64_t i = 1; i <= 300; i++) {
        snprintf(code, sizeof code, "E%d", (int)i);
        struct record r = h_fault(h, i, code, FAULT_UNTESTED, FAULT_PENDING);
        h_add(h, "hub-1", EPOCH_A, 1, &r, 1);
    }
    h_apply(h);
    assert_int_equal(h_events(h, "\"to\":\"pending\"").count, LIVE_CONDITIONS);
    assert_int_equal(h_events(h, "\"left_out\":275").count, 1);
    assert_int_equal(core_last_event(h->core), 1 + 1 + LIVE_CONDITIONS + 1); /* new, online, …, left out */
}

static void more_verdicts_than_a_receipt_holds_come_in_several(void **state)
{
    struct harness *h = *state;
    char code[16];
    size_t verdicts = 0;

    batch_reset(h->batch);
    for (uint64_t i = 1; i <= 150; i++) {
        snprintf(code, sizeof code, "E%d", (int)i);
        struct record r = h_confirm(h, i, code);
        h_add(h, "hub-1", EPOCH_A, 1, &r, 1);
    }
    h_apply(h);
    for (size_t i = 0; i < h->batch->reply_count; i++) {
        h_take_receipt(h, i);
        verdicts += h->receipt.verdict_count;
    }
    assert_int_equal(verdicts, 150);
    assert_int_equal(h_events(h, "\"change\":\"opened\"").count, LIVE_TICKETS);
    assert_int_equal(h_events(h, "\"left_out\":50}").count, 1);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 151);
}

static void devices_beyond_the_working_set_are_read_again(void **state)
{
    struct harness *h = *state;
    char name[16];

    h->settings.max_devices = 3;
    h_restart(h);
    for (uint64_t round = 1; round <= 3; round++)
        for (int i = 0; i < 10; i++) {
            snprintf(name, sizeof name, "dev-%d", i);
            H_SEND(h, name, EPOCH_A, h_confirm(h, round, "E1"));
            assert_int_equal(h_lane(h, LANE_FAULT)->next, round + 1);
        }
    assert_int_equal(h_tickets(h, "dev-4").count, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, h_setup, h_teardown)
    const struct CMUnitTest tests[] = {
        TEST(records_in_order_are_stored_and_answered),
        TEST(one_receipt_covers_all_uplinks_of_a_device_in_a_batch),
        TEST(a_duplicate_is_acknowledged_and_not_stored),
        TEST(duplicates_within_one_batch_are_stored_once),
        TEST(duplicates_are_known_after_a_restart),
        TEST(a_hole_is_not_stored_and_says_where_to_resume),
        TEST(a_hole_in_one_lane_does_not_hold_the_other),
        TEST(a_loss_record_closes_a_hole_and_stands_in_the_ledger),
        TEST(a_loss_of_what_is_partly_stored_counts_only_the_rest),
        TEST(a_loss_behind_a_hole_is_a_hole_itself),
        TEST(a_message_without_records_is_told_where_the_lanes_stand),
        TEST(nothing_is_answered_or_kept_when_the_commit_fails),
        TEST(a_refused_record_does_not_block_its_lane),
        TEST(one_device_cannot_fill_the_store_with_conditions),
        TEST(undecodable_messages_are_counted_and_noted_once_a_minute),
        TEST(oversized_messages_are_refused_and_cost_nothing_else),
        TEST(an_unknown_device_is_put_off_when_the_registry_is_closed),
        TEST(a_blocked_device_is_put_off_and_noted),
        TEST(a_new_epoch_starts_at_its_own_1_and_is_noted),
        TEST(a_replayed_old_epoch_is_all_duplicates_and_no_clone),
        TEST(alternating_epochs_are_a_cloned_identity_and_kept_apart),
        TEST(two_epochs_in_one_batch_get_a_receipt_each),
        TEST(endless_new_epochs_are_held_back),
        TEST(the_last_will_marks_its_own_session_offline),
        TEST(a_late_will_of_an_old_session_is_ignored),
        TEST(a_will_of_a_device_never_seen_registers_nothing),
        TEST(an_orderly_stop_is_offline),
        TEST(a_confirmed_fault_opens_a_ticket_with_its_clocks),
        TEST(a_repeat_joins_the_open_ticket_also_after_a_restart),
        TEST(healing_and_silence_close_nothing),
        TEST(pending_opens_nothing),
        TEST(the_catalogue_decides_the_class_and_whether_there_is_a_ticket),
        TEST(a_flapping_fault_opens_nothing_until_it_is_quiet),
        TEST(an_open_ticket_keeps_counting_while_its_fault_flaps),
        TEST(what_arrives_late_is_dated_when_it_happened),
        TEST(a_due_clock_is_breached_once),
        TEST(wrong_device_clocks_change_nothing_but_the_bound),
        TEST(a_snapshot_settles_what_was_missed),
        TEST(a_snapshot_in_parts_settles_only_when_all_came),
        TEST(a_device_behind_a_gateway_has_its_own_conditions_and_tickets),
        TEST(one_gateway_cannot_fill_the_registry),
        TEST(health_stands_back_when_more_waits_than_can_be_taken),
        TEST(a_storm_of_changes_is_told_in_part_and_says_so),
        TEST(more_verdicts_than_a_receipt_holds_come_in_several),
        TEST(devices_beyond_the_working_set_are_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
