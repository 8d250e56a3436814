/* store_reference.c: the small tables that are loaded whole: clock policies and the catalogue. */
#include "store_inside.h"

int store_each_policy(
    struct store *s, bool (*each)(void *ctx, const struct clock_policy *row), void *ctx, struct fail *f)
{
    static const char sql[] = "SELECT product_line, class, kind, target_ms, version FROM clock_policy "
                              "ORDER BY product_line, class, kind";
    struct clock_policy row;
    autodone struct db_rows rows = {0};
    bool found;

    if (db_query(s->db, sql, NULL, 0, &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        store_copy(&rows, 0, row.product_line);
        row.class_ = (enum ticket_class)db_get_i64(&rows, 1);
        row.kind = (enum clock_kind)db_get_i64(&rows, 2);
        row.target_ms = db_get_i64(&rows, 3);
        row.version = (uint32_t)db_get_i64(&rows, 4);
        if (!each(ctx, &row))
            return 0;
    }
    return -1;
}

#define CATALOGUE_COLUMNS                                                                                              \
    "product_line, model, ns, code, mode, title_en, title_zh, class, part_no, severity, action_en, action_zh, "        \
    "confirm, heal"

int store_each_catalogue(
    struct store *s, bool (*each)(void *ctx, const struct catalogue_row *row), void *ctx, struct fail *f)
{
    static const char sql[] =
        "SELECT " CATALOGUE_COLUMNS " FROM catalogue ORDER BY ns, code, mode, product_line, model";
    struct catalogue_row row;
    autodone struct db_rows rows = {0};
    bool found;

    if (db_query(s->db, sql, NULL, 0, &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        store_copy(&rows, 0, row.product_line);
        store_copy(&rows, 1, row.model);
        store_copy(&rows, 2, row.ns);
        store_copy(&rows, 3, row.code);
        row.mode = db_get_i64(&rows, 4);
        store_copy(&rows, 5, row.title_en);
        store_copy(&rows, 6, row.title_zh);
        row.class_ = (enum ticket_class)db_get_i64(&rows, 7);
        store_copy(&rows, 8, row.part_no);
        row.severity = (uint8_t)db_get_i64(&rows, 9);
        store_copy(&rows, 10, row.action_en);
        store_copy(&rows, 11, row.action_zh);
        store_copy(&rows, 12, row.confirm);
        store_copy(&rows, 13, row.heal);
        if (!each(ctx, &row))
            return 0;
    }
    return -1;
}

int store_put_catalogue(struct store *s, const struct catalogue_row *row, struct fail *f)
{
    static const char sql[] =
        "INSERT INTO catalogue (" CATALOGUE_COLUMNS ") "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
        "ON CONFLICT (ns, code, mode, product_line, model) DO UPDATE SET "
        "title_en = excluded.title_en, title_zh = excluded.title_zh, class = excluded.class, "
        "part_no = excluded.part_no, severity = excluded.severity, action_en = excluded.action_en, "
        "action_zh = excluded.action_zh, confirm = excluded.confirm, heal = excluded.heal";
    const struct db_value values[] = {db_text(row->product_line), db_text(row->model), db_text(row->ns),
        db_text(row->code), db_i64(row->mode), db_text(row->title_en), db_text(row->title_zh), db_i64(row->class_),
        db_text(row->part_no), db_i64(row->severity), db_text(row->action_en), db_text(row->action_zh),
        db_text(row->confirm), db_text(row->heal)};

    return db_run(s->db, sql, values, countof(values), f);
}
