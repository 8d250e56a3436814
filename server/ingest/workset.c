/* workset.c: a hash of devices in order of use, each with its lanes and conditions. See workset.h. */
#include "workset.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

/* A device's clock moves its last_seen with each message; the row is written when that is more than this behind. */
enum { LAST_SEEN_MS = 60 * 1000, CONDITIONS_PER_DEVICE = 16 };

struct condition_entry {
    struct workset_condition pub; /* first: what others hold is this */
    UT_hash_handle hh;
};

struct device_entry {
    struct workset_device pub;
    struct condition_entry *by_key;
    bool touched;
    TAILQ_ENTRY(device_entry) use;
    STAILQ_ENTRY(device_entry) touch;
    UT_hash_handle hh;
};

struct workset {
    struct device_entry *by_name;
    TAILQ_HEAD(use_list, device_entry) use; /* the last used at the end */
    STAILQ_HEAD(touch_list, device_entry) touched;
    size_t max_devices, condition_count;
};

static void *zeroed(size_t n)
{
    void *p = calloc(1, n);

    if (!p)
        abort();
    return p;
}

struct workset *workset_new(size_t max_devices)
{
    struct workset *w = zeroed(sizeof *w);

    TAILQ_INIT(&w->use);
    STAILQ_INIT(&w->touched);
    w->max_devices = max_devices;
    return w;
}

static struct device_entry *entry_of(struct workset_device *d)
{
    return (struct device_entry *)((char *)d - offsetof(struct device_entry, pub));
}

static void drop(struct workset *w, struct device_entry *e)
{
    struct workset_condition *c = e->pub.conditions, *next;

    HASH_CLEAR(hh, e->by_key);
    for (; c; c = next) {
        next = c->next;
        free(c); /* the head of its entry */
    }
    w->condition_count -= e->pub.condition_count;
    HASH_DEL(w->by_name, e);
    TAILQ_REMOVE(&w->use, e, use);
    free(e->pub.lanes);
    free(e);
}

void workset_clear(struct workset *w)
{
    struct device_entry *e;

    STAILQ_INIT(&w->touched);
    while ((e = TAILQ_FIRST(&w->use)))
        drop(w, e);
}

void workset_free(struct workset *w)
{
    if (!w)
        return;
    workset_clear(w);
    free(w);
}

size_t workset_count(const struct workset *w)
{
    return HASH_COUNT(w->by_name);
}

static bool is_over(const struct workset *w)
{
    return HASH_COUNT(w->by_name) > w->max_devices || w->condition_count > w->max_devices * CONDITIONS_PER_DEVICE;
}

void workset_trim(struct workset *w)
{
    struct device_entry *e = TAILQ_FIRST(&w->use), *next;

    assert(STAILQ_EMPTY(&w->touched));
    for (; e && is_over(w); e = next) {
        next = TAILQ_NEXT(e, use);
        if (!e->pub.refused_count)
            drop(w, e);
    }
}

int workset_each(
    struct workset *w, int (*each)(void *ctx, struct workset_device *d, struct fail *f), void *ctx, struct fail *f)
{
    struct device_entry *e;

    TAILQ_FOREACH(e, &w->use, use)
        if (each(ctx, &e->pub, f))
            return -1;
    return 0;
}

/* ---------------------------------------------------------------- lanes */

static struct workset_lane *add_lane(struct workset_device *d, const struct lane_row *row)
{
    if (d->lane_count == d->lane_room) {
        d->lane_room = d->lane_room ? d->lane_room * 2 : 2;
        d->lanes = reallocarray(d->lanes, d->lane_room, sizeof *d->lanes);
        if (!d->lanes)
            abort();
    }
    d->lanes[d->lane_count] = (struct workset_lane){.row = *row};
    return &d->lanes[d->lane_count++];
}

struct workset_lane *workset_lane(struct workset_device *d, uint64_t epoch, enum lane lane)
{
    /* From the end: the newest epoch was added last. */
    for (size_t i = d->lane_count; i-- > 0;)
        if (d->lanes[i].row.epoch == epoch && d->lanes[i].row.lane == lane)
            return &d->lanes[i];
    return add_lane(d, &(struct lane_row){.epoch = epoch, .lane = lane, .next = 1});
}

bool workset_knows_epoch(const struct workset_device *d, uint64_t epoch)
{
    for (size_t i = d->lane_count; i-- > 0;)
        if (d->lanes[i].row.epoch == epoch)
            return true;
    return d->row.epoch == epoch;
}

size_t workset_epoch_count(const struct workset_device *d)
{
    return (size_t)d->row.spool_resets + (d->row.epoch != 0);
}

/* ---------------------------------------------------------------- conditions */

struct workset_condition *workset_find(struct workset *w, struct workset_device *d, const struct condition_key *key)
{
    struct condition_entry *c;
    (void)w;

    HASH_FIND(hh, entry_of(d)->by_key, key, sizeof *key, c);
    return c ? &c->pub : NULL;
}

struct workset_condition *workset_add_condition(
    struct workset *w, struct workset_device *d, const struct condition_key *key)
{
    struct condition_entry *c = zeroed(sizeof *c);

    condition_init(&c->pub.c, key);
    HASH_ADD(hh, entry_of(d)->by_key, pub.c.key, sizeof c->pub.c.key, c);
    c->pub.next = d->conditions;
    d->conditions = &c->pub;
    d->condition_count++;
    w->condition_count++;
    return &c->pub;
}

