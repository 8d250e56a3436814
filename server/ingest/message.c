/* message.c: see message.h. Rule numbers are those of faultline.proto. */
#include "message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger.h"
#include "log.h"
#include "arrival.h"
#include "ask.h"
#include "presence.h"
#include "reuse.h"

enum {
    HOLD_MS = 15 * 60 * 1000,      /* a device that is not admitted asks again after this */
    NEW_EPOCH_MS = 10 * 60 * 1000, /* beyond BOUND_DEVICE_EPOCHS one new spool in this time */
    SHED_MS = 30 * 1000,           /* health put off: spread by shard, up to twice this */
    SHED_KEEP = 8,                 /* one device in so many may send health while more waits than can be taken */
};

/* ---------------------------------------------------------------- the registry */

/* Nothing of the message is taken and nothing is final: the device keeps its records and asks again later. Nothing was
 * looked at either, so nothing is said about what is stored: the numbers may have been used twice (rule 8). */
static void hold(struct turn *t, const struct batch_item *item)
{
    if (item->uplink.death)
        return;
    reply_for(&t->reply, item->shard, item->device, item->uplink.epoch);
    for (enum lane lane = 0; lane < LANE_COUNT; lane++)
        reply_lane(&t->reply, lane, 1, false, HOLD_MS);
}

static void count_refusal(struct turn *t, const struct batch_item *item, enum refusal refusal)
{
    char detail[BOUND_REASON + 1];

    metrics_add(&t->metrics->refused[refusal], 1);
    log_warn("uplink.refused", "device=%s reason=%s detail=\"%s\"", item->device, refusal_word(refusal),
        log_text(item->detail, detail, sizeof detail));
}

static int refuse(
    struct turn *t, const struct batch_item *item, struct workset_device *d, enum refusal refusal, struct fail *f)
{
    count_refusal(t, item, refusal);
    if (item->refusal == REFUSAL_NONE)
        hold(t, item);
    return d ? ledger_refuse_uplink(t, d, refusal, item->detail, f) : 0;
}

static int enroll(struct turn *t, const struct batch_item *item, struct workset_device **ret, struct fail *f)
{
    struct device_row row = {
        .shard = item->shard, .registration = DEVICE_KNOWN, .enrolled = t->now, .last_seen = item->received};

    memcpy(row.device, item->device, sizeof item->device);
    if (workset_add(t->workset, t->store, &row, ret, f))
        return -1;
    metrics_add(&t->metrics->devices_enrolled, 1);
    live_device(t->live, *ret, "new");
    return turn_audit(t, *ret, "device.enrolled", item->device, "by its first report", f);
}

/* ---------------------------------------------------------------- epochs and sessions (rule 6) */

static int new_epoch(struct turn *t, struct workset_device *d, const struct uplink *u, struct fail *f)
{
    bool reset = d->row.epoch != 0;
    char detail[48];

    d->row.epoch = u->epoch;
    d->row.session = u->session;
    d->row.spool_resets += reset;
    d->row_dirty = true;
    d->reuse = (struct workset_reuse){0};
    d->last_new_epoch = t->now;
    if (!reset)
        return 0;
    metrics_add(&t->metrics->spool_resets, 1);
    live_device(t->live, d, "spool_reset");
    log_warn("device.spool_reset", "device=%s epoch=%016" PRIx64, d->row.device, u->epoch);
    snprintf(detail, sizeof detail, "epoch %016" PRIx64, u->epoch);
    return turn_audit(t, d, "device.spool_reset", d->row.device, detail, f);
}

static bool too_many_epochs(const struct turn *t, const struct workset_device *d)
{
    return workset_epoch_count(d) >= BOUND_DEVICE_EPOCHS && t->now.ms - d->last_new_epoch.ms < NEW_EPOCH_MS;
}

/* An older epoch brings something new although a newer one has begun: two spools live under one identity. */
static int note_clone(struct turn *t, struct workset_device *d, uint64_t epoch, struct fail *f)
{
    char detail[48];

    if (d->row.cloned)
        return 0;
    d->row.cloned = d->row_dirty = true;
    metrics_add(&t->metrics->clones, 1);
    live_device(t->live, d, "cloned");
    log_error("device.cloned", "device=%s epoch=%016" PRIx64, d->row.device, epoch);
    snprintf(detail, sizeof detail, "epoch %016" PRIx64 " again", epoch);
    return turn_audit(t, d, "device.cloned", d->row.device, detail, f);
}

static void note_session(struct turn *t, struct workset_device *d, const struct uplink *u)
{
    if (u->epoch != d->row.epoch || u->session < d->row.session)
        return;
    if (u->session > d->row.session) {
        d->row.session = u->session;
        d->row_dirty = true;
    }
    if (u->death)
        presence_offline(t, d, OFFLINE_LOST);
    else
        presence_online(t, d);
}

/* ---------------------------------------------------------------- the lanes (rule 3) */

struct passage {
    struct workset_device *device;
    const struct batch_item *item;
    struct fix fix;
    bool any_new; /* a record that was no duplicate */
};

static bool sheds(const struct turn *t, const struct batch_item *item, enum lane lane)
{
    return t->behind && lane == LANE_HEALTH && (item->shard + t->serial) % SHED_KEEP != 0;
}

static struct occurred locate(struct passage *p, const struct record *r)
{
    struct workset_device *d = p->device;
    struct occurred o = occurred_at(&r->stamp, &p->fix, &d->fix, d->floor[r->lane]);

    if (o.at.ms - o.bound_ms > d->floor[r->lane].ms)
        d->floor[r->lane].ms = o.at.ms - o.bound_ms;
    return o;
}

