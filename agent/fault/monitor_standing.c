/* monitor_standing.c: what the fault monitor holds as it stands: taken in at a restart, walked for a snapshot, counted. See
 * monitor.h. */
#include <string.h>

#include "monitor_state.h"
#include "report.h"
#include "snapshot.h"

void monitor_restore(struct monitor *m, const struct fault_report *r, const struct stamp *now)
{
    struct fault_id id = faults_id(&r->key);
    struct monitor_policy policy = monitor_policy_find(m->policies, m->policy_count, r->key.ns);
    struct fault *f = faults_find(&m->faults, &id) ? NULL : faults_add(&m->faults, &id, 0, r->severity, &policy);

    if (!f)
        return;
    report_restore(f, r);
    f->by->address = r->reporter_address;
    f->by->heard = now->mono;
}

static bool is_in_snapshot(const struct fault *f)
{
    return f->told != FAULT_UNTESTED;
}

void monitor_walk(const struct monitor *m, void (*each)(void *ctx, const struct fault_report *r), void *ctx)
{
    for (const struct fault *f = m->faults.all; f; f = f->hh.next)
        if (is_in_snapshot(f)) {
            struct fault_report r = report_standing(f);

            each(ctx, &r);
        }
}

static bool has_active(const struct fault_reporter *by)
{
    const struct fault *f;

    TAILQ_FOREACH(f, &by->faults, of_reporter)
        if (f->state == FAULT_PENDING || f->state == FAULT_CONFIRMED)
            return true;
    return false;
}

void monitor_reporters(
    const struct monitor *m, const char *ns, void (*each)(void *ctx, const struct reporter *r), void *ctx)
{
    for (const struct fault_reporter *by = m->faults.reporters; by; by = by->hh.next) {
        const struct reporter r = {.bus = by->id.bus,
            .kind = (enum reporter_kind)by->id.kind,
            .id = by->id.id,
            .address = by->address,
            .label = ""};

        if (strcmp(by->id.ns, ns) == 0 && has_active(by))
            each(ctx, &r);
    }
}

size_t monitor_count(const struct monitor *m)
{
    size_t n = 0;

    for (const struct fault *f = m->faults.all; f; f = f->hh.next)
        n += is_in_snapshot(f);
    return n;
}

static void add_to_hash(void *ctx, const struct fault_report *r)
{
    uint64_t *hash = ctx;

    *hash = snapshot_hash_add(*hash, r);
}

uint64_t monitor_hash(const struct monitor *m)
{
    uint64_t hash = SNAPSHOT_HASH_START;

    monitor_walk(m, add_to_hash, &hash);
    return hash;
}

void monitor_stats(const struct monitor *m, struct monitor_stats *ret)
{
    *ret = m->stats;
    ret->displaced = m->faults.displaced;
    ret->refused = m->faults.refused;
    ret->faults = HASH_COUNT(m->faults.all);
    ret->reporters = HASH_COUNT(m->faults.reporters);
}
