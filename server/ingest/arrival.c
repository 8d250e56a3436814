/* arrival.c: see arrival.h. */
#include "arrival.h"

#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "ledger.h"
#include "log.h"
#include "presence.h"
#include "raise.h"
#include "settle.h"

/* ---------------------------------------------------------------- about whom: devices behind a gateway */

struct counting {
    const char *prefix;
    int32_t count;
};

static bool count_child(void *ctx, const struct device_row *row)
{
    struct counting *c = ctx;

    if (strncmp(row->device, c->prefix, strlen(c->prefix)) != 0)
        return false;
    c->count++;
    return true;
}

/* Children stand behind one another in key order: all their names begin with the gateway's. */
static int count_children(struct turn *t, struct workset_device *gateway, struct fail *f)
{
    char prefix[BOUND_SUBJECT_ID + 1];
    struct counting c = {prefix, 0};
    const struct device_filter filter = {
        .online = -1, .after_shard = gateway->row.shard, .after_device = prefix, .limit = BOUND_DEVICE_CHILDREN};

    if (gateway->child_count >= 0)
        return 0;
    snprintf(prefix, sizeof prefix, "%.*s:", BOUND_DEVICE_ID, gateway->row.device);
    if (store_list_devices(t->store, &filter, count_child, &c, f))
        return -1;
    gateway->child_count = c.count;
    return 0;
}

static int enroll_child(struct turn *t, struct arrival *a, const char *name, enum refusal *ret_refusal, struct fail *f)
{
    struct workset_device *gateway = a->reporter;
    struct device_row row = {
        .shard = gateway->row.shard, .registration = DEVICE_KNOWN, .enrolled = t->now, .last_seen = a->received};

    if (!t->settings->open_children) {
        *ret_refusal = REFUSAL_CHILD;
        return 0;
    }
    if (count_children(t, gateway, f))
        return -1;
    if (gateway->child_count >= BOUND_DEVICE_CHILDREN) {
        *ret_refusal = REFUSAL_CHILDREN;
        return 0;
    }
    snprintf(row.device, sizeof row.device, "%s", name);
    memcpy(row.gateway, gateway->row.device, sizeof row.gateway);
    /* Until its own inventory says otherwise: a ticket without a product line would promise nothing. */
    memcpy(row.product_line, gateway->row.product_line, sizeof row.product_line);
    if (workset_add(t->workset, t->store, &row, &a->subject, f))
        return -1;
    gateway->child_count++;
    metrics_add(&t->metrics->devices_enrolled, 1);
    live_device(t->live, a->subject, "new");
    return turn_audit(t, gateway, "device.enrolled", row.device, "behind a gateway", f);
}

static int find_subject(struct turn *t, struct arrival *a, enum refusal *ret_refusal, struct fail *f)
{
    char name[BOUND_SUBJECT_ID + 1];

    *ret_refusal = REFUSAL_NONE;
    a->subject = a->reporter;
    if (!*a->record->behind)
        return 0;
    snprintf(
        name, sizeof name, "%.*s:%.*s", BOUND_DEVICE_ID, a->reporter->row.device, BOUND_DEVICE_ID, a->record->behind);
    if (workset_get(t->workset, t->store, a->reporter->row.shard, name, &a->subject, f)) {
        if (f->code != FAIL_NOT_FOUND)
            return -1;
        if (enroll_child(t, a, name, ret_refusal, f) || *ret_refusal != REFUSAL_NONE)
            return *ret_refusal != REFUSAL_NONE ? 0 : -1;
    }
    if (a->subject->row.registration == DEVICE_BLOCKED)
        *ret_refusal = REFUSAL_BLOCKED;
    a->subject->row.last_seen = a->received;
    workset_touch(t->workset, a->subject);
    return 0;
}

/* ---------------------------------------------------------------- what each kind does */

static int log_report(struct turn *t, const struct arrival *a, struct fail *f)
{
    const struct report_row row = {
        .shard = a->subject->row.shard,
        .device = a->subject->row.device,
        .reported_by = a->reporter->row.device,
        .epoch = a->epoch,
        .number = a->record->number,
        .lane = a->record->lane,
        .kind = a->record->kind,
        .occurred = a->when,
        .received = a->received,
        .record = a->record->encoded,
        .record_bytes = a->record->encoded_bytes,
    };

    return store_add_report(t->store, &row, f);
}

