/* settle.c: see settle.h. */
#include "settle.h"

#include "raise.h"

/* The record itself is in the report log, so rows made from a snapshot go without it. */
static const uint8_t no_record[1];

static void begin(struct workset_device *d, const struct arrival *a)
{
    const struct snapshot *s = &a->record->snapshot;

    d->snapshot = (struct workset_snapshot){d->snapshot.n + 1, a->epoch, s->hash, 0};
}

/* This part is the next of a snapshot all of whose parts came. */
static bool continues(struct workset_device *d, const struct arrival *a)
{
    const struct snapshot *s = &a->record->snapshot;

    if (s->part == 0) {
        begin(d, a);
        return true;
    }
    return d->snapshot.next_part == s->part && d->snapshot.epoch == a->epoch && d->snapshot.hash == s->hash;
}

static int settle_fault(struct turn *t, const struct arrival *a, const struct fault_report *reported, struct fail *f)
{
    struct fault_report r = *reported;
    struct workset_condition *c;
    struct condition_key key;
    enum refusal refusal = REFUSAL_NONE;

    condition_key_of(&r.key, &key);
    c = workset_find(t->workset, a->subject, &key);
    r.from = c ? c->c.state : FAULT_UNTESTED;
    if (!c || r.from != r.to) {
        if (raise_transition(t, a, &r, no_record, 0, &refusal, f))
            return -1;
        c = workset_find(t->workset, a->subject, &key);
    }
    if (refusal != REFUSAL_NONE)
        metrics_add(&t->metrics->refused[refusal], 1);
    else
        c->snapshot = a->subject->snapshot.n;
    return 0;
}

static struct fault_key key_of(const struct condition_key *k)
{
    return (struct fault_key){.bus = k->bus, .ns = k->ns, .code = k->code, .mode = k->mode, .component = k->component};
}

static int make_stale(struct turn *t, const struct arrival *a, struct workset_condition *c, struct fail *f)
{
    const struct fault_report r = {
        .key = key_of(&c->c.key), .subject = "", .from = c->c.state, .to = FAULT_STALE, .severity = c->c.severity};
    const struct transition_row row = {
        .shard = a->subject->row.shard,
        .device = a->subject->row.device,
        .reported_by = a->reporter->row.device,
        .epoch = a->epoch,
        .number = a->record->number,
        .key = &c->c.key,
        .from = r.from,
        .to = r.to,
        .occurred = a->when,
        .received = a->received,
        .record = no_record,
    };

    condition_apply(&c->c, &r, a->epoch, a->record->number, a->when, &t->settings->flap);
    workset_touch_condition(t->workset, a->subject, c);
    live_condition(t->live, a->subject, c, r.from, a->when);
    return store_add_transition(t->store, &row, f);
}

static bool is_active(const struct workset_condition *c)
{
    return c->c.state == FAULT_PENDING || c->c.state == FAULT_CONFIRMED;
}

/* Costs no more than the snapshot's own faults and those that it ends: what is not active any more leaves the list, so
 * that a device with a long past cannot make snapshots dear. */
static int settle_missing(struct turn *t, const struct arrival *a, struct fail *f)
{
    struct workset_condition **at = &a->subject->active, *c;

    while ((c = *at)) {
        if (is_active(c) && c->snapshot != a->subject->snapshot.n && make_stale(t, a, c, f))
            return -1;
        if (is_active(c)) {
            at = &c->next_active;
            continue;
        }
        *at = c->next_active;
        c->listed = false;
    }
    return 0;
}

int settle_part(struct turn *t, const struct arrival *a, struct fail *f)
{
    const struct snapshot *s = &a->record->snapshot;
    struct workset_device *d = a->subject;
    bool whole = continues(d, a);

    for (size_t i = 0; i < s->fault_count; i++)
        if (settle_fault(t, a, &s->faults[i], f))
            return -1;
    d->snapshot.next_part = whole ? s->part + 1 : 0;
    if (!whole || s->part + 1 < s->parts)
        return 0;
    d->snapshot.next_part = 0;
    return settle_missing(t, a, f);
}
