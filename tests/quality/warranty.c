/* warranty.c: cases of server/analysis/warranty.h. */
#include "warranty.h"
#include "quality.h"
#include "room.h"

/* A list of lists of the same length, row after row. */
static int get_table(
    const json_t *input, const char *key, double **ret, size_t *ret_rows, size_t *ret_columns, struct fail *f)
{
    const json_t *table = json_object_get(input, key);
    size_t rows = json_array_size(table), columns = 0;
    autofree double *cells = NULL;

    for (size_t i = 0; i < rows; i++) {
        json_t *row = json_pack("{s:O}", key, json_array_get(table, i));
        autofree double *numbers = NULL;
        size_t n = 0;
        int bad = get_numbers(row, key, &numbers, &n, f);

        json_decref(row);
        if (bad)
            return fail_add(f, "row %zu", i);
        if (i && n != columns)
            return fail_set(f, FAIL_INPUT, "%s[%zu]: %zu columns where %zu are wanted", key, i, n, columns);
        if (!cells)
            cells = room(rows * n, sizeof *cells);
        columns = n;
        for (size_t j = 0; j < n; j++)
            cells[i * n + j] = numbers[j];
    }
    if (!cells)
        return fail_set(f, FAIL_INPUT, "%s: not a table", key);
    *ret = take_ptr(cells);
    *ret_rows = rows;
    *ret_columns = columns;
    return 0;
}

#define PUT(key, points, member)                                                                                       \
    do {                                                                                                               \
        for (size_t i = 0; i < n; i++)                                                                                 \
            column[i] = (double)points[i].member;                                                                      \
        put_numbers(*ret_result, key, column, n);                                                                      \
    } while (0)

static int run_delay(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *triangle = NULL, *hazard = NULL, *G = NULL, *column = NULL;
    autofree struct warranty_report *reports = NULL;
    size_t n, delays;

    if (get_table(input, "triangle", &triangle, &n, &delays, f))
        return -1;
    hazard = room(delays, sizeof *hazard);
    G = room(delays, sizeof *G);
    reports = room(n, sizeof *reports);
    column = room(n, sizeof *column);
    if (warranty_delay(triangle, n, delays, hazard, G, reports, f))
        return -1;
    put_numbers(*ret_result, "reverse_hazard", hazard, delays - 1);
    put_numbers(*ret_result, "G", G, delays);
    PUT("reported", reports, reported);
    PUT("max_delay_seen", reports, delays);
    PUT("adjusted", reports, adjusted);
    return 0;
}

static int run_nevada(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *shipped = NULL, *returns = NULL, *column = NULL;
    autofree struct warranty_age *ages = NULL;
    struct weibull_fit fit;
    json_t *object;
    size_t months, rows, columns, n;

    if (get_numbers(input, "shipped", &shipped, &months, f) ||
        get_table(input, "returns", &returns, &rows, &columns, f))
        return -1;
    if (rows != months)
        return fail_set(f, FAIL_INPUT, "returns: %zu rows for %zu months of shipment", rows, months);
    ages = room(columns, sizeof *ages);
    column = room(columns, sizeof *column);
    if (warranty_nevada(shipped, months, returns, columns, ages, &n, f) || warranty_weibull(ages, n, &fit, f))
        return -1;
    for (size_t i = 0; i < n; i++)
        column[i] = (double)(i + 1);
    put_numbers(*ret_result, "age", column, n);
    PUT("failures", ages, failures);
    PUT("suspensions", ages, suspensions);
    PUT("at_risk", ages, at_risk);
    PUT("r_per_1000_age", ages, rate_1000);
    PUT("cumulative_iptv", ages, cumulative);
    object = json_object();
    put_number(object, "shape", fit.shape);
    put_number(object, "scale", fit.scale);
    put_number(object, "loglik", fit.loglik);
    json_object_set_new(*ret_result, "weibull", object);
    return 0;
}

static int put_prediction(const json_t *input, json_t **ret_result, const struct weibull_fit *fit,
    const double *running, size_t months, double level, struct fail *f)
{
    autofree struct warranty_prediction *points = NULL;
    autofree double *column = NULL;
    double ahead;
    size_t n;

    if (get_number(input, "months_ahead", &ahead, f))
        return -1;
    if (!(ahead >= 1 && ahead <= 1e6))
        return fail_set(f, FAIL_INPUT, "months_ahead: %g", ahead);
    n = (size_t)ahead;
    points = room(n, sizeof *points);
    column = room(n, sizeof *column);
    if (warranty_predict(fit, running, months, n, level, points, f))
        return -1;
    PUT("predicted_cumulative", points, failures);
    PUT("predicted_cumulative_lo", points, limits.lo);
    PUT("predicted_cumulative_hi", points, limits.hi);
    return 0;
}

static int run_prediction(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *failed = NULL, *running = NULL;
    struct warranty_model model;
    double level;
    size_t months;

    if (get_numbers(input, "failures_by_month", &failed, &months, f) ||
        get_numbers_of(input, "suspended_by_month", months, &running, f) ||
        get_number_or(input, "level", 0.95, &level, f) || warranty_model(failed, running, months, level, &model, f) ||
        put_prediction(input, ret_result, &model.fit, running, months, level, f))
        return -1;
    put_number(*ret_result, "units", model.fit.units);
    put_number(*ret_result, "failures", model.fit.failures);
    put_number(*ret_result, "shape", model.fit.shape);
    put_number(*ret_result, "scale", model.fit.scale);
    put_number(*ret_result, "loglik", model.fit.loglik);
    put_number(*ret_result, "expected_failures", model.expected);
    put_limits(*ret_result, "expected_failures_poisson_ci", model.expected_limits.lo, model.expected_limits.hi);
    put_number(*ret_result, "units_at_risk", model.at_risk);
    return 0;
}

static int run_ratio(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *observed = NULL, *exposure = NULL, *base = NULL;
    struct warranty_ratio r;
    double level;
    size_t n;

    if (get_numbers(input, "obs", &observed, &n, f) || get_numbers_of(input, "expo", n, &exposure, f) ||
        get_numbers_of(input, "base", n, &base, f) || get_number_or(input, "level", 0.95, &level, f) ||
        warranty_ratio(observed, exposure, base, n, level, &r, f))
        return -1;
    put_number(*ret_result, "expected", r.expected);
    put_number(*ret_result, "ratio", r.ratio);
    put_number(*ret_result, "lo", r.limits.lo);
    put_number(*ret_result, "hi", r.limits.hi);
    put_number(*ret_result, "lower_one_sided_95", r.lower);
    put_number(*ret_result, "p_greater", r.p_greater);
    put_number(*ret_result, "attributable", r.attributable);
    put_number(*ret_result, "attributable_lower_95", r.attributable_lower);
    put_number(*ret_result, "attributable_fraction", r.attributable_part);
    return 0;
}

FAMILY(reporting_delay, run_delay)
FAMILY(nevada_to_life, run_nevada)
FAMILY(warranty_prediction, run_prediction)
FAMILY(standardised_ratio, run_ratio)
