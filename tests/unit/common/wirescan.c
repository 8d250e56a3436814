/* wirescan: what is out of range, unclean or hostile on the wire is refused by name before anything is unpacked. Driven
 * through codec.h, as a peer would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "cleanup.h"
#include "codec.h"
#include "common/wire.h"

static struct wire whole, part, inner;
static struct arena arena;
static struct fail fail;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, malloc(BOUND_ARENA_BYTES), BOUND_ARENA_BYTES);
    return arena.bytes ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(arena.bytes);
    return 0;
}

/* Decodes from a copy of the exact size, so that the address sanitizer sees a read past its end. */
static int decode(const struct wire *w, bool receipt)
{
    autofree uint8_t *bytes = malloc(w->n ? w->n : 1);
    struct receipt r;
    struct uplink u;

    memcpy(bytes, w->bytes, w->n);
    arena_reset(&arena);
    fail = (struct fail){0};
    int rc = receipt ? codec_receipt_decode(bytes, w->n, &arena, &r, &fail)
                     : codec_uplink_decode(bytes, w->n, &arena, &u, &fail);
    if (rc < 0)
        assert_int_equal(arena.used, 0);
    return rc;
}

static void assert_taken(const struct wire *w)
{
    if (decode(w, false) < 0)
        fail_msg("refused: %s", fail.text);
}

static void assert_refused(const struct wire *w, enum fail_code code, const char *because)
{
    assert_int_equal(decode(w, false), -1);
    assert_string_equal(fail.text, because);
    assert_int_equal(fail.code, code);
}

/* ---------------------------------------------------------------- ranges */

/* The least a body needs, without the field under test. */
static void least_body(struct wire *w, uint32_t body, uint32_t without)
{
    w->n = 0;
    if (body == BODY_FAULT)
        wire_key(w);
    if (body == BODY_SNAPSHOT && without != 4)
        wire_number(w, 4, BOUND_MONITOR_FAULTS);
    if (body == BODY_LOSS && without != 1)
        wire_number(w, 1, 1);
    if (body == BODY_LOSS && without != 2)
        wire_number(w, 2, 9);
}

