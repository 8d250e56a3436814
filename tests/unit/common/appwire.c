/* appwire: requests and answers of the local socket keep their meaning both ways, and hostile packets are
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "appwire.h"

static const struct appwire_request plain = {.verb = APPWIRE_RAISE,
    .ns = "app",
    .code = "E4",
    .component = "",
    .subject = "",
    .measure = {.name = "", .unit = ""}};

static struct appwire_request through_the_wire(const struct appwire_request *r, char *packet)
{
    struct appwire_request back;
    struct appwire_answer refusal;
    struct fail f;
    size_t n;

    assert_int_equal(appwire_request_encode(r, packet, APPWIRE_BYTES, &n, &f), 0);
    assert_int_equal(appwire_request_decode(packet, n, &back, &refusal, &f), 0);
    return back;
}

static void raise_keeps_every_field(void **state)
{
    struct appwire_request r = plain, back;
    char packet[APPWIRE_BYTES];
    (void)state;

    r.ns = "hvac:acme:split";
    r.component = "outdoor unit = 100 % 空调";
    r.subject = "fan";
    r.mode = UINT32_MAX;
    r.severity = 4;
    r.class_hint = CLASS_URGENT;
    r.frame[0] = (struct frame_value){"head temp 50%", -118.0625e-3, "deg C"};
    r.frame[1] = (struct frame_value){"rpm", 0.1, ""};
    r.frame_count = 2;
    back = through_the_wire(&r, packet);
    assert_int_equal(back.verb, APPWIRE_RAISE);
    assert_string_equal(back.ns, r.ns);
    assert_string_equal(back.code, r.code);
    assert_string_equal(back.component, r.component);
    assert_string_equal(back.subject, r.subject);
    assert_int_equal(back.mode, r.mode);
    assert_int_equal(back.severity, 4);
    assert_int_equal(back.class_hint, CLASS_URGENT);
    assert_int_equal(back.frame_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(back.frame[i].name, r.frame[i].name);
        assert_true(back.frame[i].value == r.frame[i].value);
        assert_string_equal(back.frame[i].unit, r.frame[i].unit);
    }
}

static void clear_and_measure_keep_their_fields(void **state)
{
    struct appwire_request r = plain, back;
    char packet[APPWIRE_BYTES];
    (void)state;

    r.verb = APPWIRE_CLEAR;
    r.component = "fan";
    back = through_the_wire(&r, packet);
    assert_int_equal(back.verb, APPWIRE_CLEAR);
    assert_string_equal(back.component, "fan");
    r.verb = APPWIRE_MEASURE;
    r.measure = (struct frame_value){"supply temp", 21.5, "degC"};
    back = through_the_wire(&r, packet);
    assert_int_equal(back.verb, APPWIRE_MEASURE);
    assert_string_equal(back.measure.name, "supply temp");
    assert_true(back.measure.value == 21.5);
    assert_string_equal(back.measure.unit, "degC");
}

static void largest_legal_request_fits_one_packet(void **state)
{
    struct appwire_request r = plain;
    char percent[BOUND_NAME + 1] = "", unit[BOUND_UNIT + 1] = "", packet[APPWIRE_BYTES];
    (void)state;

    memset(percent, '%', BOUND_NAME);
    memset(unit, '%', BOUND_UNIT);
    r.ns = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn";
    r.code = "cccccccccccccccccccccccccccccccc";
    r.component = r.subject = percent;
    r.mode = UINT32_MAX;
    r.severity = 4;
    r.class_hint = CLASS_IMPORTANT;
    r.frame_count = BOUND_FRAME_VALUES;
    for (size_t i = 0; i < r.frame_count; i++)
        r.frame[i] = (struct frame_value){percent, -1.2345678901234567e-300, unit};
    struct appwire_request back = through_the_wire(&r, packet);
    assert_int_equal(back.frame_count, BOUND_FRAME_VALUES);
    assert_string_equal(back.frame[31].name, percent);
}

/* A program that speaks German writes 1,5 with printf(); the wire stays the same. The C library's own table
 * of what a locale does is what matters, so the test needs a locale with a comma and says so when the machine
 * has none. */
static void numbers_do_not_follow_the_locale(void **state)
{
    static const char *const with_comma[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "ru_RU.UTF-8"};
    struct appwire_request r = plain;
    char packet[APPWIRE_BYTES];
    struct fail f;
    size_t n, i = 0;
    (void)state;

    while (i < countof(with_comma) && !setlocale(LC_NUMERIC, with_comma[i]))
        i++;
    if (i == countof(with_comma)) {
        print_message("no locale with a decimal comma is installed\n");
        skip();
    }
    r.frame[0] = (struct frame_value){"t", 1.5, ""};
    r.frame_count = 1;
    assert_int_equal(appwire_request_encode(&r, packet, sizeof packet, &n, &f), 0);
    setlocale(LC_NUMERIC, "C");
    assert_non_null(memmem(packet, n, "frame=t 1.5\n", 12));
}

