/* raise: from reports to conditions and tickets: opening, joining, flapping, clocks, snapshots, devices behind gateways. */
#include "harness.h"

enum { EPOCH_A = 0xa1 };

/* ---------------------------------------------------------------- tickets */

static void a_confirmed_fault_opens_a_ticket_with_its_clocks(void **state)
{
    struct harness *h = h_of(state);
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

static void an_inventory_that_comes_after_the_first_fault_starts_the_clocks(void **state)
{
    struct harness *h = h_of(state);
    struct wall opened = h->now;
    struct record second;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    assert_int_equal(h_tickets(h, "hub-1").rows[0].clocks[CLOCK_FIRST_RESPONSE].state, CLOCK_NO_TARGET);
    h->now.ms += H_HOUR;
    second = h_inventory(h, 2, "engine", "D13");
    H_SEND(h, "hub-1", EPOCH_A, second);
    struct h_tickets tickets = h_tickets(h, "hub-1");
    const struct ticket_view *t = &tickets.rows[0];
    assert_string_equal(t->ticket.product_line, "engine");
    assert_string_equal(t->ticket.model, "D13");
    assert_int_equal(t->clock_count, 2);
    assert_int_equal(t->clocks[CLOCK_FIRST_RESPONSE].state, CLOCK_RUNNING);
    assert_int_equal(t->clocks[CLOCK_FIRST_RESPONSE].start.ms, opened.ms);
    assert_int_equal(t->clocks[CLOCK_FIRST_RESPONSE].due.ms, opened.ms + 2LL * H_HOUR);
    assert_int_equal(t->clocks[CLOCK_TRIAGE].state, CLOCK_MET);
    assert_int_equal(t->clocks[CLOCK_TRIAGE].stopped.ms, opened.ms);

    h->now.ms += 2LL * H_HOUR; /* and they are watched as all are */
    for (int i = 0; i < 8; i++)
        H_OK(h, core_tick(h->core, &h->f));
    H_SEND(h, "hub-1", EPOCH_A, h_inventory(h, 3, "home", "HUB-1")); /* another line later changes no promise */
    tickets = h_tickets(h, "hub-1");
    assert_int_equal(tickets.rows[0].clocks[CLOCK_FIRST_RESPONSE].state, CLOCK_BREACHED);
    assert_string_equal(tickets.rows[0].ticket.product_line, "engine");
}

static void a_repeat_joins_the_open_ticket_also_after_a_restart(void **state)
{
    struct harness *h = h_of(state);

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
    struct harness *h = h_of(state);

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
    struct harness *h = h_of(state);

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
    struct harness *h = h_of(state);
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
    struct harness *h = h_of(state);
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

static void the_end_of_flapping_does_not_wait_for_all_that_is_confirmed(void **state)
{
    struct harness *h = h_of(state);
    uint64_t number = flap(h, 1);
    char code[16];

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, number, "E1"));
    for (int i = 0; i < 500; i++) {
        struct record r = h_confirm(h, ++number, code);

        snprintf(code, sizeof code, "A%d", i);
        h_send(h, "hub-1", EPOCH_A, &r, 1);
    }
    h->now.ms += H_HOUR + 1;
    H_OK(h, core_tick(h->core, &h->f));
    assert_false(h_condition(h, "hub-1", "E1").flapping);
}

static void an_open_ticket_keeps_counting_while_its_fault_flaps(void **state)
{
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    uint64_t number = flap(h, 2);
    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, number, "E1"));
    assert_int_equal(h_verdict(h, number)->kind, VERDICT_JOINED);
    assert_true(h_condition(h, "hub-1", "E1").flapping);
    assert_int_equal(h_tickets(h, "hub-1").rows[0].ticket.occurrences, 2);
}

