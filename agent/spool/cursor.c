/* cursor.c: finding records in a segment, good or damaged. See cursor.h.
 *
 * At a place where the expected record does not check, the search goes on in steps of 8 bytes for any record of this
 * segment with a higher number. The checksum starts from the segment's identity, so a hit is one of its own records; a
 * record at byte `at` has a number of at most first + (at - header) / smallest record, which keeps the search from
 * calculating checksums of noise. */
#include "cursor.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "bytes.h"

int cursor_open(struct cursor *c, struct folder *d, const struct segment *s, struct fail *f)
{
    int file = d->disk->open(d->disk->ctx, d->dir, s->name, O_RDONLY);

    if (file < 0 && errno != ENOENT && errno != EIO)
        return fail_sys(f, "%s", s->name);
    c->folder = d;
    c->file = file;
    c->at = c->last_at = SEGMENT_HEADER_BYTES;
    c->number = c->last_number = s->first;
    c->wall = c->last_wall = s->made;
    c->window_bytes = 0;
    return 0;
}

void cursor_close(struct cursor *c)
{
    if (c->file >= 0)
        c->folder->disk->close(c->folder->disk->ctx, c->file);
    c->file = -1;
}

void cursor_back(struct cursor *c)
{
    c->at = c->last_at;
    c->number = c->last_number;
    c->wall = c->last_wall;
}

/* n bytes at `at`, from the window; NULL when they go beyond limit or the end of the file. */
static int look(struct cursor *c, int64_t at, size_t n, int64_t limit, const uint8_t **ret, struct fail *f)
{
    *ret = NULL;
    if (c->file < 0 || at + (int64_t)n > limit)
        return 0;
    if (at < c->window_at || at + (int64_t)n > c->window_at + (int64_t)c->window_bytes) {
        size_t want = limit - at < CURSOR_WINDOW_BYTES ? (size_t)(limit - at) : CURSOR_WINDOW_BYTES;

        c->window_bytes = 0;
        if (folder_read(c->folder, c->file, c->window, want, at, &c->window_bytes, f) != 0)
            return -1;
        c->window_at = at;
    }
    if (at + (int64_t)n <= c->window_at + (int64_t)c->window_bytes)
        *ret = c->window + (at - c->window_at);
    return 0;
}

/* The first place from `at` on whose 8 bytes are not all zero, in steps of 8; limit when there is none. */
static int next_dirty(struct cursor *c, int64_t at, int64_t limit, int64_t *ret_at, struct fail *f)
{
    static const uint8_t zeros[SEGMENT_ALIGN];
    const uint8_t *bytes;

    for (;;) {
        if (look(c, at, SEGMENT_ALIGN, limit, &bytes, f) != 0)
            return -1;
        *ret_at = bytes ? at : limit;
        if (!bytes)
            return 0;
        const uint8_t *end = c->window + c->window_bytes;
        for (; end - bytes >= SEGMENT_ALIGN; bytes += SEGMENT_ALIGN, at += SEGMENT_ALIGN) {
            *ret_at = at;
            if (memcmp(bytes, zeros, SEGMENT_ALIGN) != 0)
                return 0;
        }
    }
}

static bool number_fits(const struct segment *s, const struct cursor *c, int64_t at, uint64_t number)
{
    return number >= c->number && number < s->end &&
           number - s->first <= (uint64_t)(at - SEGMENT_HEADER_BYTES) / SEGMENT_RECORD_MIN_BYTES;
}

/* A good record at `at` whose number is still to come: *ret_is_there. */
static int try_at(struct cursor *c, const struct segment *s, int64_t at, int64_t limit, struct segment_record *ret,
    bool *ret_is_there, struct fail *f)
{
    const uint8_t *bytes;

    *ret_is_there = false;
    if (look(c, at, SEGMENT_RECORD_HEADER_BYTES, limit, &bytes, f) != 0)
        return -1;
    if (!bytes || !segment_get_header(s, bytes, ret) || !number_fits(s, c, at, ret->number))
        return 0;
    if (look(c, at, segment_span(ret->n), limit, &bytes, f) != 0)
        return -1;
    *ret_is_there = bytes && segment_check(s, bytes, ret);
    return 0;
}

/* The place of the next good record from the cursor on, or limit. A record never begins with 8 zeros. */
static int search(struct cursor *c, const struct segment *s, int64_t limit, int64_t *ret_at, struct segment_record *ret,
    struct fail *f)
{
    bool is_there = false;
    int64_t at = c->at;

    while (!is_there) {
        if (next_dirty(c, at, limit, ret_at, f) != 0)
            return -1;
        if (*ret_at >= limit)
            return 0;
        if (try_at(c, s, *ret_at, limit, ret, &is_there, f) != 0)
            return -1;
        at = *ret_at + SEGMENT_ALIGN;
    }
    return 0;
}

/* Everything up to `next` is loss. */
static void give_loss(struct cursor *c, uint64_t next, int64_t at, struct cursor_item *ret)
{
    *ret = (struct cursor_item){.found = CURSOR_LOSS, .first = c->number, .last = next - 1, .wall = c->wall};
    c->number = next;
    c->at = at;
}

