/* spool: what spool.h promises, on a disk that does as it is told. Power cuts are in recover.c, damage in cursor.c. */
#include "rig.h"

enum { EVICTED = 1 << LOSS_EVICTED };

static struct rig rig;

static int set_up(void **state)
{
    (void)state;
    rig_init(&rig, model_new());
    rig_must_open(&rig);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_done(&rig);
    return 0;
}

static void reopen(void)
{
    rig_close(&rig);
    rig_must_open(&rig);
}

static struct spool_stats stats(void)
{
    struct spool_stats st;

    spool_stats(rig.spool, &st);
    return st;
}

static void check_nothing_lost(void)
{
    uint64_t lost[LOSS_CAUSE_COUNT] = {0};

    rig_check(&rig, 0, lost);
}

static void must(int rc, const struct fail *f)
{
    if (rc != 0)
        fail_msg("%s", f->text);
}

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

/* ---------------------------------------------------------------- receipts and the window */

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

/* About 30 records of 2,000 bytes fill a segment of 64 KiB. */
static void freed_records_can_be_asked_for_again_within_the_window(void **state)
{
    struct fail f;
    uint64_t lost[LOSS_CAUSE_COUNT] = {0};
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 2000, 100);
    must(rig_free_below(&rig, LANE_FAULT, 101, &f), &f);
    must(spool_rewind(rig.spool, LANE_FAULT, 5, &f), &f);
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 5);
    rig_check_from(&rig, LANE_FAULT, 5, 0, lost);
    reopen();
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 5);
    must(spool_rewind(rig.spool, LANE_FAULT, 50, &f), &f);
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 5);
    rig_check_from(&rig, LANE_FAULT, 1, 0, lost);
}

static void the_window_ends_by_time(void **state)
{
    struct fail f;
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 2000, 100);
    must(rig_free_below(&rig, LANE_FAULT, 90, &f), &f);
    rig.time.mono_ms += rig.settings.retention_ms - 1;
    must(rig_free_below(&rig, LANE_FAULT, 91, &f), &f);
    assert_int_equal(spool_oldest(rig.spool, LANE_FAULT), 1);
    rig.time.mono_ms += 1;
    must(rig_free_below(&rig, LANE_FAULT, 92, &f), &f);
    assert_in_range(spool_oldest(rig.spool, LANE_FAULT), 60, 91);
    reopen();
    check_nothing_lost();
}

static void the_window_ends_by_bytes(void **state)
{
    struct fail f;
    (void)state;

    rig.settings.retention_bytes = 64 * RIG_KIB;
    reopen();
    rig_put_many(&rig, LANE_FAULT, 2000, 130);
    must(rig_free_below(&rig, LANE_FAULT, 131, &f), &f);
    assert_in_range(spool_oldest(rig.spool, LANE_FAULT), 60, 100);
    check_nothing_lost();
}

static void what_is_out_of_the_window_is_told_as_expired(void **state)
{
    static struct rig_read got;
    struct fail f;
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 2000, 100);
    rig.settings.retention_bytes = 0;
    reopen();
    must(rig_free_below(&rig, LANE_FAULT, 101, &f), &f);
    uint64_t oldest = spool_oldest(rig.spool, LANE_FAULT);
    assert_true(oldest > 60);
    assert_int_equal(rig_read(&rig, LANE_FAULT, oldest - 1, &got, &f), -1);
    assert_int_equal(f.code, FAIL_NOT_FOUND);
    for (int round = 0; round < 2; round++) {
        must(spool_rewind(rig.spool, LANE_FAULT, 3, &f), &f);
        assert_int_equal(spool_first(rig.spool, LANE_FAULT), 3);
        assert_int_equal(spool_oldest(rig.spool, LANE_FAULT), 3);
        must(rig_read(&rig, LANE_FAULT, 3, &got, &f), &f);
        assert_int_equal(got.number, oldest - 1);
        assert_int_equal(got.r.kind, RECORD_LOSS);
        assert_int_equal(got.r.loss.cause, LOSS_EXPIRED);
        assert_int_equal(got.r.loss.first, 3);
        assert_int_equal(stats().expired_count, oldest - 3);
        reopen();
    }
    must(rig_read(&rig, LANE_FAULT, oldest, &got, &f), &f);
    assert_true(rig_is_original(&rig, LANE_FAULT, &got));
}

