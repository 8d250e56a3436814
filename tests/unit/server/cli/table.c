/* table: Chinese and Latin columns line up, and what a device sent cannot steer the terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

static char *printed(struct table *t, bool coloured)
{
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    table_print(t, out, coloured);
    fclose(out);
    return text;
}

static void chinese_columns_line_up(void **state)
{
    const char *const heads[] = {"工单", "TITLE", "COUNT", NULL};
    struct table *t = table_new(heads, 1u << 2);
    char *text;
    (void)state;

    table_cell(t, "a", INK_PLAIN);
    table_cell(t, "车轮传感器故障", INK_PLAIN);
    table_cell(t, "7", INK_PLAIN);
    table_cell(t, "FL-5B-000001", INK_PLAIN);
    table_cell(t, "e\xcc\x81t\xc3\xa9", INK_PLAIN); /* a combining accent takes no column */
    table_cell(t, "12", INK_PLAIN);
    text = printed(t, false);
    assert_string_equal(text, "工单          TITLE           COUNT\n"
                              "a             车轮传感器故障      7\n"
                              "FL-5B-000001  e\xcc\x81t\xc3\xa9                12\n");
    free(text);
    table_free(t);
}

static void widths_are_those_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(table_width("abc"), 3);
    assert_int_equal(table_width("空调"), 4);
    assert_int_equal(table_width("（）"), 4);
    assert_int_equal(table_width("e\xcc\x81"), 1);
    assert_int_equal(table_width("\x1b[31m"), 5);
    assert_int_equal(table_width("\xff\xfe"), 2);
    assert_int_equal(table_width(""), 0);
}

static void control_characters_never_reach_the_terminal(void **state)
{
    static const char *const evil[] = {"\x1b[2J", "a\rb", "a\nb",
        "\x9b"
        "31m",
        "\xc2\x9b"
        "31m",
        "\x7f",
        "\xe2\x80\xae"
        "abc",
        "\xe2\x80\xa8", "\xed\xa0\x80"};
    const char *const heads[] = {"X", NULL};
    (void)state;

    for (size_t i = 0; i < sizeof evil / sizeof evil[0]; i++) {
        struct table *t = table_new(heads, 0);
        char *text;

        table_cell(t, evil[i], INK_PLAIN);
        text = printed(t, false);
        assert_non_null(strstr(text, "\xef\xbf\xbd"));
        assert_null(strpbrk(text + 2, "\x1b\r\x7f"));
        assert_null(strstr(text, "\xc2\x9b"));
        assert_null(strstr(text, "\xe2\x80"));
        assert_ptr_equal(strchr(text + 2, '\n'), text + strlen(text) - 1);
        free(text);
        table_free(t);
    }
}

static void colour_is_written_only_when_asked_for_and_takes_no_width(void **state)
{
    const char *const heads[] = {"A", "B", NULL};
    struct table *t = table_new(heads, 0);
    char *plain, *coloured;
    (void)state;

    table_cell(t, "urgent", INK_RED);
    table_cell(t, "x", INK_PLAIN);
    plain = printed(t, false);
    coloured = printed(t, true);
    assert_string_equal(plain, "A       B\nurgent  x\n");
    assert_non_null(strstr(coloured, "\x1b[31murgent\x1b[0m  x\n"));
    free(plain);
    free(coloured);
    table_free(t);
}

static void a_table_without_rows_prints_nothing(void **state)
{
    const char *const heads[] = {"A", NULL};
    struct table *t = table_new(heads, 0);
    char *text = printed(t, false);
    (void)state;

    assert_string_equal(text, "");
    free(text);
    table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chinese_columns_line_up),
        cmocka_unit_test(widths_are_those_of_a_terminal),
        cmocka_unit_test(control_characters_never_reach_the_terminal),
        cmocka_unit_test(colour_is_written_only_when_asked_for_and_takes_no_width),
        cmocka_unit_test(a_table_without_rows_prints_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
