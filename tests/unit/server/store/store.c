/* store: what was committed stays, what was not is gone, and only the collector that holds the lease commits. */
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "schema.h"
#include "store_inside.h"
#include "stores.h"

static struct device_row device_of(const char *id)
{
    struct device_row d = {.shard = 1};

    snprintf(d.device, sizeof d.device, "%s", id);
    return d;
}

static bool has(struct store *s, const char *id)
{
    struct device_row got;
    struct fail f;

    if (store_get_device(s, 1, id, &got, &f) == 0)
        return true;
    assert_int_equal(f.code, FAIL_NOT_FOUND);
    return false;
}

static int put(struct store *s, const char *id, struct fail *f)
{
    const struct device_row d = device_of(id);

    return store_put_device(s, &d, f);
}

/* ---------------------------------------------------------------- transactions */

/* A process that opens the store, puts a device, commits or not, and dies without a word. */
static void die_in_transaction(const struct stores *s, const char *id, bool committed)
{
    pid_t child = fork();

    if (child == 0) {
        struct store *store;
        struct fail f;
        if (store_open(&s->settings, STORE_WRITE, &store, &f) < 0 || store_begin(store, &f) < 0 ||
            put(store, id, &f) < 0 || (committed && store_commit(store, now, &f) < 0)) {
            fprintf(stderr, "%s\n", f.text);
            _exit(1);
        }
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void a_process_killed_before_commit_leaves_nothing_and_after_it_everything(void **state)
{
    struct stores *s = stores_of(state);

    store_close(s->store);
    s->store = NULL;
    die_in_transaction(s, "lost", false);
    die_in_transaction(s, "kept", true);
    s->store = open_again(s, STORE_WRITE);
    assert_false(has(s->store, "lost"));
    assert_true(has(s->store, "kept"));
}

static void a_rollback_leaves_nothing(void **state)
{
    struct stores *s = stores_of(state);

    assert_ok(store_begin(s->store, f));
    assert_ok(put(s->store, "a", f));
    store_rollback(s->store);
    store_rollback(s->store); /* twice is fine */
    assert_false(has(s->store, "a"));
    assert_ok(store_begin(s->store, f));
    assert_ok(put(s->store, "b", f));
    store_close(s->store); /* rolls back too */
    s->store = open_again(s, STORE_WRITE);
    assert_false(has(s->store, "b"));
}

static void one_failed_statement_fails_the_commit_and_nothing_of_it_stays(void **state)
{
    struct stores *s = stores_of(state);
    const struct db_value values[] = {db_i64(1), db_text(""), db_text("")};
    struct fail ignored;

    assert_ok(store_begin(s->store, f));
    assert_ok(put(s->store, "a", f));
    /* Version 1 is there already. PostgreSQL may tell only at the commit. */
    (void)!db_run(s->store->db, "INSERT INTO schema_version (version, name, checksum) VALUES ($1, $2, $3)", values,
        countof(values), &ignored);
    (void)!put(s->store, "b", &ignored);
    assert_fails(store_commit(s->store, now, f), FAIL_CONFLICT);
    assert_false(has(s->store, "a"));
    assert_false(has(s->store, "b"));
    assert_ok(store_begin(s->store, f)); /* the handle goes on */
    assert_ok(put(s->store, "c", f));
    assert_ok(store_commit(s->store, now, f));
    assert_true(has(s->store, "c"));
}

static void a_long_transaction_is_all_there(void **state)
{
    struct stores *s = stores_of(state);
    enum { ROWS = 5000 };
    struct store_counts counts;
    char id[16];

    assert_ok(store_begin(s->store, f));
    for (int i = 0; i < ROWS; i++) {
        snprintf(id, sizeof id, "d%d", i);
        assert_ok(put(s->store, id, f));
    }
    assert_ok(store_commit(s->store, now, f));
    assert_ok(store_idle(s->store, f));
    assert_ok(store_count(s->store, &counts, f));
    assert_int_equal(counts.devices, ROWS);
}

/* ---------------------------------------------------------------- readers */

static void a_reader_sees_what_is_committed_and_writes_nothing(void **state)
{
    struct stores *s = stores_of(state);
    struct store *reader = open_again(s, STORE_READ);
    struct fail why;

    assert_ok(store_begin(s->store, f));
    assert_ok(put(s->store, "a", f));
    assert_false(has(reader, "a"));
    assert_ok(store_commit(s->store, now, f));
    assert_true(has(reader, "a"));
    int rc =
        store_begin(reader, &why) < 0 || put(reader, "b", &why) < 0 || store_commit(reader, now, &why) < 0 ? -1 : 0;
    assert_int_equal(rc, -1);
    assert_int_equal(why.code, FAIL_IO);
    store_close(reader);
    assert_false(has(s->store, "b"));
}

static void a_reader_in_a_transaction_sees_one_state(void **state)
{
    struct stores *s = stores_of(state);
    struct store *reader = open_again(s, STORE_READ);

    assert_ok(store_begin(reader, f));
    assert_false(has(reader, "a"));
    assert_ok(store_begin(s->store, f));
    assert_ok(put(s->store, "a", f));
    assert_ok(store_commit(s->store, now, f));
    assert_false(has(reader, "a"));
    assert_ok(store_commit(reader, now, f));
    assert_true(has(reader, "a"));
    store_close(reader);
}

static void a_reader_s_query_ends_after_its_time(void **state)
{
    struct stores *s = stores_of(state);
    struct store *reader = open_again(s, STORE_READ);
    struct db_rows rows = {0};
    struct timespec began, ended;
    struct fail why;
    bool found;

    clock_gettime(CLOCK_MONOTONIC, &began);
    int rc = db_query(reader->db,
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) "
                 "SELECT COUNT(*) FROM n",
                 NULL, 0, &rows, &why) < 0 ||
                     db_next(&rows, &found, &why) < 0
                 ? -1
                 : 0;
    clock_gettime(CLOCK_MONOTONIC, &ended);
    db_done(&rows);
    assert_int_equal(rc, -1);
    assert_int_equal(why.code, FAIL_LIMIT);
    assert_in_range(ended.tv_sec - began.tv_sec, 1, 10);
    assert_false(has(reader, "a")); /* the handle goes on */
    store_close(reader);
}

static void reading_where_nothing_was_written_is_not_found(void **state)
{
    struct stores *s = stores_of(state);
    struct store *store = NULL;

    store_close(s->store);
    s->store = NULL;
    assert_int_equal(new_place(s), 0);
    assert_fails(store_open(&s->settings, STORE_READ, &store, f), FAIL_NOT_FOUND);
}

/* ---------------------------------------------------------------- versions */

static void a_newer_schema_is_refused_and_both_versions_named(void **state)
{
    struct stores *s = stores_of(state);
    const struct db_value values[] = {db_i64(99), db_text("099_later.sql"), db_text("00")};
    struct store *store = NULL;
    struct fail why;

    assert_ok(db_begin(s->store->db, f));
    assert_ok(db_run(s->store->db, "INSERT INTO schema_version (version, name, checksum) VALUES ($1, $2, $3)", values,
        countof(values), f));
    assert_ok(db_commit(s->store->db, f));
    store_close(s->store);
    s->store = NULL;
    for (int mode = STORE_WRITE; mode <= STORE_READ; mode++) {
        char known[24];
        assert_int_equal(store_open(&s->settings, (enum store_mode)mode, &store, &why), -1);
        assert_int_equal(why.code, FAIL_NEWER);
        snprintf(known, sizeof known, "up to %zu", schema_step_count);
        assert_non_null(strstr(why.text, "99"));
        assert_non_null(strstr(why.text, known));
    }
}

struct opener {
    const struct store_settings *settings;
    pthread_barrier_t *start;
    struct store *store;
};

static void *open_now(void *arg)
{
    struct opener *o = arg;
    struct fail f;

    pthread_barrier_wait(o->start);
    if (store_open(o->settings, STORE_WRITE, &o->store, &f) < 0)
        fprintf(stderr, "%s\n", f.text);
    return NULL;
}

static void two_writers_may_make_the_schema_at_once(void **state)
{
    struct stores *s = stores_of(state);
    struct opener openers[3] = {0};
    pthread_t threads[countof(openers)];
    pthread_barrier_t start;

    assert_int_equal(new_place(s), 0);
    pthread_barrier_init(&start, NULL, countof(openers));
    for (size_t i = 0; i < countof(openers); i++) {
        openers[i] = (struct opener){.settings = &s->settings, .start = &start};
        assert_int_equal(pthread_create(&threads[i], NULL, open_now, &openers[i]), 0);
    }
    for (size_t i = 0; i < countof(openers); i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
    for (size_t i = 0; i < countof(openers); i++) {
        assert_non_null(openers[i].store);
        assert_false(has(openers[i].store, "a"));
        store_close(openers[i].store);
    }
}

/* ---------------------------------------------------------------- the lease */

static struct wall after(int64_t ms)
{
    return (struct wall){now.ms + ms};
}

static void a_lease_is_held_until_it_expires(void **state)
{
    struct stores *s = stores_of(state);
    struct fail why;

    assert_ok(store_take_lease(s->store, "cell-a", now, 1000, f));
    assert_int_equal(store_take_lease(s->store, "cell-b", after(999), 1000, &why), -1);
    assert_int_equal(why.code, FAIL_CONFLICT);
    assert_non_null(strstr(why.text, "cell-a"));
    assert_ok(store_take_lease(s->store, "cell-a", after(999), 1000, f)); /* ours: at once */
    assert_ok(store_begin(s->store, f));
    assert_ok(store_commit(s->store, after(1500), f)); /* an empty commit renews */
    assert_fails(store_take_lease(s->store, "cell-b", after(2499), 1000, f), FAIL_CONFLICT);
    assert_ok(store_take_lease(s->store, "cell-b", after(2500), 1000, f));
}

/* Two collectors on one PostgreSQL; for SQLite the file's lock keeps them apart already. */
static void a_lease_that_was_left_is_free_at_once(void **state)
{
    struct stores *s = stores_of(state);

    assert_ok(store_take_lease(s->store, "cell-a", now, 1000, f));
    assert_ok(store_leave_lease(s->store, f));
    assert_ok(store_take_lease(s->store, "cell-b", after(1), 1000, f));
    assert_fails(store_take_lease(s->store, "cell-a", after(2), 1000, f), FAIL_CONFLICT);
}

static void who_lost_the_lease_does_not_give_it_away(void **state)
{
    struct stores *s = stores_of(state);
    struct store *other = open_again(s, STORE_WRITE);

    assert_ok(store_take_lease(s->store, "cell-a", now, 1000, f));
    assert_ok(store_take_lease(other, "cell-b", after(1000), 1000, f));
    assert_ok(store_leave_lease(s->store, f));
    assert_fails(store_take_lease(s->store, "cell-a", after(1001), 1000, f), FAIL_CONFLICT);
    store_close(other);
}

static void who_lost_the_lease_commits_nothing_more(void **state)
{
    struct stores *s = stores_of(state);
    struct store *other = open_again(s, STORE_WRITE);

    assert_ok(store_take_lease(s->store, "cell-a", now, 1000, f));
    assert_ok(store_begin(s->store, f));
    assert_ok(put(s->store, "early", f));
    assert_ok(store_commit(s->store, after(1), f));
    assert_ok(store_begin(s->store, f));
    assert_ok(put(s->store, "late", f)); /* then it stalls beyond its lease */
    assert_ok(store_take_lease(other, "cell-b", after(5000), 1000, f));
    assert_fails(store_commit(s->store, after(5001), f), FAIL_CONFLICT);
    assert_false(has(other, "late"));
    assert_true(has(other, "early"));
    assert_ok(store_begin(s->store, f));
    assert_ok(put(s->store, "later", f));
    assert_fails(store_commit(s->store, after(99999), f), FAIL_CONFLICT); /* nor when that lease expired too */
    assert_ok(store_begin(other, f));
    assert_ok(put(other, "other", f));
    assert_ok(store_commit(other, after(5002), f));
    store_close(other);
}

static void a_second_process_of_the_same_name_fences_the_first(void **state)
{
    struct stores *s = stores_of(state);
    struct store *other = open_again(s, STORE_WRITE);

    assert_ok(store_take_lease(s->store, "cell-a", now, 1000, f));
    assert_ok(store_take_lease(other, "cell-a", now, 1000, f));
    assert_ok(store_begin(s->store, f));
    assert_fails(store_commit(s->store, now, f), FAIL_CONFLICT);
    store_close(other);
}

static void the_second_writer_of_a_file_is_refused_and_readers_are_not(void **state)
{
    struct stores *s = stores_of(state);
    struct store *store = NULL;

    assert_fails(store_open(&s->settings, STORE_WRITE, &store, f), FAIL_CONFLICT);
    store = open_again(s, STORE_READ);
    store_close(store);
    store_close(s->store);
    s->store = open_again(s, STORE_WRITE); /* the lock goes with the handle */
}

/* ---------------------------------------------------------------- readers beside the writer, in threads */

enum { BATCHES = 150, READERS = 2 };

struct reader {
    struct store *store;
    const bool *stop;
    bool failed;
};

/* Every batch adds two devices: no reader ever sees an odd number. */
static void *read_on(void *arg)
{
    struct reader *r = arg;
    struct store_counts counts;
    struct fail f;

    while (!__atomic_load_n(r->stop, __ATOMIC_ACQUIRE) && !r->failed)
        if (store_count(r->store, &counts, &f) < 0 || counts.devices % 2 != 0) {
            fprintf(stderr, "%s\n", counts.devices % 2 ? "half a transaction" : f.text);
            r->failed = true;
        }
    return NULL;
}

static void readers_never_see_half_a_transaction(void **state)
{
    struct stores *s = stores_of(state);
    struct reader readers[READERS] = {0};
    pthread_t threads[READERS];
    bool stop = false;
    char id[16];

    for (int i = 0; i < READERS; i++) {
        readers[i] = (struct reader){.store = open_again(s, STORE_READ), .stop = &stop};
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers[i]), 0);
    }
    for (int i = 0; i < BATCHES; i++) {
        assert_ok(store_begin(s->store, f));
        for (int k = 0; k < 2; k++) {
            snprintf(id, sizeof id, "d%d", 2 * i + k);
            assert_ok(put(s->store, id, f));
        }
        assert_ok(store_commit(s->store, now, f));
        if (i % 50 == 0)
            assert_ok(store_idle(s->store, f));
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
        assert_false(readers[i].failed);
        store_close(readers[i].store);
    }
}

