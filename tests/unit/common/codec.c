/* codec: what is encoded comes back the same; what is hostile is refused by name, and costs no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "cleanup.h"
#include "codec.h"
#include "common/samples.h"

enum { BIG_ARENA = 4 * 1024 * 1024 };

static struct arena made, decoded; /* what a test makes, and what it decodes into */
static struct fail fail;

static int set_up(void **state)
{
    (void)state;
    arena_init(&made, malloc(BIG_ARENA), BIG_ARENA);
    arena_init(&decoded, malloc(BOUND_ARENA_BYTES), BOUND_ARENA_BYTES);
    fail = (struct fail){0};
    return made.bytes && decoded.bytes ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(made.bytes);
    free(decoded.bytes);
    return 0;
}

static void assert_ok(int rc)
{
    if (rc != 0)
        fail_msg("refused: %s", fail.text);
}

static void assert_same_record(const struct record *a, const struct record *b)
{
    static struct shown x, y;

    x.n = y.n = 0;
    show_record(&x, a);
    show_record(&y, b);
    assert_string_equal(x.text, y.text);
}

static void any_record_comes_back_as_it_was(void **state)
{
    uint8_t bytes[BOUND_RECORD_BYTES];
    struct seed seed = {1};
    size_t n;
    (void)state;

    for (unsigned i = 0; i < 6000; i++) {
        struct record back,
            r = seed_record(&seed, &made, i % RECORD_KIND_COUNT, 1 + seed_number(&seed, BOUND_EXACT - 2));

        if (codec_record_encode(&r, bytes, sizeof bytes, &n, &fail) < 0) {
            assert_int_equal(fail.code, FAIL_LIMIT); /* some grow above BOUND_RECORD_BYTES */
        } else {
            assert_ok(codec_record_decode(bytes, n, &decoded, &back, &fail));
            assert_same_record(&r, &back);
            assert_ptr_equal(back.encoded, bytes);
            assert_int_equal(back.encoded_bytes, n);
        }
        arena_reset(&made);
        arena_reset(&decoded);
    }
}

static void a_record_under_a_lower_number_is_what_encoding_it_gives(void **state)
{
    static const uint64_t numbers[] = {1, 2, 0x7f, 0x80, 0x3fff, 0x4000, BOUND_EXACT - 1};
    uint8_t bytes[BOUND_RECORD_BYTES], expected[BOUND_RECORD_BYTES];
    struct seed seed = {9};
    size_t n, expected_n;
    (void)state;

    for (unsigned i = 0; i < 400; i++) {
        uint64_t from = numbers[seed_below(&seed, countof(numbers))], to = 1 + seed_number(&seed, from - 1);
        struct record r = seed_record(&seed, &made, i % RECORD_LOSS, from);

        if (codec_record_encode(&r, bytes, sizeof bytes, &n, &fail) == 0) {
            r.number = to;
            assert_ok(codec_record_encode(&r, expected, sizeof expected, &expected_n, &fail));
            assert_int_equal(codec_record_renumber(bytes, n, to), expected_n);
            assert_memory_equal(bytes, expected, expected_n);
        }
        arena_reset(&made);
    }
}

static void any_receipt_comes_back_as_it_was(void **state)
{
    static struct shown x, y;
    uint8_t bytes[BOUND_RECEIPT_BYTES];
    struct seed seed = {2};
    size_t n;
    (void)state;

    for (unsigned i = 0; i < 1000; i++) {
        struct receipt back, r = seed_receipt(&seed, &made);

        assert_ok(codec_receipt_encode(&r, bytes, sizeof bytes, &n, &fail));
        assert_ok(codec_receipt_decode(bytes, n, &decoded, &back, &fail));
        x.n = y.n = 0;
        show_receipt(&x, &r);
        show_receipt(&y, &back);
        assert_string_equal(x.text, y.text);
        arena_reset(&made);
        arena_reset(&decoded);
    }
}

