/* stores.h: the same test cases on every driver: a fresh, empty database for each case, on SQLite in a file of its own,
 * on PostgreSQL in a schema of its own of a throw-away server that the first case starts and the last one stops. */
#ifndef FAULTLINE_TEST_STORES_H
#define FAULTLINE_TEST_STORES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef WITH_PG
#include <libpq-fe.h>
#endif

#include "db.h"
#include "store.h"

struct stores {
    enum store_driver driver;
    struct store_settings settings; /* of the case's database */
    struct store *store;            /* its writing handle, open at the start of a case; NULL when the case closed it */
};

static struct {
    char folder[64];
    char server[256]; /* connection string; "" when there is no PostgreSQL here */
    char place[320];  /* of the case: path or connection string */
    unsigned cases;
    struct stores of_case;
} stores;

static const struct wall now = {1700000000000};

static inline int run_tool(const char *command, char *ret_line, size_t size)
{
    FILE *from = popen(command, "r");

    if (!from)
        return -1;
    if (!fgets(ret_line, (int)size, from))
        ret_line[0] = '\0';
    ret_line[strcspn(ret_line, "\n")] = '\0';
    int status = pclose(from);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline int stop_stores(void **state);

/* An assertion of the product ends the process: its server must not stay behind. */
static inline void stop_after_abort(int number)
{
    signal(number, SIG_DFL);
    stop_stores(NULL);
    raise(number);
}

static inline int start_stores(void **state)
{
    char command[160];
    (void)state;

    snprintf(stores.folder, sizeof stores.folder, "/tmp/faultline-store-XXXXXX");
    if (!mkdtemp(stores.folder) || chmod(stores.folder, 0711) < 0)
        return -1;
#ifdef WITH_PG
    const char *wanted = getenv("FAULTLINE_TEST_PG");

    if (wanted && strcmp(wanted, "no") == 0)
        return 0; /* its cases skip themselves: enough where one driver shows the same */
    snprintf(command, sizeof command, "tests/postgres start %s/pg", stores.folder);
    signal(SIGABRT, stop_after_abort);
    int status = run_tool(command, stores.server, sizeof stores.server);
    if (status == 77)
        puts("no PostgreSQL here: its cases are skipped");
    return status == 0 || status == 77 ? 0 : -1;
#else
    (void)command;
    puts("built without PostgreSQL: its cases are skipped");
    return 0;
#endif
}

static inline int stop_stores(void **state)
{
    char command[160], line[8];
    (void)state;

    if (stores.server[0]) {
        snprintf(command, sizeof command, "tests/postgres stop %s/pg", stores.folder);
        if (run_tool(command, line, sizeof line) != 0)
            return -1;
    }
    snprintf(command, sizeof command, "rm -rf %s", stores.folder);
    return run_tool(command, line, sizeof line);
}

#ifdef WITH_PG
static inline int pg_command(const char *sql)
{
    PGconn *c = PQconnectdb(stores.server);
    PGresult *r = PQexec(c, sql);
    int rc = PQresultStatus(r) == PGRES_COMMAND_OK ? 0 : -1;

    if (rc < 0)
        fputs(PQerrorMessage(c), stderr);
    PQclear(r);
    PQfinish(c);
    return rc;
}
#endif

/* A place for a database that does not exist yet. */
static inline int new_place(struct stores *s)
{
    stores.cases++;
    s->settings = (struct store_settings){.driver = s->driver};
    if (s->driver == STORE_SQLITE) {
        snprintf(stores.place, sizeof stores.place, "%s/%u.db", stores.folder, stores.cases);
        s->settings.path = stores.place;
        return 0;
    }
#ifdef WITH_PG
    char sql[64];
    snprintf(sql, sizeof sql, "CREATE SCHEMA case%u", stores.cases);
    snprintf(stores.place, sizeof stores.place, "%s options='-csearch_path=case%u'", stores.server, stores.cases);
    s->settings.conninfo = stores.place;
    return pg_command(sql);
#else
    return -1;
#endif
}

static inline int open_case(void **state, enum store_driver driver)
{
    struct stores *s = &stores.of_case;
    struct fail f;

    memset(s, 0, sizeof *s);
    s->driver = driver;
    *state = s;
    if (driver == STORE_POSTGRESQL && !stores.server[0])
        return 0; /* the case skips itself */
    if (new_place(s) < 0)
        return -1;
    if (store_open(&s->settings, STORE_WRITE, &s->store, &f) < 0) {
        fprintf(stderr, "%s\n", f.text);
        return -1;
    }
    return 0;
}

static inline int open_sqlite(void **state)
{
    return open_case(state, STORE_SQLITE);
}

static inline int open_pg(void **state)
{
    return open_case(state, STORE_POSTGRESQL);
}

static inline int close_case(void **state)
{
    struct stores *s = *state;

    store_close(s->store);
    s->store = NULL;
    return 0;
}

/* The case's database and its writing handle; skips the case where there is no PostgreSQL. */
static inline struct stores *stores_of(void **state)
{
    struct stores *s = *state;

    if (s->driver == STORE_POSTGRESQL && !stores.server[0])
        skip();
    return s;
}

#define on_every_driver(test)                                                                                          \
    {#test " (SQLite)", test, open_sqlite, close_case, NULL},                                                          \
    {                                                                                                                  \
#test " (PostgreSQL)", test, open_pg, close_case, NULL                                                         \
    }

/* A call that must succeed, with the reason when it does not. */
#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        struct fail f_ = {0}, *f = &f_;                                                                                \
        if ((call) != 0)                                                                                               \
            fail_msg("%s: %s (%s)", #call, f_.text, fail_word(f_.code));                                               \
    } while (0)

/* A call that must fail with the code. */
#define assert_fails(call, wanted)                                                                                     \
    do {                                                                                                               \
        struct fail f_ = {0}, *f = &f_;                                                                                \
        assert_int_equal((call), -1);                                                                                  \
        if (f_.code != (wanted))                                                                                       \
            fail_msg("%s: %s (%s)", #call, f_.text, fail_word(f_.code));                                               \
    } while (0)

static inline struct store *open_again(const struct stores *s, enum store_mode mode)
{
    struct store *store = NULL;

    assert_ok(store_open(&s->settings, mode, &store, f));
    return store;
}

/* The same bytes in what tells padding from values apart: all rows in tests are zeroed before they are filled. */
#define assert_same(a, b) assert_memory_equal(a, b, sizeof *(a))

#endif
