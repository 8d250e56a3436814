/* schema: a database is brought up to date in one transaction, or stays as it was. */
#include "schema.h"
#include "stores.h"

static const struct schema_step steps[] = {
    {"001.sql", "CREATE TABLE one (shard BIGINT NOT NULL, name TEXT NOT NULL, bytes BLOB NOT NULL);\n"
                "INSERT INTO one (shard, name, bytes) VALUES (1, 'TEXT BLOB', '');"},
    {"002.sql", "ALTER TABLE one ADD COLUMN more TEXT NOT NULL DEFAULT 'x';"},
    {"003.sql", "CREATE TABLE three (shard BIGINT NOT NULL); CREATE TABLE one (shard BIGINT NOT NULL);"}, /* fails */
};

static struct db *open_db(struct stores *s, enum store_mode mode)
{
    struct db *db = NULL;

    assert_ok(db_open(&s->settings, mode, &db, f));
    return db;
}

/* An empty database instead of the case's. */
static struct db *start_empty(struct stores *s)
{
    store_close(s->store);
    s->store = NULL;
    assert_int_equal(new_place(s), 0);
    return open_db(s, STORE_WRITE);
}

static bool has_table(struct db *db, const char *name)
{
    autodone struct db_rows rows = {0};
    const struct db_value values[] = {db_text(name)};
    bool found;

    assert_ok(db_query(db, db->driver->has_table, values, 1, &rows, f));
    assert_ok(db_next(&rows, &found, f));
    return db_get_i64(&rows, 0) == 1;
}

static void a_database_of_something_else_is_left_alone(void **state)
{
    struct stores *s = stores_of(state);
    struct db *db = start_empty(s);

    assert_ok(db_script(db, "CREATE TABLE diary (day TEXT NOT NULL)", f));
    if (s->driver == STORE_SQLITE)
        assert_fails(schema_upgrade(db, steps, 1, f), FAIL_SETTINGS);
    else /* a schema of a server may be shared */
        assert_ok(schema_upgrade(db, steps, 1, f));
    assert_int_equal(has_table(db, "schema_version"), s->driver != STORE_SQLITE);
    db_close(db);
}

static void an_older_database_is_brought_up(void **state)
{
    struct stores *s = stores_of(state);
    struct db *db = start_empty(s);
    struct db_rows rows = {0};
    bool found;

    assert_fails(schema_check(db, steps, 1, f), FAIL_NOT_FOUND);
    assert_ok(schema_upgrade(db, steps, 1, f));
    assert_fails(schema_check(db, steps, 2, f), FAIL_NOT_FOUND);
    assert_ok(schema_upgrade(db, steps, 2, f));
    assert_ok(schema_upgrade(db, steps, 2, f)); /* again: nothing to do */
    assert_ok(schema_check(db, steps, 2, f));
    assert_ok(db_query(db, "SELECT name, more FROM one", NULL, 0, &rows, f));
    assert_ok(db_next(&rows, &found, f));
    assert_true(found);
    assert_string_equal(db_get_text(&rows, 1), "x");
    db_done(&rows);
    db_close(db);
}

static void a_step_that_fails_leaves_the_database_as_it_was(void **state)
{
    struct stores *s = stores_of(state);
    struct db *db = start_empty(s);
    struct fail why;

    assert_ok(schema_upgrade(db, steps, 1, f));
    assert_int_equal(schema_upgrade(db, steps, 3, &why), -1);
    assert_non_null(strstr(why.text, "003.sql"));
    db_close(db);
    db = open_db(s, STORE_WRITE);
    assert_ok(schema_check(db, steps, 1, f));
    assert_true(has_table(db, "one"));
    assert_false(has_table(db, "three"));
    db_close(db);
}

static void a_newer_database_is_refused(void **state)
{
    struct stores *s = stores_of(state);
    struct db *db = start_empty(s);
    struct fail why;

    assert_ok(schema_upgrade(db, steps, 2, f));
    assert_int_equal(schema_upgrade(db, steps, 1, &why), -1);
    assert_int_equal(why.code, FAIL_NEWER);
    assert_non_null(strstr(why.text, "version 2"));
    assert_non_null(strstr(why.text, "up to 1"));
    assert_fails(schema_check(db, steps, 1, f), FAIL_NEWER);
    db_close(db);
}

static void a_step_that_was_changed_afterwards_is_corrupt(void **state)
{
    struct stores *s = stores_of(state);
    struct db *db = start_empty(s);
    const struct schema_step changed[] = {{"001.sql", "CREATE TABLE one (shard BIGINT NOT NULL);"}, steps[1]};

    assert_ok(schema_upgrade(db, steps, 1, f));
    assert_fails(schema_upgrade(db, changed, 2, f), FAIL_CORRUPT);
    assert_fails(schema_check(db, changed, 1, f), FAIL_CORRUPT);
    db_close(db);
}

static void every_table_key_and_unique_index_starts_with_the_shard(void **state)
{
    static const char *const without[] = {"clock_policy", "catalogue"}; /* small tables, the same everywhere */
    const char *at = schema_steps[0].sql;
    size_t keys = 0;
    (void)state;

    while ((at = strstr(at, "\nCREATE ")) != NULL) {
        const char *end = strstr(at, ";\n");
        bool exempt = false;
        for (size_t i = 0; i < countof(without); i++)
            exempt |= strncmp(at + strlen("\nCREATE TABLE "), without[i], strlen(without[i])) == 0;
        const char *key = strstr(at, "PRIMARY KEY (");
        if (!exempt && key && key < end) {
            assert_memory_equal(key, "PRIMARY KEY (shard", strlen("PRIMARY KEY (shard"));
            keys++;
        }
        if (strncmp(at, "\nCREATE UNIQUE INDEX", 20) == 0) {
            assert_memory_equal(strchr(at, '('), "(shard", 6);
            keys++;
        }
        at = end;
    }
    assert_true(keys >= 8);
    assert_null(strstr(schema_steps[0].sql, "CREATE TRIGGER"));
    assert_null(strstr(schema_steps[0].sql, "SERIAL"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_every_driver(a_database_of_something_else_is_left_alone),
        on_every_driver(an_older_database_is_brought_up),
        on_every_driver(a_step_that_fails_leaves_the_database_as_it_was),
        on_every_driver(a_newer_database_is_refused),
        on_every_driver(a_step_that_was_changed_afterwards_is_corrupt),
        cmocka_unit_test(every_table_key_and_unique_index_starts_with_the_shard),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
