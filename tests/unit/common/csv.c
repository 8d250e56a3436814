/* csv: RFC 4180, strictly, and never further than the line that is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"

/* Joins each row's fields with '|' and rows with '/', so that a table can say what comes out. A refused row reads "!". */
static const char *digest(const char *text, size_t n, char *out, size_t size)
{
    static struct csv reader;
    FILE *in = fmemopen((void *)(uintptr_t)text, n, "r");
    struct fail f;
    bool row = true;

    out[0] = '\0';
    csv_init(&reader, in);
    while (row) {
        if (csv_next(&reader, &row, &f)) {
            strncat(out, "!/", size - strlen(out) - 1);
            row = true;
            continue;
        }
        for (size_t i = 0; row && i < reader.count; i++) {
            strncat(out, reader.fields[i], size - strlen(out) - 1);
            strncat(out, i + 1 < reader.count ? "|" : "/", size - strlen(out) - 1);
        }
    }
    fclose(in);
    return out;
}

static void rows_and_fields_come_out_as_written(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"a,b\n1,2\n", "a|b/1|2/"},
        {"a,b\r\n1,2", "a|b/1|2/"},
        {"\xef\xbb\xbf"
         "a\n",
            "a/"},
        {"\n\na\n\nb\n", "a/b/"},
        {"a,,\n", "a||/"},
        {"\"x,y\",\"say \"\"hi\"\"\",\"two\nlines\"\n", "x,y|say \"hi\"|two\nlines/"},
        {"空调,压缩机\n", "空调|压缩机/"},
        {"\"\"\n", "/"},
    };
    char out[256];
    (void)state;

    for (size_t i = 0; i < countof(cases); i++)
        assert_string_equal(digest(cases[i].text, strlen(cases[i].text), out, sizeof out), cases[i].expected);
}

static void a_bad_row_is_refused_and_the_rest_still_read(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"a\nb\"c,d\ne\n", "a/!/e/"},
        {"\"a\"b\nc\n", "!/c/"},
        {"a\n\"open", "a/!/"},
    };
    char out[256];
    (void)state;

    for (size_t i = 0; i < countof(cases); i++)
        assert_string_equal(digest(cases[i].text, strlen(cases[i].text), out, sizeof out), cases[i].expected);
    assert_string_equal(digest("a\0b\nc\n", 6, out, sizeof out), "!/c/");
}

static void the_line_of_a_refusal_counts_line_ends_inside_quotes(void **state)
{
    static struct csv reader;
    const char *text = "\"1\n2\"\n\nx\"y\n";
    FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    struct fail f;
    bool row;
    (void)state;

    csv_init(&reader, in);
    assert_int_equal(csv_next(&reader, &row, &f), 0);
    assert_int_equal(reader.line, 1);
    assert_int_equal(csv_next(&reader, &row, &f), -1);
    assert_string_equal(f.text, "line 4: a quote or byte out of place");
    fclose(in);
}

static void rows_beyond_the_caps_are_refused(void **state)
{
    size_t n = CSV_ROW_BYTES + 2;
    char *text = malloc(n);
    char out[16];
    (void)state;

    memset(text, 'x', n);
    text[n - 2] = '\n';
    text[n - 1] = 'y';
    assert_string_equal(digest(text, n, out, sizeof out), "!/y/");
    memset(text, ',', CSV_FIELDS);
    text[CSV_FIELDS] = '\n';
    assert_string_equal(digest(text, CSV_FIELDS + 1, out, sizeof out), "!/");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_fields_come_out_as_written),
        cmocka_unit_test(a_bad_row_is_refused_and_the_rest_still_read),
        cmocka_unit_test(the_line_of_a_refusal_counts_line_ends_inside_quotes),
        cmocka_unit_test(rows_beyond_the_caps_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
