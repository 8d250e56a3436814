/* server_settings: the collector's file: defaults, what belongs together, and the example that ships. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server_settings.h"
#include "store.h"

static struct server_settings got;
static struct fail why;

static int read_text(const char *text)
{
    char path[64];
    int fd = memfd_create("settings", MFD_CLOEXEC);
    int rc;

    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    rc = server_settings_read(path, &got, &why);
    close(fd);
    return rc;
}

static void what_is_left_out_has_its_default(void **state)
{
    (void)state;
    assert_int_equal(read_text("broker {\n address = \"unix:/s\"\n}\n"), 0);
    assert_true(*got.server.name);
    assert_string_equal(got.broker.client_id, "faultline.collector");
    assert_int_equal(got.store.driver, STORE_SQLITE);
    assert_int_equal(got.store.lease_ms, 15000);
    assert_int_equal(got.registration.devices, 0);
    assert_int_equal(got.conditions.flap_window_ms, 3600000);
}

static void the_client_id_may_differ_from_the_user(void **state)
{
    (void)state;
    assert_int_equal(read_text("broker {\n address = \"unix:/s\"\n user = \"u\"\n client_id = \"c\"\n}\n"), 0);
    assert_string_equal(got.broker.user, "u");
    assert_string_equal(got.broker.client_id, "c");
}

static void wrong_files_are_refused(void **state)
{
    static const struct {
        const char *text, *because;
    } rows[] = {
        {"", "broker.address"},
        {"broker {\n}\n", "broker.address"},
        {"broker {\n address = \"unix:/s\"\n}\nstore {\n driver = postgresql\n}\n", "store.conninfo"},
        {"broker {\n address = \"h:1\"\n ca_file = \"/ca\"\n}\n", "belong together"},
        {"broker {\n address = \"h:1\"\n key_file = \"/k\"\n}\n", "belong together"},
        {"broker {\n address = \"unix:/s\"\n}\nregistration {\n devices = some\n}\n", "registration.devices"},
        {"broker {\n address = \"unix:/s\"\n}\nstore {\n lease = 1s\n}\n", "store.lease"},
        {"broker {\n address = \"unix:/s\"\n}\nstores {\n}\n", "stores"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(read_text(rows[i].text), -1);
        assert_int_equal(why.code, FAIL_SETTINGS);
        if (!strstr(why.text, rows[i].because))
            fail_msg("\"%s\" does not name %s", why.text, rows[i].because);
    }
}

static void the_example_is_in_order(void **state)
{
    (void)state;
    if (server_settings_read("configs/server.conf", &got, &why))
        fail_msg("%s", why.text);
    assert_string_equal(got.http.address, "127.0.0.1:8480");
}

static void the_effective_settings_hide_the_connection_string(void **state)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    (void)state;

    assert_int_equal(read_text("broker {\n address = \"unix:/s\"\n}\nstore {\n driver = postgresql\n"
                               " conninfo = \"password=hunter2\"\n}\n"),
        0);
    server_settings_print(out, &got);
    fclose(out);
    assert_null(strstr(text, "hunter2"));
    assert_non_null(strstr(text, "driver = postgresql"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(the_client_id_may_differ_from_the_user),
        cmocka_unit_test(wrong_files_are_refused),
        cmocka_unit_test(the_example_is_in_order),
        cmocka_unit_test(the_effective_settings_hide_the_connection_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
