/* store_part: a part is in a device from the first inventory that lists it to the first that does not. */
#include "stores.h"

enum { MOST = 16 };

struct line {
    const char *position, *part_no, *serial, *supplier, *lot;
};

struct expected {
    const char *position, *part_no, *serial, *supplier, *lot;
    int64_t installed, removed;
};

struct parts {
    char text[MOST][5][BOUND_NAME + 1];
    int64_t installed[MOST], removed[MOST];
    size_t count;
};

static bool collect(void *ctx, const struct part *row, struct wall installed, struct wall removed)
{
    struct parts *p = ctx;
    size_t i = p->count++;
    const char *const fields[] = {row->position, row->part_no, row->serial, row->supplier, row->lot};

    for (size_t k = 0; k < countof(fields); k++)
        snprintf(p->text[i][k], sizeof p->text[i][k], "%s", fields[k]);
    assert_string_equal(row->made_date, "2024-05-06");
    assert_string_equal(row->source, "uds:F18C");
    p->installed[i] = installed.ms;
    p->removed[i] = removed.ms;
    return true;
}

static void put(struct store *s, int64_t at, const struct line *lines, size_t count)
{
    struct part parts[BOUND_PARTS];
    const struct inventory inventory = {.parts = parts, .part_count = count};

    for (size_t i = 0; i < count; i++)
        parts[i] = (struct part){.position = lines[i].position,
            .part_no = lines[i].part_no,
            .serial = lines[i].serial,
            .supplier = lines[i].supplier,
            .lot = lines[i].lot,
            .made_date = "2024-05-06",
            .source = "uds:F18C"};
    assert_ok(store_begin(s, f));
    assert_ok(store_put_inventory(s, 3, "engine-7", (struct occurred){{at}, 0}, &inventory, f));
    assert_ok(store_commit(s, now, f));
}

static void check(struct store *s, const struct expected *expected, size_t count)
{
    struct parts got = {0};

    assert_ok(store_each_part(s, 3, "engine-7", collect, &got, f));
    assert_int_equal(got.count, count);
    for (size_t i = 0; i < count; i++) {
        const char *const fields[] = {
            expected[i].position, expected[i].part_no, expected[i].serial, expected[i].supplier, expected[i].lot};
        for (size_t k = 0; k < countof(fields); k++)
            assert_string_equal(got.text[i][k], fields[k]);
        assert_int_equal(got.installed[i], expected[i].installed);
        assert_int_equal(got.removed[i], expected[i].removed);
    }
}

#define PUT(s, at, ...)                                                                                                \
    put(s, at, (const struct line[]){__VA_ARGS__}, sizeof((const struct line[]){__VA_ARGS__}) / sizeof(struct line))
#define CHECK(s, ...)                                                                                                  \
    check(s, (const struct expected[]){__VA_ARGS__},                                                                   \
        sizeof((const struct expected[]){__VA_ARGS__}) / sizeof(struct expected))

static void the_same_list_again_changes_nothing(void **state)
{
    struct stores *s = stores_of(state);

    PUT(s->store, 10, {"pump", "P1", "S1", "博世", "L1"}, {"ecu", "E1", "S9", "", ""});
    PUT(s->store, 20, {"ecu", "E1", "S9", "", ""}, {"pump", "P1", "S1", "博世", "L1"});
    CHECK(s->store, {"pump", "P1", "S1", "博世", "L1", 10, 0}, {"ecu", "E1", "S9", "", "", 10, 0});
}

static void another_serial_in_its_place_is_another_part(void **state)
{
    struct stores *s = stores_of(state);

    PUT(s->store, 10, {"pump", "P1", "S1", "A", "L1"}, {"ecu", "E1", "S9", "", ""});
    PUT(s->store, 20, {"pump", "P1", "S2", "A", "L1"}, {"ecu", "E1", "S9", "", ""});
    CHECK(s->store, {"pump", "P1", "S1", "A", "L1", 10, 20}, {"ecu", "E1", "S9", "", "", 10, 0},
        {"pump", "P1", "S2", "A", "L1", 20, 0});
    PUT(s->store, 30, {"pump", "P1", "S1", "A", "L1"}, {"ecu", "E1", "S9", "", ""}); /* and back: a new interval */
    CHECK(s->store, {"pump", "P1", "S1", "A", "L1", 10, 20}, {"ecu", "E1", "S9", "", "", 10, 0},
        {"pump", "P1", "S2", "A", "L1", 20, 30}, {"pump", "P1", "S1", "A", "L1", 30, 0});
}

static void a_part_no_longer_listed_was_removed(void **state)
{
    struct stores *s = stores_of(state);

    PUT(s->store, 10, {"pump", "P1", "S1", "A", "L1"}, {"ecu", "E1", "S9", "", ""});
    PUT(s->store, 20, {"ecu", "E1", "S9", "", ""});
    put(s->store, 30, NULL, 0);
    CHECK(s->store, {"pump", "P1", "S1", "A", "L1", 10, 20}, {"ecu", "E1", "S9", "", "", 10, 30});
}

static void what_is_learnt_later_belongs_to_the_same_part(void **state)
{
    struct stores *s = stores_of(state);

    PUT(s->store, 10, {"pump", "P1", "", "", ""});
    PUT(s->store, 20, {"pump", "P1", "S1", "A", ""});
    PUT(s->store, 30, {"pump", "P1", "", "A", "L1"}); /* a read that failed forgets nothing */
    CHECK(s->store, {"pump", "P1", "S1", "A", "L1", 10, 0});
}

static void equal_parts_without_serials_are_counted_one_by_one(void **state)
{
    struct stores *s = stores_of(state);

    PUT(s->store, 10, {"", "I1", "", "A", "L1"}, {"", "I1", "", "A", "L1"});
    PUT(s->store, 20, {"", "I1", "", "A", "L1"}, {"", "I1", "", "A", "L2"});
    CHECK(s->store, {"", "I1", "", "A", "L1", 10, 0}, {"", "I1", "", "A", "L1", 10, 20},
        {"", "I1", "", "A", "L2", 20, 0});
}

static void the_exact_match_counts_before_the_possible_one(void **state)
{
    struct stores *s = stores_of(state);

    PUT(s->store, 10, {"cyl", "I1", "", "", ""}, {"cyl", "I1", "S2", "", ""});
    PUT(s->store, 20, {"cyl", "I1", "S2", "", ""}, {"cyl", "I1", "S1", "", ""});
    CHECK(s->store, {"cyl", "I1", "S1", "", "", 10, 0}, {"cyl", "I1", "S2", "", "", 10, 0});
}

static void nothing_is_removed_before_it_was_installed(void **state)
{
    struct stores *s = stores_of(state);

    PUT(s->store, 100, {"pump", "P1", "S1", "A", "L1"});
    PUT(s->store, 50, {"pump", "P1", "S2", "A", "L1"}); /* the device's clock was set back */
    CHECK(s->store, {"pump", "P1", "S1", "A", "L1", 100, 100}, {"pump", "P1", "S2", "A", "L1", 50, 0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_every_driver(the_same_list_again_changes_nothing),
        on_every_driver(another_serial_in_its_place_is_another_part),
        on_every_driver(a_part_no_longer_listed_was_removed),
        on_every_driver(what_is_learnt_later_belongs_to_the_same_part),
        on_every_driver(equal_parts_without_serials_are_counted_one_by_one),
        on_every_driver(the_exact_match_counts_before_the_possible_one),
        on_every_driver(nothing_is_removed_before_it_was_installed),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
