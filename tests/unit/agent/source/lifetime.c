/* lifetime: starts are counted and told apart, operating time adds up over boots, a torn file costs nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "cleanup.h"
#include "lifetime.h"
#include "ramdisk.h"

enum { DIR = 100 };

static struct mono at(int64_t ms)
{
    return (struct mono){ms};
}

static void text_keeps_every_field(void **state)
{
    const struct lifetime l = {UINT64_MAX, 2, 3, 4, UINT64_MAX - 1, 6, true};
    struct lifetime back;
    char text[LIFETIME_BYTES];
    (void)state;

    assert_true(lifetime_write(&l, text) < LIFETIME_BYTES);
    assert_true(lifetime_read(text, &back));
    assert_true(back.epoch == l.epoch && back.boot == 2 && back.restarts == 3 && back.cycles == 4);
    assert_true(back.operating_ms == l.operating_ms && back.mono_ms == 6 && back.running);
}

static void damaged_text_is_refused(void **state)
{
    const struct lifetime l = {1, 2, 3, 4, 5, 6, true};
    struct lifetime back = {.boot = 77};
    char text[LIFETIME_BYTES], cut[LIFETIME_BYTES];
    (void)state;

    size_t n = lifetime_write(&l, text);
    for (size_t i = 0; i < n; i++) {
        memcpy(cut, text, i);
        cut[i] = '\0';
        assert_false(lifetime_read(cut, &back));
    }
    assert_false(lifetime_read(
        "version=2\nepoch=1\nboot=2\nrestarts=3\ncycles=4\noperating_ms=5\nmono_ms=6\nrunning=1\n", &back));
    assert_false(lifetime_read(
        "version=1\nepoch=1\nboot=2\nrestarts=3\ncycles=4\noperating_ms=-5\nmono_ms=6\nrunning=1\n", &back));
    assert_false(lifetime_read(
        "version=1\nepoch=1\nboot=99999999999999999999\nrestarts=3\ncycles=4\noperating_ms=5\nmono_ms=6\nrunning=1\n",
        &back));
    assert_false(lifetime_read(
        "version=1\nepoch=1\nboot=2\nrestarts=3\ncycles=4\noperating_ms=5\nmono_ms=6\nrunning=2\n", &back));
    assert_int_equal(back.boot, 77);
}

static void each_start_says_why(void **state)
{
    static const struct {
        uint64_t epoch, boot;
        bool orderly_before;
        const char *why;
        uint64_t restarts, cycles;
    } starts[] = {
        {1, 10, false, "first start", 0, 1},
        {1, 10, true, "restart", 1, 1},
        {1, 10, false, "crash", 2, 1},
        {1, 11, false, "power loss", 3, 2},
        {1, 12, true, "boot", 4, 3},
        {2, 12, true, "restart", 0, 3}, /* a new spool */
        {2, 13, false, "power loss", 1, 4},
    };
    struct lifetime l = {0};
    (void)state;

    for (size_t i = 0; i < countof(starts); i++) {
        if (starts[i].orderly_before)
            l.running = false;
        assert_string_equal(lifetime_begin(&l, starts[i].epoch, starts[i].boot, at(0)), starts[i].why);
        assert_true(l.running);
        assert_int_equal(l.restarts, starts[i].restarts);
        assert_int_equal(l.cycles, starts[i].cycles);
    }
}

static void operating_time_adds_up(void **state)
{
    struct lifetime l = {0};
    (void)state;

    lifetime_begin(&l, 1, 10, at(5000)); /* the boot took 5 s before the agent ran */
    assert_int_equal(l.operating_ms, 5000);
    lifetime_advance(&l, at(8000));
    lifetime_advance(&l, at(7000)); /* never backwards */
    assert_int_equal(l.operating_ms, 8000);
    lifetime_begin(&l, 1, 10, at(20000)); /* the agent was away, the device was not */
    assert_int_equal(l.operating_ms, 20000);
    lifetime_begin(&l, 1, 11, at(3000));
    assert_int_equal(l.operating_ms, 23000);
    lifetime_advance(&l, at(4000));
    assert_int_equal(l.operating_ms, 24000);
}

static void saved_file_survives_a_power_cut_at_any_step(void **state)
{
    struct lifetime old = {.epoch = 1, .boot = 10, .operating_ms = 111}, new = old, back;
    struct fail f;
    (void)state;

    new.operating_ms = 222;
    for (int step = 1;; step++) {
        memset(&ramdisk, 0, sizeof ramdisk);
        assert_int_equal(lifetime_save(&ramdisk_disk, DIR, &old, &f), 0);
        ramdisk.fail_in = step;
        int rc = lifetime_save(&ramdisk_disk, DIR, &new, &f);
        bool failed = ramdisk.fail_in == 0;
        ramdisk.fail_in = 0;
        ramdisk_power_cut();
        assert_int_equal(lifetime_load(&ramdisk_disk, DIR, &back, &f), 0);
        assert_int_equal(rc, failed ? -1 : 0);
        assert_int_equal(back.operating_ms, failed ? 111 : 222);
        if (!failed)
            break;
        assert_int_equal(f.code, FAIL_IO);
    }
}

static void missing_file_is_a_first_start_and_a_damaged_one_is_told(void **state)
{
    struct lifetime l = {.boot = 77};
    struct fail f;
    (void)state;

    memset(&ramdisk, 0, sizeof ramdisk);
    assert_int_equal(lifetime_load(&ramdisk_disk, DIR, &l, &f), 0);
    assert_int_equal(l.boot, 0);
    assert_int_equal(lifetime_save(&ramdisk_disk, DIR, &l, &f), 0);
    ramdisk.now[ramdisk_find("lifetime")].bytes[3] ^= 1;
    l.boot = 77;
    assert_int_equal(lifetime_load(&ramdisk_disk, DIR, &l, &f), -1);
    assert_int_equal(f.code, FAIL_CORRUPT);
    assert_int_equal(l.boot, 77);
    ramdisk.fail_in = 1;
    assert_int_equal(lifetime_load(&ramdisk_disk, DIR, &l, &f), -1);
    assert_int_equal(f.code, FAIL_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_keeps_every_field),
        cmocka_unit_test(damaged_text_is_refused),
        cmocka_unit_test(each_start_says_why),
        cmocka_unit_test(operating_time_adds_up),
        cmocka_unit_test(saved_file_survives_a_power_cut_at_any_step),
        cmocka_unit_test(missing_file_is_a_first_start_and_a_damaged_one_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
