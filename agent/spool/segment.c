/* segment.c: names, headers and records of segment files, and their creation. See segment.h. */
#include "segment.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "crc32c.h"

enum { VERSION = 1, FILL_BYTES = 64 * 1024 };

static const uint8_t magic[8] = {'F', 'L', 's', 'p', 'o', 'o', 'l', '\n'};
static const char lane_letters[LANE_COUNT] = {[LANE_FAULT] = 'f', [LANE_HEALTH] = 'h'};

uint64_t segment_capacity(int64_t bytes)
{
    return bytes <= SEGMENT_HEADER_BYTES ? 0 : (uint64_t)(bytes - SEGMENT_HEADER_BYTES) / SEGMENT_RECORD_MIN_BYTES;
}

size_t segment_span(size_t n)
{
    size_t span = (SEGMENT_RECORD_HEADER_BYTES + n + SEGMENT_ALIGN - 1) & ~(size_t)(SEGMENT_ALIGN - 1);

    return span < SEGMENT_RECORD_MIN_BYTES ? SEGMENT_RECORD_MIN_BYTES : span;
}

static uint32_t salt_of(uint64_t epoch, enum lane lane, uint64_t first)
{
    uint8_t key[17];

    put_le(key, epoch, 8);
    key[8] = (uint8_t)lane;
    put_le(key + 9, first, 8);
    return crc32c(0, key, sizeof key);
}

/* ---------------------------------------------------------------- names */

static void make_name(enum lane lane, uint64_t first, char name[static SEGMENT_NAME_BYTES])
{
    snprintf(name, SEGMENT_NAME_BYTES, "%c-%016" PRIx64 ".seg", lane_letters[lane], first);
}

/* A name is good when lane and number make exactly that name again. */
static bool parse_name(const char *name, enum lane *ret_lane, uint64_t *ret_first)
{
    char again[SEGMENT_NAME_BYTES];

    *ret_lane = name[0] == lane_letters[LANE_HEALTH] ? LANE_HEALTH : LANE_FAULT;
    *ret_first = name[0] && name[1] == '-' ? strtoull(name + 2, NULL, 16) : 0;
    make_name(*ret_lane, *ret_first, again);
    return strcmp(name, again) == 0 && *ret_first >= 1;
}

bool segment_is_name(const char *name)
{
    enum lane lane;
    uint64_t first;

    return strlen(name) < SEGMENT_NAME_BYTES && parse_name(name, &lane, &first);
}

/* ---------------------------------------------------------------- headers */

static void put_header(const struct segment *s, uint64_t epoch, uint8_t at[static SEGMENT_HEADER_BYTES])
{
    memset(at, 0, SEGMENT_HEADER_BYTES);
    memcpy(at, magic, sizeof magic);
    put_le(at + 8, VERSION, 2);
    at[10] = (uint8_t)s->lane;
    put_le(at + 12, (uint64_t)s->made_bytes, 4);
    put_le(at + 16, epoch, 8);
    put_le(at + 24, s->first, 8);
    put_le(at + 32, (uint64_t)s->made.ms, 8);
    put_le(at + 60, crc32c(0, at, 60), 4);
}

static bool header_is_whole(const uint8_t *at)
{
    return memcmp(at, magic, sizeof magic) == 0 && get_le(at + 60, 4) == crc32c(0, at, 60) &&
           (get_le(at + 8, 2) != VERSION || at[10] < LANE_COUNT);
}

static int take_header(const uint8_t *at, uint64_t epoch, struct segment *s, struct fail *f)
{
    if (get_le(at + 8, 2) > VERSION)
        return fail_set(f, FAIL_NEWER, "%s: version %u", s->name, (unsigned)get_le(at + 8, 2));
    if (get_le(at + 16, 8) != epoch)
        return fail_set(f, FAIL_NOT_FOUND, "%s: of another epoch", s->name);
    s->lane = (enum lane)at[10];
    s->made_bytes = (int64_t)get_le(at + 12, 4);
    s->first = get_le(at + 24, 8);
    s->made.ms = (int64_t)get_le(at + 32, 8);
    return 0;
}

/* Reads size and header; an unreadable file keeps what its name said. */
static int inspect(struct folder *d, uint64_t epoch, struct segment *s, struct fail *f)
{
    uint8_t header[SEGMENT_HEADER_BYTES];
    size_t got = 0;

    int file = d->disk->open(d->disk->ctx, d->dir, s->name, O_RDONLY);
    if (file < 0)
        return errno == EIO ? 0 : fail_sys(f, "%s", s->name);
    int64_t size = d->disk->size(d->disk->ctx, file);
    int rc = size < 0 ? fail_sys(f, "%s", s->name) : folder_read(d, file, header, sizeof header, 0, &got, f);
    d->disk->close(d->disk->ctx, file);
    if (rc != 0)
        return -1;
    s->bytes = size;
    if (s->made_bytes < size)
        s->made_bytes = size;
    if (got == sizeof header && header_is_whole(header))
        return take_header(header, epoch, s, f);
    return 0;
}

