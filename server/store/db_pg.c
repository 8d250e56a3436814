/* db_pg.c: the PostgreSQL driver, the only file that includes libpq.
 *
 * The connection stays in pipeline mode (except for scripts): statements without results are sent and not waited for;
 * a query, a commit or PIPELINE_MOST of them is a point of synchronisation, where all results are read and the first
 * failure is told. The connection does not block: libpq would wait for ever with both directions full
 * (postgresql.org/docs/15/libpq-pipeline-mode.html). Parameters and results are binary.
 *
 * A writer that stands still in a transaction (a frozen machine, a dead network) would keep its locks, that of the lease
 * among them, and nobody could take over. The server therefore ends a connection that is idle in a transaction. It calls
 * it idle only behind a mark of synchronisation, so what leaves here ends with one: libpq sends by itself when 8192 bytes
 * are waiting (fe-misc.c), and before that a mark is put behind them. */
#include "db.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <endian.h>
#include <libpq-fe.h>

#include "db_pgstate.h"

enum {
    PIPELINE_MOST = 1024,           /* bounds what libpq buffers */
    BLOCK = 8000,                   /* with BEGIN or COMMIT less than what makes libpq send */
    STATEMENT_BYTES = 100,          /* more than a statement's messages have beside its texts and values */
    VALUE_BYTES = 4 + 2 + 4,        /* more than a value has beside itself: its length, its format, its type */
    STANDSTILL_MS = 2 * DB_WAIT_MS, /* in a transaction, without a statement */
    /* Types by their fixed numbers (pg_type.dat) */
    TYPE_BYTEA = 17,
    TYPE_INT8 = 20,
    TYPE_TEXT = 25,
    TYPE_FLOAT8 = 701,
};

/* The values as libpq wants them; numbers in network order in words. */
struct parameters {
    const char *values[DB_PARAMS_MAX];
    int lengths[DB_PARAMS_MAX];
    int formats[DB_PARAMS_MAX];
    uint64_t words[DB_PARAMS_MAX];
};

struct pg {
    struct db base;
    PGconn *connection;
    enum store_mode mode;
    unsigned pending;    /* commands and marks sent whose results were not read */
    size_t unmarked;     /* bytes given to libpq behind the last mark, at most */
    unsigned names;      /* prepared statements named so far */
    unsigned generation; /* of the prepared statements the server knows; from 1 */
    bool in_transaction;
    struct fail failure; /* the first since the last rollback */
    struct parameters parameters;
};

struct statement {
    const char *sql;
    char name[12];
    unsigned generation; /* in which the server was told; 0 = never */
    size_t n;
    Oid types[DB_PARAMS_MAX];
};

static struct pg *of(struct db *db)
{
    return (struct pg *)db;
}

/* ---------------------------------------------------------------- failures */

static int lost(const struct pg *p, struct fail *f)
{
    const char *message = PQerrorMessage(p->connection);

    return fail_set(f, FAIL_PEER, "PostgreSQL: %.*s", (int)strcspn(message, "\n"), message);
}

static int failed(const struct pg *p, const PGresult *result, struct fail *f)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    int sys;

    if (!message)
        return lost(p, f);
    enum fail_code code = db_pgstate_code(state, &sys);
    fail_set(f, code, "PostgreSQL: %.180s (%s)", message, state ? state : "no state");
    f->sys = sys;
    return -1;
}

static int refused(const struct pg *p, struct fail *f)
{
    *f = p->failure;
    return -1;
}

/* ---------------------------------------------------------------- the pipeline */

static int flush(struct pg *p, struct fail *f)
{
    int rc;

    while ((rc = PQflush(p->connection)) == 1) {
        struct pollfd socket = {.fd = PQsocket(p->connection), .events = POLLIN | POLLOUT};
        if (poll(&socket, 1, -1) < 0 && errno != EINTR)
            return fail_sys(f, "poll");
        /* The server stops reading while nobody reads what it answers. */
        if ((socket.revents & POLLIN) && !PQconsumeInput(p->connection))
            return lost(p, f);
    }
    return rc == 0 ? 0 : lost(p, f);
}

/* Reads the result of the oldest pending command; the caller clears *ret_result. The first failure is remembered, what
 * the server skipped after it is not. */
