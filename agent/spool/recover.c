/* recover.c: opening what a power cut, a rotten block or a careless copy left behind.
 *
 * For each lane: the segments in order of number; each number between the epoch file's floor and the next to be given
 * is accounted for exactly once: good record, loss inside a segment, or loss in the chain. The next number lies behind
 *   - the last good record and whatever damaged bytes behind it may have held (cursor_scan_newest),
 *   - what the epoch file says was promised,
 *   - all that the newest segment can have held, when the epoch file knows of one that is gone.
 * So numbers that were promised, and perhaps sent, are never given again; numbers that were written but never promised
 * are given again when nothing of them is left.
 *
 * What was read here may stand in the system's cache only: a process whose sync failed leaves records behind that look
 * good and are not on the disk. So the end of the newest segment is written again and synced before it is believed. */
#include "recover.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct search {
    struct folder *folder;
    const struct meta *meta;
    uint64_t first_max[LANE_COUNT];
    struct segment *found;
    size_t count;
    struct fail *f;
};

/* ---------------------------------------------------------------- which files */

static int note_segment(void *arg, const char *name)
{
    struct search *s = arg;
    struct segment segment;

    if (segment_identify(s->folder, s->meta->epoch, name, s->first_max, &segment, s->f) != 0)
        return s->f->code == FAIL_NOT_FOUND ? 0 : -1;
    s->found = realloc(s->found, (s->count + 1) * sizeof *s->found);
    if (!s->found)
        abort();
    s->found[s->count++] = segment;
    return 0;
}

