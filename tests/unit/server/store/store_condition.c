/* store_condition: conditions come back as they were put, each key its own row, in pages without hole or double. */
#include "identity.h"
#include "stores.h"

static struct condition condition_1(void)
{
    struct condition c = {.state = FAULT_CONFIRMED,
        .flapping = true,
        .class_ = CLASS_URGENT,
        .severity = 4,
        .occurrences = UINT32_MAX,
        .flaps = 9,
        .flap_window_start = {11},
        .first_seen = {-12},
        .last_seen = {13},
        .state_since = {14},
        .epoch = UINT64_C(0x8000000000000001),
        .number = 77};

    strcpy(c.key.bus, "can0");
    strcpy(c.key.reporter, "j1939_name:00a1b2c3d4e5f607");
    strcpy(c.key.ns, "j1939");
    strcpy(c.key.code, "789?");
    c.key.mode = UINT32_MAX;
    strcpy(c.key.component, "缸 3");
    strcpy(c.subject, "injector 3");
    return c;
}

struct page {
    struct condition rows[64];
    struct {
        uint8_t shard;
        char device[BOUND_SUBJECT_ID + 1];
    } of[64];
    size_t count;
};

static bool collect(void *ctx, const struct condition *row)
{
    struct page *p = ctx;

    p->rows[p->count++] = *row;
    return true;
}

static bool collect_with_device(void *ctx, uint8_t shard, const char *device, const struct condition *row)
{
    struct page *p = ctx;

    assert_true(p->count < countof(p->rows));
    p->of[p->count].shard = shard;
    snprintf(p->of[p->count].device, sizeof p->of[0].device, "%s", device);
    return collect(ctx, row);
}

static void put(struct store *s, uint8_t shard, const char *device, const struct condition *c)
{
    assert_ok(store_begin(s, f));
    assert_ok(store_put_condition(s, shard, device, c, f));
    assert_ok(store_commit(s, now, f));
}

static void a_condition_comes_back_as_it_was_put(void **state)
{
    struct stores *s = stores_of(state);
    struct condition c = condition_1();
    struct page got = {0};

    put(s->store, 5, "engine-7", &c);
    assert_ok(store_each_condition(s->store, 5, "engine-7", collect, &got, f));
    assert_int_equal(got.count, 1);
    assert_same(&got.rows[0], &c);

    struct condition later = c;
    later = (struct condition){.key = c.key, .state = FAULT_HEALED, .class_ = CLASS_GENERAL, .number = 78};
    put(s->store, 5, "engine-7", &later);
    memset(&got, 0, sizeof got);
    assert_ok(store_each_condition(s->store, 5, "engine-7", collect, &got, f));
    assert_int_equal(got.count, 1);
    assert_same(&got.rows[0], &later);
}

static void each_part_of_the_key_makes_another_condition(void **state)
{
    struct stores *s = stores_of(state);
    struct condition rows[7];
    struct page got = {0};

    for (size_t i = 0; i < countof(rows); i++)
        rows[i] = condition_1();
    strcpy(rows[1].key.bus, "can1");
    strcpy(rows[2].key.reporter, "logical");
    strcpy(rows[3].key.ns, "app");
    strcpy(rows[4].key.code, "789");
    rows[5].key.mode = 0;
    strcpy(rows[6].key.component, "");
    for (size_t i = 0; i < countof(rows); i++) {
        put(s->store, 5, "engine-7", &rows[i]);
        put(s->store, 5, "engine-8", &rows[i]);
        put(s->store, 6, "engine-7", &rows[i]);
    }
    assert_ok(store_each_condition(s->store, 5, "engine-7", collect, &got, f));
    assert_int_equal(got.count, countof(rows));
    struct store_counts counts;
    assert_ok(store_count(s->store, &counts, f));
    assert_int_equal(counts.conditions_confirmed, 3 * countof(rows));
}

static const struct condition_filter all = {.state = -1, .after_shard = -1, .limit = 500};

/* Conditions of two devices that differ in one part of the key at a time. */
static void make_conditions(struct store *s)
{
    static const char *const devices[] = {"hub-1", "hub-1:ac"};

    for (int i = 0; i < 24; i++) {
        struct condition c = condition_1();
        c.key.mode = (uint32_t)i % 3;
        snprintf(c.key.code, sizeof c.key.code, "%s", i / 3 % 2 ? "B" : "a");
        snprintf(c.key.component, sizeof c.key.component, "%s", i / 6 % 2 ? "" : "x");
        c.state = i % 4 ? FAULT_CONFIRMED : FAULT_STALE;
        c.flapping = i % 6 == 0;
        put(s, identity_shard("hub-1"), devices[i / 12], &c);
    }
}

static void pages_of_conditions_have_no_hole_and_no_double(void **state)
{
    struct stores *s = stores_of(state);
    struct page whole = {0}, paged = {0};

    make_conditions(s->store);
    assert_ok(store_list_conditions(s->store, &all, collect_with_device, &whole, f));
    assert_int_equal(whole.count, 24);
    for (;;) {
        struct condition_filter filter = all;
        size_t before = paged.count;
        filter.limit = 5;
        if (before > 0) {
            filter.after_shard = paged.of[before - 1].shard;
            filter.after_device = paged.of[before - 1].device;
            filter.after_key = &paged.rows[before - 1].key;
        }
        assert_ok(store_list_conditions(s->store, &filter, collect_with_device, &paged, f));
        if (paged.count == before)
            break;
    }
    assert_memory_equal(&paged, &whole, sizeof whole);
}

static void filters_of_conditions_go_together(void **state)
{
    struct stores *s = stores_of(state);
    static const struct {
        const char *device;
        int state;
        bool flapping;
        size_t count;
    } cases[] = {{NULL, FAULT_CONFIRMED, false, 18}, {NULL, FAULT_STALE, false, 6}, {NULL, FAULT_HEALED, false, 0},
        {"hub-1:ac", -1, false, 12}, {"hub-1", FAULT_STALE, false, 3}, {"hub-2", -1, false, 0}, {NULL, -1, true, 4},
        {NULL, FAULT_CONFIRMED, true, 2}, {"hub-1", FAULT_CONFIRMED, true, 1}};

    make_conditions(s->store);
    for (size_t i = 0; i < countof(cases); i++) {
        struct condition_filter filter = all;
        struct page got = {0};
        filter.device = cases[i].device;
        filter.state = cases[i].state;
        filter.flapping = cases[i].flapping;
        assert_ok(store_list_conditions(s->store, &filter, collect_with_device, &got, f));
        assert_int_equal(got.count, cases[i].count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_every_driver(a_condition_comes_back_as_it_was_put),
        on_every_driver(each_part_of_the_key_makes_another_condition),
        on_every_driver(pages_of_conditions_have_no_hole_and_no_double),
        on_every_driver(filters_of_conditions_go_together),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