static void list_active(struct workset_device *d, struct workset_condition *c)
{
    if (c->listed || (c->c.state != FAULT_PENDING && c->c.state != FAULT_CONFIRMED))
        return;
    c->listed = true;
    c->next_active = d->active;
    d->active = c;
}

/* ---------------------------------------------------------------- from the store */

struct loading {
    struct workset *w;
    struct workset_device *d;
};

static bool load_lane(void *ctx, const struct lane_row *row)
{
    struct loading *l = ctx;

    add_lane(l->d, row);
    return true;
}

static bool load_condition(void *ctx, const struct condition *row)
{
    struct loading *l = ctx;
    struct condition_key key;
    struct workset_condition *c;

    condition_key_copy(&row->key, &key);
    c = workset_add_condition(l->w, l->d, &key);
    c->c = *row;
    c->c.key = key;
    list_active(l->d, c);
    return true;
}

static bool load_ticket(void *ctx, const struct ticket *row)
{
    struct loading *l = ctx;
    struct condition_key key;
    struct workset_condition *c;

    condition_key_copy(&row->key, &key);
    c = workset_find(l->w, l->d, &key);
    if (c) {
        c->ticket = row->number;
        c->ticket_occurrences = row->occurrences;
        c->ticket_class = row->class_;
    }
    return true;
}

static int load_rest(struct workset *w, struct store *store, struct workset_device *d, struct fail *f)
{
    struct loading l = {w, d};
    uint8_t shard = d->row.shard;
    const char *device = d->row.device;

    if (store_each_lane(store, shard, device, load_lane, &l, f))
        return -1;
    if (store_each_condition(store, shard, device, load_condition, &l, f))
        return -1;
    return store_each_open_ticket(store, shard, device, load_ticket, &l, f);
}

static struct device_entry *add_entry(struct workset *w, const struct device_row *row)
{
    struct device_entry *e = zeroed(sizeof *e);

    e->pub.row = *row;
    e->pub.last_seen_stored = row->last_seen;
    e->pub.child_count = -1;
    /* The previous message came then, or up to a minute later: good enough to say when the next one was not yet sent. */
    if (row->last_seen.ms)
        e->pub.fix.at = (struct occurred){row->last_seen, LAST_SEEN_MS};
    HASH_ADD_STR(w->by_name, pub.row.device, e);
    TAILQ_INSERT_TAIL(&w->use, e, use);
    return e;
}

int workset_get(struct workset *w, struct store *store, uint8_t shard, const char *device, struct workset_device **ret,
    struct fail *f)
{
    struct device_entry *e;
    struct device_row row;

    HASH_FIND_STR(w->by_name, device, e);
    if (e) {
        TAILQ_REMOVE(&w->use, e, use);
        TAILQ_INSERT_TAIL(&w->use, e, use);
        *ret = &e->pub;
        return 0;
    }
    if (store_get_device(store, shard, device, &row, f))
        return -1;
    e = add_entry(w, &row);
    if (load_rest(w, store, &e->pub, f)) {
        drop(w, e);
        return -1;
    }
    *ret = &e->pub;
    return 0;
}

int workset_add(
    struct workset *w, struct store *store, const struct device_row *row, struct workset_device **ret, struct fail *f)
{
    if (store_put_device(store, row, f))
        return -1;
    *ret = &add_entry(w, row)->pub;
    (*ret)->child_count = 0;
    return 0;
}

/* ---------------------------------------------------------------- to the store */

void workset_touch(struct workset *w, struct workset_device *d)
{
    struct device_entry *e = entry_of(d);

    if (e->touched)
        return;
    e->touched = true;
    STAILQ_INSERT_TAIL(&w->touched, e, touch);
}

void workset_touch_condition(struct workset *w, struct workset_device *d, struct workset_condition *c)
{
    workset_touch(w, d);
    list_active(d, c);
    if (c->dirty)
        return;
    c->dirty = true;
    c->next_dirty = d->dirty;
    d->dirty = c;
}

static int flush_row(struct store *store, struct workset_device *d, struct fail *f)
{
    if (!d->row_dirty && d->row.last_seen.ms - d->last_seen_stored.ms < LAST_SEEN_MS)
        return 0;
    d->row_dirty = false;
    d->last_seen_stored = d->row.last_seen;
    return store_put_device(store, &d->row, f);
}

static int flush_lanes(struct store *store, struct workset_device *d, struct fail *f)
{
    for (struct workset_lane *l = d->lanes; l < d->lanes + d->lane_count; l++) {
        if (!l->dirty)
            continue;
        l->dirty = false;
        if (store_put_lane(store, d->row.shard, d->row.device, &l->row, f))
            return -1;
    }
    return 0;
}

static int flush_conditions(struct store *store, struct workset_device *d, struct fail *f)
{
    struct workset_condition *c;

    while ((c = d->dirty)) {
        d->dirty = c->next_dirty;
        c->dirty = false;
        if (store_put_condition(store, d->row.shard, d->row.device, &c->c, f))
            return -1;
    }
    return 0;
}

int workset_flush(struct workset *w, struct store *store, struct fail *f)
{
    struct device_entry *e;

    while ((e = STAILQ_FIRST(&w->touched))) {
        STAILQ_REMOVE_HEAD(&w->touched, touch);
        e->touched = false;
        if (flush_row(store, &e->pub, f) || flush_lanes(store, &e->pub, f) || flush_conditions(store, &e->pub, f))
            return -1;
    }
    return 0;
}