static void what_arrives_late_is_dated_when_it_happened(void **state)
{
    struct harness *h = h_of(state);
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
    struct harness *h = h_of(state);

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

/* ---------------------------------------------------------------- a class that rises */

static struct record of_class(struct record r, enum ticket_class class_)
{
    r.fault.class_hint = class_;
    return r;
}

static void a_more_urgent_repeat_raises_its_ticket(void **state)
{
    struct harness *h = h_of(state);
    char number[TICKET_NUMBER_BYTES];

    H_SEND(h, "hub-1", EPOCH_A, h_inventory(h, 1, "home", ""), h_confirm(h, 2, "E1"), h_heal(h, 3, "E1"));
    h_restart(h);
    h->now.ms += H_HOUR;
    H_SEND(h, "hub-1", EPOCH_A, of_class(h_confirm(h, 4, "E1"), CLASS_URGENT));
    assert_int_equal(h_verdict(h, 4)->kind, VERDICT_JOINED);
    struct h_tickets tickets = h_tickets(h, "hub-1");
    const struct ticket_view *t = &tickets.rows[0];
    assert_int_equal(tickets.count, 1);
    assert_int_equal(t->ticket.class_, CLASS_URGENT);
    assert_int_equal(t->ticket.version, 2);
    assert_int_equal(t->clocks[CLOCK_FIRST_RESPONSE].start.ms, h->now.ms - H_HOUR);
    assert_int_equal(t->clocks[CLOCK_FIRST_RESPONSE].due.ms, h->now.ms + 2LL * H_HOUR);
    assert_int_equal(t->clocks[CLOCK_TRIAGE].stopped.ms, h->now.ms - H_HOUR);
    assert_int_equal(h_audits_of(h, "hub-1", ticket_number_text(t->ticket.number, number), "ticket.class_raised"), 1);
    struct h_events raised = h_events(h, "class_raised");
    assert_int_equal(raised.count, 1);
    assert_non_null(strstr(raised.last, "\"from\":\"general\""));
    assert_non_null(strstr(raised.last, "\"class\":\"urgent\""));
}

static void a_less_urgent_repeat_leaves_its_ticket(void **state)
{
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH_A, h_inventory(h, 1, "home", ""), of_class(h_confirm(h, 2, "E1"), CLASS_URGENT),
        h_heal(h, 3, "E1"), of_class(h_confirm(h, 4, "E1"), CLASS_GENERAL), h_heal(h, 5, "E1"),
        of_class(h_confirm(h, 6, "E1"), CLASS_URGENT));
    assert_int_equal(h_tickets(h, "hub-1").rows[0].ticket.class_, CLASS_URGENT);
    assert_int_equal(h_tickets(h, "hub-1").rows[0].ticket.version, 1);
    assert_int_equal(h_events(h, "class_raised").count, 0);
}

static void a_fault_that_worsens_while_it_stands_raises_its_ticket(void **state)
{
    struct harness *h = h_of(state);
    struct record worse = h_fault(h, 2, "E1", FAULT_CONFIRMED, FAULT_CONFIRMED);

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"));
    H_SEND(h, "hub-1", EPOCH_A, of_class(worse, CLASS_IMPORTANT));
    assert_int_equal(h_tickets(h, "hub-1").rows[0].ticket.class_, CLASS_IMPORTANT);
    assert_int_equal(h_tickets(h, "hub-1").rows[0].ticket.occurrences, 1);
}

/* ---------------------------------------------------------------- time */

