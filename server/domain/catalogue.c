/* catalogue.c: rows sorted by namespace and code, found by bisection, the best of a code by points. See
 * catalogue.h. */
#include "catalogue.h"

#include <stdlib.h>
#include <string.h>

void catalogue_init(struct catalogue *c)
{
    *c = (struct catalogue){0};
}

void catalogue_done(struct catalogue *c)
{
    free(c->rows);
    *c = (struct catalogue){0};
}

void catalogue_add(struct catalogue *c, const struct catalogue_row *row)
{
    if (c->count == c->room) {
        c->room = c->room ? c->room * 2 : 64;
        c->rows = reallocarray(c->rows, c->room, sizeof *c->rows);
        if (!c->rows)
            abort();
    }
    c->rows[c->count++] = *row;
}

static int compare_code(const struct catalogue_row *row, const char *ns, const char *code)
{
    int order = strcmp(row->ns, ns);

    return order ? order : strcmp(row->code, code);
}

static int compare_rows(const void *a, const void *b)
{
    const struct catalogue_row *right = b;

    return compare_code(a, right->ns, right->code);
}

void catalogue_sort(struct catalogue *c)
{
    if (c->count)
        qsort(c->rows, c->count, sizeof *c->rows, compare_rows);
}

static bool fits(const char *wanted, const char *is)
{
    return !*wanted || strcmp(wanted, is) == 0;
}

static int points(const struct catalogue_row *row)
{
    return (row->mode >= 0) * 4 + (*row->model != '\0') * 2 + (*row->product_line != '\0');
}

/* The first row that is not before (ns, code). */
static const struct catalogue_row *first_of(const struct catalogue *c, const char *ns, const char *code)
{
    size_t low = 0, high = c->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_code(&c->rows[middle], ns, code) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return c->rows + low;
}

static const struct catalogue_row *best_of(const struct catalogue *c, const char *product_line, const char *model,
    const struct condition_key *key, const char *code)
{
    const struct catalogue_row *best = NULL;

    for (const struct catalogue_row *row = first_of(c, key->ns, code);
         row < c->rows + c->count && compare_code(row, key->ns, code) == 0; row++)
        if ((row->mode < 0 || row->mode == (int64_t)key->mode) && fits(row->model, model) &&
            fits(row->product_line, product_line) && (!best || points(row) > points(best)))
            best = row;
    return best;
}

const struct catalogue_row *catalogue_find(
    const struct catalogue *c, const char *product_line, const char *model, const struct condition_key *key)
{
    const struct catalogue_row *row;

    if (!c->count)
        return NULL;
    row = best_of(c, product_line, model, key, key->code);
    return row ? row : best_of(c, product_line, model, key, "");
}

enum ticket_class catalogue_class(const struct catalogue_row *row, enum ticket_class hint)
{
    if (row && row->class_ != CLASS_UNSET)
        return row->class_;
    if (!row && hint != CLASS_UNSET)
        return hint;
    return CLASS_GENERAL;
}

bool catalogue_opens_tickets(const struct catalogue_row *row)
{
    return !row || row->class_ != CLASS_UNSET;
}

uint8_t catalogue_severity(const struct catalogue_row *row, uint8_t reported)
{
    return row && row->severity ? row->severity : reported;
}
