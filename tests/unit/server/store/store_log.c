/* store_log: what was logged comes back byte for byte, the newest first. */
#include "stores.h"

enum { MOST = 16 };

static const uint8_t odd_bytes[] = {0, 0xff, 0, '\'', '\\', 0x80, 0xc0, 0};

static struct condition_key key_1(void)
{
    struct condition_key key = {.bus = "can0", .reporter = "can_addr:0000000000000017", .ns = "j1939", .mode = 31};

    strcpy(key.code, "520000");
    strcpy(key.component, "泵");
    return key;
}

struct transitions {
    struct transition_row rows[MOST];
    struct condition_key keys[MOST];
    char reported_by[MOST][BOUND_DEVICE_ID + 1];
    uint8_t records[MOST][64];
    size_t count;
};

static bool collect_transition(void *ctx, const struct transition_row *row)
{
    struct transitions *t = ctx;
    size_t i = t->count++;

    t->rows[i] = *row;
    t->keys[i] = *row->key;
    snprintf(t->reported_by[i], sizeof t->reported_by[i], "%s", row->reported_by);
    memcpy(t->records[i], row->record, row->record_bytes);
    return true;
}

static void a_transition_comes_back_byte_for_byte(void **state)
{
    struct stores *s = stores_of(state);
    const struct condition_key key = key_1();
    const struct transition_row row = {.shard = 9,
        .device = "hub-1:ac",
        .reported_by = "hub-1",
        .epoch = UINT64_MAX,
        .number = 12345678901234,
        .key = &key,
        .from = FAULT_PENDING,
        .to = FAULT_CONFIRMED,
        .quality = QUALITY_REPLAYED,
        .occurred = {.at = {1600000000001}, .bound_ms = INT64_MAX},
        .received = now,
        .record = odd_bytes,
        .record_bytes = sizeof odd_bytes};
    struct transitions got = {0};

    assert_ok(store_begin(s->store, f));
    assert_ok(store_add_transition(s->store, &row, f));
    assert_ok(store_commit(s->store, now, f));
    assert_ok(store_list_transitions(s->store, 9, "hub-1:ac", 10, collect_transition, &got, f));
    assert_int_equal(got.count, 1);
    assert_same(&got.keys[0], &key);
    assert_string_equal(got.reported_by[0], "hub-1");
    assert_int_equal(got.rows[0].epoch, row.epoch);
    assert_int_equal(got.rows[0].number, row.number);
    assert_int_equal(got.rows[0].from, row.from);
    assert_int_equal(got.rows[0].to, row.to);
    assert_int_equal(got.rows[0].quality, row.quality);
    assert_int_equal(got.rows[0].occurred.at.ms, row.occurred.at.ms);
    assert_int_equal(got.rows[0].occurred.bound_ms, row.occurred.bound_ms);
    assert_int_equal(got.rows[0].received.ms, now.ms);
    assert_int_equal(got.rows[0].record_bytes, sizeof odd_bytes);
    assert_memory_equal(got.records[0], odd_bytes, sizeof odd_bytes);
}

static void transitions_are_counted_and_the_newest_come_first(void **state)
{
    struct stores *s = stores_of(state);
    static const int64_t at[] = {5, 9, 9, 1};
    static const uint64_t order[] = {3, 2, 1, 4}; /* numbers; of equal times the later number first */
    const struct condition_key key = key_1();
    struct transitions got = {0};
    struct store_counts counts;

    assert_ok(store_begin(s->store, f));
    for (size_t i = 0; i < countof(at); i++) {
        const struct transition_row row = {.shard = 9,
            .device = "hub-1",
            .reported_by = "hub-1",
            .number = i + 1,
            .key = &key,
            .occurred.at = {at[i]},
            .record = NULL};
        assert_ok(store_add_transition(s->store, &row, f));
    }
    assert_ok(store_commit(s->store, now, f));
    assert_ok(store_list_transitions(s->store, 9, "hub-1", 10, collect_transition, &got, f));
    assert_int_equal(got.count, countof(at));
    for (size_t i = 0; i < got.count; i++) {
        assert_int_equal(got.rows[i].number, order[i]);
        assert_string_equal(got.reported_by[i], "hub-1");
        assert_int_equal(got.rows[i].record_bytes, 0);
    }
    memset(&got, 0, sizeof got);
    assert_ok(store_list_transitions(s->store, 9, "hub-1", 2, collect_transition, &got, f));
    assert_int_equal(got.count, 2);
    assert_ok(store_count(s->store, &counts, f));
    assert_int_equal(counts.transitions, 4);
}

static bool check_report(void *ctx, const struct report_row *row)
{
    const struct report_row *wanted = ctx;

    assert_int_equal(row->shard, wanted->shard);
    assert_string_equal(row->device, wanted->device);
    assert_string_equal(row->reported_by, wanted->reported_by);
    assert_int_equal(row->epoch, wanted->epoch);
    assert_int_equal(row->number, wanted->number);
    assert_int_equal(row->lane, wanted->lane);
    assert_int_equal(row->kind, wanted->kind);
    assert_int_equal(row->occurred.at.ms, wanted->occurred.at.ms);
    assert_int_equal(row->occurred.bound_ms, wanted->occurred.bound_ms);
    assert_int_equal(row->received.ms, wanted->received.ms);
    assert_int_equal(row->record_bytes, wanted->record_bytes);
    assert_memory_equal(row->record, wanted->record, wanted->record_bytes);
    return false;
}