static const struct uplink head = {.epoch = 0xfeedfacecafebeef,
    .session = 7,
    .anchor = {.boot = 0x1234, .mono.ms = 5000, .wall.ms = 1578416551120, .quality = CLOCK_SYNCED}};

static void an_uplink_keeps_each_record_and_its_bytes(void **state)
{
    uint8_t bytes[BOUND_UPLINK_BYTES], one[BOUND_RECORD_BYTES];
    struct seed seed = {3};
    (void)state;

    for (unsigned round = 0; round < 200; round++) {
        struct record records[BOUND_UPLINK_RECORDS];
        struct uplink u;
        size_t used = codec_uplink_begin(&head, bytes, sizeof bytes), count = 0, n, grown;

        while (count < BOUND_UPLINK_RECORDS) {
            records[count] =
                seed_record(&seed, &made, (enum record_kind)seed_below(&seed, RECORD_KIND_COUNT), count + 1);
            if (codec_record_encode(&records[count], one, sizeof one, &n, &fail) < 0)
                continue;
            if (!(grown = codec_uplink_add(bytes, used, sizeof bytes, one, n)))
                break;
            used = grown;
            count++;
        }
        assert_ok(codec_uplink_decode(bytes, used, &decoded, &u, &fail));
        assert_true(u.epoch == head.epoch && u.session == 7 && !u.death && u.anchor.wall.ms == head.anchor.wall.ms);
        assert_int_equal(u.record_count, count);
        for (size_t i = 0; i < count; i++) {
            struct record again;

            assert_same_record(&records[i], &u.records[i]);
            assert_true(u.records[i].encoded > bytes && u.records[i].encoded < bytes + used);
            assert_ok(codec_record_decode(u.records[i].encoded, u.records[i].encoded_bytes, &made, &again, &fail));
            assert_same_record(&records[i], &again);
        }
        arena_reset(&made);
        arena_reset(&decoded);
    }
}

/* Fills an uplink with `firsts` copies of first, then copies of rest, numbered on; returns its length. */
static size_t fill_uplink(struct record *first, unsigned firsts, struct record *rest, uint8_t *bytes, size_t cap)
{
    uint8_t one[BOUND_RECORD_BYTES];
    size_t used = codec_uplink_begin(&head, bytes, cap), n, grown;

    for (unsigned i = 0; i < BOUND_UPLINK_RECORDS; i++) {
        struct record *r = i < firsts ? first : rest;

        r->number = i + 1;
        assert_ok(codec_record_encode(r, one, sizeof one, &n, &fail));
        if (!(grown = codec_uplink_add(bytes, used, cap, one, n)))
            break;
        used = grown;
    }
    return used;
}

/* An honest message must never be refused for the size of its decoded form, or its lane would stand still. These are the
 * records with the most decoded bytes for each byte on the wire. */
