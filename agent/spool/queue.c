/* queue.c: appending to, reading from and shortening one lane. See queue.h; spool.c has the rules. */
#include "queue.h"

#include <assert.h>
#include <string.h>

static struct meta_lane *lane_of(const struct queue *q)
{
    return &q->meta->lanes[q->lane];
}

static struct segment *newest(const struct queue *q)
{
    return q->count ? &q->segments[q->count - 1] : NULL;
}

void queue_init(struct queue *q, struct folder *d, struct meta *m, enum lane lane)
{
    memset(q, 0, sizeof *q);
    q->folder = d;
    q->meta = m;
    q->lane = lane;
    q->active_file = -1;
    q->cursor.file = -1;
}

static void close_active(struct queue *q)
{
    if (q->active_file >= 0)
        q->folder->disk->close(q->folder->disk->ctx, q->active_file);
    q->active_file = -1;
}

void queue_done(struct queue *q)
{
    close_active(q);
    cursor_close(&q->cursor);
    free(q->segments);
}

void queue_add_segment(struct queue *q, const struct segment *s)
{
    q->segments = realloc(q->segments, (q->count + 1) * sizeof *q->segments);
    if (!q->segments)
        abort();
    q->segments[q->count++] = *s;
}

uint64_t queue_next(const struct queue *q)
{
    return lane_of(q)->next + q->group_count;
}

uint64_t queue_oldest(const struct queue *q)
{
    const struct meta_lane *l = lane_of(q);

    return l->losses.count ? l->losses.entries[0].loss.first : l->floor;
}

/* ---------------------------------------------------------------- appending */

bool queue_fits(const struct queue *q, size_t n)
{
    const struct segment *s = newest(q);

    return q->active_file >= 0 && s->tail + (int64_t)(q->group_bytes + segment_span(n)) <= s->made_bytes;
}

int queue_append(struct queue *q, const struct segment_record *r, struct fail *f)
{
    size_t span = segment_span(r->n);

    assert(queue_fits(q, r->n) && r->number == queue_next(q));
    if (q->group_bytes + span > sizeof q->group && queue_sync(q, f) != 0)
        return -1;
    segment_put(newest(q), r, q->group + q->group_bytes);
    q->group_bytes += span;
    q->group_count++;
    return 0;
}

int queue_sync(struct queue *q, struct fail *f)
{
    struct segment *s = newest(q);

    if (q->group_count == 0)
        return 0;
    if (folder_write(q->folder, q->active_file, q->group, q->group_bytes, s->tail, f) != 0 ||
        folder_sync(q->folder, q->active_file, f) != 0)
        return fail_add(f, "%s", s->name);
    s->tail += (int64_t)q->group_bytes;
    lane_of(q)->next += q->group_count;
    s->end = lane_of(q)->next;
    q->group_bytes = 0;
    q->group_count = 0;
    return 0;
}

int queue_roll(struct queue *q, int64_t bytes, struct wall now, struct fail *f)
{
    struct meta_lane *l = lane_of(q);
    struct segment s;
    int file;

    assert(q->group_count == 0);
    if (segment_create(q->folder, q->meta->files_epoch, q->lane, l->next, bytes, now, &s, &file, f) != 0)
        return -1;
    close_active(q);
    queue_add_segment(q, &s);
    q->active_file = file;
    l->head = s.first;
    l->head_bytes = bytes;
    return 0;
}

/* ---------------------------------------------------------------- reading */

/* The segment that number belongs to; there is one. */
static struct segment *segment_of(const struct queue *q, uint64_t number)
{
    size_t low = 0, high = q->count;

    while (high - low > 1) {
        size_t middle = (low + high) / 2;

        if (q->segments[middle].first <= number)
            low = middle;
        else
            high = middle;
    }
    return &q->segments[low];
}

/* Brings the cursor to number or before it, with as little reading as possible. */
static int place_cursor(struct queue *q, const struct segment *s, uint64_t number, struct fail *f)
{
    if (q->cursor_first == s->first && number >= q->cursor.number)
        return 0;
    if (q->cursor_first == s->first && number >= q->cursor.last_number) {
        cursor_back(&q->cursor);
        return 0;
    }
    cursor_close(&q->cursor);
    q->cursor_first = 0;
    if (cursor_open(&q->cursor, q->folder, s, f) != 0)
        return -1;
    q->cursor_first = s->first;
    return 0;
}

/* Damage may have come after the last scan: counts again. */
static int recount(struct queue *q, struct segment *s, struct fail *f)
{
    struct segment copy = *s;

    if (cursor_scan(q->folder, &copy, f) != 0)
        return -1;
    s->corrupt_count = copy.corrupt_count;
    return 0;
}

