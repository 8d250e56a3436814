/* charts.c: cases of server/analysis/charts.h. */
#include "quality.h"

#include "charts.h"

#include <math.h>
#include <string.h>

struct chart {
    size_t n;
    struct charts_point *points;
    struct charts_summary summary;
};

/* A column of the points by where it stands in them. */
static void put_column(json_t *result, const char *key, const struct chart *c, size_t offset)
{
    autofree double *column = calloc(c->n, sizeof *column);

    for (size_t i = 0; i < c->n; i++)
        memcpy(&column[i], (const char *)&c->points[i] + offset, sizeof *column);
    put_numbers(result, key, column, c->n);
}

static void put_limits_of(json_t *result, const struct chart *c)
{
    put_column(result, "lcl", c, offsetof(struct charts_point, lcl));
    put_column(result, "ucl", c, offsetof(struct charts_point, ucl));
}

static void put_out(json_t *result, const struct chart *c)
{
    autofree double *out = calloc(c->n, sizeof *out);

    for (size_t i = 0; i < c->n; i++)
        out[i] = c->points[i].out;
    put_numbers(result, "out", out, c->n);
}

typedef int chart_function(const double *x, const double *n, size_t count, double width, struct charts_point *points,
    struct charts_summary *ret, struct fail *f);

static int draw(const json_t *input, chart_function *function, struct chart *ret, struct fail *f)
{
    autofree double *x = NULL, *n = NULL;
    double width;

    if (get_numbers(input, "x", &x, &ret->n, f) || get_numbers_of(input, "n", ret->n, &n, f) ||
        get_number_or(input, "sigma", 3, &width, f))
        return -1;
    ret->points = calloc(ret->n + 1, sizeof *ret->points);
    return function(x, n, ret->n, width, ret->points, &ret->summary, f);
}

static int run_shewhart(
    const json_t *input, chart_function *function, const char *value, json_t **ret_result, struct fail *f)
{
    struct chart c = {0};
    int status = draw(input, function, &c, f);

    if (!status) {
        put_number(*ret_result, "center", c.summary.center);
        put_number(*ret_result, "sigma_z", c.summary.sigma_z);
        put_column(*ret_result, value, &c, offsetof(struct charts_point, value));
        put_limits_of(*ret_result, &c);
        put_out(*ret_result, &c);
    }
    free(c.points);
    return status;
}

static int run_u(const json_t *input, json_t **ret_result, struct fail *f)
{
    return run_shewhart(input, charts_u, "u", ret_result, f);
}
FAMILY(u_chart, run_u)

static int run_p(const json_t *input, json_t **ret_result, struct fail *f)
{
    return run_shewhart(input, charts_p, "p", ret_result, f);
}
FAMILY(p_chart, run_p)

static int run_laney_u(const json_t *input, json_t **ret_result, struct fail *f)
{
    return run_shewhart(input, charts_laney_u, "u", ret_result, f);
}
FAMILY(laney_u_chart, run_laney_u)

static int run_laney_p(const json_t *input, json_t **ret_result, struct fail *f)
{
    return run_shewhart(input, charts_laney_p, "p", ret_result, f);
}
FAMILY(laney_p_chart, run_laney_p)

static int run_dispersion(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *x = NULL, *exposure = NULL;
    struct charts_dispersion d;
    size_t n;

    if (get_numbers(input, "x", &x, &n, f) || get_optional_of(input, "n", n, &exposure, f))
        return -1;
    if (charts_dispersion(x, exposure, n, &d, f)) {
        if (!strstr(f->text, "no events"))
            return -1;
        d = (struct charts_dispersion){(double)NAN, (double)NAN, (double)NAN, n - 1}; /* R's 0/0 */
    }
    put_number(*ret_result, "ratio", d.ratio);
    put_number(*ret_result, "statistic", d.statistic);
    put_number(*ret_result, "df", (double)d.df);
    put_number(*ret_result, "p", d.p);
    return 0;
}
FAMILY(dispersion_test, run_dispersion)

static int ewma(const json_t *input, struct chart *c, struct fail *f)
{
    autofree double *x = NULL, *n = NULL;
    double target, lambda, width;

    if (get_numbers(input, "x", &x, &c->n, f) || get_numbers_of(input, "n", c->n, &n, f) ||
        get_number(input, "u0", &target, f) || get_number(input, "lambda", &lambda, f) ||
        get_number(input, "L", &width, f))
        return -1;
    c->points = calloc(c->n + 1, sizeof *c->points);
    return charts_ewma(x, n, c->n, target, lambda, width, c->points, &c->summary, f);
}

static int run_ewma(const json_t *input, json_t **ret_result, struct fail *f)
{
    struct chart c = {0};
    int status = ewma(input, &c, f);

    if (!status) {
        put_column(*ret_result, "ewma", &c, offsetof(struct charts_point, value));
        put_limits_of(*ret_result, &c);
        put_number(*ret_result, "first_signal", c.summary.out ? (double)c.summary.first + 1 : 0);
    }
    free(c.points);
    return status;
}
FAMILY(ewma_poisson, run_ewma)
