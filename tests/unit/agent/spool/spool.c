/* spool: what spool.h promises, on a disk that does as it is told. Retention and eviction are in plan.c, disks that fail
 * in folder.c, power cuts in recover.c, damage in cursor.c. */
#include "rig.h"

/* ---------------------------------------------------------------- numbers and records */

static void numbers_start_at_1_in_each_lane_and_have_no_holes(void **state)
{
    (void)state;
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 1);
    assert_int_equal(spool_next(rig.spool, LANE_HEALTH), 1);
    rig_put(&rig, LANE_FAULT, 100);
    rig_put(&rig, LANE_FAULT, 100);
    rig_put(&rig, LANE_HEALTH, 100);
    assert_int_equal(spool_next(rig.spool, LANE_FAULT), 3);
    assert_int_equal(spool_next(rig.spool, LANE_HEALTH), 2);
    check_nothing_lost();
}

static void records_come_back_byte_for_byte_after_opening_anew(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < 4000; bytes += 97) {
        rig_put(&rig, LANE_FAULT, bytes);
        rig_put(&rig, LANE_HEALTH, bytes);
    }
    check_nothing_lost();
    reopen();
    check_nothing_lost();
    rig_put(&rig, LANE_FAULT, 100);
    reopen();
    check_nothing_lost();
}

static void a_record_is_not_read_before_its_sync(void **state)
{
    static struct rig_read got;
    struct fail f;
    (void)state;

    must(rig_append(&rig, LANE_FAULT, 100, &f), &f);
    assert_int_equal(spool_next(rig.spool, LANE_FAULT), 2);
    assert_int_equal(rig_read(&rig, LANE_FAULT, 1, &got, &f), -1);
    assert_int_equal(f.code, FAIL_NOT_FOUND);
    assert_int_equal(spool_free_below(rig.spool, LANE_FAULT, 2, &f), -1);
    assert_int_equal(f.code, FAIL_INPUT);
    must(rig_sync(&rig, &f), &f);
    must(rig_read(&rig, LANE_FAULT, 1, &got, &f), &f);
}

static void a_record_that_is_too_large_changes_nothing(void **state)
{
    static struct rig_record m;
    struct fail f;
    (void)state;

    struct record *r = rig_make(&m, LANE_FAULT, 1, 4000);
    m.r.fault.raw_bytes = BOUND_RAW_BYTES;
    m.r.fault.frame_count = BOUND_FRAME_VALUES;
    for (size_t i = 0; i < BOUND_FRAME_VALUES; i++)
        m.frame[i] = (struct frame_value){rig_name, 1, "a.long.unit.name"};
    r->number = 77;
    assert_int_equal(spool_append(rig.spool, r, &f), -1);
    assert_int_equal(f.code, FAIL_LIMIT);
    assert_int_equal(r->number, 77);
    assert_int_equal(spool_next(rig.spool, LANE_FAULT), 1);
    rig_put(&rig, LANE_FAULT, 100);
    check_nothing_lost();
}

static void a_group_costs_one_write_and_one_sync(void **state)
{
    struct fail f;
    (void)state;

    rig_put(&rig, LANE_FAULT, 100);
    struct spool_stats before = stats();
    unsigned calls = rig.disk->calls;
    for (int i = 0; i < 32; i++)
        must(rig_append(&rig, LANE_FAULT, 100, &f), &f);
    must(rig_sync(&rig, &f), &f);
    assert_int_equal(rig.disk->calls - calls, 2);
    assert_int_equal(stats().sync_count - before.sync_count, 1);
    assert_in_range(stats().written_bytes - before.written_bytes, 32 * 100, 32 * 170);
}

static void a_group_larger_than_its_buffer_is_kept_whole(void **state)
{
    struct fail f;
    (void)state;

    for (int i = 0; i < 100; i++)
        must(rig_append(&rig, i % 3 ? LANE_FAULT : LANE_HEALTH, 3000, &f), &f);
    must(rig_sync(&rig, &f), &f);
    reopen();
    check_nothing_lost();
}

static void reading_forward_reads_each_byte_about_once(void **state)
{
    static struct rig_read got;
    struct fail f;
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 100, 300);
    uint64_t before = rig.disk->read_bytes;
    for (uint64_t n = 1; n <= 300; n++)
        must(rig_read(&rig, LANE_FAULT, n, &got, &f), &f);
    assert_in_range(rig.disk->read_bytes - before, 300 * 100, 300 * 200);
}

