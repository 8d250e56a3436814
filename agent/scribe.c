/* scribe.c: see scribe.h. */
#include "scribe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "inventory.h"
#include "log.h"
#include "parts.h"

enum { SNAPSHOT_EVERY_MS = 24 * 60 * 60 * 1000 };

struct scribe {
    struct scribe_env env;
    struct scribe_hooks hooks;
    struct source_sink sink;
    struct monitor *monitor;
    struct inventory_book *inventory;
    struct spool *spool;                     /* borrowed; NULL = none */
    bool failed;                             /* it takes nothing any more */
    bool behind;                             /* the spool may lack what the monitor believes to have told */
    bool held;                               /* between hold and release */
    bool unsynced;                           /* something was appended since the last sync */
    uint64_t refused;                        /* what could not be written for want of a spool */
    uint64_t number;                         /* of the fault record that the last observe() wrote */
    int64_t snapshot_ms;                     /* how often a snapshot comes without being asked for */
    uint64_t snapshot_hash, snapshot_number; /* the last one, and its first record; 0 = none yet */
    uint64_t snapshot_epoch;                 /* in which it has that number */
    struct event *monitor_timer, *snapshot_timer;
};

struct stamp scribe_now(const struct scribe *s)
{
    const struct clock *c = s->env.clock;

    return (struct stamp){s->env.boot, c->mono(c->ctx), c->wall(c->ctx), c->quality(c->ctx)};
}

static void set_timer(struct event *timer, int64_t ms)
{
    struct timeval wait = {ms / 1000, (int)(ms % 1000) * 1000};

    event_add(timer, &wait);
}

/* ---------------------------------------------------------------- writing */

/* Looks at why the spool refused: only with an errno is it for good. */
static int note_failure(struct scribe *s, const struct fail *f)
{
    if (f->sys && !s->failed) {
        s->failed = s->behind = true;
        s->hooks.failed(s->hooks.ctx);
    }
    return -1;
}

static int append(struct scribe *s, struct record *r, struct fail *f)
{
    r->behind = "";
    if (!s->spool || s->failed) {
        s->refused++;
        return fail_set(f, FAIL_IO, "the spool is out of order");
    }
    if (spool_append(s->spool, r, f))
        return note_failure(s, f);
    s->unsynced = true;
    return 0;
}

static int sync_now(struct scribe *s, struct fail *f)
{
    if (!s->unsynced)
        return 0;
    s->unsynced = false;
    if (spool_sync(s->spool, f))
        return note_failure(s, f);
    s->hooks.written(s->hooks.ctx);
    return 0;
}

static int write_record(struct scribe *s, struct record *r, struct fail *f)
{
    if (append(s, r, f))
        return -1;
    return s->held ? 0 : sync_now(s, f);
}

static int on_tell(void *ctx, const struct fault_report *r, const struct stamp *when, const char *actor, struct fail *f)
{
    struct scribe *s = ctx;
    struct record record = {.lane = LANE_FAULT, .stamp = *when, .kind = RECORD_FAULT, .fault = *r};
    char text[64];

    if (write_record(s, &record, f))
        return -1;
    s->number = record.number;
    log_info("fault.changed", "number=%" PRIu64 " ns=%s code=%s mode=%u from=%s to=%s%s%s", record.number, r->key.ns,
        r->key.code, (unsigned)r->key.mode, fault_state_word(r->from), fault_state_word(r->to), *actor ? " actor=" : "",
        log_text(actor, text, sizeof text));
    return 0;
}

int scribe_lifecycle(struct scribe *s, enum lifecycle_kind kind, const char *detail, struct fail *f)
{
    struct record r = {.lane = LANE_FAULT,
        .stamp = scribe_now(s),
        .kind = RECORD_LIFECYCLE,
        .lifecycle = {kind, detail, FAULTLINE_VERSION}};

    return write_record(s, &r, f);
}

int scribe_inventory(struct scribe *s, struct fail *f)
{
    struct record r = {.lane = LANE_FAULT,
        .stamp = scribe_now(s),
        .kind = RECORD_INVENTORY,
        .inventory = *inventory_all(s->inventory)};

    return write_record(s, &r, f);
}

/* ---------------------------------------------------------------- snapshots */

static int append_part(void *ctx, const struct snapshot *part, struct fail *f)
{
    struct scribe *s = ctx;
    struct record r = {.lane = LANE_FAULT, .stamp = scribe_now(s), .kind = RECORD_SNAPSHOT, .snapshot = *part};

    if (append(s, &r, f))
        return -1;
    if (part->part == 0) {
        s->snapshot_number = r.number;
        s->snapshot_epoch = spool_epoch(s->spool);
    }
    return 0;
}

