/* recurrence.c: cases of server/analysis/recurrence.h. */
#include "recurrence.h"
#include "room.h"
#include "rows.h"

struct histories {
    struct recurrence r;
    struct rows rows;
    uint32_t *unit;
    double *cost;
};

static void histories_free(struct histories *h)
{
    rows_free(&h->rows);
    free(h->unit);
    free(h->cost);
}
#define autohistories __attribute__((cleanup(histories_free)))

static int histories_read(const json_t *input, struct histories *ret, struct fail *f)
{
    autohistories struct histories h = {0};
    size_t n, units;

    if (rows_read(input, &h.rows, f))
        return -1;
    n = h.rows.lives.n;
    if (get_codes(input, "id", n, &h.unit, &units, f) || get_optional_of(input, "cost", n, &h.cost, f))
        return -1;
    h.r = (struct recurrence){n, units, h.unit, h.rows.time, h.rows.failed, h.cost, h.rows.entry, h.rows.freq};
    *ret = h;
    h = (struct histories){0};
    return 0;
}

#define PUT(key, member)                                                                                               \
    do {                                                                                                               \
        for (size_t i = 0; i < n; i++)                                                                                 \
            column[i] = points[i].member;                                                                              \
        put_numbers(*ret_result, key, column, n);                                                                      \
    } while (0)

static int run_mcf(const json_t *input, json_t **ret_result, struct fail *f)
{
    autohistories struct histories h = {0};
    autofree struct recurrence_point *points = NULL;
    autofree double *column = NULL;
    double level;
    size_t n;

    if (histories_read(input, &h, f) || get_number_or(input, "level", 0.95, &level, f))
        return -1;
    points = room(h.r.n, sizeof *points);
    column = room(h.r.n, sizeof *column);
    if (recurrence_mcf(&h.r, level, points, &n, f))
        return -1;
    PUT("time", time);
    PUT("n_risk", at_risk);
    PUT("jump", jump);
    PUT("mcf", mcf);
    PUT("se_robust", se_robust);
    PUT("se_poisson", se_poisson);
    PUT("lo_log", lo_log);
    PUT("hi_log", hi_log);
    return 0;
}

/* Keeps the rows of one group, and numbers its units apart from those of the other: the same id may stand in both. */
static void keep_group(struct histories *h, const uint32_t *group, uint32_t kept)
{
    double *const lists[] = {h->rows.time, h->cost, h->rows.entry, h->rows.freq};
    size_t n = 0;

    for (size_t i = 0; i < h->r.n; i++) {
        if (group[i] != kept)
            continue;
        for (size_t k = 0; k < countof(lists); k++)
            if (lists[k])
                lists[k][n] = lists[k][i];
        h->rows.failed[n] = h->rows.failed[i];
        h->unit[n++] = h->unit[i];
    }
    h->r.n = n;
}

/* Which group is the first: that of the first row when the rows stand group after group, else the first by name. */
static int read_groups(const json_t *input, size_t n, uint32_t **ret, struct fail *f)
{
    autofree uint32_t *group = NULL;
    size_t groups, changes = 0;

    if (get_codes(input, "group", n, &group, &groups, f))
        return -1;
    if (groups != 2)
        return fail_set(f, FAIL_INPUT, "group: %zu groups where 2 are compared", groups);
    for (size_t i = 1; i < n; i++)
        changes += group[i] != group[i - 1];
    if (changes == 1 && group[0] == 1)
        for (size_t i = 0; i < n; i++)
            group[i] = 1 - group[i];
    *ret = take_ptr(group);
    return 0;
}

static int run_difference(const json_t *input, json_t **ret_result, struct fail *f)
{
    autohistories struct histories one = {0}, other = {0};
    autofree uint32_t *group = NULL;
    autofree double *ages = NULL, *column = NULL;
    autofree struct recurrence_difference *points = NULL;
    double level;
    size_t n;

    if (histories_read(input, &one, f) || histories_read(input, &other, f) || read_groups(input, one.r.n, &group, f) ||
        get_numbers(input, "ages", &ages, &n, f) || get_number_or(input, "level", 0.95, &level, f))
        return -1;
    keep_group(&one, group, 0);
    keep_group(&other, group, 1);
    points = room(n, sizeof *points);
    column = room(n, sizeof *column);
    if (recurrence_compare(&one.r, &other.r, ages, n, level, points, f))
        return -1;
    PUT("difference", difference);
    PUT("se", se);
    PUT("lo", lo);
    PUT("hi", hi);
    return 0;
}

FAMILY(mcf, run_mcf)
FAMILY(mcf_cost, run_mcf)
FAMILY(mcf_difference, run_difference)