static void the_arena_has_room_for_the_worst_that_encodes(void **state)
{
    const struct fault_report small = {.key = {.bus = "", .ns = "a", .code = "1", .component = ""},
        .subject = "",
        .lamps = LAMPS_NONE,
        .source_occurrences = OCCURRENCES_NONE};
    struct fault_report faults[BOUND_SNAPSHOT_FAULTS];
    struct frame_value frame[BOUND_FRAME_VALUES];
    struct measure measures[BOUND_HEALTH_MEASURES];
    struct firmware firmware[BOUND_FIRMWARE];
    struct part parts[BOUND_PARTS];
    uint8_t bytes[BOUND_UPLINK_BYTES];
    struct uplink u;
    (void)state;

    for (size_t i = 0; i < countof(faults); i++)
        faults[i] = small;
    for (size_t i = 0; i < countof(frame); i++)
        frame[i] = (struct frame_value){"a", 0, ""};
    for (size_t i = 0; i < countof(measures); i++)
        measures[i] = (struct measure){.name = "a", .unit = ""};
    for (size_t i = 0; i < countof(parts); i++) {
        firmware[i] = (struct firmware){"", ""};
        parts[i] = (struct part){"", "", "", "", "", "", ""};
    }
    struct record worst[] = {
        {.behind = "", .kind = RECORD_SNAPSHOT, .snapshot = {faults, countof(faults), 0, 0, 1}},
        {.behind = "", .kind = RECORD_FAULT, .fault = small},
        {.behind = "",
            .lane = LANE_HEALTH,
            .kind = RECORD_HEALTH,
            .health = {.measures = measures, .measure_count = countof(measures), .restart_reason = ""}},
        {.behind = "",
            .kind = RECORD_INVENTORY,
            .inventory = {"", "", "", "", firmware, countof(firmware), parts, countof(parts)}},
    };
    worst[1].fault.frame = frame;
    worst[1].fault.frame_count = countof(frame);
    /* Inventories cost most for a byte, but 64 of them leave room; snapshots fill it. */
    static const struct {
        unsigned first, rest, firsts;
    } mixes[] = {{0, 0, 0}, {1, 1, 0}, {2, 2, 0}, {3, 3, 0}, {3, 0, 30}, {3, 0, 42}, {3, 0, 50}, {2, 3, 2}};

    for (size_t i = 0; i < countof(mixes); i++) {
        struct record *first = &worst[mixes[i].first], *rest = &worst[mixes[i].rest];
        size_t n = fill_uplink(first, mixes[i].firsts, rest, bytes, sizeof bytes);

        assert_ok(codec_uplink_decode(bytes, n, &decoded, &u, &fail));
        print_message("%u %s, %s: %zu bytes on the wire, %zu decoded\n", mixes[i].firsts, record_word(first->kind),
            record_word(rest->kind), n, decoded.used);
        arena_reset(&decoded);
    }
}

/* ---------------------------------------------------------------- caps on the way out */

/* A record of each kind whose texts a test may set. */
static struct frame_value a_value;
static struct measure a_measure;
static struct firmware a_firmware;
static struct part a_part;
static struct record a_fault, a_health, an_inventory, a_lifecycle;

static void make_samples(void)
{
    a_value = (struct frame_value){"rpm", 1, ""};
    a_measure = (struct measure){.name = "rpm", .unit = ""};
    a_firmware = (struct firmware){"", ""};
    a_part = (struct part){"", "", "", "", "", "", ""};
    a_fault = (struct record){.number = 1, .behind = "", .kind = RECORD_FAULT};
    a_fault.fault = (struct fault_report){.key = {.bus = "", .ns = "app", .code = "E6", .component = ""},
        .subject = "",
        .lamps = LAMPS_NONE,
        .source_occurrences = OCCURRENCES_NONE,
        .frame = &a_value,
        .frame_count = 1};
    a_health = (struct record){.lane = LANE_HEALTH, .number = 1, .behind = "", .kind = RECORD_HEALTH};
    a_health.health = (struct health){.measures = &a_measure, .measure_count = 1, .restart_reason = ""};
    an_inventory = (struct record){.number = 1, .behind = "", .kind = RECORD_INVENTORY};
    an_inventory.inventory = (struct inventory){"", "", "", "", &a_firmware, 1, &a_part, 1};
    a_lifecycle = (struct record){.number = 1, .behind = "", .kind = RECORD_LIFECYCLE, .lifecycle = {0, "", ""}};
}