/* ---------------------------------------------------------------- sessions, epochs, locks */

static void sessions_count_on_over_restarts_and_epochs_stay(void **state)
{
    struct fail f;
    uint64_t epoch = spool_epoch(rig.spool);
    (void)state;

    assert_int_not_equal(epoch, 0);
    for (uint32_t i = 1; i <= 5; i++) {
        must(rig_session(&rig, &f), &f);
        assert_int_equal(rig.oracle.session, i);
        reopen();
    }
    assert_int_equal(spool_epoch(rig.spool), epoch);
}

static void a_second_opener_is_told_that_the_folder_is_held(void **state)
{
    struct spool *second = NULL;
    struct fail f;
    (void)state;

    assert_int_equal(spool_open(&rig.settings, &rig.table, &rig.clock, &rig.rng, &second, &f), -1);
    assert_int_equal(f.code, FAIL_CONFLICT);
    assert_null(second);
}

static void sizes_out_of_range_are_refused_by_name(void **state)
{
    static const struct spool_settings wrong[] = {
        {"/spool", 255 * RIG_KIB, 64 * RIG_KIB, 0, 0},
        {"/spool", 512 * RIG_KIB, 63 * RIG_KIB, 0, 0},
        {"/spool", 512 * RIG_KIB, 129 * RIG_KIB, 0, 0},
        {"/spool", 512 * RIG_KIB, 64 * RIG_KIB, -1, 0},
        {"/spool", 512 * RIG_KIB, 64 * RIG_KIB, 0, -1},
    };
    struct spool *s = NULL;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(wrong); i++) {
        assert_int_equal(spool_open(&wrong[i], &rig.table, &rig.clock, &rig.rng, &s, &f), -1);
        assert_int_equal(f.code, FAIL_SETTINGS);
    }
}

/* ---------------------------------------------------------------- receipts */

static void only_a_receipt_frees(void **state)
{
    struct fail f;
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 100, 10);
    check_nothing_lost();
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 1);
    must(rig_free_below(&rig, LANE_FAULT, 6, &f), &f);
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 6);
    assert_int_equal(spool_first(rig.spool, LANE_HEALTH), 1);
    must(spool_free_below(rig.spool, LANE_FAULT, 3, &f), &f);
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 6);
    must(rig_free_below(&rig, LANE_FAULT, 11, &f), &f);
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), spool_next(rig.spool, LANE_FAULT));
}

static void receipts_beyond_the_end_free_nothing(void **state)
{
    static const uint64_t wrong[] = {0, 12, UINT64_MAX};
    struct fail f;
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 100, 10);
    for (size_t i = 0; i < countof(wrong); i++) {
        assert_int_equal(spool_free_below(rig.spool, LANE_FAULT, wrong[i], &f), -1);
        assert_int_equal(f.code, FAIL_INPUT);
        assert_int_equal(spool_rewind(rig.spool, LANE_FAULT, wrong[i], &f), -1);
        assert_int_equal(f.code, FAIL_INPUT);
    }
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 1);
}

static void freed_marks_are_saved_with_the_next_session_and_after_256_numbers(void **state)
{
    struct fail f;
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 100, 300);
    must(rig_free_below(&rig, LANE_FAULT, 10, &f), &f);
    must(rig_session(&rig, &f), &f);
    reopen();
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 10);
    must(rig_free_below(&rig, LANE_FAULT, 265, &f), &f);
    reopen();
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 10);
    must(rig_free_below(&rig, LANE_FAULT, 266, &f), &f);
    reopen();
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 266);
    check_nothing_lost();
}

/* ---------------------------------------------------------------- a new epoch */

static void new_epoch(void)
{
    struct fail f;

    must(spool_new_epoch(rig.spool, &rig.rng, &f), &f);
}

/* Number `at` of the lane is now what was appended as number `was`. */
static void expect_moved(enum lane lane, uint64_t at, uint64_t was)
{
    static struct rig_read got;
    struct fail f;

    must(rig_read(&rig, lane, at, &got, &f), &f); /* the record says so itself, too */
    assert_int_equal(got.number, at);
    struct record r = got.r;
    r.number = got.number = was;
    must(codec_record_encode(&r, got.bytes, sizeof got.bytes, &got.n, &f), &f);
    assert_true(rig_is_original(&rig, lane, &got));
}

