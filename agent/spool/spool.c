/* spool.c: the rules of the spool: what is promised, what gives way, what is remembered. See spool.h.
 *
 * Who does what: folder.c every write and sync, and that none follows one that failed · segment.c a file of records ·
 * cursor.c finding records in it · meta.c the epoch file · losses.c ranges given up · queue.c one lane · plan.c what
 * gives way · recover.c opening.
 *
 * Invariants
 *  1. Each number of a lane from spool_oldest() to spool_next() - 1 is accounted for exactly once: by a good record or
 *     a loss in a segment, by a range in the chain of losses below all segments, or by the group not yet synced.
 *  2. oldest ≤ first ≤ next and floor ≤ next. The chain of losses ends at floor - 1; no segment holds less than floor.
 *  3. A number is read only after the sync that covers it returned 0.
 *  4. A segment gets its name after its zeros are on the disk, and records after the epoch file knows of it.
 *  5. A segment's file goes after the epoch file accounts for its numbers, as freed or as loss. A file that comes back
 *     after a power cut lies below floor and is removed again.
 *  6. What changes in memory because of the epoch file changes after the file was saved. Only the freed mark may run
 *     ahead of it: an older mark makes records be sent again, which is harmless.
 *  7. After the first write or sync that failed nothing is written. Reading and freeing go on.
 *  8. Queues, segments and the epoch file count numbers on from epoch to epoch. What is seen from outside is less by the
 *     lane's base: the conversion is here and nowhere else.
 *  9. All files together, the epoch file twice, stay within max_bytes.
 *
 * The life of a number
 *
 *            append            sync               receipt             window over, or room needed
 *   (next) ──────────► in group ──────► to be sent ──────────► freed ───────────────────────────► gone
 *      ▲                  │               │     ▲                │                                  │
 *      │ nothing is left  │ power cut     │     └──── rewind ────┘                           rewind │
 *      └──────────────────┤               │                                                         ▼
 *                         │ a torn tail   │ room needed: LOSS_EVICTED                          LOSS_EXPIRED
 *                         ▼               │ damage:      LOSS_CORRUPT
 *                   LOSS_CORRUPT          ▼
 *                                       loss: read, sent and freed like a record
 *
 * The spool itself:  opening ──► accepting ──(a write or sync fails)──► failed: reads only, until opened anew
 */
#include "spool.h"

#include <assert.h>
#include <string.h>

#include "bounds.h"
#include "codec.h"
#include "plan.h"
#include "recover.h"

/* After so many newly freed numbers of a lane the marks are saved, if nothing else saved them. */
enum { SAVE_AFTER_FREED = 256 };

enum { MIN_SPOOL_BYTES = 256 * 1024, MIN_SEGMENT_BYTES = 64 * 1024, MAX_SEGMENT_BYTES = 1024 * 1024 * 1024 };

struct spool {
    struct spool_settings settings;
    const struct clock *clock;
    struct folder folder;
    struct meta meta;
    uint64_t saved_first[LANE_COUNT];
    struct queue queues[LANE_COUNT];
};

/* ---------------------------------------------------------------- the epoch file */

static int save(struct spool *s, const struct meta *m, struct fail *f)
{
    if (meta_save(&s->folder, m, f) != 0)
        return -1;
    for (size_t i = 0; i < LANE_COUNT; i++)
        s->saved_first[i] = m->lanes[i].first;
    return 0;
}

/* For what may be forgotten: a spool that has failed goes on without. */
static int save_if_able(struct spool *s, const struct meta *m, struct fail *f)
{
    return s->folder.failure.code == FAIL_NONE ? save(s, m, f) : 0;
}

static bool marks_are_due(const struct spool *s)
{
    for (size_t i = 0; i < LANE_COUNT; i++) {
        if (s->meta.lanes[i].first >= s->saved_first[i] + SAVE_AFTER_FREED)
            return true;
    }
    return false;
}

/* ---------------------------------------------------------------- opening */

static uint64_t random_epoch(const struct rng *rng)
{
    uint64_t epoch = 0;

    while (epoch == 0)
        epoch = rng_u64(rng);
    return epoch;
}