static void what_breaks_a_rule_is_not_written(void **state)
{
    char long_text[BOUND_NAME + 2] = "", packet[APPWIRE_BYTES];
    struct appwire_request r;
    struct fail f;
    size_t n = 77;
    (void)state;

    memset(long_text, 'x', sizeof long_text - 1);
#define REFUSED(change, fail_code, word)                                                                               \
    do {                                                                                                               \
        r = plain;                                                                                                     \
        change;                                                                                                        \
        assert_int_equal(appwire_request_encode(&r, packet, sizeof packet, &n, &f), -1);                               \
        assert_int_equal(f.code, fail_code);                                                                           \
        assert_non_null(strstr(f.text, word));                                                                         \
    } while (0)
    REFUSED(r.code = "", FAIL_INPUT, "code");
    REFUSED(r.code = "E 4", FAIL_INPUT, "code");
    REFUSED(r.code = long_text, FAIL_LIMIT, "code: 65 bytes where at most 32 fit");
    REFUSED(r.ns = "", FAIL_INPUT, "ns");
    REFUSED(r.ns = "app/x", FAIL_INPUT, "ns");
    REFUSED(r.component = long_text, FAIL_LIMIT, "component");
    REFUSED(r.component = "a\nb", FAIL_INPUT, "component");
    REFUSED(r.component = "a\x7f", FAIL_INPUT, "component");
    REFUSED(r.subject = "\xff", FAIL_INPUT, "subject");
    REFUSED(r.severity = 5, FAIL_INPUT, "severity");
    REFUSED(r.class_hint = CLASS_COUNT, FAIL_INPUT, "class");
    REFUSED(r.frame_count = BOUND_FRAME_VALUES + 1, FAIL_LIMIT, "frame");
    REFUSED((r.frame[0] = (struct frame_value){"", 1, ""}, r.frame_count = 1), FAIL_INPUT, "frame");
    REFUSED((r.frame[0] = (struct frame_value){"a", HUGE_VAL, ""}, r.frame_count = 1), FAIL_INPUT, "frame");
    REFUSED((r.frame[0] = (struct frame_value){"a", (double)NAN, ""}, r.frame_count = 1), FAIL_INPUT, "frame");
    REFUSED((r.frame[0] = (struct frame_value){"a", 1, long_text}, r.frame_count = 1), FAIL_LIMIT, "frame");
    REFUSED((r.verb = APPWIRE_MEASURE, r.measure.name = ""), FAIL_INPUT, "measure");
#undef REFUSED
    r = plain;
    assert_int_equal(appwire_request_encode(&r, packet, 20, &n, &f), -1);
    assert_int_equal(n, 77);
}

struct hostile {
    const char *packet;
    enum appwire_reason reason;
    const char *word; /* stands in the text */
};

