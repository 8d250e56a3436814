/* store_rows.c: see store_rows.h. */
#include "store_rows.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_inside.h"

enum {
    ROWS = 10, /* more gain nothing on SQLite (measured: 2.4 us a transition alone, 2.0 with 10, 2.4 with 50) */
    COLUMNS_MAX = 21,
    BYTES = 32 * 1024, /* copied texts: seven of the largest records, dozens of ordinary rows */
};
_Static_assert(ROWS *COLUMNS_MAX <= DB_PARAMS_MAX, "a statement takes all its rows");

struct store_rows {
    const struct store_table *table;
    size_t count;
    struct db_value values[ROWS * COLUMNS_MAX];
    const char *sql[ROWS + 1]; /* by the number of rows; NULL = not put together yet */
    size_t used;
    char bytes[BYTES];
};

static struct store_rows *rows_of(struct store *s, const struct store_table *table)
{
    struct store_rows **rows = &s->rows[table->slot];

    if (!*rows && !(*rows = calloc(1, sizeof **rows)))
        abort();
    (*rows)->table = table;
    return *rows;
}

/* ---------------------------------------------------------------- writing */

static const char *put_together(struct store *s, const struct store_table *table, size_t count)
{
    char *text = NULL;
    size_t size = 0, parameter = 0;
    FILE *to = open_memstream(&text, &size);

    if (!to)
        abort();
    fputs(table->insert, to);
    for (size_t row = 0; row < count; row++)
        for (size_t column = 0; column < table->columns; column++)
            fprintf(to, "%s$%zu", column ? ", " : row ? "), (" : " (", ++parameter);
    fprintf(to, ")%s", table->conflict);
    if (fclose(to) != 0)
        abort();
    const char *sql = db_intern(s->db, text);
    free(text);
    return sql;
}

static const char *statement_of(struct store *s, struct store_rows *r, size_t count)
{
    if (!r->sql[count])
        r->sql[count] = put_together(s, r->table, count);
    return r->sql[count];
}

static int write_rows(struct store *s, struct store_rows *r, struct fail *f)
{
    size_t count = r->count;

    r->count = r->used = 0;
    if (count == 0)
        return 0;
    return db_run(s->db, statement_of(s, r, count), r->values, count * r->table->columns, f);
}

/* ---------------------------------------------------------------- adding */

static size_t bytes_of(const struct db_value *value)
{
    switch (value->type) {
    case DB_TEXT:
        return strlen(value->data) + 1;
    case DB_BYTES:
        return value->bytes;
    default:
        return 0;
    }
}

static bool is_same(const struct db_value *a, const struct db_value *b)
{
    return a->type == DB_TEXT ? strcmp(a->data, b->data) == 0 : a->i64 == b->i64;
}

/* The last columns of a key differ most. */
static bool has_same_key(const struct store_table *table, const struct db_value *a, const struct db_value *b)
{
    size_t k = table->key_columns;

    while (k > 0 && is_same(&a[k - 1], &b[k - 1]))
        k--;
    return k == 0;
}

/* A statement may not meet its own rows (PostgreSQL refuses to). */
static bool is_waiting(const struct store_rows *r, const struct db_value *values)
{
    for (size_t i = 0; r->table->key_columns > 0 && i < r->count; i++)
        if (has_same_key(r->table, values, &r->values[i * r->table->columns]))
            return true;
    return false;
}

static void copy(struct store_rows *r, const struct db_value *from, struct db_value *to)
{
    size_t n = bytes_of(from);

    *to = *from;
    if (n == 0)
        return;
    memcpy(r->bytes + r->used, from->data, n);
    to->data = r->bytes + r->used;
    r->used += n;
}

int store_rows_add(struct store *s, const struct store_table *table, const struct db_value *values, struct fail *f)
{
    struct store_rows *r = rows_of(s, table);
    size_t bytes = 0;

    assert(s->in_transaction && table->columns <= COLUMNS_MAX);
    for (size_t i = 0; i < table->columns; i++)
        bytes += bytes_of(&values[i]);
    if ((bytes > BYTES - r->used || is_waiting(r, values)) && write_rows(s, r, f) < 0)
        return -1;
    if (bytes > BYTES)
        return db_run(s->db, statement_of(s, r, 1), values, table->columns, f);
    for (size_t i = 0; i < table->columns; i++)
        copy(r, &values[i], &r->values[r->count * table->columns + i]);
    return ++r->count == ROWS ? write_rows(s, r, f) : 0;
}

/* ---------------------------------------------------------------- all of it */

int store_rows_settle(struct store *s, enum store_slot slot, struct fail *f)
{
    return s->rows[slot] ? write_rows(s, s->rows[slot], f) : 0;
}

int store_rows_settle_all(struct store *s, struct fail *f)
{
    for (enum store_slot slot = 0; slot < STORE_SLOT_COUNT; slot++)
        if (store_rows_settle(s, slot, f) < 0)
            return -1;
    return 0;
}

void store_rows_forget(struct store *s)
{
    for (enum store_slot slot = 0; slot < STORE_SLOT_COUNT; slot++)
        if (s->rows[slot])
            s->rows[slot]->count = s->rows[slot]->used = 0;
}

void store_rows_free(struct store *s)
{
    for (enum store_slot slot = 0; slot < STORE_SLOT_COUNT; slot++)
        free(s->rows[slot]);
}
