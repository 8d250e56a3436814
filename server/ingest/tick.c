/* tick.c: see tick.h. Each part takes a bounded bite and goes on where it was, so that no tick delays a batch. */
#include "tick.h"

#include <string.h>

#include "ledger.h"
#include "raise.h"

enum {
    SHARDS = 256,
    SHARDS_A_TICK = 32,   /* so each shard's clocks are looked at every 8 s */
    CLOCKS_A_SHARD = 256, /* due clocks taken in one look; the rest in the next */
    FLAPS_A_TICK = 200,   /* flapping conditions looked at, in turn */
    TIDY_EVERY_TICKS = 60,
};

void tick_init(struct tick *k)
{
    memset(k, 0, sizeof *k);
    k->place.shard = -1;
}

/* ---------------------------------------------------------------- clocks */

struct due_clock {
    struct ticket_number number;
    struct ticket_clock clock;
};

struct due_clocks {
    struct due_clock rows[CLOCKS_A_SHARD];
    size_t count;
};

static bool collect_due(void *ctx, struct ticket_number number, const struct ticket_clock *clock)
{
    struct due_clocks *due = ctx;

    due->rows[due->count++] = (struct due_clock){number, *clock};
    return due->count < CLOCKS_A_SHARD;
}

static int breach(struct turn *t, struct due_clock *d, struct fail *f)
{
    char text[TICKET_NUMBER_BYTES];
    const struct audit_row row = {d->number.shard, t->now, "rule:clock", "clock.breached",
        ticket_number_text(d->number, text), clock_kind_word(d->clock.kind)};

    if (!clock_tick(&d->clock, t->now))
        return 0;
    if (store_put_clock(t->store, d->number, &d->clock, f))
        return -1;
    metrics_add(&t->metrics->clocks_breached, 1);
    live_breach(t->live, d->number, &d->clock);
    return store_add_audit(t->store, &row, f);
}

static int tick_clocks(struct tick *k, struct turn *t, struct fail *f)
{
    struct due_clocks due;

    for (unsigned i = 0; i < SHARDS_A_TICK; i++, k->next_shard = (k->next_shard + 1) % SHARDS) {
        due.count = 0;
        if (store_each_due_clock(t->store, (uint8_t)k->next_shard, t->now, collect_due, &due, f))
            return -1;
        for (size_t n = 0; n < due.count; n++)
            if (breach(t, &due.rows[n], f))
                return -1;
    }
    return 0;
}

/* ---------------------------------------------------------------- flapping that ended */

struct flap {
    uint8_t shard;
    char device[BOUND_SUBJECT_ID + 1];
    struct condition_key key;
};

struct flaps {
    struct tick_place *at;
    struct flap rows[FLAPS_A_TICK];
    size_t count;
};

static bool collect_flap(void *ctx, uint8_t shard, const char *device, const struct condition *row)
{
    struct flaps *x = ctx;
    struct flap *flap;

    x->at->shard = shard;
    memcpy(x->at->device, device, strlen(device) + 1);
    condition_key_copy(&row->key, &x->at->key);
    flap = &x->rows[x->count++];
    flap->shard = shard;
    memcpy(flap->device, x->at->device, sizeof flap->device);
    flap->key = x->at->key;
    return true;
}

static int end_flap(struct turn *t, const struct flap *flap, struct fail *f)
{
    struct workset_device *d;
    struct workset_condition *c;
    enum condition_change change;
    struct occurred when;

    if (workset_get(t->workset, t->store, flap->shard, flap->device, &d, f))
        return -1;
    c = workset_find(t->workset, d, &flap->key);
    if (!c)
        return 0;
    change = condition_tick(&c->c, t->now, &t->settings->flap);
    if (change != CONDITION_SAME)
        workset_touch_condition(t->workset, d, c);
    if (change != CONDITION_CONFIRMED || c->ticket.n)
        return 0;
    /* Held back on purpose until now: the promise begins with the end of the quiet window. */
    when = (struct occurred){c->c.last_seen, t->settings->flap.window_ms};
    return raise_ticket(t, d, c, when, t->now, NULL, f);
}

static int tick_flaps(struct tick *k, struct turn *t, struct fail *f)
{
    struct tick_place *at = &k->place;
    const struct condition_filter filter = {.state = -1,
        .flapping = true,
        .after_shard = at->shard,
        .after_device = at->device,
        .after_key = &at->key,
        .limit = FLAPS_A_TICK};
    struct tick_place reached = *at;
    struct flaps flaps = {.at = &reached};

    if (store_list_conditions(t->store, &filter, collect_flap, &flaps, f))
        return -1;
    *at = reached;
    if (flaps.count < FLAPS_A_TICK)
        at->shard = -1;
    for (size_t i = 0; i < flaps.count; i++)
        if (end_flap(t, &flaps.rows[i], f))
            return -1;
    return 0;
}

/* ---------------------------------------------------------------- all of it */

static int tidy(struct turn *t, struct fail *f)
{
    int64_t last = live_last_id(t->live);

    if (last > LIVE_KEPT && store_drop_events(t->store, last - LIVE_KEPT, f))
        return fail_add(f, "old events");
    return ledger_flush(t, false, f);
}

int tick_run(struct tick *k, struct turn *t, struct fail *f)
{
    if (tick_clocks(k, t, f))
        return fail_add(f, "clocks");
    if (tick_flaps(k, t, f))
        return fail_add(f, "flapping");
    if (presence_tick(&k->presence, t, f))
        return fail_add(f, "silent devices");
    return ++k->count % TIDY_EVERY_TICKS ? 0 : tidy(t, f);
}