static void texts_end_at_their_caps(void **state)
{
    static const struct {
        const struct record *record;
        const char **text;
        size_t max;
        const char *name;
    } texts[] = {
        {&a_fault, &a_fault.behind, BOUND_DEVICE_ID, "behind"},
        {&a_fault, &a_fault.fault.key.ns, BOUND_NAMESPACE, "fault: ns"},
        {&a_fault, &a_fault.fault.key.code, BOUND_CODE, "fault: code"},
        {&a_fault, &a_fault.fault.key.component, BOUND_COMPONENT, "fault: component"},
        {&a_fault, &a_fault.fault.key.bus, BOUND_BUS, "fault: bus"},
        {&a_fault, &a_fault.fault.subject, BOUND_COMPONENT, "fault: subject"},
        {&a_fault, &a_value.name, BOUND_NAME, "fault: frame[0]: name"},
        {&a_fault, &a_value.unit, BOUND_UNIT, "fault: frame[0]: unit"},
        {&a_health, &a_health.health.restart_reason, BOUND_REASON, "health: restart_reason"},
        {&a_health, &a_measure.name, BOUND_NAME, "health: measures[0]: name"},
        {&a_health, &a_measure.unit, BOUND_UNIT, "health: measures[0]: unit"},
        {&an_inventory, &an_inventory.inventory.product_line, BOUND_NAME, "inventory: product_line"},
        {&an_inventory, &an_inventory.inventory.model, BOUND_NAME, "inventory: model"},
        {&an_inventory, &an_inventory.inventory.serial, BOUND_NAME, "inventory: serial"},
        {&an_inventory, &an_inventory.inventory.hardware, BOUND_NAME, "inventory: hardware"},
        {&an_inventory, &a_firmware.component, BOUND_NAME, "inventory: firmware[0]: component"},
        {&an_inventory, &a_firmware.version, BOUND_NAME, "inventory: firmware[0]: version"},
        {&an_inventory, &a_part.position, BOUND_NAME, "inventory: parts[0]: position"},
        {&an_inventory, &a_part.part_no, BOUND_NAME, "inventory: parts[0]: part_no"},
        {&an_inventory, &a_part.serial, BOUND_NAME, "inventory: parts[0]: serial"},
        {&an_inventory, &a_part.supplier, BOUND_NAME, "inventory: parts[0]: supplier"},
        {&an_inventory, &a_part.lot, BOUND_NAME, "inventory: parts[0]: lot"},
        {&an_inventory, &a_part.made_date, BOUND_NAME, "inventory: parts[0]: made_date"},
        {&an_inventory, &a_part.source, BOUND_NAME, "inventory: parts[0]: source"},
        {&a_lifecycle, &a_lifecycle.lifecycle.detail, BOUND_REASON, "lifecycle: detail"},
        {&a_lifecycle, &a_lifecycle.lifecycle.version, BOUND_NAME, "lifecycle: version"},
    };
    uint8_t bytes[BOUND_RECORD_BYTES];
    char text[256], because[128];
    struct record back;
    size_t n;
    (void)state;

    for (size_t i = 0; i < countof(texts); i++) {
        make_samples();
        memset(text, 'a', sizeof text);
        text[texts[i].max] = '\0';
        *texts[i].text = text;
        assert_ok(codec_record_encode(texts[i].record, bytes, sizeof bytes, &n, &fail));
        assert_ok(codec_record_decode(bytes, n, &decoded, &back, &fail));
        assert_same_record(texts[i].record, &back);
        text[texts[i].max] = 'a';
        text[texts[i].max + 1] = '\0';
        snprintf(because, sizeof because, "%s: %zu bytes, at most %zu allowed", texts[i].name, texts[i].max + 1,
            texts[i].max);
        assert_int_equal(codec_record_encode(texts[i].record, bytes, sizeof bytes, &n, &fail), -1);
        assert_int_equal(fail.code, FAIL_LIMIT);
        assert_string_equal(fail.text, because);
    }
}

static void assert_not_encoded(const struct record *r, enum fail_code code, const char *because)
{
    uint8_t bytes[BOUND_RECORD_BYTES];
    size_t n = 77;

    assert_int_equal(codec_record_encode(r, bytes, sizeof bytes, &n, &fail), -1);
    assert_string_equal(fail.text, because);
    assert_int_equal(fail.code, code);
    assert_int_equal(n, 77);
}

