/* segment.h: one file of records of one lane: its name, its header, how a record stands in it, how a new one is made.
 *
 * A segment is made at its full size, filled with zeros, and synced before it gets its name. So an append overwrites
 * blocks that exist: one fdatasync writes the record's block and no file system metadata, the disk cannot become full
 * under a segment, a file shorter than its header says was damaged, and what was never written is known: it is zero.
 * An append may share a block with older records; as SQLite does, we take it that a power cut while bytes are written
 * damages those bytes only ("powersafe overwrite").
 *
 * Header, 64 bytes, numbers little-endian:
 *      0 magic "FLspool\n"   8 version 2   10 lane 1   11 0   12 size 4   16 epoch 8   24 first number 8
 *     32 wall ms when made 8   40 zeros   60 CRC-32C of bytes 0 … 59
 * Then records, each at a multiple of 8 bytes, without space between them:
 *      0 CRC-32C 4   4 payload length 2   6 lane 1   7 kind 1   8 number 8   16 wall ms 8   24 payload, then zeros
 * The record's checksum goes on from the segment's own (of epoch, lane, first number), over bytes 4 … end of payload: a
 * record copied or left over from another segment or another epoch never passes. */
#ifndef FAULTLINE_SEGMENT_H
#define FAULTLINE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "bounds.h"
#include "folder.h"
#include "record.h"

enum {
    SEGMENT_HEADER_BYTES = 64,
    SEGMENT_RECORD_HEADER_BYTES = 24,
    SEGMENT_ALIGN = 8,
    SEGMENT_RECORD_MIN_BYTES = SEGMENT_RECORD_HEADER_BYTES + SEGMENT_ALIGN,
    SEGMENT_NAME_BYTES = 24,
};

#define SEGMENT_TEMP_NAME "segment.new"

struct segment {
    char name[SEGMENT_NAME_BYTES]; /* of the file; usually what lane and first make it */
    enum lane lane;
    uint32_t salt;  /* of the records' checksums */
    uint64_t first; /* numbers first … end - 1 belong to it, readable or not */
    uint64_t end;
    int64_t bytes;      /* of the file */
    int64_t made_bytes; /* as it was made; more than bytes when the file was cut */
    int64_t tail;       /* behind the last good record */
    uint64_t corrupt_count;
    struct wall made; /* 0 when the header is unreadable */
    bool is_freed;
    struct mono freed_at;
};

/* One record as it stands in a segment; bytes are borrowed from what it was read from. */
struct segment_record {
    uint64_t number;
    enum record_kind kind;
    struct wall wall;
    const uint8_t *bytes;
    size_t n;
};

/* Makes the file and the lane's next segment in *ret, with an open handle for appending. */
must_check int segment_create(struct folder *d, uint64_t epoch, enum lane lane, uint64_t first, int64_t bytes,
    struct wall now, struct segment *ret, int *ret_file, struct fail *f);

/* What is known about a lane's segments without reading them. */
struct segment_hints {
    uint64_t first_max; /* none begins later */
    int64_t made_bytes; /* one whose header is unreadable was made at least this large */
};

/* What the file called name is. A readable header counts, else the name and the lane's hints. FAIL_NOT_FOUND: not a
 * segment of this epoch, or it begins later than any can; FAIL_NEWER; FAIL_IO. The file is not scanned. */
must_check int segment_identify(struct folder *d, uint64_t epoch, const char *name,
    const struct segment_hints hints[LANE_COUNT], struct segment *ret, struct fail *f);

/* Whether a file is called like a segment. */
bool segment_is_name(const char *name);

/* The most numbers a segment of that size can hold. */
uint64_t segment_capacity(int64_t bytes);

/* Bytes a record of n bytes takes. */
size_t segment_span(size_t n);

/* Writes a record at to, which has segment_span(r->n) bytes. */
void segment_put(const struct segment *s, const struct segment_record *r, uint8_t *to);

/* Reads the fixed part of a record at 24 bytes. False when it cannot be one of this segment. */
bool segment_get_header(const struct segment *s, const uint8_t *at, struct segment_record *ret);

/* at points to a whole record whose header was read into r. Sets r->bytes; false when the checksum does not fit. */
bool segment_check(const struct segment *s, const uint8_t *at, struct segment_record *r);

#endif