static void numbers_end_at_their_range(void **state)
{
    static const struct {
        uint32_t body, field;
        uint64_t max;
        const char *name;
    } numbers[] = {
        {BODY_FAULT, 3, UINT32_MAX, "fault: mode"},
        {BODY_FAULT, 6, REPORTER_KIND_COUNT - 1, "fault: reporter_kind"},
        {BODY_FAULT, 8, 255, "fault: reporter_address"},
        {BODY_FAULT, 10, FAULT_AGED, "fault: from"},
        {BODY_FAULT, 11, FAULT_AGED, "fault: to"},
        {BODY_FAULT, 12, 255, "fault: uds_status"},
        {BODY_FAULT, 13, 255, "fault: detection_counter"},
        {BODY_FAULT, 14, 4, "fault: severity"},
        {BODY_FAULT, 15, 0x10000, "fault: lamps"},
        {BODY_FAULT, 16, 127, "fault: source_occurrences"},
        {BODY_FAULT, 17, UINT32_MAX, "fault: occurrences"},
        {BODY_FAULT, 18, UINT32_MAX, "fault: flaps"},
        {BODY_FAULT, 19, QUALITY_REPLAYED, "fault: quality"},
        {BODY_FAULT, 20, CLASS_URGENT, "fault: class_hint"},
        {BODY_FAULT, 23, 1, "fault: ambiguous"},
        {BODY_SNAPSHOT, 3, BOUND_MONITOR_FAULTS - 1, "snapshot: part"},
        {BODY_SNAPSHOT, 4, BOUND_MONITOR_FAULTS, "snapshot: parts"},
        {BODY_HEALTH, 1, BOUND_EXACT, "health: interval_ms"},
        {BODY_HEALTH, 4, BOUND_EXACT, "health: cycles"},
        {BODY_HEALTH, 5, BOUND_EXACT, "health: uptime_ms"},
        {BODY_HEALTH, 6, UINT32_MAX, "health: restarts"},
        {BODY_HEALTH, 8, BOUND_EXACT, "health: spool_used_bytes"},
        {BODY_HEALTH, 9, BOUND_EXACT, "health: spool_limit_bytes"},
        {BODY_HEALTH, 10, BOUND_EXACT, "health: dropped_count"},
        {BODY_HEALTH, 11, BOUND_EXACT, "health: refused_count"},
        {BODY_HEALTH, 12, BOUND_EXACT, "health: flash_written_bytes"},
        {BODY_LIFECYCLE, 1, LIFECYCLE_COMMAND, "lifecycle: kind"},
        {BODY_LOSS, 3, LOSS_CORRUPT, "loss: cause"},
        {BODY_LOSS, 4, UINT32_MAX, "loss: faults"},
        {BODY_LOSS, 5, UINT32_MAX, "loss: healths"},
        {BODY_LOSS, 6, UINT32_MAX, "loss: others"},
    };
    char because[128];
    (void)state;

    for (size_t i = 0; i < countof(numbers); i++) {
        for (unsigned above = 0; above < 2; above++) {
            least_body(&part, numbers[i].body, numbers[i].field);
            wire_number(&part, numbers[i].field, numbers[i].max + above);
            wire_uplink_with(&whole, numbers[i].body, &part);
            if (!above) {
                assert_taken(&whole);
                continue;
            }
            snprintf(because, sizeof because, "records[0]: %s: %llu on the wire, at most %llu allowed", numbers[i].name,
                (unsigned long long)numbers[i].max + 1, (unsigned long long)numbers[i].max);
            assert_refused(&whole, FAIL_INPUT, because);
        }
    }
}

/* A varint that a 32-bit field would silently cut to something harmless. */
static void wide_numbers_are_not_cut(void **state)
{
    (void)state;
    wire_key(&part);
    wire_number(&part, 14, (UINT64_C(1) << 32) + 2);
    wire_uplink_with(&whole, BODY_FAULT, &part);
    assert_refused(&whole, FAIL_INPUT, "records[0]: fault: severity: 4294967298 on the wire, at most 4 allowed");
}

/* Writes the stamp into field 4 of the uplink. */
static void assert_stamp(uint32_t field, uint64_t v, const char *because)
{
    part.n = 0;
    wire_number(&part, field, v);
    wire_uplink_head(&whole);
    wire_message(&whole, 4, &part);
    if (because)
        assert_refused(&whole, FAIL_INPUT, because);
    else
        assert_taken(&whole);
}

static void stamps_end_at_their_range(void **state)
{
    (void)state;
    assert_stamp(2, BOUND_EXACT, NULL);
    assert_stamp(
        2, BOUND_EXACT + 1, "anchor: monotonic_ms: 9007199254740993 on the wire, at most 9007199254740992 allowed");
    assert_stamp(3, 2 * BOUND_EXACT, NULL);
    assert_stamp(3, 2 * BOUND_EXACT - 1, NULL);
    assert_stamp(
        3, 2 * BOUND_EXACT + 1, "anchor: wall_ms: 18014398509481985 on the wire, at most 18014398509481984 allowed");
    assert_stamp(4, CLOCK_SYNCED, NULL);
    assert_stamp(4, CLOCK_SYNCED + 1, "anchor: quality: 3 on the wire, at most 2 allowed");
}

