/* plan: what stays and what gives way: the retention window, and a spool that is full. */
#include "rig.h"

enum { EVICTED = 1 << LOSS_EVICTED };

/* ---------------------------------------------------------------- the window */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(freed_records_can_be_asked_for_again_within_the_window),
        rig_test(the_window_ends_by_time),
        rig_test(the_window_ends_by_bytes),
        rig_test(what_is_out_of_the_window_is_told_as_expired),
        rig_test(wrong_clocks_expire_nothing),
        rig_test(health_gives_way_to_faults_and_faults_to_faults_oldest_first),
        rig_test(an_eviction_is_one_loss_record_with_counts_by_kind),
        rig_test(a_loss_that_was_read_keeps_its_range),
        rig_test(freed_records_give_way_before_any_record_is_lost),
        rig_test(health_never_displaces_faults),
        rig_test(all_files_stay_within_the_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
