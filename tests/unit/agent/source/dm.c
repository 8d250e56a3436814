/* dm: lamps and codes, against published decodes and by property. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "dm.h"
#include "ident.h"

static size_t bytes_of(const char *hex, uint8_t *ret)
{
    size_t n = 0;
    unsigned byte;

    for (; sscanf(hex, "%2x", &byte) == 1; hex += hex[2] == ' ' ? 3 : 2) {
        ret[n++] = (uint8_t)byte;
        if (!hex[2])
            break;
    }
    return n;
}

/* "MIL/RSL/AWL/PL: SPN/FMI/OC …", lamps 0 off, 1 on, e error, - not available, s and f: on and flashing slow, fast;
 * * behind a code: conversion bit; ! at the end: truncated. */
static const char *decode(const char *hex, bool single, char *text, size_t size)
{
    static struct dm dm;
    uint8_t bytes[64];
    size_t n = bytes_of(hex, bytes), used = 0;

    if (!dm_decode(bytes, n, single, &dm))
        return "nothing";
    for (int i = DM_LAMP_COUNT - 1; i >= 0; i--) {
        unsigned status = dm_lamp_status(dm.lamps, (enum dm_lamp)i), flash = dm_lamp_flash(dm.lamps, (enum dm_lamp)i);
        char c = status == 1 && flash == 0 ? 's' : status == 1 && flash == 1 ? 'f' : "01e-"[status];

        used += (size_t)snprintf(text + used, size - used, "%s%c", i == DM_LAMP_COUNT - 1 ? "" : "/", c);
    }
    for (size_t i = 0; i < dm.count; i++)
        used += (size_t)snprintf(text + used, size - used, " %u/%u/%u%s", dm.codes[i].spn, dm.codes[i].fmi,
            dm.codes[i].occurrences, dm.codes[i].converted ? "*" : "");
    snprintf(text + used, size - used, "%s", dm.truncated ? "!" : "");
    return text;
}

static void published_messages_decode_as_published(void **state)
{
    static const struct {
        const char *hex;
        bool single;
        const char *expected;
    } cases[] = {
        {"00FF00000000FFFF", true, "0/0/0/0"},
        {"C4FFCB05097EFFFF", true, "-/0/1/0 1483/9/126"},
        {"00FFD007097FFFFF", true, "0/0/0/0 2000/9/127"},
        {"11 CD 61 02 13 00 21 06 1F 00 EE 10 04 00", false, "0/s/0/f 609/19/0 1569/31/0 4334/4/0"},
        {"43FFBF00090854000908ED141F01", false, "1/0/0/- 191/9/8 84/9/8 5357/31/1"},
        {"04FF1503027E1603027E1703027E1803027E2203047E18030701", false,
            "0/0/1/0 789/2/126 790/2/126 791/2/126 792/2/126 802/4/126 792/7/1"},
        {"43 FF 34 04 05 01 30 02 13 01", false, "1/0/0/- 1076/5/1 560/19/1"}, /* DM12 */
        {"C4FF6000037E3D03037E", false, "-/0/1/0 96/3/126 829/3/126"},
    };
    char text[256];
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(decode(cases[i].hex, cases[i].single, text, sizeof text), cases[i].expected);
}

static void a_code_has_19_bits_of_spn_and_a_conversion_bit(void **state)
{
    struct dm_code c;
    (void)state;

    c = dm_code_from((const uint8_t[]){0xff, 0xff, 0xe0, 0x00});
    assert_int_equal(c.spn, 524287);
    c = dm_code_from((const uint8_t[]){0x61, 0x02, 0x13, 0x81});
    assert_true(c.spn == 609 && c.fmi == 19 && c.occurrences == 1 && c.converted);
    c = dm_code_from((const uint8_t[]){0x01, 0xf0, 0xee, 0x05});
    assert_true(c.spn == 520193 && c.fmi == 14 && c.occurrences == 5 && !c.converted);
}

static void no_code_has_three_writings(void **state)
{
    char text[64];
    (void)state;

    assert_string_equal(decode("00FF00000000FFFF", true, text, sizeof text), "0/0/0/0");
    assert_string_equal(decode("00FF00000000", true, text, sizeof text), "0/0/0/0");
    assert_string_equal(decode("00FFFFFFFFFFFFFF", true, text, sizeof text), "0/0/0/0");
}

