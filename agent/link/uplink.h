/* uplink.h: one MQTT message put together from records of the spool, which are copied as they lie there. */
#ifndef FAULTLINE_UPLINK_H
#define FAULTLINE_UPLINK_H

#include "bounds.h"
#include "fail.h"
#include "record.h"
#include "spool.h"

struct uplink_buffer {
    uint8_t bytes[BOUND_UPLINK_BYTES];
    size_t used;
    size_t records;
    uint64_t last; /* the number of the last record in it */
};

/* Fills b with head and as many records of lane from number on as one message holds. b->records is 0 when there is none
 * to read. Fails as spool_read() does, other than with FAIL_NOT_FOUND. Blocks on reading the disk. */
must_check int uplink_fill(struct uplink_buffer *b, const struct uplink *head, struct spool *spool, enum lane lane,
    uint64_t number, struct fail *f);

/* The last will of a session: a message without records. */
void uplink_will(struct uplink_buffer *b, const struct uplink *head);

#endif
