/* db_sqlite.c: the SQLite driver, the only file that includes sqlite3.h.
 *
 * Debian 12's SQLite can damage a database when two connections write or checkpoint at once (sqlite.org/wal.html,
 * "WAL-reset bug", fixed in 3.51.3). So: one writing handle, kept alone by a lock on "<path>.lock"; it alone makes
 * checkpoints; readers are read-only and leave none behind when they close; nothing is mapped into memory. */
#include "db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sqlite3.h>

#include "times.h"

enum {
    CHECKPOINT_PAGES = 8000, /* 32 MiB: pages that each batch writes anew are copied back once for several */
    PROGRESS_OPCODES = 4000, /* between two looks at the reader's deadline: well below a millisecond */
};

struct sqlite {
    struct db base;
    sqlite3 *handle;
    enum store_mode mode;
    int lock;          /* descriptor of "<path>.lock"; -1 for readers */
    int wal_pages;     /* in the write-ahead log after the last commit */
    int checkpoint_at; /* when it has so many; grows on while a reader keeps the log from starting anew */
    int64_t deadline_ms;
    sqlite3_stmt *begin, *commit, *rollback;
};

static const char writer_settings[] = "PRAGMA synchronous=FULL;"
                                      "PRAGMA foreign_keys=ON;"
                                      "PRAGMA trusted_schema=OFF;"
                                      "PRAGMA mmap_size=0;"
                                      "PRAGMA wal_autocheckpoint=0;"
                                      "PRAGMA journal_size_limit=67108864;"
                                      "PRAGMA cell_size_check=ON;"
                                      "PRAGMA secure_delete=FAST;"
                                      "PRAGMA cache_size=-32768;";
static const char reader_settings[] = "PRAGMA query_only=ON;"
                                      "PRAGMA trusted_schema=OFF;"
                                      "PRAGMA mmap_size=0;"
                                      "PRAGMA cell_size_check=ON;";

/* The figures of sqlite.org/security.html where our own statements allow them. */
static const struct {
    int id, value;
} reader_limits[] = {
    {SQLITE_LIMIT_LENGTH, 1000000},
    {SQLITE_LIMIT_SQL_LENGTH, 100000},
    {SQLITE_LIMIT_COLUMN, 100},
    {SQLITE_LIMIT_EXPR_DEPTH, 100},
    {SQLITE_LIMIT_COMPOUND_SELECT, 8},
    {SQLITE_LIMIT_VDBE_OP, 25000},
    {SQLITE_LIMIT_FUNCTION_ARG, 8},
    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50},
    {SQLITE_LIMIT_VARIABLE_NUMBER, DB_PARAMS_MAX},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 0},
};

static struct sqlite *of(struct db *db)
{
    return (struct sqlite *)db;
}

/* ---------------------------------------------------------------- failures */

static enum fail_code code_of(int rc, int sys)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return FAIL_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR: /* our statements are right, so the tables are not ours */
    case SQLITE_SCHEMA:
        return FAIL_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CONSTRAINT:
        return FAIL_CONFLICT;
    case SQLITE_INTERRUPT:
    case SQLITE_TOOBIG:
        return FAIL_LIMIT;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return FAIL_DENIED;
    case SQLITE_CANTOPEN:
        return sys == ENOENT ? FAIL_NOT_FOUND : FAIL_IO;
    default:
        return sys == ENOSPC || sys == EDQUOT ? FAIL_FULL : FAIL_IO;
    }
}

static int failed(const struct sqlite *s, int rc, const char *what, struct fail *f)
{
    int sys = sqlite3_system_errno(s->handle);

    if ((rc & 0xff) == SQLITE_NOMEM)
        abort();
    assert(rc != SQLITE_MISUSE && rc != SQLITE_RANGE);
    if ((rc & 0xff) == SQLITE_INTERRUPT)
        return fail_set(f, FAIL_LIMIT, "%.48s: took longer than %d ms", what, DB_READ_MS);
    if ((rc & 0xff) == SQLITE_READONLY)
        sys = EROFS;
    fail_set(f, code_of(rc, sys), "%.48s: %s (SQLite %d)", what, sqlite3_errmsg(s->handle), rc);
    if (f->code == FAIL_IO || f->code == FAIL_FULL)
        f->sys = sys;
    return -1;
}

/* ---------------------------------------------------------------- open, close */

