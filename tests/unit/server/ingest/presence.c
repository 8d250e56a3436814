/* presence: a device is offline because it said so, because the broker said so, or because nothing comes any more. */
#include "harness.h"

#include "presence.h"

enum { EPOCH = 0xa1, ROUND = 256 };

/* So many seconds with nothing but ticks: what is due within them happens. */
static void tick_round(struct harness *h)
{
    for (int i = 0; i < ROUND; i++)
        H_OK(h, core_tick(h->core, &h->f));
}

/* Time passes as it does: with a tick now and then. */
static void pass(struct harness *h, int64_t ms)
{
    enum { STEP_MS = 50 * 1000 };

    for (; ms > 0; ms -= STEP_MS) {
        h->now.ms += ms < STEP_MS ? ms : STEP_MS;
        H_OK(h, core_tick(h->core, &h->f));
    }
}

static void listen(struct harness *h, bool connected)
{
    atomic_store(&h->metrics.is_connected, connected);
    H_OK(h, core_tick(h->core, &h->f));
}

static void expect_offline(struct harness *h, const char *device, enum offline_reason why)
{
    assert_false(h_device(h, device).online);
    assert_int_equal(h_device(h, device).offline, why);
}

static void a_device_whose_will_was_lost_becomes_offline_in_time(void **state)
{
    struct harness *h = h_of(state);

    listen(h, true);
    H_SEND(h, "hub-1", EPOCH, h_health(h, 1)); /* hourly */
    pass(h, 3LL * H_HOUR);
    tick_round(h);
    assert_true(h_device(h, "hub-1").online);
    h->now.ms += 1;
    tick_round(h);
    expect_offline(h, "hub-1", OFFLINE_SILENT);
    assert_int_equal(h_events(h, "\"reason\":\"silent\"").count, 1);
    assert_int_equal(metrics_get(&h->metrics.devices_silent), 1);
    H_SEND(h, "hub-1", EPOCH, h_health(h, 2));
    assert_true(h_device(h, "hub-1").online);
}

static void silence_while_nobody_listened_does_not_count(void **state)
{
    struct harness *h = h_of(state);

    listen(h, true);
    H_SEND(h, "hub-1", EPOCH, h_health(h, 1));
    listen(h, false);
    h->now.ms += 100LL * H_HOUR;
    tick_round(h);
    assert_true(h_device(h, "hub-1").online);
    listen(h, true);
    pass(h, 3LL * H_HOUR);
    tick_round(h);
    assert_true(h_device(h, "hub-1").online);
    h_restart(h); /* nor what was heard of by another process */
    pass(h, 2LL * H_HOUR);
    tick_round(h);
    assert_true(h_device(h, "hub-1").online);
    pass(h, 4LL * H_HOUR);
    tick_round(h);
    expect_offline(h, "hub-1", OFFLINE_SILENT);
}

/* Nor while our clock jumped, or we slept: what came meanwhile waits to be read. */
static void a_jump_of_the_clock_is_no_silence(void **state)
{
    struct harness *h = h_of(state);

    listen(h, true);
    H_SEND(h, "hub-1", EPOCH, h_health(h, 1));
    pass(h, H_HOUR);
    h->now.ms += 100LL * H_HOUR;
    tick_round(h);
    assert_true(h_device(h, "hub-1").online);
    pass(h, 3LL * H_HOUR);
    assert_true(h_device(h, "hub-1").online);
    h->now.ms += 1;
    tick_round(h);
    expect_offline(h, "hub-1", OFFLINE_SILENT);
}

static struct record health_over(const struct harness *h, uint64_t number, uint64_t interval_ms)
{
    struct record r = h_health(h, number);

    r.health.interval_ms = interval_ms;
    return r;
}

static void the_interval_is_learnt_and_a_first_part_of_one_is_not(void **state)
{
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH, health_over(h, 1, 5000));
    H_SEND(h, "hub-1", EPOCH, health_over(h, 2, H_HOUR));
    assert_int_equal(h_device(h, "hub-1").health_ms, H_HOUR);
    h_restart(h);
    H_SEND(h, "hub-1", EPOCH, health_over(h, 3, 7000)); /* the agent started anew */
    assert_int_equal(h_device(h, "hub-1").health_ms, H_HOUR);
    H_SEND(
        h, "hub-1", EPOCH, health_over(h, 4, H_MINUTE), health_over(h, 5, H_MINUTE + 20)); /* and was set otherwise */
    assert_int_equal(h_device(h, "hub-1").health_ms, H_MINUTE + 20);
    H_SEND(h, "hub-1", EPOCH, health_over(h, 6, UINT64_C(1) << 53));
    assert_int_equal(h_device(h, "hub-1").health_ms, 7LL * 24 * H_HOUR);
}

static void a_device_without_health_is_given_a_day(void **state)
{
    struct harness *h = h_of(state);

    listen(h, true);
    H_SEND(h, "hub-1", EPOCH, h_confirm(h, 1, "E1"));
    pass(h, PRESENCE_OTHERS_MS);
    tick_round(h);
    assert_true(h_device(h, "hub-1").online);
    h->now.ms += 1;
    tick_round(h);
    expect_offline(h, "hub-1", OFFLINE_SILENT);
}

static void a_stop_and_a_will_say_why(void **state)
{
    struct harness *h = h_of(state);

    H_SEND(h, "hub-1", EPOCH, h_lifecycle(h, 1, LIFECYCLE_STOP));
    expect_offline(h, "hub-1", OFFLINE_STOPPED);
    H_SEND(h, "hub-1", EPOCH, h_lifecycle(h, 2, LIFECYCLE_BOOT));
    assert_true(h_device(h, "hub-1").online);
    batch_reset(h->batch);
    h_add_death(h, "hub-1", EPOCH, 1);
    h_apply(h);
    expect_offline(h, "hub-1", OFFLINE_LOST);
    assert_int_equal(h_events(h, "\"reason\":\"lost\"").count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        H_EVERY_DRIVER(a_device_whose_will_was_lost_becomes_offline_in_time),
        H_EVERY_DRIVER(silence_while_nobody_listened_does_not_count),
        H_EVERY_DRIVER(a_jump_of_the_clock_is_no_silence),
        H_EVERY_DRIVER(the_interval_is_learnt_and_a_first_part_of_one_is_not),
        H_EVERY_DRIVER(a_device_without_health_is_given_a_day),
        H_EVERY_DRIVER(a_stop_and_a_will_say_why),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
