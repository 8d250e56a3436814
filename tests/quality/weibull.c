/* weibull.c: cases of server/analysis/weibull.h, weibull_bayes.h and weibull_rank.h. */
#include "weibull.h"
#include "room.h"
#include "rows.h"
#include "weibull_bayes.h"
#include "weibull_rank.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- maximum likelihood */

static int put_fit(json_t *result, const struct weibull_fit *fit, double level, struct fail *f)
{
    struct interval shape, scale;

    if (weibull_wald(fit, level, &shape, &scale, f))
        return -1;
    put_number(result, "n_units", fit->units);
    put_number(result, "n_failures", fit->failures);
    put_number(result, "shape", fit->shape);
    put_number(result, "scale", fit->scale);
    put_number(result, "loglik", fit->loglik);
    put_number(result, "se_log_shape", fit->se_log_shape);
    put_number(result, "se_log_scale", fit->se_log_scale);
    put_number(result, "cov_log_shape_log_scale", fit->cov_log_shape_log_scale);
    put_limits(result, "wald_shape", shape.lo, shape.hi);
    put_limits(result, "wald_scale", scale.lo, scale.hi);
    return 0;
}

static json_t *estimate(const struct weibull_estimate *e)
{
    json_t *object = json_object();

    put_number(object, "est", e->est);
    put_number(object, "lo", e->lo);
    put_number(object, "hi", e->hi);
    return object;
}

static int put_lives(const json_t *input, json_t *result, const struct weibull_fit *fit, double level, struct fail *f)
{
    struct weibull_estimate b10, b1, at;
    json_t *object;
    double t;

    if (weibull_life(fit, 0.1, level, &b10, f) || weibull_life(fit, 0.01, level, &b1, f))
        return -1;
    json_object_set_new(result, "B10", estimate(&b10));
    json_object_set_new(result, "B1", estimate(&b1));
    if (!has(input, "R_at"))
        return 0;
    if (get_number(input, "R_at", &t, f) || weibull_reliability(fit, t, level, &at, f))
        return -1;
    object = estimate(&at);
    put_number(object, "t", t);
    json_object_set_new(result, "R_at", object);
    return 0;
}

static int run_mle(const json_t *input, json_t **ret_result, struct fail *f)
{
    autorows struct rows rows = {0};
    struct weibull_fit fit;
    struct interval shape, scale;
    double level;

    if (rows_read(input, &rows, f) || get_number_or(input, "level", 0.95, &level, f) ||
        weibull_fit(&rows.lives, &fit, f) || weibull_profile(&rows.lives, level, &shape, &scale, f) ||
        put_fit(*ret_result, &fit, level, f) || put_lives(input, *ret_result, &fit, level, f))
        return -1;
    put_limits(*ret_result, "lr_shape", shape.lo, shape.hi);
    put_limits(*ret_result, "lr_scale", scale.lo, scale.hi);
    return 0;
}

/* Units inspected once: failed before (left censored) or not yet (right censored). */
static int run_interval(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *hours = NULL, *inspected = NULL, *failed = NULL, *lo = NULL, *hi = NULL, *freq = NULL;
    struct weibull_spans spans;
    struct weibull_fit fit;
    struct interval shape, scale;
    double level;
    size_t n;

    if (get_numbers(input, "hours", &hours, &n, f) || get_numbers_of(input, "inspected", n, &inspected, f) ||
        get_numbers_of(input, "failed", n, &failed, f) || get_number_or(input, "level", 0.95, &level, f))
        return -1;
    lo = room(2 * n, sizeof *lo);
    hi = room(2 * n, sizeof *hi);
    freq = room(2 * n, sizeof *freq);
    for (size_t i = 0; i < n; i++) {
        hi[i] = lo[n + i] = hours[i];
        hi[n + i] = (double)INFINITY;
        freq[i] = failed[i];
        freq[n + i] = inspected[i] - failed[i];
    }
    spans = (struct weibull_spans){.n = 2 * n, .lo = lo, .hi = hi, .freq = freq};
    if (weibull_fit_spans(&spans, &fit, f) || weibull_profile_spans(&spans, level, &shape, &scale, f) ||
        put_fit(*ret_result, &fit, level, f) || put_lives(input, *ret_result, &fit, level, f))
        return -1;
    put_limits(*ret_result, "lr_shape", shape.lo, shape.hi);
    put_limits(*ret_result, "lr_scale", scale.lo, scale.hi);
    return 0;
}

static int run_two_groups(const json_t *input, json_t **ret_result, struct fail *f)
{
    autorows struct rows rows = {0};
    autofree uint32_t *group = NULL;
    autofree bool *second = NULL;
    struct weibull_comparison c;
    size_t groups;

    if (rows_read(input, &rows, f) || get_codes(input, "group", rows.lives.n, &group, &groups, f))
        return -1;
    if (groups != 2)
        return fail_set(f, FAIL_INPUT, "group: %zu groups where 2 are compared", groups);
    second = room(rows.lives.n, sizeof *second);
    for (size_t i = 0; i < rows.lives.n; i++)
        second[i] = group[i] == 1;
    if (weibull_compare(&rows.lives, second, &c, f))
        return -1;
    put_number(*ret_result, "loglik_common", c.loglik_common);
    put_number(*ret_result, "loglik_separate", c.loglik_separate);
    put_number(*ret_result, "lr_statistic", c.lr);
    put_number(*ret_result, "df", c.df);
    put_number(*ret_result, "p", c.p);
    return 0;
}

