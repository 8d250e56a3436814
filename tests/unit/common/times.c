/* times: RFC 3339 both ways, and numbers drawn evenly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cleanup.h"
#include "times.h"

#define YEAR_1_MS INT64_C(-62135596800000)
#define YEAR_9999_END_MS INT64_C(253402300799999)

static void known_moments_read_and_write(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } moments[] = {
        {"1970-01-01T00:00:00.000Z", 0},
        {"1969-12-31T23:59:59.999Z", -1},
        {"2020-01-07T17:02:31.120Z", 1578416551120},
        {"2000-02-29T00:00:00.000Z", 951782400000},
        {"2024-02-29T23:59:59.999Z", 1709251199999},
        {"2100-02-28T23:59:59.999Z", 4107542399999},
        {"2100-03-01T00:00:00.000Z", 4107542400000},
        {"2106-02-07T06:28:15.000Z", 4294967295000},
        {"1900-03-01T00:00:00.000Z", -2203891200000},
        {"0001-01-01T00:00:00.000Z", YEAR_1_MS},
        {"9999-12-31T23:59:59.999Z", YEAR_9999_END_MS},
    };
    char text[TIMES_TEXT_BYTES];
    struct wall t;
    (void)state;

    for (size_t i = 0; i < countof(moments); i++) {
        assert_string_equal(times_format((struct wall){moments[i].ms}, text), moments[i].text);
        assert_true(times_parse(moments[i].text, &t));
        assert_int_equal(t.ms, moments[i].ms);
    }
}

static void other_forms_of_rfc_3339_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } moments[] = {
        {"2020-01-07T17:02:31Z", 1578416551000}, {"2020-01-07 17:02:31Z", 1578416551000},
        {"2020-01-07T17:02:31.1Z", 1578416551100}, {"2020-01-07T17:02:31.1209999Z", 1578416551120},
        {"2020-01-07T17:02:31.120456789012345678901234567890Z", 1578416551120},
        {"2020-01-08T01:02:31.120+08:00", 1578416551120}, {"2020-01-07T11:32:31.120-05:30", 1578416551120},
        {"2020-01-07T17:02:31.120-00:00", 1578416551120},
        {"2016-12-31T23:59:60Z", 1483228800000}, /* a leap second is the next second */
    };
    struct wall t;
    (void)state;

    for (size_t i = 0; i < countof(moments); i++) {
        assert_true(times_parse(moments[i].text, &t));
        assert_int_equal(t.ms, moments[i].ms);
    }
}

static void everything_else_is_refused(void **state)
{
    static const char *const wrong[] = {"", "2020", "2020-01-07", "2020-01-07T17:02:31", "2020-01-07T17:02Z",
        "2020-1-07T17:02:31Z", "2020-13-01T00:00:00Z", "2020-00-01T00:00:00Z", "2020-01-00T00:00:00Z",
        "2020-01-32T00:00:00Z", "2020-04-31T00:00:00Z", "2019-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "2020-01-07T24:00:00Z", "2020-01-07T17:60:00Z",
        "2020-01-07T17:02:61Z", "2020-01-07T17:02:31.Z", "2020-01-07T17:02:31,1Z", "2020-01-07T17:02:31z",
        "2020-01-07T17:02:31+0800", "2020-01-07T17:02:31+24:00", "2020-01-07T17:02:31+08:60", "2020-01-07T17:02:31+08",
        "2020-01-07T17:02:31Zx", "2020-01-07T17:02:31Z ", " 2020-01-07T17:02:31Z", "+020-01-07T17:02:31Z",
        "-001-01-07T17:02:31Z", "20200107T170231Z", "2020-01-07T17:02:31 Z", "now"};
    struct wall t = {42};
    (void)state;

    for (size_t i = 0; i < countof(wrong); i++)
        if (times_parse(wrong[i], &t))
            fail_msg("read: %s", wrong[i]);
    assert_int_equal(t.ms, 42);
}

static void times_outside_four_digits_are_clamped(void **state)
{
    char text[TIMES_TEXT_BYTES];
    (void)state;

    assert_string_equal(times_format((struct wall){YEAR_1_MS - 1}, text), "0001-01-01T00:00:00.000Z");
    assert_string_equal(times_format((struct wall){INT64_MIN}, text), "0001-01-01T00:00:00.000Z");
    assert_string_equal(times_format((struct wall){YEAR_9999_END_MS + 1}, text), "9999-12-31T23:59:59.999Z");
    assert_string_equal(times_format((struct wall){INT64_MAX}, text), "9999-12-31T23:59:59.999Z");
}

static void any_moment_reads_back(void **state)
{
    uint64_t x = 88172645463325252; /* xorshift64, fixed seed */
    char text[TIMES_TEXT_BYTES];
    struct wall t;
    (void)state;

    for (unsigned i = 0; i < 100000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        int64_t ms = YEAR_1_MS + (int64_t)(x % (uint64_t)(YEAR_9999_END_MS - YEAR_1_MS + 1));

        assert_true(times_parse(times_format((struct wall){ms}, text), &t));
        assert_int_equal(t.ms, ms);
        assert_int_equal(strlen(text), TIMES_TEXT_BYTES - 1);
    }
}

/* Gives what the test wants: one 64-bit number after another. */
static void fill_from(void *ctx, void *bytes, size_t n)
{
    const uint64_t **next = ctx;

    assert_int_equal(n, 8);
    memcpy(bytes, (*next)++, n);
}

static void numbers_below_are_drawn_without_bias(void **state)
{
    /* Below 10, the last 6 of 2^64 numbers would favour 0 … 5: they are drawn again. */
    static const uint64_t given[] = {UINT64_MAX, UINT64_MAX - 5, 27, 9, 10, 7};
    const uint64_t *next = given;
    const struct rng rng = {fill_from, &next};
    (void)state;

    assert_int_equal(rng_below(&rng, 10), 7);
    assert_ptr_equal(next, given + 3);
    assert_int_equal(rng_below(&rng, 10), 9);
    assert_int_equal(rng_below(&rng, 10), 0);
    assert_int_equal(rng_below(&rng, 1), 0);
}

static void the_systems_clocks_run(void **state)
{
    const struct clock *c = &clock_system;
    struct mono a = c->mono(c->ctx), b = c->mono(c->ctx);
    (void)state;

    assert_true(b.ms >= a.ms && a.ms > 0);
    assert_true(c->wall(c->ctx).ms > 1577836800000); /* 2020 */
    assert_in_range(c->quality(c->ctx), CLOCK_NONE, CLOCK_SYNCED);
    assert_int_not_equal(rng_u64(&rng_system), rng_u64(&rng_system));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_moments_read_and_write),
        cmocka_unit_test(other_forms_of_rfc_3339_are_read),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(times_outside_four_digits_are_clamped),
        cmocka_unit_test(any_moment_reads_back),
        cmocka_unit_test(numbers_below_are_drawn_without_bias),
        cmocka_unit_test(the_systems_clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