/* Copies what the device told; what it left out stays. Returns true when something changed. */
static bool take_text(char to[static BOUND_NAME + 1], const char *from)
{
    if (!*from || strcmp(to, from) == 0)
        return false;
    snprintf(to, BOUND_NAME + 1, "%s", from);
    return true;
}

static int take_inventory(struct turn *t, const struct arrival *a, struct fail *f)
{
    const struct inventory *i = &a->record->inventory;
    struct device_row *row = &a->subject->row;
    bool placed = !*row->product_line && *i->product_line;
    bool changed = take_text(row->product_line, i->product_line);

    changed |= take_text(row->model, i->model);
    changed |= take_text(row->serial, i->serial);
    changed |= take_text(row->hardware, i->hardware);
    if (i->firmware_count)
        changed |= take_text(row->firmware, i->firmware[0].version);
    if (changed) {
        a->subject->row_dirty = true;
        workset_touch(t->workset, a->subject);
        live_device(t->live, a->subject, "inventory");
    }
    if (store_put_inventory(t->store, row->shard, row->device, a->when, i, f))
        return -1;
    if (placed && raise_promises(t, a->subject, f))
        return -1;
    return log_report(t, a, f);
}

static int take_lifecycle(struct turn *t, const struct arrival *a, struct fail *f)
{
    struct workset_device *d = a->reporter;

    ask_answered(d, &a->record->lifecycle);
    /* Orderly stops are followed by a DISCONNECT, which drops the last will. */
    if (a->record->lifecycle.kind == LIFECYCLE_STOP && a->subject == d && a->epoch == d->row.epoch)
        presence_offline(t, d, OFFLINE_STOPPED);
    return log_report(t, a, f);
}

static int take_snapshot(struct turn *t, const struct arrival *a, struct fail *f)
{
    if (log_report(t, a, f))
        return -1;
    return settle_part(t, a, f);
}

static int take_fault(struct turn *t, const struct arrival *a, struct fail *f)
{
    const struct record *r = a->record;
    enum refusal refusal;

    if (raise_transition(t, a, &r->fault, r->encoded, r->encoded_bytes, &refusal, f))
        return -1;
    if (refusal == REFUSAL_NONE)
        return 0;
    return ledger_refuse_record(t, a, refusal, BOUND_DEVICE_CONDITIONS, a->subject->condition_count + 1, f);
}

static int take_health(struct turn *t, const struct arrival *a, struct fail *f)
{
    const struct health *health = &a->record->health;

    if (a->subject == a->reporter)
        presence_interval(t, a->subject, health->interval_ms);
    return store_put_health(t->store, a->subject->row.shard, a->subject->row.device, a->when, health, f);
}

static int take(struct turn *t, const struct arrival *a, struct fail *f)
{
    switch (a->record->kind) {
    case RECORD_FAULT:
        return take_fault(t, a, f);
    case RECORD_SNAPSHOT:
        return take_snapshot(t, a, f);
    case RECORD_HEALTH:
        return take_health(t, a, f);
    case RECORD_INVENTORY:
        return take_inventory(t, a, f);
    case RECORD_LIFECYCLE:
        return take_lifecycle(t, a, f);
    default:
        return 0; /* losses are the lane's business: see message.c */
    }
}

int arrival_apply(struct turn *t, struct arrival *a, struct fail *f)
{
    enum refusal refusal;

    if (find_subject(t, a, &refusal, f))
        return -1;
    if (refusal == REFUSAL_CHILDREN)
        return ledger_refuse_record(t, a, refusal, BOUND_DEVICE_CHILDREN, (uint64_t)a->reporter->child_count + 1, f);
    if (refusal != REFUSAL_NONE)
        return ledger_refuse_record(t, a, refusal, 0, 0, f);
    metrics_add(&t->metrics->stored[a->record->kind], 1);
    return take(t, a, f);
}