static void a_report_comes_back_byte_for_byte(void **state)
{
    struct stores *s = stores_of(state);
    struct report_row row = {.shard = 1,
        .device = "hub-1:ac",
        .reported_by = "hub-1",
        .epoch = 1,
        .number = 2,
        .lane = LANE_FAULT,
        .kind = RECORD_LIFECYCLE,
        .occurred = {.at = {3}, .bound_ms = 4},
        .received = {5},
        .record = odd_bytes,
        .record_bytes = sizeof odd_bytes};

    assert_ok(store_begin(s->store, f));
    assert_ok(store_add_report(s->store, &row, f));
    assert_ok(store_commit(s->store, now, f));
    assert_ok(store_list_reports(s->store, 1, "hub-1:ac", 1, check_report, &row, f));
}

static bool check_loss(void *ctx, const struct loss_row *row)
{
    assert_same(row, (const struct loss_row *)ctx);
    return false;
}

static void a_loss_comes_back_as_it_was_put(void **state)
{
    struct stores *s = stores_of(state);
    struct loss_row row = {.shard = 2,
        .device = "hub-1",
        .epoch = UINT64_MAX,
        .lane = LANE_HEALTH,
        .first = 10,
        .last = 4000000000,
        .cause = "evicted",
        .detail = "满",
        .faults = 1,
        .healths = UINT32_MAX,
        .others = 3,
        .received = {44}};

    assert_ok(store_begin(s->store, f));
    assert_ok(store_add_loss(s->store, &row, f));
    assert_ok(store_commit(s->store, now, f));
    assert_ok(store_list_losses(s->store, 2, "hub-1", 5, check_loss, &row, f));
}

static bool check_audit(void *ctx, const struct audit_row *row)
{
    int *seen = ctx;

    assert_int_equal(row->at.ms, 2 - *seen);
    assert_string_equal(row->who, "user:李雷");
    assert_string_equal(row->what, *seen == 0 ? "ticket.closed" : "ticket.opened");
    assert_string_equal(row->object, "FL-02-000001");
    assert_string_equal(row->detail, "");
    ++*seen;
    return true;
}

static void the_audit_of_an_object_reads_newest_first(void **state)
{
    struct stores *s = stores_of(state);
    struct audit_row row = {
        .shard = 2, .at = {1}, .who = "user:李雷", .what = "ticket.opened", .object = "FL-02-000001", .detail = ""};
    int seen = 0;

    assert_ok(store_begin(s->store, f));
    assert_ok(store_add_audit(s->store, &row, f));
    row.at.ms = 2;
    row.what = "ticket.closed";
    assert_ok(store_add_audit(s->store, &row, f));
    row.object = "FL-02-000002";
    assert_ok(store_add_audit(s->store, &row, f));
    assert_ok(store_commit(s->store, now, f));
    assert_ok(store_list_audit(s->store, 2, "FL-02-000001", 10, check_audit, &seen, f));
    assert_int_equal(seen, 2);
}

struct found_records {
    uint64_t numbers[MOST];
    char first[MOST]; /* byte of each */
    size_t count;
};

static bool collect_record(void *ctx, uint64_t number, const uint8_t *record, size_t record_bytes)
{
    struct found_records *x = ctx;

    assert_int_equal(record_bytes, 1);
    x->numbers[x->count] = number;
    x->first[x->count++] = (char)record[0];
    return true;
}

static void add_small(struct store *store, const char *device, uint64_t epoch, uint64_t number, const char *record)
{
    const struct condition_key key = key_1();
    const struct transition_row row = {.shard = 9,
        .device = device,
        .reported_by = "hub-1",
        .epoch = epoch,
        .number = number,
        .key = &key,
        .occurred = {.at = {1600000000000 + (int64_t)number}},
        .received = now,
        .record = (const uint8_t *)record,
        .record_bytes = strlen(record)};
    const struct report_row report = {.shard = 9,
        .device = device,
        .reported_by = "hub-1",
        .epoch = epoch,
        .number = number,
        .kind = RECORD_LIFECYCLE,
        .occurred = row.occurred,
        .received = now,
        .record = row.record,
        .record_bytes = row.record_bytes};

    assert_ok(number % 2 ? store_add_transition(store, &row, f) : store_add_report(store, &report, f));
}

static void single_records_are_found_in_both_logs_and_before_the_commit(void **state)
{
    struct stores *s = stores_of(state);
    struct found_records got = {.count = 0};

    assert_ok(store_begin(s->store, f));
    for (uint64_t n = 1; n <= 6; n++)
        add_small(s->store, "hub-1", UINT64_MAX, n, "a");
    add_small(s->store, "hub-1", UINT64_MAX, 3, "");    /* of a snapshot */
    add_small(s->store, "hub-1", 5, 3, "b");            /* another epoch */
    add_small(s->store, "hub-1:x", UINT64_MAX, 3, "c"); /* another device */
    assert_ok(store_each_record(s->store, 9, "hub-1", UINT64_MAX, 3, 4, collect_record, &got, f));
    assert_int_equal(got.count, 2);
    for (size_t i = 0; i < got.count; i++) {
        assert_in_range(got.numbers[i], 3, 4);
        assert_int_equal(got.first[i], 'a');
    }
    store_rollback(s->store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_every_driver(a_transition_comes_back_byte_for_byte),
        on_every_driver(transitions_are_counted_and_the_newest_come_first),
        on_every_driver(a_report_comes_back_byte_for_byte),
        on_every_driver(a_loss_comes_back_as_it_was_put),
        on_every_driver(the_audit_of_an_object_reads_newest_first),
        on_every_driver(single_records_are_found_in_both_logs_and_before_the_commit),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