static void give_record(struct cursor *c, const struct segment_record *r, struct cursor_item *ret)
{
    *ret = (struct cursor_item){.found = CURSOR_RECORD, .first = r->number, .last = r->number, .record = *r};
    c->number = r->number + 1;
    c->at += (int64_t)segment_span(r->n);
    c->wall = r->wall;
}

int cursor_step(struct cursor *c, const struct segment *s, int64_t limit, struct cursor_item *ret, struct fail *f)
{
    struct segment_record record;
    int64_t found_at;

    *ret = (struct cursor_item){.found = CURSOR_END};
    if (c->number >= s->end)
        return 0;
    if (search(c, s, limit, &found_at, &record, f) != 0)
        return -1;
    c->last_at = c->at;
    c->last_number = c->number;
    c->last_wall = c->wall;
    if (found_at < limit && record.number == c->number) {
        c->at = found_at;
        give_record(c, &record, ret);
    } else if (found_at < limit) {
        give_loss(c, record.number, found_at, ret);
    } else if (s->end != UINT64_MAX) {
        give_loss(c, s->end, limit, ret);
    }
    return 0;
}

/* ---------------------------------------------------------------- whole segments */

static int64_t area_end(const struct segment *s)
{
    return s->bytes < s->made_bytes ? s->bytes : s->made_bytes;
}

/* Steps through all of s; on the way sets tail and corrupt_count. Leaves the cursor at the end. */
static int walk(struct cursor *c, struct segment *s, struct fail *f)
{
    struct cursor_item item;

    s->tail = SEGMENT_HEADER_BYTES;
    s->corrupt_count = 0;
    do {
        if (cursor_step(c, s, area_end(s), &item, f) != 0)
            return -1;
        if (item.found == CURSOR_LOSS)
            s->corrupt_count += item.last - item.first + 1;
        else if (item.found == CURSOR_RECORD)
            s->tail = c->at;
    } while (item.found != CURSOR_END);
    return 0;
}

int cursor_scan(struct folder *d, struct segment *s, struct fail *f)
{
    struct cursor c = {.file = -1};

    if (cursor_open(&c, d, s, f) != 0)
        return -1;
    int rc = walk(&c, s, f);
    cursor_close(&c);
    return rc;
}

/* Behind the last 8 bytes that are not zero; at least `from`. */
static int dirty_end(struct cursor *c, int64_t from, int64_t limit, int64_t *ret_end, struct fail *f)
{
    int64_t at = from;

    *ret_end = from;
    for (;;) {
        if (next_dirty(c, at, limit, &at, f) != 0)
            return -1;
        if (at >= limit)
            return 0;
        at += SEGMENT_ALIGN;
        *ret_end = at;
    }
}

/* How many numbers the damaged bytes from … end - 1 can have held. As long as the fixed parts still tell lengths and
 * the numbers that follow, they are believed, which is exact for a tail whose contents alone are damaged; the rest
 * counts as full of the smallest records. */
static int numbers_within(struct cursor *c, const struct segment *s, int64_t from, int64_t end, int64_t limit,
    uint64_t *ret_count, struct fail *f)
{
    struct segment_record r;
    const uint8_t *bytes;
    uint64_t count = 0;

    while (from < end) {
        if (look(c, from, SEGMENT_RECORD_HEADER_BYTES, limit, &bytes, f) != 0)
            return -1;
        if (!bytes || !segment_get_header(s, bytes, &r) || r.number != c->number + count)
            break;
        from += (int64_t)segment_span(r.n);
        count++;
    }
    if (from < end)
        count += (uint64_t)(end - from + SEGMENT_RECORD_MIN_BYTES - 1) / SEGMENT_RECORD_MIN_BYTES;
    *ret_count = count;
    return 0;
}

/* Sets end behind what the bytes after the last good record may have held. */
static int settle_end(struct cursor *c, struct segment *s, bool *ret_is_clean, struct fail *f)
{
    int64_t end;
    uint64_t count = 0;

    if (dirty_end(c, s->tail, area_end(s), &end, f) != 0)
        return -1;
    if (c->file < 0 || s->bytes < s->made_bytes)
        end = s->made_bytes; /* what was cut off may have been full */
    if (numbers_within(c, s, s->tail, end, area_end(s), &count, f) != 0)
        return -1;
    *ret_is_clean = count == 0;
    s->end = c->number + count;
    s->corrupt_count += count;
    return 0;
}

int cursor_scan_newest(struct folder *d, struct segment *s, bool *ret_is_clean, struct fail *f)
{
    struct cursor c = {.file = -1};

    s->end = UINT64_MAX;
    if (cursor_open(&c, d, s, f) != 0)
        return -1;
    int rc = walk(&c, s, f);
    if (rc == 0)
        rc = settle_end(&c, s, ret_is_clean, f);
    cursor_close(&c);
    return rc;
}
