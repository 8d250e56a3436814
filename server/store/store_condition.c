/* store_condition.c: what is known now of each fault on each device. */
#include "store_inside.h"

#include <assert.h>

#define COLUMNS                                                                                                        \
    "shard, device, " STORE_KEY_COLUMNS ", state, flapping, class, severity, subject, occurrences, flaps, "            \
    "flap_window_ms, first_seen_ms, last_seen_ms, state_since_ms, epoch, number"

int store_put_condition(struct store *s, uint8_t shard, const char *device, const struct condition *row, struct fail *f)
{
    static const struct store_table table = {STORE_CONDITIONS, "INSERT INTO condition (" COLUMNS ") VALUES",
        " ON CONFLICT (shard, device, " STORE_KEY_COLUMNS ") DO UPDATE SET "
        "state = excluded.state, flapping = excluded.flapping, class = excluded.class, "
        "severity = excluded.severity, subject = excluded.subject, occurrences = excluded.occurrences, "
        "flaps = excluded.flaps, flap_window_ms = excluded.flap_window_ms, first_seen_ms = excluded.first_seen_ms, "
        "last_seen_ms = excluded.last_seen_ms, state_since_ms = excluded.state_since_ms, epoch = excluded.epoch, "
        "number = excluded.number",
        21, 8};
    const struct db_value values[] = {db_i64(shard), db_text(device), STORE_KEY_VALUES(&row->key), db_i64(row->state),
        db_i64(row->flapping), db_i64(row->class_), db_i64(row->severity), db_text(row->subject),
        db_i64(row->occurrences), db_i64(row->flaps), db_wall(row->flap_window_start), db_wall(row->first_seen),
        db_wall(row->last_seen), db_wall(row->state_since), db_u64(row->epoch), db_u64(row->number)};

    return store_rows_add(s, &table, values, f);
}

static void get_condition(const struct db_rows *rows, struct condition *ret)
{
    store_get_key(rows, 2, &ret->key);
    ret->state = (enum fault_state)db_get_i64(rows, 8);
    ret->flapping = db_get_i64(rows, 9) != 0;
    ret->class_ = (enum ticket_class)db_get_i64(rows, 10);
    ret->severity = (uint8_t)db_get_i64(rows, 11);
    store_copy(rows, 12, ret->subject);
    ret->occurrences = (uint32_t)db_get_i64(rows, 13);
    ret->flaps = (uint32_t)db_get_i64(rows, 14);
    ret->flap_window_start = store_get_wall(rows, 15);
    ret->first_seen = store_get_wall(rows, 16);
    ret->last_seen = store_get_wall(rows, 17);
    ret->state_since = store_get_wall(rows, 18);
    ret->epoch = (uint64_t)db_get_i64(rows, 19);
    ret->number = (uint64_t)db_get_i64(rows, 20);
}

int store_each_condition(struct store *s, uint8_t shard, const char *device,
    bool (*each)(void *ctx, const struct condition *row), void *ctx, struct fail *f)
{
    static const char sql[] = "SELECT " COLUMNS " FROM condition WHERE shard = $1 AND device = $2 "
                              "ORDER BY " STORE_KEY_COLUMNS;
    const struct db_value values[] = {db_i64(shard), db_text(device)};
    struct condition row;
    autodone struct db_rows rows = {0};
    bool found;

    if (store_rows_settle(s, STORE_CONDITIONS, f) < 0 || db_query(s->db, sql, values, countof(values), &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        get_condition(&rows, &row);
        if (!each(ctx, &row))
            return 0;
    }
    return -1;
}

static void add_page(struct store_query *q, const struct condition_filter *filter)
{
    const struct db_value key[] = {STORE_KEY_VALUES(filter->after_key)};

    store_query_value(q, " AND (shard, device, " STORE_KEY_COLUMNS ") > ($%d", db_i64(filter->after_shard));
    store_query_value(q, ", $%d", db_text(filter->after_device));
    for (size_t i = 0; i < countof(key); i++)
        store_query_value(q, ", $%d", key[i]);
    store_query_add(q, ")");
}

int store_list_conditions(struct store *s, const struct condition_filter *filter,
    bool (*each)(void *ctx, uint8_t shard, const char *device, const struct condition *row), void *ctx, struct fail *f)
{
    struct store_query q = {0};
    struct condition row;
    autodone struct db_rows rows = {0};
    bool found;

    assert(filter->limit >= 1 && filter->limit <= STORE_PAGE_MAX);
    store_query_add(&q, "SELECT " COLUMNS " FROM condition WHERE shard >= 0");
    if (filter->device) {
        store_query_value(&q, " AND shard = $%d", db_i64(store_shard_of(filter->device)));
        store_query_value(&q, " AND device = $%d", db_text(filter->device));
    }
    if (filter->state == FAULT_CONFIRMED)
        store_query_add(&q, " AND state = 2"); /* as the partial index has it */
    else if (filter->state >= 0)
        store_query_value(&q, " AND state = $%d", db_i64(filter->state));
    if (filter->flapping)
        store_query_add(&q, " AND flapping = 1"); /* as the partial index has it */
    if (filter->after_shard >= 0)
        add_page(&q, filter);
    store_query_value(&q, " ORDER BY shard, device, " STORE_KEY_COLUMNS " LIMIT $%d", db_i64(filter->limit));
    if (store_rows_settle(s, STORE_CONDITIONS, f) < 0 || store_query_run(s, &q, &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        get_condition(&rows, &row);
        if (!each(ctx, (uint8_t)db_get_i64(&rows, 0), db_get_text(&rows, 1), &row))
            return 0;
    }
    return -1;
}
