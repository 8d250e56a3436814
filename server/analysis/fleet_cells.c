/* fleet_cells.c: each part × supplier or lot against the rest of the same part number: fleet_cells(). */
#include "fleet.h"

#include "check.h"
#include "multiple.h"
#include "counts.h"
#include "room.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- adding up */

static struct fleet_cell key_of(const struct fleet_item *item, enum fleet_by by)
{
    return (struct fleet_cell){
        .part = item->part, .supplier = item->supplier, .lot = by == FLEET_BY_LOT ? item->lot : 0};
}

static int compare_keys(const void *a, const void *b)
{
    const struct fleet_cell *x = a, *y = b;

    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    if (x->supplier != y->supplier)
        return x->supplier < y->supplier ? -1 : 1;
    return (x->lot > y->lot) - (x->lot < y->lot);
}

/* Cells of one item each become one of each key, in place; returns how many. */
static size_t merge(struct fleet_cell *cells, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        if (count && !compare_keys(&cells[count - 1], &cells[i])) {
            cells[count - 1].failures += cells[i].failures;
            cells[count - 1].days += cells[i].days;
        } else {
            cells[count++] = cells[i];
        }
    }
    return count;
}

/* The cells of one part stand together: what the part has and a cell has not is its rest. */
static void set_rests(struct fleet_cell *cells, size_t count)
{
    for (size_t from = 0, to; from < count; from = to) {
        double failures = 0, days = 0;

        for (to = from; to < count && cells[to].part == cells[from].part; to++) {
            failures += cells[to].failures;
            days += cells[to].days;
        }
        for (size_t i = from; i < to; i++) {
            cells[i].rest_failures = failures - cells[i].failures;
            cells[i].rest_days = days - cells[i].days;
        }
    }
}

/* ---------------------------------------------------------------- comparing */

static int compare_one(struct fleet_cell *cell, double level, struct fail *f)
{
    struct counts_ratio r;

    cell->p = cell->p_adjusted = 1;
    if (cell->days <= 0 || cell->rest_days <= 0)
        return 0;
    if (counts_rate_ratio(cell->failures, cell->days, cell->rest_failures, cell->rest_days, level, &r, f))
        return -1;
    cell->compared = true;
    cell->ratio = r.ratio;
    cell->lower = r.limits.lower_one_sided;
    cell->p = r.test.p_greater;
    cell->expected = cell->days * (cell->rest_failures / cell->rest_days);
    cell->attributable = cell->failures - cell->expected;
    return 0;
}

static int compare_all(struct fleet_cell *cells, size_t count, double level, struct fail *f)
{
    autofree double *p = room(count, sizeof *p);

    for (size_t i = 0; i < count; i++) {
        if (compare_one(&cells[i], level, f))
            return fail_add(f, "cell %zu", i);
        p[i] = cells[i].p;
    }
    if (multiple_adjust(MULTIPLE_BH, p, count, p, f))
        return -1;
    for (size_t i = 0; i < count; i++)
        cells[i].p_adjusted = p[i];
    return 0;
}

static int check(const struct fleet_usage *usage, size_t n, double level, struct fail *f)
{
    if (check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (!(usage[i].days >= 0 && isfinite(usage[i].days)))
            return fail_set(f, FAIL_INPUT, "usage[%zu].days: %g is not a time", i, usage[i].days);
    return 0;
}

int fleet_cells(const struct fleet_item *items, const struct fleet_usage *usage, size_t n, enum fleet_by by,
    double level, struct fleet_cell *ret_cells, size_t *ret_count, struct fail *f)
{
    autofree struct fleet_cell *cells = room(n, sizeof *cells);
    size_t count;

    if (check(usage, n, level, f))
        return -1;
    for (size_t i = 0; i < n; i++) {
        cells[i] = key_of(&items[i], by);
        cells[i].failures = usage[i].failed;
        cells[i].days = usage[i].days;
    }
    qsort(cells, n, sizeof *cells, compare_keys);
    count = merge(cells, n);
    set_rests(cells, count);
    if (compare_all(cells, count, level, f))
        return -1;
    memcpy(ret_cells, cells, count * sizeof *cells);
    *ret_count = count;
    return 0;
}
