/* store_health: a day's row is the rollup of its reports, whatever order and transactions they come in. */
#include <math.h>

#include "store_inside.h"
#include "stores.h"

static const int64_t day_ms = 86400000, day_1 = 19675;

struct days {
    struct health_day rows[8];
    struct measure_day measures[8][HEALTH_DAY_MEASURES];
    size_t count;
};

static bool collect(void *ctx, const struct health_day *row)
{
    struct days *d = ctx;
    size_t i = d->count++;

    d->rows[i] = *row;
    memcpy(d->measures[i], row->measures, row->measure_count * sizeof *row->measures);
    d->rows[i].measures = NULL;
    return true;
}

static void read_days(struct store *s, struct days *ret)
{
    memset(ret, 0, sizeof *ret);
    assert_ok(store_each_health_day(s, 3, "hub-1", 8, collect, ret, f));
}

/* A report at `at` of one measure whose samples are value-1, value, value+1. */
static void put(struct store *s, const char *device, int64_t at, const char *name, double value)
{
    const struct measure m = {
        .name = name, .min = value - 1, .mean = value, .max = value + 1, .last = value, .count = 3, .unit = "degC"};
    const struct health h = {.interval_ms = 3600000,
        .measures = &m,
        .measure_count = 1,
        .operating_hours = value * 10,
        .cycles = UINT64_MAX,
        .uptime_ms = (uint64_t)at,
        .restarts = 4,
        .restart_reason = "断电",
        .spool_used_bytes = 1,
        .spool_limit_bytes = 2,
        .dropped_count = 3,
        .refused_count = 4,
        .flash_written_bytes = 5};

    assert_ok(store_put_health(s, 3, device, (struct occurred){{at}, 17}, &h, f));
}

static void a_report_comes_back_as_it_was_put(void **state)
{
    struct stores *s = stores_of(state);
    struct days got;
    const int64_t at = day_1 * day_ms;

    assert_ok(store_begin(s->store, f));
    put(s->store, "hub-1", at, "cpu", 40.5);
    assert_ok(store_commit(s->store, now, f));
    read_days(s->store, &got);
    const struct health_day wanted = {.shard = 3,
        .day = day_1,
        .reports = 1,
        .covered_ms = 3600000,
        .when = {{at}, 17},
        .operating_hours = 405,
        .cycles = UINT64_MAX,
        .uptime_ms = (uint64_t)at,
        .restarts = 4,
        .restart_reason = "断电",
        .spool_used_bytes = 1,
        .spool_limit_bytes = 2,
        .dropped_count = 3,
        .refused_count = 4,
        .flash_written_bytes = 5,
        .measure_count = 1};
    assert_int_equal(got.count, 1);
    assert_same(&got.rows[0], &wanted);
    const struct measure_day *m = &got.measures[0][0];
    assert_string_equal(m->name, "cpu");
    assert_string_equal(m->unit, "degC");
    assert_int_equal(m->at.ms, at);
    assert_int_equal(m->count, 3);
    assert_true(m->min == 39.5 && m->max == 41.5 && m->last == 40.5 && fabs(m->sum - 121.5) < 1e-9);
}

/* Twelve reports of two measures over three days, out of order, with another device in between. */
static void put_many(struct store *s, bool one_transaction)
{
    static const int hours[] = {1, 2, 3, 30, 29, 5, 48, 4, 31, 6, 47, 7};

    for (size_t i = 0; i < countof(hours); i++) {
        if (!one_transaction || i == 0)
            assert_ok(store_begin(s, f));
        put(s, "hub-1", day_1 * day_ms + hours[i] * 3600000, i % 2 ? "cpu" : "rpm", hours[i]);
        if (i == 4)
            put(s, "hub-2", day_1 * day_ms, "cpu", 99);
        if (!one_transaction || i + 1 == countof(hours))
            assert_ok(store_commit(s, now, f));
    }
}

static void a_backlog_in_one_transaction_is_the_same_as_report_by_report(void **state)
{
    struct stores *s = stores_of(state);
    struct days *together = malloc(sizeof *together), *apart = malloc(sizeof *apart);

    put_many(s->store, false);
    read_days(s->store, apart);
    assert_ok(db_begin(s->store->db, f));
    assert_ok(db_run(s->store->db, "DELETE FROM health_day", NULL, 0, f));
    assert_ok(db_commit(s->store->db, f));
    put_many(s->store, true);
    read_days(s->store, together);
    assert_memory_equal(together, apart, sizeof *apart);

    /* Day 0: hours 1 to 7; day 1: 29, 30, 31, 47; day 2: 48. */
    assert_int_equal(apart->count, 3);
    assert_int_equal(apart->rows[2].reports, 7);
    assert_int_equal(apart->rows[1].reports, 4);
    assert_int_equal(apart->rows[0].reports, 1);
    assert_true(apart->rows[2].operating_hours == 70); /* of the latest in the day, though 3 others came later */
    assert_int_equal(apart->rows[2].covered_ms, 7 * 3600000);
    for (size_t i = 0; i < apart->rows[2].measure_count; i++) {
        const struct measure_day *m = &apart->measures[2][i];
        bool cpu = strcmp(m->name, "cpu") == 0; /* hours 2 5 4 6 7; rpm: 1 3 */
        assert_int_equal(m->count, cpu ? 15 : 6);
        assert_true(m->min == (cpu ? 1 : 0) && m->max == (cpu ? 8 : 4));
        assert_true(m->last == (cpu ? 7 : 3));
        assert_true(fabs(m->sum - (cpu ? 72 : 12)) < 1e-9);
    }
    free(together);
    free(apart);
}

