/* health: a record at each interval's end, samples of the system and of applications in it, nothing lost when it is
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/event.h>

#include "health.h"
#include "log.h"
#include "ramdisk.h"
#include "sink.h"

enum { HOUR_MS = 3600 * 1000 };

static struct health_settings settings;
static struct event_base *base;
static struct sink sink;
static struct source_env env;
static void *health;

/* The same jitter every time: half of the interval. */
static void half(void *ctx, void *bytes, size_t n)
{
    uint64_t v = UINT64_C(6148914691236517200) / HOUR_MS * HOUR_MS + HOUR_MS / 2;
    (void)ctx;

    memcpy(bytes, &v, n < sizeof v ? n : sizeof v);
}

static const struct rng test_rng = {half, NULL};

static void start(void)
{
    struct fail f;

    if (source_health.open(&settings, &env, &health, &f) != 0)
        fail_msg("%s", f.text);
}

static int set_up(void **state)
{
    (void)state;

    log_set_level(LOG_LEVEL_ERROR);
    memset(&ramdisk, 0, sizeof ramdisk);
    settings = (struct health_settings){.interval = HOUR_MS, .path = "/"};
    base = event_base_new();
    sink_init(&sink);
    test_ms = 60000;
    env = (struct source_env){.base = base,
        .clock = &test_clock,
        .rng = &test_rng,
        .disk = &ramdisk_disk,
        .boot = 10,
        .epoch = 1,
        .sink = &sink.table};
    health = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;

    source_health.close(health);
    event_base_free(base);
    return 0;
}

static void pass(int64_t ms)
{
    for (int64_t end = test_ms + ms; test_ms < end; test_ms += 1000)
        health_tick(health);
    health_tick(health);
}

static const struct measure *measure(const char *name)
{
    for (size_t i = 0; i < sink.health.measure_count; i++)
        if (strcmp(sink.measures[i].name, name) == 0)
            return &sink.measures[i];
    fail_msg("no measure %s", name);
    return NULL;
}

static void first_record_is_jittered_and_the_next_are_exact(void **state)
{
    (void)state;

    start();
    pass(HOUR_MS / 2 - 1000);
    assert_int_equal(sink.healths, 0);
    pass(2000);
    assert_int_equal(sink.healths, 1);
    assert_in_range(sink.health.interval_ms, HOUR_MS / 2, HOUR_MS / 2 + 2000);
    pass(HOUR_MS - 3000);
    assert_int_equal(sink.healths, 1);
    pass(3000);
    assert_int_equal(sink.healths, 2);
    assert_in_range(sink.health.interval_ms, HOUR_MS - 2000, HOUR_MS + 2000);
    pass(24 * (int64_t)HOUR_MS);
    assert_int_equal(sink.healths, 26);
}

static void record_tells_how_the_device_is(void **state)
{
    (void)state;

    start();
    pass(2 * HOUR_MS);
    assert_int_equal(sink.health.uptime_ms, sink.when.mono.ms);
    assert_int_equal(sink.health.cycles, 1);
    assert_int_equal(sink.health.restarts, 0);
    assert_string_equal(sink.reason, "first start");
    assert_true(sink.health.operating_hours == (double)sink.when.mono.ms / HOUR_MS);
    assert_in_range(measure("load1")->count, 12, 14);
    assert_true(measure("mem_available")->last > 0);
    assert_true(measure("sync_groups")->last == 0);
    assert_true(measure("disk_free")->min > 0);
    assert_string_equal(measure("disk_free")->unit, "B");
}

static void samples_of_applications_are_in_the_next_record_only(void **state)
{
    const struct frame_value warm = {"supply", 25, "degC"}, cold = {"supply", 5, "degC"}, other = {"supply", 5, "K"};
    struct fail f;
    (void)state;

    start();
    assert_int_equal(health_measure(health, &warm, &f), 0);
    assert_int_equal(health_measure(health, &cold, &f), 0);
    assert_int_equal(health_measure(health, &other, &f), -1);
    assert_int_equal(f.code, FAIL_INPUT);
    pass(HOUR_MS);
    assert_int_equal(sink.healths, 1);
    const struct measure *m = measure("supply");
    assert_true(m->min == 5 && m->mean == 15 && m->max == 25 && m->last == 5 && m->count == 2);
    size_t with = sink.health.measure_count;
    pass(HOUR_MS);
    assert_int_equal(sink.health.measure_count, with - 1);
}