static void what_is_required_is_asked_for(void **state)
{
    (void)state;
    whole.n = 0;
    assert_refused(&whole, FAIL_INPUT, "protocol: missing or 0");
    wire_number(&whole, 1, 1);
    assert_refused(&whole, FAIL_INPUT, "epoch: missing or 0");
    wire_fixed64(&whole, 2, 0);
    wire_number(&whole, 3, 1);
    assert_refused(&whole, FAIL_INPUT, "epoch: missing or 0");
    whole.n = 0;
    wire_number(&whole, 1, 1);
    wire_fixed64(&whole, 2, 1);
    wire_number(&whole, 3, 0);
    assert_refused(&whole, FAIL_INPUT, "session: missing or 0");

    part.n = 0;
    wire_uplink_with(&whole, BODY_FAULT, &part);
    assert_refused(&whole, FAIL_INPUT, "records[0]: fault: ns: missing or 0");
    wire_text(&part, 1, "app");
    wire_text(&part, 2, "");
    wire_uplink_with(&whole, BODY_FAULT, &part);
    assert_refused(&whole, FAIL_INPUT, "records[0]: fault: code: missing or 0");
    wire_uplink_head(&whole);
    wire_record_head(&part, BODY_FAULT, 0);
    inner.n = 0;
    wire_key(&inner);
    wire_message(&part, BODY_FAULT, &inner);
    wire_message(&whole, 5, &part);
    assert_refused(&whole, FAIL_INPUT, "records[0]: number: missing or 0");
}

static void another_protocol_is_newer(void **state)
{
    (void)state;
    whole.n = 0;
    wire_number(&whole, 1, 2);
    wire_span(&whole, 2, "another world", 13);
    assert_refused(&whole, FAIL_NEWER, "protocol: not 1");
    assert_int_equal(decode(&whole, true), -1);
    assert_int_equal(fail.code, FAIL_NEWER);
}

/* ---------------------------------------------------------------- texts and doubles */

static void texts_are_clean_utf8(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        const char *because; /* NULL = taken */
    } texts[] = {
        {"compressor", 10, NULL},
        {"\xe5\x8e\x8b\xe7\xbc\xa9\xe6\x9c\xba", 9, NULL},
        {"\xf0\x9d\x84\x9e", 4, NULL},
        {"\xf4\x8f\xbf\xbf", 4, NULL},
        {"\xc2\xa0", 2, NULL},
        {"a\0b", 3, "byte 0x00 at 1, not clean UTF-8"},
        {"\n", 1, "byte 0x0a at 0, not clean UTF-8"},
        {"ab\x1b[2J", 6, "byte 0x1b at 2, not clean UTF-8"},
        {"\x7f", 1, "byte 0x7f at 0, not clean UTF-8"},
        {"\xc2\x9b", 2, "byte 0xc2 at 0, not clean UTF-8"}, /* CSI of the C1 controls */
        {"\x80", 1, "byte 0x80 at 0, not clean UTF-8"},
        {"\xc0\xaf", 2, "byte 0xc0 at 0, not clean UTF-8"},         /* overlong '/' */
        {"\xe0\x80\xaf", 3, "byte 0xe0 at 0, not clean UTF-8"},     /* the same */
        {"\xed\xa0\x80", 3, "byte 0xed at 0, not clean UTF-8"},     /* surrogate */
        {"\xf4\x90\x80\x80", 4, "byte 0xf4 at 0, not clean UTF-8"}, /* above U+10FFFF */
        {"\xff", 1, "byte 0xff at 0, not clean UTF-8"},
        {"x\xe5\x8e", 3, "byte 0xe5 at 1, not clean UTF-8"}, /* cut in the middle */
        {"\xe5\x8e.", 3, "byte 0xe5 at 0, not clean UTF-8"},
        {"\xf0\x9d\x84.", 4, "byte 0xf0 at 0, not clean UTF-8"},
    };
    char because[128];
    (void)state;

    for (size_t i = 0; i < countof(texts); i++) {
        wire_key(&part);
        wire_span(&part, 4, texts[i].text, texts[i].n);
        wire_uplink_with(&whole, BODY_FAULT, &part);
        snprintf(because, sizeof because, "records[0]: fault: component: %s", texts[i].because);
        if (texts[i].because)
            assert_refused(&whole, FAIL_INPUT, because);
        else
            assert_taken(&whole);
    }
}

