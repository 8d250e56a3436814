/* store_device.c: devices and the watermarks of their lanes. */
#include "store_inside.h"

#include <assert.h>

#define COLUMNS                                                                                                        \
    "shard, device, gateway, registration, product_line, model, serial, hardware, firmware, enrolled_ms, "             \
    "last_seen_ms, online, epoch, session, spool_resets, cloned, health_ms, offline"

const char *store_registration_word(enum registration r)
{
    static const char *const words[REGISTRATION_COUNT] = {"known", "blocked"};

    assert(r < REGISTRATION_COUNT);
    return words[r];
}

const char *store_offline_word(enum offline_reason why)
{
    static const char *const words[OFFLINE_REASON_COUNT] = {"unknown", "stopped", "lost", "silent"};

    assert(why < OFFLINE_REASON_COUNT);
    return words[why];
}

int store_put_device(struct store *s, const struct device_row *row, struct fail *f)
{
    static const char sql[] =
        "INSERT INTO device (" COLUMNS ") "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) "
        "ON CONFLICT (shard, device) DO UPDATE SET "
        "gateway = excluded.gateway, registration = excluded.registration, product_line = excluded.product_line, "
        "model = excluded.model, serial = excluded.serial, hardware = excluded.hardware, "
        "firmware = excluded.firmware, enrolled_ms = excluded.enrolled_ms, last_seen_ms = excluded.last_seen_ms, "
        "online = excluded.online, epoch = excluded.epoch, session = excluded.session, "
        "spool_resets = excluded.spool_resets, cloned = excluded.cloned, health_ms = excluded.health_ms, "
        "offline = excluded.offline";
    const struct db_value values[] = {db_i64(row->shard), db_text(row->device), db_text(row->gateway),
        db_i64(row->registration), db_text(row->product_line), db_text(row->model), db_text(row->serial),
        db_text(row->hardware), db_text(row->firmware), db_wall(row->enrolled), db_wall(row->last_seen),
        db_i64(row->online), db_u64(row->epoch), db_i64(row->session), db_i64(row->spool_resets), db_i64(row->cloned),
        db_i64(row->health_ms), db_i64(row->offline)};

    return db_run(s->db, sql, values, countof(values), f);
}

static void get_device(const struct db_rows *rows, struct device_row *ret)
{
    ret->shard = (uint8_t)db_get_i64(rows, 0);
    store_copy(rows, 1, ret->device);
    store_copy(rows, 2, ret->gateway);
    ret->registration = (enum registration)db_get_i64(rows, 3);
    store_copy(rows, 4, ret->product_line);
    store_copy(rows, 5, ret->model);
    store_copy(rows, 6, ret->serial);
    store_copy(rows, 7, ret->hardware);
    store_copy(rows, 8, ret->firmware);
    ret->enrolled = store_get_wall(rows, 9);
    ret->last_seen = store_get_wall(rows, 10);
    ret->online = db_get_i64(rows, 11) != 0;
    ret->epoch = (uint64_t)db_get_i64(rows, 12);
    ret->session = (uint32_t)db_get_i64(rows, 13);
    ret->spool_resets = (uint32_t)db_get_i64(rows, 14);
    ret->cloned = db_get_i64(rows, 15) != 0;
    ret->health_ms = db_get_i64(rows, 16);
    ret->offline = (enum offline_reason)db_get_i64(rows, 17);
}

int store_get_device(struct store *s, uint8_t shard, const char *device, struct device_row *ret, struct fail *f)
{
    static const char sql[] = "SELECT " COLUMNS " FROM device WHERE shard = $1 AND device = $2";
    const struct db_value values[] = {db_i64(shard), db_text(device)};
    autodone struct db_rows rows = {0};

    if (store_one(s, sql, values, countof(values), &rows, "no such device", f) < 0)
        return -1;
    get_device(&rows, ret);
    return 0;
}

int store_list_devices(struct store *s, const struct device_filter *filter,
    bool (*each)(void *ctx, const struct device_row *row), void *ctx, struct fail *f)
{
    struct store_query q = {0};
    struct device_row row;
    autodone struct db_rows rows = {0};
    bool found;

    assert(filter->limit >= 1 && filter->limit <= STORE_PAGE_MAX);
    store_query_add(&q, "SELECT " COLUMNS " FROM device WHERE shard >= 0");
    if (filter->product_line)
        store_query_value(&q, " AND product_line = $%d", db_text(filter->product_line));
    if (filter->model)
        store_query_value(&q, " AND model = $%d", db_text(filter->model));
    if (filter->online >= 0)
        store_query_value(&q, " AND online = $%d", db_i64(filter->online));
    if (filter->after_shard >= 0) {
        store_query_value(&q, " AND (shard, device) > ($%d,", db_i64(filter->after_shard));
        store_query_value(&q, " $%d)", db_text(filter->after_device));
    }
    store_query_value(&q, " ORDER BY shard, device LIMIT $%d", db_i64(filter->limit));
    if (store_query_run(s, &q, &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        get_device(&rows, &row);
        if (!each(ctx, &row))
            return 0;
    }
    return -1;
}

int store_each_silent(struct store *s, uint8_t shard, const struct silence *silence,
    bool (*each)(void *ctx, const char *device), void *ctx, struct fail *f)
{
    static const char sql[] = "SELECT device FROM device WHERE shard = $1 AND online = 1 AND last_seen_ms < $2 "
                              "AND last_seen_ms + CASE WHEN health_ms > 0 THEN $3 * health_ms ELSE $4 END < $5 "
                              "ORDER BY device";
    const struct db_value values[] = {db_i64(shard), db_i64(silence->now.ms - silence->least_ms),
        db_i64(silence->intervals), db_i64(silence->others_ms), db_wall(silence->now)};
    autodone struct db_rows rows = {0};
    bool found;

    if (db_query(s->db, sql, values, countof(values), &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found || !each(ctx, db_get_text(&rows, 0)))
            return 0;
    }
    return -1;
}

int store_put_lane(struct store *s, uint8_t shard, const char *device, const struct lane_row *row, struct fail *f)
{
    static const struct store_table table = {STORE_LANES,
        "INSERT INTO lane (shard, device, epoch, lane, next, tail) VALUES",
        " ON CONFLICT (shard, device, epoch, lane) DO UPDATE SET next = excluded.next, tail = excluded.tail", 6, 4};
    const struct db_value values[] = {
        db_i64(shard), db_text(device), db_u64(row->epoch), db_i64(row->lane), db_u64(row->next), db_u64(row->tail)};

    return store_rows_add(s, &table, values, f);
}

int store_each_lane(struct store *s, uint8_t shard, const char *device,
    bool (*each)(void *ctx, const struct lane_row *row), void *ctx, struct fail *f)
{
    static const char sql[] =
        "SELECT epoch, lane, next, tail FROM lane WHERE shard = $1 AND device = $2 ORDER BY epoch, lane";
    const struct db_value values[] = {db_i64(shard), db_text(device)};
    autodone struct db_rows rows = {0};
    bool found;

    if (store_rows_settle(s, STORE_LANES, f) < 0 || db_query(s->db, sql, values, countof(values), &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        struct lane_row row = {.epoch = (uint64_t)db_get_i64(&rows, 0),
            .lane = (enum lane)db_get_i64(&rows, 1),
            .next = (uint64_t)db_get_i64(&rows, 2),
            .tail = (uint64_t)db_get_i64(&rows, 3)};
        if (!each(ctx, &row))
            return 0;
    }
    return -1;
}