static int take(struct pg *p, PGresult **ret_result, struct fail *f)
{
    PGresult *result = PQgetResult(p->connection);

    if (!result)
        return lost(p, f);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_FATAL_ERROR && p->failure.code == FAIL_NONE)
        failed(p, result, &p->failure);
    if (PQstatus(p->connection) == CONNECTION_BAD) {
        PQclear(result);
        return p->failure.code != FAIL_NONE ? refused(p, f) : lost(p, f);
    }
    PGresult *end = status == PGRES_PIPELINE_SYNC ? NULL : PQgetResult(p->connection);
    if (end) { /* NULL ends each command's results, not a mark's */
        PQclear(end);
        PQclear(result);
        return lost(p, f);
    }
    p->pending--;
    *ret_result = result;
    return 0;
}

/* Puts a mark of synchronisation behind what is waiting, and sends it. */
static int mark(struct pg *p, struct fail *f)
{
    if (!PQpipelineSync(p->connection))
        return lost(p, f);
    p->pending++;
    p->unmarked = 0;
    return flush(p, f);
}

/* Ends the pipeline so far and reads all results; the last one is given when ret_last is not NULL. */
static int synchronise(struct pg *p, PGresult **ret_last, struct fail *f)
{
    PGresult *result = NULL, *end = NULL;

    if (mark(p, f) < 0)
        return -1;
    while (p->pending > 0) {
        PQclear(result);
        result = end;
        if (take(p, &end, f) < 0) {
            PQclear(result);
            return -1;
        }
    }
    bool synced = PQresultStatus(end) == PGRES_PIPELINE_SYNC;
    PQclear(end);
    if (!synced || p->failure.code != FAIL_NONE) {
        PQclear(result);
        return synced ? refused(p, f) : lost(p, f);
    }
    if (ret_last)
        *ret_last = result;
    else
        PQclear(result);
    return 0;
}

static int sent(struct pg *p, int rc, struct fail *f)
{
    if (rc != 1)
        return lost(p, f);
    p->pending++;
    return 0;
}

static int send_plain(struct pg *p, const char *sql, struct fail *f)
{
    p->unmarked += STATEMENT_BYTES + strlen(sql);
    return sent(p, PQsendQueryParams(p->connection, sql, 0, NULL, NULL, NULL, NULL, 1), f);
}

/* ---------------------------------------------------------------- open, close */

static int set_up(struct pg *p, struct fail *f)
{
    char settings[300];

    snprintf(settings, sizeof settings,
        p->mode == STORE_WRITE ? "SET synchronous_commit = on; SET lock_timeout = %d; "
                                 "SET idle_in_transaction_session_timeout = %d"
                               : "SET default_transaction_read_only = on; SET statement_timeout = %d",
        p->mode == STORE_WRITE ? DB_WAIT_MS : DB_READ_MS, STANDSTILL_MS);
    PGresult *result = PQexec(p->connection, settings);
    int rc = PQresultStatus(result) == PGRES_COMMAND_OK ? 0 : failed(p, result, f);
    PQclear(result);
    if (rc < 0)
        return -1;
    if (PQsetnonblocking(p->connection, 1) < 0 || !PQenterPipelineMode(p->connection))
        return lost(p, f);
    return 0;
}

static void close_handle(struct db *db)
{
    PQfinish(of(db)->connection);
    free(of(db));
}

/* Notices are for people at a terminal; the library would write them to standard error. */
static void ignore_notice(void *ctx, const PGresult *result)
{
    (void)ctx;
    (void)result;
}

static int open_handle(const struct store_settings *settings, enum store_mode mode, struct db **ret, struct fail *f)
{
    /* The connection string may say otherwise for all but the encoding. */
    const char *const keys[] = {"connect_timeout", "tcp_user_timeout", "keepalives_idle", "fallback_application_name",
        "dbname", "client_encoding", NULL};
    const char *const values[] = {"5", "20000", "10", "faultline", settings->conninfo, "UTF8", NULL};
    struct pg *p = calloc(1, sizeof *p);

    if (!p)
        abort();
    p->base.driver = &db_pg;
    p->mode = mode;
    p->generation = 1;
    p->connection = PQconnectdbParams(keys, values, 1);
    if (!p->connection)
        abort();
    PQsetNoticeReceiver(p->connection, ignore_notice, NULL);
    if (PQstatus(p->connection) != CONNECTION_OK ? lost(p, f) < 0 : set_up(p, f) < 0) {
        close_handle(&p->base);
        return fail_add(f, "opening the database");
    }
    *ret = &p->base;
    return 0;
}

/* ---------------------------------------------------------------- transactions */