static const struct hostile hostile[] = {
    {"", APPWIRE_MALFORMED, "lines"},
    {"\n", APPWIRE_MALFORMED, "begin"},
    {"faultline 1 raise\ncode=E4", APPWIRE_MALFORMED, "line end"},
    {"faultline 1 raise", APPWIRE_MALFORMED, "line end"},
    {"GET / HTTP/1.1\r\n\r\n", APPWIRE_MALFORMED, "begin"},
    {"faultline x raise\ncode=E4\n", APPWIRE_MALFORMED, "begin"},
    {"faultline 1\ncode=E4\n", APPWIRE_MALFORMED, "begin"},
    {"faultline 99999999999999999999 raise\ncode=E4\n", APPWIRE_MALFORMED, "begin"},
    {"faultline 2 raise\ncode=E4\n", APPWIRE_NEWER, "version 2"},
    {"faultline 0 raise\ncode=E4\n", APPWIRE_NEWER, "version 0"},
    {"faultline 1 explode\ncode=E4\n", APPWIRE_MALFORMED, "verb"},
    {"faultline 1 raise \ncode=E4\n", APPWIRE_MALFORMED, "verb"},
    {"faultline 1 raise\n", APPWIRE_MALFORMED, "code: missing"},
    {"faultline 1 raise\ncode=\n", APPWIRE_MALFORMED, "code: empty"},
    {"faultline 1 raise\n\n", APPWIRE_MALFORMED, "key=value"},
    {"faultline 1 raise\ncode\n", APPWIRE_MALFORMED, "key=value"},
    {"faultline 1 raise\ncode=E4\nCode=E5\n", APPWIRE_MALFORMED, "does not have"},
    {"faultline 1 raise\ncode=E4\nname=x\n", APPWIRE_MALFORMED, "does not have"},
    {"faultline 1 clear\ncode=E4\nseverity=1\n", APPWIRE_MALFORMED, "does not have"},
    {"faultline 1 raise\ncode=E4\ncode=E5\n", APPWIRE_MALFORMED, "code: given twice"},
    {"faultline 1 raise\ncode=E%0\n", APPWIRE_MALFORMED, "hexadecimal"},
    {"faultline 1 raise\ncode=E%\n", APPWIRE_MALFORMED, "hexadecimal"},
    {"faultline 1 raise\ncode=E%00\n", APPWIRE_MALFORMED, "hexadecimal"},
    {"faultline 1 raise\ncode=E%+1\n", APPWIRE_MALFORMED, "hexadecimal"},
    {"faultline 1 raise\ncode=E4\ncomponent=%0a\n", APPWIRE_MALFORMED, "control"},
    {"faultline 1 raise\ncode=E4\ncomponent=\x1b[2J\n", APPWIRE_MALFORMED, "control"},
    {"faultline 1 raise\ncode=E4\ncomponent=%c3%28\n", APPWIRE_MALFORMED, "UTF-8"},
    {"faultline 1 raise\ncode=E4\ncomponent=%ed%a0%80\n", APPWIRE_MALFORMED, "UTF-8"},
    {"faultline 1 raise\ncode=E4\ncomponent=%e7%a9\n", APPWIRE_MALFORMED, "UTF-8"},
    {"faultline 1 raise\ncode=E4\ncomponent=%c2%9b2J\n", APPWIRE_MALFORMED, "control"},
    {"faultline 1 raise\ncode=E4\ncomponent=%c0%af\n", APPWIRE_MALFORMED, "UTF-8"},
    {"faultline 1 raise\ncode=E4\ncomponent=%f4%90%80%80\n", APPWIRE_MALFORMED, "UTF-8"},
    {"faultline 1 raise\ncode=ccccccccccccccccccccccccccccccccc\n", APPWIRE_LIMIT, "code: 33 bytes"},
    {"faultline 1 raise\ncode=E4\nseverity=5\n", APPWIRE_MALFORMED, "severity"},
    {"faultline 1 raise\ncode=E4\nseverity=-1\n", APPWIRE_MALFORMED, "severity"},
    {"faultline 1 raise\ncode=E4\nmode=4294967296\n", APPWIRE_MALFORMED, "mode"},
    {"faultline 1 raise\ncode=E4\nmode=\n", APPWIRE_MALFORMED, "mode"},
    {"faultline 1 raise\ncode=E4\nclass=fatal\n", APPWIRE_MALFORMED, "class"},
    {"faultline 1 raise\ncode=E4\nframe=\n", APPWIRE_MALFORMED, "frame"},
    {"faultline 1 raise\ncode=E4\nframe=rpm\n", APPWIRE_MALFORMED, "frame"},
    {"faultline 1 raise\ncode=E4\nframe=rpm nan\n", APPWIRE_MALFORMED, "frame"},
    {"faultline 1 raise\ncode=E4\nframe=rpm 0x10\n", APPWIRE_MALFORMED, "frame"},
    {"faultline 1 raise\ncode=E4\nframe=rpm 1e999\n", APPWIRE_MALFORMED, "frame"},
    {"faultline 1 raise\ncode=E4\nframe=rpm 1 a b\n", APPWIRE_MALFORMED, "frame"},
    {"faultline 1 raise\ncode=E4\nframe= 1 a\n", APPWIRE_MALFORMED, "frame"},
    {"faultline 1 measure\nname=t\n", APPWIRE_MALFORMED, "value: missing"},
    {"faultline 1 measure\nvalue=1\n", APPWIRE_MALFORMED, "name: missing"},
    {"faultline 1 measure\nname=t\nvalue=inf\n", APPWIRE_MALFORMED, "value"},
};

static void refuse(const char *bytes, size_t n, enum appwire_reason reason, const char *word)
{
    struct appwire_request r = {.frame_count = 77};
    struct appwire_answer refusal = {0};
    struct fail f;
    char *packet = malloc(n + 1); /* of the exact size and one, so that a sanitizer sees a read past the end */

    memcpy(packet, bytes, n);
    assert_int_equal(appwire_request_decode(packet, n, &r, &refusal, &f), -1);
    if (refusal.reason != reason || !strstr(refusal.text, word))
        fail_msg("refused as %s: %s", appwire_reason_word(refusal.reason), refusal.text);
    assert_ptr_equal(refusal.text, f.text);
    assert_int_equal(r.frame_count, 77);
    free(packet);
}

static void hostile_packets_are_refused_with_the_reason(void **state)
{
    (void)state;

    for (size_t i = 0; i < countof(hostile); i++)
        refuse(hostile[i].packet, strlen(hostile[i].packet), hostile[i].reason, hostile[i].word);
    refuse("faultline 1 raise\ncode=E\0004\n", 27, APPWIRE_MALFORMED, "lines of text");
}