static void hour_meter_of_the_machine_wins(void **state)
{
    const struct frame_value meter = {"operating_hours", 12345.5, "h"};
    struct fail f;
    (void)state;

    start();
    assert_int_equal(health_measure(health, &meter, &f), 0);
    pass(HOUR_MS);
    assert_true(sink.health.operating_hours == 12345.5);
    pass(HOUR_MS);
    assert_true(sink.health.operating_hours < 10);
}

static void refused_record_keeps_its_samples_for_the_next(void **state)
{
    const struct frame_value warm = {"supply", 25, "degC"};
    struct fail f;
    (void)state;

    start();
    assert_int_equal(health_measure(health, &warm, &f), 0);
    fail_set(&sink.refuse, FAIL_FULL, "full");
    pass(HOUR_MS);
    assert_int_equal(sink.healths, 1);
    sink.refuse.code = FAIL_NONE;
    pass(HOUR_MS);
    assert_int_equal(sink.healths, 2);
    assert_true(measure("supply")->last == 25);
    assert_in_range(sink.health.interval_ms, HOUR_MS + HOUR_MS / 2, HOUR_MS + HOUR_MS / 2 + 2000);
}

static void starts_are_told_apart_and_hours_go_on(void **state)
{
    (void)state;

    start();
    pass(HOUR_MS);
    source_health.close(health); /* orderly */
    test_ms = 1000;
    env.boot = 11;
    start();
    pass(HOUR_MS);
    assert_string_equal(sink.reason, "boot");
    assert_int_equal(sink.health.restarts, 1);
    assert_int_equal(sink.health.cycles, 2);
    assert_true(sink.health.operating_hours > 1.5 && sink.health.operating_hours < 2.1);
    void *cut_off = health; /* a power cut: nobody closes it */
    ramdisk_power_cut();
    test_ms = 1000;
    env.boot = 12;
    start();
    pass(HOUR_MS);
    assert_string_equal(sink.reason, "power loss");
    assert_int_equal(sink.health.restarts, 2);
    source_health.close(cut_off);
}

static void damaged_count_begins_anew(void **state)
{
    (void)state;

    start();
    source_health.close(health);
    ramdisk.now[ramdisk_find("lifetime")].bytes[0] = 'X';
    log_set_level(LOG_LEVEL_ERROR);
    start();
    pass(HOUR_MS);
    assert_string_equal(sink.reason, "first start");
}

static void folder_that_cannot_be_used_is_told_at_the_start(void **state)
{
    struct fail f;
    (void)state;

    for (int step = 1; step <= 3; step++) {
        ramdisk.fail_in = step;
        assert_int_equal(source_health.open(&settings, &env, &health, &f), -1);
        assert_int_equal(f.code, FAIL_IO);
        assert_non_null(strstr(f.text, "health.path"));
    }
    health = NULL;
}

static void failed_save_does_not_stop_the_records(void **state)
{
    (void)state;

    start();
    for (int i = 0; i < 3; i++) {
        ramdisk.fail_in = 1;
        pass(HOUR_MS);
    }
    assert_int_equal(sink.healths, 3);
}

static void timer_is_always_armed(void **state)
{
    (void)state;

    start();
    assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 1);
    pass(HOUR_MS);
    assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_record_is_jittered_and_the_next_are_exact),
        TEST(record_tells_how_the_device_is),
        TEST(samples_of_applications_are_in_the_next_record_only),
        TEST(hour_meter_of_the_machine_wins),
        TEST(refused_record_keeps_its_samples_for_the_next),
        TEST(starts_are_told_apart_and_hours_go_on),
        TEST(damaged_count_begins_anew),
        TEST(folder_that_cannot_be_used_is_told_at_the_start),
        TEST(failed_save_does_not_stop_the_records),
        TEST(timer_is_always_armed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
