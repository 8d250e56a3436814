/* raise.c: this is where a report becomes a ticket. See raise.h. */
#include "raise.h"

#include <stdio.h>
#include <string.h>

#include "policy.h"

static const struct clock_policy *promise(const struct turn *t, const struct ticket *ticket, enum clock_kind kind)
{
    return policy_find(t->policies, t->policy_count, ticket->product_line, ticket->class_, kind);
}

static void describe(const struct turn *t, const struct workset_device *subject, const struct workset_condition *c,
    struct occurred when, struct wall received, struct ticket *ret)
{
    *ret = (struct ticket){.number = {subject->row.shard, 0},
        .key = c->c.key,
        .state = TICKET_TRIAGED,
        .class_ = c->c.class_,
        .occurred = when,
        .received = received,
        .opened = t->now,
        .occurrences = 1,
        .last_seen = when.at,
        .version = 1};
    memcpy(ret->device, subject->row.device, sizeof ret->device);
    memcpy(ret->product_line, subject->row.product_line, sizeof ret->product_line);
    memcpy(ret->model, subject->row.model, sizeof ret->model);
}

/* The class is known at once, so triage stops where the ticket begins; the first response runs. */
static void start_clocks(const struct turn *t, const struct ticket *ticket, struct ticket_clock clocks[static 2])
{
    clock_start(&clocks[0], CLOCK_TRIAGE, promise(t, ticket, CLOCK_TRIAGE), ticket->occurred, t->now);
    clock_stop(&clocks[0], t->now);
    clock_start(&clocks[1], CLOCK_FIRST_RESPONSE, promise(t, ticket, CLOCK_FIRST_RESPONSE), ticket->occurred, t->now);
}

static void tell(struct turn *t, const struct workset_device *subject, const struct workset_condition *c,
    struct occurred when, struct wall received, bool opened, struct wall due)
{
    const struct live_ticket event = {c->ticket, opened, subject, c, when, received, due};

    live_ticket(t->live, &event);
}

/* ---------------------------------------------------------------- a class that rises */

static int raise_clocks(
    struct turn *t, const struct ticket_view *view, struct occurred when, struct wall *ret_due, struct fail *f)
{
    for (size_t i = 0; i < view->clock_count; i++) {
        struct ticket_clock clock = view->clocks[i];

        if (clock_raise(&clock, promise(t, &view->ticket, clock.kind), when, t->now) &&
            store_put_clock(t->store, view->ticket.number, &clock, f))
            return -1;
        if (clock.kind == CLOCK_FIRST_RESPONSE && clock.state != CLOCK_NO_TARGET)
            *ret_due = clock.due;
    }
    return 0;
}

static int audit_class(struct turn *t, const struct workset_device *subject, struct ticket_number number,
    enum ticket_class from, enum ticket_class to, struct fail *f)
{
    char text[TICKET_NUMBER_BYTES], detail[48];

    snprintf(detail, sizeof detail, "%s to %s", class_word(from), class_word(to));
    return turn_audit(t, subject, "ticket.class_raised", ticket_number_text(number, text), detail, f);
}

/* A repeat that is more urgent than its ticket makes the ticket so. One that is less changes nothing: what was urgent
 * once is for a person to judge. */
static int raise_class(struct turn *t, struct workset_device *subject, struct workset_condition *c,
    struct occurred when, struct wall received, struct fail *f)
{
    struct live_ticket event = {c->ticket, false, subject, c, when, received, {0}};
    struct ticket_view view;
    enum ticket_class from;

    if (c->c.class_ <= c->ticket_class)
        return 0;
    if (store_get_ticket(t->store, c->ticket, &view, f))
        return -1;
    from = c->ticket_class = view.ticket.class_;
    if (c->c.class_ <= from)
        return 0;
    view.ticket.class_ = c->ticket_class = c->c.class_;
    if (store_raise_ticket(t->store, c->ticket, c->c.class_, f) || raise_clocks(t, &view, when, &event.due, f))
        return -1;
    metrics_add(&t->metrics->tickets_raised, 1);
    live_raise(t->live, &event, from);
    return audit_class(t, subject, c->ticket, from, c->c.class_, f);
}

/* ---------------------------------------------------------------- opening and joining */

static int join(struct turn *t, struct workset_device *subject, struct workset_condition *c, struct occurred when,
    struct wall received, struct fail *f)
{
    c->ticket_occurrences++;
    if (store_join_ticket(t->store, c->ticket, c->ticket_occurrences, when.at, f))
        return -1;
    metrics_add(&t->metrics->tickets_joined, 1);
    tell(t, subject, c, when, received, false, (struct wall){0});
    return raise_class(t, subject, c, when, received, f);
}

static int open_ticket(struct turn *t, struct workset_device *subject, struct workset_condition *c,
    struct occurred when, struct wall received, bool *ret_opened, struct fail *f)
{
    char text[TICKET_NUMBER_BYTES];
    struct ticket_clock clocks[2];
    struct ticket ticket;
    struct wall due = {0};
    bool opened;

    describe(t, subject, c, when, received, &ticket);
    start_clocks(t, &ticket, clocks);
    if (store_open_ticket(t->store, &ticket, clocks, countof(clocks), &c->ticket, &opened, f))
        return -1;
    *ret_opened = opened;
    c->ticket_class = opened ? ticket.class_ : CLASS_UNSET; /* somebody else opened it: it tells */
    if (!opened)
        return join(t, subject, c, when, received, f);
    c->ticket_occurrences = 1;
    metrics_add(&t->metrics->tickets_opened, 1);
    if (clocks[1].state != CLOCK_NO_TARGET)
        due = clocks[1].due;
    tell(t, subject, c, when, received, true, due);
    return turn_audit(t, subject, "ticket.opened", ticket_number_text(c->ticket, text), c->c.key.code, f);
}

