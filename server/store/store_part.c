/* store_part.c: which physical parts are and were in a device.
 *
 * An inventory replaces what is installed. A part that is listed again is the same one when nothing known of both
 * differs ("" = unknown); what the new list knows better is kept. Of two lists the exact match counts first. */
#include "store_inside.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define PART_COLUMNS "position, part_no, serial, supplier, lot, made_date, source"
enum { FIELDS = 7, IDENTITY = 6 /* all but the source say which part it is */ };

struct installed {
    int64_t n;
    struct wall installed;
    char text[FIELDS][BOUND_NAME + 1];
    bool listed; /* in the new inventory */
};

struct parts {
    struct installed items[BOUND_PARTS];
    size_t count;
};

static void fields_of(const struct part *p, const char *ret[static FIELDS])
{
    const char *const fields[FIELDS] = {
        p->position, p->part_no, p->serial, p->supplier, p->lot, p->made_date, p->source};

    memcpy(ret, fields, sizeof fields);
}

static bool is_exactly(const struct installed *i, const char *const fields[static FIELDS])
{
    for (int k = 0; k < IDENTITY; k++)
        if (strcmp(i->text[k], fields[k]) != 0)
            return false;
    return true;
}

static bool is_compatible(const struct installed *i, const char *const fields[static FIELDS])
{
    for (int k = 0; k < IDENTITY; k++)
        if (i->text[k][0] && fields[k][0] && strcmp(i->text[k], fields[k]) != 0)
            return false;
    return strcmp(i->text[0], fields[0]) == 0;
}

static struct installed *find(struct parts *parts, const char *const fields[static FIELDS],
    bool (*matches)(const struct installed *i, const char *const fields[static FIELDS]))
{
    for (struct installed *i = parts->items; i < parts->items + parts->count; i++)
        if (!i->listed && matches(i, fields))
            return i;
    return NULL;
}

