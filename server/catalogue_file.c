/* catalogue_file.c: header line, rows, checks. See catalogue_file.h. */
#include "catalogue_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "log.h"

enum column {
    PRODUCT_LINE,
    MODEL,
    NAMESPACE,
    CODE,
    MODE,
    TITLE_EN,
    TITLE_ZH,
    CLASS,
    PART_NO,
    CONFIRM,
    HEAL,
    ACTION_EN,
    ACTION_ZH,
    COLUMN_COUNT
};

static const char *const names[COLUMN_COUNT] = {"product_line", "model", "namespace", "code", "mode", "title_en",
    "title_zh", "class", "part_no", "confirm", "heal", "action_en", "action_zh"};

struct columns {
    size_t count;
    int at[COLUMN_COUNT]; /* where each stands in the file; -1 = not there */
};

static int column_of(const char *name)
{
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static int read_header(struct csv *csv, struct columns *ret, struct fail *f)
{
    static const enum column required[] = {NAMESPACE, CODE, TITLE_EN, TITLE_ZH};
    bool row;

    memset(ret->at, -1, sizeof ret->at);
    csv->count = 0;
    if (csv_next(csv, &row, f))
        return -1;
    for (size_t i = 0; row && i < csv->count; i++) {
        char shown[64];
        int column = column_of(csv->fields[i]);

        if (column < 0)
            return fail_set(f, FAIL_INPUT, "line %u: unknown column \"%s\"", csv->line,
                log_text(csv->fields[i], shown, sizeof shown));
        if (ret->at[column] >= 0)
            return fail_set(f, FAIL_INPUT, "line %u: column %s stands twice", csv->line, names[column]);
        ret->at[column] = (int)i;
    }
    ret->count = csv->count;
    for (size_t i = 0; i < countof(required); i++)
        if (ret->at[required[i]] < 0)
            return fail_set(f, FAIL_INPUT, "line 1: column %s is missing", names[required[i]]);
    return 0;
}

static const char *field(const struct csv *csv, const struct columns *columns, enum column column)
{
    int at = columns->at[column];

    return at >= 0 ? csv->fields[at] : "";
}

/* Where a column's text goes in the row, and whether it may be empty. */
struct target {
    enum column column;
    char *text;
    size_t size;
    bool required;
};

static int copy_texts(
    const struct csv *csv, const struct columns *columns, const struct target *targets, size_t count, struct fail *f)
{
    for (size_t i = 0; i < count; i++) {
        const char *text = field(csv, columns, targets[i].column);
        size_t n = strlen(text);

        if (n >= targets[i].size)
            return fail_set(f, FAIL_LIMIT, "line %u: %s has %zu bytes, the limit is %zu", csv->line,
                names[targets[i].column], n, targets[i].size - 1);
        if (n == 0 && targets[i].required)
            return fail_set(f, FAIL_INPUT, "line %u: %s is empty", csv->line, names[targets[i].column]);
        memcpy(targets[i].text, text, n + 1);
    }
    return 0;
}

static int read_mode(const struct csv *csv, const char *text, int64_t *ret, struct fail *f)
{
    char *end;

    if (!*text) {
        *ret = -1;
        return 0;
    }
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || *end || *text == '-' || value > UINT32_MAX)
        return fail_set(f, FAIL_INPUT, "line %u: mode must be a number from 0 to 4294967295", csv->line);
    *ret = (int64_t)value;
    return 0;
}

static int read_class(const struct csv *csv, const char *text, enum ticket_class *ret, struct fail *f)
{
    if (strcmp(text, "none") == 0) {
        *ret = CLASS_UNSET;
        return 0;
    }
    if (!class_from_word(*text ? text : "general", ret))
        return fail_set(f, FAIL_INPUT, "line %u: class must be one of general, important, urgent, none", csv->line);
    return 0;
}

static int read_row(const struct csv *csv, const struct columns *columns, struct catalogue_row *row, struct fail *f)
{
    const struct target targets[] = {
        {PRODUCT_LINE, row->product_line, sizeof row->product_line, false},
        {MODEL, row->model, sizeof row->model, false},
        {NAMESPACE, row->ns, sizeof row->ns, true},
        {CODE, row->code, sizeof row->code, true},
        {TITLE_EN, row->title_en, sizeof row->title_en, true},
        {TITLE_ZH, row->title_zh, sizeof row->title_zh, true},
        {PART_NO, row->part_no, sizeof row->part_no, false},
        {CONFIRM, row->confirm, sizeof row->confirm, false},
        {HEAL, row->heal, sizeof row->heal, false},
        {ACTION_EN, row->action_en, sizeof row->action_en, false},
        {ACTION_ZH, row->action_zh, sizeof row->action_zh, false},
    };

    memset(row, 0, sizeof *row);
    if (csv->count != columns->count)
        return fail_set(
            f, FAIL_INPUT, "line %u: %zu fields do not fit the header's %zu", csv->line, csv->count, columns->count);
    if (copy_texts(csv, columns, targets, countof(targets), f) ||
        read_mode(csv, field(csv, columns, MODE), &row->mode, f))
        return -1;
    return read_class(csv, field(csv, columns, CLASS), &row->class_, f);
}

/* Reads on behind a wrong line, so that one run tells them all; returns how many were wrong, the first in f. */
static int put_rows(
    struct csv *csv, const struct columns *columns, struct store *store, size_t *rows, size_t *wrong, struct fail *f)
{
    struct catalogue_row entry;
    struct fail first;
    bool row = true;

    while (row) {
        if (csv_next(csv, &row, f) || (row && read_row(csv, columns, &entry, f))) {
            if (f->code != FAIL_INPUT && f->code != FAIL_LIMIT)
                return -1;
            log_warn("catalogue.line", "%s", f->text);
            if ((*wrong)++ == 0)
                first = *f;
            row = true;
        } else if (row) {
            if (*wrong == 0 && store_put_catalogue(store, &entry, f))
                return -1;
            (*rows)++;
        }
    }
    if (*wrong)
        *f = first;
    return 0;
}

static int load(struct csv *csv, struct store *store, size_t *ret_rows, struct fail *f)
{
    struct columns columns;
    size_t rows = 0, wrong = 0;

    if (read_header(csv, &columns, f) || put_rows(csv, &columns, store, &rows, &wrong, f))
        return -1;
    if (wrong > 1)
        return fail_add(f, "%zu lines are wrong, the first", wrong);
    if (wrong)
        return -1;
    *ret_rows = rows;
    return 0;
}

int catalogue_file_load(const char *path, struct store *store, struct wall now, size_t *ret_rows, struct fail *f)
{
    struct csv *csv = malloc(sizeof *csv);
    FILE *in = fopen(path, "re");
    size_t rows = 0;
    int rc = -1;

    if (!csv)
        abort();
    if (!in) {
        fail_sys(f, "%s", path);
        if (f->sys == ENOENT)
            f->code = FAIL_NOT_FOUND;
    } else if (store_begin(store, f) == 0) {
        csv_init(csv, in);
        rc = load(csv, store, &rows, f);
        if (rc)
            store_rollback(store);
        else
            rc = store_commit(store, now, f);
        if (rc)
            fail_add(f, "%s", path);
        else
            *ret_rows = rows;
    }
    if (in)
        fclose(in);
    free(csv);
    return rc;
}
