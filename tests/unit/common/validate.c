/* validate: the rules that reach over several fields, on both ways through the codec. */
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
static struct fail fail;

static int decode(const struct wire *w, bool receipt)
{
    static uint8_t bytes[64 * 1024];
    struct arena arena;
    struct receipt r;
    struct uplink u;

    arena_init(&arena, bytes, sizeof bytes);
    fail = (struct fail){0};
    return receipt ? codec_receipt_decode(w->bytes, w->n, &arena, &r, &fail)
                   : codec_uplink_decode(w->bytes, w->n, &arena, &u, &fail);
}

static void assert_decodes(const struct wire *w)
{
    if (decode(w, false) < 0)
        fail_msg("refused: %s", fail.text);
}

static void assert_refused(const struct wire *w, const char *because)
{
    assert_int_equal(decode(w, false), -1);
    assert_string_equal(fail.text, because);
    assert_int_equal(fail.code, FAIL_INPUT);
}

static void assert_not_encoded(const struct record *r, const char *because)
{
    uint8_t bytes[256];
    size_t n = 77;

    assert_int_equal(codec_record_encode(r, bytes, sizeof bytes, &n, &fail), -1);
    assert_string_equal(fail.text, because);
    assert_int_equal(n, 77);
}

/* Adds a record with an empty-handed body to the uplink. */
static void add_record(unsigned lane, uint64_t number, uint32_t body)
{
    part.n = inner.n = 0;
    wire_number(&part, 1, lane);
    wire_number(&part, 2, number);
    if (body == BODY_FAULT)
        wire_key(&inner);
    if (body == BODY_SNAPSHOT)
        wire_number(&inner, 4, 1);
    if (body == BODY_LOSS) {
        wire_number(&inner, 1, 1);
        wire_number(&inner, 2, number);
    }
    wire_message(&part, body, &inner);
    wire_message(&whole, 5, &part);
}

static void each_kind_keeps_to_its_lane(void **state)
{
    static const struct {
        uint32_t body;
        const char *word;
        bool fits[LANE_COUNT];
    } kinds[] = {
        {BODY_FAULT, "fault", {true, false}},
        {BODY_SNAPSHOT, "snapshot", {true, false}},
        {BODY_HEALTH, "health", {false, true}},
        {BODY_INVENTORY, "inventory", {true, false}},
        {BODY_LIFECYCLE, "lifecycle", {true, false}},
        {BODY_LOSS, "loss", {true, true}},
    };
    char because[128];
    (void)state;

    for (size_t i = 0; i < countof(kinds); i++)
        for (unsigned lane = 0; lane < LANE_COUNT; lane++) {
            wire_uplink_head(&whole);
            add_record(lane, 9, kinds[i].body);
            snprintf(because, sizeof because, "records[0]: lane: %s does not belong on lane %u", kinds[i].word, lane);
            if (kinds[i].fits[lane])
                assert_decodes(&whole);
            else
                assert_refused(&whole, because);
        }
    assert_not_encoded(&(struct record){.lane = LANE_FAULT, .number = 1, .behind = "", .kind = RECORD_HEALTH},
        "lane: health does not belong on lane 0");
}

static void numbers_ascend_within_each_lane(void **state)
{
    (void)state;
    wire_uplink_head(&whole);
    add_record(0, 5, BODY_LIFECYCLE);
    add_record(1, 2, BODY_HEALTH);
    add_record(0, 6, BODY_FAULT);
    add_record(1, 9, BODY_LOSS);
    add_record(0, 40, BODY_LOSS);
    assert_decodes(&whole);
    size_t good = whole.n;
    add_record(0, 40, BODY_FAULT);
    assert_refused(&whole, "records[5]: number: not above 40 before it in its lane");
    whole.n = good;
    add_record(1, 8, BODY_HEALTH);
    assert_refused(&whole, "records[5]: number: not above 9 before it in its lane");
}