/* What was in a group that never reached the disk counts as told: a repeated report would change nothing and be answered
 * as safe. So the spool that was opened anew is told everything first. */
static int catch_up(struct scribe *s, struct fail *f)
{
    if (!s->spool || s->failed)
        return fail_set(f, FAIL_IO, "the spool is out of order");
    if (!s->behind)
        return 0;
    if (scribe_inventory(s, f) || scribe_snapshot(s, true, f))
        return -1;
    s->behind = false;
    return 0;
}

/* The last snapshot is still on its way, and nothing has changed since. */
static bool snapshot_stands(const struct scribe *s)
{
    return s->spool && s->snapshot_epoch == spool_epoch(s->spool) &&
           s->snapshot_number >= spool_first(s->spool, LANE_FAULT) && s->snapshot_hash == monitor_hash(s->monitor);
}

int scribe_snapshot(struct scribe *s, bool needed, struct fail *f)
{
    if (!needed && s->snapshot_number && snapshot_stands(s))
        return 0;
    if (parts_each(s->monitor, append_part, s, f) || (!s->held && sync_now(s, f)))
        return -1;
    s->snapshot_hash = monitor_hash(s->monitor);
    set_timer(s->snapshot_timer, s->snapshot_ms);
    return 0;
}

static void on_snapshot_due(evutil_socket_t fd, short what, void *ctx)
{
    struct scribe *s = ctx;
    struct fail f;
    (void)fd, (void)what;

    set_timer(s->snapshot_timer, s->snapshot_ms);
    if (monitor_count(s->monitor) && scribe_snapshot(s, true, &f))
        log_fail(LOG_LEVEL_WARN, "snapshot.failed", &f);
}

/* ---------------------------------------------------------------- the monitor */

static void watch_monitor(struct scribe *s)
{
    struct mono due;

    event_del(s->monitor_timer);
    if (!monitor_deadline(s->monitor, &due))
        return;
    int64_t ms = due.ms - s->env.clock->mono(s->env.clock->ctx).ms;
    set_timer(s->monitor_timer, ms > 0 ? ms : 0);
}

static void on_monitor_due(evutil_socket_t fd, short what, void *ctx)
{
    struct scribe *s = ctx;
    struct stamp now = scribe_now(s);
    struct fail f;
    (void)fd, (void)what;

    if (monitor_tick(s->monitor, &now, &f))
        log_fail(LOG_LEVEL_WARN, "fault.untold", &f);
    watch_monitor(s);
}

static int after(struct scribe *s, int rc)
{
    watch_monitor(s);
    return rc;
}

int scribe_clear(struct scribe *s, const struct fault_key *key, const char *actor, struct fail *f)
{
    struct stamp now = scribe_now(s);

    return after(s, monitor_clear(s->monitor, key, actor, &now, f));
}

int scribe_cycle(struct scribe *s, struct fail *f)
{
    struct stamp now = scribe_now(s);

    return after(s, monitor_cycle(s->monitor, &now, f));
}

/* ---------------------------------------------------------------- the sink */

static void on_hold(void *ctx)
{
    struct scribe *s = ctx;

    s->held = true;
}

static int on_release(void *ctx, struct fail *f)
{
    struct scribe *s = ctx;

    s->held = false;
    return catch_up(s, f) || sync_now(s, f) ? -1 : 0;
}

static uint64_t on_number(void *ctx)
{
    const struct scribe *s = ctx;

    return s->number;
}

static int on_list(void *ctx, const struct fault_list *l, const struct stamp *when, struct fail *f)
{
    struct scribe *s = ctx;

    return after(s, monitor_list(s->monitor, l, when, f));
}

static int on_observe(void *ctx, const struct observation *o, const struct stamp *when, struct fail *f)
{
    struct scribe *s = ctx;

    s->number = 0;
    return after(s, monitor_observe(s->monitor, o, when, f));
}

static int on_silent(void *ctx, const struct reporter *r, const struct stamp *when, struct fail *f)
{
    struct scribe *s = ctx;

    return after(s, monitor_silent(s->monitor, r, when, f));
}

static int on_moved(void *ctx, const struct reporter *r, bool lost, const struct stamp *when, struct fail *f)
{
    struct scribe *s = ctx;
    (void)f;

    monitor_moved(s->monitor, r, lost, when);
    return after(s, 0);
}

static void on_known(void *ctx, const char *ns, void (*each)(void *each_ctx, const struct reporter *r), void *each_ctx)
{
    const struct scribe *s = ctx;

    monitor_reporters(s->monitor, ns, each, each_ctx);
}

