/* tokens: what a tokens file may hold, who gets in, and what a new token is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tokens.h"

#define HASH_A "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" /* SHA-256 of "a" */
#define HASH_B "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"

static char path[64];

static void write_tokens(const char *text, mode_t mode)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    assert_int_equal(chmod(path, mode), 0);
}

static int make_path(void **state)
{
    (void)state;
    strcpy(path, "/tmp/faultline-tokens-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static struct tokens *opened(void)
{
    struct tokens *t = NULL;
    struct fail f;

    if (tokens_open(path, &t, &f) != 0)
        fail_msg("%s", f.text);
    return t;
}

static void a_token_opens_by_its_hash_and_nothing_else_does(void **state)
{
    static const char *const wrong[] = {
        "", "Bearer", "Bearer ", "Bearer c", "Bearer  a", "Bearer a ", "Bearer aa", "a", "Basic a", ("Bearer " HASH_A)};
    const char *name = NULL;
    struct tokens *t;
    (void)state;

    write_tokens("# people\n\n  \ngrafana reader " HASH_A "\nroot\tadmin  " HASH_B " \n", 0640);
    t = opened();
    assert_int_equal(tokens_check(t, "Bearer a", &name), ROLE_READER);
    assert_string_equal(name, "grafana");
    assert_int_equal(tokens_check(t, "bearer b", &name), ROLE_ADMIN);
    assert_string_equal(name, "root");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(tokens_check(t, wrong[i], &name), ROLE_NONE);
    tokens_close(t);
}

static void broken_files_are_refused_by_line(void **state)
{
    static const struct {
        const char *text, *says;
    } broken[] = {
        {"a reader", ":1: expected \"NAME ROLE SHA-256\""},
        {"# x\na reader " HASH_A " more", ":2: expected"},
        {"a/b reader " HASH_A, ":1: a name is"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa reader " HASH_A, ":1: a name is"},
        {"a king " HASH_A, ":1: unknown role"},
        {"a none " HASH_A, ":1: unknown role"},
        {"a reader abc", ":1: the hash is not 64 hex digits"},
        {"a reader " HASH_A "00", ":1: the hash is not 64 hex digits"},
        {"a reader g"
         "978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bbc",
            ":1: the hash is not 64 hex digits"},
        {"a reader " HASH_A "\na admin " HASH_B, ":2: the name a stands twice"},
    };
    struct tokens *t;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        write_tokens(broken[i].text, 0600);
        assert_int_equal(tokens_open(path, &t, &f), -1);
        assert_int_equal(f.code, FAIL_SETTINGS);
        if (!strstr(f.text, broken[i].says))
            fail_msg("\"%s\": %s", broken[i].text, f.text);
    }
}

static void files_that_everybody_may_read_or_write_are_refused(void **state)
{
    static const mode_t open_modes[] = {0604, 0602, 0644, 0666};
    struct tokens *t;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < 4; i++) {
        write_tokens("a reader " HASH_A "\n", open_modes[i]);
        assert_int_equal(tokens_open(path, &t, &f), -1);
        assert_int_equal(f.code, FAIL_SETTINGS);
    }
    assert_int_equal(tokens_open("/nonexistent/tokens", &t, &f), -1);
    assert_int_equal(f.code, FAIL_IO);
}

static void a_change_is_seen_and_a_broken_one_leaves_the_old_set(void **state)
{
    const char *name;
    struct tokens *t;
    (void)state;

    write_tokens("a reader " HASH_A "\n", 0600);
    t = opened();
    assert_false(tokens_refresh(t));
    write_tokens("b reader " HASH_B "\n", 0640); /* the mode changes with it: times may be equal */
    assert_true(tokens_refresh(t));
    assert_int_equal(tokens_check(t, "Bearer a", &name), ROLE_NONE);
    assert_int_equal(tokens_check(t, "Bearer b", &name), ROLE_READER);
    write_tokens("broken\n", 0600);
    assert_false(tokens_refresh(t));
    write_tokens("a reader " HASH_A "\n", 0644);
    assert_false(tokens_refresh(t));
    assert_int_equal(tokens_check(t, "Bearer b", &name), ROLE_READER);
    assert_int_equal(tokens_check(t, "Bearer a", &name), ROLE_NONE);
    tokens_close(t);
}

static void zeroes(void *ctx, void *bytes, size_t n)
{
    (void)ctx;
    memset(bytes, 0, n);
}

static void a_new_token_fits_its_line(void **state)
{
    char token[TOKENS_TOKEN_BYTES], line[TOKENS_LINE_BYTES], header[64], other[TOKENS_TOKEN_BYTES], text[160];
    const struct rng rng = {.fill = zeroes};
    const char *name;
    struct tokens *t;
    struct fail f;
    (void)state;

    assert_int_equal(tokens_new("desk", ROLE_READER, &rng, token, line, &f), 0);
    assert_string_equal(token, "fl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_int_equal(tokens_new("desk", ROLE_READER, &rng_system, token, line, &f), 0);
    assert_int_equal(tokens_new("desk", ROLE_READER, &rng_system, other, text, &f), 0);
    assert_string_not_equal(token, other);
    assert_null(strstr(line, token));
    snprintf(text, sizeof text, "%s\n", line);
    write_tokens(text, 0600);
    t = opened();
    snprintf(header, sizeof header, "Bearer %s", token);
    assert_int_equal(tokens_check(t, header, &name), ROLE_READER);
    tokens_close(t);
    assert_int_equal(tokens_new("no name", ROLE_READER, &rng_system, token, line, &f), -1);
    assert_int_equal(f.code, FAIL_USAGE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_path, remove_path)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_token_opens_by_its_hash_and_nothing_else_does),
        CASE(broken_files_are_refused_by_line),
        CASE(files_that_everybody_may_read_or_write_are_refused),
        CASE(a_change_is_seen_and_a_broken_one_leaves_the_old_set),
        CASE(a_new_token_fits_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