static void wrong_device_clocks_change_nothing_but_the_bound(void **state)
{
    struct harness *h = h_of(state);
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
    struct harness *h = h_of(state);
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
    struct harness *h = h_of(state);
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

static void a_snapshot_of_which_a_part_was_lost_settles_nothing(void **state)
{
    struct harness *h = h_of(state);
    const struct fault_report first = h_fault(h, 1, "E1", FAULT_CONFIRMED, FAULT_CONFIRMED).fault;
    const struct fault_report last = h_fault(h, 1, "E3", FAULT_CONFIRMED, FAULT_CONFIRMED).fault;

    H_SEND(h, "hub-1", EPOCH_A, h_confirm(h, 1, "E1"), h_confirm(h, 2, "E2"), h_confirm(h, 3, "E3"));
    H_SEND(h, "hub-1", EPOCH_A, snapshot(h, 4, &first, 1, 0, 3), h_loss(h, LANE_FAULT, 5, 5, LOSS_CORRUPT),
        snapshot(h, 6, &last, 1, 2, 3));
    assert_int_equal(h_condition(h, "hub-1", "E2").state, FAULT_CONFIRMED); /* the lost part may have named it */
}

/* ---------------------------------------------------------------- devices behind a gateway */

static void a_device_behind_a_gateway_has_its_own_conditions_and_tickets(void **state)
{
    struct harness *h = h_of(state);
    struct record own = h_confirm(h, 2, "E1"), behind = h_confirm(h, 3, "E1");

    behind.behind = "00:11:22";
    H_SEND(h, "hub-1", EPOCH_A, h_inventory(h, 1, "home", "HUB-1"), own, behind);
    struct device_row child = h_device(h, "hub-1:00:11:22");
    assert_string_equal(child.gateway, "hub-1");
    assert_int_equal(child.shard, identity_shard("hub-1"));
    assert_int_equal(h_tickets(h, "hub-1").count, 1);
    struct h_tickets tickets = h_tickets(h, "hub-1:00:11:22");
    assert_int_equal(tickets.count, 1);
    assert_string_equal(tickets.rows[0].ticket.product_line, "home"); /* its gateway's, until it tells its own */
    assert_string_equal(tickets.rows[0].ticket.model, "");
    assert_int_equal(tickets.rows[0].clocks[CLOCK_FIRST_RESPONSE].state, CLOCK_RUNNING);
    assert_int_equal(h_transitions(h, "hub-1:00:11:22").count, 1);
    assert_int_equal(h_lane(h, LANE_FAULT)->next, 4);
}

static void one_gateway_cannot_fill_the_registry(void **state)
{
    struct harness *h = h_of(state);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        H_EVERY_DRIVER(a_confirmed_fault_opens_a_ticket_with_its_clocks),
        H_EVERY_DRIVER(an_inventory_that_comes_after_the_first_fault_starts_the_clocks),
        H_EVERY_DRIVER(a_repeat_joins_the_open_ticket_also_after_a_restart),
        H_EVERY_DRIVER(healing_and_silence_close_nothing),
        H_EVERY_DRIVER(pending_opens_nothing),
        H_EVERY_DRIVER(the_catalogue_decides_the_class_and_whether_there_is_a_ticket),
        H_EVERY_DRIVER(a_flapping_fault_opens_nothing_until_it_is_quiet),
        H_EVERY_DRIVER(the_end_of_flapping_does_not_wait_for_all_that_is_confirmed),
        H_EVERY_DRIVER(an_open_ticket_keeps_counting_while_its_fault_flaps),
        H_EVERY_DRIVER(what_arrives_late_is_dated_when_it_happened),
        H_EVERY_DRIVER(a_due_clock_is_breached_once),
        H_EVERY_DRIVER(a_more_urgent_repeat_raises_its_ticket),
        H_EVERY_DRIVER(a_less_urgent_repeat_leaves_its_ticket),
        H_EVERY_DRIVER(a_fault_that_worsens_while_it_stands_raises_its_ticket),
        H_EVERY_DRIVER(wrong_device_clocks_change_nothing_but_the_bound),
        H_EVERY_DRIVER(a_snapshot_settles_what_was_missed),
        H_EVERY_DRIVER(a_snapshot_in_parts_settles_only_when_all_came),
        H_EVERY_DRIVER(a_snapshot_of_which_a_part_was_lost_settles_nothing),
        H_EVERY_DRIVER(a_device_behind_a_gateway_has_its_own_conditions_and_tickets),
        H_EVERY_DRIVER(one_gateway_cannot_fill_the_registry),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