static int on_cleared(void *ctx, const struct reporter *r, const char *ns, bool active, const char *actor,
    const struct stamp *when, struct fail *f)
{
    struct scribe *s = ctx;

    return after(s, monitor_clear_all(s->monitor, r, ns, active, actor, when, f));
}

static int on_health(void *ctx, const struct health *h, const struct stamp *when, struct fail *f)
{
    struct scribe *s = ctx;
    struct record r = {.lane = LANE_HEALTH, .stamp = *when, .kind = RECORD_HEALTH, .health = *h};
    struct spool_stats stats = {0};

    if (s->spool)
        spool_stats(s->spool, &stats);
    r.health.spool_used_bytes = (uint64_t)stats.used_bytes;
    r.health.spool_limit_bytes = (uint64_t)stats.limit_bytes;
    r.health.dropped_count = stats.evicted_count + stats.expired_count + stats.corrupt_count;
    r.health.refused_count = stats.refused_count + s->refused;
    r.health.flash_written_bytes = stats.written_bytes;
    return write_record(s, &r, f);
}

static void on_figures(void *ctx, void (*each)(void *each_ctx, const char *name, double count), void *each_ctx)
{
    const struct scribe *s = ctx;
    struct monitor_stats monitor;
    struct spool_stats spool;

    monitor_stats(s->monitor, &monitor);
    each(each_ctx, "faults_displaced", (double)monitor.displaced);
    each(each_ctx, "faults_refused", (double)monitor.refused);
    each(each_ctx, "log_lines_dropped", (double)log_dropped());
    if (!s->spool)
        return;
    spool_stats(s->spool, &spool);
    each(each_ctx, "epochs_begun", (double)spool.epochs_begun);
}

static int on_measure(void *ctx, const struct frame_value *sample, struct fail *f)
{
    struct scribe *s = ctx;

    return s->hooks.measure(s->hooks.ctx, sample, f);
}

static int on_inventory(void *ctx, const struct inventory *i, const struct stamp *when, struct fail *f)
{
    struct scribe *s = ctx;
    unsigned left_out;
    (void)when;

    bool changed = inventory_merge(s->inventory, i, &left_out);
    if (left_out)
        log_warn("inventory.full", "left_out=%u", left_out);
    return changed ? scribe_inventory(s, f) : 0;
}

/* ---------------------------------------------------------------- from outside */

struct scribe *scribe_new(const struct monitor_settings *settings, const struct inventory *device, int64_t keep_ms,
    const struct scribe_env *env, const struct scribe_hooks *hooks)
{
    struct scribe *s = calloc(1, sizeof *s);
    unsigned left_out;

    if (!s)
        abort();
    s->env = *env;
    s->hooks = *hooks;
    s->sink = (struct source_sink){.ctx = s,
        .hold = on_hold,
        .release = on_release,
        .number = on_number,
        .list = on_list,
        .observe = on_observe,
        .silent = on_silent,
        .moved = on_moved,
        .known = on_known,
        .cleared = on_cleared,
        .health = on_health,
        .figures = on_figures,
        .measure = on_measure,
        .inventory = on_inventory};
    s->monitor = monitor_new(settings, on_tell, s);
    s->inventory = inventory_new();
    inventory_merge(s->inventory, device, &left_out);
    s->snapshot_ms = keep_ms / 2 < SNAPSHOT_EVERY_MS ? keep_ms / 2 : SNAPSHOT_EVERY_MS;
    s->monitor_timer = event_new(env->base, -1, 0, on_monitor_due, s);
    s->snapshot_timer = event_new(env->base, -1, 0, on_snapshot_due, s);
    if (!s->monitor_timer || !s->snapshot_timer)
        abort();
    return s;
}

void scribe_free(struct scribe *s)
{
    if (!s)
        return;
    event_free(s->monitor_timer);
    event_free(s->snapshot_timer);
    monitor_free(s->monitor);
    inventory_free(s->inventory);
    free(s);
}

const struct source_sink *scribe_sink(const struct scribe *s)
{
    return &s->sink;
}

struct monitor *scribe_monitor(struct scribe *s)
{
    return s->monitor;
}

void scribe_use_spool(struct scribe *s, struct spool *spool)
{
    struct fail f;

    s->spool = spool;
    s->failed = false;
    s->unsynced = false;
    s->snapshot_number = 0;
    if (spool && catch_up(s, &f))
        log_fail(LOG_LEVEL_WARN, "spool.behind", &f);
    watch_monitor(s);
}
