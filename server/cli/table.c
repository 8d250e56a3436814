/* table.c: see table.h. */
#include "table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { GAP = 2 };

struct cell {
    char *text;
    int width;
    enum ink ink;
};

struct table {
    const char *const *heads;
    unsigned right;
    size_t columns;
    struct cell *cells;
    size_t count;
};

static const char replacement[] = "\xef\xbf\xbd";

/* One character; *ret_code is -1 for bytes that are none. */
static size_t next_character(const char *text, utf8proc_int32_t *ret_code)
{
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, ret_code);

    return n > 0 ? (size_t)n : 1;
}

/* Line and paragraph ends and what turns the direction of text could forge what stands beside it. */
static bool may_be_shown(utf8proc_int32_t code)
{
    utf8proc_category_t category = code < 0 ? UTF8PROC_CATEGORY_CC : utf8proc_category(code);

    return category != UTF8PROC_CATEGORY_CC && category != UTF8PROC_CATEGORY_CF && category != UTF8PROC_CATEGORY_ZL &&
           category != UTF8PROC_CATEGORY_ZP && category != UTF8PROC_CATEGORY_CS;
}

int table_width(const char *text)
{
    int width = 0;

    while (*text) {
        utf8proc_int32_t code;

        text += next_character(text, &code);
        width += may_be_shown(code) ? utf8proc_charwidth(code) : 1;
    }
    return width;
}

void table_put_safely(FILE *out, const char *text)
{
    while (*text) {
        utf8proc_int32_t code;
        size_t n = next_character(text, &code);

        if (may_be_shown(code))
            fwrite(text, 1, n, out);
        else
            fputs(replacement, out);
        text += n;
    }
}

struct table *table_new(const char *const *heads, unsigned right)
{
    struct table *t = calloc(1, sizeof *t);

    if (!t)
        abort();
    t->heads = heads;
    t->right = right;
    while (heads[t->columns])
        t->columns++;
    assert(t->columns >= 1 && t->columns <= TABLE_COLUMNS);
    return t;
}

void table_free(struct table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->cells[i].text);
    free(t->cells);
    free(t);
}

void table_cell(struct table *t, const char *text, enum ink ink)
{
    char *copy = strdup(text ? text : "");

    t->cells = reallocarray(t->cells, t->count + 1, sizeof *t->cells);
    if (!copy || !t->cells)
        abort();
    t->cells[t->count++] = (struct cell){copy, table_width(copy), ink};
}

static void measure(const struct table *t, int *widths)
{
    for (size_t i = 0; i < t->columns; i++)
        widths[i] = table_width(t->heads[i]);
    for (size_t row = 0; row < t->count; row += t->columns)
        for (size_t i = 0; i < t->columns; i++)
            if (t->cells[row + i].width > widths[i])
                widths[i] = t->cells[row + i].width;
}

static void put_cell(const struct table *t, size_t column, const struct cell *c, int width, FILE *out, bool coloured)
{
    static const char *const codes[] = {
        [INK_RED] = "\x1b[31m", [INK_YELLOW] = "\x1b[33m", [INK_GREEN] = "\x1b[32m", [INK_FAINT] = "\x1b[2m"};
    bool is_right = t->right >> column & 1, is_last = column + 1 == t->columns;
    int pad = width - c->width;

    if (is_right)
        fprintf(out, "%*s", pad, "");
    if (coloured && c->ink != INK_PLAIN)
        fputs(codes[c->ink], out);
    table_put_safely(out, c->text);
    if (coloured && c->ink != INK_PLAIN)
        fputs("\x1b[0m", out);
    if (is_last)
        putc('\n', out);
    else
        fprintf(out, "%*s", (is_right ? 0 : pad) + GAP, "");
}

void table_print(const struct table *t, FILE *out, bool coloured)
{
    int widths[TABLE_COLUMNS];

    assert(t->count % t->columns == 0); /* rows are whole */
    if (t->count == 0)
        return;
    measure(t, widths);
    for (size_t i = 0; i < t->columns; i++) {
        char *head = strdup(t->heads[i]);

        if (!head)
            abort();
        put_cell(t, i, &(struct cell){head, table_width(head), INK_FAINT}, widths[i], out, coloured);
        free(head);
    }
    for (size_t row = 0; row < t->count; row += t->columns)
        for (size_t i = 0; i < t->columns; i++)
            put_cell(t, i, &t->cells[row + i], widths[i], out, coloured);
}
