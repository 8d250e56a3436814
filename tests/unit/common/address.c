/* address: three forms are read, nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "address.h"

static void addresses_are_read_strictly(void **state)
{
    static const struct {
        const char *text, *host;
        int port;
    } good[] = {{"unix:/run/x.sock", "/run/x.sock", 0}, {"localhost:1883", "localhost", 1883},
        {"[::1]:8883", "::1", 8883}, {"10.0.0.1:65535", "10.0.0.1", 65535}};
    static const char *const wrong[] = {"", "unix:", "unix:run", "localhost", "localhost:", ":1883", "localhost:0",
        "localhost:65536", "localhost:18x", "::1:8883", "[::1]", "[::1]8883", "[]:1", "localhost:-1", "localhost: 1"};
    struct address a;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(address_parse(good[i].text, &a, &f), 0);
        assert_string_equal(a.host, good[i].host);
        assert_int_equal(a.port, good[i].port);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(address_parse(wrong[i], &a, &f), -1);
        assert_int_equal(f.code, FAIL_SETTINGS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(addresses_are_read_strictly)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
