/* rig.h: a spool on a model disk, records that can be made again from a seed, and an oracle that knows what was
 * promised. Shared by the spool's tests. */
#ifndef FAULTLINE_TEST_SPOOL_RIG_H
#define FAULTLINE_TEST_SPOOL_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "bounds.h"
#include "codec.h"
#include "model_cut.h"
#include "spool.h"

enum { RIG_NUMBERS = 4096, RIG_KIB = 1024 };

/* ---------------------------------------------------------------- time and chance */

struct rig_time {
    int64_t wall_ms, mono_ms;
};

static inline struct wall rig_wall(void *ctx)
{
    return (struct wall){((struct rig_time *)ctx)->wall_ms};
}

static inline struct mono rig_mono(void *ctx)
{
    return (struct mono){((struct rig_time *)ctx)->mono_ms};
}

static inline enum clock_quality rig_quality(void *ctx)
{
    (void)ctx;
    return CLOCK_KEPT;
}

static inline void rig_fill(void *ctx, void *bytes, size_t n)
{
    uint64_t *seed = ctx;

    for (size_t i = 0; i < n; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)model_random(seed);
}

/* ---------------------------------------------------------------- records */

/* A record of about `bytes` bytes, the same for the same lane, seed and bytes. */
struct rig_record {
    struct record r;
    uint8_t raw[BOUND_RAW_BYTES];
    struct frame_value frame[BOUND_FRAME_VALUES];
    struct measure measures[BOUND_HEALTH_MEASURES];
};

static const char rig_name[] = "a.measure.with.a.name.of.a.fair.length.so.that.records.grow";

static inline void rig_make_health(struct rig_record *m, uint64_t seed, size_t bytes)
{
    size_t count = bytes / 104;

    m->r.kind = RECORD_HEALTH;
    m->r.health = (struct health){.interval_ms = seed % 100000, .restart_reason = "power", .measures = m->measures};
    m->r.health.measure_count = count < 38 ? count : 38;
    for (size_t i = 0; i < m->r.health.measure_count; i++)
        m->measures[i] = (struct measure){rig_name, 1, 2, 3, (double)(model_random(&seed) % 1000), 4, "kPa"};
}

static inline void rig_make_fault(struct rig_record *m, uint64_t seed, size_t bytes)
{
    struct fault_report *x = &m->r.fault;
    size_t rest = bytes > 60 ? bytes - 60 : 0;

    m->r.kind = RECORD_FAULT;
    *x = (struct fault_report){.key = {.bus = "can0", .ns = "j1939", .code = "789", .component = ""},
        .subject = "",
        .to = FAULT_CONFIRMED,
        .lamps = LAMPS_NONE,
        .source_occurrences = OCCURRENCES_NONE,
        .occurrences = (uint32_t)(seed & 0xffff),
        .frame = m->frame,
        .raw = m->raw};
    x->raw_bytes = rest < sizeof m->raw ? rest : sizeof m->raw;
    memset(m->raw, (int)(seed & 0xff), x->raw_bytes);
    x->frame_count = (rest - x->raw_bytes) / 80;
    for (size_t i = 0; i < x->frame_count; i++)
        m->frame[i] = (struct frame_value){rig_name, (double)i, "rpm"};
}

static inline struct record *rig_make(struct rig_record *m, enum lane lane, uint64_t seed, size_t bytes)
{
    memset(&m->r, 0, sizeof m->r);
    m->r.lane = lane;
    m->r.behind = "";
    m->r.stamp = (struct stamp){.boot = 7, .mono = {5}, .wall = {1700000000000}, .quality = CLOCK_SYNCED};
    if (lane == LANE_HEALTH)
        rig_make_health(m, seed, bytes);
    else
        rig_make_fault(m, seed, bytes);
    return &m->r;
}

/* ---------------------------------------------------------------- the oracle */

enum rig_state { RIG_NEVER, RIG_WRITTEN, RIG_PROMISED };

struct rig_lane {
    struct {
        uint64_t seed;
        size_t bytes;
        enum rig_state state;
    } numbers[RIG_NUMBERS];
    uint64_t promised_next; /* numbers below were promised */
    uint64_t freed;         /* receipts were given below */
};

struct rig_oracle {
    uint64_t epoch; /* 0 = spool_open() never returned */
    uint32_t session;
    bool may_evict;
    struct rig_lane lanes[LANE_COUNT];
};

struct rig {
    struct model_disk *disk;
    struct disk table;
    struct rig_time time;
    struct clock clock;
    uint64_t rng_seed, record_seed;
    struct rng rng;
    struct spool_settings settings;
    struct spool *spool;
    uint64_t promised_lost; /* promised numbers that rig_check_from() found lost */
    struct rig_oracle oracle;
};

