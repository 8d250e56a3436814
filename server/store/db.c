/* db.c: what both drivers share: the cache of prepared statements and the memory of failures. See db.h. */
#include "db.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort()
#define HASH_FUNCTION HASH_FNV /* the usual one falls through switch labels */
#include <uthash.h>

struct db_statement {
    const char *sql; /* borrowed; the address is the key */
    void *prepared;
    UT_hash_handle hh;
};

struct db_interned {
    char *text;
    UT_hash_handle hh;
};

int db_open(const struct store_settings *s, enum store_mode mode, struct db **ret, struct fail *f)
{
    if (s->driver == STORE_SQLITE)
        return db_sqlite.open(s, mode, ret, f);
#ifdef WITH_PG
    return db_pg.open(s, mode, ret, f);
#else
    return fail_set(f, FAIL_SETTINGS, "this program was built without PostgreSQL");
#endif
}

static void discard_statements(struct db *db)
{
    struct db_statement *next, *first = db->statements;

    HASH_CLEAR(hh, db->statements);
    for (struct db_statement *statement = first; statement; statement = next) {
        next = statement->hh.next;
        db->driver->discard(db, statement->prepared);
        free(statement);
    }
}

static void discard_texts(struct db *db)
{
    struct db_interned *next, *first = db->interned;

    HASH_CLEAR(hh, db->interned);
    for (struct db_interned *interned = first; interned; interned = next) {
        next = interned->hh.next;
        free(interned->text);
        free(interned);
    }
}

void db_close(struct db *db)
{
    if (!db)
        return;
    db->driver->rollback(db);
    discard_statements(db);
    discard_texts(db);
    db->driver->close(db);
}

/* Remembers the first failure, and whether the handle can be used again after it. */
static int noted(struct db *db, int result, const struct fail *f)
{
    if (result == 0 || db->broken)
        return result;
    db->broken = f->code == FAIL_CORRUPT || f->code == FAIL_FULL || f->code == FAIL_IO || f->code == FAIL_PEER;
    if (db->broken || db->failure.code == FAIL_NONE)
        db->failure = *f;
    return result;
}

static int refused(const struct db *db, struct fail *f)
{
    *f = db->failure;
    return fail_add(f, "failed before");
}

int db_begin(struct db *db, struct fail *f)
{
    if (db->broken)
        return refused(db, f);
    db->failure.code = FAIL_NONE;
    return noted(db, db->driver->begin(db, f), f);
}

int db_commit(struct db *db, struct fail *f)
{
    if (db->failure.code != FAIL_NONE) {
        refused(db, f);
        db_rollback(db);
        return -1;
    }
    if (db->driver->commit(db, f) == 0)
        return 0;
    noted(db, -1, f);
    db_rollback(db);
    return fail_add(f, "commit");
}

void db_rollback(struct db *db)
{
    db->driver->rollback(db);
    if (!db->broken)
        db->failure.code = FAIL_NONE;
}

int db_idle(struct db *db, struct fail *f)
{
    if (db->broken)
        return refused(db, f);
    return noted(db, db->driver->idle(db, f), f);
}

int db_script(struct db *db, const char *sql, struct fail *f)
{
    if (db->broken)
        return refused(db, f);
    return noted(db, db->driver->script(db, sql, f), f);
}

static int find_statement(
    struct db *db, const char *sql, const struct db_value *values, size_t n, void **ret, struct fail *f)
{
    struct db_statement *statement;
    void *prepared;

    HASH_FIND_PTR(db->statements, &sql, statement);
    if (!statement) {
        assert(n <= DB_PARAMS_MAX);
        if (db->driver->prepare(db, sql, values, n, &prepared, f) < 0)
            return -1;
        statement = calloc(1, sizeof *statement);
        if (!statement)
            abort();
        statement->sql = sql;
        statement->prepared = prepared;
        HASH_ADD_PTR(db->statements, sql, statement);
    }
    *ret = statement->prepared;
    return 0;
}

static int change(
    struct db *db, const char *sql, const struct db_value *values, size_t n, int64_t *ret_changed, struct fail *f)
{
    void *statement;

    if (db->broken)
        return refused(db, f);
    if (find_statement(db, sql, values, n, &statement, f) < 0)
        return noted(db, -1, f);
    return noted(db, db->driver->run(db, statement, values, n, ret_changed, f), f);
}

int db_run(struct db *db, const char *sql, const struct db_value *values, size_t n, struct fail *f)
{
    return change(db, sql, values, n, NULL, f);
}

int db_change(
    struct db *db, const char *sql, const struct db_value *values, size_t n, int64_t *ret_changed, struct fail *f)
{
    return change(db, sql, values, n, ret_changed, f);
}

int db_query(
    struct db *db, const char *sql, const struct db_value *values, size_t n, struct db_rows *ret, struct fail *f)
{
    void *statement;

    if (db->broken)
        return refused(db, f);
    if (find_statement(db, sql, values, n, &statement, f) < 0)
        return noted(db, -1, f);
    return noted(db, db->driver->query(db, statement, values, n, ret, f), f);
}

const char *db_intern(struct db *db, const char *text)
{
    struct db_interned *interned;

    HASH_FIND_STR(db->interned, text, interned);
    if (!interned) {
        interned = calloc(1, sizeof *interned);
        if (!interned || !(interned->text = strdup(text)))
            abort();
        HASH_ADD_KEYPTR(hh, db->interned, interned->text, strlen(interned->text), interned);
    }
    return interned->text;
}

int db_next(struct db_rows *rows, bool *ret_found, struct fail *f)
{
    return noted(rows->db, rows->db->driver->next(rows, ret_found, f), f);
}

void db_done(struct db_rows *rows)
{
    if (!rows->at)
        return;
    rows->db->driver->done(rows);
    rows->at = NULL;
}

int64_t db_get_i64(const struct db_rows *rows, int column)
{
    return rows->db->driver->get_i64(rows, column);
}

double db_get_real(const struct db_rows *rows, int column)
{
    return rows->db->driver->get_real(rows, column);
}

const char *db_get_text(const struct db_rows *rows, int column)
{
    return rows->db->driver->get_text(rows, column);
}

const void *db_get_bytes(const struct db_rows *rows, int column, size_t *ret_bytes)
{
    return rows->db->driver->get_bytes(rows, column, ret_bytes);
}

void db_copy_text(const struct db_rows *rows, int column, char *to, size_t size)
{
    const char *text = db_get_text(rows, column);
    size_t n = strnlen(text, size - 1);

    memcpy(to, text, n);
    memset(to + n, 0, size - n);
}