static void a_list_cut_short_says_so(void **state)
{
    static const struct {
        const char *hex;
        bool single;
        const char *expected;
    } cases[] = {
        {"00", true, "nothing"},
        {"", true, "nothing"},
        {"04FF", true, "0/0/1/0!"},
        {"04FFD00709", true, "0/0/1/0!"},
        {"04FFD007097F", true, "0/0/1/0 2000/9/127"},
        {"04FFD007097F61", false, "0/0/1/0 2000/9/127!"},
        {"04FFD007097F610213", false, "0/0/1/0 2000/9/127!"},
        {"04FFD007097F61021300", false, "0/0/1/0 2000/9/127 609/19/0"},
    };
    char text[64];
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(decode(cases[i].hex, cases[i].single, text, sizeof text), cases[i].expected);
}

static void encode(const struct dm_code *c, uint8_t *to)
{
    to[0] = (uint8_t)c->spn;
    to[1] = (uint8_t)(c->spn >> 8);
    to[2] = (uint8_t)(c->spn >> 16 << 5 | c->fmi);
    to[3] = (uint8_t)(c->converted << 7 | c->occurrences);
}

/* Random payloads of each length, in memory of exactly that length: what was decoded are the bytes that were there. */
static void any_payload_decodes_to_its_own_bytes(void **state)
{
    static struct dm dm;
    uint32_t seed = 1;
    (void)state;

    for (size_t n = 0; n <= BOUND_RAW_BYTES; n++) {
        uint8_t *bytes = test_malloc(n + (n == 0)), *at = bytes + 2;

        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
        if (dm_decode(bytes, n, false, &dm)) {
            assert_int_equal(dm.truncated, n < 6 || n % 4 != 2);
            assert_true(dm.count <= DM_CODES);
            for (size_t i = 0; i < dm.count; i++) {
                uint8_t back[4];

                encode(&dm.codes[i], back);
                while (memcmp(at, back, 4) != 0 && at + 4 <= bytes + n)
                    at += 4; /* over codes that say "none" */
                assert_memory_equal(at, back, 4);
                at += 4;
            }
        } else {
            assert_true(n < 2);
        }
        test_free(bytes);
    }
}

/* ---- identification */

static void identification_is_cut_at_its_stars_and_trimmed(void **state)
{
    static const char text[] = "MACK*MP7-355A *  1M123456\xff*\0\0\0 ";
    struct ident id = ident_parse((const uint8_t *)text, sizeof text - 1);
    (void)state;

    assert_int_equal(id.count, 3);
    assert_string_equal(id.fields[0], "MACK");
    assert_string_equal(id.fields[1], "MP7-355A");
    assert_string_equal(id.fields[2], "1M123456");
    assert_string_equal(id.fields[3], "");
    id = ident_parse((const uint8_t *)"a*b*c*d*e*f*g", 13);
    assert_int_equal(id.count, IDENT_FIELDS);
    id = ident_parse((const uint8_t *)"no star", 7);
    assert_string_equal(id.fields[0], "no star");
    assert_int_equal(ident_parse(NULL, 0).count, 0);
}

static void software_fields_are_one_version(void **state)
{
    char version[BOUND_NAME + 1], long_text[200];
    (void)state;

    ident_version((const uint8_t *)"\x02"
                                   "PBT5MPR3*2.1 *",
        15, version);
    assert_string_equal(version, "PBT5MPR3, 2.1");
    ident_version((const uint8_t *)"", 0, version);
    assert_string_equal(version, "");
    memset(long_text, 'x', sizeof long_text);
    for (size_t i = 30; i < sizeof long_text; i += 31)
        long_text[i] = '*';
    ident_version((const uint8_t *)long_text, sizeof long_text, version);
    assert_int_equal(strlen(version), BOUND_NAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_messages_decode_as_published),
        cmocka_unit_test(a_code_has_19_bits_of_spn_and_a_conversion_bit),
        cmocka_unit_test(no_code_has_three_writings),
        cmocka_unit_test(a_list_cut_short_says_so),
        cmocka_unit_test(any_payload_decodes_to_its_own_bytes),
        cmocka_unit_test(identification_is_cut_at_its_stars_and_trimmed),
        cmocka_unit_test(software_fields_are_one_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