static inline void rig_init(struct rig *rig, struct model_disk *disk)
{
    memset(rig, 0, sizeof *rig);
    rig->disk = disk;
    rig->time = (struct rig_time){1700000000000, 1000};
    rig->clock = (struct clock){rig_wall, rig_mono, rig_quality, &rig->time};
    rig->rng_seed = 1;
    rig->rng = (struct rng){rig_fill, &rig->rng_seed};
    rig->settings = (struct spool_settings){.path = "/spool",
        .max_bytes = 512 * RIG_KIB,
        .segment_bytes = 64 * RIG_KIB,
        .retention_ms = 3600000,
        .retention_bytes = 512 * RIG_KIB};
    for (size_t i = 0; i < LANE_COUNT; i++)
        rig->oracle.lanes[i].promised_next = rig->oracle.lanes[i].freed = 1;
}

static inline int rig_open(struct rig *rig, struct fail *f)
{
    rig->table = model_table(rig->disk);
    int rc = spool_open(&rig->settings, &rig->table, &rig->clock, &rig->rng, &rig->spool, f);
    if (rc == 0)
        rig->oracle.epoch = spool_epoch(rig->spool);
    return rc;
}

static inline void rig_must_open(struct rig *rig)
{
    struct fail f;

    if (rig_open(rig, &f) != 0)
        fail_msg("open: %s", f.text);
}

static inline void rig_close(struct rig *rig)
{
    spool_close(rig->spool);
    rig->spool = NULL;
    assert_int_equal(model_open_handles(rig->disk), 0);
}

static inline void rig_done(struct rig *rig)
{
    if (rig->spool)
        rig_close(rig);
    model_free(rig->disk);
}

/* The disk is replaced, as after a power cut. */
static inline void rig_replace_disk(struct rig *rig, struct model_disk *disk)
{
    if (rig->spool)
        rig_close(rig);
    model_free(rig->disk);
    rig->disk = disk;
}

static inline int rig_append(struct rig *rig, enum lane lane, size_t bytes, struct fail *f)
{
    struct rig_record m;
    struct rig_lane *l = &rig->oracle.lanes[lane];
    uint64_t seed = ++rig->record_seed, next = spool_next(rig->spool, lane);

    assert_true(next < RIG_NUMBERS);
    struct record *r = rig_make(&m, lane, seed, bytes);
    uint64_t was = l->numbers[next].state;
    if (was != RIG_PROMISED) { /* before the call: a power cut in the middle may leave it behind */
        l->numbers[next].seed = seed;
        l->numbers[next].bytes = bytes;
        l->numbers[next].state = RIG_WRITTEN;
    }
    int rc = spool_append(rig->spool, r, f);
    if (rc == 0) {
        assert_int_equal(r->number, next);
        assert_int_not_equal(was, RIG_PROMISED);
    }
    return rc;
}

static inline int rig_sync(struct rig *rig, struct fail *f)
{
    int rc = spool_sync(rig->spool, f);

    for (enum lane lane = 0; lane < LANE_COUNT && rc == 0; lane++) {
        struct rig_lane *l = &rig->oracle.lanes[lane];

        for (uint64_t n = l->promised_next; n < spool_next(rig->spool, lane); n++)
            l->numbers[n].state = l->numbers[n].state == RIG_WRITTEN ? RIG_PROMISED : RIG_NEVER;
        l->promised_next = spool_next(rig->spool, lane);
    }
    return rc;
}

static inline void rig_put(struct rig *rig, enum lane lane, size_t bytes)
{
    struct fail f;

    if (rig_append(rig, lane, bytes, &f) != 0 || rig_sync(rig, &f) != 0)
        fail_msg("put: %s", f.text);
}

static inline void rig_put_many(struct rig *rig, enum lane lane, size_t bytes, unsigned count)
{
    while (count--)
        rig_put(rig, lane, bytes);
}

static inline int rig_free_below(struct rig *rig, enum lane lane, uint64_t next, struct fail *f)
{
    if (next > rig->oracle.lanes[lane].freed)
        rig->oracle.lanes[lane].freed = next;
    return spool_free_below(rig->spool, lane, next, f);
}

static inline int rig_session(struct rig *rig, struct fail *f)
{
    uint32_t session;
    int rc = spool_next_session(rig->spool, &session, f);

    if (rc == 0) {
        assert_true(session > rig->oracle.session);
        rig->oracle.session = session;
    }
    return rc;
}

/* ---------------------------------------------------------------- reading and checking */

struct rig_read {
    uint8_t bytes[BOUND_RECORD_BYTES];
    size_t n;
    uint64_t number;
    struct record r; /* decoded, in memory */
    uint8_t memory[BOUND_ARENA_BYTES];
};

static inline int rig_read_bytes(struct rig *rig, enum lane lane, uint64_t number, struct rig_read *ret, struct fail *f)
{
    return spool_read(rig->spool, lane, number, ret->bytes, sizeof ret->bytes, &ret->n, &ret->number, f);
}

static inline void rig_decode(enum lane lane, struct rig_read *got)
{
    struct arena arena;
    struct fail f;

    arena_init(&arena, got->memory, sizeof got->memory);
    if (codec_record_decode(got->bytes, got->n, &arena, &got->r, &f) != 0)
        fail_msg("number %llu does not decode: %s", (unsigned long long)got->number, f.text);
    assert_int_equal(got->r.number, got->number);
    assert_int_equal(got->r.lane, lane);
}