/* The lists' items are not looked at before their count was. */
static void long_lists_are_not_encoded(void **state)
{
    (void)state;
    make_samples();
    a_fault.fault.frame_count = BOUND_FRAME_VALUES + 1;
    assert_not_encoded(&a_fault, FAIL_LIMIT, "fault: frame: 33, at most 32 allowed");
    a_health.health.measure_count = BOUND_HEALTH_MEASURES + 1;
    assert_not_encoded(&a_health, FAIL_LIMIT, "health: measures: 49, at most 48 allowed");
    an_inventory.inventory.part_count = SIZE_MAX;
    assert_not_encoded(&an_inventory, FAIL_LIMIT, "inventory: parts: 18446744073709551615, at most 32 allowed");
    an_inventory.inventory.firmware_count = BOUND_FIRMWARE + 1;
    assert_not_encoded(&an_inventory, FAIL_LIMIT, "inventory: firmware: 33, at most 32 allowed");
    a_fault.kind = RECORD_SNAPSHOT;
    a_fault.snapshot = (struct snapshot){.fault_count = BOUND_SNAPSHOT_FAULTS + 1, .parts = 1};
    assert_not_encoded(&a_fault, FAIL_LIMIT, "snapshot: faults: 65, at most 64 allowed");
}

/* The agent's own mistakes stop at its own door, where they can still be told. */
static void what_would_be_refused_is_not_encoded(void **state)
{
    (void)state;
    make_samples();
    a_measure.mean = (double)NAN;
    assert_not_encoded(&a_health, FAIL_INPUT, "health: measures[0]: mean: not a finite number");
    a_fault.fault.severity = 5;
    assert_not_encoded(&a_fault, FAIL_INPUT, "fault: severity: 5 on the wire, at most 4 allowed");
    make_samples();
    a_fault.fault.lamps = -2;
    assert_not_encoded(&a_fault, FAIL_INPUT, "fault: lamps: 4294967295 on the wire, at most 65536 allowed");
    make_samples();
    a_fault.fault.key.code = "";
    assert_not_encoded(&a_fault, FAIL_INPUT, "fault: code: missing or 0");
    make_samples();
    a_fault.number = 0;
    assert_not_encoded(&a_fault, FAIL_INPUT, "number: missing or 0");
    make_samples();
    a_fault.stamp.mono.ms = -1;
    assert_not_encoded(&a_fault, FAIL_INPUT,
        "stamp: monotonic_ms: 18446744073709551615 on the wire, at most 9007199254740992 allowed");
}

static void nothing_is_written_beyond_the_buffer(void **state)
{
    uint8_t bytes[BOUND_RECORD_BYTES], message[BOUND_UPLINK_BYTES];
    size_t n, used, grown;
    (void)state;

    make_samples();
    assert_ok(codec_record_encode(&a_fault, bytes, sizeof bytes, &n, &fail));
    for (size_t cap = 0; cap < n; cap++) {
        autofree uint8_t *exact = malloc(cap ? cap : 1);

        assert_int_equal(codec_record_encode(&a_fault, exact, cap, &used, &fail), -1);
        assert_int_equal(fail.code, FAIL_LIMIT);
    }
    size_t head_bytes = codec_uplink_begin(&head, message, sizeof message);
    for (size_t cap = 0; cap < head_bytes; cap++) {
        autofree uint8_t *exact = malloc(cap ? cap : 1);

        assert_int_equal(codec_uplink_begin(&head, exact, cap), 0);
    }
    grown = codec_uplink_add(message, head_bytes, sizeof message, bytes, n);
    assert_int_equal(grown, head_bytes + 2 + n);
    assert_int_equal(codec_uplink_add(message, head_bytes, grown - 1, bytes, n), 0);
    assert_int_equal(codec_uplink_add(message, head_bytes, grown, bytes, n), grown);
    assert_int_equal(codec_uplink_add(message, BOUND_UPLINK_BYTES - n - 1, SIZE_MAX, bytes, n), 0);
    assert_int_equal(codec_uplink_add(message, 0, sizeof message, message, BOUND_RECORD_BYTES + 1), 0);
}

