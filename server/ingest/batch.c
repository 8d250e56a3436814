/* batch.c: see batch.h. Decoding happens here, on the ingest thread, so that the writer only writes. */
#include "batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

static void *take_memory(size_t n)
{
    void *p = malloc(n);

    if (!p)
        abort();
    return p;
}

struct batch *batch_new(void)
{
    struct batch *b = take_memory(sizeof *b);

    b->items = take_memory(BATCH_UPLINKS * sizeof *b->items);
    b->replies = take_memory(BATCH_REPLIES * sizeof *b->replies);
    arena_init(&b->in, take_memory(BATCH_BYTES), BATCH_BYTES);
    arena_init(&b->out, take_memory(BATCH_REPLY_BYTES), BATCH_REPLY_BYTES);
    batch_reset(b);
    return b;
}

void batch_free(struct batch *b)
{
    if (!b)
        return;
    free(b->in.bytes);
    free(b->out.bytes);
    free(b->replies);
    free(b->items);
    free(b);
}

void batch_reset(struct batch *b)
{
    b->count = b->record_count = b->reply_count = 0;
    b->behind = false;
    arena_reset(&b->in);
    arena_reset(&b->out);
}

bool batch_is_full(const struct batch *b)
{
    return b->count == BATCH_UPLINKS || b->record_count >= BATCH_RECORDS ||
           b->in.size - b->in.used < BOUND_ARENA_BYTES + 2 * BOUND_UPLINK_BYTES;
}

static enum refusal refusal_of(enum fail_code code)
{
    switch (code) {
    case FAIL_LIMIT:
        return REFUSAL_LIMIT;
    case FAIL_NEWER:
        return REFUSAL_NEWER;
    default:
        return REFUSAL_INPUT;
    }
}

/* The ceiling of one message holds though the batch's memory is larger. */
static int decode(struct batch *b, const uint8_t *bytes, size_t n, struct uplink *ret, struct fail *f)
{
    void *start = arena_take(&b->in, 0);
    struct arena one;
    int rc;

    arena_init(&one, start, BOUND_ARENA_BYTES);
    rc = codec_uplink_decode(bytes, n, &one, ret, f);
    if (rc == 0 && arena_take(&b->in, one.used) != start)
        abort();
    return rc;
}

static const uint8_t *copy_payload(struct batch *b, const void *payload, size_t n)
{
    void *bytes = arena_take(&b->in, n);

    assert(bytes);
    if (n) /* an empty message may have no bytes at all */
        memcpy(bytes, payload, n);
    return bytes;
}

void batch_add(struct batch *b, uint8_t shard, const char *device, const void *payload, size_t n, struct wall received,
    struct wall sent_after)
{
    struct batch_item *item = &b->items[b->count++];
    struct fail f = {0};

    item->shard = shard;
    item->received = received;
    item->sent_after = sent_after;
    item->refusal = REFUSAL_NONE;
    item->detail = "";
    memcpy(item->device, device, strlen(device) + 1);
    if (n > BOUND_UPLINK_BYTES)
        fail_set(&f, FAIL_LIMIT, "%zu bytes, at most %d allowed", n, BOUND_UPLINK_BYTES);
    else if (decode(b, copy_payload(b, payload, n), n, &item->uplink, &f) == 0) {
        b->record_count += item->uplink.record_count;
        return;
    }
    item->refusal = refusal_of(f.code);
    item->detail = arena_text(&b->in, f.text, strlen(f.text));
}

bool batch_reply(struct batch *b, uint8_t shard, const char *device, const uint8_t *bytes, size_t n)
{
    uint8_t *copy = b->reply_count < BATCH_REPLIES ? arena_take(&b->out, n) : NULL;

    if (!copy)
        return false;
    memcpy(copy, bytes, n);
    b->replies[b->reply_count++] = (struct batch_reply){shard, device, copy, n};
    return true;
}