static int take_lock(const char *path, int *ret_lock, struct fail *f)
{
    char name[PATH_MAX];

    if (snprintf(name, sizeof name, "%s.lock", path) >= (int)sizeof name)
        return fail_set(f, FAIL_LIMIT, "%.100s…: the path is too long", path);
    autoclose int lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (lock < 0)
        return fail_sys(f, "%s", name);
    if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            return fail_set(f, FAIL_CONFLICT, "%s: another process is writing to this database", path);
        return fail_sys(f, "%s: lock", name);
    }
    *ret_lock = take_fd(&lock);
    return 0;
}

/* SQLite makes files that everybody may read, and does not sync the folder the database stands in. */
static int make_file(const char *path, struct fail *f)
{
    char folder[PATH_MAX];

    autoclose int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (file < 0)
        return errno == EEXIST ? 0 : fail_sys(f, "%s", path);
    snprintf(folder, sizeof folder, "%s", path);
    autoclose int dir = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || fsync(file) < 0 || fsync(dir) < 0)
        return fail_sys(f, "%s", path);
    return 0;
}

static int script(struct db *db, const char *sql, struct fail *f)
{
    int rc = sqlite3_exec(of(db)->handle, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : failed(of(db), rc, sql, f);
}

/* Runs a pragma that answers one text and compares it. */
static int expect(struct sqlite *s, const char *sql, const char *answer, enum fail_code otherwise, struct fail *f)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(s->handle, sql, -1, &statement, NULL);

    if (rc != SQLITE_OK)
        return failed(s, rc, sql, f);
    rc = sqlite3_step(statement);
    const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    int result = 0;
    if (rc != SQLITE_ROW)
        result = failed(s, rc, sql, f);
    else if (!text || strcmp(text, answer) != 0)
        result = fail_set(f, otherwise, "%s: %.160s", sql, text ? text : "no answer");
    sqlite3_finalize(statement);
    return result;
}

/* The check reads the whole file, so a large one would keep the collector away for minutes, in which its devices wait.
 * What is read of it later is checked as far as a page goes (cell_size_check). */
static int check_small(struct sqlite *s, const char *path, struct fail *f)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return fail_sys(f, "%s", path);
    return st.st_size > DB_CHECKED_BYTES ? 0 : expect(s, "PRAGMA quick_check(1)", "ok", FAIL_CORRUPT, f);
}

static int on_wal(void *ctx, sqlite3 *handle, const char *name, int pages)
{
    struct sqlite *s = ctx;

    (void)handle;
    (void)name;
    if (pages < s->wal_pages) /* the log started anew */
        s->checkpoint_at = CHECKPOINT_PAGES;
    s->wal_pages = pages;
    return SQLITE_OK;
}

static int on_progress(void *ctx)
{
    const struct sqlite *s = ctx;

    return clock_system.mono(clock_system.ctx).ms > s->deadline_ms;
}

static int prepare_text(struct sqlite *s, const char *sql, sqlite3_stmt **ret, struct fail *f)
{
    int rc = sqlite3_prepare_v3(s->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);

    return rc == SQLITE_OK ? 0 : failed(s, rc, sql, f);
}

static int set_up_writer(struct sqlite *s, const char *path, struct fail *f)
{
    if (sqlite3_db_readonly(s->handle, "main")) {
        errno = EROFS;
        return fail_sys(f, "%s", path);
    }
    if (script(&s->base, writer_settings, f) < 0 || expect(s, "PRAGMA journal_mode=WAL", "wal", FAIL_IO, f) < 0 ||
        check_small(s, path, f) < 0)
        return -1;
    sqlite3_wal_hook(s->handle, on_wal, s);
    return prepare_text(s, "BEGIN IMMEDIATE", &s->begin, f);
}