static void wrong_clocks_expire_nothing(void **state)
{
    static const int64_t wrong[] = {0, 4294967296000, -1, 4102444800000};
    struct fail f;
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 2000, 70);
    must(rig_free_below(&rig, LANE_FAULT, 65, &f), &f);
    for (size_t i = 0; i < countof(wrong); i++) {
        rig.time.wall_ms = wrong[i];
        rig.time.mono_ms = 5; /* a new boot */
        reopen();
        rig_put(&rig, LANE_FAULT, 100);
        must(rig_free_below(&rig, LANE_FAULT, 66 + i, &f), &f);
        assert_int_equal(spool_oldest(rig.spool, LANE_FAULT), 1);
        check_nothing_lost();
    }
}

/* ---------------------------------------------------------------- full */

static void health_gives_way_to_faults_and_faults_to_faults_oldest_first(void **state)
{
    uint64_t lost[LOSS_CAUSE_COUNT] = {0};
    (void)state;

    rig_put_many(&rig, LANE_HEALTH, 2000, 90);
    rig_put_many(&rig, LANE_FAULT, 2000, 150);
    uint64_t gone = stats().evicted_count;
    assert_in_range(gone, 20, 60);
    rig_check(&rig, EVICTED, lost);
    assert_int_equal(lost[LOSS_EVICTED], gone);
    lost[LOSS_EVICTED] = 0;
    rig_check_from(&rig, LANE_FAULT, 1, 0, lost); /* no fault was lost while health was there */
    rig_put_many(&rig, LANE_FAULT, 2000, 300);
    rig_check(&rig, EVICTED, lost);
    assert_int_equal(lost[LOSS_EVICTED], stats().evicted_count);
    assert_true(stats().evicted_count > 90);
    reopen();
    memset(lost, 0, sizeof lost);
    rig_check(&rig, EVICTED, lost);
    assert_int_equal(lost[LOSS_EVICTED], stats().evicted_count);
}

static void an_eviction_is_one_loss_record_with_counts_by_kind(void **state)
{
    static struct rig_read got;
    struct fail f;
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 2000, 20);
    for (int i = 0; i < 5; i++) {
        static struct rig_record m;
        struct record *r = rig_make(&m, LANE_FAULT, 1, 0);

        r->kind = RECORD_LIFECYCLE;
        r->lifecycle = (struct lifecycle){LIFECYCLE_BOOT, "", "1"};
        must(spool_append(rig.spool, r, &f), &f);
    }
    rig_put_many(&rig, LANE_FAULT, 2000, 400);
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 1);
    must(rig_read(&rig, LANE_FAULT, 1, &got, &f), &f);
    assert_int_equal(got.r.kind, RECORD_LOSS);
    assert_int_equal(got.r.loss.cause, LOSS_EVICTED);
    assert_int_equal(got.r.loss.first, 1);
    assert_int_equal(got.r.loss.last, stats().evicted_count);
    assert_int_equal(got.r.loss.faults, stats().evicted_count - 5);
    assert_int_equal(got.r.loss.others, 5);
    assert_int_equal(got.r.stamp.boot, 7);
}

static void a_loss_that_was_read_keeps_its_range(void **state)
{
    static struct rig_read first, again;
    struct fail f;
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 2000, 250);
    must(rig_read(&rig, LANE_FAULT, 1, &first, &f), &f);
    assert_int_equal(first.r.kind, RECORD_LOSS);
    rig_put_many(&rig, LANE_FAULT, 2000, 100);
    must(rig_read(&rig, LANE_FAULT, 1, &again, &f), &f);
    assert_int_equal(first.n, again.n);
    assert_memory_equal(first.bytes, again.bytes, first.n);
    must(rig_read(&rig, LANE_FAULT, first.number + 1, &again, &f), &f);
    assert_int_equal(again.r.loss.first, first.number + 1);
}

