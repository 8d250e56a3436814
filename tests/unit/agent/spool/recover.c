/* recover: power cuts. At every call that changes the disk, of every short history and of long random ones, the disks are
 * built that a cut may leave; each must open, hold what was promised, and go on.
 * SPOOL_DEPTH=3 explores longer short histories (minutes), SPOOL_SEEDS=N more random ones. */
#include "rig.h"

enum { EVICTED = 1 << LOSS_EVICTED, EXPIRED = 1 << LOSS_EXPIRED };

static unsigned long states_explored, boundaries_seen;
static uint64_t chance, running_seed; /* of random histories */

/* ---------------------------------------------------------------- one disk after a cut */

static void use_further(struct rig *after)
{
    struct fail f;
    uint64_t lost[LOSS_CAUSE_COUNT] = {0};

    rig_accept(after);
    assert_int_equal(rig_session(after, &f), 0);
    for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
        if (rig_append(after, lane, 60, &f) != 0)
            assert_true(lane == LANE_HEALTH && f.code == FAIL_FULL && f.sys == 0);
    }
    assert_int_equal(rig_sync(after, &f), 0);
    rig_close(after);
    rig_must_open(after);
    rig_check(after, EVICTED | EXPIRED, lost);
}

static void check_state(struct model_cut cut)
{
    static struct rig after;
    uint64_t lost[LOSS_CAUSE_COUNT] = {0};
    struct fail f;

    after = rig;
    after.disk = model_crash(rig.disk, cut);
    after.spool = NULL;
    after.clock.ctx = &after.time;
    after.rng.ctx = &after.rng_seed;
    states_explored++;
    if (rig_open(&after, &f) != 0)
        fail_msg("seed %llu, cut %d of %zu at %zu: open: %s", (unsigned long long)running_seed, cut.how, cut.which,
            cut.bytes, f.text);
    if (rig.oracle.epoch)
        assert_int_equal(after.oracle.epoch, rig.oracle.epoch);
    rig_check(&after, rig.oracle.may_evict ? EVICTED | EXPIRED : EXPIRED, lost);
    use_further(&after);
    rig_done(&after);
}

/* ---------------------------------------------------------------- all disks after a cut */

static void tear(size_t which, size_t n)
{
    const size_t places[] = {1, 24, 512, 4096, n / 2, n - 1};

    for (size_t i = 0; i < countof(places); i++) {
        if (places[i] >= n)
            continue;
        for (enum model_cut_how how = CUT_HEAD; how <= CUT_GARBAGE; how++)
            check_state((struct model_cut){.how = how, .which = which, .bytes = places[i], .seed = which + i});
    }
}

static void explore(void *arg)
{
    const struct model_disk *d = rig.disk;
    (void)arg;

    boundaries_seen++;
    check_state((struct model_cut){.how = CUT_NONE});
    if (d->unsynced_count == 0)
        return;
    check_state((struct model_cut){.how = CUT_ALL});
    for (size_t i = 0; i < d->unsynced_count; i++) {
        if (d->unsynced_count > 1) {
            check_state((struct model_cut){.how = CUT_ONLY, .which = i});
            check_state((struct model_cut){.how = CUT_BUT, .which = i});
        }
        if (!d->unsynced[i].is_name && d->unsynced[i].write.n)
            tear(i, d->unsynced[i].write.n);
    }
    for (uint64_t seed = 1; seed <= 2; seed++)
        check_state((struct model_cut){.how = CUT_MIX, .seed = seed});
}

/* ---------------------------------------------------------------- short histories, all of them */

enum step { PUT_FAULT, PUT_HEALTH, PUT_GROUP, PUT_LARGE, FREE, SESSION, REOPEN, REWIND, STEP_COUNT };

static void put_group(const size_t *bytes, size_t count)
{
    struct fail f;

    for (size_t i = 0; i < count; i++) {
        if (rig_append(&rig, i % 4 == 1 ? LANE_HEALTH : LANE_FAULT, bytes[i], &f) != 0)
            assert_int_equal(f.code, FAIL_FULL);
    }
    assert_int_equal(rig_sync(&rig, &f), 0);
}

