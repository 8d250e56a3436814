/* settings: what the file may say, what it may not, and that a refusal names what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings.h"

#define DEVICE "device {\n product_line = home\n model = M1\n}\n"
#define TLS "ca_file = /pki/ca.pem\n cert_file = /pki/dev.pem\n key_file = /pki/dev.key\n"
#define BROKER "broker {\n address = \"localhost:8883\"\n " TLS "}\n"

static char path[] = "/tmp/faultline-settings-XXXXXX";
static struct settings s;

static int read_text(const char *text, struct fail *f)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    memset(&s, 0x5a, sizeof s);
    return settings_read(path, &s, f);
}

static void must_read(const char *text)
{
    struct fail f;

    if (read_text(text, &f))
        fail_msg("%s", f.text);
}

static void the_least_file_gets_the_defaults(void **state)
{
    (void)state;

    must_read(DEVICE BROKER);
    assert_string_equal(s.broker.at.host, "localhost");
    assert_int_equal(s.broker.at.port, 8883);
    assert_int_equal(s.link.keepalive_ms, 540000); /* below the broker's max_keepalive of 600 s */
    assert_int_equal(s.link.backoff_max_ms, 600000);
    assert_false(s.link.remote_clear);
    assert_int_equal(s.spool.max_bytes, 16 << 20);
    assert_int_equal(s.j1939_count, 0);
    assert_int_equal(settings_log_level(&s), LOG_LEVEL_INFO);
    assert_string_equal(s.health.path, "/var/lib/faultline-agent/health");
    must_read(DEVICE BROKER "spool { path = /data/x/spool }\n");
    assert_string_equal(s.health.path, "/data/x/health");
    must_read(DEVICE BROKER "health { path = /elsewhere }\n");
    assert_string_equal(s.health.path, "/elsewhere");
}

static void addresses_come_in_three_forms(void **state)
{
    static const struct {
        const char *address, *host;
        int port;
    } good[] = {{"broker.example:8883", "broker.example", 8883}, {"192.0.2.7:1", "192.0.2.7", 1},
        {"[2001:db8::1]:65535", "2001:db8::1", 65535}, {"unix:/run/broker.sock", "/run/broker.sock", 0}};
    static const char *const bad[] = {"broker", "broker:", ":8883", "broker:0", "broker:65536", "broker:8883x",
        "broker:-1", "2001:db8::1:8883", "[]:8883", "unix:relative", "unix:", "broker:99999999999999999999"};
    char text[512];
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(good); i++) {
        snprintf(text, sizeof text, DEVICE "broker {\n address = \"%s\"\n " TLS "}\n", good[i].address);
        must_read(text);
        assert_string_equal(s.broker.at.host, good[i].host);
        assert_int_equal(s.broker.at.port, good[i].port);
    }
    for (size_t i = 0; i < countof(bad); i++) {
        snprintf(text, sizeof text, DEVICE "broker {\n address = \"%s\"\n " TLS "}\n", bad[i]);
        if (read_text(text, &f) == 0)
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(f.code, FAIL_SETTINGS);
        assert_non_null(strstr(f.text, "broker.address"));
    }
}

