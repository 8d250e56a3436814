/* core: every rule of the wire contract, on a real store: what is stored, what is answered, and when. Tickets: raise.c. */
#include "harness.h"

#include <sqlite3.h>

enum { EPOCH_A = 0xa1, EPOCH_B = 0xb2 };

/* ---------------------------------------------------------------- rules 1 to 3: watermarks */

static void records_in_order_are_stored_and_answered(void **state)
{
    struct harness *h = h_of(state);

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
    struct harness *h = h_of(state);

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
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
    assert_int_equal(h_transitions(h, "hub-1").count, 1);
    assert_int_equal(h_tickets(h, "hub-1").rows[0].ticket.occurrences, 1);
    assert_int_equal(metrics_get(&h->metrics.duplicates), 1);
}

static void duplicates_within_one_batch_are_stored_once(void **state)
{
    struct harness *h = h_of(state);
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
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_health(h, 1));
    h_restart(h);
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_health(h, 1));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
    assert_int_equal(h_lane(h, LANE_HEALTH)->next, 2);
    assert_int_equal(h_transitions(h, "hub-1").count, 1);
}

static void a_hole_is_not_stored_and_says_where_to_resume(void **state)
{
    struct harness *h = h_of(state);

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
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_health(h, 7));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
    assert_int_equal(h_lane(h, LANE_HEALTH)->next, 1);
    assert_true(h_lane(h, LANE_HEALTH)->resume);
    assert_false(h_lane(h, LANE_FAULT)->resume);
}

static void a_loss_record_closes_a_hole_and_stands_in_the_ledger(void **state)
{
    struct harness *h = h_of(state);

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
    struct harness *h = h_of(state);

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
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH_A, h_loss(h, LANE_FAULT, 4, 9, LOSS_EXPIRED));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 1);
    assert_true(h_lane(h, LANE_FAULT)->resume);
    assert_int_equal(h_losses(h, "hub-1").count, 0);
}

static void a_message_without_records_is_told_where_the_lanes_stand(void **state)
{
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    h_send(h, "hub-1", EPOCH_A, NULL, 0);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
    assert_int_equal(h_lane(h, LANE_HEALTH)->next, 1);
}

/* Writes to the database behind the store's back. */
static void run_sql(struct harness *h, const char *sql)
{
    if (h->stores->driver == STORE_SQLITE) {
        sqlite3 *db;

        assert_int_equal(sqlite3_open(h->stores->settings.path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        return;
    }
#ifdef WITH_PG
    PGconn *c = PQconnectdb(h->stores->settings.conninfo);
    PGresult *r = PQexec(c, sql);

    assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
    PQclear(r);
    PQfinish(c);
#endif
}

static void nothing_is_answered_or_kept_when_the_commit_fails(void **state)
{
    struct harness *h = h_of(state);
    struct record r = h_confirm(h, 2, "E2");

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    run_sql(h, "UPDATE lease SET owner = 'another'");
    batch_reset(h->batch);
    h_add(h, "hub-1", EPOCH_A, 1, &r, 1);
    assert_int_equal(core_apply(h->core, h->batch, &h->f), -1);
    assert_int_equal(h->f.code, FAIL_CONFLICT);
    assert_int_equal(h->batch->reply_count, 0);
    assert_int_equal(h_transitions(h, "hub-1").count, 1);
    /* What was in memory is gone too: the same record is new again. */
    run_sql(h, "UPDATE lease SET owner = 'test'");
    H_SEND(h, "hub-1", EPOCH_A, r);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 3);
    assert_int_equal(h_verdict(h, 2)->kind, VERDICT_OPENED);
    assert_int_equal(h_transitions(h, "hub-1").count, 2);
    assert_int_equal(h_tickets(h, "hub-1").count, 2);
}

/* ---------------------------------------------------------------- rule 5: refusals are final */

static void a_refused_record_does_not_block_its_lane(void **state)
{
    struct harness *h = h_of(state);
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
    struct harness *h = h_of(state);
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
    struct harness *h = h_of(state);

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
    struct harness *h = h_of(state);
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
    struct harness *h = h_of(state);
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
    struct harness *h = h_of(state);
    struct device_row row;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    row = h_device(h, "hub-1");
    row.registration = DEVICE_BLOCKED;
    H_OK(h, store_begin(h->store, &h->f));
    H_OK(h, store_put_device(h->store, &row, &h->f));
    H_OK(h, store_commit(h->store, h->now, &h->f));
    h_restart(h);
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 2, "E2"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 1);
    assert_true(h_lane(h, LANE_FAULT)->retry_after_ms > 0);
    assert_int_equal(h_transitions(h, "hub-1").count, 1);
    assert_string_equal(h_losses(h, "hub-1").rows[0].detail, "blocked_device");
}

