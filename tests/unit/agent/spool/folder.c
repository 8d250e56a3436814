/* folder: a disk that fails. What stood before is read, nothing is accepted, and nothing is tried again. */
#include "rig.h"

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
    const struct CMUnitTest tests[] = {
        rig_test(after_a_failure_nothing_is_accepted_and_everything_is_read),
        rig_test(records_of_a_failed_sync_are_not_believed_from_the_cache),
        rig_test(a_disk_that_takes_no_writes_is_still_read),
        rig_test(short_and_interrupted_writes_are_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
