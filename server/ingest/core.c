/* core.c: the frame around one transaction. See core.h; what happens to a message stands in message.c. */
#include "core.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"
#include "log.h"
#include "tick.h"
#include "turn.h"
#include "message.h"

/* An item of the batch in the order of writing. */
struct place {
    const struct batch_item *item;
};

struct core {
    struct core_settings settings;
    struct store *store;
    const struct clock *clock;
    struct metrics *metrics;
    struct workset *workset;
    struct catalogue catalogue;
    struct clock_policy *policies;
    size_t policy_count;
    struct live *live;
    struct place *order;
    struct turn turn;
    uint64_t serial;
    struct mono began;
    struct tick tick;
};

/* ---------------------------------------------------------------- opening */

static bool load_catalogue_row(void *ctx, const struct catalogue_row *row)
{
    struct core *c = ctx;

    catalogue_add(&c->catalogue, row);
    return true;
}

static bool load_policy(void *ctx, const struct clock_policy *row)
{
    struct core *c = ctx;

    c->policies = reallocarray(c->policies, c->policy_count + 1, sizeof *row);
    if (!c->policies)
        abort();
    c->policies[c->policy_count++] = *row;
    return true;
}

static int load(struct core *c, struct fail *f)
{
    int64_t last_event;

    if (store_each_catalogue(c->store, load_catalogue_row, c, f))
        return fail_add(f, "reading the catalogue");
    catalogue_sort(&c->catalogue);
    if (store_each_policy(c->store, load_policy, c, f))
        return fail_add(f, "reading the policies");
    if (store_last_event(c->store, &last_event, f))
        return fail_add(f, "reading the last event");
    c->live = live_new(last_event);
    return 0;
}

int core_open(const struct core_settings *settings, struct store *store, const struct clock *clock,
    struct metrics *metrics, struct core **ret, struct fail *f)
{
    struct core *c = calloc(1, sizeof *c);

    if (!c)
        abort();
    c->settings = *settings;
    c->store = store;
    c->clock = clock;
    c->metrics = metrics;
    tick_init(&c->tick);
    c->workset = workset_new((size_t)settings->max_devices);
    c->order = reallocarray(NULL, BATCH_UPLINKS, sizeof *c->order);
    catalogue_init(&c->catalogue);
    if (!c->order)
        abort();
    if (load(c, f)) {
        core_close(c);
        return -1;
    }
    *ret = c;
    return 0;
}

void core_close(struct core *c)
{
    if (!c)
        return;
    workset_free(c->workset);
    catalogue_done(&c->catalogue);
    live_free(c->live);
    free(c->policies);
    free(c->order);
    free(c);
}

int64_t core_last_event(const struct core *c)
{
    return live_last_id(c->live);
}

/* ---------------------------------------------------------------- one transaction */

static int begin(struct core *c, struct batch *b, struct fail *f)
{
    struct turn *t = &c->turn;

    c->began = c->clock->mono(c->clock->ctx);
    t->settings = &c->settings;
    t->store = c->store;
    t->workset = c->workset;
    t->catalogue = &c->catalogue;
    t->policies = c->policies;
    t->policy_count = c->policy_count;
    t->metrics = c->metrics;
    t->live = c->live;
    t->now = c->clock->wall(c->clock->ctx);
    t->behind = b && b->behind;
    t->serial = ++c->serial;
    reply_init(&t->reply, b, t->now);
    live_begin(c->live, t->now);
    return store_begin(c->store, f);
}

static int commit(struct core *c, struct fail *f)
{
    struct wall now;

    if (workset_flush(c->workset, c->store, f))
        return -1;
    now = c->clock->wall(c->clock->ctx);
    if (live_flush(c->live, c->store, now, f))
        return -1;
    return store_commit(c->store, now, f);
}

static int undo(struct core *c)
{
    store_rollback(c->store);
    workset_clear(c->workset);
    live_undo(c->live);
    return -1;
}

static void count(struct core *c)
{
    struct mono now = c->clock->mono(c->clock->ctx);

    metrics_commit(c->metrics, (uint64_t)(now.ms - c->began.ms) * 1000);
    metrics_add(&c->metrics->receipts_failed, c->turn.reply.dropped);
    metrics_set(&c->metrics->cached_devices, workset_count(c->workset));
    workset_trim(c->workset);
}

/* By shard and device, so that the database's pages are visited in order; the device's own order is kept. */
static int compare_items(const void *a, const void *b)
{
    const struct batch_item *left = ((const struct place *)a)->item;
    const struct batch_item *right = ((const struct place *)b)->item;
    int order = (left->shard > right->shard) - (left->shard < right->shard);

    if (!order)
        order = strcmp(left->device, right->device);
    return order ? order : (left > right) - (left < right);
}

static int apply_items(struct core *c, const struct batch *b, struct fail *f)
{
    for (size_t i = 0; i < b->count; i++)
        c->order[i].item = &b->items[i];
    qsort(c->order, b->count, sizeof *c->order, compare_items);
    for (size_t i = 0; i < b->count; i++)
        if (message_apply(&c->turn, c->order[i].item, f))
            return fail_add(f, "device %s", c->order[i].item->device);
    reply_close(&c->turn.reply);
    return 0;
}

int core_apply(struct core *c, struct batch *b, struct fail *f)
{
    if (begin(c, b, f) || apply_items(c, b, f) || commit(c, f)) {
        b->reply_count = 0;
        return undo(c);
    }
    metrics_add(&c->metrics->batches, 1);
    count(c);
    return 0;
}

/* ---------------------------------------------------------------- time passed */

int core_tick(struct core *c, struct fail *f)
{
    if (begin(c, NULL, f) || tick_run(&c->tick, &c->turn, f) || commit(c, f))
        return undo(c);
    workset_trim(c->workset);
    return 0;
}

int core_finish(struct core *c, struct fail *f)
{
    if (begin(c, NULL, f) || ledger_flush(&c->turn, true, f) || commit(c, f))
        return undo(c);
    return 0;
}

/* ---------------------------------------------------------------- the registry */

static int change_registration(
    struct turn *t, struct workset_device *d, const struct registration_change *change, struct fail *f)
{
    bool blocked = change->registration == DEVICE_BLOCKED;
    const struct audit_row row = {.shard = d->row.shard,
        .at = t->now,
        .who = change->who,
        .what = blocked ? "device.blocked" : "device.unblocked",
        .object = d->row.device,
        .detail = change->reason};

    if (d->row.registration == change->registration)
        return 0;
    d->row.registration = change->registration;
    d->row_dirty = true;
    workset_touch(t->workset, d);
    live_device(t->live, d, blocked ? "blocked" : "unblocked");
    log_info(row.what, "device=%s who=%s", d->row.device, change->who);
    return store_add_audit(t->store, &row, f);
}

int core_set_registration(struct core *c, const struct registration_change *change, struct fail *f)
{
    struct workset_device *d;

    if (begin(c, NULL, f))
        return undo(c);
    if (workset_get(c->workset, c->store, store_shard_of(change->device), change->device, &d, f)) {
        undo(c);
        return f->code == FAIL_NOT_FOUND ? fail_set(f, FAIL_NOT_FOUND, "no device %s", change->device) : -1;
    }
    if (change_registration(&c->turn, d, change, f) || commit(c, f))
        return undo(c);
    return 0;
}