static void keys_have_their_alphabets(void **state)
{
    static const struct {
        uint32_t field;
        const char *text, *because;
    } texts[] = {
        {1, "hvac:Gree:U-2_x.y", NULL},
        {1, "a b", "records[0]: fault: ns: byte 0x20, only letters, digits and ._-: allowed"},
        {1, "caf\xc3\xa9", "records[0]: fault: ns: byte 0xc3, only letters, digits and ._-: allowed"},
        {2, "P0301-1A.x_y", NULL},
        {2, "a:b", "records[0]: fault: code: byte 0x3a, only letters, digits and ._- allowed"},
        {2, "a/b", "records[0]: fault: code: byte 0x2f, only letters, digits and ._- allowed"},
        {5, "can0:1", NULL},
        {5, "can 0", "records[0]: fault: bus: byte 0x20, only letters, digits and ._-: allowed"},
    };
    (void)state;

    for (size_t i = 0; i < countof(texts); i++) {
        part.n = 0;
        if (texts[i].field != 1)
            wire_text(&part, 1, "app");
        if (texts[i].field != 2)
            wire_text(&part, 2, "E6");
        wire_text(&part, texts[i].field, texts[i].text);
        wire_uplink_with(&whole, BODY_FAULT, &part);
        if (texts[i].because)
            assert_refused(&whole, FAIL_INPUT, texts[i].because);
        else
            assert_taken(&whole);
    }
}

static void only_finite_doubles_pass(void **state)
{
    static const struct {
        uint64_t bits;
        bool finite;
    } doubles[] = {
        {0x7fefffffffffffff, true},  /* the highest */
        {0x0000000000000001, true},  /* the least above 0 */
        {0x8000000000000000, true},  /* -0 */
        {0x7ff0000000000000, false}, /* infinity */
        {0xfff0000000000000, false},
        {0x7ff8000000000000, false}, /* not a number, quiet and signalling */
        {0x7ff0000000000001, false},
    };
    (void)state;

    for (size_t i = 0; i < countof(doubles); i++) {
        inner.n = part.n = 0;
        wire_text(&inner, 1, "rpm");
        wire_fixed64(&inner, 3, doubles[i].bits);
        wire_message(&part, 2, &inner);
        wire_uplink_with(&whole, BODY_HEALTH, &part);
        if (doubles[i].finite)
            assert_taken(&whole);
        else
            assert_refused(&whole, FAIL_INPUT, "records[0]: health: measures[0]: mean: not a finite number");
    }
}

/* ---------------------------------------------------------------- hostile bytes */

static void deep_nesting_is_not_followed(void **state)
{
    enum { LEVELS = 10000 };
    static uint8_t nested[4 * LEVELS];
    size_t n = sizeof nested, inside = 0, small = 0;
    (void)state;

    /* From the inside out: field 1, length of all that is inside. */
    for (unsigned i = 0; i < LEVELS; i++) {
        struct wire level = {.n = 0};

        wire_tag(&level, 1, 2);
        wire_varint(&level, inside);
        n -= level.n;
        memcpy(nested + n, level.bytes, level.n);
        inside += level.n;
        if (inside < 1000)
            small = inside;
    }
    wire_uplink_head(&whole);
    wire_bytes(&whole, nested + n, sizeof nested - n);
    assert_int_equal(decode(&whole, false), -1);
    assert_int_equal(fail.code, FAIL_LIMIT); /* larger than an uplink may be */

    /* As a fault whose first field, a text, claims to hold a fault, and so on: a few hundred levels. */
    part.n = 0;
    wire_bytes(&part, nested + sizeof nested - small, small);
    wire_uplink_with(&whole, BODY_FAULT, &part);
    assert_int_equal(decode(&whole, false), -1);
    assert_int_equal(fail.code, FAIL_LIMIT);
    assert_memory_equal(fail.text, "records[0]: fault: ns: ", 23);

    /* Unknown fields are not followed at all. */
    wire_uplink_head(&whole);
    wire_span(&whole, 100, nested + sizeof nested - small, small);
    assert_taken(&whole);
}