static void too_long_or_too_many_tells_limit_and_value(void **state)
{
    static char packet[APPWIRE_BYTES + 1];
    struct appwire_request r;
    struct appwire_answer refusal;
    struct fail f;
    (void)state;

    assert_int_equal(appwire_request_decode(packet, sizeof packet, &r, &refusal, &f), -1);
    assert_int_equal(refusal.reason, APPWIRE_LIMIT);
    assert_int_equal(refusal.limit, APPWIRE_BYTES);
    assert_int_equal(refusal.value, APPWIRE_BYTES + 1);
    int n = snprintf(packet, sizeof packet, "faultline 1 raise\ncode=E4\n");
    for (int i = 0; i <= BOUND_FRAME_VALUES; i++)
        n += snprintf(packet + n, sizeof packet - (size_t)n, "frame=v%d 1\n", i);
    assert_int_equal(appwire_request_decode(packet, (size_t)n, &r, &refusal, &f), -1);
    assert_int_equal(refusal.reason, APPWIRE_LIMIT);
    assert_int_equal(refusal.limit, BOUND_FRAME_VALUES);
    assert_int_equal(refusal.value, BOUND_FRAME_VALUES + 1);
}

static struct appwire_answer answer_of(const char *text, int expected)
{
    static char packet[APPWIRE_ANSWER_BYTES];
    struct appwire_answer a = {.number = 77, .text = ""};
    struct fail f;

    memcpy(packet, text, strlen(text));
    assert_int_equal(appwire_answer_decode(packet, strlen(text), &a, &f), expected);
    return a;
}

static void answers_keep_every_field(void **state)
{
    static const struct appwire_answer all[] = {
        {.number = UINT64_MAX, .text = ""},
        {.text = ""},
        {.reason = APPWIRE_LIMIT, .limit = 64, .value = 70, .text = "component: 100 % too = long"},
        {.reason = APPWIRE_RATE, .retry_after_ms = UINT32_MAX, .text = "slow down"},
        {.reason = APPWIRE_NEWER, .text = "version 2"},
    };
    (void)state;

    for (size_t i = 0; i < countof(all); i++) {
        char packet[APPWIRE_ANSWER_BYTES];
        struct appwire_answer back;
        struct fail f;
        size_t n = appwire_answer_encode(&all[i], packet, sizeof packet);

        assert_int_equal(appwire_answer_decode(packet, n, &back, &f), 0);
        assert_int_equal(back.reason, all[i].reason);
        assert_true(back.number == all[i].number);
        assert_true(back.limit == all[i].limit && back.value == all[i].value);
        assert_int_equal(back.retry_after_ms, all[i].retry_after_ms);
        assert_string_equal(back.text, all[i].text);
    }
}

static void answers_of_later_agents_are_understood_as_far_as_they_go(void **state)
{
    (void)state;
    assert_int_equal(answer_of("faultline 1 accepted\nnumber=9\nticket=7\n", 0).number, 9);
    assert_int_equal(answer_of("faultline 1 refused\nreason=curfew\n", 0).reason, APPWIRE_MALFORMED);
    assert_int_equal(answer_of("faultline 2 refused\nreason=version\n", 0).reason, APPWIRE_NEWER);
    assert_int_equal(answer_of("faultline 1 accepted\nreason=rate\n", 0).reason, APPWIRE_NONE);
    answer_of("faultline 2 accepted\nnumber=9\n", -1);
}

static void answers_of_strangers_are_refused(void **state)
{
    static const char *const wrong[] = {"", "x", "faultline 1 maybe\n", "faultline 1 accepted\nnumber=x\n",
        "faultline 1 accepted\nnumber=18446744073709551616\n", "faultline 1 accepted\nnumber\n", "HTTP/1.1 200 OK\r\n",
        "faultline 1 refused\ntext=%zz\n"};
    (void)state;

    for (size_t i = 0; i < countof(wrong); i++)
        assert_int_equal(answer_of(wrong[i], -1).number, 77);
    assert_string_equal(answer_of("faultline 1 refused\ntext=\x1b[2J\n", 0).text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raise_keeps_every_field),
        cmocka_unit_test(clear_and_measure_keep_their_fields),
        cmocka_unit_test(largest_legal_request_fits_one_packet),
        cmocka_unit_test(numbers_do_not_follow_the_locale),
        cmocka_unit_test(what_breaks_a_rule_is_not_written),
        cmocka_unit_test(hostile_packets_are_refused_with_the_reason),
        cmocka_unit_test(too_long_or_too_many_tells_limit_and_value),
        cmocka_unit_test(answers_keep_every_field),
        cmocka_unit_test(answers_of_later_agents_are_understood_as_far_as_they_go),
        cmocka_unit_test(answers_of_strangers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