static void freed_records_give_way_before_any_record_is_lost(void **state)
{
    struct fail f;
    (void)state;

    for (uint64_t n = 1; n <= 600; n++) {
        rig_put(&rig, LANE_FAULT, 2000);
        if (n > 100)
            must(rig_free_below(&rig, LANE_FAULT, n - 100, &f), &f);
    }
    assert_int_equal(stats().evicted_count, 0);
    check_nothing_lost();
}

static void health_never_displaces_faults(void **state)
{
    struct fail f;
    uint64_t lost[LOSS_CAUSE_COUNT] = {0};
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 2000, 215); /* all seven segments */
    uint64_t evicted = stats().evicted_count;
    assert_int_equal(rig_append(&rig, LANE_HEALTH, 100, &f), -1);
    assert_int_equal(f.code, FAIL_FULL);
    assert_int_equal(f.sys, 0);
    assert_int_equal(stats().refused_count, 1);
    assert_int_equal(stats().evicted_count, evicted);
    rig_put(&rig, LANE_FAULT, 2000); /* refusing is not failing */
    rig_check(&rig, EVICTED, lost);
}

static void all_files_stay_within_the_cap(void **state)
{
    struct fail f;
    (void)state;

    rig.settings.max_bytes = 256 * RIG_KIB;
    rig_close(&rig);
    rig_must_open(&rig);
    for (int i = 0; i < 1000; i++) {
        size_t bytes = 0;

        if (rig_append(&rig, i % 7 ? LANE_FAULT : LANE_HEALTH, 500 + (size_t)i, &f) == 0)
            must(rig_sync(&rig, &f), &f);
        for (size_t n = 0; n < rig.disk->names.n; n++)
            bytes += rig.disk->now[rig.disk->names.list[n].file].n;
        assert_true(bytes <= 256 * RIG_KIB);
    }
    assert_true(stats().used_bytes <= stats().limit_bytes);
}

/* ---------------------------------------------------------------- a disk that fails */

static void after_a_failure_nothing_is_accepted_and_everything_is_read(void **state)
{
    static const int errors[] = {ENOSPC, EIO, EROFS, EDQUOT};
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(errors); i++) {
        for (unsigned call = 1; call <= 2; call++) { /* the write, the sync */
            rig_put_many(&rig, LANE_FAULT, 100, 3);
            rig.disk->fail_first = rig.disk->fail_last = rig.disk->calls + call; /* once: a retry would succeed */
            rig.disk->fail_errno = errors[i];
            must(rig_append(&rig, LANE_FAULT, 100, &f), &f);
            assert_int_equal(rig_sync(&rig, &f), -1);
            assert_int_equal(f.sys, errors[i]);
            assert_int_equal(f.code, errors[i] == ENOSPC || errors[i] == EDQUOT ? FAIL_FULL : FAIL_IO);
            unsigned calls = rig.disk->calls;
            assert_int_equal(rig_sync(&rig, &f), -1);
            assert_int_equal(rig_append(&rig, LANE_FAULT, 100, &f), -1);
            assert_int_equal(rig_session(&rig, &f), -1);
            assert_int_equal(f.sys, errors[i]);
            must(rig_free_below(&rig, LANE_FAULT, 2, &f), &f);
            must(spool_rewind(rig.spool, LANE_FAULT, 1, &f), &f);
            assert_int_equal(rig.disk->calls, calls);
            uint64_t lost[LOSS_CAUSE_COUNT] = {0};
            for (uint64_t n = 1; n < rig.oracle.lanes[LANE_FAULT].promised_next; n++) {
                static struct rig_read got;

                must(rig_read(&rig, LANE_FAULT, n, &got, &f), &f);
                assert_true(rig_is_original(&rig, LANE_FAULT, &got));
            }
            reopen();
            rig_accept(&rig);
            rig_check(&rig, 0, lost);
        }
    }
}