static void the_schemas_own_fifth_level_is_refused(void **state)
{
    (void)state;
    wire_key(&inner);
    wire_span(&inner, 21, "\n\1a", 3);
    part.n = 0;
    wire_number(&part, 4, 1);
    wire_message(&part, 1, &inner);
    wire_uplink_with(&whole, BODY_SNAPSHOT, &part);
    assert_refused(&whole, FAIL_LIMIT, "records[0]: snapshot: faults[0]: frame[0]: nested deeper than 4");
}

static void unknown_fields_have_a_budget(void **state)
{
    static const uint8_t zeros[BOUND_WIRE_UNKNOWN_BYTES];
    (void)state;

    wire_uplink_head(&whole);
    wire_span(&whole, 7, zeros, BOUND_WIRE_UNKNOWN_BYTES - 3); /* tag and length are 3 bytes */
    assert_taken(&whole);
    wire_key(&part);
    wire_number(&part, 24, 0); /* 3 bytes in a fault, counted together with the rest */
    wire_uplink_with(&whole, BODY_FAULT, &part);
    assert_taken(&whole);
    wire_span(&whole, 7, zeros, BOUND_WIRE_UNKNOWN_BYTES - 3 - 3);
    assert_taken(&whole);
    wire_span(&whole, 7, zeros, 0);
    assert_refused(&whole, FAIL_LIMIT, "unknown fields: more than 1024 bytes");

    wire_uplink_head(&whole);
    for (unsigned i = 0; i < 8000; i++)
        wire_number(&whole, 15, 0);
    assert_refused(&whole, FAIL_LIMIT, "unknown fields: more than 1024 bytes");
}

static void lists_end_at_their_caps(void **state)
{
    static const struct {
        uint32_t body, field;
        unsigned max;
        const char *item, *because;
    } lists[] = {
        {BODY_FAULT, 21, BOUND_FRAME_VALUES, "\n\1a", "records[0]: fault: frame: more than 32"},
        {BODY_SNAPSHOT, 1, BOUND_SNAPSHOT_FAULTS, "\n\1a\x12\1b", "records[0]: snapshot: faults: more than 64"},
        {BODY_HEALTH, 2, BOUND_HEALTH_MEASURES, "\n\1a", "records[0]: health: measures: more than 48"},
        {BODY_INVENTORY, 5, BOUND_FIRMWARE, "", "records[0]: inventory: firmware: more than 32"},
        {BODY_INVENTORY, 6, BOUND_PARTS, "", "records[0]: inventory: parts: more than 32"},
    };
    (void)state;

    for (size_t i = 0; i < countof(lists); i++) {
        least_body(&part, lists[i].body, 0);
        for (unsigned k = 0; k < lists[i].max; k++)
            wire_text(&part, lists[i].field, lists[i].item);
        wire_uplink_with(&whole, lists[i].body, &part);
        assert_taken(&whole);
        wire_text(&part, lists[i].field, lists[i].item);
        wire_uplink_with(&whole, lists[i].body, &part);
        assert_refused(&whole, FAIL_LIMIT, lists[i].because);
    }
    wire_uplink_head(&whole);
    for (unsigned k = 1; k <= BOUND_UPLINK_RECORDS + 1; k++) {
        wire_record_head(&part, BODY_LIFECYCLE, k);
        wire_text(&part, BODY_LIFECYCLE, "");
        wire_message(&whole, 5, &part);
        if (k == BOUND_UPLINK_RECORDS)
            assert_taken(&whole);
    }
    assert_refused(&whole, FAIL_LIMIT, "records: more than 64");
}