static int read_installed(struct store *s, uint8_t shard, const char *device, struct parts *ret, struct fail *f)
{
    static const char sql[] = "SELECT n, installed_ms, " PART_COLUMNS " FROM part_instance "
                              "WHERE shard = $1 AND device = $2 AND removed_ms = 0 ORDER BY n";
    const struct db_value values[] = {db_i64(shard), db_text(device)};
    autodone struct db_rows rows = {0};
    bool found;

    ret->count = 0;
    if (db_query(s->db, sql, values, countof(values), &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        if (ret->count == countof(ret->items))
            return fail_set(f, FAIL_CORRUPT, "%s has more than %d parts installed", device, BOUND_PARTS);
        struct installed *i = &ret->items[ret->count++];
        i->n = db_get_i64(&rows, 0);
        i->installed = store_get_wall(&rows, 1);
        i->listed = false;
        for (int k = 0; k < FIELDS; k++)
            store_copy(&rows, 2 + k, i->text[k]);
    }
    return -1;
}

static int next_n(struct store *s, uint8_t shard, const char *device, int64_t *ret_n, struct fail *f)
{
    static const char sql[] = "SELECT COALESCE(MAX(n), 0) + 1 FROM part_instance WHERE shard = $1 AND device = $2";
    const struct db_value values[] = {db_i64(shard), db_text(device)};
    autodone struct db_rows rows = {0};

    if (store_one(s, sql, values, countof(values), &rows, "no row", f) < 0)
        return -1;
    *ret_n = db_get_i64(&rows, 0);
    return 0;
}

static int install(struct store *s, uint8_t shard, const char *device, int64_t n, struct wall at,
    const char *const fields[static FIELDS], struct fail *f)
{
    static const char sql[] =
        "INSERT INTO part_instance (shard, device, n, installed_ms, removed_ms, " PART_COLUMNS ") "
        "VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, $11)";
    const struct db_value values[] = {db_i64(shard), db_text(device), db_i64(n), db_wall(at), db_text(fields[0]),
        db_text(fields[1]), db_text(fields[2]), db_text(fields[3]), db_text(fields[4]), db_text(fields[5]),
        db_text(fields[6])};

    return db_run(s->db, sql, values, countof(values), f);
}

/* Keeps what the new list knows better. */
static int learn(struct store *s, uint8_t shard, const char *device, struct installed *i,
    const char *const fields[static FIELDS], struct fail *f)
{
    static const char sql[] =
        "UPDATE part_instance SET part_no = $1, serial = $2, supplier = $3, lot = $4, made_date = $5, source = $6 "
        "WHERE shard = $7 AND device = $8 AND n = $9";
    bool better = false;

    for (int k = 1; k < FIELDS; k++)
        if (fields[k][0] && strcmp(i->text[k], fields[k]) != 0) {
            snprintf(i->text[k], sizeof i->text[k], "%s", fields[k]);
            better = true;
        }
    const struct db_value values[] = {db_text(i->text[1]), db_text(i->text[2]), db_text(i->text[3]),
        db_text(i->text[4]), db_text(i->text[5]), db_text(i->text[6]), db_i64(shard), db_text(device), db_i64(i->n)};
    return better ? db_run(s->db, sql, values, countof(values), f) : 0;
}

/* Never before it was installed: the moment may come from a clock that was set back. */
static int remove_part(
    struct store *s, uint8_t shard, const char *device, const struct installed *i, struct wall at, struct fail *f)
{
    static const char sql[] = "UPDATE part_instance SET removed_ms = $1 WHERE shard = $2 AND device = $3 AND n = $4";
    const struct db_value values[] = {
        db_i64(at.ms > i->installed.ms ? at.ms : i->installed.ms), db_i64(shard), db_text(device), db_i64(i->n)};

    return db_run(s->db, sql, values, countof(values), f);
}

/* Matches the list against what is installed; matched[k] is NULL for a new part. */
static void match(struct parts *parts, const struct inventory *inventory, struct installed *matched[])
{
    const char *fields[FIELDS];

    for (size_t k = 0; k < inventory->part_count; k++) {
        fields_of(&inventory->parts[k], fields);
        matched[k] = find(parts, fields, is_exactly);
        if (matched[k])
            matched[k]->listed = true;
    }
    for (size_t k = 0; k < inventory->part_count; k++) {
        fields_of(&inventory->parts[k], fields);
        if (!matched[k] && (matched[k] = find(parts, fields, is_compatible)))
            matched[k]->listed = true;
    }
}

int store_put_inventory(
    struct store *s, uint8_t shard, const char *device, struct occurred when, const struct inventory *i, struct fail *f)
{
    struct parts parts;
    struct installed *matched[BOUND_PARTS];
    const char *fields[FIELDS];
    int64_t n = 0;

    assert(s->in_transaction && i->part_count <= BOUND_PARTS);
    if (read_installed(s, shard, device, &parts, f) < 0)
        return -1;
    match(&parts, i, matched);
    for (size_t k = 0; k < parts.count; k++)
        if (!parts.items[k].listed && remove_part(s, shard, device, &parts.items[k], when.at, f) < 0)
            return -1;
    for (size_t k = 0; k < i->part_count; k++) {
        fields_of(&i->parts[k], fields);
        if (!matched[k] && n == 0 && next_n(s, shard, device, &n, f) < 0)
            return -1;
        if (matched[k] ? learn(s, shard, device, matched[k], fields, f) < 0
                       : install(s, shard, device, n++, when.at, fields, f) < 0)
            return -1;
    }
    return 0;
}

int store_each_part(struct store *s, uint8_t shard, const char *device,
    bool (*each)(void *ctx, const struct part *row, struct wall installed, struct wall removed), void *ctx,
    struct fail *f)
{
    static const char sql[] = "SELECT installed_ms, removed_ms, " PART_COLUMNS " FROM part_instance "
                              "WHERE shard = $1 AND device = $2 ORDER BY n";
    const struct db_value values[] = {db_i64(shard), db_text(device)};
    autodone struct db_rows rows = {0};
    bool found;

    if (db_query(s->db, sql, values, countof(values), &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        const struct part row = {.position = db_get_text(&rows, 2),
            .part_no = db_get_text(&rows, 3),
            .serial = db_get_text(&rows, 4),
            .supplier = db_get_text(&rows, 5),
            .lot = db_get_text(&rows, 6),
            .made_date = db_get_text(&rows, 7),
            .source = db_get_text(&rows, 8)};
        if (!each(ctx, &row, store_get_wall(&rows, 0), store_get_wall(&rows, 1)))
            return 0;
    }
    return -1;
}
