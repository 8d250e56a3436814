/* store_device: devices and lanes come back as they were put, in pages without hole or double. */
#include "stores.h"

static struct device_row device_of(uint8_t shard, const char *id)
{
    struct device_row d = {.shard = shard,
        .registration = DEVICE_BLOCKED,
        .enrolled = {1},
        .last_seen = {1700000000123},
        .online = true,
        .epoch = UINT64_MAX - 1,
        .session = UINT32_MAX,
        .spool_resets = 3,
        .cloned = true,
        .health_ms = 3600000,
        .offline = OFFLINE_SILENT};

    strcpy(d.device, id);
    strcpy(d.gateway, "hub-1");
    strcpy(d.product_line, "home");
    strcpy(d.model, "空调 KFR-35 ❄ 𠮷");
    strcpy(d.serial, "\x01\x1f\t\\%_\x7f'\";--");
    strcpy(d.hardware, "B");
    strcpy(d.firmware, "1.2.3");
    return d;
}

static void put(struct store *s, const struct device_row *d)
{
    assert_ok(store_begin(s, f));
    assert_ok(store_put_device(s, d, f));
    assert_ok(store_commit(s, now, f));
}

static void a_device_comes_back_as_it_was_put(void **state)
{
    struct stores *s = stores_of(state);
    struct device_row d = device_of(0xb8, "hub-1:ac"), got = {0};

    assert_fails(store_get_device(s->store, d.shard, d.device, &got, f), FAIL_NOT_FOUND);
    assert_ok(store_begin(s->store, f));
    assert_ok(store_put_device(s->store, &d, f));
    assert_ok(store_get_device(s->store, d.shard, d.device, &got, f)); /* in the transaction already */
    assert_ok(store_commit(s->store, now, f));
    memset(&got, 0, sizeof got);
    assert_ok(store_get_device(s->store, d.shard, d.device, &got, f));
    assert_same(&got, &d);
    assert_fails(store_get_device(s->store, d.shard + 1, d.device, &got, f), FAIL_NOT_FOUND);
}

static void putting_a_device_again_replaces_all_of_it(void **state)
{
    struct stores *s = stores_of(state);
    struct device_row d = device_of(7, "hub-1:ac"), got = {0};

    put(s->store, &d);
    struct device_row other = {.shard = 7, .enrolled = {-5}, .last_seen = {-1}};
    strcpy(other.device, d.device);
    put(s->store, &other);
    assert_ok(store_get_device(s->store, 7, d.device, &got, f));
    assert_same(&got, &other);
}

struct page {
    struct device_row rows[64];
    size_t count;
};

static bool collect(void *ctx, const struct device_row *row)
{
    struct page *p = ctx;

    assert_true(p->count < countof(p->rows));
    p->rows[p->count++] = *row;
    return true;
}

static bool stop_at_first(void *ctx, const struct device_row *row)
{
    (void)row;
    ++*(int *)ctx;
    return false;
}

static const struct device_filter all = {.online = -1, .after_shard = -1, .limit = 500};

/* Ids that a language's collation would put in another order than their bytes are. */
static void make_fleet(struct store *s)
{
    static const char *const ids[] = {"B", "Z-1", "_", "a", "a-b", "aB", "ab", "b"};
    static const uint8_t shards[] = {0, 7, 255};

    assert_ok(store_begin(s, f));
    for (size_t i = 0; i < countof(shards); i++)
        for (size_t k = countof(ids); k-- > 0;) {
            struct device_row d = device_of(shards[i], ids[k]);
            d.online = k % 2 == 0;
            if (k == 3)
                strcpy(d.model, "D13");
            if (i == 1)
                strcpy(d.product_line, "engine");
            assert_ok(store_put_device(s, &d, f));
        }
    assert_ok(store_commit(s, now, f));
}

static void pages_of_devices_have_no_hole_and_no_double(void **state)
{
    struct stores *s = stores_of(state);
    struct page whole = {0}, paged = {0};

    make_fleet(s->store);
    assert_ok(store_list_devices(s->store, &all, collect, &whole, f));
    assert_int_equal(whole.count, 24);
    for (size_t i = 1; i < whole.count; i++) {
        const struct device_row *a = &whole.rows[i - 1], *b = &whole.rows[i];
        assert_true(a->shard < b->shard || (a->shard == b->shard && strcmp(a->device, b->device) < 0));
    }
    for (;;) {
        struct device_filter filter = all;
        size_t before = paged.count;
        filter.limit = 5;
        if (before > 0) {
            filter.after_shard = paged.rows[before - 1].shard;
            filter.after_device = paged.rows[before - 1].device;
        }
        assert_ok(store_list_devices(s->store, &filter, collect, &paged, f));
        if (paged.count == before)
            break;
    }
    assert_int_equal(paged.count, whole.count);
    assert_memory_equal(paged.rows, whole.rows, whole.count * sizeof whole.rows[0]);
}

