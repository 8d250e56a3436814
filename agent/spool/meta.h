/* meta.h: the epoch file: what the spool must remember besides its records. Written whole under another name, synced,
 * renamed, and the folder synced, so that a power cut leaves the old file or the new one. It holds two copies of its
 * content, a block each, so that one rotten block costs nothing.
 *
 * What an old copy costs: a freed mark that is too low makes records be sent again, nothing else. The other fields are
 * written before what depends on them happens. */
#ifndef FAULTLINE_META_H
#define FAULTLINE_META_H

#include "folder.h"
#include "losses.h"

enum {
    META_COPY_BYTES = 4096,
    META_BYTES = 2 * META_COPY_BYTES,
    META_RESERVED_BYTES = 2 * META_BYTES, /* the old file and the new one */
};

#define META_NAME "epoch"

struct meta_lane {
    uint64_t base;  /* so many numbers were given in earlier epochs; base < first. Only spool.c takes them off */
    uint64_t first; /* all below is freed */
    uint64_t next;  /* at least this many numbers minus one were promised */
    uint64_t floor; /* no segment holds a number below; floor ≤ next */
    uint64_t head;  /* first number of the newest segment, 0 = there is none */
    int64_t head_bytes;
    struct losses losses; /* ends at floor - 1, or is empty */
};

struct meta {
    uint64_t epoch;       /* never 0 */
    uint64_t files_epoch; /* the first one of this folder: the segments are made for it. Never 0 */
    uint32_t session, epochs_begun;
    uint64_t evicted_count, expired_count, refused_count;
    uint64_t corrupt_count; /* numbers whose segments are gone */
    struct meta_lane lanes[LANE_COUNT];
};

/* FAIL_NOT_FOUND: there is none. FAIL_CORRUPT, FAIL_NEWER, FAIL_IO. */
must_check int meta_load(struct folder *d, struct meta *ret, struct fail *f);
must_check int meta_save(struct folder *d, const struct meta *m, struct fail *f);

#endif
