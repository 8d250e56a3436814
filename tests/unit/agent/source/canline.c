/* canline: the writings of a CAN frame; canlog: lines, duplicates, counts, a time that only grows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "canlog.h"

/* "KIND [TIME_US] INTERFACE ID DATA" of one line. */
static const char *read_line(const char *line, char *text, size_t size)
{
    struct can_frame_read f;
    const char *why = NULL;
    enum canline kind = canline_parse(line, strlen(line), &f, &why);
    int used;

    if (kind == CANLINE_IGNORED)
        return "ignored";
    if (kind == CANLINE_MALFORMED) {
        assert_non_null(why);
        return "malformed";
    }
    if (f.timed)
        used = snprintf(text, size, "%lld ", (long long)f.time_us);
    else
        used = snprintf(text, size, "- ");
    used += snprintf(text + used, size - (size_t)used, "%s %08X ", f.interface[0] ? f.interface : "-", f.id);
    for (unsigned i = 0; i < f.length; i++)
        used += snprintf(text + used, size - (size_t)used, "%02X", f.data[i]);
    return text;
}

struct line_case {
    const char *line, *expected;
};

static void check_lines(const struct line_case *cases, size_t count)
{
    char text[128];

    for (size_t i = 0; i < count; i++) {
        const char *got = read_line(cases[i].line, text, sizeof text);

        if (strcmp(got, cases[i].expected) != 0)
            fail_msg("\"%s\" reads \"%s\", expected \"%s\"", cases[i].line, got, cases[i].expected);
    }
}

static void every_writing_of_a_frame_is_read(void **state)
{
    static const struct line_case cases[] = {
        {"(1436509052.249713) vcan0 18FECA03#00FF00000000FFFF", "1436509052249713 vcan0 18FECA03 00FF00000000FFFF"},
        {"(1436509052.249713) vcan0 18feca03#00ff00000000ffff R", "1436509052249713 vcan0 18FECA03 00FF00000000FFFF"},
        {"(0000000000.5) can1 18FECA03#", "500000 can1 18FECA03 "},
        {" (000.869518)  can0  18FECA03   [8]  00 FF 00 00 00 00 FF FF", "869518 can0 18FECA03 00FF00000000FFFF"},
        {" (000.869518)  can0  18FECA03   [3]  00 FF 00", "869518 can0 18FECA03 00FF00"},
        {" (12)  slcan-7  18FECA03   [0]", "12000000 slcan-7 18FECA03 "},
        {" (000.1)  can0  RX - -  18FECA03   [2]  00 FF", "100000 can0 18FECA03 00FF"},
        {" (000.1)  can0  18FECA03   [2]  41 42   'AB'", "100000 can0 18FECA03 4142"},
        {" (2020-01-07 17:02:31.120000)  can0  18FECA03   [1]  00", "1578416551120000 can0 18FECA03 00"},
        {"  can0  18FECA03   [2]  00 FF", "- can0 18FECA03 00FF"},
        {"can0 18FECA03#00FF", "- can0 18FECA03 00FF"},
        {"(1.0) can0 18FECA03#00FF\r", "1000000 can0 18FECA03 00FF"},
        {"\t(1.0)\tcan0\t18FECA03#00FF\t", "1000000 can0 18FECA03 00FF"},
        {"2021-04-23 12:22:43.128 FINE   org.x.bus.RP1210Bus lambda$4 12:22:43.1281 0CF00400 [8] F1 9F 7D 00 00 00 F6 "
         "7D\r",
            "1619180563128100 - 0CF00400 F19F7D000000F67D"},
        {"2021-04-24 00:00:00.050 FINE x 23:59:59.9990 0CF00400 [1] F1", "1619222399999000 - 0CF00400 F1"},
    };
    (void)state;
    check_lines(cases, sizeof cases / sizeof cases[0]);
}

static void what_j1939_does_not_use_is_ignored(void **state)
{
    static const struct line_case cases[] = {
        {"", "ignored"},
        {"   ", "ignored"},
        {"\r", "ignored"},
        {"# a comment", "ignored"},
        {"; another", "ignored"},
        {"(1.0) can0 123#0011", "ignored"},
        {" (1.0)  can0  123   [2]  00 11", "ignored"},
        {"(1.0) can0 18FECA03##100FF", "ignored"},
        {"(1.0) can0 18FECA03#R", "ignored"},
        {"(1.0) can0 18FECA03#R8", "ignored"},
        {" (1.0)  can0  18FECA03   [8]  remote request", "ignored"},
        {" (1.0)  can0  18FECA03  [12]  00 01 02 03 04 05 06 07 08 09 0A 0B", "ignored"},
        {" (1.0)  can0  18FECA03  [64]  00 01", "ignored"},
        {"(1.0) can0 20000040#0000000000000000", "ignored"},
        {" (1.0)  can0  20000040   [8]  00 00 00 00 00 00 00 00   ERRORFRAME", "ignored"},
    };
    (void)state;
    check_lines(cases, sizeof cases / sizeof cases[0]);
}

