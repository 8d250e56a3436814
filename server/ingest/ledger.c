/* ledger.c: see ledger.h. */
#include "ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

enum { NOTE_EVERY_MS = 60 * 1000 };

static struct loss_row row_for(const struct workset_device *d, struct wall received)
{
    struct loss_row row = {.shard = d->row.shard, .received = received};

    memcpy(row.device, d->row.device, sizeof row.device);
    return row;
}

static int add(struct turn *t, const struct loss_row *row, struct fail *f)
{
    live_loss(t->live, row);
    return store_add_loss(t->store, row, f);
}

int ledger_loss(struct turn *t, const struct workset_device *d, uint64_t epoch, const struct record *r, uint64_t next,
    struct wall received, struct fail *f)
{
    struct loss_row row = row_for(d, received);

    row.epoch = epoch;
    row.lane = r->lane;
    row.first = r->loss.first > next ? r->loss.first : next;
    row.last = r->loss.last;
    row.faults = r->loss.faults;
    row.healths = r->loss.healths;
    row.others = r->loss.others;
    snprintf(row.cause, sizeof row.cause, "%s", loss_word(r->loss.cause));
    log_warn("device.loss", "device=%s lane=%s first=%" PRIu64 " last=%" PRIu64 " cause=%s", row.device,
        lane_word(row.lane), row.first, row.last, row.cause);
    return add(t, &row, f);
}

int ledger_refuse_record(
    struct turn *t, const struct arrival *a, enum refusal refusal, uint64_t limit, uint64_t value, struct fail *f)
{
    const struct record *r = a->record;
    struct loss_row row = row_for(a->reporter, a->received);

    row.epoch = a->epoch;
    row.lane = r->lane;
    row.first = row.last = r->number;
    row.faults = r->kind == RECORD_FAULT;
    row.healths = r->kind == RECORD_HEALTH;
    row.others = !row.faults && !row.healths;
    snprintf(row.cause, sizeof row.cause, "refused");
    snprintf(row.detail, sizeof row.detail, "%s", refusal_word(refusal));
    metrics_add(&t->metrics->refused[refusal], 1);
    reply_refused(&t->reply, r, refusal_word(refusal), limit, value);
    log_warn("record.refused", "device=%s lane=%s number=%" PRIu64 " reason=%s", row.device, lane_word(row.lane),
        r->number, row.detail);
    return add(t, &row, f);
}

static int note(struct turn *t, struct workset_device *d, const char *detail, struct fail *f)
{
    struct loss_row row = row_for(d, t->now);

    row.others = d->refused_count;
    snprintf(row.cause, sizeof row.cause, "refused");
    snprintf(row.detail, sizeof row.detail, "%s%s%.90s", refusal_word(d->refused_last), *detail ? ": " : "", detail);
    d->refused_count = 0;
    d->refused_noted = t->now;
    return add(t, &row, f);
}

static bool is_due(const struct turn *t, const struct workset_device *d)
{
    return d->refused_count && t->now.ms - d->refused_noted.ms >= NOTE_EVERY_MS;
}

int ledger_refuse_uplink(
    struct turn *t, struct workset_device *d, enum refusal refusal, const char *detail, struct fail *f)
{
    d->refused_count++;
    d->refused_last = refusal;
    return is_due(t, d) ? note(t, d, detail, f) : 0;
}

struct flushing {
    struct turn *t;
    bool all;
};

static int flush_one(void *ctx, struct workset_device *d, struct fail *f)
{
    struct flushing *x = ctx;

    if (!is_due(x->t, d) && !(x->all && d->refused_count))
        return 0;
    return note(x->t, d, "", f);
}

int ledger_flush(struct turn *t, bool all, struct fail *f)
{
    struct flushing x = {t, all};

    return workset_each(t->workset, flush_one, &x, f);
}
