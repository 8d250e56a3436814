/* batch.h: what goes through the writer in one transaction: decoded uplinks in, encoded receipts out.
 *
 * One batch belongs to one thread at a time: the ingest thread fills it, the writer applies it, the ingest thread sends
 * its receipts and resets it. All it holds lives in its own fixed memory. */
#ifndef FAULTLINE_BATCH_H
#define FAULTLINE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "bounds.h"
#include "record.h"
#include "refusal.h"
#include "times.h"

enum {
    BATCH_RECORDS = 1000, /* a batch is full with this many records or uplinks: keeps a transaction short */
    BATCH_UPLINKS = 1000,
    BATCH_REPLIES = 2 * BATCH_UPLINKS,
    BATCH_BYTES = 8 * 1024 * 1024, /* payloads and their decoded form */
    BATCH_REPLY_BYTES = 2 * 1024 * 1024,
};

/* One message of a device. */
struct batch_item {
    uint8_t shard;
    char device[BOUND_DEVICE_ID + 1];
    struct wall received;
    struct wall sent_after; /* the device sent it at this moment or later, as far as the broker's behaviour tells */
    enum refusal refusal;   /* not REFUSAL_NONE: uplink is not set */
    const char *detail;     /* why it was refused, in the batch's memory; "" otherwise */
    struct uplink uplink;   /* in the batch's memory */
};

/* One receipt to send. */
struct batch_reply {
    uint8_t shard;
    const char *device; /* borrowed from the batch */
    const uint8_t *bytes;
    size_t n;
};

struct batch {
    struct batch_item *items;
    size_t count;
    size_t record_count;
    bool behind; /* more is waiting than can be taken: health stands back */
    struct batch_reply *replies;
    size_t reply_count;
    struct arena in, out;
};

struct batch *batch_new(void);
void batch_free(struct batch *b); /* NULL is fine */

/* Forgets items, replies and all they point to. */
void batch_reset(struct batch *b);

/* No room for another message of any size. */
bool batch_is_full(const struct batch *b);

/* Adds a message from `device` (valid, of this shard). Bytes that do not decode become an item that is refused. The
 * batch must not be full. Copies payload. */
void batch_add(struct batch *b, uint8_t shard, const char *device, const void *payload, size_t n, struct wall received,
    struct wall sent_after);

/* Adds a receipt: copies bytes. False when there is no room: the device will ask again. */
bool batch_reply(struct batch *b, uint8_t shard, const char *device, const uint8_t *bytes, size_t n);

#endif