static void a_new_day_still_knows_the_latest_values(void **state)
{
    struct stores *s = stores_of(state);
    struct days *got = malloc(sizeof *got);

    assert_ok(store_begin(s->store, f));
    put(s->store, "hub-1", day_1 * day_ms + 5, "rare", 7);
    put(s->store, "hub-1", (day_1 + 1) * day_ms, "cpu", 8);
    assert_ok(store_commit(s->store, now, f));
    read_days(s->store, got);
    assert_int_equal(got->count, 2);
    assert_int_equal(got->rows[0].measure_count, 2);
    assert_string_equal(got->measures[0][0].name, "rare");
    assert_int_equal(got->measures[0][0].count, 0);
    assert_int_equal(got->measures[0][0].at.ms, day_1 * day_ms + 5);
    assert_true(got->measures[0][0].last == 7);
    assert_int_equal(got->rows[0].reports, 1);
    assert_int_equal(got->rows[0].covered_ms, 3600000);
    free(got);
}

static void a_day_before_1970_is_a_day(void **state)
{
    struct stores *s = stores_of(state);
    struct days *got = malloc(sizeof *got);

    assert_ok(store_begin(s->store, f));
    put(s->store, "hub-1", -1, "cpu", 1);
    put(s->store, "hub-1", 0, "cpu", 2);
    assert_ok(store_commit(s->store, now, f));
    read_days(s->store, got);
    assert_int_equal(got->count, 2);
    assert_int_equal(got->rows[0].day, 0);
    assert_int_equal(got->rows[1].day, -1);
    free(got);
}

static void rolled_back_health_is_gone(void **state)
{
    struct stores *s = stores_of(state);
    struct days *got = malloc(sizeof *got);

    assert_ok(store_begin(s->store, f));
    put(s->store, "hub-1", day_1 * day_ms, "cpu", 1);
    store_rollback(s->store);
    assert_ok(store_begin(s->store, f));
    put(s->store, "hub-1", day_1 * day_ms + 1, "cpu", 5);
    assert_ok(store_commit(s->store, now, f));
    read_days(s->store, got);
    assert_int_equal(got->count, 1);
    assert_int_equal(got->rows[0].reports, 1);
    assert_true(got->measures[0][0].min == 4);
    free(got);
}

static void health_is_read_in_the_transaction_that_put_it(void **state)
{
    struct stores *s = stores_of(state);
    struct days *got = malloc(sizeof *got);

    assert_ok(store_begin(s->store, f));
    put(s->store, "hub-1", day_1 * day_ms, "cpu", 1);
    read_days(s->store, got);
    assert_int_equal(got->count, 1);
    put(s->store, "hub-1", day_1 * day_ms + 1, "cpu", 2);
    assert_ok(store_commit(s->store, now, f));
    read_days(s->store, got);
    assert_int_equal(got->rows[0].reports, 2);
    free(got);
}

static void ever_new_names_do_not_make_a_row_grow(void **state)
{
    struct stores *s = stores_of(state);
    struct days *got = malloc(sizeof *got);
    char name[16];

    assert_ok(store_begin(s->store, f));
    for (int i = 0; i < 3 * HEALTH_DAY_MEASURES; i++) {
        snprintf(name, sizeof name, "m%d", i);
        put(s->store, "hub-1", day_1 * day_ms + i, name, i);
    }
    assert_ok(store_commit(s->store, now, f));
    read_days(s->store, got);
    assert_int_equal(got->rows[0].measure_count, HEALTH_DAY_MEASURES);
    for (size_t i = 0; i < HEALTH_DAY_MEASURES; i++)
        assert_true(got->measures[0][i].last >= 2 * HEALTH_DAY_MEASURES); /* the newest stayed */
    free(got);
}

static void damaged_measures_are_told(void **state)
{
    struct stores *s = stores_of(state);
    static const uint8_t bad[][24] = {{0}, {2, 1}, {1, 200}, {1, 3, 'c', 'p'}, {1, 1, 'c', 1, 'K', 0, 0}};
    static const size_t bytes[] = {0, 2, 2, 4, 7};
    struct days *got = calloc(1, sizeof *got);

    assert_ok(store_begin(s->store, f));
    put(s->store, "hub-1", day_1 * day_ms, "cpu", 1);
    assert_ok(store_commit(s->store, now, f));
    for (size_t i = 0; i < countof(bad); i++) {
        const struct db_value values[] = {db_bytes(bad[i], bytes[i])};
        assert_ok(db_begin(s->store->db, f));
        assert_ok(db_run(s->store->db, "UPDATE health_day SET measures = $1", values, 1, f));
        assert_ok(db_commit(s->store->db, f));
        assert_fails(store_each_health_day(s->store, 3, "hub-1", 8, collect, got, f), FAIL_CORRUPT);
    }
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_every_driver(a_report_comes_back_as_it_was_put),
        on_every_driver(a_backlog_in_one_transaction_is_the_same_as_report_by_report),
        on_every_driver(a_new_day_still_knows_the_latest_values),
        on_every_driver(a_day_before_1970_is_a_day),
        on_every_driver(rolled_back_health_is_gone),
        on_every_driver(health_is_read_in_the_transaction_that_put_it),
        on_every_driver(ever_new_names_do_not_make_a_row_grow),
        on_every_driver(damaged_measures_are_told),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