static int begin_folder(struct spool *s, const struct rng *rng, struct fail *f)
{
    bool has_segments;
    struct meta m = {0};

    if (recover_has_segments(&s->folder, &has_segments, f) != 0)
        return -1;
    if (has_segments)
        return fail_set(f, FAIL_CORRUPT, META_NAME ": missing beside segments");
    m.epoch = m.files_epoch = random_epoch(rng);
    for (size_t i = 0; i < LANE_COUNT; i++)
        m.lanes[i] = (struct meta_lane){.first = 1, .next = 1, .floor = 1};
    if (save(s, &m, f) != 0)
        return -1;
    s->meta = m;
    return 0;
}

static int load_epoch(struct spool *s, const struct rng *rng, struct fail *f)
{
    if (meta_load(&s->folder, &s->meta, f) != 0)
        return f->code == FAIL_NOT_FOUND ? begin_folder(s, rng, f) : -1;
    for (size_t i = 0; i < LANE_COUNT; i++)
        s->saved_first[i] = s->meta.lanes[i].first;
    return 0;
}

static void discard(struct folder *d, struct leftovers *l)
{
    folder_discard(d, SEGMENT_TEMP_NAME);
    for (size_t i = 0; i < l->count; i++)
        folder_discard(d, l->names[i]);
}

/* After recover_lanes() a write that fails leaves a spool that has failed and can be read: the folder remembers it. The
 * epoch file is always saved, as what was read of it may be in the cache only, and so may be the names of segments. */
static int load(struct spool *s, const struct rng *rng, struct fail *f)
{
    struct leftovers leftovers = {0};
    struct fail remembered;

    if (load_epoch(s, rng, f) != 0)
        return -1;
    if (recover_lanes(&s->folder, &s->meta, s->queues, s->clock->wall(s->clock->ctx), &leftovers, f) != 0)
        return -1;
    if (save(s, &s->meta, &remembered) == 0)
        discard(&s->folder, &leftovers);
    free(leftovers.names);
    return 0;
}

static int check_settings(const struct spool_settings *s, struct fail *f)
{
    if (s->max_bytes < MIN_SPOOL_BYTES)
        return fail_set(f, FAIL_SETTINGS, "spool: %lld bytes are less than 256 KiB", (long long)s->max_bytes);
    if (s->segment_bytes < MIN_SEGMENT_BYTES || s->segment_bytes > MAX_SEGMENT_BYTES ||
        s->segment_bytes > s->max_bytes / 4)
        return fail_set(f, FAIL_SETTINGS,
            "spool: segments of %lld bytes are not within 64 KiB and 1 GiB and a quarter of the spool",
            (long long)s->segment_bytes);
    if (s->retention_ms < 0 || s->retention_bytes < 0)
        return fail_set(f, FAIL_SETTINGS, "spool: negative retention");
    return 0;
}

static struct spool *new_spool(const struct spool_settings *settings, const struct clock *clock)
{
    struct spool *s = calloc(1, sizeof *s);

    if (!s)
        abort();
    s->settings = *settings;
    s->settings.path = NULL; /* borrowed for the call only */
    s->settings.segment_bytes -= settings->segment_bytes % SEGMENT_ALIGN;
    s->clock = clock;
    for (size_t i = 0; i < LANE_COUNT; i++)
        queue_init(&s->queues[i], &s->folder, &s->meta, (enum lane)i);
    return s;
}

int spool_open(const struct spool_settings *settings, const struct disk *disk, const struct clock *clock,
    const struct rng *rng, struct spool **ret, struct fail *f)
{
    if (check_settings(settings, f) != 0)
        return -1;
    struct spool *s = new_spool(settings, clock);
    if (folder_open(&s->folder, disk, settings->path, f) != 0) {
        free(s);
        return -1;
    }
    if (load(s, rng, f) != 0) {
        spool_close(s);
        return fail_add(f, "%s", settings->path);
    }
    *ret = s;
    return 0;
}

void spool_close(struct spool *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < LANE_COUNT; i++)
        queue_done(&s->queues[i]);
    folder_close(&s->folder);
    free(s);
}

uint64_t spool_epoch(const struct spool *s)
{
    return s->meta.epoch;
}

int spool_new_epoch(struct spool *s, const struct rng *rng, struct fail *f)
{
    if (spool_sync(s, f) != 0)
        return -1;
    struct meta m = s->meta;
    m.epoch = random_epoch(rng);
    m.session = 0;
    m.epochs_begun++;
    for (size_t i = 0; i < LANE_COUNT; i++)
        m.lanes[i].base = m.lanes[i].first - 1;
    if (save(s, &m, f) != 0)
        return -1;
    s->meta = m;
    return 0;
}