static int begin(struct db *db, struct fail *f)
{
    struct pg *p = of(db);

    /* Read committed: store_open_ticket() has to see what a concurrent writer committed while it waited. A reader
     * wants one state throughout. */
    if (send_plain(p,
            p->mode == STORE_WRITE ? "BEGIN ISOLATION LEVEL READ COMMITTED" : "BEGIN ISOLATION LEVEL REPEATABLE READ",
            f) < 0)
        return -1;
    p->in_transaction = true;
    return 0;
}

static int commit(struct db *db, struct fail *f)
{
    struct pg *p = of(db);
    PGresult *result;

    if (send_plain(p, "COMMIT", f) < 0 || synchronise(p, &result, f) < 0)
        return -1;
    /* COMMIT of a transaction that failed answers ROLLBACK and no error. */
    bool committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
    PQclear(result);
    if (!committed)
        return fail_set(f, FAIL_PEER, "PostgreSQL rolled the transaction back");
    p->in_transaction = false;
    return 0;
}

/* A failure made the server skip all up to the next synchronisation, statements to prepare included: which of them it
 * knows is not known, so it forgets all. */
static void rollback(struct db *db)
{
    struct pg *p = of(db);
    struct fail ignored;

    if ((!p->in_transaction && p->failure.code == FAIL_NONE) || PQstatus(p->connection) != CONNECTION_OK)
        return;
    if (p->pending > 0)
        (void)!synchronise(p, NULL, &ignored);
    p->failure.code = FAIL_NONE;
    if ((p->in_transaction && send_plain(p, "ROLLBACK", &ignored) < 0) ||
        send_plain(p, "DEALLOCATE ALL", &ignored) < 0 || synchronise(p, NULL, &ignored) < 0)
        return;
    p->generation++;
    p->in_transaction = false;
}

static int idle(struct db *db, struct fail *f)
{
    (void)db;
    (void)f;
    return 0;
}

static int script(struct db *db, const char *sql, struct fail *f)
{
    struct pg *p = of(db);

    if (p->pending > 0 && synchronise(p, NULL, f) < 0)
        return -1;
    if (!PQexitPipelineMode(p->connection) || PQsetnonblocking(p->connection, 0) < 0)
        return lost(p, f);
    PGresult *result = PQexec(p->connection, sql);
    int rc = PQresultStatus(result) == PGRES_COMMAND_OK ? 0 : failed(p, result, f);
    PQclear(result);
    if (rc < 0)
        p->failure = *f;
    if (PQsetnonblocking(p->connection, 1) < 0 || !PQenterPipelineMode(p->connection))
        return lost(p, f);
    return rc;
}

/* ---------------------------------------------------------------- statements */

static Oid type_of(enum db_type type)
{
    static const Oid types[] = {
        [DB_I64] = TYPE_INT8, [DB_REAL] = TYPE_FLOAT8, [DB_TEXT] = TYPE_TEXT, [DB_BYTES] = TYPE_BYTEA};

    return types[type];
}

static int prepare(struct db *db, const char *sql, const struct db_value *values, size_t n, void **ret, struct fail *f)
{
    struct statement *statement = calloc(1, sizeof *statement);

    (void)f;
    if (!statement)
        abort();
    statement->sql = sql;
    statement->n = n;
    snprintf(statement->name, sizeof statement->name, "s%u", of(db)->names++);
    for (size_t i = 0; i < n; i++)
        statement->types[i] = type_of(values[i].type);
    *ret = statement;
    return 0;
}

static void discard(struct db *db, void *statement)
{
    (void)db; /* the server forgets them with the connection */
    free(statement);
}

static void set_parameter(struct parameters *to, size_t i, const struct db_value *value)
{
    to->formats[i] = 1;
    switch (value->type) {
    case DB_I64:
    case DB_REAL: /* the same eight bytes of the union */
        to->words[i] = htobe64((uint64_t)value->i64);
        to->values[i] = (const char *)&to->words[i];
        to->lengths[i] = sizeof to->words[i];
        break;
    case DB_TEXT:
        to->values[i] = value->data;
        to->lengths[i] = (int)strlen(value->data);
        break;
    case DB_BYTES:
        to->values[i] = value->bytes > 0 ? value->data : ""; /* NULL would be NULL */
        to->lengths[i] = (int)value->bytes;
        break;
    }
}

