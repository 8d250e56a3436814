/* reply.c: see reply.h. */
#include "reply.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "codec.h"
#include "log.h"

void reply_init(struct reply *r, struct batch *batch, struct wall now)
{
    r->batch = batch;
    r->now = now;
    r->is_open = false;
    r->dropped = 0;
}

static size_t pack_lanes(const struct reply *r, struct lane_receipt packed[static LANE_COUNT])
{
    size_t count = 0;

    for (int lane = 0; lane < LANE_COUNT; lane++)
        if (r->lane_used[lane])
            packed[count++] = r->lanes[lane];
    return count;
}

/* What was said so far goes out; the lanes stay, the verdicts start anew. */
static void send_part(struct reply *r)
{
    struct receipt receipt = {.epoch = r->epoch,
        .verdicts = r->verdicts,
        .verdict_count = r->verdict_count,
        .wall = r->now,
        .commands = &r->command,
        .command_count = r->command.id != 0,
        .new_epoch = r->new_epoch};
    uint8_t bytes[BOUND_RECEIPT_BYTES] uncleared;
    struct fail f;
    size_t n;

    receipt.lane_count = pack_lanes(r, receipt.lanes);
    if (codec_receipt_encode(&receipt, bytes, sizeof bytes, &n, &f)) {
        log_error("receipt.encode", "device=%s reason=\"%s\"", r->device, f.text);
        r->dropped++;
    } else if (!batch_reply(r->batch, r->shard, r->device, bytes, n))
        r->dropped++;
    r->verdict_count = 0;
}

/* What has verdicts or commands speaks of a lane, too. */
static bool says_something(const struct reply *r)
{
    for (int lane = 0; lane < LANE_COUNT; lane++)
        if (r->lane_used[lane])
            return true;
    return false;
}

void reply_close(struct reply *r)
{
    if (r->is_open && says_something(r))
        send_part(r);
    r->is_open = false;
}

void reply_for(struct reply *r, uint8_t shard, const char *device, uint64_t epoch)
{
    if (r->is_open && r->epoch == epoch && strcmp(r->device, device) == 0)
        return;
    reply_close(r);
    r->is_open = true;
    r->shard = shard;
    r->device = device;
    r->epoch = epoch;
    r->verdict_count = 0;
    r->new_epoch = false;
    r->command.id = 0;
    memset(r->lane_used, 0, sizeof r->lane_used);
}

void reply_lane(struct reply *r, enum lane lane, uint64_t next, bool resume, uint32_t retry_after_ms)
{
    struct lane_receipt *l = &r->lanes[lane];

    if (!r->lane_used[lane])
        *l = (struct lane_receipt){.lane = lane};
    r->lane_used[lane] = true;
    l->next = next;
    l->resume |= resume;
    if (retry_after_ms > l->retry_after_ms)
        l->retry_after_ms = retry_after_ms;
}

void reply_new_epoch(struct reply *r)
{
    r->new_epoch = true;
}

void reply_snapshot(struct reply *r, uint64_t id)
{
    r->command = (struct command){.id = id, .kind = COMMAND_SNAPSHOT};
}

static struct verdict *add_verdict(struct reply *r, const struct record *record, enum verdict_kind kind)
{
    struct verdict *v;

    if (r->verdict_count == BOUND_RECEIPT_VERDICTS)
        send_part(r);
    v = &r->verdicts[r->verdict_count++];
    *v = (struct verdict){record->lane, record->number, kind, "", "", "", 0, 0, 0};
    return v;
}

void reply_ticket(struct reply *r, const struct record *record, enum verdict_kind kind, struct ticket_number number)
{
    struct verdict *v = add_verdict(r, record, kind);

    v->ticket = ticket_number_text(number, r->tickets[v - r->verdicts]);
}

void reply_suppressed(struct reply *r, const struct record *record, const char *rule)
{
    add_verdict(r, record, VERDICT_SUPPRESSED)->rule = rule;
}

void reply_refused(struct reply *r, const struct record *record, const char *reason, uint64_t limit, uint64_t value)
{
    struct verdict *v = add_verdict(r, record, VERDICT_REFUSED);

    v->reason = reason;
    v->limit = limit;
    v->value = value;
}