static void filters_of_devices_go_together(void **state)
{
    struct stores *s = stores_of(state);
    static const struct {
        const char *product_line, *model;
        int online;
        size_t count;
    } cases[] = {{NULL, NULL, -1, 24}, {"engine", NULL, -1, 8}, {NULL, "D13", -1, 3}, {NULL, NULL, 1, 12},
        {NULL, NULL, 0, 12}, {"engine", "D13", 0, 1}, {"engine", "D13", 1, 0}, {"' OR 1=1 --", NULL, -1, 0}};

    make_fleet(s->store);
    for (size_t i = 0; i < countof(cases); i++) {
        struct device_filter filter = all;
        struct page got = {0};
        filter.product_line = cases[i].product_line;
        filter.model = cases[i].model;
        filter.online = cases[i].online;
        assert_ok(store_list_devices(s->store, &filter, collect, &got, f));
        assert_int_equal(got.count, cases[i].count);
    }
    int seen = 0;
    assert_ok(store_list_devices(s->store, &all, stop_at_first, &seen, f));
    assert_ok(store_list_devices(s->store, &all, stop_at_first, &seen, f));
    assert_int_equal(seen, 2);
}

struct names {
    char names[8][BOUND_SUBJECT_ID + 1];
    size_t count;
};

static bool collect_name(void *ctx, const char *device)
{
    struct names *n = ctx;

    strcpy(n->names[n->count++], device);
    return true;
}

static void silence_is_measured_by_a_devices_own_interval(void **state)
{
    struct stores *s = stores_of(state);
    const struct silence silence = {.now = {1700100000000}, .least_ms = 1800000, .intervals = 3, .others_ms = 86400000};
    const struct {
        const char *name;
        int64_t silent_ms, health_ms;
        bool online;
    } rows[] = {{"a-hourly", 10800001, 3600000, true}, {"b-in-time", 10800000, 3600000, true},
        {"c-offline", 99999999, 3600000, false}, {"d-daily", 99999999, 86400000, true},
        {"e-quick", 1800001, 1000, true}, {"f-quick", 1800000, 1000, true}, {"g-none", 86400001, 0, true},
        {"h-none", 86400000, 0, true}};
    struct names got = {.count = 0};

    for (size_t i = 0; i < countof(rows); i++) {
        struct device_row d = {.shard = 9,
            .online = rows[i].online,
            .health_ms = rows[i].health_ms,
            .last_seen = {silence.now.ms - rows[i].silent_ms}};

        strcpy(d.device, rows[i].name);
        put(s->store, &d);
    }
    assert_ok(store_each_silent(s->store, 9, &silence, collect_name, &got, f));
    assert_int_equal(got.count, 3);
    assert_string_equal(got.names[0], "a-hourly");
    assert_string_equal(got.names[1], "e-quick");
    assert_string_equal(got.names[2], "g-none");
    got.count = 0;
    assert_ok(store_each_silent(s->store, 8, &silence, collect_name, &got, f));
    assert_int_equal(got.count, 0);
}

struct lanes {
    struct lane_row rows[8];
    size_t count;
};

static bool collect_lane(void *ctx, const struct lane_row *row)
{
    struct lanes *l = ctx;

    l->rows[l->count++] = *row;
    return true;
}

static void lanes_of_an_epoch_are_kept_apart(void **state)
{
    struct stores *s = stores_of(state);
    static const struct lane_row rows[] = {{1, LANE_FAULT, 5, 9}, {1, LANE_HEALTH, 900, 9},
        {UINT64_MAX, LANE_FAULT, INT64_MAX, UINT64_MAX}, {1, LANE_FAULT, 6, 7}};
    struct lanes got = {0};

    assert_ok(store_begin(s->store, f));
    for (size_t i = 0; i < countof(rows); i++)
        assert_ok(store_put_lane(s->store, 3, "hub-1", &rows[i], f));
    assert_ok(store_put_lane(s->store, 3, "hub-2", &rows[0], f));
    assert_ok(store_put_lane(s->store, 4, "hub-1", &rows[0], f));
    assert_ok(store_commit(s->store, now, f));
    assert_ok(store_each_lane(s->store, 3, "hub-1", collect_lane, &got, f));
    assert_int_equal(got.count, 3);
    for (size_t i = 0; i < got.count; i++) {
        uint64_t next = got.rows[i].epoch == 1 ? (got.rows[i].lane == LANE_FAULT ? 6 : 900) : INT64_MAX;
        assert_int_equal(got.rows[i].next, next);
        assert_true(got.rows[i].tail == (next == 6 ? 7 : next == 900 ? 9 : UINT64_MAX));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_every_driver(a_device_comes_back_as_it_was_put),
        on_every_driver(putting_a_device_again_replaces_all_of_it),
        on_every_driver(pages_of_devices_have_no_hole_and_no_double),
        on_every_driver(filters_of_devices_go_together),
        on_every_driver(silence_is_measured_by_a_devices_own_interval),
        on_every_driver(lanes_of_an_epoch_are_kept_apart),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