/* The trap of fsync(2): the records of the failed sync are in the cache, look good, and are on no disk. */
static void records_of_a_failed_sync_are_not_believed_from_the_cache(void **state)
{
    struct fail f;
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 100, 3);
    rig.disk->fail_first = rig.disk->fail_last = rig.disk->calls + 2;
    rig.disk->fail_errno = EIO;
    must(rig_append(&rig, LANE_FAULT, 100, &f), &f);
    assert_int_equal(rig_sync(&rig, &f), -1);
    reopen();
    rig_accept(&rig);
    uint64_t next = spool_next(rig.spool, LANE_FAULT);
    rig_replace_disk(&rig, model_crash(rig.disk, (struct model_cut){.how = CUT_NONE}));
    rig_must_open(&rig);
    assert_int_equal(spool_next(rig.spool, LANE_FAULT), next);
    check_nothing_lost();
}

static void a_disk_that_takes_no_writes_is_still_read(void **state)
{
    static struct rig_read got;
    struct fail f;
    (void)state;

    rig_put_many(&rig, LANE_FAULT, 100, 3);
    rig_close(&rig);
    rig.disk->fail_first = 1;
    rig.disk->fail_last = UINT32_MAX;
    rig.disk->fail_errno = EROFS;
    rig_must_open(&rig);
    must(rig_read(&rig, LANE_FAULT, 3, &got, &f), &f);
    assert_int_equal(rig_append(&rig, LANE_FAULT, 100, &f), -1);
    assert_int_equal(f.sys, EROFS);
    must(rig_free_below(&rig, LANE_FAULT, 4, &f), &f);
    rig.disk->fail_last = 0;
    reopen();
    check_nothing_lost();
    rig_put(&rig, LANE_FAULT, 100);
}

static void short_and_interrupted_writes_are_finished(void **state)
{
    struct fail f;
    (void)state;

    rig_put(&rig, LANE_FAULT, 100);
    rig.disk->short_writes = 5;
    rig.disk->fail_first = rig.disk->fail_last = rig.disk->calls + 3;
    rig.disk->fail_errno = EINTR;
    must(rig_append(&rig, LANE_FAULT, 100, &f), &f);
    must(rig_sync(&rig, &f), &f);
    assert_true(rig.disk->calls > rig.disk->fail_last + 2);
    reopen();
    check_nothing_lost();
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        test(numbers_start_at_1_in_each_lane_and_have_no_holes),
        test(records_come_back_byte_for_byte_after_opening_anew),
        test(a_record_is_not_read_before_its_sync),
        test(a_record_that_is_too_large_changes_nothing),
        test(a_group_costs_one_write_and_one_sync),
        test(a_group_larger_than_its_buffer_is_kept_whole),
        test(reading_forward_reads_each_byte_about_once),
        test(sessions_count_on_over_restarts_and_epochs_stay),
        test(a_second_opener_is_told_that_the_folder_is_held),
        test(sizes_out_of_range_are_refused_by_name),
        test(only_a_receipt_frees),
        test(receipts_beyond_the_end_free_nothing),
        test(freed_marks_are_saved_with_the_next_session_and_after_256_numbers),
        test(freed_records_can_be_asked_for_again_within_the_window),
        test(the_window_ends_by_time),
        test(the_window_ends_by_bytes),
        test(what_is_out_of_the_window_is_told_as_expired),
        test(wrong_clocks_expire_nothing),
        test(health_gives_way_to_faults_and_faults_to_faults_oldest_first),
        test(an_eviction_is_one_loss_record_with_counts_by_kind),
        test(a_loss_that_was_read_keeps_its_range),
        test(freed_records_give_way_before_any_record_is_lost),
        test(health_never_displaces_faults),
        test(all_files_stay_within_the_cap),
        test(after_a_failure_nothing_is_accepted_and_everything_is_read),
        test(records_of_a_failed_sync_are_not_believed_from_the_cache),
        test(a_disk_that_takes_no_writes_is_still_read),
        test(short_and_interrupted_writes_are_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
