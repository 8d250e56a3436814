/* spool.h: the only queue of the agent: records on flash, in two lanes, until the collector's receipt frees them.
 *
 * Promises
 * 1. A record for which spool_append() and the following spool_sync() returned 0 is there after a power cut, byte for
 *    byte, until a receipt frees it or it is lost by policy, and then a loss record stands in its place.
 * 2. Numbers of a lane start at 1 in each epoch, have no holes, and are never given twice, whatever is cut: a number
 *    may come again only if its record was never promised and nothing of it is left.
 * 3. A torn tail is cut off; a record that fails its checksum becomes a loss record (LOSS_CORRUPT); neither stops the
 *    spool from opening, nor costs what stood before it. What is left of a torn tail may have been promised and sent,
 *    so its numbers become loss, too.
 * 4. A full spool gives up freed records first, then evicts the health lane, then, for a fault only, the fault lane,
 *    each oldest first, a segment at a time (LOSS_EVICTED). A health record never displaces a fault: with nothing left
 *    to evict it is refused with FAIL_FULL before anything was promised.
 * 5. After a failed write or sync nothing more is accepted (every append fails) until the spool is opened anew: a sync
 *    that failed is never retried. Reading and freeing go on.
 * 6. Freed records stay readable for the retention window (hours and bytes), so that a collector restored from a backup
 *    can ask again.
 * 7. A new epoch takes what no receipt has freed along, under numbers from 1; what was freed belongs to the old one.
 *
 * One thread. All functions that can fail may block on the disk. */
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
    int64_t segment_bytes;   /* size of one file, made at full size; 64 KiB … max_bytes / 4, at most 1 GiB */
    int64_t retention_ms;    /* how long freed records stay: since their receipt; a restart counts anew */
    int64_t retention_bytes; /* and how much of them, in whole segments */
};

struct spool_stats {
    int64_t used_bytes, limit_bytes; /* used: all files but the wholly freed ones, which cost nothing to give up */
    /* Since the folder was made. Evicted, expired, corrupt: numbers; refused: appends (disk full, failed, or no room). */
    uint64_t evicted_count, expired_count, corrupt_count, refused_count, epochs_begun;
    uint64_t written_bytes; /* to flash, since it was opened */
    uint64_t sync_count;
};

struct spool;

/* Opens or creates. A second process on the same folder gets FAIL_CONFLICT; a folder written by a newer version
 * FAIL_NEWER; an unreadable epoch file, or a missing one beside segments, FAIL_CORRUPT (the folder is left as it is);
 * sizes out of range FAIL_SETTINGS; FAIL_IO, FAIL_FULL. A folder that can be read but not written (read-only, full
 * disk) opens as a spool that has failed (promise 5), so that what is there can be sent. disk and clock are borrowed
 * for the spool's life, the settings for the call. */
must_check int spool_open(const struct spool_settings *s, const struct disk *disk, const struct clock *clock,
    const struct rng *rng, struct spool **ret, struct fail *f);
void spool_close(struct spool *s); /* NULL is fine; does not sync */

uint64_t spool_epoch(const struct spool *s);

/* Begins a new epoch (promise 7), because somebody else uses the numbers of this one. All numbers change; a power cut
 * leaves the old epoch or the new one. Syncs first. FAIL_IO, FAIL_FULL: nothing has changed, and the spool has failed. */
must_check int spool_new_epoch(struct spool *s, const struct rng *rng, struct fail *f);

/* Counts one more connection in this epoch, from 1, and makes the count durable. FAIL_IO, FAIL_FULL: not counted, and
 * the spool has failed. */
must_check int spool_next_session(struct spool *s, uint32_t *ret_session, struct fail *f);

/* Numbers r (r->number is set), encodes and writes it. It is promised only after spool_sync(): append as many as
 * belong together, then sync once. r->kind is not RECORD_LOSS: those are the spool's own. FAIL_LIMIT, FAIL_INPUT: the
 * codec refuses it, nothing happened. FAIL_FULL: refused and counted. FAIL_IO, or FAIL_FULL with sys set: the spool has failed. */
must_check int spool_append(struct spool *s, struct record *r, struct fail *f);
must_check int spool_sync(struct spool *s, struct fail *f);

/* The lowest number of the lane that no receipt has freed; equals spool_next() when all are freed. */
uint64_t spool_first(const struct spool *s, enum lane lane);
/* The number the next append to the lane will get. */
uint64_t spool_next(const struct spool *s, enum lane lane);
/* The lowest number that can still be read (in the retention window), as a record or as loss. */
uint64_t spool_oldest(const struct spool *s, enum lane lane);

/* Reads the record numbered `number`, or the loss record that covers it, encoded, into buf; ret_number is the number
 * the record stands at (≥ number). Only synced records are given. FAIL_NOT_FOUND: at the end of the lane, or below
 * spool_oldest(); FAIL_IO: the file cannot be opened for now. cap ≥ BOUND_RECORD_BYTES. Reading forward is cheap. A
 * loss record keeps its range once it was read. */
must_check int spool_read(struct spool *s, enum lane lane, uint64_t number, uint8_t *buf, size_t cap, size_t *ret_bytes,
    uint64_t *ret_number, struct fail *f);

/* A receipt covers all of the lane below next. A next of 0, or beyond what was synced, is FAIL_INPUT and frees
 * nothing; one below spool_first() changes nothing. The mark is made durable when that costs nothing extra, or after
 * 256 numbers: an older mark after a restart makes records be sent again, which the collector expects. FAIL_IO,
 * FAIL_FULL: the numbers are free, and the spool has failed. */
must_check int spool_free_below(struct spool *s, enum lane lane, uint64_t next, struct fail *f);

/* A restored collector asks again: spool_first() goes back to next. What is out of the retention window becomes one
 * loss record (LOSS_EXPIRED). A next at or above spool_first() changes nothing; 0, or beyond what was synced, is
 * FAIL_INPUT. */
must_check int spool_rewind(struct spool *s, enum lane lane, uint64_t next, struct fail *f);

void spool_stats(const struct spool *s, struct spool_stats *ret);

#endif