#define on_pg(test)                                                                                                    \
    {                                                                                                                  \
#test " (PostgreSQL)", test, open_pg, close_case, NULL                                                         \
    }
#define on_sqlite(test)                                                                                                \
    {                                                                                                                  \
#test " (SQLite)", test, open_sqlite, close_case, NULL                                                         \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_every_driver(a_process_killed_before_commit_leaves_nothing_and_after_it_everything),
        on_every_driver(a_rollback_leaves_nothing),
        on_every_driver(one_failed_statement_fails_the_commit_and_nothing_of_it_stays),
        on_every_driver(a_long_transaction_is_all_there),
        on_every_driver(a_reader_sees_what_is_committed_and_writes_nothing),
        on_every_driver(a_reader_in_a_transaction_sees_one_state),
        on_every_driver(a_reader_s_query_ends_after_its_time),
        on_every_driver(reading_where_nothing_was_written_is_not_found),
        on_every_driver(a_newer_schema_is_refused_and_both_versions_named),
        on_pg(two_writers_may_make_the_schema_at_once),
        on_every_driver(a_lease_is_held_until_it_expires),
        on_every_driver(a_lease_that_was_left_is_free_at_once),
        on_pg(who_lost_the_lease_does_not_give_it_away),
        on_pg(who_lost_the_lease_commits_nothing_more),
        on_pg(a_second_process_of_the_same_name_fences_the_first),
        on_sqlite(the_second_writer_of_a_file_is_refused_and_readers_are_not),
        on_every_driver(readers_never_see_half_a_transaction),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
