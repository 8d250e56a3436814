/* catalogue_file: all of a file or nothing of it, and every wrong line told. On SQLite in a folder of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalogue_file.h"

static char folder[64], csv_path[96], db_path[96];
static const struct wall now = {1700000000000};

static int make_folder(void **state)
{
    struct store_settings settings = {.driver = STORE_SQLITE, .path = db_path, .conninfo = ""};
    struct store *store;
    struct fail f;

    strcpy(folder, "/tmp/faultline-catalogue-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(csv_path, sizeof csv_path, "%s/catalogue.csv", folder);
    snprintf(db_path, sizeof db_path, "%s/db", folder);
    if (store_open(&settings, STORE_WRITE, &store, &f) || store_take_lease(store, "test", now, 60000, &f))
        return -1;
    *state = store;
    return 0;
}

static int remove_folder(void **state)
{
    char command[96];

    store_close(*state);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static int load(struct store *store, const char *text, size_t *rows, struct fail *f)
{
    FILE *out = fopen(csv_path, "w");

    fputs(text, out);
    fclose(out);
    return catalogue_file_load(csv_path, store, now, rows, f);
}

static bool count_row(void *ctx, const struct catalogue_row *row)
{
    (void)row;
    ++*(size_t *)ctx;
    return true;
}

static size_t stored(struct store *store)
{
    size_t count = 0;
    struct fail f;

    assert_int_equal(store_each_catalogue(store, count_row, &count, &f), 0);
    return count;
}

static void the_shipped_catalogue_loads_twice_without_a_change(void **state)
{
    size_t rows, before;
    struct fail f;

    assert_int_equal(catalogue_file_load("configs/catalogue.csv", *state, now, &rows, &f), 0);
    before = stored(*state);
    assert_true(rows > 10 && before == rows);
    assert_int_equal(catalogue_file_load("configs/catalogue.csv", *state, now, &rows, &f), 0);
    assert_int_equal(stored(*state), before);
}

static bool check_row(void *ctx, const struct catalogue_row *row)
{
    (void)ctx;
    assert_string_equal(row->title_zh, "压缩机过热");
    assert_int_equal(row->class_, CLASS_UNSET);
    assert_true(row->mode == -1);
    return true;
}

static void columns_may_stand_in_any_order_and_be_left_out(void **state)
{
    size_t rows;
    struct fail f;

    assert_int_equal(
        load(*state, "title_zh,code,class,title_en,namespace\n压缩机过热,E4,none,Hot,app\n", &rows, &f), 0);
    assert_int_equal(rows, 1);
    assert_int_equal(store_each_catalogue(*state, check_row, NULL, &f), 0);
}

static void what_is_wrong_is_refused_by_name_and_line_and_nothing_is_stored(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"namespace,code,title_en,title_zh,colour\n", "line 1: unknown column \"colour\""},
        {"namespace,code,title_en\n", "line 1: column title_zh is missing"},
        {"namespace,code,title_en,title_zh,code\n", "line 1: column code stands twice"},
        {"", "line 1: column namespace is missing"},
        {"namespace,code,title_en,title_zh,mode\napp,E1,a,b,\napp,E2,a,b,-1\n", "line 3: mode must be a number"},
        {"namespace,code,title_en,title_zh,class\napp,E1,a,b,serious\n", "line 2: class must be one of"},
        {"namespace,code,title_en,title_zh\napp,E1,a,b\napp,,a,b\n", "line 3: code is empty"},
        {"namespace,code,title_en,title_zh\napp,E1,a,b,c\n", "line 2: 5 fields do not fit the header's 4"},
        {"namespace,code,title_en,title_zh\napp,E1,a\napp,E2,b\n", "2 lines are wrong, the first: line 2: "},
        {"namespace,code,title_en,title_zh\napp,E\"1,a,b\n", "line 2: a quote or byte out of place"},
        {"namespace,code,title_en,title_zh\napp,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx,a,b\n",
            "line 2: code has 43"},
    };
    size_t rows;
    struct fail f;

    for (size_t i = 0; i < countof(cases); i++) {
        assert_int_equal(load(*state, cases[i].text, &rows, &f), -1);
        if (!strstr(f.text, cases[i].expected))
            fail_msg("case %zu: \"%s\" lacks \"%s\"", i, f.text, cases[i].expected);
        assert_int_equal(stored(*state), 0);
    }
}

static void a_file_that_is_not_there_is_named(void **state)
{
    size_t rows;
    struct fail f;

    assert_int_equal(catalogue_file_load("/nonexistent/c.csv", *state, now, &rows, &f), -1);
    assert_int_equal(f.code, FAIL_NOT_FOUND);
    assert_non_null(strstr(f.text, "/nonexistent/c.csv"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_shipped_catalogue_loads_twice_without_a_change, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(columns_may_stand_in_any_order_and_be_left_out, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(
            what_is_wrong_is_refused_by_name_and_line_and_nothing_is_stored, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_there_is_named, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
