/* db_sqlite: the settings that durability rests on are in force, and a disk that is full, fails or cannot be written
 * is told by its code and never leaves half a transaction. */
#include <fcntl.h>
#include <sys/stat.h>

#include "faulty_vfs.h"
#include "store_inside.h"
#include "stores.h"

enum { ROWS = 40 };

static int start(void **state)
{
    install_faulty_vfs();
    return start_stores(state);
}

static int heal(void **state)
{
    faulty.write_fails_at = faulty.sync_fails_at = 0;
    faulty.read_only = false;
    return close_case(state);
}

static int put_rows(struct store *s, int first, int count, struct fail *f)
{
    struct device_row d = {.shard = 1};

    for (int i = first; i < first + count; i++) {
        snprintf(d.device, sizeof d.device, "d%d", i);
        memset(d.serial, 'x', sizeof d.serial - 1);
        if (store_put_device(s, &d, f) < 0)
            return -1;
    }
    return 0;
}

static int put_batch(struct store *s, int first, int count, struct fail *f)
{
    if (store_begin(s, f) < 0)
        return -1;
    if (put_rows(s, first, count, f) == 0)
        return store_commit(s, now, f);
    store_rollback(s);
    return -1;
}

static int64_t count_of(struct store *s)
{
    struct store_counts counts;

    assert_ok(store_count(s, &counts, f));
    return counts.devices;
}

static int64_t size_of(const struct stores *s, const char *ending)
{
    char path[400];
    struct stat st;

    snprintf(path, sizeof path, "%s%s", s->settings.path, ending);
    return stat(path, &st) == 0 ? st.st_size : -1;
}

/* ---------------------------------------------------------------- settings */

static void check_settings(struct store *s, const char *const settings[][2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char sql[64];
        struct db_rows rows = {0};
        bool found;
        snprintf(sql, sizeof sql, "PRAGMA %s", settings[i][0]);
        assert_ok(db_query(s->db, db_intern(s->db, sql), NULL, 0, &rows, f));
        assert_ok(db_next(&rows, &found, f));
        if (!found || strcmp(db_get_text(&rows, 0), settings[i][1]) != 0)
            fail_msg("%s is %s", sql, found ? db_get_text(&rows, 0) : "not told");
        db_done(&rows);
    }
}

