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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
