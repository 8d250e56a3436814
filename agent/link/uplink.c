/* uplink.c: see uplink.h. */
#include "uplink.h"

#include <assert.h>

#include "codec.h"

static void begin(struct uplink_buffer *b, const struct uplink *head)
{
    b->used = codec_uplink_begin(head, b->bytes, sizeof b->bytes);
    assert(b->used); /* a head is some 60 bytes */
    b->records = 0;
}

int uplink_fill(struct uplink_buffer *b, const struct uplink *head, struct spool *spool, enum lane lane,
    uint64_t number, struct fail *f)
{
    uint8_t record[BOUND_RECORD_BYTES];
    size_t n;
    uint64_t stands_at;

    begin(b, head);
    while (b->records < BOUND_UPLINK_RECORDS) {
        if (spool_read(spool, lane, number, record, sizeof record, &n, &stands_at, f))
            return f->code == FAIL_NOT_FOUND ? 0 : -1;
        size_t used = codec_uplink_add(b->bytes, b->used, sizeof b->bytes, record, n);
        if (!used)
            break;
        b->used = used;
        b->records++;
        b->last = stands_at;
        number = stands_at + 1;
    }
    return 0;
}

void uplink_will(struct uplink_buffer *b, const struct uplink *head)
{
    struct uplink will = *head;

    will.death = true;
    begin(b, &will);
}