/* ---------------------------------------------------------------- Weibayes */

static int put_bayes(json_t *result, const struct lives *l, double shape, double level, struct fail *f)
{
    struct weibull_bayes b;

    if (weibull_bayes(l, shape, level, &b, f))
        return -1;
    if (b.failures > 0)
        put_number(result, "scale", b.scale);
    else
        put_text(result, "scale", "none");
    put_number(result, "lower_one_sided", b.lower);
    return 0;
}

static int run_weibayes(const json_t *input, json_t **ret_result, struct fail *f)
{
    autorows struct rows rows = {0};
    autofree double *shapes = NULL;
    double level;
    size_t n;

    if (rows_read(input, &rows, f) || get_number_or(input, "level", 0.95, &level, f) ||
        get_numbers(input, has(input, "shapes") ? "shapes" : "shape", &shapes, &n, f))
        return -1;
    if (!has(input, "shapes"))
        return put_bayes(*ret_result, &rows.lives, shapes[0], level, f);
    for (size_t i = 0; i < n; i++) {
        json_t *object = json_object();
        char key[64];

        snprintf(key, sizeof key, "shape_%.15g", shapes[i]);
        json_object_set_new(*ret_result, key, object);
        if (put_bayes(object, &rows.lives, shapes[i], level, f))
            return -1;
    }
    return 0;
}

/* ---------------------------------------------------------------- rank regression */

/* By what the name has in it: beta, beta_median, exact, median, ... are one. */
/* By what the name holds, since tools write it differently: "beta", "median_beta", "exact". */
static int plotting_named(const char *name, enum weibull_plotting *ret, struct fail *f)
{
    static const struct {
        const char *word;
        enum weibull_plotting plotting;
    } words[] = {
        {"benard", WEIBULL_BENARD},
        {"bernard", WEIBULL_BENARD},
        {"beta", WEIBULL_BETA_MEDIAN},
        {"exact", WEIBULL_BETA_MEDIAN},
        {"binomial", WEIBULL_BETA_MEDIAN},
        {"median", WEIBULL_BETA_MEDIAN},
        {"mean", WEIBULL_MEAN_RANK},
        {"hazen", WEIBULL_HAZEN},
        {"midpoint", WEIBULL_HAZEN},
    };

    for (size_t i = 0; i < countof(words); i++) {
        if (strcasestr(name, words[i].word)) {
            *ret = words[i].plotting;
            return 0;
        }
    }
    return fail_set(f, FAIL_INPUT, "plotting: %s is unknown", name);
}

static int put_points(
    json_t *result, const struct weibull_rank_point *points, size_t n, enum weibull_direction direction, struct fail *f)
{
    autofree double *rank = room(n, sizeof *rank), *position = room(n, sizeof *position);
    struct weibull_rank_line line;

    if (weibull_rank_line(points, n, direction, &line, f))
        return -1;
    for (size_t i = 0; i < n; i++) {
        rank[i] = points[i].rank;
        position[i] = points[i].position;
    }
    put_numbers(result, "adjusted_rank", rank, n);
    put_numbers(result, "median_rank", position, n);
    put_number(result, "shape", line.shape);
    put_number(result, "scale", line.scale);
    put_number(result, "r_squared", line.r_squared);
    return 0;
}

static int run_rank_regression(const json_t *input, json_t **ret_result, struct fail *f)
{
    autorows struct rows rows = {0};
    autofree struct weibull_rank_point *points = NULL;
    const char *plotting_name = "benard", *direction = "x_on_y";
    enum weibull_plotting plotting;
    size_t n;

    if (rows_read(input, &rows, f) || (has(input, "plotting") && get_text(input, "plotting", &plotting_name, f)) ||
        (has(input, "direction") && get_text(input, "direction", &direction, f)) ||
        plotting_named(plotting_name, &plotting, f))
        return -1;
    if (strcmp(direction, "x_on_y") != 0 && strcmp(direction, "y_on_x") != 0)
        return fail_set(f, FAIL_INPUT, "direction: %s is unknown", direction);
    points = room((size_t)fmin(fmax(lives_failures(&rows.lives), 0), WEIBULL_RANK_POINTS_MAX) + 1, sizeof *points);
    if (weibull_rank_points(&rows.lives, plotting, points, &n, f))
        return -1;
    return put_points(*ret_result, points, n, strcmp(direction, "x_on_y") ? WEIBULL_Y_ON_X : WEIBULL_X_ON_Y, f);
}

FAMILY(weibull_mle, run_mle)
FAMILY(weibull_mle_truncated, run_mle)
FAMILY(weibull_mle_interval, run_interval)
FAMILY(weibull_lr_two_groups, run_two_groups)
FAMILY(weibayes, run_weibayes)
FAMILY(weibull_rank_regression, run_rank_regression)
