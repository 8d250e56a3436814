/* reuse.c: see reuse.h. */
#include "reuse.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "mix.h"

/* The duplicates of one lane in one message. */
struct suspects {
    const struct uplink *uplink;
    const struct workset_lane *lane;
    const struct record *lowest, *newest; /* NULL = there are none */
    bool differs;
    bool passed_over;
    uint64_t same_below; /* the device and we agree on all below */
};

/* A loss stands for what may have been sent before, and may be told again with a wider range: it is no other content. */
static bool is_suspect(const struct record *r, const struct workset_lane *lane)
{
    return r->lane == lane->row.lane && r->number < lane->row.next && r->kind != RECORD_LOSS;
}

static void find(struct suspects *s)
{
    for (size_t i = 0; i < s->uplink->record_count; i++) {
        const struct record *r = &s->uplink->records[i];

        if (!is_suspect(r, s->lane))
            continue;
        if (!s->lowest)
            s->lowest = r;
        s->newest = r;
    }
    if (s->lowest)
        s->same_below = s->lowest->number;
}

/* 0 is taken: a tail that is not known. */
uint64_t reuse_tail(const struct record *r)
{
    uint64_t hash = MIX_START ^ r->encoded_bytes;

    if (r->kind == RECORD_LOSS)
        return 0;
    for (size_t i = 0; i < r->encoded_bytes; i += sizeof hash) {
        size_t left = r->encoded_bytes - i;
        uint64_t word = 0;

        memcpy(&word, r->encoded + i, left < sizeof word ? left : sizeof word);
        hash = mix(hash, le64toh(word));
    }
    return hash ? hash : 1;
}

/* ---------------------------------------------------------------- against the logs */

static const struct record *record_at(const struct suspects *s, uint64_t number)
{
    for (size_t i = 0; i < s->uplink->record_count; i++)
        if (s->uplink->records[i].number == number && is_suspect(&s->uplink->records[i], s->lane))
            return &s->uplink->records[i];
    return NULL;
}

static bool hold_against(void *ctx, uint64_t number, const uint8_t *record, size_t record_bytes)
{
    struct suspects *s = ctx;
    const struct record *r = record_at(s, number);

    if (!r)
        return true;
    if (r->encoded_bytes != record_bytes || memcmp(r->encoded, record, record_bytes) != 0)
        s->differs = true;
    else if (number >= s->same_below)
        s->same_below = number + 1;
    return true;
}

static int search(struct turn *t, const struct workset_device *d, struct suspects *s, struct fail *f)
{
    char name[BOUND_SUBJECT_ID + 1];
    const char *behind = s->newest->behind;

    snprintf(
        name, sizeof name, "%.*s%s%.*s", BOUND_DEVICE_ID, d->row.device, *behind ? ":" : "", BOUND_DEVICE_ID, behind);
    return store_each_record(
        t->store, d->row.shard, name, s->uplink->epoch, s->lowest->number, s->newest->number, hold_against, s, f);
}

static bool may_look(const struct turn *t, struct workset_device *d)
{
    int64_t ago_ms = t->now.ms - d->looked.ms;

    if (d->looked.ms && ago_ms >= 0 && ago_ms < REUSE_LOOK_MS)
        return false;
    d->looked = t->now;
    return true;
}

static int judge(struct turn *t, struct workset_device *d, struct suspects *s, struct fail *f)
{
    const struct lane_row *row = &s->lane->row;
    bool is_other = false;

    if (!s->newest)
        return 0;
    if (s->newest->number + 1 == row->next && row->tail) {
        if (reuse_tail(s->newest) == row->tail)
            return 0;
        is_other = true;
    }
    if (!is_other && row->lane != LANE_FAULT)
        return 0;
    if (!may_look(t, d)) {
        s->passed_over = true;
        return 0;
    }
    if (row->lane == LANE_FAULT && search(t, d, s, f))
        return -1;
    s->differs |= is_other;
    return 0;
}

/* ---------------------------------------------------------------- what follows */

/* In a receipt of its own: what the original of a copied spool sends in the same batch raises next for itself only. */
static void answer(struct turn *t, const struct workset_device *d, const struct uplink *u)
{
    struct reply *r = &t->reply;

    metrics_add(&t->metrics->numbers_reused, u->record_count);
    reply_close(r);
    reply_for(r, r->shard, r->device, r->epoch);
    reply_lane(r, d->reuse.lane, d->reuse.next, true, 0);
    reply_new_epoch(r);
    reply_close(r);
}

static int raise_alarm(struct turn *t, struct workset_device *d, const struct suspects *s, struct fail *f)
{
    char detail[96];

    d->reuse = (struct workset_reuse){s->uplink->epoch, s->uplink->session, s->lane->row.lane, s->same_below};
    log_error("device.numbers_reused", "device=%s epoch=%016" PRIx64 " lane=%s from=%" PRIu64, d->row.device,
        d->reuse.epoch, lane_word(d->reuse.lane), d->reuse.next);
    live_device(t->live, d, "numbers_reused");
    snprintf(detail, sizeof detail, "epoch %016" PRIx64 ", %s lane from %" PRIu64 ": an older copy of its spool",
        d->reuse.epoch, lane_word(d->reuse.lane), d->reuse.next);
    return turn_audit(t, d, "device.numbers_reused", d->row.device, detail, f);
}

int reuse_check(struct turn *t, struct workset_device *d, const struct uplink *u, bool *ret_stop, struct fail *f)
{
    bool reused = d->reuse.epoch == u->epoch && d->reuse.session == u->session;

    *ret_stop = false;
    for (enum lane lane = 0; lane < LANE_COUNT && !reused && !*ret_stop; lane++) {
        struct suspects s = {.uplink = u};

        if (!turn_has_lane(u, lane))
            continue;
        s.lane = workset_lane(d, u->epoch, lane);
        find(&s);
        if (judge(t, d, &s, f) || (s.differs && raise_alarm(t, d, &s, f)))
            return -1;
        reused = s.differs;
        *ret_stop = s.passed_over;
    }
    if (reused)
        answer(t, d, u);
    *ret_stop |= reused;
    return 0;
}