static void the_settings_of_durability_are_in_force(void **state)
{
    static const char *const writer[][2] = {{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"},
        {"trusted_schema", "0"}, {"mmap_size", "0"}, {"busy_timeout", "5000"}, {"wal_autocheckpoint", "0"},
        {"journal_size_limit", "67108864"}, {"cell_size_check", "1"}, {"secure_delete", "2"}};
    static const char *const reader[][2] = {{"query_only", "1"}, {"trusted_schema", "0"}, {"mmap_size", "0"}};
    struct stores *s = stores_of(state);
    struct store *other = open_again(s, STORE_READ);

    check_settings(s->store, writer, countof(writer));
    check_settings(other, reader, countof(reader));
    store_close(other);
}

static void others_cannot_read_the_file(void **state)
{
    struct stores *s = stores_of(state);
    struct stat st;

    assert_ok(put_batch(s->store, 0, 1, f));
    assert_int_equal(stat(s->settings.path, &st), 0);
    assert_int_equal(st.st_mode & 07, 0);
}

static void every_commit_is_synced(void **state)
{
    struct stores *s = stores_of(state);

    assert_ok(put_batch(s->store, 0, 1, f));
    int before = faulty.syncs;
    for (int i = 1; i <= 20; i++)
        assert_ok(put_batch(s->store, i, 1, f));
    assert_true(faulty.syncs - before >= 20);
}

/* ---------------------------------------------------------------- checkpoints */

static void the_log_is_kept_short_and_emptied_when_idle(void **state)
{
    struct stores *s = stores_of(state);
    int64_t most = 0;

    for (int i = 0; i < 100; i++) { /* about 100 pages each */
        assert_ok(put_batch(s->store, i * 3000, 3000, f));
        if (size_of(s, "-wal") > most)
            most = size_of(s, "-wal");
    }
    assert_in_range(most, 8000 * 4096, 8500 * 4096);
    assert_ok(store_idle(s->store, f));
    assert_int_equal(size_of(s, "-wal"), 0);
    assert_ok(put_batch(s->store, 400000, 1, f)); /* and on it goes */
    assert_int_equal(count_of(s->store), 100 * 3000 + 1);
}

static void a_reader_in_the_way_of_a_checkpoint_is_no_failure(void **state)
{
    struct stores *s = stores_of(state);
    struct store *reader = open_again(s, STORE_READ);

    assert_ok(store_begin(reader, f));
    assert_int_equal(count_of(reader), 0);
    for (int i = 0; i < 40; i++)
        assert_ok(put_batch(s->store, i * 300, 300, f));
    assert_ok(store_idle(s->store, f));
    assert_int_equal(count_of(reader), 0);
    assert_ok(store_commit(reader, now, f));
    assert_int_equal(count_of(reader), 40 * 300);
    store_close(reader);
    assert_true(size_of(s, "-wal") > 0); /* the reader made no checkpoint when it closed */
    assert_ok(store_idle(s->store, f));
    assert_int_equal(size_of(s, "-wal"), 0);
}

/* ---------------------------------------------------------------- failing disks */

/* Fails the N-th write or sync of a batch and all after it, for every N, then looks at what is there. Returns how many
 * N there were. */
static int fail_every(struct stores *s, int *count, int *fails_at, enum fail_code code)
{
    for (int n = 1;; n++) {
        struct fail why, again;
        int64_t before = count_of(s->store);
        int since = *count;
        *fails_at = since + n;
        int rc = put_batch(s->store, n * ROWS, ROWS, &why);
        bool reached = *count >= *fails_at;
        if (rc < 0) {
            assert_true(reached);
            assert_int_equal(why.code, code);
            assert_int_equal(store_begin(s->store, &again), -1); /* the handle stays refused, also when it would work */
            *fails_at = 0;
            assert_int_equal(store_begin(s->store, &again), -1);
            assert_int_equal(again.code, code);
        }
        *fails_at = 0;
        store_close(s->store);
        s->store = open_again(s, STORE_WRITE);
        int64_t after = count_of(s->store);
        assert_true(after == before + ROWS || (rc < 0 && after == before));
        if (!reached)
            return n - 1;
    }
}

static void a_full_disk_at_any_write_leaves_no_half_transaction(void **state)
{
    struct stores *s = stores_of(state);

    assert_true(fail_every(s, &faulty.writes, &faulty.write_fails_at, FAIL_FULL) >= 3);
}

static void a_failed_sync_at_any_point_is_never_passed_over(void **state)
{
    struct stores *s = stores_of(state);

    assert_true(fail_every(s, &faulty.syncs, &faulty.sync_fails_at, FAIL_IO) >= 1);
}

static void a_full_disk_while_the_schema_is_made_can_be_made_good(void **state)
{
    struct stores *s = stores_of(state);
    struct store *store = NULL;
    int n = 0, opened = -1;

    store_close(s->store);
    s->store = NULL;
    while (opened < 0) {
        struct fail why;
        assert_int_equal(new_place(s), 0);
        faulty.write_fails_at = faulty.writes + ++n;
        opened = store_open(&s->settings, STORE_WRITE, &store, &why);
        if (opened < 0)
            assert_int_equal(why.code, FAIL_FULL);
        else
            store_close(store); /* its checkpoint may have failed; nothing is lost by that */
        faulty.write_fails_at = 0;
        store = open_again(s, STORE_WRITE);
        assert_int_equal(count_of(store), 0);
        store_close(store);
    }
    assert_true(n > 3);
}

static void a_disk_that_cannot_be_written_is_told_when_opening(void **state)
{
    struct stores *s = stores_of(state);
    struct store *store = NULL;
    struct fail why;

    assert_ok(put_batch(s->store, 0, 1, f));
    store_close(s->store);
    s->store = NULL;
    faulty.read_only = true;
    assert_int_equal(store_open(&s->settings, STORE_WRITE, &store, &why), -1);
    assert_int_equal(why.code, FAIL_IO);
    assert_int_equal(why.sys, EROFS);
}

/* ---------------------------------------------------------------- damaged files */

static void scribble(const struct stores *s, int64_t at, size_t bytes)
{
    uint8_t noise[8192];
    autoclose int file = open(s->settings.path, O_WRONLY | O_CLOEXEC);

    memset(noise, 0x5a, sizeof noise);
    assert_int_equal(pwrite(file, noise, bytes, at), bytes);
}

static void a_file_that_is_no_database_is_corrupt(void **state)
{
    struct stores *s = stores_of(state);
    struct store *store = NULL;

    store_close(s->store);
    s->store = NULL;
    scribble(s, 0, 100);
    assert_fails(store_open(&s->settings, STORE_WRITE, &store, f), FAIL_CORRUPT);
    assert_fails(store_open(&s->settings, STORE_READ, &store, f), FAIL_CORRUPT);
}

static void damage_inside_the_file_is_found_when_opening(void **state)
{
    struct stores *s = stores_of(state);
    struct store *store = NULL;

    assert_ok(put_batch(s->store, 0, 2000, f));
    store_close(s->store);
    s->store = NULL;
    scribble(s, size_of(s, "") / 2 / 4096 * 4096, 8192);
    assert_fails(store_open(&s->settings, STORE_WRITE, &store, f), FAIL_CORRUPT);
}

/* Pages that belong to nothing, which only a check of the whole file can find. */
static void add_stray_pages(const struct stores *s, int64_t bytes)
{
    autoclose int file = open(s->settings.path, O_WRONLY | O_CLOEXEC);
    const uint32_t pages = (uint32_t)(bytes / 4096);
    const uint8_t header[] = {
        (uint8_t)(pages >> 24), (uint8_t)(pages >> 16), (uint8_t)(pages >> 8), (uint8_t)pages}; /* "in-header size" */

    assert_int_equal(ftruncate(file, bytes), 0);
    assert_int_equal(pwrite(file, header, sizeof header, 28), sizeof header);
}

static void a_large_file_is_not_read_as_a_whole_when_opening(void **state)
{
    struct stores *s = stores_of(state);
    struct store *store = NULL;

    assert_ok(put_batch(s->store, 0, 10, f));
    store_close(s->store);
    s->store = NULL;
    add_stray_pages(s, DB_CHECKED_BYTES);
    assert_fails(store_open(&s->settings, STORE_WRITE, &store, f), FAIL_CORRUPT);
    add_stray_pages(s, DB_CHECKED_BYTES + 4096);
    assert_ok(store_open(&s->settings, STORE_WRITE, &store, f));
    assert_ok(put_batch(store, 10, 10, f));
    store_close(store);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    struct stores *s = stores_of(state);
    const struct store_settings settings = {.driver = STORE_SQLITE, .path = "/nonexistent/x.db"};
    struct store *store = NULL;
    struct fail why;
    (void)s;

    assert_int_equal(store_open(&settings, STORE_WRITE, &store, &why), -1);
    assert_int_equal(why.code, FAIL_IO);
    assert_non_null(strstr(why.text, "/nonexistent/x.db"));
    assert_int_equal(store_open(&settings, STORE_READ, &store, &why), -1);
    assert_int_equal(why.code, FAIL_NOT_FOUND);
}

#define on_sqlite(test)                                                                                                \
    {                                                                                                                  \
#test, test, open_sqlite, heal, NULL                                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_sqlite(the_settings_of_durability_are_in_force),
        on_sqlite(others_cannot_read_the_file),
        on_sqlite(every_commit_is_synced),
        on_sqlite(the_log_is_kept_short_and_emptied_when_idle),
        on_sqlite(a_reader_in_the_way_of_a_checkpoint_is_no_failure),
        on_sqlite(a_full_disk_at_any_write_leaves_no_half_transaction),
        on_sqlite(a_failed_sync_at_any_point_is_never_passed_over),
        on_sqlite(a_full_disk_while_the_schema_is_made_can_be_made_good),
        on_sqlite(a_disk_that_cannot_be_written_is_told_when_opening),
        on_sqlite(a_file_that_is_no_database_is_corrupt),
        on_sqlite(damage_inside_the_file_is_found_when_opening),
        on_sqlite(a_large_file_is_not_read_as_a_whole_when_opening),
        on_sqlite(a_folder_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, start, stop_stores);
}
