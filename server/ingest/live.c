/* live.c: see live.h. The only place of ingest that makes JSON; a record without an event costs none. */
#include "live.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct pending {
    uint8_t shard;
    const char *kind;
    json_t *object;
    int64_t ticket_from_ms; /* a ticket opened for a fault of that moment; 0 = not, or not known well enough */
};

/* How many of a kind are told. */
struct share {
    size_t told;     /* in this window */
    size_t left_out; /* in this transaction */
};

struct live {
    struct pending *rows;
    size_t count, room;
    struct wall window; /* when it began */
    struct share conditions, tickets;
    int64_t last_id, id_before;
};

struct live *live_new(int64_t last_id)
{
    struct live *l = calloc(1, sizeof *l);

    if (!l)
        abort();
    l->last_id = l->id_before = last_id;
    return l;
}

static void forget(struct live *l)
{
    for (size_t i = 0; i < l->count; i++)
        json_decref(l->rows[i].object);
    l->count = l->conditions.left_out = l->tickets.left_out = 0;
}

void live_free(struct live *l)
{
    if (!l)
        return;
    forget(l);
    free(l->rows);
    free(l);
}

int64_t live_last_id(const struct live *l)
{
    return l->last_id;
}

void live_begin(struct live *l, struct wall now)
{
    forget(l);
    if (now.ms < l->window.ms || now.ms - l->window.ms >= LIVE_WINDOW_MS) {
        l->window = now;
        l->conditions.told = l->tickets.told = 0;
    }
    l->id_before = l->last_id;
}

void live_undo(struct live *l)
{
    forget(l);
    l->last_id = l->id_before;
}

/* Takes object. */
static struct pending *add(struct live *l, uint8_t shard, const char *kind, json_t *object)
{
    if (!object)
        abort(); /* no memory: every text is UTF-8, the codec saw to it */
    if (l->count == l->room) {
        l->room = l->room ? l->room * 2 : 64;
        l->rows = reallocarray(l->rows, l->room, sizeof *l->rows);
        if (!l->rows)
            abort();
    }
    l->rows[l->count] = (struct pending){shard, kind, object, 0};
    return &l->rows[l->count++];
}

static json_t *time_or_null(struct wall t)
{
    char text[TIMES_TEXT_BYTES];

    return t.ms ? json_string(times_format(t, text)) : json_null();
}

static json_t *condition_object(const struct workset_device *d, const struct workset_condition *c, struct occurred when)
{
    const struct condition *k = &c->c;

    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:i, s:o, s:I}", "device", d->row.device, "reporter",
        k->key.reporter, "ns", k->key.ns, "code", k->key.code, "mode", (json_int_t)k->key.mode, "component",
        k->key.component, "class", class_word(k->class_), "severity", (int)k->severity, "occurred_at",
        time_or_null(when.at), "bound_ms", (json_int_t)when.bound_ms);
}

static bool takes(struct share *s, size_t most)
{
    bool told = s->told < most;

    ++*(told ? &s->told : &s->left_out);
    return told;
}

void live_condition(struct live *l, const struct workset_device *d, const struct workset_condition *c,
    enum fault_state from, struct occurred when)
{
    json_t *object;

    if (!takes(&l->conditions, LIVE_CONDITIONS))
        return;
    object = condition_object(d, c, when);
    json_object_set_new(object, "from", json_string(fault_state_word(from)));
    json_object_set_new(object, "to", json_string(fault_state_word(c->c.state)));
    json_object_set_new(object, "flapping", json_boolean(c->c.flapping));
    add(l, d->row.shard, "condition", object);
}

void live_ticket(struct live *l, const struct live_ticket *t)
{
    char text[TICKET_NUMBER_BYTES];
    struct pending *row;
    json_t *object;

    if (!takes(&l->tickets, LIVE_TICKETS))
        return;
    object = condition_object(t->device, t->condition, t->occurred);
    json_object_set_new(object, "ticket", json_string(ticket_number_text(t->number, text)));
    json_object_set_new(object, "change", json_string(t->opened ? "opened" : "joined"));
    json_object_set_new(object, "received_at", time_or_null(t->received));
    json_object_set_new(object, "occurrences", json_integer((json_int_t)t->condition->ticket_occurrences));
    if (t->opened)
        json_object_set_new(object, "due_at", time_or_null(t->due));
    row = add(l, t->device->row.shard, "ticket", object);
    if (t->opened && t->occurred.bound_ms <= OCCURRED_AGREE_MS)
        row->ticket_from_ms = t->occurred.at.ms;
}

void live_raise(struct live *l, const struct live_ticket *t, enum ticket_class from)
{
    char text[TICKET_NUMBER_BYTES];
    json_t *object;

    if (!takes(&l->tickets, LIVE_TICKETS))
        return;
    object = condition_object(t->device, t->condition, t->occurred);
    json_object_set_new(object, "ticket", json_string(ticket_number_text(t->number, text)));
    json_object_set_new(object, "change", json_string("class_raised"));
    json_object_set_new(object, "from", json_string(class_word(from)));
    json_object_set_new(object, "due_at", time_or_null(t->due));
    add(l, t->device->row.shard, "ticket", object);
}

void live_breach(struct live *l, struct ticket_number number, const struct ticket_clock *clock)
{
    char text[TICKET_NUMBER_BYTES];

    add(l, number.shard, "ticket",
        json_pack("{s:s, s:s, s:s, s:o}", "ticket", ticket_number_text(number, text), "change", "clock_breached",
            "clock", clock_kind_word(clock->kind), "due_at", time_or_null(clock->due)));
}

void live_device(struct live *l, const struct workset_device *d, const char *change)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "device", d->row.device, "change", change, "product_line",
        d->row.product_line, "model", d->row.model);

    add(l, d->row.shard, "device", object);
    if (strcmp(change, "offline") == 0)
        json_object_set_new(object, "reason", json_string(store_offline_word(d->row.offline)));
}

void live_loss(struct live *l, const struct loss_row *row)
{
    add(l, row->shard, "loss",
        json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:i, s:i, s:i}", "device", row->device, "lane", lane_word(row->lane),
            "first", (json_int_t)row->first, "last", (json_int_t)row->last, "cause", row->cause, "detail", row->detail,
            "faults", (int)row->faults, "healths", (int)row->healths, "others", (int)row->others));
}

static int write_row(struct live *l, struct store *store, struct pending *p, struct wall now, struct fail *f)
{
    struct event_row row = {.id = l->last_id + 1, .shard = p->shard, .at = now};
    autofree char *text = NULL;

    if (p->ticket_from_ms)
        json_object_set_new(p->object, "fault_to_ticket_ms", json_integer(now.ms - p->ticket_from_ms));
    text = json_dumps(p->object, JSON_COMPACT);
    if (!text)
        abort();
    snprintf(row.kind, sizeof row.kind, "%s", p->kind);
    row.json = text;
    if (store_add_event(store, &row, f))
        return -1;
    l->last_id++;
    return 0;
}

static void tell_left_out(struct live *l, const char *kind, const struct share *s)
{
    if (s->left_out)
        add(l, 0, kind, json_pack("{s:I}", "left_out", (json_int_t)s->left_out));
}

int live_flush(struct live *l, struct store *store, struct wall now, struct fail *f)
{
    tell_left_out(l, "condition", &l->conditions);
    tell_left_out(l, "ticket", &l->tickets);
    for (size_t i = 0; i < l->count; i++)
        if (write_row(l, store, &l->rows[i], now, f))
            return -1;
    forget(l);
    return 0;
}