static int by_lane_and_number(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;

    if (x->lane != y->lane)
        return x->lane < y->lane ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

static int find_segments(struct search *s, struct fail *f)
{
    const struct disk *disk = s->folder->disk;

    for (size_t i = 0; i < LANE_COUNT; i++) {
        const struct meta_lane *l = &s->meta->lanes[i];

        /* The epoch file is saved with each new segment, so the newest begins at most one segment later. */
        s->first_max[i] = l->next + segment_capacity(l->head_bytes);
    }
    s->f = f;
    f->code = FAIL_NONE;
    if (disk->list(disk->ctx, s->folder->dir, note_segment, s) != 0)
        return f->code == FAIL_NONE || f->code == FAIL_NOT_FOUND ? fail_sys(f, "list") : -1;
    if (s->count)
        qsort(s->found, s->count, sizeof *s->found, by_lane_and_number);
    return 0;
}

static int is_segment(void *arg, const char *name)
{
    bool *ret = arg;

    *ret = segment_is_name(name);
    return *ret;
}

int recover_has_segments(struct folder *d, bool *ret, struct fail *f)
{
    bool is_there = false;

    if (d->disk->list(d->disk->ctx, d->dir, is_segment, &is_there) < 0)
        return fail_sys(f, "list");
    *ret = is_there;
    return 0;
}

/* Of two files that are the same segment (a copy somebody made) the one with more good records stays. */
static int settle_twins(struct folder *d, struct segment *keep, struct segment *other, struct fail *f)
{
    struct segment a = *keep, b = *other;
    bool is_clean;

    if (cursor_scan_newest(d, &a, &is_clean, f) != 0 || cursor_scan_newest(d, &b, &is_clean, f) != 0)
        return -1;
    if (b.end - b.corrupt_count > a.end - a.corrupt_count) {
        a = *keep;
        *keep = *other;
        *other = a;
    }
    folder_discard(d, other->name);
    return 0;
}

/* Hands the lane's segments to its queue: no twins, none whose numbers the epoch file has given up. */
static int collect(struct search *s, struct queue *q, struct fail *f)
{
    for (size_t i = 0; i < s->count; i++) {
        struct segment *here = &s->found[i];
        struct segment *next = i + 1 < s->count ? here + 1 : NULL;

        if (here->lane != q->lane)
            continue;
        if (here->first < s->meta->lanes[q->lane].floor) {
            folder_discard(s->folder, here->name);
            continue;
        }
        if (next && next->lane == here->lane && next->first == here->first) {
            if (settle_twins(s->folder, next, here, f) != 0)
                return -1;
            continue;
        }
        queue_add_segment(q, here);
    }
    return 0;
}

/* ---------------------------------------------------------------- which numbers */

/* Scans every segment; ret_is_clean: appending to the newest may go on. */
static int scan(struct queue *q, bool *ret_is_clean, struct fail *f)
{
    *ret_is_clean = false;
    for (size_t i = 0; i + 1 < q->count; i++) {
        q->segments[i].end = q->segments[i + 1].first;
        if (cursor_scan(q->folder, &q->segments[i], f) != 0)
            return -1;
    }
    return q->count ? cursor_scan_newest(q->folder, &q->segments[q->count - 1], ret_is_clean, f) : 0;
}

/* The lowest number that was certainly never promised. */
static uint64_t next_number(const struct queue *q, const struct meta_lane *l)
{
    const struct segment *last = q->count ? &q->segments[q->count - 1] : NULL;
    uint64_t next = l->next;

    if (l->head && (!last || last->first < l->head) && l->head + segment_capacity(l->head_bytes) > next)
        next = l->head + segment_capacity(l->head_bytes);
    return last && last->end > next ? last->end : next;
}

/* Numbers below the oldest segment for which the epoch file has no explanation: freed, or lost with their files. */
static void account_below(struct meta *m, struct meta_lane *l, uint64_t low, struct wall found_at)
{
    const struct stamp stamp = {.wall = found_at, .quality = CLOCK_NONE};
    uint64_t first = l->first > l->floor ? l->first : l->floor;

    if (low == l->floor)
        return;
    if (first < low) {
        losses_append(&l->losses, &(struct loss){.first = first, .last = low - 1, .cause = LOSS_CORRUPT}, &stamp);
        m->corrupt_count += low - first;
    } else {
        l->losses.count = 0;
    }
    l->floor = low;
}

/* Settles the lane's numbers. Returns whether appending to the newest segment may still go on. */
static bool account(struct queue *q, struct meta *m, bool is_clean, struct wall found_at)
{
    struct meta_lane *l = &m->lanes[q->lane];
    struct segment *last = q->count ? &q->segments[q->count - 1] : NULL;
    uint64_t next = next_number(q, l);

    if (last && next > last->end) {
        last->corrupt_count += next - last->end;
        last->end = next;
        is_clean = false;
    }
    account_below(m, l, last ? q->segments[0].first : next, found_at);
    l->next = next;
    l->head = last ? last->first : 0;
    l->head_bytes = last ? last->made_bytes : l->head_bytes;
    return last && is_clean;
}

/* ---------------------------------------------------------------- believing it */

/* Writes the last group's worth of the newest segment once more, as it was read. */
static int write_again(struct queue *q, int file, const struct segment *s, struct fail *f)
{
    uint8_t bytes[QUEUE_GROUP_BYTES];
    int64_t from = s->tail - (int64_t)sizeof bytes;
    size_t got;

    if (from < SEGMENT_HEADER_BYTES)
        from = SEGMENT_HEADER_BYTES;
    if (folder_read(q->folder, file, bytes, (size_t)(s->tail - from), from, &got, f) != 0 ||
        folder_write(q->folder, file, bytes, got, from, f) != 0)
        return -1;
    return folder_sync(q->folder, file, f);
}

/* Opens the newest segment for appending, if it takes any. When the disk refuses, its records are not given, except on
 * a read-only file system: there nothing waits in the cache. */
static void believe(struct queue *q, bool takes_appends)
{
    const struct segment *s = &q->segments[q->count - 1];
    struct fail f;

    if (!takes_appends && s->tail == SEGMENT_HEADER_BYTES)
        return;
    int file = folder_modify(q->folder, s->name, &f);
    int rc = file < 0 ? -1 : write_again(q, file, s, &f);
    if (rc != 0 && f.sys != EROFS)
        q->unsure = s->first;
    if (rc == 0 && takes_appends)
        q->active_file = file;
    else if (file >= 0)
        q->folder->disk->close(q->folder->disk->ctx, file);
}

int recover_lanes(
    struct folder *d, struct meta *m, struct queue queues[LANE_COUNT], struct wall found_at, struct fail *f)
{
    struct search s = {.folder = d, .meta = m};
    bool is_clean;

    int rc = find_segments(&s, f);
    autofree struct segment *found = s.found;
    for (size_t i = 0; i < LANE_COUNT && rc == 0; i++) {
        rc = collect(&s, &queues[i], f);
        if (rc == 0)
            rc = scan(&queues[i], &is_clean, f);
        if (rc != 0)
            break;
        bool takes_appends = account(&queues[i], m, is_clean, found_at);
        if (queues[i].count)
            believe(&queues[i], takes_appends);
    }
    return rc;
}