int spool_next_session(struct spool *s, uint32_t *ret_session, struct fail *f)
{
    struct meta m = s->meta;

    m.session++;
    if (save(s, &m, f) != 0)
        return -1;
    s->meta = m;
    *ret_session = m.session;
    return 0;
}

/* ---------------------------------------------------------------- appending */

static uint64_t base_of(const struct spool *s, enum lane lane)
{
    return s->meta.lanes[lane].base;
}

static struct plan new_plan(struct spool *s)
{
    struct mono now = s->clock->mono(s->clock->ctx);

    for (size_t i = 0; i < LANE_COUNT; i++)
        queue_settle(&s->queues[i], now);
    return (struct plan){.queues = s->queues, .settings = &s->settings, .now = now, .meta = s->meta};
}

static int carry_out(struct spool *s, const struct plan *p, struct fail *f)
{
    if (p->removed[LANE_FAULT] + p->removed[LANE_HEALTH] == 0)
        return 0;
    if (save(s, &p->meta, f) != 0)
        return -1;
    s->meta = p->meta;
    for (size_t i = 0; i < LANE_COUNT; i++) {
        if (queue_forget(&s->queues[i], p->removed[i], f) != 0)
            return -1;
    }
    return 0;
}

/* A new segment for the lane, with room made for it. */
static int begin_segment(struct spool *s, enum lane lane, const struct stamp *now, struct fail *f)
{
    if (spool_sync(s, f) != 0)
        return -1;
    struct plan p = new_plan(s);
    if (plan_retention(&p, f) != 0 || plan_room(&p, lane, now, f) != 0 || carry_out(s, &p, f) != 0)
        return -1;
    if (queue_roll(&s->queues[lane], s->settings.segment_bytes, s->clock->wall(s->clock->ctx), f) != 0)
        return -1;
    return save(s, &s->meta, f);
}

static int append(struct spool *s, struct record *r, struct fail *f)
{
    struct queue *q = &s->queues[r->lane];
    struct record numbered = *r;
    struct segment_record stored = {.number = queue_next(q), .kind = r->kind, .wall = r->stamp.wall};
    uint8_t bytes[BOUND_RECORD_BYTES];

    if (folder_check(&s->folder, f) != 0)
        return -1;
    numbered.number = stored.number - base_of(s, r->lane);
    if (codec_record_encode(&numbered, bytes, sizeof bytes, &stored.n, f) != 0)
        return -1;
    if (!queue_fits(q, stored.n) && begin_segment(s, r->lane, &r->stamp, f) != 0)
        return -1;
    stored.bytes = bytes;
    if (queue_append(q, &stored, f) != 0)
        return -1;
    r->number = numbered.number;
    return 0;
}

int spool_append(struct spool *s, struct record *r, struct fail *f)
{
    assert(r->lane < LANE_COUNT && r->kind < RECORD_LOSS);
    if (append(s, r, f) == 0)
        return 0;
    if (f->code == FAIL_IO || f->code == FAIL_FULL)
        s->meta.refused_count++;
    return -1;
}

int spool_sync(struct spool *s, struct fail *f)
{
    if (folder_check(&s->folder, f) != 0)
        return -1;
    for (size_t i = 0; i < LANE_COUNT; i++) {
        if (queue_sync(&s->queues[i], f) != 0)
            return -1;
    }
    return 0;
}

/* ---------------------------------------------------------------- reading */

uint64_t spool_first(const struct spool *s, enum lane lane)
{
    return s->meta.lanes[lane].first - base_of(s, lane);
}

uint64_t spool_next(const struct spool *s, enum lane lane)
{
    return queue_next(&s->queues[lane]) - base_of(s, lane);
}

uint64_t spool_oldest(const struct spool *s, enum lane lane)
{
    uint64_t oldest = queue_oldest(&s->queues[lane]), base = base_of(s, lane);

    return oldest > base ? oldest - base : 1;
}

