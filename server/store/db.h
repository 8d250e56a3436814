/* db.h: SQL behind one thin interface, so that the store has one text for SQLite and PostgreSQL.
 *
 * The common subset: INSERT … ON CONFLICT … DO UPDATE / NOTHING, RETURNING, row values, partial indexes, the types
 * SMALLINT, INTEGER, BIGINT, DOUBLE PRECISION, TEXT and (schema files only) BLOB. No column is NULL. Parameters are
 * written $1 … $n and first appear in that order. Unsigned 64-bit numbers (epochs) are BIGINT bit patterns: they are
 * compared for equality only. Sums and counts are CAST(… AS BIGINT).
 *
 * Statements are prepared once for each handle and found again by their text. A statement run by db_run() may be told
 * failed only by a later call (PostgreSQL's pipeline), at the latest by db_commit(). Once a call failed within a
 * transaction, db_commit() fails as that call did.
 *
 * One handle belongs to one thread; everything blocks. Fails as store.h lists them, and FAIL_LIMIT when a reading
 * handle's query took longer than DB_READ_MS, FAIL_INPUT for a text that is not UTF-8 (PostgreSQL). */
#ifndef FAULTLINE_DB_H
#define FAULTLINE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "store.h"

/* SQLite files up to this size are checked as a whole when they are opened for writing (about a second). */
enum { DB_CHECKED_BYTES = 256 * 1024 * 1024 };

enum { DB_PARAMS_MAX = 210, DB_READ_MS = 2000, DB_WAIT_MS = 5000 /* for a lock, a connection */ };

enum db_type { DB_I64, DB_REAL, DB_TEXT, DB_BYTES };

struct db_value {
    enum db_type type;
    size_t bytes; /* of DB_BYTES */
    union {
        int64_t i64;
        double real;
        const void *data; /* DB_TEXT, DB_BYTES: borrowed for the call */
    };
};

static inline struct db_value db_i64(int64_t value)
{
    return (struct db_value){.type = DB_I64, .i64 = value};
}

static inline struct db_value db_u64(uint64_t value)
{
    return (struct db_value){.type = DB_I64, .i64 = (int64_t)value};
}

static inline struct db_value db_real(double value)
{
    return (struct db_value){.type = DB_REAL, .real = value};
}

static inline struct db_value db_text(const char *value)
{
    return (struct db_value){.type = DB_TEXT, .data = value};
}

static inline struct db_value db_bytes(const void *value, size_t bytes)
{
    return (struct db_value){.type = DB_BYTES, .data = value, .bytes = bytes};
}

struct db;

/* A result, on the caller's stack. */
struct db_rows {
    struct db *db;
    void *at; /* the driver's */
    int row;
};

/* What a driver does; db.c adds the cache of statements and the memory of failures. */
struct db_driver {
    const char *name;
    const char *blob_type, *text_type; /* what BLOB and TEXT of a schema file become; text compares byte by byte */
    const char *has_table;             /* a query that counts tables called $1 */
    const char *all_tables;            /* a query that counts what else may be in the database; NULL = others may be */
    int (*open)(const struct store_settings *s, enum store_mode mode, struct db **ret, struct fail *f);
    void (*close)(struct db *db);
    int (*begin)(struct db *db, struct fail *f);
    int (*commit)(struct db *db, struct fail *f);
    void (*rollback)(struct db *db);
    int (*idle)(struct db *db, struct fail *f);
    int (*script)(struct db *db, const char *sql, struct fail *f);
    int (*prepare)(struct db *db, const char *sql, const struct db_value *values, size_t n, void **ret, struct fail *f);
    void (*discard)(struct db *db, void *statement);
    /* ret_changed NULL = nobody waits for it */
    int (*run)(
        struct db *db, void *statement, const struct db_value *values, size_t n, int64_t *ret_changed, struct fail *f);
    int (*query)(
        struct db *db, void *statement, const struct db_value *values, size_t n, struct db_rows *ret, struct fail *f);
    int (*next)(struct db_rows *rows, bool *ret_found, struct fail *f);
    void (*done)(struct db_rows *rows);
    int64_t (*get_i64)(const struct db_rows *rows, int column);
    double (*get_real)(const struct db_rows *rows, int column);
    const char *(*get_text)(const struct db_rows *rows, int column);
    const void *(*get_bytes)(const struct db_rows *rows, int column, size_t *ret_bytes);
};

/* What every handle starts with; the drivers put their own behind it. */
struct db {
    const struct db_driver *driver;
    struct db_statement *statements; /* by address of their text */
    struct db_interned *interned;    /* texts put together at run time */
    struct fail failure;             /* the first failure of this transaction; of a broken handle, for ever */
    bool broken;
};

extern const struct db_driver db_sqlite;
#ifdef WITH_PG
extern const struct db_driver db_pg;
#endif

/* FAIL_SETTINGS when the driver was not built in. */
must_check int db_open(const struct store_settings *s, enum store_mode mode, struct db **ret, struct fail *f);
void db_close(struct db *db); /* rolls back what is open; NULL is fine */

/* Begins to write (a writing handle) or to read one state (a reading handle). */
must_check int db_begin(struct db *db, struct fail *f);
must_check int db_commit(struct db *db, struct fail *f); /* rolls back when it fails */
void db_rollback(struct db *db);
must_check int db_idle(struct db *db, struct fail *f);

/* Several statements without parameters or results. */
must_check int db_script(struct db *db, const char *sql, struct fail *f);

/* sql is a string that lives as long as the handle and is known by its address: a literal, or from db_intern(). */
must_check int db_run(struct db *db, const char *sql, const struct db_value *values, size_t n, struct fail *f);
/* The same, and waits for how many rows were inserted, updated or deleted. */
must_check int db_change(
    struct db *db, const char *sql, const struct db_value *values, size_t n, int64_t *ret_changed, struct fail *f);
must_check int db_query(
    struct db *db, const char *sql, const struct db_value *values, size_t n, struct db_rows *ret, struct fail *f);

/* The same address for the same text, for as long as the handle lives. */
const char *db_intern(struct db *db, const char *text);

/* Steps to the first, then the next row; ret_found is false behind the last. */
must_check int db_next(struct db_rows *rows, bool *ret_found, struct fail *f);
void db_done(struct db_rows *rows); /* may be called twice, and on zeroed rows */
#define autodone __attribute__((cleanup(db_done)))

/* Of the row stepped to, columns from 0; texts and bytes are borrowed until the next step. NULL reads 0 or "". */
int64_t db_get_i64(const struct db_rows *rows, int column);
double db_get_real(const struct db_rows *rows, int column);
const char *db_get_text(const struct db_rows *rows, int column);
const void *db_get_bytes(const struct db_rows *rows, int column, size_t *ret_bytes);
void db_copy_text(const struct db_rows *rows, int column, char *to, size_t size); /* cut to fit; zeroes behind */

#endif
