/* store.c: opening, transactions, the lease; what the other store files share. See store.h. */
#include "store_inside.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "schema.h"

enum {
    FIRST_SHARD = 0,  /* the lease covers all shards: the row of the first */
    UPGRADE_TRIES = 3 /* of two writers that make the schema at once, one has to look again */
};

/* ---------------------------------------------------------------- open, close */

static int check_schema(struct store *s, struct fail *f)
{
    int rc = -1;

    if (s->mode == STORE_READ)
        return schema_check(s->db, schema_steps, schema_step_count, f);
    for (int i = 0; i < UPGRADE_TRIES; i++) {
        rc = schema_upgrade(s->db, schema_steps, schema_step_count, f);
        if (rc == 0 || f->code != FAIL_CONFLICT)
            break;
    }
    return rc;
}

int store_open(const struct store_settings *settings, enum store_mode mode, struct store **ret, struct fail *f)
{
    struct store *s = calloc(1, sizeof *s);

    if (!s)
        abort();
    s->mode = mode;
    if (db_open(settings, mode, &s->db, f) < 0 || check_schema(s, f) < 0) {
        store_close(s);
        return -1;
    }
    *ret = s;
    return 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    db_close(s->db);
    store_rows_free(s);
    free(s);
}

/* ---------------------------------------------------------------- transactions and the lease */

int store_begin(struct store *s, struct fail *f)
{
    assert(!s->in_transaction);
    if (db_begin(s->db, f) < 0)
        return -1;
    s->in_transaction = true;
    return 0;
}

static void forget(struct store *s)
{
    s->in_transaction = false;
    s->transitions = 0;
    s->pending.used = false;
    s->numbers.locked = false;
    store_rows_forget(s);
}

void store_rollback(struct store *s)
{
    if (s->in_transaction)
        db_rollback(s->db);
    forget(s);
}

/* Renews the lease if it is still ours; the row stays locked until the commit, so nobody can take it in between. */
static int check_lease(struct store *s, struct wall now, struct fail *f)
{
    const struct db_value values[] = {db_i64(now.ms + s->lease_ttl_ms), db_i64(s->transitions), db_i64(FIRST_SHARD),
        db_text(s->owner), db_i64(s->lease_epoch)};
    int64_t ours;

    if (db_change(s->db,
            "UPDATE lease SET expires_ms = $1, transitions = transitions + $2 "
            "WHERE shard = $3 AND owner = $4 AND epoch = $5",
            values, countof(values), &ours, f) < 0)
        return -1;
    return ours ? 0 : fail_set(f, FAIL_CONFLICT, "the lease of %s was taken by another collector", s->owner);
}

static int count_transitions(struct store *s, struct fail *f)
{
    const struct db_value values[] = {db_i64(FIRST_SHARD), db_i64(s->transitions)};

    if (s->transitions == 0)
        return 0;
    return db_run(s->db,
        "INSERT INTO lease (shard, owner, epoch, expires_ms, transitions) VALUES ($1, '', 0, 0, $2) "
        "ON CONFLICT (shard) DO UPDATE SET transitions = lease.transitions + excluded.transitions",
        values, countof(values), f);
}

static int end_transaction(struct store *s, struct wall now, struct fail *f)
{
    if (store_health_flush(s, f) < 0 || store_numbers_flush(s, f) < 0 || store_rows_settle_all(s, f) < 0)
        return -1;
    if (s->owner[0])
        return check_lease(s, now, f);
    return count_transitions(s, f);
}

int store_commit(struct store *s, struct wall now, struct fail *f)
{
    assert(s->in_transaction);
    if (s->mode == STORE_WRITE && end_transaction(s, now, f) < 0) {
        store_rollback(s);
        return fail_add(f, "commit");
    }
    int rc = db_commit(s->db, f);
    forget(s);
    return rc;
}

static int holder(struct store *s, char *ret_owner, size_t size, struct fail *f)
{
    autodone struct db_rows rows = {0};
    const struct db_value values[] = {db_i64(FIRST_SHARD)};

    if (store_one(s, "SELECT owner FROM lease WHERE shard = $1", values, countof(values), &rows, "no lease", f) < 0)
        return -1;
    db_copy_text(&rows, 0, ret_owner, size);
    return 0;
}

static int try_lease(
    struct store *s, const char *owner, struct wall now, int64_t ttl_ms, int64_t *ret_epoch, struct fail *f)
{
    autodone struct db_rows rows = {0};
    char other[BOUND_DEVICE_ID + 1];
    const struct db_value values[] = {db_i64(FIRST_SHARD), db_text(owner), db_i64(now.ms + ttl_ms), db_wall(now)};
    bool found;