static int give_loss(enum lane lane, const struct queue_item *item, uint64_t base, uint8_t *buf, size_t cap,
    size_t *ret_bytes, struct fail *f)
{
    struct record r = {
        .lane = lane, .number = item->number - base, .stamp = item->stamp, .behind = "", .kind = RECORD_LOSS};

    r.loss = item->loss;
    r.loss.first = r.loss.first > base ? r.loss.first - base : 1;
    r.loss.last -= base;
    if (r.stamp.wall.ms < -BOUND_EXACT || r.stamp.wall.ms > BOUND_EXACT)
        r.stamp.wall.ms = 0; /* no time that the wire carries: the clock was mad, and quality says so */
    return codec_record_encode(&r, buf, cap, ret_bytes, f);
}

int spool_read(struct spool *s, enum lane lane, uint64_t number, uint8_t *buf, size_t cap, size_t *ret_bytes,
    uint64_t *ret_number, struct fail *f)
{
    struct queue_item item;
    uint64_t base = base_of(s, lane);

    assert(cap >= BOUND_RECORD_BYTES);
    if (queue_read(&s->queues[lane], number + base, &item, f) != 0)
        return -1;
    if (item.is_loss) {
        if (give_loss(lane, &item, base, buf, cap, ret_bytes, f) != 0)
            return -1;
    } else {
        memcpy(buf, item.record.bytes, item.record.n);
        *ret_bytes = base ? codec_record_renumber(buf, item.record.n, item.number - base) : item.record.n;
    }
    *ret_number = item.number - base;
    return 0;
}

/* ---------------------------------------------------------------- receipts */

static int check_next(const struct spool *s, enum lane lane, uint64_t next, struct fail *f)
{
    uint64_t limit = s->meta.lanes[lane].next - base_of(s, lane);

    if (next >= 1 && next <= limit)
        return 0;
    return fail_set(f, FAIL_INPUT, "next %llu of the %s lane is not within 1 and %llu", (unsigned long long)next,
        lane_word(lane), (unsigned long long)limit);
}

int spool_free_below(struct spool *s, enum lane lane, uint64_t next, struct fail *f)
{
    if (check_next(s, lane, next, f) != 0)
        return -1;
    next += base_of(s, lane);
    if (next <= s->meta.lanes[lane].first)
        return 0;
    s->meta.lanes[lane].first = next;
    if (s->folder.failure.code != FAIL_NONE)
        return 0;
    struct plan p = new_plan(s);
    if (plan_retention(&p, f) != 0 || carry_out(s, &p, f) != 0)
        return -1;
    return marks_are_due(s) ? save(s, &s->meta, f) : 0;
}

int spool_rewind(struct spool *s, enum lane lane, uint64_t next, struct fail *f)
{
    struct meta m = s->meta;
    uint64_t oldest = queue_oldest(&s->queues[lane]);
    const struct stamp now = {.wall = s->clock->wall(s->clock->ctx), .quality = s->clock->quality(s->clock->ctx)};

    if (check_next(s, lane, next, f) != 0)
        return -1;
    next += base_of(s, lane);
    if (next >= m.lanes[lane].first)
        return 0;
    if (next < oldest) {
        struct loss loss = {.first = next, .last = oldest - 1, .cause = LOSS_EXPIRED};

        losses_prepend(&m.lanes[lane].losses, &loss, &now);
        m.expired_count += oldest - next;
    }
    m.lanes[lane].first = next;
    if (save_if_able(s, &m, f) != 0)
        return -1;
    s->meta = m;
    return 0;
}

/* ---------------------------------------------------------------- figures */

void spool_stats(const struct spool *s, struct spool_stats *ret)
{
    struct spool_stats stats = {.used_bytes = META_BYTES,
        .limit_bytes = s->settings.max_bytes,
        .evicted_count = s->meta.evicted_count,
        .expired_count = s->meta.expired_count,
        .corrupt_count = s->meta.corrupt_count,
        .refused_count = s->meta.refused_count,
        .epochs_begun = s->meta.epochs_begun,
        .written_bytes = s->folder.written_bytes,
        .sync_count = s->folder.sync_count};

    for (size_t lane = 0; lane < LANE_COUNT; lane++) {
        const struct queue *q = &s->queues[lane];

        for (size_t i = 0; i < q->count; i++) {
            stats.corrupt_count += q->segments[i].corrupt_count;
            stats.used_bytes += queue_is_freed(q, i) ? 0 : q->segments[i].bytes;
        }
    }
    *ret = stats;
}
