/* store_rows: rows that wait to be written together are seen by who reads, keep their values, and never outlive their
 * transaction. */
#include "stores.h"

static const uint8_t shard = 7;
static const struct condition_key key = {.bus = "can0", .reporter = "logical", .ns = "app", .code = "E1", .mode = 3};

static int add_transition(struct store *s, const char *device, uint64_t number, struct fail *f)
{
    const uint8_t record[] = {(uint8_t)number, 2, 3};
    const struct transition_row row = {.shard = shard,
        .device = device,
        .reported_by = device,
        .number = number,
        .key = &key,
        .to = FAULT_PENDING,
        .occurred = {.at = {(int64_t)number}},
        .received = now,
        .record = record,
        .record_bytes = sizeof record};

    return store_add_transition(s, &row, f);
}

struct seen {
    uint64_t numbers[64];
    size_t count;
};

static bool see_transition(void *ctx, const struct transition_row *row)
{
    struct seen *seen = ctx;

    assert_int_equal(row->record_bytes, 3);
    assert_int_equal(row->record[0], (uint8_t)row->number);
    assert_string_equal(row->key->code, "E1");
    seen->numbers[seen->count++] = row->number;
    return true;
}

static struct seen transitions(struct store *s, const char *device)
{
    struct seen seen = {.count = 0};

    assert_ok(store_list_transitions(s, shard, device, 64, see_transition, &seen, f));
    return seen;
}

static void any_number_of_rows_arrives(void **state)
{
    struct stores *s = stores_of(state);

    for (unsigned count = 1; count <= 23; count++) {
        char device[16];
        snprintf(device, sizeof device, "hub-%u", count);
        assert_ok(store_begin(s->store, f));
        for (unsigned n = 1; n <= count; n++)
            assert_ok(add_transition(s->store, device, n, f));
        assert_ok(store_commit(s->store, now, f));
        struct seen seen = transitions(s->store, device);
        assert_int_equal(seen.count, count);
        for (unsigned i = 0; i < count; i++) /* newest first */
            assert_int_equal(seen.numbers[i], count - i);
    }
}

static bool count_one(void *ctx, const void *row)
{
    (void)row;
    ++*(size_t *)ctx;
    return true;
}

static bool count_condition(void *ctx, const struct condition *row)
{
    return count_one(ctx, row);
}

static bool count_lane(void *ctx, const struct lane_row *row)
{
    return count_one(ctx, row);
}

static bool count_audit(void *ctx, const struct audit_row *row)
{
    return count_one(ctx, row);
}

static bool count_event(void *ctx, const struct event_row *row)
{
    return count_one(ctx, row);
}

static void waiting_rows_are_seen_within_their_transaction(void **state)
{
    struct stores *s = stores_of(state);
    const struct condition condition = {.key = key, .state = FAULT_CONFIRMED};
    const struct lane_row lane = {.epoch = 1, .next = 2};
    const struct audit_row audit = {shard, now, "rule:x", "y", "z", ""};
    const struct event_row event = {.id = 1, .shard = shard, .at = now, .kind = "k", .json = "{}"};
    size_t conditions = 0, lanes = 0, audits = 0, events = 0;

    assert_ok(store_begin(s->store, f));
    assert_ok(store_put_condition(s->store, shard, "hub-1", &condition, f));
    assert_ok(store_put_lane(s->store, shard, "hub-1", &lane, f));
    assert_ok(store_add_audit(s->store, &audit, f));
    assert_ok(store_add_event(s->store, &event, f));
    assert_ok(add_transition(s->store, "hub-1", 1, f));
    assert_ok(store_each_condition(s->store, shard, "hub-1", count_condition, &conditions, f));
    assert_ok(store_each_lane(s->store, shard, "hub-1", count_lane, &lanes, f));
    assert_ok(store_list_audit(s->store, shard, "z", 10, count_audit, &audits, f));
    assert_ok(store_each_event(s->store, 0, 10, count_event, &events, f));
    assert_int_equal(transitions(s->store, "hub-1").count, 1);
    assert_ok(store_commit(s->store, now, f));
    assert_int_equal(conditions, 1);
    assert_int_equal(lanes, 1);
    assert_int_equal(audits, 1);
    assert_int_equal(events, 1);
    assert_int_equal(transitions(s->store, "hub-1").count, 1); /* and they are written once */
}

static bool keep_condition(void *ctx, const struct condition *row)
{
    *(struct condition *)ctx = *row;
    return true;
}

static void a_key_put_twice_keeps_what_was_put_last(void **state)
{
    struct stores *s = stores_of(state);
    struct condition c = {.key = key, .state = FAULT_PENDING}, other = c, read = {.occurrences = 99};

    strcpy(other.key.code, "E2");
    assert_ok(store_begin(s->store, f));
    for (uint32_t i = 0; i < 5; i++) {
        c.occurrences = i;
        assert_ok(store_put_condition(s->store, shard, "hub-2", &other, f));
        assert_ok(store_put_condition(s->store, shard, "hub-1", &c, f));
    }
    assert_ok(store_commit(s->store, now, f));
    assert_ok(store_each_condition(s->store, shard, "hub-1", keep_condition, &read, f));
    assert_int_equal(read.occurrences, 4);
}

static void a_row_is_copied_when_it_is_added(void **state)
{
    struct stores *s = stores_of(state);
    char device[16] = "hub-1";

    assert_ok(store_begin(s->store, f));
    assert_ok(add_transition(s->store, device, 1, f));
    strcpy(device, "hub-2");
    assert_ok(store_commit(s->store, now, f));
    assert_int_equal(transitions(s->store, "hub-1").count, 1);
    assert_int_equal(transitions(s->store, "hub-2").count, 0);
}

static void rows_of_a_rolled_back_transaction_are_gone(void **state)
{
    struct stores *s = stores_of(state);

    assert_ok(store_begin(s->store, f));
    assert_ok(add_transition(s->store, "hub-1", 1, f));
    store_rollback(s->store);
    assert_ok(store_begin(s->store, f));
    assert_ok(add_transition(s->store, "hub-1", 2, f));
    assert_ok(store_commit(s->store, now, f));
    struct seen seen = transitions(s->store, "hub-1");
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.numbers[0], 2);
}

static bool measure_detail(void *ctx, const struct audit_row *row)
{
    *(size_t *)ctx += strlen(row->detail);
    return true;
}

static void rows_of_every_size_arrive(void **state)
{
    static const size_t sizes[] = {0, 10, 20000, 20000, 40000, 3};
    static char detail[40001];
    struct stores *s = stores_of(state);
    size_t bytes = 0, wanted = 0;

    assert_ok(store_begin(s->store, f));
    for (size_t i = 0; i < countof(sizes); i++) {
        const struct audit_row row = {shard, now, "user:x", "y", "z", detail};
        memset(detail, 'a', sizes[i]);
        detail[sizes[i]] = '\0';
        wanted += sizes[i];
        assert_ok(store_add_audit(s->store, &row, f));
    }
    assert_ok(store_commit(s->store, now, f));
    assert_ok(store_list_audit(s->store, shard, "z", 10, measure_detail, &bytes, f));
    assert_int_equal(bytes, wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_every_driver(any_number_of_rows_arrives),
        on_every_driver(waiting_rows_are_seen_within_their_transaction),
        on_every_driver(a_key_put_twice_keeps_what_was_put_last),
        on_every_driver(a_row_is_copied_when_it_is_added),
        on_every_driver(rows_of_a_rolled_back_transaction_are_gone),
        on_every_driver(rows_of_every_size_arrive),
    };

    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