/* ---------------------------------------------------------------- damaged messages */

/* A message with one record of each kind. */
static size_t make_message(struct seed *seed, uint8_t *bytes, size_t cap)
{
    uint8_t one[BOUND_RECORD_BYTES];
    size_t used = codec_uplink_begin(&head, bytes, cap), n, grown;

    for (unsigned i = 0; i < RECORD_KIND_COUNT; i++) {
        struct record r = seed_record(seed, &made, (enum record_kind)i, i + 1);

        if (codec_record_encode(&r, one, sizeof one, &n, &fail) == 0 &&
            (grown = codec_uplink_add(bytes, used, cap, one, n)))
            used = grown;
    }
    arena_reset(&made);
    return used;
}

/* Decodes a copy of the exact size, so that the address sanitizer sees a read past the end. */
static int decode_exact(const uint8_t *bytes, size_t n, struct uplink *ret)
{
    autofree uint8_t *exact = malloc(n ? n : 1);

    memcpy(exact, bytes, n);
    arena_reset(&decoded);
    return codec_uplink_decode(exact, n, &decoded, ret, &fail);
}

/* A cut behind a whole field is a shorter message; any other cut is refused. */
static void a_cut_message_is_shorter_or_refused(void **state)
{
    static uint8_t bytes[BOUND_UPLINK_BYTES];
    struct seed seed = {4};
    struct uplink whole, u;
    unsigned taken = 0;
    (void)state;

    size_t n = make_message(&seed, bytes, sizeof bytes);
    assert_ok(decode_exact(bytes, n, &whole));
    size_t records = whole.record_count;
    for (size_t cut = 0; cut < n; cut++)
        if (decode_exact(bytes, cut, &u) == 0) {
            assert_true(u.record_count < records || u.anchor.boot == 0);
            taken++;
        }
    assert_int_equal(
        taken, records + 1); /* behind the session, behind the anchor, and behind each record but the last */
}

/* Whatever random damage still decodes also keeps the rules: it encodes again, and that decodes to the same. */
static void damaged_messages_are_refused_or_sound(void **state)
{
    static uint8_t bytes[BOUND_UPLINK_BYTES];
    uint8_t one[BOUND_RECORD_BYTES];
    struct seed seed = {5};
    unsigned sound = 0, refused = 0;
    (void)state;

    for (unsigned round = 0; round < 20000; round++) {
        static size_t n;
        struct uplink u;

        if (round % 100 == 0)
            n = make_message(&seed, bytes, sizeof bytes);
        size_t at = seed_below(&seed, n);
        uint8_t was = bytes[at];
        bytes[at] = (uint8_t)seed_u64(&seed);
        if (decode_exact(bytes, n, &u) == 0) {
            for (size_t i = 0; i < u.record_count; i++) {
                struct record back;
                size_t size;

                assert_ok(codec_record_encode(&u.records[i], one, sizeof one, &size, &fail));
                assert_ok(codec_record_decode(one, size, &made, &back, &fail));
                assert_same_record(&u.records[i], &back);
            }
            sound++;
        } else {
            assert_int_equal(decoded.used, 0);
            refused++;
        }
        bytes[at] = was;
        arena_reset(&made);
    }
    assert_true(sound > 1000 && refused > 1000);
}