static int read_segment(struct queue *q, uint64_t number, struct queue_item *ret, struct fail *f)
{
    struct segment *s = segment_of(q, number);
    struct cursor_item item;

    if (place_cursor(q, s, number, f) != 0)
        return -1;
    do {
        if (cursor_step(&q->cursor, s, s->tail, &item, f) != 0)
            return -1;
        assert(item.found != CURSOR_END);
    } while (item.last < number);
    *ret = (struct queue_item){.number = item.last, .record = item.record};
    if (item.found == CURSOR_RECORD)
        return 0;
    ret->is_loss = true;
    ret->loss = (struct loss){.first = item.first, .last = item.last, .cause = LOSS_CORRUPT};
    ret->stamp = (struct stamp){.wall = item.wall, .quality = CLOCK_NONE};
    return recount(q, s, f);
}

int queue_read(struct queue *q, uint64_t number, struct queue_item *ret, struct fail *f)
{
    struct meta_lane *l = lane_of(q);

    if (number < queue_oldest(q) || number >= l->next)
        return fail_set(f, FAIL_NOT_FOUND, "number %llu", (unsigned long long)number);
    if (number >= l->floor)
        return read_segment(q, number, ret, f);
    struct loss_entry *entry = losses_find(&l->losses, number);
    assert(entry);
    entry->given = true;
    *ret = (struct queue_item){.is_loss = true, .number = entry->loss.last, .loss = entry->loss, .stamp = entry->stamp};
    return 0;
}

/* ---------------------------------------------------------------- shortening */

bool queue_is_freed(const struct queue *q, size_t i)
{
    bool is_active = q->active_file >= 0 && i + 1 == q->count;

    return i < q->count && !is_active && q->segments[i].end <= lane_of(q)->first;
}

void queue_settle(struct queue *q, struct mono now)
{
    for (size_t i = 0; i < q->count; i++) {
        bool is_freed = queue_is_freed(q, i);

        if (is_freed && !q->segments[i].is_freed)
            q->segments[i].freed_at = now;
        q->segments[i].is_freed = is_freed;
    }
}

/* Adds the item's numbers from `first` on to the chain, and counts. */
static void account(
    const struct cursor_item *item, uint64_t first, struct meta *m, struct meta_lane *l, const struct stamp *now)
{
    struct loss loss = {.first = item->first > first ? item->first : first, .last = item->last};

    if (item->found == CURSOR_LOSS)
        m->corrupt_count += item->last - item->first + 1;
    if (item->last < first)
        return;
    loss.cause = item->found == CURSOR_LOSS ? LOSS_CORRUPT : LOSS_EVICTED;
    if (item->found == CURSOR_RECORD) {
        m->evicted_count++;
        losses_count(&loss, item->record.kind);
    }
    losses_append(&l->losses, &loss, now);
}

static int account_all(
    const struct queue *q, const struct segment *s, struct meta *m, const struct stamp *now, struct fail *f)
{
    struct cursor c = {.file = -1};
    struct cursor_item item;
    struct meta_lane *l = &m->lanes[q->lane];

    if (cursor_open(&c, q->folder, s, f) != 0)
        return -1;
    int rc;
    while ((rc = cursor_step(&c, s, s->tail, &item, f)) == 0 && item.found != CURSOR_END)
        account(&item, l->first, m, l, now);
    cursor_close(&c);
    return rc;
}

int queue_give_up(const struct queue *q, size_t i, struct meta *m, const struct stamp *now, struct fail *f)
{
    const struct segment *s = &q->segments[i];
    struct meta_lane *l = &m->lanes[q->lane];

    if (s->end <= l->first) {
        m->corrupt_count += s->corrupt_count;
        l->losses.count = 0;
    } else if (account_all(q, s, m, now, f) != 0) {
        return -1;
    }
    l->floor = s->end;
    if (i + 1 == q->count)
        l->head = 0;
    return 0;
}

int queue_forget(struct queue *q, size_t n, struct fail *f)
{
    int rc = 0;

    if (n == 0)
        return 0;
    if (n == q->count)
        close_active(q);
    if (q->cursor_first && q->cursor_first <= q->segments[n - 1].first) {
        cursor_close(&q->cursor);
        q->cursor_first = 0;
    }
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = folder_remove(q->folder, q->segments[i].name, f);
    q->count -= n;
    memmove(q->segments, q->segments + n, q->count * sizeof *q->segments);
    return rc;
}
