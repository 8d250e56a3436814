/* plan.c: retention and eviction. See plan.h. */
#include "plan.h"

/* Lowest first. When the window is too small for both, faults stay longer, too. */
static const enum lane by_rank[LANE_COUNT] = {LANE_HEALTH, LANE_FAULT};

static int64_t bytes_left(const struct plan *p, bool is_freed_only)
{
    int64_t bytes = 0;

    for (size_t lane = 0; lane < LANE_COUNT; lane++) {
        for (size_t i = p->removed[lane]; i < p->queues[lane].count; i++) {
            if (!is_freed_only || queue_is_freed(&p->queues[lane], i))
                bytes += p->queues[lane].segments[i].bytes;
        }
    }
    return bytes;
}

static int give_up_oldest(struct plan *p, enum lane lane, const struct stamp *now, struct fail *f)
{
    if (queue_give_up(&p->queues[lane], p->removed[lane], &p->meta, now, f) != 0)
        return -1;
    p->removed[lane]++;
    return 0;
}

static bool is_out_of_window(const struct plan *p, enum lane lane)
{
    const struct queue *q = &p->queues[lane];
    size_t i = p->removed[lane];

    if (!queue_is_freed(q, i))
        return false;
    return p->now.ms - q->segments[i].freed_at.ms >= p->settings->retention_ms ||
           bytes_left(p, true) > p->settings->retention_bytes;
}

int plan_retention(struct plan *p, struct fail *f)
{
    const struct stamp unused = {0}; /* what is freed leaves no loss */

    for (size_t i = 0; i < LANE_COUNT; i++) {
        while (is_out_of_window(p, by_rank[i])) {
            if (give_up_oldest(p, by_rank[i], &unused, f) != 0)
                return -1;
        }
    }
    return 0;
}

static bool pick_victim(const struct plan *p, enum lane lane, enum lane *ret)
{
    for (size_t i = 0; i < LANE_COUNT; i++) {
        *ret = by_rank[i];
        if (queue_is_freed(&p->queues[*ret], p->removed[*ret]))
            return true;
    }
    for (size_t i = 0; i < LANE_COUNT; i++) {
        *ret = by_rank[i];
        if (p->removed[*ret] < p->queues[*ret].count)
            return *ret == LANE_HEALTH || lane == LANE_FAULT;
    }
    return false;
}

int plan_room(struct plan *p, enum lane lane, const struct stamp *now, struct fail *f)
{
    int64_t allowed = p->settings->max_bytes - META_RESERVED_BYTES - p->settings->segment_bytes;

    while (bytes_left(p, false) > allowed) {
        enum lane victim;

        if (!pick_victim(p, lane, &victim))
            return fail_set(f, FAIL_FULL, "spool: nothing within %lld bytes may give way to the %s lane",
                (long long)p->settings->max_bytes, lane_word(lane));
        if (give_up_oldest(p, victim, now, f) != 0)
            return -1;
    }
    return 0;
}