static void a_new_epoch_takes_along_what_no_receipt_has_freed(void **state)
{
    struct fail f;
    uint64_t epoch = spool_epoch(rig.spool);
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 300, 200); /* their numbers take two bytes */
    rig_put_many(&rig, LANE_HEALTH, 300, 3);
    must(rig_session(&rig, &f), &f);
    must(rig_free_below(&rig, LANE_FAULT, 151, &f), &f);
    must(rig_append(&rig, LANE_FAULT, 300, &f), &f); /* not synced yet */
    new_epoch();
    for (int opened_anew = 0; opened_anew < 2; opened_anew++) {
        assert_true(spool_epoch(rig.spool) != epoch);
        assert_int_equal(spool_first(rig.spool, LANE_FAULT), 1);
        assert_int_equal(spool_oldest(rig.spool, LANE_FAULT), 1);
        assert_int_equal(spool_next(rig.spool, LANE_FAULT), 52);
        assert_int_equal(spool_next(rig.spool, LANE_HEALTH), 4);
        for (uint64_t n = 1; n < 52; n++)
            expect_moved(LANE_FAULT, n, n + 150);
        for (uint64_t n = 1; n < 4; n++)
            expect_moved(LANE_HEALTH, n, n);
        assert_int_equal(stats().epochs_begun, 1);
        reopen();
    }
    uint32_t session;
    must(spool_next_session(rig.spool, &session, &f), &f);
    assert_int_equal(session, 1);
}

static void receipts_of_a_new_epoch_free_and_take_back_by_its_numbers(void **state)
{
    static struct rig_record m;
    struct fail f;
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 300, 30);
    must(rig_free_below(&rig, LANE_FAULT, 21, &f), &f);
    new_epoch();
    assert_int_equal(spool_free_below(rig.spool, LANE_FAULT, 12, &f), -1);
    assert_int_equal(f.code, FAIL_INPUT);
    must(spool_free_below(rig.spool, LANE_FAULT, 11, &f), &f);
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 11);
    must(spool_rewind(rig.spool, LANE_FAULT, 3, &f), &f);
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 3);
    expect_moved(LANE_FAULT, 3, 23);
    struct record *r = rig_make(&m, LANE_FAULT, 1, 100);
    must(spool_append(rig.spool, r, &f), &f);
    assert_int_equal(r->number, 11);
    must(spool_sync(rig.spool, &f), &f);
    new_epoch(); /* and once more */
    assert_int_equal(spool_next(rig.spool, LANE_FAULT), 10);
    expect_moved(LANE_FAULT, 1, 23);
    reopen();
    expect_moved(LANE_FAULT, 8, 30);
}

static void losses_keep_their_place_in_a_new_epoch(void **state)
{
    static struct rig_read got;
    struct fail f;
    (void)state;

    rig_put_many(&rig, LANE_HEALTH, 3000, 100);
    must(rig_free_below(&rig, LANE_HEALTH, 6, &f), &f); /* within the first segment */
    rig_put_many(&rig, LANE_FAULT, 3000, 120);          /* health gives way */
    uint64_t next = spool_next(rig.spool, LANE_HEALTH);
    must(rig_read(&rig, LANE_HEALTH, 6, &got, &f), &f);
    assert_int_equal(got.r.kind, RECORD_LOSS);
    uint64_t last = got.number;
    new_epoch();
    must(rig_read(&rig, LANE_HEALTH, 1, &got, &f), &f);
    assert_int_equal(got.r.kind, RECORD_LOSS);
    assert_int_equal(got.r.loss.first, 1);
    assert_int_equal(got.number, last - 5);
    assert_int_equal(spool_next(rig.spool, LANE_HEALTH), next - 5);
}

/* What a lane owes: the number under which each record was appended when nothing had changed, oldest first. */
struct owed {
    uint64_t seeds[2000];
    size_t first, next;
};

static void expect_owed(enum lane lane, const struct owed *o)
{
    static struct rig_record made;
    static struct rig_read got;
    uint8_t bytes[BOUND_RECORD_BYTES];
    struct fail f;
    size_t n;

    assert_int_equal(spool_next(rig.spool, lane) - spool_first(rig.spool, lane), o->next - o->first);
    for (size_t i = o->first; i < o->next; i++) {
        struct record *r = rig_make(&made, lane, o->seeds[i], 40 + o->seeds[i] % 900);

        r->number = spool_first(rig.spool, lane) + i - o->first;
        must(codec_record_encode(r, bytes, sizeof bytes, &n, &f), &f);
        must(rig_read_bytes(&rig, lane, r->number, &got, &f), &f);
        assert_int_equal(got.number, r->number);
        assert_int_equal(got.n, n);
        assert_memory_equal(got.bytes, bytes, n);
    }
}