static void a_device_that_is_blocked_and_let_in_again_loses_nothing(void **state)
{
    struct harness *h = h_of(state);
    struct registration_change change = {"hub-1", "user:chief", "stolen", DEVICE_BLOCKED};

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    H_OK(h, core_set_registration(h->core, &change, &h->f));
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 2, "E2"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 1);
    assert_true(h_lane(h, LANE_FAULT)->retry_after_ms > 0);
    H_OK(h, core_set_registration(h->core, &change, &h->f)); /* it is so already: nothing to tell */
    change.registration = DEVICE_KNOWN;
    change.reason = "found";
    H_OK(h, core_set_registration(h->core, &change, &h->f));
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 2, "E2"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 3);
    assert_int_equal(h_lane(h, LANE_FAULT)->retry_after_ms, 0);
    assert_int_equal(h_transitions(h, "hub-1").count, 2);
    assert_int_equal(h_audits(h, "hub-1", "device.blocked"), 1);
    assert_int_equal(h_audits(h, "hub-1", "device.unblocked"), 1);
    assert_int_equal(h_events(h, "\"change\":\"blocked\"").count, 1);
    assert_int_equal(h_events(h, "\"change\":\"unblocked\"").count, 1);
}

/* Nobody compares what a blocked device sends, so nothing of it may be freed as a duplicate. */
static void a_blocked_device_with_an_older_spool_loses_nothing(void **state)
{
    struct harness *h = h_of(state);
    struct registration_change change = {"hub-1", "user:chief", "stolen", DEVICE_BLOCKED};

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_confirm(h, 2, "E2"), h_confirm(h, 3, "E3"));
    H_OK(h, core_set_registration(h->core, &change, &h->f));
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 2, "N2"), h_confirm(h, 3, "N3"), h_confirm(h, 4, "N4"));
    assert_true(h_lane(h, LANE_FAULT)->next <= 2);
    change.registration = DEVICE_KNOWN;
    H_OK(h, core_set_registration(h->core, &change, &h->f));
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 2, "N2"), h_confirm(h, 3, "N3"), h_confirm(h, 4, "N4"));
    assert_true(h->receipt.new_epoch);
}

static void a_device_that_is_not_there_cannot_be_blocked(void **state)
{
    struct harness *h = h_of(state);
    const struct registration_change change = {"hub-9", "user:chief", "stolen", DEVICE_BLOCKED};

    assert_int_equal(core_set_registration(h->core, &change, &h->f), -1);
    assert_int_equal(h->f.code, FAIL_NOT_FOUND);
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 2);
}

/* ---------------------------------------------------------------- rule 6: epochs and sessions */

static void a_new_epoch_starts_at_its_own_1_and_is_noted(void **state)
{
    struct harness *h = h_of(state);

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
    struct harness *h = h_of(state);

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
    struct harness *h = h_of(state);

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
    struct harness *h = h_of(state);
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
    struct harness *h = h_of(state);

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
    struct harness *h = h_of(state);
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
    struct harness *h = h_of(state);
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
    struct harness *h = h_of(state);
    struct device_row row;

    batch_reset(h->batch);
    h_add_death(h, "hub-1", EPOCH_A, 1);
    h_apply(h);
    assert_int_not_equal(store_get_device(h->store, identity_shard("hub-1"), "hub-1", &row, &h->f), 0);
}

static void an_orderly_stop_is_offline(void **state)
{
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH_A, h_lifecycle(h, 1, LIFECYCLE_BOOT));
    assert_true(h_device(h, "hub-1").online);
    H_SEND(h, "hub-1", EPOCH_A, h_lifecycle(h, 2, LIFECYCLE_STOP));
    assert_false(h_device(h, "hub-1").online);
    H_SEND(h, "hub-1", EPOCH_A, h_lifecycle(h, 3, LIFECYCLE_BOOT));
    assert_true(h_device(h, "hub-1").online);
}

