/* store_log.c: the append-only logs: transitions, other reports, losses, audit. */
#include "store_inside.h"

#include <assert.h>
#include <string.h>

/* "" in the table where the reporting device is the device itself: most rows, and half of their bytes. */
static const char *stored_reporter(const char *device, const char *reported_by)
{
    return strcmp(device, reported_by) == 0 ? "" : reported_by;
}

static const char *read_reporter(const char *device, const char *reported_by)
{
    return reported_by[0] ? reported_by : device;
}

/* ---------------------------------------------------------------- transitions */

#define TRANSITION_COLUMNS                                                                                             \
    "shard, device, reported_by, epoch, number, " STORE_KEY_COLUMNS                                                    \
    ", from_state, to_state, quality, occurred_ms, bound_ms, received_ms, record"

int store_add_transition(struct store *s, const struct transition_row *row, struct fail *f)
{
    static const struct store_table table = {
        STORE_TRANSITIONS, "INSERT INTO transition (" TRANSITION_COLUMNS ") VALUES", "", 18, 0};
    const struct db_value values[] = {db_i64(row->shard), db_text(row->device),
        db_text(stored_reporter(row->device, row->reported_by)), db_u64(row->epoch), db_u64(row->number),
        STORE_KEY_VALUES(row->key), db_i64(row->from), db_i64(row->to), db_i64(row->quality), db_wall(row->occurred.at),
        db_i64(row->occurred.bound_ms), db_wall(row->received), db_bytes(row->record, row->record_bytes)};

    s->transitions++;
    return store_rows_add(s, &table, values, f);
}

