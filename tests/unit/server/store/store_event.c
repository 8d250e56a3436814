/* store_event: live views see every event once, in order; old ones go. */
#include "stores.h"

struct events {
    int64_t ids[32];
    size_t count;
};

static bool collect(void *ctx, const struct event_row *row)
{
    struct events *e = ctx;

    assert_int_equal(row->shard, row->id % 256);
    assert_int_equal(row->at.ms, row->id * 2);
    assert_string_equal(row->kind, "ticket");
    assert_string_equal(row->json, "{\"标题\":\"\\u0000\"}");
    e->ids[e->count++] = row->id;
    return true;
}

static void events_follow_each_other_and_old_ones_go(void **state)
{
    struct stores *s = stores_of(state);
    struct events got = {0};
    int64_t last = -1;

    assert_ok(store_last_event(s->store, &last, f));
    assert_int_equal(last, 0);
    assert_ok(store_begin(s->store, f));
    for (int64_t id = 1; id <= 20; id++) {
        struct event_row row = {.id = id, .shard = (uint8_t)id, .at = {id * 2}, .json = "{\"标题\":\"\\u0000\"}"};
        strcpy(row.kind, "ticket");
        assert_ok(store_add_event(s->store, &row, f));
    }
    assert_ok(store_commit(s->store, now, f));
    assert_ok(store_last_event(s->store, &last, f));
    assert_int_equal(last, 20);
    assert_ok(store_each_event(s->store, 5, 10, collect, &got, f));
    assert_int_equal(got.count, 10);
    for (size_t i = 0; i < got.count; i++)
        assert_int_equal(got.ids[i], 6 + i);

    assert_ok(store_begin(s->store, f));
    assert_ok(store_drop_events(s->store, 19, f));
    assert_ok(store_commit(s->store, now, f));
    memset(&got, 0, sizeof got);
    assert_ok(store_each_event(s->store, 0, 100, collect, &got, f));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.ids[0], 19);
}

static void an_empty_store_counts_nothing(void **state)
{
    struct stores *s = stores_of(state);
    struct store_counts counts, none = {0};

    assert_ok(store_count(s->store, &counts, f));
    assert_same(&counts, &none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_every_driver(events_follow_each_other_and_old_ones_go),
        on_every_driver(an_empty_store_counts_nothing),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