    if (db_query(s->db,
            "INSERT INTO lease (shard, owner, epoch, expires_ms, transitions) VALUES ($1, $2, 1, $3, 0) "
            "ON CONFLICT (shard) DO UPDATE SET "
            "owner = excluded.owner, epoch = lease.epoch + 1, expires_ms = excluded.expires_ms "
            "WHERE lease.owner = excluded.owner OR lease.expires_ms <= $4 RETURNING epoch",
            values, countof(values), &rows, f) < 0 ||
        db_next(&rows, &found, f) < 0)
        return -1;
    if (!found)
        return holder(s, other, sizeof other, f) < 0
                   ? -1
                   : fail_set(f, FAIL_CONFLICT, "the lease is held by collector %s", other);
    *ret_epoch = db_get_i64(&rows, 0);
    return db_next(&rows, &found, f);
}

int store_take_lease(struct store *s, const char *owner, struct wall now, int64_t ttl_ms, struct fail *f)
{
    int64_t epoch = 0;

    assert(s->mode == STORE_WRITE && !s->in_transaction);
    assert(owner[0] && strlen(owner) < sizeof s->owner && ttl_ms > 0);
    if (db_begin(s->db, f) < 0)
        return -1;
    if (try_lease(s, owner, now, ttl_ms, &epoch, f) < 0) {
        db_rollback(s->db);
        return -1;
    }
    if (db_commit(s->db, f) < 0)
        return -1;
    snprintf(s->owner, sizeof s->owner, "%s", owner);
    s->lease_epoch = epoch;
    s->lease_ttl_ms = ttl_ms;
    return 0;
}

int store_leave_lease(struct store *s, struct fail *f)
{
    const struct db_value values[] = {db_i64(FIRST_SHARD), db_text(s->owner), db_i64(s->lease_epoch)};

    assert(!s->in_transaction);
    if (db_begin(s->db, f) < 0)
        return -1;
    if (db_run(s->db, "UPDATE lease SET expires_ms = 0 WHERE shard = $1 AND owner = $2 AND epoch = $3", values,
            countof(values), f) < 0) {
        db_rollback(s->db);
        return -1;
    }
    return db_commit(s->db, f);
}

int store_idle(struct store *s, struct fail *f)
{
    assert(!s->in_transaction);
    return db_idle(s->db, f);
}

/* ---------------------------------------------------------------- shared by the store's files */

int store_one(struct store *s, const char *sql, const struct db_value *values, size_t n, struct db_rows *ret,
    const char *missing, struct fail *f)
{
    bool found;

    if (db_query(s->db, sql, values, n, ret, f) < 0 || db_next(ret, &found, f) < 0)
        return -1;
    return found ? 0 : fail_set(f, FAIL_NOT_FOUND, "%s", missing);
}

void store_query_add(struct store_query *q, const char *fragment)
{
    size_t n = strlen(fragment);

    assert(q->used + n < sizeof q->text);
    memcpy(q->text + q->used, fragment, n + 1);
    q->used += n;
}

void store_query_value(struct store_query *q, const char *fragment, struct db_value value)
{
    char number[12];
    const char *mark = strstr(fragment, "$%d");

    assert(mark && q->n < countof(q->values) && q->used + (size_t)(mark - fragment) < sizeof q->text);
    memcpy(q->text + q->used, fragment, (size_t)(mark - fragment));
    q->used += (size_t)(mark - fragment);
    snprintf(number, sizeof number, "$%zu", q->n + 1);
    store_query_add(q, number);
    store_query_add(q, mark + strlen("$%d"));
    q->values[q->n++] = value;
}

int store_query_run(struct store *s, const struct store_query *q, struct db_rows *ret, struct fail *f)
{
    return db_query(s->db, db_intern(s->db, q->text), q->values, q->n, ret, f);
}

uint8_t store_shard_of(const char *device)
{
    char id[BOUND_DEVICE_ID + 1];

    snprintf(id, sizeof id, "%.*s", (int)strcspn(device, ":"), device);
    return identity_shard(id);
}

void store_get_key(const struct db_rows *rows, int column, struct condition_key *ret)
{
    store_copy(rows, column, ret->bus);
    store_copy(rows, column + 1, ret->reporter);
    store_copy(rows, column + 2, ret->ns);
    store_copy(rows, column + 3, ret->code);
    ret->mode = (uint32_t)db_get_i64(rows, column + 4);
    store_copy(rows, column + 5, ret->component);
}
