/* keeper: a failed spool is opened again as soon as the disk works, and can be read until then. */
#include "agent/spool/rig.h"

#include <event2/event.h>

#include "cleanup.h"
#include "keeper.h"

struct watch {
    unsigned changes;
    struct spool *spool;
};

static void on_changed(void *ctx, struct spool *spool)
{
    struct watch *w = ctx;

    w->changes++;
    w->spool = spool;
}

struct house {
    struct rig rig;
    struct event_base *base;
    struct keeper *keeper;
    struct watch watch;
};

static void house_open(struct house *h)
{
    struct fail f;

    memset(h, 0, sizeof *h);
    rig_init(&h->rig, calloc(1, sizeof(struct model_disk)));
    h->rig.table = model_table(h->rig.disk);
    h->base = event_base_new();
    struct keeper_env env = {.base = h->base,
        .disk = &h->rig.table,
        .clock = &h->rig.clock,
        .rng = &h->rig.rng,
        .retry_first_ms = 1,
        .ctx = &h->watch,
        .changed = on_changed};
    if (keeper_open(&h->rig.settings, &env, &h->keeper, &f))
        fail_msg("%s", f.text);
}

static void house_close(struct house *h)
{
    keeper_close(h->keeper);
    assert_int_equal(model_open_handles(h->rig.disk), 0);
    rig_done(&h->rig);
    event_base_free(h->base);
}

static int append(struct house *h, struct fail *f)
{
    struct rig_record m;
    struct spool *spool = keeper_spool(h->keeper);

    if (spool_append(spool, rig_make(&m, LANE_FAULT, 1, 100), f))
        return -1;
    return spool_sync(spool, f);
}

static void let_the_disk_fail(struct house *h, int error)
{
    struct fail f;

    h->rig.disk->fail_first = h->rig.disk->calls + 1;
    h->rig.disk->fail_last = UINT32_MAX;
    h->rig.disk->fail_errno = error;
    assert_int_equal(append(h, &f), -1);
    assert_int_equal(f.sys, error);
    keeper_failed(h->keeper);
}

static void while_the_disk_fails_the_spool_can_be_read(void **state)
{
    static const int errors[] = {ENOSPC, EIO, EROFS};
    (void)state;

    for (size_t i = 0; i < countof(errors); i++) {
        struct house h;
        struct fail f;
        uint8_t bytes[BOUND_RECORD_BYTES];
        size_t n;
        uint64_t at;

        house_open(&h);
        assert_int_equal(append(&h, &f), 0);
        let_the_disk_fail(&h, errors[i]);
        unsigned calls = h.rig.disk->calls;
        while (h.rig.disk->calls < calls + 3) /* it asks the disk, again and again */
            assert_int_equal(event_base_loop(h.base, EVLOOP_ONCE), 0);
        assert_int_equal(h.watch.changes, 0);
        assert_int_equal(spool_read(keeper_spool(h.keeper), LANE_FAULT, 1, bytes, sizeof bytes, &n, &at, &f), 0);
        house_close(&h);
    }
}

static void when_the_disk_works_again_there_is_another_spool(void **state)
{
    struct house h;
    struct fail f;
    (void)state;

    house_open(&h);
    uint64_t epoch = spool_epoch(keeper_spool(h.keeper));
    assert_int_equal(append(&h, &f), 0);
    let_the_disk_fail(&h, ENOSPC);
    assert_int_equal(event_base_loop(h.base, EVLOOP_ONCE), 0);
    assert_int_equal(h.watch.changes, 0);
    h.rig.disk->fail_last = 0;
    while (!h.watch.spool)
        assert_int_equal(event_base_loop(h.base, EVLOOP_ONCE), 0);
    assert_int_equal(h.watch.changes, 2); /* none, then the new one */
    assert_ptr_equal(h.watch.spool, keeper_spool(h.keeper));
    assert_true(spool_epoch(h.watch.spool) == epoch);
    assert_int_equal(spool_first(h.watch.spool, LANE_FAULT), 1);
    assert_int_equal(append(&h, &f), 0);
    house_close(&h);
}

static void a_spool_that_cannot_be_opened_at_first_is_a_failure(void **state)
{
    struct house h = {0};
    struct fail f;
    (void)state;

    rig_init(&h.rig, calloc(1, sizeof(struct model_disk)));
    h.rig.table = model_table(h.rig.disk);
    h.rig.disk->fail_first = 1;
    h.rig.disk->fail_last = UINT32_MAX;
    h.rig.disk->fail_errno = EROFS;
    h.base = event_base_new();
    struct keeper_env env = {h.base, &h.rig.table, &h.rig.clock, &h.rig.rng, 1, &h.watch, on_changed};
    assert_int_equal(keeper_open(&h.rig.settings, &env, &h.keeper, &f), -1);
    assert_int_equal(f.code, FAIL_IO);
    assert_null(h.keeper);
    house_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_the_disk_fails_the_spool_can_be_read),
        cmocka_unit_test(when_the_disk_works_again_there_is_another_spool),
        cmocka_unit_test(a_spool_that_cannot_be_opened_at_first_is_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