static int set_up_reader(struct sqlite *s, struct fail *f)
{
    for (size_t i = 0; i < countof(reader_limits); i++)
        sqlite3_limit(s->handle, reader_limits[i].id, reader_limits[i].value);
    sqlite3_db_config(s->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (script(&s->base, reader_settings, f) < 0)
        return -1;
    sqlite3_progress_handler(s->handle, PROGRESS_OPCODES, on_progress, s);
    return prepare_text(s, "BEGIN", &s->begin, f);
}

static int set_up(struct sqlite *s, const char *path, struct fail *f)
{
    int flags = s->mode == STORE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int rc = sqlite3_open_v2(
        path, &s->handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE, NULL);

    if (!s->handle)
        abort();
    if (rc != SQLITE_OK)
        return failed(s, rc, path, f);
    sqlite3_busy_timeout(s->handle, DB_WAIT_MS);
    sqlite3_db_config(s->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    s->deadline_ms = INT64_MAX;
    if ((s->mode == STORE_WRITE ? set_up_writer(s, path, f) : set_up_reader(s, f)) < 0)
        return -1;
    if (prepare_text(s, "COMMIT", &s->commit, f) < 0)
        return -1;
    return prepare_text(s, "ROLLBACK", &s->rollback, f);
}

static void close_handle(struct db *db)
{
    struct sqlite *s = of(db);

    sqlite3_finalize(s->begin);
    sqlite3_finalize(s->commit);
    sqlite3_finalize(s->rollback);
    int rc = sqlite3_close(s->handle);
    assert(rc == SQLITE_OK);
    (void)rc;
    if (s->lock >= 0)
        close(s->lock); /* last: the next writer must not open before this one has let go */
    free(s);
}

/* Nobody reads the library's memory statistics, and they cost a lock at each allocation. Too late (and no harm) where
 * the library was in use before. */
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int open_handle(const struct store_settings *settings, enum store_mode mode, struct db **ret, struct fail *f)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    autoclose int lock = -1;

    pthread_once(&once, configure);
    if (mode == STORE_WRITE && (take_lock(settings->path, &lock, f) < 0 || make_file(settings->path, f) < 0))
        return -1;
    struct sqlite *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->base.driver = &db_sqlite;
    s->mode = mode;
    s->lock = take_fd(&lock);
    s->checkpoint_at = CHECKPOINT_PAGES;
    if (set_up(s, settings->path, f) < 0) {
        close_handle(&s->base);
        return fail_add(f, "opening %s", settings->path);
    }
    *ret = &s->base;
    return 0;
}

/* ---------------------------------------------------------------- transactions and checkpoints */

/* A checkpoint that meets a reader does what it can; that is no failure. */
static int checkpoint(struct sqlite *s, int kind, struct fail *f)
{
    int pages = 0, done = 0;

    sqlite3_busy_timeout(s->handle, 0);
    int rc = sqlite3_wal_checkpoint_v2(s->handle, "main", kind, &pages, &done);
    sqlite3_busy_timeout(s->handle, DB_WAIT_MS);
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
        return failed(s, rc, "checkpoint", f);
    s->wal_pages = pages > 0 ? pages : 0;
    s->checkpoint_at = s->wal_pages + CHECKPOINT_PAGES;
    return 0;
}

static int step_once(struct sqlite *s, sqlite3_stmt *statement, struct fail *f)
{
    int rc = sqlite3_step(statement);

    if (rc == SQLITE_DONE) {
        sqlite3_reset(statement);
        return 0;
    }
    failed(s, rc, sqlite3_sql(statement), f);
    sqlite3_reset(statement);
    return -1;
}

/* The checkpoint stands before the next transaction and not behind the last one, whose receipts wait. */
static int begin(struct db *db, struct fail *f)
{
    struct sqlite *s = of(db);

    if (s->mode == STORE_WRITE && s->wal_pages >= s->checkpoint_at && checkpoint(s, SQLITE_CHECKPOINT_PASSIVE, f) < 0)
        return -1;
    return step_once(s, s->begin, f);
}

static int commit(struct db *db, struct fail *f)
{
    return step_once(of(db), of(db)->commit, f);
}

static void rollback(struct db *db)
{
    struct fail ignored;

    /* Some failures have rolled back already (sqlite.org/lang_transaction.html). */
    if (!sqlite3_get_autocommit(of(db)->handle))
        (void)!step_once(of(db), of(db)->rollback, &ignored);
}

static int idle(struct db *db, struct fail *f)
{
    struct sqlite *s = of(db);

    if (s->mode == STORE_READ || s->wal_pages == 0)
        return 0;
    return checkpoint(s, SQLITE_CHECKPOINT_TRUNCATE, f);
}

/* ---------------------------------------------------------------- statements */

static int prepare(struct db *db, const char *sql, const struct db_value *values, size_t n, void **ret, struct fail *f)
{
    sqlite3_stmt *statement;
    char name[16];

    (void)values;
    if (prepare_text(of(db), sql, &statement, f) < 0)
        return -1;
    /* SQLite numbers "$1" by first appearance, PostgreSQL by its digits: they agree only in that order. */
    assert(sqlite3_bind_parameter_count(statement) == (int)n);
    for (int i = 1; i <= (int)n; i++) {
        snprintf(name, sizeof name, "$%d", i);
        assert(strcmp(sqlite3_bind_parameter_name(statement, i), name) == 0);
    }
    *ret = statement;
    return 0;
}

static void discard(struct db *db, void *statement)
{
    (void)db;
    sqlite3_finalize(statement);
}

/* Values are static for SQLite: they live until the statement was reset, or bound anew before it runs again. */
static int bind_one(sqlite3_stmt *statement, int i, const struct db_value *value)
{
    switch (value->type) {
    case DB_I64:
        return sqlite3_bind_int64(statement, i, value->i64);
    case DB_REAL:
        return sqlite3_bind_double(statement, i, value->real);
    case DB_TEXT:
        return sqlite3_bind_text(statement, i, value->data, -1, SQLITE_STATIC);
    case DB_BYTES:
        return value->bytes > 0 ? sqlite3_bind_blob64(statement, i, value->data, value->bytes, SQLITE_STATIC)
                                : sqlite3_bind_zeroblob(statement, i, 0);
    }
    return SQLITE_MISUSE;
}

static int bind_all(struct sqlite *s, sqlite3_stmt *statement, const struct db_value *values, size_t n, struct fail *f)
{
    for (size_t i = 0; i < n; i++) {
        int rc = bind_one(statement, (int)i + 1, &values[i]);
        if (rc != SQLITE_OK)
            return failed(s, rc, sqlite3_sql(statement), f);
    }
    return 0;
}

static int run(
    struct db *db, void *statement, const struct db_value *values, size_t n, int64_t *ret_changed, struct fail *f)
{
    if (bind_all(of(db), statement, values, n, f) < 0 || step_once(of(db), statement, f) < 0)
        return -1;
    if (ret_changed)
        *ret_changed = sqlite3_changes64(of(db)->handle);
    return 0;
}

static int query(
    struct db *db, void *statement, const struct db_value *values, size_t n, struct db_rows *ret, struct fail *f)
{
    struct sqlite *s = of(db);

    assert(!sqlite3_stmt_busy(statement)); /* a query must not be started again from its own rows */
    if (bind_all(s, statement, values, n, f) < 0)
        return -1;
    if (s->mode == STORE_READ)
        s->deadline_ms = clock_system.mono(clock_system.ctx).ms + DB_READ_MS;
    *ret = (struct db_rows){.db = db, .at = statement};
    return 0;
}

static int next(struct db_rows *rows, bool *ret_found, struct fail *f)
{
    int rc = sqlite3_step(rows->at);

    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return failed(of(rows->db), rc, sqlite3_sql(rows->at), f);
    *ret_found = rc == SQLITE_ROW;
    return 0;
}

static void done(struct db_rows *rows)
{
    sqlite3_reset(rows->at);
}

static int64_t get_i64(const struct db_rows *rows, int column)
{
    return sqlite3_column_int64(rows->at, column);
}

static double get_real(const struct db_rows *rows, int column)
{
    return sqlite3_column_double(rows->at, column);
}

static const char *get_text(const struct db_rows *rows, int column)
{
    const char *text = (const char *)sqlite3_column_text(rows->at, column);

    return text ? text : "";
}

static const void *get_bytes(const struct db_rows *rows, int column, size_t *ret_bytes)
{
    const void *bytes = sqlite3_column_blob(rows->at, column);

    *ret_bytes = (size_t)sqlite3_column_bytes(rows->at, column);
    return bytes ? bytes : "";
}

const struct db_driver db_sqlite = {
    .name = "SQLite",
    .blob_type = "BLOB",
    .text_type = "TEXT",
    .has_table = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = $1",
    .all_tables = "SELECT COUNT(*) FROM sqlite_schema",
    .open = open_handle,
    .close = close_handle,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .idle = idle,
    .script = script,
    .prepare = prepare,
    .discard = discard,
    .run = run,
    .query = query,
    .next = next,
    .done = done,
    .get_i64 = get_i64,
    .get_real = get_real,
    .get_text = get_text,
    .get_bytes = get_bytes,
};