int segment_identify(struct folder *d, uint64_t epoch, const char *name, const struct segment_hints hints[LANE_COUNT],
    struct segment *ret, struct fail *f)
{
    struct segment s = {0};

    if (strlen(name) >= sizeof s.name || !parse_name(name, &s.lane, &s.first))
        return fail_set(f, FAIL_NOT_FOUND, "not a segment");
    strcpy(s.name, name);
    s.made_bytes = hints[s.lane].made_bytes;
    if (inspect(d, epoch, &s, f) != 0)
        return -1;
    if (s.first < 1 || s.first > hints[s.lane].first_max)
        return fail_set(f, FAIL_NOT_FOUND, "%s: beyond what was ever given", name);
    s.salt = salt_of(epoch, s.lane, s.first);
    *ret = s;
    return 0;
}

/* ---------------------------------------------------------------- creation */

static int fill(struct folder *d, int file, const struct segment *s, uint64_t epoch, struct fail *f)
{
    autofree uint8_t *zeros = calloc(1, FILL_BYTES);

    if (!zeros)
        abort();
    put_header(s, epoch, zeros);
    for (int64_t at = 0; at < s->made_bytes; at += FILL_BYTES) {
        int64_t left = s->made_bytes - at;

        if (folder_write(d, file, zeros, left < FILL_BYTES ? (size_t)left : FILL_BYTES, at, f) != 0)
            return -1;
        memset(zeros, 0, SEGMENT_HEADER_BYTES);
    }
    return 0;
}

int segment_create(struct folder *d, uint64_t epoch, enum lane lane, uint64_t first, int64_t bytes, struct wall now,
    struct segment *ret, int *ret_file, struct fail *f)
{
    struct segment s = {.lane = lane,
        .salt = salt_of(epoch, lane, first),
        .first = first,
        .end = first,
        .bytes = bytes,
        .made_bytes = bytes,
        .tail = SEGMENT_HEADER_BYTES,
        .made = now};

    make_name(lane, first, s.name);
    int file = folder_create(d, SEGMENT_TEMP_NAME, f);
    if (file < 0)
        return fail_add(f, "new segment");
    if (fill(d, file, &s, epoch, f) != 0 || folder_publish(d, file, SEGMENT_TEMP_NAME, s.name, f) != 0) {
        d->disk->close(d->disk->ctx, file);
        folder_discard(d, SEGMENT_TEMP_NAME);
        return fail_add(f, "new segment");
    }
    *ret = s;
    *ret_file = file;
    return 0;
}

/* ---------------------------------------------------------------- records */

void segment_put(const struct segment *s, const struct segment_record *r, uint8_t *to)
{
    size_t used = SEGMENT_RECORD_HEADER_BYTES + r->n;

    assert(r->n >= 1 && r->n <= BOUND_RECORD_BYTES);
    memset(to, 0, segment_span(r->n));
    put_le(to + 4, r->n, 2);
    to[6] = (uint8_t)s->lane;
    to[7] = (uint8_t)r->kind;
    put_le(to + 8, r->number, 8);
    put_le(to + 16, (uint64_t)r->wall.ms, 8);
    memcpy(to + SEGMENT_RECORD_HEADER_BYTES, r->bytes, r->n);
    put_le(to, crc32c(s->salt, to + 4, used - 4), 4);
}

bool segment_get_header(const struct segment *s, const uint8_t *at, struct segment_record *ret)
{
    size_t n = (size_t)get_le(at + 4, 2);

    if (n < 1 || n > BOUND_RECORD_BYTES || at[6] != (uint8_t)s->lane || at[7] >= RECORD_KIND_COUNT)
        return false;
    *ret = (struct segment_record){
        .number = get_le(at + 8, 8), .kind = (enum record_kind)at[7], .wall = {(int64_t)get_le(at + 16, 8)}, .n = n};
    return true;
}

bool segment_check(const struct segment *s, const uint8_t *at, struct segment_record *r)
{
    if (get_le(at, 4) != crc32c(s->salt, at + 4, SEGMENT_RECORD_HEADER_BYTES + r->n - 4))
        return false;
    r->bytes = at + SEGMENT_RECORD_HEADER_BYTES;
    return true;
}