static inline int rig_read(struct rig *rig, enum lane lane, uint64_t number, struct rig_read *ret, struct fail *f)
{
    if (rig_read_bytes(rig, lane, number, ret, f) != 0)
        return -1;
    rig_decode(lane, ret);
    return 0;
}

static inline bool rig_is_original(struct rig *rig, enum lane lane, const struct rig_read *got)
{
    static struct rig_record m;
    struct fail f;
    uint8_t bytes[BOUND_RECORD_BYTES];
    size_t n;
    const struct rig_lane *l = &rig->oracle.lanes[lane];

    if (got->number >= RIG_NUMBERS || l->numbers[got->number].state == RIG_NEVER)
        return false;
    struct record *r = rig_make(&m, lane, l->numbers[got->number].seed, l->numbers[got->number].bytes);
    r->number = got->number;
    assert_int_equal(codec_record_encode(r, bytes, sizeof bytes, &n, &f), 0);
    return got->n == n && memcmp(got->bytes, bytes, n) == 0;
}

/* Reads the lane from `from` to its end. Every number must come once; records must be the originals. Counts what was
 * lost by cause. A promised number may be lost only when its cause is in allowed (bits). */
static inline void rig_check_from(
    struct rig *rig, enum lane lane, uint64_t from, unsigned allowed, uint64_t ret_lost[LOSS_CAUSE_COUNT])
{
    static struct rig_read got;
    struct fail f;
    uint64_t next = spool_next(rig->spool, lane);

    for (uint64_t n = from; n < next; n = got.number + 1) {
        if (rig_read_bytes(rig, lane, n, &got, &f) != 0)
            fail_msg("number %llu of %llu: %s", (unsigned long long)n, (unsigned long long)next, f.text);
        if (got.number == n && rig_is_original(rig, lane, &got))
            continue;
        rig_decode(lane, &got);
        if (got.r.kind != RECORD_LOSS)
            fail_msg("number %llu is not what was written", (unsigned long long)n);
        assert_true(got.r.loss.first <= n && got.r.loss.last == got.number && got.number < next);
        for (uint64_t k = n; k <= got.number && k < RIG_NUMBERS; k++) {
            if (rig->oracle.lanes[lane].numbers[k].state != RIG_PROMISED)
                continue;
            rig->promised_lost++;
            if (!(allowed & 1u << got.r.loss.cause))
                fail_msg("promised number %llu is lost: %s", (unsigned long long)k, loss_word(got.r.loss.cause));
        }
        ret_lost[got.r.loss.cause] += got.number - n + 1;
    }
    assert_int_equal(spool_read(rig->spool, lane, next, got.bytes, sizeof got.bytes, &got.n, &got.number, &f), -1);
    assert_int_equal(f.code, FAIL_NOT_FOUND);
}

static inline void rig_check(struct rig *rig, unsigned allowed, uint64_t ret_lost[LOSS_CAUSE_COUNT])
{
    const struct rig_oracle *o = &rig->oracle;

    assert_int_equal(spool_epoch(rig->spool), o->epoch);
    for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
        uint64_t first = spool_first(rig->spool, lane), next = spool_next(rig->spool, lane);

        assert_true(spool_oldest(rig->spool, lane) <= first && first <= next);
        assert_true(first <= o->lanes[lane].freed);
        assert_true(next >= o->lanes[lane].promised_next);
        rig_check_from(rig, lane, first, allowed, ret_lost);
    }
}

/* After a power cut: what was written but not promised is there, and from now on promised, or it is gone for good. */
static inline void rig_accept(struct rig *rig)
{
    static struct rig_read got;
    struct fail f;

    for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
        struct rig_lane *l = &rig->oracle.lanes[lane];
        uint64_t next = spool_next(rig->spool, lane);

        for (uint64_t n = l->promised_next; n < RIG_NUMBERS; n++) {
            bool is_there = n < next && rig_read_bytes(rig, lane, n, &got, &f) == 0 && got.number == n &&
                            rig_is_original(rig, lane, &got);

            l->numbers[n].state = is_there ? RIG_PROMISED : RIG_NEVER;
        }
        l->promised_next = next;
    }
}

/* ---------------------------------------------------------------- the spool on a new model disk, for each test */

static struct rig rig;

static inline int rig_set_up(void **state)
{
    (void)state;
    rig_init(&rig, model_new());
    rig_must_open(&rig);
    return 0;
}

static inline int rig_tear_down(void **state)
{
    (void)state;
    rig_done(&rig);
    return 0;
}

#define rig_test(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

static inline void reopen(void)
{
    rig_close(&rig);
    rig_must_open(&rig);
}

static inline struct spool_stats stats(void)
{
    struct spool_stats st;

    spool_stats(rig.spool, &st);
    return st;
}

static inline void check_nothing_lost(void)
{
    uint64_t lost[LOSS_CAUSE_COUNT] = {0};

    rig_check(&rig, 0, lost);
}

static inline void must(int rc, const struct fail *f)
{
    if (rc != 0)
        fail_msg("%s", f->text);
}

#endif
