/* folder.h: the spool's folder, open and locked: how every byte reaches the disk, with the rule that the first write
 * or sync that fails is the last one (spool.h promise 5). fsync(2) reports a lost write once and may then say "fine"
 * about the same bytes, so going on after a failure would be promising what the disk does not have.
 *
 * All functions but the reading ones return the first failure again once there was one. */
#ifndef FAULTLINE_FOLDER_H
#define FAULTLINE_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "disk.h"
#include "fail.h"

struct folder {
    const struct disk *disk;
    int dir;
    struct fail failure; /* the first failed write or sync; FAIL_NONE before */
    uint64_t written_bytes, sync_count;
};

/* FAIL_CONFLICT when another process holds the folder; FAIL_IO, FAIL_FULL. */
must_check int folder_open(struct folder *d, const struct disk *disk, const char *path, struct fail *f);
void folder_close(struct folder *d);

/* 0, or -1 with the first failure. */
must_check int folder_check(const struct folder *d, struct fail *f);

/* An empty file for writing and reading; what stood under the name is gone. Returns a handle or -1. */
must_check int folder_create(struct folder *d, const char *name, struct fail *f);

/* A file that is there, for writing and reading. Returns a handle or -1. */
must_check int folder_modify(struct folder *d, const char *name, struct fail *f);

/* Brings what the cache holds of a file to the disk, then drops it from the cache: what is read from now on is what
 * the disk has. When the sync fails the folder has failed; what is read is true all the same. */
void folder_settle(struct folder *d, const char *name);

/* All n bytes or a failure. */
must_check int folder_write(struct folder *d, int file, const void *bytes, size_t n, int64_t at, struct fail *f);
must_check int folder_sync(struct folder *d, int file_or_dir, struct fail *f);

/* Makes a finished file visible under its name for good: the file synced, renamed, the folder synced, in this order. */
must_check int folder_publish(struct folder *d, int file, const char *from, const char *to, struct fail *f);
must_check int folder_remove(struct folder *d, const char *name, struct fail *f);

/* Removes what nobody needs; whether that worked does not matter. */
void folder_discard(struct folder *d, const char *name);

/* Reads up to n bytes, fewer only at the end of the file. Blocks that the disk cannot read (EIO) come filled with
 * FOLDER_UNREADABLE: damage like any other, found by checksum, and not to be taken for space never written. */
enum { FOLDER_UNREADABLE = 0xee };
must_check int folder_read(
    struct folder *d, int file, void *buf, size_t n, int64_t at, size_t *ret_bytes, struct fail *f);

#endif