/* Empty sub-messages cost two bytes on the wire and hundreds unpacked. */
static void a_bomb_of_empty_messages_is_refused(void **state)
{
    (void)state;
    wire_uplink_head(&whole);
    while (whole.n < BOUND_UPLINK_BYTES - 2)
        wire_text(&whole, 5, "");
    assert_int_equal(decode(&whole, false), -1);
    wire_receipt_head(&whole);
    while (whole.n < BOUND_RECEIPT_BYTES - 2)
        wire_text(&whole, 4, "");
    assert_int_equal(decode(&whole, true), -1);
}

static void sizes_end_at_their_caps(void **state)
{
    static char text[BOUND_UPLINK_BYTES];
    (void)state;

    memset(text, 'a', sizeof text);
    wire_key(&part);
    wire_span(&part, 22, text, BOUND_RAW_BYTES);
    wire_uplink_with(&whole, BODY_FAULT, &part);
    assert_taken(&whole);
    wire_key(&part);
    wire_span(&part, 22, text, BOUND_RAW_BYTES + 1);
    wire_uplink_with(&whole, BODY_FAULT, &part);
    assert_refused(&whole, FAIL_LIMIT, "records[0]: fault: raw: 1786 bytes, at most 1785 allowed");

    wire_record_head(&part, BODY_LIFECYCLE, 1);
    wire_text(&part, BODY_LIFECYCLE, "");
    wire_span(&part, 99, text, BOUND_RECORD_BYTES + 1 - part.n - 4);
    wire_uplink_head(&whole);
    wire_message(&whole, 5, &part);
    assert_refused(&whole, FAIL_LIMIT, "records[0]: 4097 bytes, at most 4096 allowed");

    whole.n = BOUND_UPLINK_BYTES + 1;
    memset(whole.bytes, 1, whole.n);
    assert_refused(&whole, FAIL_LIMIT, "16385 bytes, at most 16384 allowed");
}