static void suppress(struct turn *t, const struct record *record, const char *rule)
{
    metrics_add(&t->metrics->suppressed, 1);
    if (record)
        reply_suppressed(&t->reply, record, rule);
}

int raise_ticket(struct turn *t, struct workset_device *subject, struct workset_condition *c, struct occurred when,
    struct wall received, const struct record *record, struct fail *f)
{
    bool opened = false;

    if (c->ticket.n) {
        if (join(t, subject, c, when, received, f))
            return -1;
    } else if (!catalogue_opens_tickets(
                   catalogue_find(t->catalogue, subject->row.product_line, subject->row.model, &c->c.key))) {
        suppress(t, record, "catalogue");
        return 0;
    } else if (c->c.flapping) {
        suppress(t, record, "flapping");
        return 0;
    } else if (open_ticket(t, subject, c, when, received, &opened, f))
        return -1;
    if (record)
        reply_ticket(&t->reply, record, opened ? VERDICT_OPENED : VERDICT_JOINED, c->ticket);
    return 0;
}

/* ---------------------------------------------------------------- what is promised, later */

/* A clock that was stopped without a target keeps the moment. */
static int promise_late(struct turn *t, const struct ticket *ticket, const struct ticket_clock *before, struct fail *f)
{
    struct ticket_clock clock;

    if (before->state != CLOCK_NO_TARGET)
        return 0;
    clock_start(&clock, before->kind, promise(t, ticket, before->kind), ticket->occurred, ticket->opened);
    if (before->stopped.ms)
        clock_stop(&clock, before->stopped);
    clock_tick(&clock, t->now);
    return store_put_clock(t->store, ticket->number, &clock, f);
}

static int promise_for_ticket(
    struct turn *t, const struct workset_device *subject, struct ticket_number number, struct fail *f)
{
    char text[TICKET_NUMBER_BYTES];
    struct ticket_view view;

    if (store_get_ticket(t->store, number, &view, f))
        return -1;
    if (*view.ticket.product_line)
        return 0;
    memcpy(view.ticket.product_line, subject->row.product_line, sizeof view.ticket.product_line);
    if (store_place_ticket(t->store, number, subject->row.product_line, subject->row.model, f))
        return -1;
    for (size_t i = 0; i < view.clock_count; i++)
        if (promise_late(t, &view.ticket, &view.clocks[i], f))
            return -1;
    return turn_audit(t, subject, "ticket.placed", ticket_number_text(number, text), subject->row.product_line, f);
}

int raise_promises(struct turn *t, struct workset_device *subject, struct fail *f)
{
    for (struct workset_condition *c = subject->conditions; c; c = c->next)
        if (c->ticket.n && promise_for_ticket(t, subject, c->ticket, f))
            return -1;
    return 0;
}

/* ---------------------------------------------------------------- transitions */

static int log_transition(struct turn *t, const struct arrival *a, const struct condition_key *key,
    const struct fault_report *r, const uint8_t *record, size_t record_bytes, struct fail *f)
{
    const struct transition_row row = {
        .shard = a->subject->row.shard,
        .device = a->subject->row.device,
        .reported_by = a->reporter->row.device,
        .epoch = a->epoch,
        .number = a->record->number,
        .key = key,
        .from = r->from,
        .to = r->to,
        .quality = r->quality,
        .occurred = a->when,
        .received = a->received,
        .record = record,
        .record_bytes = record_bytes,
    };

    return store_add_transition(t->store, &row, f);
}

static struct workset_condition *condition_of(struct turn *t, const struct arrival *a, const struct condition_key *key)
{
    struct workset_condition *c = workset_find(t->workset, a->subject, key);

    if (!c && a->subject->condition_count < BOUND_DEVICE_CONDITIONS)
        c = workset_add_condition(t->workset, a->subject, key);
    return c;
}

int raise_transition(struct turn *t, const struct arrival *a, const struct fault_report *r, const uint8_t *record,
    size_t record_bytes, enum refusal *ret_refusal, struct fail *f)
{
    struct workset_device *subject = a->subject;
    const struct catalogue_row *row;
    enum condition_change change;
    struct workset_condition *c;
    struct condition_key key;
    enum fault_state from;

    condition_key_of(&r->key, &key);
    c = condition_of(t, a, &key);
    if (!c) {
        *ret_refusal = REFUSAL_CONDITIONS;
        return 0;
    }
    *ret_refusal = REFUSAL_NONE;
    row = catalogue_find(t->catalogue, subject->row.product_line, subject->row.model, &key);
    c->c.class_ = catalogue_class(row, r->class_hint);
    c->c.severity = catalogue_severity(row, r->severity);
    from = c->c.state;
    change = condition_apply(&c->c, r, a->epoch, a->record->number, a->when, &t->settings->flap);
    workset_touch_condition(t->workset, subject, c);
    if (log_transition(t, a, &key, r, record, record_bytes, f))
        return -1;
    if (change != CONDITION_SAME)
        live_condition(t->live, subject, c, from, a->when);
    if (change != CONDITION_CONFIRMED)
        return c->ticket.n && c->c.state == FAULT_CONFIRMED ? raise_class(t, subject, c, a->when, a->received, f) : 0;
    return raise_ticket(t, subject, c, a->when, a->received, a->record, f);
}
