/* presence.c: see presence.h. */
#include "presence.h"

#include <inttypes.h>
#include <string.h>

#include "log.h"

enum {
    SHARDS = 256, /* one a second: a silent device is noticed some minutes late */
    DEVICES_A_LOOK = 200,
    INTERVALS = 3,
    STANDSTILL_MS = 60 * 1000, /* between two looks, which are a second apart */
};
static const int64_t longest_interval_ms = 7LL * 24 * 60 * 60 * 1000;

static void set(struct turn *t, struct workset_device *d, bool online, enum offline_reason why)
{
    if (d->row.online == online)
        return;
    d->row.online = online;
    d->row.offline = why;
    d->row_dirty = true;
    workset_touch(t->workset, d);
    live_device(t->live, d, online ? "online" : "offline");
}

void presence_online(struct turn *t, struct workset_device *d)
{
    set(t, d, true, OFFLINE_UNKNOWN);
}

void presence_offline(struct turn *t, struct workset_device *d, enum offline_reason why)
{
    set(t, d, false, why);
}

/* ---------------------------------------------------------------- how long is too long */

static bool is_near(int64_t a, int64_t b)
{
    return (a > b ? a - b : b - a) <= a / 8;
}

void presence_interval(struct turn *t, struct workset_device *d, uint64_t interval_ms)
{
    int64_t ms = interval_ms < (uint64_t)longest_interval_ms ? (int64_t)interval_ms : longest_interval_ms;
    bool agreed = is_near(ms, d->last_interval_ms);

    d->last_interval_ms = ms;
    if (!ms || is_near(ms, d->row.health_ms) || (!agreed && ms < d->row.health_ms))
        return;
    d->row.health_ms = ms;
    d->row_dirty = true;
    workset_touch(t->workset, d);
}

static int64_t patience_ms(const struct device_row *row)
{
    int64_t ms = row->health_ms ? INTERVALS * row->health_ms : PRESENCE_OTHERS_MS;

    return ms < PRESENCE_LEAST_MS ? PRESENCE_LEAST_MS : ms;
}

/* ---------------------------------------------------------------- the round */

struct silent {
    char names[DEVICES_A_LOOK][BOUND_SUBJECT_ID + 1];
    size_t count;
};

static bool collect(void *ctx, const char *device)
{
    struct silent *s = ctx;

    memcpy(s->names[s->count++], device, strlen(device) + 1);
    return s->count < DEVICES_A_LOOK;
}

static int judge(struct presence_round *round, struct turn *t, const char *device, struct fail *f)
{
    struct workset_device *d;
    int64_t since;

    if (workset_get(t->workset, t->store, (uint8_t)round->next_shard, device, &d, f))
        return -1;
    since = d->row.last_seen.ms > round->listening.ms ? d->row.last_seen.ms : round->listening.ms;
    if (t->now.ms - since <= patience_ms(&d->row))
        return 0;
    log_warn("device.silent", "device=%s for_s=%" PRId64, device, (t->now.ms - d->row.last_seen.ms) / 1000);
    metrics_add(&t->metrics->devices_silent, 1);
    presence_offline(t, d, OFFLINE_SILENT);
    return 0;
}

/* No broker, a clock that jumped, a machine that slept, a database that did not answer: nobody was heard meanwhile, or it
 * only looks so. */
static bool stood_still(struct presence_round *round, struct wall now)
{
    int64_t ms = now.ms - round->latest.ms;

    round->latest = now;
    return ms < -STANDSTILL_MS || ms > STANDSTILL_MS;
}

int presence_tick(struct presence_round *round, struct turn *t, struct fail *f)
{
    const struct silence silence = {t->now, PRESENCE_LEAST_MS, INTERVALS, PRESENCE_OTHERS_MS};
    struct silent silent = {.count = 0};

    if (!atomic_load(&t->metrics->is_connected))
        return 0;
    if (stood_still(round, t->now))
        round->listening = t->now;
    if (t->now.ms - round->listening.ms <= PRESENCE_LEAST_MS)
        return 0;
    if (store_each_silent(t->store, (uint8_t)round->next_shard, &silence, collect, &silent, f))
        return -1;
    for (size_t i = 0; i < silent.count; i++)
        if (judge(round, t, silent.names[i], f))
            return -1;
    round->next_shard = (round->next_shard + 1) % SHARDS;
    return 0;
}