/* For a statement with the parameters set. */
static int make_room(struct pg *p, const struct statement *statement, struct fail *f)
{
    size_t bytes = STATEMENT_BYTES + (statement->generation == p->generation ? 0 : strlen(statement->sql));

    for (size_t i = 0; i < statement->n; i++)
        bytes += VALUE_BYTES + (size_t)p->parameters.lengths[i];
    if (p->unmarked > 0 && p->unmarked + bytes >= BLOCK && mark(p, f) < 0)
        return -1;
    p->unmarked += bytes;
    return 0;
}

static int send_statement(
    struct pg *p, struct statement *statement, const struct db_value *values, size_t n, struct fail *f)
{
    struct parameters *to = &p->parameters;

    if (p->failure.code != FAIL_NONE)
        return refused(p, f);
    assert(n == statement->n);
    for (size_t i = 0; i < n; i++) {
        assert(statement->types[i] == type_of(values[i].type));
        set_parameter(to, i, &values[i]);
    }
    if (make_room(p, statement, f) < 0)
        return -1;
    if (statement->generation != p->generation) {
        if (sent(p, PQsendPrepare(p->connection, statement->name, statement->sql, (int)n, statement->types), f) < 0)
            return -1;
        statement->generation = p->generation;
    }
    return sent(
        p, PQsendQueryPrepared(p->connection, statement->name, (int)n, to->values, to->lengths, to->formats, 1), f);
}

/* Outside a transaction a failure is over when it was told. */
static int ended(struct pg *p, int rc)
{
    if (rc < 0 && !p->in_transaction)
        rollback(&p->base);
    return rc;
}

static int run(
    struct db *db, void *statement, const struct db_value *values, size_t n, int64_t *ret_changed, struct fail *f)
{
    struct pg *p = of(db);
    PGresult *result;

    if (send_statement(p, statement, values, n, f) < 0)
        return -1;
    if (!ret_changed && p->in_transaction && p->pending < PIPELINE_MOST)
        return 0;
    if (ended(p, synchronise(p, &result, f)) < 0)
        return -1;
    if (ret_changed)
        *ret_changed = strtoll(PQcmdTuples(result), NULL, 10);
    PQclear(result);
    return 0;
}

static int query(
    struct db *db, void *statement, const struct db_value *values, size_t n, struct db_rows *ret, struct fail *f)
{
    struct pg *p = of(db);
    PGresult *result;

    if (send_statement(p, statement, values, n, f) < 0 || ended(p, synchronise(p, &result, f)) < 0)
        return -1;
    *ret = (struct db_rows){.db = db, .at = result, .row = -1};
    return 0;
}

static int next(struct db_rows *rows, bool *ret_found, struct fail *f)
{
    (void)f;
    rows->row++;
    *ret_found = rows->row < PQntuples(rows->at);
    return 0;
}

static void done(struct db_rows *rows)
{
    PQclear(rows->at);
}

/* By width: SMALLINT, INTEGER, BIGINT. */
static int64_t get_i64(const struct db_rows *rows, int column)
{
    const char *bytes = PQgetvalue(rows->at, rows->row, column);
    uint16_t two;
    uint32_t four;
    uint64_t eight;

    switch (PQgetlength(rows->at, rows->row, column)) {
    case sizeof two:
        memcpy(&two, bytes, sizeof two);
        return (int16_t)be16toh(two);
    case sizeof four:
        memcpy(&four, bytes, sizeof four);
        return (int32_t)be32toh(four);
    case sizeof eight:
        memcpy(&eight, bytes, sizeof eight);
        return (int64_t)be64toh(eight);
    default:
        assert(PQgetisnull(rows->at, rows->row, column));
        return 0;
    }
}

static double get_real(const struct db_rows *rows, int column)
{
    int64_t word = get_i64(rows, column);
    double value;

    memcpy(&value, &word, sizeof value);
    return value;
}

static const char *get_text(const struct db_rows *rows, int column)
{
    return PQgetvalue(rows->at, rows->row, column);
}

static const void *get_bytes(const struct db_rows *rows, int column, size_t *ret_bytes)
{
    *ret_bytes = (size_t)PQgetlength(rows->at, rows->row, column);
    return PQgetvalue(rows->at, rows->row, column);
}

const struct db_driver db_pg = {
    .name = "PostgreSQL",
    .blob_type = "BYTEA",
    .text_type = "TEXT COLLATE \"C\"",
    .has_table = "SELECT COUNT(*) FROM pg_catalog.pg_class WHERE oid = to_regclass($1)",
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