static int store_record(struct turn *t, struct passage *p, const struct record *r, uint64_t next, struct fail *f)
{
    const struct uplink *u = &p->item->uplink;
    struct arrival a = {.reporter = p->device, .record = r, .epoch = u->epoch, .received = p->item->received};

    if (u->epoch != p->device->row.epoch && note_clone(t, p->device, u->epoch, f))
        return -1;
    a.when = locate(p, r);
    if (r->kind != RECORD_LOSS)
        return arrival_apply(t, &a, f);
    metrics_add(&t->metrics->stored[RECORD_LOSS], 1);
    return ledger_loss(t, p->device, u->epoch, r, next, p->item->received, f);
}

static int take_record(struct turn *t, struct passage *p, const struct record *r, struct fail *f)
{
    struct workset_lane *lane = workset_lane(p->device, p->item->uplink.epoch, r->lane);
    uint64_t next = lane->row.next;
    uint64_t first = r->kind == RECORD_LOSS ? r->loss.first : r->number;
    bool hole = first > next, duplicate = r->number < next;
    uint32_t retry_ms = 0;

    p->any_new |= !duplicate;
    if (duplicate)
        metrics_add(&t->metrics->duplicates, 1);
    else if (hole)
        metrics_add(&t->metrics->holes, 1);
    else if (sheds(t, p->item, r->lane)) {
        metrics_add(&t->metrics->shed, 1);
        retry_ms = SHED_MS + (uint32_t)p->item->shard * SHED_MS / 256;
    } else {
        if (store_record(t, p, r, next, f))
            return -1;
        lane->row.next = next = r->number + 1;
        lane->row.tail = reuse_tail(r);
        lane->dirty = true;
    }
    lane->agreed |= !hole;
    if (r->kind == RECORD_LOSS && !hole)
        ask_after_loss(p->device, p->item->uplink.epoch, r);
    reply_lane(&t->reply, r->lane, next, hole && !duplicate, retry_ms);
    return 0;
}

/* A store that was restored from a backup, or a standby that took over, may be behind what the device was told. A lane
 * that is spoken of shows it by itself; where the others stand, and that they may have to be sent again from there, the
 * device hears with its first message since it was read from the store, and again when its messages come again: that
 * receipt may have been lost. A message without records asks for just this. A lane that has spoken is left alone: what it
 * has on its way would be sent again, and with two busy lanes each repeat would call for the next. */
static void tell_lanes(struct turn *t, struct workset_device *d, const struct uplink *u, bool all_known)
{
    bool tell = !d->met || all_known;

    d->met = true;
    for (enum lane i = 0; tell && i < LANE_COUNT; i++) {
        const struct workset_lane *lane = workset_lane(d, u->epoch, i);

        if (!turn_has_lane(u, i) && (!lane->agreed || !u->record_count))
            reply_lane(&t->reply, i, lane->row.next, true, 0);
    }
}

/* ---------------------------------------------------------------- one message */

/* Messages of a device come in the order they were sent, so none was sent before the previous one. */
static struct fix fix_of(const struct workset_device *d, const struct batch_item *item)
{
    struct wall sent_after = {d->fix.at.at.ms - d->fix.at.bound_ms};

    if (sent_after.ms < item->sent_after.ms)
        sent_after = item->sent_after;
    return occurred_fix(&item->uplink.anchor, item->received, sent_after);
}

static int take_message(struct turn *t, struct workset_device *d, const struct batch_item *item, struct fail *f)
{
    const struct uplink *u = &item->uplink;
    struct passage p = {d, item, fix_of(d, item), false};
    bool stop;

    reply_for(&t->reply, item->shard, item->device, u->epoch);
    if (reuse_check(t, d, u, &stop, f))
        return -1;
    if (stop)
        return 0;
    for (size_t i = 0; i < u->record_count; i++)
        if (take_record(t, &p, &u->records[i], f))
            return -1;
    tell_lanes(t, d, u, !p.any_new);
    ask_send(t, d, u->epoch);
    d->fix = p.fix;
    return 0;
}

static int take_from(struct turn *t, struct workset_device *d, const struct batch_item *item, struct fail *f)
{
    const struct uplink *u = &item->uplink;
    bool known = workset_knows_epoch(d, u->epoch);

    if (!known && u->death)
        return 0; /* a spool that never told anything */
    if (!known && too_many_epochs(t, d))
        return refuse(t, item, d, REFUSAL_EPOCHS, f);
    workset_touch(t->workset, d);
    if (!known && new_epoch(t, d, u, f))
        return -1;
    note_session(t, d, u);
    if (u->death)
        return 0;
    d->row.last_seen = item->received;
    return take_message(t, d, item, f);
}

int message_apply(struct turn *t, const struct batch_item *item, struct fail *f)
{
    struct workset_device *d = NULL;

    metrics_add(&t->metrics->uplinks, 1);
    if (workset_get(t->workset, t->store, item->shard, item->device, &d, f)) {
        if (f->code != FAIL_NOT_FOUND)
            return -1;
        d = NULL;
    }
    if (item->refusal != REFUSAL_NONE)
        return refuse(t, item, d, item->refusal, f);
    if (d && d->row.registration == DEVICE_BLOCKED)
        return refuse(t, item, d, REFUSAL_BLOCKED, f);
    if (!d && !t->settings->open_registration)
        return refuse(t, item, NULL, REFUSAL_UNKNOWN, f);
    if (!d && item->uplink.death)
        return 0;
    if (!d && enroll(t, item, &d, f))
        return -1;
    return take_from(t, d, item, f);
}