/* Appends, receipts, restored collectors, new epochs and restarts in any order. */
static void whatever_happens_between_new_epochs_each_record_is_there_once(void **state)
{
    static struct owed owed[LANE_COUNT];
    static struct rig_record made;
    uint64_t seed = 7, epoch_first[LANE_COUNT] = {0, 0};
    struct fail f;

    for (int run = 0; run < 20; run++) {
        rig.settings.max_bytes = 4096 * RIG_KIB;
        rig.settings.retention_bytes = 4096 * RIG_KIB;
        reopen();
        memset(owed, 0, sizeof owed);
        memset(epoch_first, 0, sizeof epoch_first);
        for (int step = 0; step < 150; step++) {
            enum lane lane = (enum lane)(model_random(&seed) % LANE_COUNT);
            struct owed *o = &owed[lane];
            uint64_t first = spool_first(rig.spool, lane), some = model_random(&seed) % (o->next - o->first + 1);

            switch (model_random(&seed) % 8) {
            default:
                for (int i = 0; i < 10; i++) {
                    o->seeds[o->next] = model_random(&seed) % 100000;
                    struct record *r = rig_make(&made, lane, o->seeds[o->next], 40 + o->seeds[o->next] % 900);
                    must(spool_append(rig.spool, r, &f), &f);
                    assert_int_equal(r->number, first + o->next++ - o->first);
                }
                must(spool_sync(rig.spool, &f), &f);
                break;
            case 1:
                must(spool_free_below(rig.spool, lane, first + some, &f), &f);
                o->first += some;
                break;
            case 2: /* not beyond what was freed in this epoch */
                some = model_random(&seed) % (o->first - epoch_first[lane] + 1);
                must(spool_rewind(rig.spool, lane, first - some, &f), &f);
                o->first -= some;
                break;
            case 3:
                new_epoch();
                for (int i = 0; i < LANE_COUNT; i++)
                    epoch_first[i] = owed[i].first;
                break;
            case 4:
                must(spool_next_session(rig.spool, &(uint32_t){0}, &f), &f); /* saves the marks */
                reopen();
                break;
            }
        }
        expect_owed(LANE_FAULT, &owed[LANE_FAULT]);
        expect_owed(LANE_HEALTH, &owed[LANE_HEALTH]);
        rig_tear_down(state);
        rig_set_up(state);
    }
}

static void a_disk_that_refuses_leaves_the_old_epoch(void **state)
{
    struct fail f;
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 100, 10);
    rig.disk->calls = 0;
    rig.disk->fail_first = 2;
    rig.disk->fail_last = 1000;
    rig.disk->fail_errno = EIO;
    assert_int_equal(spool_new_epoch(rig.spool, &rig.rng, &f), -1);
    assert_int_equal(f.code, FAIL_IO);
    check_nothing_lost();
    rig.disk->fail_last = 0;
    reopen();
    check_nothing_lost();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(numbers_start_at_1_in_each_lane_and_have_no_holes),
        rig_test(records_come_back_byte_for_byte_after_opening_anew),
        rig_test(a_record_is_not_read_before_its_sync),
        rig_test(a_record_that_is_too_large_changes_nothing),
        rig_test(a_group_costs_one_write_and_one_sync),
        rig_test(a_group_larger_than_its_buffer_is_kept_whole),
        rig_test(reading_forward_reads_each_byte_about_once),
        rig_test(sessions_count_on_over_restarts_and_epochs_stay),
        rig_test(a_second_opener_is_told_that_the_folder_is_held),
        rig_test(sizes_out_of_range_are_refused_by_name),
        rig_test(only_a_receipt_frees),
        rig_test(receipts_beyond_the_end_free_nothing),
        rig_test(freed_marks_are_saved_with_the_next_session_and_after_256_numbers),
        rig_test(a_new_epoch_takes_along_what_no_receipt_has_freed),
        rig_test(receipts_of_a_new_epoch_free_and_take_back_by_its_numbers),
        rig_test(losses_keep_their_place_in_a_new_epoch),
        rig_test(whatever_happens_between_new_epochs_each_record_is_there_once),
        rig_test(a_disk_that_refuses_leaves_the_old_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
