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

/* Appends copies of r, numbered on, until the uplink is full; returns its length. */
static size_t fill_uplink(struct record *r, uint8_t *bytes, size_t cap)
{
    uint8_t one[BOUND_RECORD_BYTES];
    size_t used = codec_uplink_begin(&head, bytes, cap), n, grown;

    for (unsigned i = 0; i < BOUND_UPLINK_RECORDS; i++) {
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
    for (size_t i = 0; i < countof(worst); i++) {
        size_t n = fill_uplink(&worst[i], bytes, sizeof bytes);

        assert_ok(codec_uplink_decode(bytes, n, &decoded, &u, &fail));
        print_message("%s: %zu bytes on the wire, %zu decoded\n", record_word(worst[i].kind), n, decoded.used);
        arena_reset(&decoded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_record_comes_back_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_receipt_comes_back_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_uplink_keeps_each_record_and_its_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_arena_has_room_for_the_worst_that_encodes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