static void a_last_will_carries_no_records(void **state)
{
    (void)state;
    wire_uplink_head(&whole);
    wire_number(&whole, 6, 1);
    assert_decodes(&whole);
    add_record(0, 5, BODY_LIFECYCLE);
    assert_refused(&whole, "death: with 1 records");
}

static void a_loss_ends_at_the_records_number(void **state)
{
    struct record r = {.number = 9, .behind = "", .kind = RECORD_LOSS, .loss = {.first = 9, .last = 9}};
    uint8_t bytes[256];
    size_t n;
    (void)state;

    assert_int_equal(codec_record_encode(&r, bytes, sizeof bytes, &n, &fail), 0);
    r.loss.first = 10;
    assert_not_encoded(&r, "loss: first 10 is above last 9");
    r.loss.last = 10;
    assert_not_encoded(&r, "loss: last 10 is not the record's number 9");

    wire_uplink_head(&whole);
    add_record(0, 9, BODY_LOSS);
    wire_uplink_head(&whole);
    part.n = inner.n = 0;
    wire_number(&inner, 1, 3);
    wire_number(&inner, 2, 8);
    wire_number(&part, 2, 9);
    wire_message(&part, BODY_LOSS, &inner);
    wire_message(&whole, 5, &part);
    assert_refused(&whole, "records[0]: loss: last 8 is not the record's number 9");
}

static void a_snapshots_part_is_one_of_its_parts(void **state)
{
    struct record r = {.number = 9, .behind = "", .kind = RECORD_SNAPSHOT, .snapshot = {.part = 2, .parts = 2}};
    (void)state;

    assert_not_encoded(&r, "snapshot: part 2 of 2");
    inner.n = 0;
    wire_number(&inner, 3, 1);
    wire_number(&inner, 4, 1);
    wire_uplink_with(&whole, BODY_SNAPSHOT, &inner);
    assert_refused(&whole, "records[0]: snapshot: part 1 of 1");
}

static void a_snapshots_faults_are_keys_and_states(void **state)
{
    struct fault_report fault = {.key = {.bus = "", .ns = "app", .code = "E6", .component = ""},
        .subject = "",
        .raw = (const uint8_t *)"x",
        .raw_bytes = 1};
    struct record r = {.number = 9,
        .behind = "",
        .kind = RECORD_SNAPSHOT,
        .snapshot = {.faults = &fault, .fault_count = 1, .parts = 1}};
    (void)state;

    assert_not_encoded(&r, "snapshot: faults[0]: frame and raw must be empty");
    wire_key(&inner);
    wire_text(&inner, 22, "x");
    part.n = 0;
    wire_number(&part, 4, 1);
    wire_message(&part, 1, &inner);
    wire_uplink_with(&whole, BODY_SNAPSHOT, &part);
    assert_refused(&whole, "records[0]: snapshot: faults[0]: frame and raw must be empty");
}

static void a_receipt_speaks_of_each_lane_once(void **state)
{
    struct receipt r = {.epoch = 1, .lane_count = 2, .lanes = {{.next = 1}, {.next = 2}}};
    uint8_t bytes[256];
    size_t n;
    (void)state;

    assert_int_equal(codec_receipt_encode(&r, bytes, sizeof bytes, &n, &fail), -1);
    assert_string_equal(fail.text, "lanes: the same lane twice");
    wire_receipt_head(&whole);
    wire_text(&whole, 3, "\x10\x01");
    assert_int_equal(decode(&whole, true), 0);
    wire_text(&whole, 3, "\x10\x02");
    assert_int_equal(decode(&whole, true), -1);
    assert_string_equal(fail.text, "lanes: the same lane twice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_keeps_to_its_lane),
        cmocka_unit_test(numbers_ascend_within_each_lane),
        cmocka_unit_test(a_last_will_carries_no_records),
        cmocka_unit_test(a_loss_ends_at_the_records_number),
        cmocka_unit_test(a_snapshots_part_is_one_of_its_parts),
        cmocka_unit_test(a_snapshots_faults_are_keys_and_states),
        cmocka_unit_test(a_receipt_speaks_of_each_lane_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