static void a_refusal_names_file_line_and_key(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {DEVICE, "broker.address"},
        {BROKER, "device.product_line"},
        {DEVICE BROKER "spool {\n max_bytes = 1K\n}\n", ":12: spool.max_bytes"},
        {DEVICE BROKER "spool {\n max_bytes = 1M\n segment_bytes = 512K\n}\n", "spool.segment_bytes"},
        {DEVICE BROKER "link {\n keepalive = 1s\n}\n", ":12: link.keepalive"},
        {DEVICE BROKER "link {\n remote_clear = maybe\n}\n", ":12: link.remote_clear"},
        {DEVICE BROKER "log {\n level = loud\n}\n", ":12: log.level"},
        {DEVICE BROKER "colour {\n}\n", "colour"},
        {DEVICE BROKER "log {\n colour = red\n}\n", "colour"},
        {DEVICE BROKER "log {\n", ":11: "},
        {DEVICE BROKER "monitor {\n max_faults = 100\n max_per_reporter = 101\n}\n", "monitor.max_per_reporter"},
        {"device {\n id = \"a b\"\n product_line = home\n model = M\n}\n" BROKER, "device.id"},
        {DEVICE "broker {\n address = \"a:1\"\n ca_file = /x\n}\n", "cert_file"},
        {DEVICE "broker {\n address = \"a:1\"\n key_file = /x\n}\n", "ca_file"},
        {DEVICE "broker {\n address = \"localhost:1883\"\n}\n", "device.id"},
        {DEVICE BROKER "part pump {\n}\n", "part_no"},
        {DEVICE BROKER "part pump {\n part_no = \"a\tb\"\n}\n", "part"},
    };
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        struct fail f = {0};

        if (read_text(cases[i].text, &f) == 0)
            fail_msg("case %zu was taken", i);
        assert_int_equal(f.code, FAIL_SETTINGS);
        if (!strstr(f.text, cases[i].says) || !strstr(f.text, path))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, f.text, cases[i].says);
        assert_int_equal(((unsigned char *)&s)[0], 0x5a); /* untouched */
    }
}

static void a_device_too_large_for_one_record_is_refused(void **state)
{
    char text[32 * 1024];
    size_t n = (size_t)snprintf(text, sizeof text, DEVICE BROKER);
    struct fail f;
    (void)state;

    for (unsigned i = 0; i < BOUND_PARTS; i++)
        n += (size_t)snprintf(text + n, sizeof text - n,
            "part p%u {\n part_no = \"%064u\"\n serial = \"%064u\"\n lot = \"%064u\"\n}\n", i, i, i, i);
    assert_int_equal(read_text(text, &f), -1);
    assert_non_null(strstr(f.text, "device, part and firmware"));
}

static void parts_firmware_and_sources_are_read(void **state)
{
    struct part parts[BOUND_PARTS];
    struct firmware firmware[BOUND_FIRMWARE];
    (void)state;

    must_read(DEVICE BROKER "part pump {\n part_no = P1\n lot = L7\n}\npart fan {\n part_no = F1\n}\n"
                            "firmware hub {\n version = \"1.2\"\n}\n"
                            "policy \"hvac:\" {\n debounce = none\n}\nlog {\n level = debug\n}\n");
    struct inventory i = settings_inventory(&s, parts, firmware);
    assert_int_equal(i.part_count, 2);
    assert_string_equal(i.parts[0].position, "pump");
    assert_string_equal(i.parts[0].lot, "L7");
    assert_string_equal(i.parts[0].source, "settings");
    assert_string_equal(i.firmware[0].component, "hub");
    assert_int_equal(settings_monitor(&s).policy_count, 1);
    assert_string_equal(settings_monitor(&s).policies[0].ns, "hvac:");
    assert_int_equal(settings_log_level(&s), LOG_LEVEL_DEBUG);
}

static void what_is_printed_reads_back_the_same(void **state)
{
    char hash[SETTINGS_HASH_BYTES], again[SETTINGS_HASH_BYTES], other[SETTINGS_HASH_BYTES];
    char *text = NULL;
    size_t n;
    (void)state;

    must_read(DEVICE BROKER "part pump {\n part_no = P1\n}\nlink {\n keepalive = 90s\n}\n");
    settings_hash(&s, hash);
    FILE *out = open_memstream(&text, &n);
    settings_print(out, &s);
    fclose(out);
    must_read(text);
    free(text);
    settings_hash(&s, again);
    assert_string_equal(hash, again);
    assert_int_equal(strlen(hash), 64);
    must_read(DEVICE BROKER "part pump {\n part_no = P2\n}\nlink {\n keepalive = 90s\n}\n");
    settings_hash(&s, other);
    assert_string_not_equal(hash, other);
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);

    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_file_gets_the_defaults),
        cmocka_unit_test(addresses_come_in_three_forms),
        cmocka_unit_test(a_refusal_names_file_line_and_key),
        cmocka_unit_test(a_device_too_large_for_one_record_is_refused),
        cmocka_unit_test(parts_firmware_and_sources_are_read),
        cmocka_unit_test(what_is_printed_reads_back_the_same),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