int store_list_transitions(struct store *s, uint8_t shard, const char *device, int limit,
    bool (*each)(void *ctx, const struct transition_row *row), void *ctx, struct fail *f)
{
    static const char sql[] = "SELECT " TRANSITION_COLUMNS " FROM transition WHERE shard = $1 AND device = $2 "
                              "ORDER BY occurred_ms DESC, number DESC LIMIT $3";
    const struct db_value values[] = {db_i64(shard), db_text(device), db_i64(limit)};
    struct condition_key key;
    autodone struct db_rows rows = {0};
    bool found;

    assert(limit >= 1 && limit <= STORE_PAGE_MAX);
    if (store_rows_settle(s, STORE_TRANSITIONS, f) < 0 || db_query(s->db, sql, values, countof(values), &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        store_get_key(&rows, 5, &key);
        struct transition_row row = {.shard = shard,
            .device = device,
            .reported_by = read_reporter(device, db_get_text(&rows, 2)),
            .epoch = (uint64_t)db_get_i64(&rows, 3),
            .number = (uint64_t)db_get_i64(&rows, 4),
            .key = &key,
            .from = (enum fault_state)db_get_i64(&rows, 11),
            .to = (enum fault_state)db_get_i64(&rows, 12),
            .quality = (enum quality)db_get_i64(&rows, 13),
            .occurred = {.at = store_get_wall(&rows, 14), .bound_ms = db_get_i64(&rows, 15)},
            .received = store_get_wall(&rows, 16)};
        row.record = db_get_bytes(&rows, 17, &row.record_bytes);
        if (!each(ctx, &row))
            return 0;
    }
    return -1;
}

/* ---------------------------------------------------------------- other reports */

#define REPORT_COLUMNS                                                                                                 \
    "shard, device, reported_by, epoch, lane, number, kind, occurred_ms, bound_ms, received_ms, record"

int store_add_report(struct store *s, const struct report_row *row, struct fail *f)
{
    static const struct store_table table = {
        STORE_REPORTS, "INSERT INTO report (" REPORT_COLUMNS ") VALUES", "", 11, 0};
    const struct db_value values[] = {db_i64(row->shard), db_text(row->device),
        db_text(stored_reporter(row->device, row->reported_by)), db_u64(row->epoch), db_i64(row->lane),
        db_u64(row->number), db_i64(row->kind), db_wall(row->occurred.at), db_i64(row->occurred.bound_ms),
        db_wall(row->received), db_bytes(row->record, row->record_bytes)};

    return store_rows_add(s, &table, values, f);
}

int store_list_reports(struct store *s, uint8_t shard, const char *device, int limit,
    bool (*each)(void *ctx, const struct report_row *row), void *ctx, struct fail *f)
{
    static const char sql[] = "SELECT " REPORT_COLUMNS " FROM report WHERE shard = $1 AND device = $2 "
                              "ORDER BY occurred_ms DESC, number DESC LIMIT $3";
    const struct db_value values[] = {db_i64(shard), db_text(device), db_i64(limit)};
    autodone struct db_rows rows = {0};
    bool found;

    assert(limit >= 1 && limit <= STORE_PAGE_MAX);
    if (store_rows_settle(s, STORE_REPORTS, f) < 0 || db_query(s->db, sql, values, countof(values), &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        struct report_row row = {.shard = shard,
            .device = device,
            .reported_by = read_reporter(device, db_get_text(&rows, 2)),
            .epoch = (uint64_t)db_get_i64(&rows, 3),
            .lane = (enum lane)db_get_i64(&rows, 4),
            .number = (uint64_t)db_get_i64(&rows, 5),
            .kind = (enum record_kind)db_get_i64(&rows, 6),
            .occurred = {.at = store_get_wall(&rows, 7), .bound_ms = db_get_i64(&rows, 8)},
            .received = store_get_wall(&rows, 9)};
        row.record = db_get_bytes(&rows, 10, &row.record_bytes);
        if (!each(ctx, &row))
            return 0;
    }
    return -1;
}

/* ---------------------------------------------------------------- single records */

/* No index finds a number: what is asked for lies among the newest rows, and what does not is not worth the search. Rows
 * that a snapshot made go without a record. */
#define RECORDS_OF(log)                                                                                                \
    "SELECT number, record FROM (SELECT epoch, number, record FROM " log                                               \
    " WHERE shard = $1 AND device = $2 ORDER BY occurred_ms DESC LIMIT $3) AS newest "                                 \
    "WHERE epoch = $4 AND number >= $5 AND number <= $6 AND length(record) > 0"

static int each_record_of(struct store *s, const char *sql, enum store_slot slot,
    const struct db_value values[static 6],
    bool (*each)(void *ctx, uint64_t number, const uint8_t *record, size_t record_bytes), void *ctx, struct fail *f)
{
    autodone struct db_rows rows = {0};
    const uint8_t *record;
    size_t record_bytes;
    bool found;

    if (store_rows_settle(s, slot, f) < 0 || db_query(s->db, sql, values, 6, &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        record = db_get_bytes(&rows, 1, &record_bytes);
        if (!each(ctx, (uint64_t)db_get_i64(&rows, 0), record, record_bytes))
            return 0;
    }
    return -1;
}

int store_each_record(struct store *s, uint8_t shard, const char *device, uint64_t epoch, uint64_t first, uint64_t last,
    bool (*each)(void *ctx, uint64_t number, const uint8_t *record, size_t record_bytes), void *ctx, struct fail *f)
{
    const struct db_value values[] = {
        db_i64(shard), db_text(device), db_i64(STORE_LOOK_BACK), db_u64(epoch), db_u64(first), db_u64(last)};

    if (each_record_of(s, RECORDS_OF("transition"), STORE_TRANSITIONS, values, each, ctx, f) < 0)
        return -1;
    return each_record_of(s, RECORDS_OF("report"), STORE_REPORTS, values, each, ctx, f);
}

/* ---------------------------------------------------------------- losses */

#define LOSS_COLUMNS "shard, device, epoch, lane, first, last, cause, detail, faults, healths, others, received_ms"

int store_add_loss(struct store *s, const struct loss_row *row, struct fail *f)
{
    static const char sql[] = "INSERT INTO loss (" LOSS_COLUMNS ") "
                              "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    const struct db_value values[] = {db_i64(row->shard), db_text(row->device), db_u64(row->epoch), db_i64(row->lane),
        db_u64(row->first), db_u64(row->last), db_text(row->cause), db_text(row->detail), db_i64(row->faults),
        db_i64(row->healths), db_i64(row->others), db_wall(row->received)};

    return db_run(s->db, sql, values, countof(values), f);
}

int store_list_losses(struct store *s, uint8_t shard, const char *device, int limit,
    bool (*each)(void *ctx, const struct loss_row *row), void *ctx, struct fail *f)
{
    static const char sql[] = "SELECT " LOSS_COLUMNS " FROM loss WHERE shard = $1 AND device = $2 "
                              "ORDER BY received_ms DESC, last DESC LIMIT $3";
    const struct db_value values[] = {db_i64(shard), db_text(device), db_i64(limit)};
    struct loss_row row;
    autodone struct db_rows rows = {0};
    bool found;

    assert(limit >= 1 && limit <= STORE_PAGE_MAX);
    if (db_query(s->db, sql, values, countof(values), &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        row.shard = shard;
        store_copy(&rows, 1, row.device);
        row.epoch = (uint64_t)db_get_i64(&rows, 2);
        row.lane = (enum lane)db_get_i64(&rows, 3);
        row.first = (uint64_t)db_get_i64(&rows, 4);
        row.last = (uint64_t)db_get_i64(&rows, 5);
        store_copy(&rows, 6, row.cause);
        store_copy(&rows, 7, row.detail);
        row.faults = (uint32_t)db_get_i64(&rows, 8);
        row.healths = (uint32_t)db_get_i64(&rows, 9);
        row.others = (uint32_t)db_get_i64(&rows, 10);
        row.received = store_get_wall(&rows, 11);
        if (!each(ctx, &row))
            return 0;
    }
    return -1;
}

/* ---------------------------------------------------------------- audit */

int store_add_audit(struct store *s, const struct audit_row *row, struct fail *f)
{
    static const struct store_table table = {
        STORE_AUDIT, "INSERT INTO audit (shard, at_ms, who, what, object, detail) VALUES", "", 6, 0};
    const struct db_value values[] = {db_i64(row->shard), db_wall(row->at), db_text(row->who), db_text(row->what),
        db_text(row->object), db_text(row->detail)};

    return store_rows_add(s, &table, values, f);
}

int store_list_audit(struct store *s, uint8_t shard, const char *object, int limit,
    bool (*each)(void *ctx, const struct audit_row *row), void *ctx, struct fail *f)
{
    static const char sql[] = "SELECT at_ms, who, what, detail FROM audit WHERE shard = $1 AND object = $2 "
                              "ORDER BY at_ms DESC LIMIT $3";
    const struct db_value values[] = {db_i64(shard), db_text(object), db_i64(limit)};
    autodone struct db_rows rows = {0};
    bool found;

    assert(limit >= 1 && limit <= STORE_PAGE_MAX);
    if (store_rows_settle(s, STORE_AUDIT, f) < 0 || db_query(s->db, sql, values, countof(values), &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        struct audit_row row = {.shard = shard,
            .at = store_get_wall(&rows, 0),
            .who = db_get_text(&rows, 1),
            .what = db_get_text(&rows, 2),
            .object = object,
            .detail = db_get_text(&rows, 3)};
        if (!each(ctx, &row))
            return 0;
    }
    return -1;
}