static void anything_else_is_malformed(void **state)
{
    static const char *const wrong[] = {"hello", "hello world", "(1.0", "(1.0)", "(1.0) can0", "(x) can0 18FECA03#00",
        "() can0 18FECA03#00", "(1.) can0 18FECA03#00", "(1.0x) can0 18FECA03#00", "(-1.0) can0 18FECA03#00",
        "(99999999999.0) can0 18FECA03#00", "(9999999999.0) can0 18FECA03#00", "(1.0) can0 18FECA0#00",
        "(1.0) can0 18FECA031#00", "(1.0) can0 18FECAXX#00", "(1.0) can0 #00", "(1.0) can0 18FECA03#0",
        "(1.0) can0 18FECA03#0G", "(1.0) can0 18FECA03#001122334455667788",
        "(1.0) an-interface-of-much-length 18FECA03#00", "(1.0) c\x01n0 18FECA03#00", "(1.0) c\xc3\xa9 18FECA03#00",
        " (1.0)  can0  18FECA03   [8]  00 FF 00", " (1.0)  can0  18FECA03   [2]  00 F",
        " (1.0)  can0  18FECA03   [2]  00 FFF", " (1.0)  can0  18FECA03   8  00", " (1.0)  can0  18FECA03   []  00",
        " (1.0)  can0  18FECA03", " (1.0)  can0  18FECA03   [a]  00", " (1.0)  can0  RX - -",
        "(2020-13-07 17:02:31) can0 18FECA03#00", "(2020-01-07 25:02:31) can0 18FECA03#00",
        "(2020-01-07) can0 18FECA03#00", "2021-04-23 12:22:43.128 FINE something", "2021-04-23 x",
        "2021-04-23 12:22:43.128 12:22:43.1281 0CF00400", "1436509052.249713 vcan0 18FECA03#00FF"};
    char text[128];
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (strcmp(read_line(wrong[i], text, sizeof text), "malformed") != 0)
            fail_msg("%zu: \"%s\" is read as a frame or ignored", i, wrong[i]);
}

/* ---- streams */

struct tally {
    unsigned count;
    uint64_t lines[8];
};

static void count_malformed(void *ctx, uint64_t line, const char *why)
{
    struct tally *t = ctx;

    assert_non_null(why);
    if (t->count < 8)
        t->lines[t->count] = line;
    t->count++;
}

static void lines_end_in_any_way_and_come_in_any_pieces(void **state)
{
    static const char text[] =
        "(1.0) can0 18FECA03#01\n\r\n# x\nwhat?\n(2.0) can0 18FECA03#02\r\n(3.0) can0 18FECA03#03";
    (void)state;

    for (size_t piece = 1; piece < sizeof text; piece++) {
        struct tally t = {0};
        struct can_frame_read f;
        struct canlog log;
        unsigned sum = 0;

        canlog_init(&log, count_malformed, &t);
        for (size_t at = 0; at < sizeof text - 1; at += piece) {
            const char *data = text + at;
            size_t n = sizeof text - 1 - at < piece ? sizeof text - 1 - at : piece;

            while (canlog_next(&log, &data, &n, &f))
                sum = sum * 10 + f.data[0];
        }
        assert_true(canlog_last(&log, &f));
        assert_false(canlog_last(&log, &f));
        assert_int_equal(sum * 10 + f.data[0], 123);
        assert_int_equal(log.stats.lines, 6);
        assert_int_equal(log.stats.ignored, 2);
        assert_int_equal(t.count, 1);
        assert_int_equal(t.lines[0], 4);
    }
}

static void a_line_beyond_the_bound_is_one_malformed_line(void **state)
{
    static char text[3 * BOUND_LINE_BYTES];
    static const char good[] = "\n(2.0) can0 18FECA03#02\n";
    struct tally t = {0};
    struct can_frame_read f;
    struct canlog log;
    const char *data = text;
    size_t n = sizeof text;
    (void)state;

    memset(text, 'x', sizeof text);
    memcpy(text + sizeof text - sizeof good + 1, good, sizeof good - 1);
    canlog_init(&log, count_malformed, &t);
    assert_true(canlog_next(&log, &data, &n, &f));
    assert_false(canlog_next(&log, &data, &n, &f));
    assert_int_equal(t.count, 1);
    assert_int_equal(log.stats.malformed, 1);
    assert_int_equal(log.stats.frames, 1);
}

static void a_frame_written_twice_counts_once(void **state)
{
    static const char text[] = "(1.0) can0 18FECA03#01\n(1.0) can0 18FECA03#01\n(1.0) can1 18FECA03#01\n"
                               "(1.1) can1 18FECA03#01\n(1.1) can1 18FECA03#02\ncan1 18FECA03#02\ncan1 18FECA03#02\n";
    struct can_frame_read f;
    struct canlog log;
    const char *data = text;
    size_t n = sizeof text - 1;
    (void)state;

    canlog_init(&log, NULL, NULL);
    while (canlog_next(&log, &data, &n, &f))
        ;
    assert_int_equal(log.stats.duplicates, 1);
    assert_int_equal(log.stats.frames, 6);
}

static void time_never_goes_back(void **state)
{
    struct canlog_time t = {.started = false};
    (void)state;

    assert_int_equal(canlog_passed(&t, 5000000), 0);
    assert_int_equal(canlog_passed(&t, 5400000), 400000);
    assert_int_equal(canlog_passed(&t, 5300000), 400000); /* jitter stands still */
    assert_int_equal(canlog_passed(&t, 5400000), 400000);
    assert_int_equal(canlog_passed(&t, 5500000), 500000);
    assert_int_equal(canlog_passed(&t, 1000000), 500000); /* another recording follows */
    assert_int_equal(canlog_passed(&t, 1200000), 700000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_writing_of_a_frame_is_read),
        cmocka_unit_test(what_j1939_does_not_use_is_ignored),
        cmocka_unit_test(anything_else_is_malformed),
        cmocka_unit_test(lines_end_in_any_way_and_come_in_any_pieces),
        cmocka_unit_test(a_line_beyond_the_bound_is_one_malformed_line),
        cmocka_unit_test(a_frame_written_twice_counts_once),
        cmocka_unit_test(time_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
