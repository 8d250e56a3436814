/* survival.c: cases of server/analysis/survival.h. */
#include "survival.h"
#include "room.h"
#include "rows.h"

#include <string.h>

static int scale_named(const char *name, enum survival_scale *ret, struct fail *f)
{
    static const char *const names[] = {"log-log", "log", "plain", "logit", "arcsin"};

    for (size_t i = 0; i < countof(names); i++) {
        if (!strcmp(names[i], name)) {
            *ret = (enum survival_scale)i;
            return 0;
        }
    }
    return fail_set(f, FAIL_INPUT, "ci: %s is unknown", name);
}

/* One column of the table. */
#define PUT(key, member)                                                                                               \
    do {                                                                                                               \
        for (size_t i = 0; i < n; i++)                                                                                 \
            column[i] = points[i].member;                                                                              \
        put_numbers(*ret_result, key, column, n);                                                                      \
    } while (0)

static int run_kaplan_meier(const json_t *input, json_t **ret_result, struct fail *f)
{
    autorows struct rows rows = {0};
    autofree struct survival_point *points = NULL;
    autofree double *column = NULL;
    const char *ci = "log";
    enum survival_scale scale;
    double level;
    size_t n;

    if (rows_read(input, &rows, f) || get_number_or(input, "level", 0.95, &level, f) ||
        (has(input, "ci") && get_text(input, "ci", &ci, f)) || scale_named(ci, &scale, f))
        return -1;
    points = room(rows.lives.n, sizeof *points);
    column = room(rows.lives.n, sizeof *column);
    if (survival_kaplan_meier(&rows.lives, scale, level, points, &n, f))
        return -1;
    PUT("time", time);
    PUT("n_risk", at_risk);
    PUT("n_event", failures);
    PUT("surv", survival);
    PUT("std_err_greenwood", std_error);
    PUT("lo", lo);
    PUT("hi", hi);
    return 0;
}

static int run_logrank(const json_t *input, json_t **ret_result, struct fail *f)
{
    autorows struct rows rows = {0};
    autofree uint32_t *group = NULL, *stratum = NULL;
    autofree double *observed = NULL, *expected = NULL;
    struct survival_groups g = {.strata = 1};
    struct survival_test test;

    if (rows_read(input, &rows, f) || get_codes(input, "group", rows.lives.n, &group, &g.groups, f) ||
        (has(input, "stratum") && get_codes(input, "stratum", rows.lives.n, &stratum, &g.strata, f)))
        return -1;
    g.group = group;
    g.stratum = stratum;
    observed = room(g.groups, sizeof *observed);
    expected = room(g.groups, sizeof *expected);
    if (survival_logrank(&rows.lives, &g, observed, expected, &test, f))
        return -1;
    put_numbers(*ret_result, "observed", observed, g.groups);
    put_numbers(*ret_result, "expected", expected, g.groups);
    put_number(*ret_result, "chisq", test.chisq);
    put_number(*ret_result, "df", test.df);
    put_number(*ret_result, "p", test.p);
    return 0;
}

FAMILY(kaplan_meier, run_kaplan_meier)
FAMILY(logrank, run_logrank)
FAMILY(logrank_stratified, run_logrank)