static void malformed_bytes_are_refused(void **state)
{
    static const struct {
        const char *bytes; /* behind a good head */
        size_t n;
        const char *because;
    } cases[] = {
        {"\x80", 1, "cut short or malformed"},
        {"\x80\x80\x80\x80\x80\x01", 6, "cut short or malformed"},     /* a tag of 6 bytes */
        {"\xff\xff\xff\xff\x7f\x00", 6, "cut short or malformed"},     /* a tag above 32 bits */
        {"\x00\x00", 2, "unknown field 0: cut short or malformed"},    /* field number 0 */
        {"\x3b\x3c", 2, "unknown field 7: cut short or malformed"},    /* a group */
        {"\x3e", 1, "unknown field 7: cut short or malformed"},        /* wire type 6 */
        {"\xb8\x80\x80\x80\x80\x00\x00", 7, "cut short or malformed"}, /* a tag padded to 6 bytes */
        {"\x3a\x05zzzz", 6, "unknown field 7: cut short or malformed"},
        {"\x39zzzzzzz", 8, "unknown field 7: cut short or malformed"},
        {"\x3dzzz", 4, "unknown field 7: cut short or malformed"},
        {"\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11, "unknown field 7: cut short or malformed"},
        {"\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, "unknown field 7: cut short or malformed"},
        {"\x2a\xff\xff\xff\xff\xff\x01", 7, "records[0]: cut short or malformed"},
        {"\x2a\x7f", 2, "records[0]: cut short or malformed"},
        {"\x22\x01\x10", 3, "anchor: monotonic_ms: cut short or malformed"},
        {"\x22\x03\x09zz", 5, "anchor: boot: cut short or malformed"},
        {"\x28\x01", 2, "records[0]: wire type 0 instead of 2"},
        {"\x32\x03\x01\x01\x01", 5, "death: wire type 2 instead of 0"}, /* packed varints */
        {"\x30\x00\x30\x01", 4, "death: given twice"},
        {"\x22\x00\x22\x00", 4, "anchor: given twice"},
        {"\x2a\x02\x10\x09", 4, "records[0]: body: 0 of the known kinds stand, not 1"},
        {"\x2a\x06\x10\x09\x72\x00\x62\x00", 8, "records[0]: body: 2 of the known kinds stand, not 1"},
        {"\x2a\x06\x10\x09\x72\x00\x72\x00", 8, "records[0]: lifecycle: given twice"},
        {"\x2a\x06\x10\x09\x82\x01\x00\x00", 8, "records[0]: unknown field 0: cut short or malformed"},
    };
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        wire_uplink_head(&whole);
        wire_bytes(&whole, cases[i].bytes, cases[i].n);
        assert_refused(&whole, FAIL_INPUT, cases[i].because);
    }
}

static void receipts_are_held_to_the_table_too(void **state)
{
    static const struct {
        uint32_t field;
        const char *bytes;
        size_t n;
        const char *because;
    } cases[] = {
        {3, "\x08\x02\x10\x01", 4, "lanes[0]: lane: 2 on the wire, at most 1 allowed"},
        {3, "\x08\x01", 2, "lanes[0]: next: missing or 0"},
        {4, "\x10\x01\x18\x06", 4, "verdicts[0]: kind: 6 on the wire, at most 5 allowed"},
        {4, "\x18\x01", 2, "verdicts[0]: number: missing or 0"},
        {4, "\x10\x01\x32\x01\x07", 5, "verdicts[0]: reason: byte 0x07 at 0, not clean UTF-8"},
        {6, "\x18\x01", 2, "commands[0]: id: missing or 0"},
        {6, "\x09zzzzzzzz", 9, "commands[0]: what: 0 of the known kinds stand, not 1"},
        {6, "\x09zzzzzzzz\x18\x01\x2a\x03\x0a\x01x", 16, "commands[0]: what: 2 of the known kinds stand, not 1"},
        {6, "\x09zzzzzzzz\x18\x00", 11, "commands[0]: snapshot: missing or 0"},
        {6, "\x09zzzzzzzz\x2a\x00", 11, "commands[0]: settings: text: missing or 0"},
        {6, "\x09zzzzzzzz\x2a\x03\x0a\x01\x00", 14, "commands[0]: settings: text: byte 0x00 at 0, not clean UTF-8"},
    };
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        wire_receipt_head(&whole);
        wire_span(&whole, cases[i].field, cases[i].bytes, cases[i].n);
        assert_int_equal(decode(&whole, true), -1);
        assert_string_equal(fail.text, cases[i].because);
    }
    wire_receipt_head(&whole);
    wire_text(&whole, 6,
        "\x09zzzzzzzz\x2a\x06\x0a\x04"
        "a\n\tb");
    assert_int_equal(decode(&whole, true), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_end_at_their_range),
        cmocka_unit_test(wide_numbers_are_not_cut),
        cmocka_unit_test(stamps_end_at_their_range),
        cmocka_unit_test(what_is_required_is_asked_for),
        cmocka_unit_test(another_protocol_is_newer),
        cmocka_unit_test(texts_are_clean_utf8),
        cmocka_unit_test(keys_have_their_alphabets),
        cmocka_unit_test(only_finite_doubles_pass),
        cmocka_unit_test(deep_nesting_is_not_followed),
        cmocka_unit_test(the_schemas_own_fifth_level_is_refused),
        cmocka_unit_test(unknown_fields_have_a_budget),
        cmocka_unit_test(lists_end_at_their_caps),
        cmocka_unit_test(a_bomb_of_empty_messages_is_refused),
        cmocka_unit_test(sizes_end_at_their_caps),
        cmocka_unit_test(malformed_bytes_are_refused),
        cmocka_unit_test(receipts_are_held_to_the_table_too),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
