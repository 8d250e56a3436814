/* view: a transition shows the freeze frame and the raw bytes of its record; what JSON cannot hold does no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "codec.h"
#include "view.h"

static const struct wall when = {1767225600000};

static size_t encoded(uint8_t *bytes, size_t size)
{
    const struct frame_value frame[] = {{"rpm", 1850, "rpm"}, {"coolant", 98.5, "degC"}};
    const struct record record = {.lane = LANE_FAULT,
        .number = 7,
        .stamp = {.boot = 1, .mono = {5}, .wall = when},
        .behind = "",
        .kind = RECORD_FAULT,
        .fault = {.key = {.bus = "can0", .ns = "j1939", .code = "789", .mode = 3, .component = ""},
            .subject = "",
            .from = FAULT_PENDING,
            .to = FAULT_CONFIRMED,
            .severity = 2,
            .lamps = LAMPS_NONE,
            .source_occurrences = 5,
            .frame = frame,
            .frame_count = 2,
            .raw = (const uint8_t *)"\x00\xff\x1a",
            .raw_bytes = 3}};
    struct fail f;
    size_t n;

    if (codec_record_encode(&record, bytes, size, &n, &f) != 0)
        fail_msg("%s", f.text);
    return n;
}

static json_t *viewed(const uint8_t *record, size_t n)
{
    const struct condition_key key = {.ns = "j1939", .code = "789", .mode = 3, .bus = "can0", .reporter = "logical"};

    return view_transition(&(struct transition_row){.shard = 1,
        .device = "engine-7",
        .reported_by = "engine-7",
        .epoch = UINT64_MAX,
        .number = UINT64_MAX,
        .key = &key,
        .from = FAULT_PENDING,
        .to = FAULT_CONFIRMED,
        .occurred = {when, 5},
        .received = when,
        .record = record,
        .record_bytes = n});
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text ? text : "(none)";
}

static void a_transition_shows_its_frame_and_raw_bytes(void **state)
{
    uint8_t bytes[512];
    json_t *o = viewed(bytes, encoded(bytes, sizeof bytes));
    (void)state;

    const json_t *coolant = json_array_get(json_object_get(o, "frame"), 1);
    assert_string_equal(text_of(coolant, "name"), "coolant");
    assert_true(json_real_value(json_object_get(coolant, "value")) == 98.5);
    assert_string_equal(text_of(coolant, "unit"), "degC");
    assert_string_equal(text_of(o, "raw"), "00ff1a");
    assert_int_equal(json_integer_value(json_object_get(o, "source_occurrences")), 5);
    assert_true(json_is_null(json_object_get(o, "lamps")));
    /* More than the 53 bits of a JavaScript number, so texts. */
    assert_string_equal(text_of(o, "epoch"), "ffffffffffffffff");
    assert_string_equal(text_of(o, "number"), "18446744073709551615");
    json_decref(o);
}

static void a_broken_record_leaves_the_rest_of_the_transition(void **state)
{
    static const uint8_t broken[] = {0xff, 0xff, 0xff};
    json_t *o = viewed(broken, sizeof broken);
    (void)state;

    assert_string_equal(text_of(o, "to"), "confirmed");
    assert_null(json_object_get(o, "frame"));
    json_decref(o);
}

static void what_json_cannot_hold_is_marked_not_lost(void **state)
{
    const struct measure_day measures[] = {
        {.name = "a", .unit = "", .at = when, .last = HUGE_VAL}, {.name = "b\xff", .unit = "", .last = (double)NAN}};
    const struct health_day day = {
        .when = {when, 0}, .measures = measures, .measure_count = 2, .operating_hours = (double)NAN};
    json_t *o = view_health(&day),
           *event = view_event(&(struct event_row){.id = 3, .at = when, .kind = "ticket", .json = "{broken"});
    (void)state;

    const json_t *items = json_object_get(o, "measures");
    assert_true(json_is_null(json_object_get(o, "operating_hours")));
    assert_true(json_is_null(json_object_get(json_array_get(items, 0), "last")));
    assert_string_equal(text_of(json_array_get(items, 1), "name"), "\xef\xbf\xbd");
    assert_true(json_is_null(json_object_get(json_array_get(items, 1), "at")));
    assert_true(json_is_null(json_object_get(event, "data")));
    char *text = json_dumps(o, 0);
    assert_non_null(text);
    free(text);
    json_decref(o);
    json_decref(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transition_shows_its_frame_and_raw_bytes),
        cmocka_unit_test(a_broken_record_leaves_the_rest_of_the_transition),
        cmocka_unit_test(what_json_cannot_hold_is_marked_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