/* ---------------------------------------------------------------- overload */

static void health_stands_back_when_more_waits_than_can_be_taken(void **state)
{
    struct harness *h = h_of(state);
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
    struct harness *h = h_of(state);
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
    h->now.ms += LIVE_WINDOW_MS - 1; /* nothing is left for the next transaction */
    H_SEND(h, "hub-1", EPOCH_A, h_fault(h, 301, "E1", FAULT_PENDING, FAULT_HEALED));
    assert_int_equal(h_events(h, "\"to\":\"healed\"").count, 0);
    assert_int_equal(h_events(h, "\"left_out\":1}").count, 1);
    h->now.ms++;
    H_SEND(h, "hub-1", EPOCH_A, h_fault(h, 302, "E2", FAULT_PENDING, FAULT_HEALED));
    assert_int_equal(h_events(h, "\"to\":\"healed\"").count, 1);
}

static void more_verdicts_than_a_receipt_holds_come_in_several(void **state)
{
    struct harness *h = h_of(state);
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
    struct harness *h = h_of(state);
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
    const struct CMUnitTest tests[] = {
        H_EVERY_DRIVER(records_in_order_are_stored_and_answered),
        H_EVERY_DRIVER(one_receipt_covers_all_uplinks_of_a_device_in_a_batch),
        H_EVERY_DRIVER(a_duplicate_is_acknowledged_and_not_stored),
        H_EVERY_DRIVER(duplicates_within_one_batch_are_stored_once),
        H_EVERY_DRIVER(duplicates_are_known_after_a_restart),
        H_EVERY_DRIVER(a_hole_is_not_stored_and_says_where_to_resume),
        H_EVERY_DRIVER(a_hole_in_one_lane_does_not_hold_the_other),
        H_EVERY_DRIVER(a_loss_record_closes_a_hole_and_stands_in_the_ledger),
        H_EVERY_DRIVER(a_loss_of_what_is_partly_stored_counts_only_the_rest),
        H_EVERY_DRIVER(a_loss_behind_a_hole_is_a_hole_itself),
        H_EVERY_DRIVER(a_message_without_records_is_told_where_the_lanes_stand),
        H_EVERY_DRIVER(nothing_is_answered_or_kept_when_the_commit_fails),
        H_EVERY_DRIVER(a_refused_record_does_not_block_its_lane),
        H_EVERY_DRIVER(one_device_cannot_fill_the_store_with_conditions),
        H_EVERY_DRIVER(undecodable_messages_are_counted_and_noted_once_a_minute),
        H_EVERY_DRIVER(oversized_messages_are_refused_and_cost_nothing_else),
        H_EVERY_DRIVER(an_unknown_device_is_put_off_when_the_registry_is_closed),
        H_EVERY_DRIVER(a_blocked_device_is_put_off_and_noted),
        H_EVERY_DRIVER(a_device_that_is_blocked_and_let_in_again_loses_nothing),
        H_EVERY_DRIVER(a_blocked_device_with_an_older_spool_loses_nothing),
        H_EVERY_DRIVER(a_device_that_is_not_there_cannot_be_blocked),
        H_EVERY_DRIVER(a_new_epoch_starts_at_its_own_1_and_is_noted),
        H_EVERY_DRIVER(a_replayed_old_epoch_is_all_duplicates_and_no_clone),
        H_EVERY_DRIVER(alternating_epochs_are_a_cloned_identity_and_kept_apart),
        H_EVERY_DRIVER(two_epochs_in_one_batch_get_a_receipt_each),
        H_EVERY_DRIVER(endless_new_epochs_are_held_back),
        H_EVERY_DRIVER(the_last_will_marks_its_own_session_offline),
        H_EVERY_DRIVER(a_late_will_of_an_old_session_is_ignored),
        H_EVERY_DRIVER(a_will_of_a_device_never_seen_registers_nothing),
        H_EVERY_DRIVER(an_orderly_stop_is_offline),
        H_EVERY_DRIVER(health_stands_back_when_more_waits_than_can_be_taken),
        H_EVERY_DRIVER(a_storm_of_changes_is_told_in_part_and_says_so),
        H_EVERY_DRIVER(more_verdicts_than_a_receipt_holds_come_in_several),
        H_EVERY_DRIVER(devices_beyond_the_working_set_are_read_again),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
