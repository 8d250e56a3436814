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
 * The system's cache may hold records that look good and are not on the disk: a process whose sync failed leaves them
 * behind. So the newest segment is synced, dropped from the cache, and only then read. */
#include "recover.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct search {
    struct folder *folder;
    const struct meta *meta;
    struct segment_hints hints[LANE_COUNT];
    struct segment *found;
    size_t count;
    struct leftovers leftovers;
    struct fail *f;
};

/* ---------------------------------------------------------------- which files */

static int note_segment(void *arg, const char *name)
{
    struct search *s = arg;
    struct segment segment;

    if (segment_identify(s->folder, s->meta->files_epoch, name, s->hints, &segment, s->f) != 0)
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
        s->hints[i] = (struct segment_hints){l->next + segment_capacity(l->head_bytes), l->head_bytes};
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

static void leave_over(struct search *s, const char *name)
{
    struct leftovers *l = &s->leftovers;

    l->names = realloc(l->names, (l->count + 1) * sizeof *l->names);
    if (!l->names)
        abort();
    strcpy(l->names[l->count++], name);
}

/* Of two files that are the same segment (a copy somebody made) the one with more good records stays. */
static int settle_twins(struct search *s, struct segment *keep, struct segment *other, struct fail *f)
{
    struct segment a = *keep, b = *other;
    bool is_clean;

    if (cursor_scan_newest(s->folder, &a, &is_clean, f) != 0 || cursor_scan_newest(s->folder, &b, &is_clean, f) != 0)
        return -1;
    if (b.end - b.corrupt_count > a.end - a.corrupt_count) {
        a = *keep;
        *keep = *other;
        *other = a;
    }
    leave_over(s, other->name);
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
            leave_over(s, here->name);
            continue;
        }
        if (next && next->lane == here->lane && next->first == here->first) {
            if (settle_twins(s, next, here, f) != 0)
                return -1;
            continue;
        }
        queue_add_segment(q, here);
    }
    return 0;
}

/* ---------------------------------------------------------------- which numbers */

/* Scans the newest segment. One without any record goes, and the one before is the newest: its name may be in the cache
 * only, left there by a process whose sync of the folder failed. One with records was named for good before the first
 * was written. ret_is_clean: appending to it may go on. */
static int scan_newest(struct search *s, struct queue *q, bool *ret_is_clean, struct fail *f)
{
    *ret_is_clean = false;
    while (q->count) {
        struct segment *last = &q->segments[q->count - 1];

        folder_settle(q->folder, last->name);
        if (cursor_scan_newest(q->folder, last, ret_is_clean, f) != 0)
            return -1;
        if (!*ret_is_clean || last->tail > SEGMENT_HEADER_BYTES)
            return 0;
        leave_over(s, last->name);
        q->count--;
        q->meta->lanes[q->lane].head = q->count ? last[-1].first : 0;
        *ret_is_clean = false;
    }
    return 0;
}

static int scan(struct search *s, struct queue *q, bool *ret_is_clean, struct fail *f)
{
    if (scan_newest(s, q, ret_is_clean, f) != 0)
        return -1;
    for (size_t i = 0; i + 1 < q->count; i++) {
        q->segments[i].end = q->segments[i + 1].first;
        if (cursor_scan(q->folder, &q->segments[i], f) != 0)
            return -1;
    }
    return 0;
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

/* The newest segment goes on taking appends, unless the disk refuses. */
static void resume(struct queue *q)
{
    struct fail remembered;

    q->active_file = folder_modify(q->folder, q->segments[q->count - 1].name, &remembered);
    assert(q->active_file >= 0 || q->folder->failure.code != FAIL_NONE);
}

static int recover_lane(struct search *s, struct queue *q, struct wall found_at, struct fail *f)
{
    bool is_clean;

    if (collect(s, q, f) != 0 || scan(s, q, &is_clean, f) != 0)
        return -1;
    if (account(q, q->meta, is_clean, found_at))
        resume(q);
    return 0;
}

int recover_lanes(struct folder *d, struct meta *m, struct queue queues[LANE_COUNT], struct wall found_at,
    struct leftovers *ret, struct fail *f)
{
    struct search s = {.folder = d, .meta = m};

    int rc = find_segments(&s, f);
    for (size_t i = 0; i < LANE_COUNT && rc == 0; i++)
        rc = recover_lane(&s, &queues[i], found_at, f);
    free(s.found);
    if (rc == 0)
        *ret = s.leftovers;
    else
        free(s.leftovers.names);
    return rc;
}
