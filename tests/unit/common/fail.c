/* fail: set once, extended on the way up, named at the edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "fail.h"

static void context_is_put_in_front(void **state)
{
    struct fail f;
    (void)state;

    assert_int_equal(fail_set(&f, FAIL_CONFLICT, "row %d", 7), -1);
    assert_int_equal(fail_add(&f, "ticket %s", "A-1"), -1);
    assert_int_equal(fail_add(&f, "saving"), -1);
    assert_string_equal(f.text, "saving: ticket A-1: row 7");
    assert_int_equal(f.code, FAIL_CONFLICT);
    assert_int_equal(f.sys, 0);
}

static void errno_becomes_code_and_text(void **state)
{
    static const struct {
        int sys;
        enum fail_code code;
        const char *text;
    } cases[] = {
        {ENOSPC, FAIL_FULL, "writing x: No space left on device"},
        {EDQUOT, FAIL_FULL, "writing x: Disk quota exceeded"},
        {EROFS, FAIL_IO, "writing x: Read-only file system"},
        {EIO, FAIL_IO, "writing x: Input/output error"},
    };
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        errno = cases[i].sys;
        assert_int_equal(fail_sys(&f, "writing %s", "x"), -1);
        assert_int_equal(f.code, cases[i].code);
        assert_int_equal(f.sys, cases[i].sys);
        assert_string_equal(f.text, cases[i].text);
    }
}

static void long_texts_are_cut_not_overrun(void **state)
{
    struct {
        struct fail f;
        char behind[8];
    } s;
    char text[400];
    (void)state;

    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    strcpy(s.behind, "intact");
    fail_set(&s.f, FAIL_INPUT, "%s", text);
    assert_int_equal(strlen(s.f.text), sizeof s.f.text - 1);
    fail_add(&s.f, "%s", text);
    assert_int_equal(strlen(s.f.text), sizeof s.f.text - 1);
    errno = EIO;
    fail_sys(&s.f, "%s", text);
    assert_int_equal(strlen(s.f.text), sizeof s.f.text - 1);
    fail_set(&s.f, FAIL_INPUT, "%.250s", text);
    fail_add(&s.f, "abcd");
    assert_int_equal(strlen(s.f.text), sizeof s.f.text - 1);
    assert_memory_equal(s.f.text, "abcd: aaa", 9);
    assert_string_equal(s.behind, "intact");
}

/* Scripts and units tell a full disk from wrong settings by these. */
static void each_code_has_a_word_and_an_exit_status(void **state)
{
    static const struct {
        enum fail_code code;
        const char *word;
        int status;
    } codes[] = {
        {FAIL_NONE, "none", 0},
        {FAIL_USAGE, "usage", EX_USAGE},
        {FAIL_SETTINGS, "settings", EX_CONFIG},
        {FAIL_INPUT, "input", EX_DATAERR},
        {FAIL_LIMIT, "limit", EX_DATAERR},
        {FAIL_CORRUPT, "corrupt", EX_SOFTWARE},
        {FAIL_NEWER, "newer", EX_PROTOCOL},
        {FAIL_NOT_FOUND, "not_found", EX_NOINPUT},
        {FAIL_CONFLICT, "conflict", EX_TEMPFAIL},
        {FAIL_DENIED, "denied", EX_NOPERM},
        {FAIL_PEER, "peer", EX_UNAVAILABLE},
        {FAIL_IO, "io", EX_IOERR},
        {FAIL_FULL, "full", EX_CANTCREAT},
        {FAIL_HELD, "held", EX_TEMPFAIL},
    };
    (void)state;

    for (size_t i = 0; i < countof(codes); i++) {
        assert_int_equal(codes[i].code, i);
        assert_string_equal(fail_word(codes[i].code), codes[i].word);
        assert_int_equal(fail_exit_status(codes[i].code), codes[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(context_is_put_in_front),
        cmocka_unit_test(errno_becomes_code_and_text),
        cmocka_unit_test(long_texts_are_cut_not_overrun),
        cmocka_unit_test(each_code_has_a_word_and_an_exit_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
