/* store_event.c: what live views are told, and the figures for operators. */
#include "store_inside.h"

#include <assert.h>

int store_add_event(struct store *s, const struct event_row *row, struct fail *f)
{
    static const struct store_table table = {
        STORE_EVENTS, "INSERT INTO event (shard, id, at_ms, kind, json) VALUES", "", 5, 0};
    const struct db_value values[] = {
        db_i64(row->shard), db_i64(row->id), db_wall(row->at), db_text(row->kind), db_text(row->json)};

    return store_rows_add(s, &table, values, f);
}

int store_drop_events(struct store *s, int64_t below_id, struct fail *f)
{
    const struct db_value values[] = {db_i64(below_id)};

    if (store_rows_settle(s, STORE_EVENTS, f) < 0)
        return -1;
    return db_run(s->db, "DELETE FROM event WHERE id < $1", values, countof(values), f);
}

int store_last_event(struct store *s, int64_t *ret_id, struct fail *f)
{
    autodone struct db_rows rows = {0};

    if (store_rows_settle(s, STORE_EVENTS, f) < 0 ||
        store_one(s, "SELECT COALESCE(MAX(id), 0) FROM event", NULL, 0, &rows, "no row", f) < 0)
        return -1;
    *ret_id = db_get_i64(&rows, 0);
    return 0;
}

int store_each_event(struct store *s, int64_t after_id, int limit, bool (*each)(void *ctx, const struct event_row *row),
    void *ctx, struct fail *f)
{
    static const char sql[] = "SELECT shard, id, at_ms, kind, json FROM event WHERE id > $1 ORDER BY id LIMIT $2";
    const struct db_value values[] = {db_i64(after_id), db_i64(limit)};
    struct event_row row;
    autodone struct db_rows rows = {0};
    bool found;

    assert(limit >= 1);
    if (store_rows_settle(s, STORE_EVENTS, f) < 0 || db_query(s->db, sql, values, countof(values), &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        row.shard = (uint8_t)db_get_i64(&rows, 0);
        row.id = db_get_i64(&rows, 1);
        row.at = store_get_wall(&rows, 2);
        store_copy(&rows, 3, row.kind);
        row.json = db_get_text(&rows, 4);
        if (!each(ctx, &row))
            return 0;
    }
    return -1;
}

/* Counts per shard first: so the query stays the same when shards lie on several machines. */
#define COUNT_OF(table, condition)                                                                                     \
    "(SELECT COALESCE(CAST(SUM(c) AS BIGINT), 0) FROM "                                                                \
    "(SELECT shard, COUNT(*) AS c FROM " table " WHERE " condition " GROUP BY shard) x)"

int store_count(struct store *s, struct store_counts *ret, struct fail *f)
{
    static const char sql[] =
        "SELECT " COUNT_OF("device", "shard >= 0") ", " COUNT_OF("device", "online = 1") ", " COUNT_OF(
            "condition", "state = 2") ", " COUNT_OF("ticket", "state < 6") ", " COUNT_OF("ticket_clock",
            "state = 2") ", "
                         "(SELECT COALESCE(CAST(SUM(transitions) AS BIGINT), 0) FROM lease)";
    autodone struct db_rows rows = {0};

    if (store_rows_settle_all(s, f) < 0 || store_one(s, sql, NULL, 0, &rows, "no row", f) < 0)
        return -1;
    *ret = (struct store_counts){.devices = db_get_i64(&rows, 0),
        .devices_online = db_get_i64(&rows, 1),
        .conditions_confirmed = db_get_i64(&rows, 2),
        .tickets_open = db_get_i64(&rows, 3),
        .clocks_breached = db_get_i64(&rows, 4),
        .transitions = db_get_i64(&rows, 5)};
    return 0;
}
