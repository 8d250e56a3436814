/* db_pg: what the pipeline delays is told in time, and a server that goes away is a peer that went away. */
#include "store_inside.h"
#include "stores.h"

static struct device_row device_of(const char *id)
{
    struct device_row d = {.shard = 1};

    snprintf(d.device, sizeof d.device, "%s", id);
    return d;
}

static int put(struct store *s, const char *id, const char *model, struct fail *f)
{
    struct device_row d = device_of(id);

    snprintf(d.model, sizeof d.model, "%s", model);
    return store_put_device(s, &d, f);
}

static bool has(struct store *s, const char *id)
{
    struct device_row got;
    struct fail f;

    return store_get_device(s, 1, id, &got, &f) == 0;
}

static void a_text_that_is_not_utf8_fails_the_commit_and_the_handle_goes_on(void **state)
{
    struct stores *s = stores_of(state);

    assert_ok(store_begin(s->store, f));
    assert_ok(put(s->store, "a", "ok", f)); /* the first use: the statement is prepared in the pipeline that fails */
    assert_ok(put(s->store, "b", "\xff\xfe", f));
    assert_ok(put(s->store, "c", "ok", f));
    assert_fails(store_commit(s->store, now, f), FAIL_INPUT);
    assert_false(has(s->store, "a"));
    assert_ok(store_begin(s->store, f));
    assert_ok(put(s->store, "a", "ok", f));
    assert_ok(store_commit(s->store, now, f));
    assert_true(has(s->store, "a"));
}

static void a_failure_in_the_pipeline_is_told_by_the_next_query(void **state)
{
    struct stores *s = stores_of(state);
    struct device_row got;

    assert_ok(store_begin(s->store, f));
    assert_ok(put(s->store, "b", "\xff", f));
    assert_fails(store_get_device(s->store, 1, "b", &got, f), FAIL_INPUT);
    assert_fails(put(s->store, "c", "ok", f), FAIL_INPUT); /* nothing more is sent */
    assert_fails(store_commit(s->store, now, f), FAIL_INPUT);
    assert_false(has(s->store, "c"));
}

/* Ends the connections of the case's schema but the one that asks. */
static void cut_connections(void)
{
#ifdef WITH_PG
    PGconn *c = PQconnectdb(stores.server);
    PQclear(PQexec(c, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                      "WHERE application_name = 'faultline' AND pid <> pg_backend_pid()"));
    PQfinish(c);
#endif
}

static void a_server_that_goes_away_fails_all_that_follows(void **state)
{
    struct stores *s = stores_of(state);
    struct device_row got;

    assert_ok(store_begin(s->store, f));
    assert_ok(put(s->store, "a", "ok", f));
    cut_connections();
    (void)!put(s->store, "b", "ok", &(struct fail){0});
    assert_fails(store_commit(s->store, now, f), FAIL_PEER);
    assert_fails(store_begin(s->store, f), FAIL_PEER);
    assert_fails(store_get_device(s->store, 1, "a", &got, f), FAIL_PEER);
    store_close(s->store);
    s->store = open_again(s, STORE_WRITE);
    assert_false(has(s->store, "a"));
}

/* Far more than libpq keeps back, and nobody asks for the results. */
static void what_a_writer_that_stands_still_has_locked_is_free_again(void **state)
{
    struct stores *s = stores_of(state);
    struct store *heir = open_again(s, STORE_WRITE);

    assert_ok(store_begin(s->store, f));
    assert_ok(put(s->store, "device0", "before", f));
    assert_ok(store_commit(s->store, now, f));
    assert_ok(db_run(s->store->db, "SET idle_in_transaction_session_timeout = 2500", NULL, 0, f));
    assert_ok(store_begin(s->store, f));
    assert_ok(put(s->store, "device0", "stands still", f));
    assert_true(has(s->store, "device0")); /* so that it is locked */
    for (unsigned i = 1; i < 500; i++) {
        char id[20];
        snprintf(id, sizeof id, "device%u", i);
        assert_ok(put(s->store, id, "stands still", f));
    }
    assert_ok(store_begin(heir, f));
    assert_ok(put(heir, "device0", "heir", f));
    assert_ok(store_commit(heir, now, f)); /* FAIL_CONFLICT while it is locked */
    assert_fails(store_commit(s->store, now, f), FAIL_PEER);
    store_close(heir);
}

static void nobody_listening_is_a_peer_that_is_not_there(void **state)
{
    struct stores *s = stores_of(state);
    const struct store_settings settings = {.driver = STORE_POSTGRESQL, .conninfo = "host=/nonexistent"};
    struct store *store = NULL;
    (void)s;

    assert_fails(store_open(&settings, STORE_WRITE, &store, f), FAIL_PEER);
}

static void weaker_durability_of_the_connection_string_is_overruled(void **state)
{
    struct stores *s = stores_of(state);
    char conninfo[500];
    struct db_rows rows = {0};
    bool found;

    store_close(s->store);
    snprintf(conninfo, sizeof conninfo, "%s options='-csynchronous_commit=off -csearch_path=case%u'", stores.server,
        stores.cases);
    s->settings.conninfo = conninfo;
    s->store = open_again(s, STORE_WRITE);
    assert_ok(db_query(s->store->db, "SELECT current_setting('synchronous_commit')", NULL, 0, &rows, f));
    assert_ok(db_next(&rows, &found, f));
    assert_string_equal(db_get_text(&rows, 0), "on");
    db_done(&rows);
}

#define on_pg(test)                                                                                                    \
    {                                                                                                                  \
#test, test, open_pg, close_case, NULL                                                                         \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_pg(a_text_that_is_not_utf8_fails_the_commit_and_the_handle_goes_on),
        on_pg(a_failure_in_the_pipeline_is_told_by_the_next_query),
        on_pg(a_server_that_goes_away_fails_all_that_follows),
        on_pg(what_a_writer_that_stands_still_has_locked_is_free_again),
        on_pg(nobody_listening_is_a_peer_that_is_not_there),
        on_pg(weaker_durability_of_the_connection_string_is_overruled),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
