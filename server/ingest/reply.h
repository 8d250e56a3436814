/* reply.h: the receipts of one transaction. All uplinks of a device and epoch in a batch share one; it is cumulative.
 *
 * Receipts go out at QoS 0 after the commit: one that is lost is made good by the device's resend, which is a duplicate
 * and is answered with the same watermark. So a receipt needs no queue, no packet id and no second look. */
#ifndef FAULTLINE_REPLY_H
#define FAULTLINE_REPLY_H

#include "batch.h"
#include "record.h"
#include "ticket.h"

struct reply {
    struct batch *batch;
    bool is_open;
    uint8_t shard;
    const char *device; /* borrowed from the batch's item */
    uint64_t epoch;
    struct wall now;
    struct lane_receipt lanes[LANE_COUNT];
    bool lane_used[LANE_COUNT];
    struct verdict verdicts[BOUND_RECEIPT_VERDICTS];
    char tickets[BOUND_RECEIPT_VERDICTS][TICKET_NUMBER_BYTES];
    size_t verdict_count;
    bool new_epoch;
    struct command command; /* id 0 = none */
    size_t dropped;         /* receipts that found no room */
};

void reply_init(struct reply *r, struct batch *batch, struct wall now);

/* What follows is for this device and epoch: the receipt of another one is closed first. device is borrowed. */
void reply_for(struct reply *r, uint8_t shard, const char *device, uint64_t epoch);

/* The lane's watermark now; resume and the longest retry_after_ms stay until the receipt is closed. */
void reply_lane(struct reply *r, enum lane lane, uint64_t next, bool resume, uint32_t retry_after_ms);

/* The device shall begin a new epoch: a lane says from where on. */
void reply_new_epoch(struct reply *r);

/* The device shall send its inventory and a snapshot. */
void reply_snapshot(struct reply *r, uint64_t id);

/* Verdicts about one record. rule and reason are literals. */
void reply_ticket(struct reply *r, const struct record *record, enum verdict_kind kind, struct ticket_number number);
void reply_suppressed(struct reply *r, const struct record *record, const char *rule);
void reply_refused(struct reply *r, const struct record *record, const char *reason, uint64_t limit, uint64_t value);

/* Closes the open receipt: it stands in the batch. */
void reply_close(struct reply *r);

#endif
