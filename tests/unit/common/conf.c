/* conf: what a settings file says arrives in the structs; what is wrong is refused with file, line and what is allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/settings.h"

static struct settings got;
static struct fail fail;

/* Reads text as a file; the error text begins with the file's name, which is cut off. */
static int read_text(const char *text, size_t n)
{
    char path[64];
    struct fail f = {0};
    int fd = memfd_create("settings", MFD_CLOEXEC);

    assert_true(fd >= 0 && write(fd, text, n) == (ssize_t)n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int rc = settings_read(path, &got, &f);
    close(fd);
    fail = f;
    if (rc < 0) {
        assert_int_equal(memcmp(f.text, path, strlen(path)), 0);
        snprintf(fail.text, sizeof fail.text, "%s", f.text + strlen(path));
    }
    return rc;
}

static void assert_reads(const char *text)
{
    if (read_text(text, strlen(text)) < 0)
        fail_msg("refused: %s", fail.text);
}

static void assert_refused(const char *text, const char *because)
{
    if (read_text(text, strlen(text)) == 0)
        fail_msg("accepted: %s", text);
    assert_int_equal(fail.code, FAIL_SETTINGS);
    assert_string_equal(fail.text, because);
}

#define SPOOL "spool {\n path = \"/s\"\n}\n"

static void all_types_arrive(void **state)
{
    (void)state;
    assert_reads("# a comment\n"
                 "spool {\n"
                 "    path = \"/var/lib/spool \\\"x\\\" \\$HOME\" # behind a value\n"
                 "    max_bytes = 16M\n"
                 "    retention = 90s\n"
                 "    sync = no\n"
                 "}\n"
                 "broker {\n"
                 "    host = broker.example.org\n    port = 1883\n    password = '${HOME} is kept'\n"
                 "}\n"
                 "source engine { kind = socket }\r\n"
                 "source \"2nd\" {\n"
                 "    level = -3\n"
                 "}\n");
    assert_string_equal(got.spool.path, "/var/lib/spool \"x\" $HOME");
    assert_int_equal(got.spool.max_bytes, 16 << 20);
    assert_int_equal(got.spool.retention_ms, 90000);
    assert_false(got.spool.sync);
    assert_int_equal(got.broker_count, 1);
    assert_string_equal(got.broker.host, "broker.example.org");
    assert_string_equal(got.broker.password, "${HOME} is kept");
    assert_int_equal(got.source_count, 2);
    assert_string_equal(got.sources[0].name, "engine");
    assert_int_equal(got.sources[0].kind, SOURCE_SOCKET);
    assert_string_equal(got.sources[1].name, "2nd");
    assert_int_equal(got.sources[1].kind, SOURCE_J1939);
    assert_int_equal(got.sources[1].level, -3);
}

static void what_is_absent_takes_its_fallback(void **state)
{
    (void)state;
    assert_reads(SPOOL);
    assert_int_equal(got.spool.max_bytes, 64 << 20);
    assert_int_equal(got.spool.retention_ms, 2 * 86400000);
    assert_true(got.spool.sync);
    assert_int_equal(got.broker_count, 0);
    assert_int_equal(got.source_count, 0);
}

static void units_multiply(void **state)
{
    static const struct {
        const char *duration;
        int64_t ms;
    } durations[] = {{"0", 0}, {"1ms", 1}, {"2s", 2000}, {"3m", 180000}, {"4h", 14400000}, {"5d", 432000000}};
    static const struct {
        const char *size;
        int64_t bytes;
    } sizes[] = {{"1048576", 1 << 20}, {"1024K", 1 << 20}, {"3M", 3 << 20}, {"2G", INT64_C(2) << 30}};
    char text[128];
    (void)state;

    for (size_t i = 0; i < countof(durations); i++) {
        snprintf(text, sizeof text, "spool {\n path = /s\n retention = %s\n}\n", durations[i].duration);
        assert_reads(text);
        assert_int_equal(got.spool.retention_ms, durations[i].ms);
    }
    for (size_t i = 0; i < countof(sizes); i++) {
        snprintf(text, sizeof text, "spool {\n path = /s\n max_bytes = %s\n}\n", sizes[i].size);
        assert_reads(text);
        assert_int_equal(got.spool.max_bytes, sizes[i].bytes);
    }
}

static void mistakes_are_named_with_their_line(void **state)
{
    static const struct {
        const char *text, *because;
    } mistakes[] = {
        /* values */
        {"spool {\n\n path = /s\n max_bytes = 5\n}\n", ":4: spool.max_bytes: 5 is below 1M (allowed: 1M to 64G)"},
        {"spool {\n path = /s\n max_bytes = 65G\n}\n", ":3: spool.max_bytes: 65G is above 64G (allowed: 1M to 64G)"},
        {"spool {\n path = /s\n max_bytes = 5X\n}\n",
            ":3: spool.max_bytes: \"5X\" is not a size: digits, and K, M or G if not bytes"},
        {"spool {\n path = /s\n max_bytes = 99999999999G\n}\n",
            ":3: spool.max_bytes: \"99999999999G\" is not a size: digits, and K, M or G if not bytes"},
        {"spool {\n path = /s\n retention = 5\n}\n",
            ":3: spool.retention: \"5\" is not a duration: digits and ms, s, m, h or d"},
        {"spool {\n path = /s\n retention = 31d\n}\n", ":3: spool.retention: 31d is above 30d (allowed: 0ms to 30d)"},
        {"source a {\n level = 1.5\n}\n" SPOOL, ":2: source a.level: \"1.5\" is not a number"},
        {"source a {\n level = 9223372036854775808\n}\n" SPOOL,
            ":2: source a.level: \"9223372036854775808\" is not a number"},
        {"source a {\n level = 11\n}\n" SPOOL, ":2: source a.level: 11 is above 10 (allowed: -10 to 10)"},
        {"source a {\n kind = j1938\n}\n" SPOOL,
            ":2: source a.kind: unknown word \"j1938\", did you mean j1939? (allowed: j1939, socket, health)"},
        {"source a {\n kind = \"\"\n}\n" SPOOL,
            ":2: source a.kind: unknown word \"\" (allowed: j1939, socket, health)"},
        {"spool {\n path = /s\n sync = true\n}\n", ":3: spool.sync: unknown word \"true\" (allowed: no, yes)"},
        {"spool {\n path = \"\"\n}\n", ":2: spool.path: must not be empty"},
        {"spool {\n path = /0123456789012345678901234567890\n}\n", ":2: spool.path: 32 bytes, at most 31 allowed"},
        /* keys and sections */
        {"", ": spool.path: missing"},
        {"spool {\n}\n", ":2: spool.path: missing (the section ends here)"},
        {"spool {\n pth = /s\n}\n", ":2: spool.pth: unknown key, did you mean path?"},
        {"spool {\n\n nonsense = /s\n}\n",
            ":3: spool.nonsense: unknown key (allowed: path, max_bytes, retention, sync)"},
        {"# x\n\n  # { y\nspol { # z\n}\n", ":4: spol: unknown section, did you mean spool?"},
        {"path = /s\n", ":1: path: unknown section (allowed: spool, broker, source)"},
        {"include(\"/etc/passwd\")\n",
            ":1: unexpected '('; a value with other than letters, digits and _-./:@% needs quotes"},
        {"include = \"/etc/passwd\"\n", ":1: include: unknown section (allowed: spool, broker, source)"},
        {"spool|path = /s\n", ":1: unexpected '|'; a value with other than letters, digits and _-./:@% needs quotes"},
        {"spool {\n path = /s\n path = /t\n}\n", ":3: spool.path: given twice"},
        {SPOOL SPOOL, ":6: spool: given twice (the second ends here)"},
        {SPOOL "source a {\n}\nsource a {\n}\n", ":6: found duplicate title 'a'"},
        {SPOOL "source {\n}\n", ":4: missing title for section 'source'"},
        {SPOOL "source \"\" {\n}\n", ":5: source: a name of 0 bytes (allowed: 1 to 15)"},
        {SPOOL "source 0123456789012345 {\n}\n", ":5: source: a name of 16 bytes (allowed: 1 to 15)"},
        {SPOOL "source a {}\nsource b {}\nsource c {}\nsource d {}\n", ":7: source: more than 3 sections"},
        {"spool x {\n}\n", ":1: missing opening brace for section 'spool'"},
        {SPOOL "broker {\n}\n", ":5: broker.host: missing (the section ends here)"},
        /* form */
        {"spool {\n path = /s\n", ":1: the section opened here is never closed: a '}' is missing"},
        {"spool {\n path = /s\nbroker {\n}\n", ":3: a section inside the section opened in line 1: a '}' is missing"},
        {SPOOL "}\n", ":4: '}' without a '{'"},
        {"spool {\n path = \"/s\n}\n", ":2: quotes are not closed on this line"},
        {"spool {\n path = '/s\n}\n", ":2: quotes are not closed on this line"},
        {"spool {\n path = \"/s", ":2: quotes are not closed on this line"},
        {"spool {\n path = \"/s\\n\"\n}\n", ":2: unknown escape in quotes (allowed: \\\" \\\\ \\$)"},
        {"spool {\n path = '/s\\n'\n}\n", ":2: unknown escape in quotes (allowed: \\' \\\\)"},
        {"spool {\n path = \"${HOME}\"\n}\n", ":2: ${...} is not replaced; write \\$ for a dollar sign"},
        {"spool {\n path = ${HOME}\n}\n",
            ":2: unexpected '$'; a value with other than letters, digits and _-./:@% needs quotes"},
        {"spool {\n path = file://s\n}\n", ":2: put a value that contains // in quotes (comments begin with #)"},
        {"spool {\n path = /s#x\n}\n", ":2: put a value that contains # in quotes, or a space before the comment"},
        {"spool {\n path += /s\n}\n",
            ":2: unexpected '+'; a value with other than letters, digits and _-./:@% needs quotes"},
        {"spool {\n path = /s /* x */\n}\n",
            ":2: unexpected '*'; a value with other than letters, digits and _-./:@% needs quotes"},
        {"spool {\n path = /s\n retention = 20 parsecs\n}\n",
            ":3: \"20 parsecs\": a number and its unit stand together (allowed: ms, s, m, h, d for a duration; K, M, G "
            "for "
            "a size)"},
        {"spool {\n path = /s /t\n}\n", ":2: \"/s /t\": a value of several words needs quotes"},
        {"spool {\n path /s\n}\n", ":2: missing equal sign after option 'path'"},
        {"spool {\n path =\n}\n", ":3: unexpected token '}'"},
        {"spool {\n path = {\n}\n", ":2: a section inside the section opened in line 1: a '}' is missing"},
        {"spool {\n path = \xff\n}\n", ":2: byte 0xff is not clean UTF-8"},
        {"spool {\n path = \"\x1b[2J\"\n}\n", ":2: byte 0x1b is not clean UTF-8"},
    };
    (void)state;

    for (size_t i = 0; i < countof(mistakes); i++)
        assert_refused(mistakes[i].text, mistakes[i].because);
}

static void a_nul_byte_is_refused(void **state)
{
    static const char text[] = SPOOL "#\0\nspool {\n}\n";
    (void)state;

    assert_int_equal(read_text(text, sizeof text - 1), -1);
    assert_string_equal(fail.text, ":4: byte 0x00 is not clean UTF-8");
}

static void a_missing_or_huge_file_is_refused(void **state)
{
    size_t n = 1024 * 1024 + 1;
    char *text = malloc(n);
    struct fail f;
    (void)state;

    assert_int_equal(settings_read("/nonexistent/agent.conf", &got, &f), -1);
    assert_int_equal(f.code, FAIL_SETTINGS);
    assert_int_equal(f.sys, ENOENT);
    assert_string_equal(f.text, "/nonexistent/agent.conf: No such file or directory");
    memset(text, '\n', n);
    assert_int_equal(read_text(text, n), -1);
    assert_string_equal(fail.text, ": more than 1048576 bytes");
    assert_int_equal(read_text(text, n - 1), -1);
    assert_string_equal(fail.text, ": spool.path: missing");
    free(text);
}

/* A file left open in a string must not leave libconfuse's lexer inside it for the next file. */
static void a_refused_file_leaves_nothing_behind(void **state)
{
    (void)state;
    assert_refused("spool {\n path = \"/s\n", ":2: quotes are not closed on this line");
    assert_reads(SPOOL);
    assert_refused(
        "spool {\n wrong = 1\n}\n", ":2: spool.wrong: unknown key (allowed: path, max_bytes, retention, sync)");
    assert_reads(SPOOL);
}

static void what_is_printed_reads_back_the_same(void **state)
{
    char *printed = NULL, *again = NULL;
    size_t n;
    (void)state;

    assert_reads("spool {\n path = 'a \"quoted\" \\\\ \xe7\xa9\xba ${X}'\n retention = 0\n max_bytes = 1048577\n}\n"
                 "broker {\n host = h\n}\n"
                 "source \"a b\" {\n kind = health\n level = -10\n}\nsource c {\n}\n");
    for (char **out = &printed; out; out = out == &printed ? &again : NULL) {
        FILE *file = open_memstream(out, &n);

        settings_print(file, &got);
        fclose(file);
        assert_reads(*out);
    }
    assert_string_equal(printed, again);
    assert_string_equal(got.spool.path, "a \"quoted\" \\ \xe7\xa9\xba ${X}");
    assert_int_equal(got.spool.max_bytes, 1048577);
    assert_string_equal(got.sources[0].name, "a b");
    assert_int_equal(got.sources[0].level, -10);
    free(printed);
    free(again);
}

static void secrets_are_masked_in_print(void **state)
{
    char *printed = NULL;
    size_t n;
    (void)state;

    assert_reads(SPOOL "broker {\n host = h\n password = hunter2\n}\n");
    FILE *file = open_memstream(&printed, &n);
    settings_print(file, &got);
    fclose(file);
    assert_null(strstr(printed, "hunter2"));
    assert_non_null(strstr(printed, "    password = \"***\"\n"));
    free(printed);
    assert_refused(SPOOL "broker {\n host = h\n password = hunter2hunter2hunter2\n}\n",
        ":6: broker.password: 21 bytes, at most 19 allowed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_types_arrive),
        cmocka_unit_test(what_is_absent_takes_its_fallback),
        cmocka_unit_test(units_multiply),
        cmocka_unit_test(mistakes_are_named_with_their_line),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(a_missing_or_huge_file_is_refused),
        cmocka_unit_test(a_refused_file_leaves_nothing_behind),
        cmocka_unit_test(what_is_printed_reads_back_the_same),
        cmocka_unit_test(secrets_are_masked_in_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