static void take(enum step step)
{
    static const size_t one[] = {100}, group[] = {100, 300, 700, 40, 40}, large[] = {3800, 100, 3800, 3800, 3800, 3800};
    struct fail f;
    uint64_t next = spool_next(rig.spool, LANE_FAULT), first = spool_first(rig.spool, LANE_FAULT);

    switch (step) {
    case PUT_FAULT:
        put_group(one, 1);
        break;
    case PUT_HEALTH:
        assert_int_equal(rig_append(&rig, LANE_HEALTH, 300, &f), 0);
        assert_int_equal(rig_sync(&rig, &f), 0);
        break;
    case PUT_GROUP:
        put_group(group, countof(group));
        break;
    case PUT_LARGE:
        put_group(large, countof(large));
        break;
    case FREE:
        assert_int_equal(rig_free_below(&rig, LANE_FAULT, next, &f), 0);
        break;
    case SESSION:
        assert_int_equal(rig_session(&rig, &f), 0);
        break;
    case REOPEN:
        rig_close(&rig);
        rig_must_open(&rig);
        break;
    default:
        assert_int_equal(spool_rewind(rig.spool, LANE_FAULT, first > 2 ? first - 2 : 1, &f), 0);
    }
}

/* A disk and an oracle that histories begin with. */
struct start {
    struct model_disk *disk;
    struct rig_oracle oracle;
    int64_t max_bytes;
    uint64_t record_seed;
};

static void begin(const struct start *s)
{
    rig_init(&rig, s->disk ? model_copy(s->disk) : model_new());
    rig.settings.max_bytes = s->max_bytes;
    rig.settings.retention_bytes = 0;
    rig.record_seed = s->record_seed;
    if (s->disk)
        rig.oracle = s->oracle;
}

/* The last step of each history is cut at every place; its beginnings are histories of their own. */
static void run_history(const struct start *s, const enum step *steps, unsigned count)
{
    begin(s);
    if (count == 0)
        rig.disk->boundary = explore;
    rig_must_open(&rig);
    for (unsigned i = 0; i < count; i++) {
        if (i + 1 == count)
            rig.disk->boundary = explore;
        take(steps[i]);
    }
    explore(NULL);
    rig_done(&rig);
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);

    return text ? strtoul(text, NULL, 10) : otherwise;
}

static void run_histories(const struct start *s, unsigned depth)
{
    enum step steps[8];
    unsigned total = 1;

    for (unsigned length = 0; length <= depth; length++, total *= STEP_COUNT) {
        for (unsigned code = 0; code < total; code++) {
            for (unsigned i = 0, rest = code; i < length; i++, rest /= STEP_COUNT)
                steps[i] = (enum step)(rest % STEP_COUNT);
            run_history(s, steps, length);
        }
    }
}

static void every_cut_of_every_short_history_from_nothing(void **state)
{
    const struct start s = {.max_bytes = 512 * RIG_KIB};
    (void)state;

    run_histories(&s, (unsigned)setting("SPOOL_DEPTH", 2));
}

/* A spool whose segments are full up to a few hundred bytes. */
static struct start full_start(int64_t max_bytes, unsigned faults, unsigned healths)
{
    struct start s = {.max_bytes = max_bytes};

    begin(&s);
    rig_must_open(&rig);
    rig_put_many(&rig, LANE_HEALTH, 3800, healths);
    rig_put_many(&rig, LANE_FAULT, 3800, faults);
    rig_close(&rig);
    s.disk = model_copy(rig.disk);
    s.oracle = rig.oracle;
    s.record_seed = rig.record_seed;
    rig_done(&rig);
    return s;
}

static void every_cut_while_a_segment_is_made(void **state)
{
    struct start s = full_start(512 * RIG_KIB, 16, 15);
    (void)state;

    run_histories(&s, (unsigned)setting("SPOOL_DEPTH", 2) - 1);
    model_free(s.disk);
}

static void every_cut_while_health_gives_way(void **state)
{
    struct start s = full_start(256 * RIG_KIB, 16, 31);
    (void)state;

    s.oracle.may_evict = true;
    run_histories(&s, (unsigned)setting("SPOOL_DEPTH", 2) - 1);
    model_free(s.disk);
}

static void every_cut_while_faults_give_way(void **state)
{
    struct start s = full_start(256 * RIG_KIB, 66, 0);
    static const enum step steps[][3] = {{PUT_LARGE, FREE, SESSION}, {FREE, PUT_LARGE, REWIND}};
    (void)state;

    s.oracle.may_evict = true;
    for (size_t i = 0; i < countof(steps); i++) {
        for (unsigned length = 1; length <= 3; length++)
            run_history(&s, steps[i], length);
    }
    model_free(s.disk);
}

/* ---------------------------------------------------------------- long histories, by chance */

static uint64_t below(uint64_t n)
{
    return model_random(&chance) % n;
}