/* As if the memory ran out at each place in turn. */
static void a_full_arena_refuses_the_message(void **state)
{
    static uint8_t bytes[BOUND_UPLINK_BYTES];
    struct seed seed = {6};
    struct uplink u, before;
    struct arena small;
    (void)state;

    size_t n = make_message(&seed, bytes, sizeof bytes);
    assert_ok(codec_uplink_decode(bytes, n, &decoded, &u, &fail));
    size_t needed = decoded.used;
    memset(&u, 0x5a, sizeof u);
    before = u;
    for (size_t size = 0; size < needed; size++) {
        arena_init(&small, decoded.bytes, size);
        assert_int_equal(codec_uplink_decode(bytes, n, &small, &u, &fail), -1);
        assert_int_equal(fail.code, FAIL_LIMIT);
        assert_int_equal(small.used, 0);
        assert_memory_equal(&u, &before, sizeof u);
    }
    arena_init(&small, decoded.bytes, needed);
    assert_ok(codec_uplink_decode(bytes, n, &small, &u, &fail));
}

static void several_messages_share_an_arena(void **state)
{
    uint8_t bytes[BOUND_UPLINK_BYTES];
    struct uplink first, second;
    uint8_t one[BOUND_RECORD_BYTES];
    size_t n, used;
    (void)state;

    make_samples();
    assert_ok(codec_record_encode(&a_fault, one, sizeof one, &n, &fail));
    used = codec_uplink_add(bytes, codec_uplink_begin(&head, bytes, sizeof bytes), sizeof bytes, one, n);
    assert_ok(codec_uplink_decode(bytes, used, &decoded, &first, &fail));
    size_t after_first = decoded.used;
    assert_int_equal(codec_uplink_decode(bytes, used - 1, &decoded, &second, &fail), -1);
    assert_int_equal(decoded.used, after_first);
    assert_ok(codec_uplink_decode(bytes, used, &decoded, &second, &fail));
    assert_same_record(&first.records[0], &a_fault);
    assert_same_record(&second.records[0], &a_fault);
}

/* What a device pays for one fault: it is on the wire for every fault of a fleet. */
static void a_single_fault_is_small(void **state)
{
    const struct stamp now = {0x9f1c2a7753e0b4d8, {86400000 * 3}, {1578416551120}, CLOCK_SYNCED};
    const struct uplink u = {.epoch = 0xfeedfacecafebeef, .session = 12, .anchor = now};
    struct record r = {.number = 1000, .stamp = now, .behind = "", .kind = RECORD_FAULT};
    uint8_t bytes[BOUND_UPLINK_BYTES], one[BOUND_RECORD_BYTES];
    size_t n;
    (void)state;

    r.fault = (struct fault_report){.key = {.bus = "can0",
                                        .reporter_kind = REPORTER_J1939_NAME,
                                        .reporter = 0x80fe7a0001c4d2a1,
                                        .ns = "j1939",
                                        .code = "789",
                                        .mode = 2,
                                        .component = ""},
        .reporter_address = 11,
        .subject = "",
        .from = FAULT_PENDING,
        .to = FAULT_CONFIRMED,
        .uds_status = UDS_TEST_FAILED | UDS_CONFIRMED,
        .severity = 2,
        .lamps = 0x04ff,
        .source_occurrences = 3,
        .occurrences = 1};
    assert_ok(codec_record_encode(&r, one, sizeof one, &n, &fail));
    size_t used = codec_uplink_begin(&u, bytes, sizeof bytes);
    used = codec_uplink_add(bytes, used, sizeof bytes, one, n);
    print_message("single fault: record %zu bytes, uplink %zu bytes\n", n, used);
    assert_in_range(used, 100, 160);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_record_comes_back_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_record_under_a_lower_number_is_what_encoding_it_gives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_receipt_comes_back_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_uplink_keeps_each_record_and_its_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_arena_has_room_for_the_worst_that_encodes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_end_at_their_caps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_lists_are_not_encoded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_would_be_refused_is_not_encoded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_written_beyond_the_buffer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cut_message_is_shorter_or_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_messages_are_refused_or_sound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_arena_refuses_the_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_messages_share_an_arena, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_single_fault_is_small, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
