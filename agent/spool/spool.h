/* spool.h: the only queue of the agent: records on flash, in two lanes, until the collector's receipt frees them.
 *
 * Promises
 * 1. A record for which spool_append() and the following spool_sync() returned 0 is there after a power cut, byte for
 *    byte, until a receipt frees it or it is lost by policy, and then a loss record stands in its place.
 * 2. Numbers of a lane start at 1 in each epoch, have no holes, and are never given twice, whatever is cut.
 * 3. A torn tail is cut off; a record that fails its checksum becomes a loss record (LOSS_CORRUPT); neither stops the
 *    spool from opening, nor costs what stood before it.
 * 4. A full spool evicts the health lane first, then the fault lane, each oldest first
 *    (LOSS_EVICTED). What cannot be kept is refused with FAIL_FULL before anything was promised.
 * 5. After a failed write or sync nothing more is accepted (every append fails) until the spool is opened anew: a sync
 *    that failed is never retried.
 * 6. Freed records stay readable for the retention window (hours and bytes), so that a collector restored from a backup
 *    can ask again.
 *
 * One thread. spool_open(), spool_append(), spool_sync() and spool_free_below() block on the disk. */
#ifndef FAULTLINE_SPOOL_H
#define FAULTLINE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk.h"
#include "fail.h"
#include "record.h"
#include "times.h"

struct spool_settings {
    const char *path;        /* folder; made if its parent exists */
    int64_t max_bytes;       /* cap on all files together, retention included; ≥ 256 KiB */
    int64_t segment_bytes;   /* size of one file; 64 KiB … max_bytes / 4 */
    int64_t retention_ms;    /* how long freed records stay */
    int64_t retention_bytes; /* and how much of them */
};

struct spool_stats {
    int64_t used_bytes, limit_bytes;
    uint64_t evicted_count, expired_count, corrupt_count, refused_count; /* since the epoch began */
    uint64_t written_bytes;                                              /* to flash, since it was opened */
    uint64_t sync_count;
};

struct spool;

/* Opens or creates. A second process on the same folder gets FAIL_CONFLICT; a folder written by a newer version
 * FAIL_NEWER; an unreadable epoch file FAIL_CORRUPT (the folder is left as it is). disk, clock and rng are borrowed for
 * the spool's life. */
must_check int spool_open(const struct spool_settings *s, const struct disk *disk, const struct clock *clock,
    const struct rng *rng, struct spool **ret, struct fail *f);
void spool_close(struct spool *s); /* NULL is fine; does not sync */

uint64_t spool_epoch(const struct spool *s);

/* Counts one more connection in this epoch and makes the count durable. */
must_check int spool_next_session(struct spool *s, uint32_t *ret_session, struct fail *f);

/* Numbers r (r->number is set), encodes and writes it. It is promised only after spool_sync(): append as many as belong
 * together, then sync once. FAIL_FULL: refused and counted; FAIL_IO / FAIL_FULL with sys set: the spool has failed. */
must_check int spool_append(struct spool *s, struct record *r, struct fail *f);
must_check int spool_sync(struct spool *s, struct fail *f);

/* The lowest number of the lane that no receipt has freed; equals spool_next() when all are freed. */
uint64_t spool_first(const struct spool *s, enum lane lane);
/* The number the next append to the lane will get. */
uint64_t spool_next(const struct spool *s, enum lane lane);
/* The lowest number that can still be read (in the retention window). */
uint64_t spool_oldest(const struct spool *s, enum lane lane);

/* Reads the record numbered `number`, or the loss record that covers it, encoded, into buf; ret_number is the number the
 * record stands at (≥ number). Only synced records are given. FAIL_NOT_FOUND: at the end of the lane, or below
 * spool_oldest(). cap ≥ BOUND_RECORD_BYTES. Reading forward is cheap. */
must_check int spool_read(struct spool *s, enum lane lane, uint64_t number, uint8_t *buf, size_t cap,
    size_t *ret_bytes, uint64_t *ret_number, struct fail *f);

/* A receipt covers all of the lane below next. A next beyond spool_next() is FAIL_INPUT and frees nothing; one below
 * spool_first() changes nothing. */
must_check int spool_free_below(struct spool *s, enum lane lane, uint64_t next, struct fail *f);

/* A restored collector asks again: spool_first() goes back to next, as far as the retention window reaches (to
 * spool_oldest(), and what is gone below it is recorded as loss LOSS_EXPIRED when read). */
must_check int spool_rewind(struct spool *s, enum lane lane, uint64_t next, struct fail *f);

void spool_stats(const struct spool *s, struct spool_stats *ret);

#endif