static struct model_cut random_cut(void)
{
    struct model_cut cut = {.how = (enum model_cut_how)below(CUT_COUNT), .seed = chance};
    const struct model_disk *d = rig.disk;

    if (d->unsynced_count) {
        cut.which = below(d->unsynced_count);
        cut.bytes = 1 + below(d->unsynced[cut.which].write.n + 1);
    }
    return cut;
}

static void explore_sometimes(void *arg)
{
    (void)arg;
    boundaries_seen++;
    if (below(12) == 0)
        check_state(random_cut());
}

static void append_some(struct fail *f)
{
    uint64_t count = 1 + below(below(6) == 0 ? 20 : 3);

    while (count--) {
        if (rig_append(&rig, below(3) ? LANE_FAULT : LANE_HEALTH, below(below(3) ? 300 : 3900), f) != 0)
            break;
    }
}

static void free_some(struct fail *f)
{
    enum lane lane = below(2) ? LANE_FAULT : LANE_HEALTH;
    uint64_t first = spool_first(rig.spool, lane), room = rig.oracle.lanes[lane].promised_next - first;

    if (room && rig.oracle.lanes[lane].promised_next == spool_next(rig.spool, lane))
        (void)!rig_free_below(&rig, lane, first + below(room + 1), f);
}

static void random_step(void)
{
    struct fail f;

    switch (below(8)) {
    case 0:
        (void)!rig_session(&rig, &f);
        break;
    case 1:
    case 2:
        free_some(&f);
        break;
    case 3:
        rig.time.mono_ms += (int64_t)below(2 * 3600000);
        break;
    default:
        append_some(&f);
        (void)!rig_sync(&rig, &f);
    }
}

/* A call of the next few fails, once or from then on; the process then restarts, perhaps into the same failure. */
static void fail_somewhere(void)
{
    static const int errors[] = {ENOSPC, EIO, EROFS};
    struct fail f;

    rig.disk->fail_errno = errors[below(countof(errors))];
    rig.disk->fail_first = rig.disk->calls + 1 + (unsigned)below(10);
    rig.disk->fail_last = below(2) ? rig.disk->fail_first : UINT32_MAX;
    for (int i = 0; i < 4; i++)
        random_step();
    rig_close(&rig);
    if (rig_open(&rig, &f) == 0)
        rig_close(&rig);
    rig.disk->fail_last = 0;
    rig_must_open(&rig);
    rig_accept(&rig);
}

static void cut_power(void)
{
    rig_replace_disk(&rig, model_crash(rig.disk, random_cut()));
    rig_must_open(&rig);
    rig_accept(&rig);
    rig.disk->boundary = explore_sometimes;
}

static void run_random_history(uint64_t seed)
{
    uint64_t lost[LOSS_CAUSE_COUNT] = {0};

    chance = seed;
    rig_init(&rig, model_new());
    rig.settings.max_bytes = (256 + 64 * (int64_t)below(4)) * RIG_KIB;
    rig.settings.retention_bytes = (int64_t)below(256) * RIG_KIB;
    rig.oracle.may_evict = true;
    rig.disk->boundary = explore_sometimes;
    rig_must_open(&rig);
    for (int i = 0; i < 60 && spool_next(rig.spool, LANE_FAULT) < RIG_NUMBERS - 2500; i++) {
        random_step();
        if (below(12) == 0)
            fail_somewhere();
        if (below(12) == 0)
            cut_power();
    }
    rig.disk->boundary = NULL;
    rig_check(&rig, EVICTED | EXPIRED, lost);
    rig_done(&rig);
}

static void random_histories_with_cuts_failures_and_restarts(void **state)
{
    uint64_t seeds = setting("SPOOL_SEEDS", 100);
    (void)state;

    for (uint64_t seed = 1; seed <= seeds; seed++) {
        running_seed = seed;
        run_random_history(seed);
    }
}

/* ---------------------------------------------------------------- */

static int report(void **state)
{
    (void)state;
    printf("measured: %lu crash states explored at %lu boundaries", states_explored, boundaries_seen);
    printf(running_seed ? ", last seed %llu\n" : "\n", (unsigned long long)running_seed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_of_every_short_history_from_nothing),
        cmocka_unit_test(every_cut_while_a_segment_is_made),
        cmocka_unit_test(every_cut_while_health_gives_way),
        cmocka_unit_test(every_cut_while_faults_give_way),
        cmocka_unit_test(random_histories_with_cuts_failures_and_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, report);
}
