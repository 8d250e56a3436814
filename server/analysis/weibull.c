/* weibull.c: the fit: the top of the shape's profile, then the information matrix there; and what is computed from the
 * fit alone. */
#include "weibull.h"
#include "check.h"
#include "room.h"
#include "special.h"
#include "weibull_model.h"

#include <math.h>

/* ---------------------------------------------------------------- the fit */

static void along_profile(const struct weibull_model *m, double b, double fixed, struct weibull_at *ret,
    double *ret_slope, double *ret_curvature)
{
    (void)fixed;
    weibull_model_best_scale(m, b, ret);
    *ret_slope = ret->l_b;
    *ret_curvature = ret->l_bb - ret->l_bc * ret->l_bc / ret->l_cc;
}

/* The covariances of ln b and ln scale = c/b + ref: J' I J with I in (b, c), inverted. */
static int set_errors(const struct weibull_at *at, struct weibull_fit *fit, struct fail *f)
{
    double b = at->b, c = at->c;
    double i_bb = -at->l_bb, i_bc = -at->l_bc, i_cc = -at->l_cc;
    double i_11 = b * b * i_bb + 2 * b * c * i_bc + c * c * i_cc;
    double i_12 = b * (b * i_bc + c * i_cc), i_22 = b * b * i_cc;
    double det = i_11 * i_22 - i_12 * i_12;

    if (!(i_11 > 0 && i_22 > 0 && det > 1e-12 * i_11 * i_22))
        return fail_set(f, FAIL_INPUT, "not estimable: the likelihood is flat where it is greatest");
    fit->se_log_shape = sqrt(i_22 / det);
    fit->se_log_scale = sqrt(i_11 / det);
    fit->cov_log_shape_log_scale = -i_12 / det;
    return 0;
}

static int refuse(int side, struct fail *f)
{
    if (side > 0)
        return fail_set(f, FAIL_INPUT, "not estimable: the likelihood rises with the shape without bound");
    if (side < 0)
        return fail_set(
            f, FAIL_INPUT, "not estimable: the failure rate falls as fast as 1/age or faster, the best shape is 0");
    return fail_set(f, FAIL_INPUT, "not estimable: the likelihood has no maximum that could be found");
}

/* Failures in spans together with truncation can have several maxima: the climb starts at the highest that a walk over
 * all shapes sees. All else has one. */
static double start_of_climb(const struct weibull_model *m)
{
    static const double far = 1.25; /* from one shape to the next */
    struct weibull_at at;
    double best = -(double)INFINITY, start = 1;
    size_t steps = m->spans.n && m->part.n ? (size_t)(log(m->shape_max / m->shape_min) / log(far)) : 0;

    for (size_t i = 0; i < steps; i++) {
        double shape = m->shape_min * pow(far, (double)i);

        weibull_model_best_scale(m, shape, &at);
        if (at.ll > best) {
            best = at.ll;
            start = shape;
        }
    }
    return start;
}

int weibull_model_fit(
    const struct weibull_model *m, struct weibull_at *ret_top, struct weibull_fit *ret, struct fail *f)
{
    struct weibull_at top;
    int side;

    if (weibull_model_climb(m, along_profile, 0, start_of_climb(m), &top, &side))
        return refuse(side, f);
    ret->units = m->units;
    ret->failures = m->failures;
    ret->shape = top.b;
    ret->scale = exp(top.c / top.b + m->ref);
    ret->loglik = top.ll;
    if (!(ret->scale > 0 && isfinite(ret->scale)))
        return fail_set(f, FAIL_INPUT, "not estimable: the best scale is beyond any number");
    *ret_top = top;
    return set_errors(&top, ret, f);
}

int weibull_fit_spans(const struct weibull_spans *s, struct weibull_fit *ret, struct fail *f)
{
    autoclose_model struct weibull_model m = {0};
    struct weibull_fit fit;
    struct weibull_at top;

    if (weibull_model_open(s, &m, f) || weibull_model_fit(&m, &top, &fit, f))
        return -1;
    *ret = fit;
    return 0;
}

int weibull_fit(const struct lives *l, struct weibull_fit *ret, struct fail *f)
{
    autoclose_model struct weibull_model m = {0};
    struct weibull_fit fit;
    struct weibull_at top;

    if (weibull_model_open_lives(l, &m, f) || weibull_model_fit(&m, &top, &fit, f))
        return -1;
    *ret = fit;
    return 0;
}

/* ---------------------------------------------------------------- from the fit alone */

static struct interval around(double at, double half)
{
    return (struct interval){exp(at - half), exp(at + half)};
}

int weibull_wald(
    const struct weibull_fit *fit, double level, struct interval *ret_shape, struct interval *ret_scale, struct fail *f)
{
    double z;

    if (check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    z = special_normal_quantile(TAIL_UPPER, (1 - level) / 2);
    *ret_shape = around(log(fit->shape), z * fit->se_log_shape);
    *ret_scale = around(log(fit->scale), z * fit->se_log_scale);
    return 0;
}

/* Variance of g when its derivatives by ln shape and ln scale are these. */
static double delta_variance(const struct weibull_fit *fit, double by_log_shape, double by_log_scale)
{
    return pow(by_log_shape * fit->se_log_shape, 2) + pow(by_log_scale * fit->se_log_scale, 2) +
           2 * by_log_shape * by_log_scale * fit->cov_log_shape_log_scale;
}

int weibull_life(const struct weibull_fit *fit, double p, double level, struct weibull_estimate *ret, struct fail *f)
{
    double part, log_life, half;
    struct interval limits;

    if (check_one(CHECK_LEVEL, "p", p, f) || check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    part = log(-log1p(-p)) / fit->shape;
    log_life = log(fit->scale) + part;
    half = special_normal_quantile(TAIL_UPPER, (1 - level) / 2) * sqrt(fmax(delta_variance(fit, -part, 1), 0));
    limits = around(log_life, half);
    *ret = (struct weibull_estimate){exp(log_life), limits.lo, limits.hi};
    return 0;
}

int weibull_reliability(
    const struct weibull_fit *fit, double t, double level, struct weibull_estimate *ret, struct fail *f)
{
    double at, half;

    if (check_one(CHECK_POSITIVE, "t", t, f) || check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    at = fit->shape * (log(t) - log(fit->scale)); /* ln(-ln R) */
    half = special_normal_quantile(TAIL_UPPER, (1 - level) / 2) * sqrt(fmax(delta_variance(fit, at, -fit->shape), 0));
    *ret = (struct weibull_estimate){exp(-exp(at)), exp(-exp(at + half)), exp(-exp(at - half))};
    return 0;
}

/* ---------------------------------------------------------------- two groups */

/* The fit of the rows whose group is the one asked for: the others get the weight 0. */
static int fit_group(const struct lives *l, const bool *second, bool group, struct weibull_fit *ret, struct fail *f)
{
    autofree double *freq = room(l->n, sizeof *freq);
    struct lives part = *l;

    for (size_t i = 0; i < l->n; i++)
        freq[i] = second[i] == group ? lives_freq(l, i) : 0;
    part.freq = freq;
    if (weibull_fit(&part, ret, f))
        return fail_add(f, "%s group", group ? "second" : "first");
    return 0;
}

int weibull_compare(const struct lives *l, const bool *second, struct weibull_comparison *ret, struct fail *f)
{
    struct weibull_fit common, one, other;
    double lr;

    if (weibull_fit(l, &common, f) || fit_group(l, second, false, &one, f) || fit_group(l, second, true, &other, f))
        return -1;
    lr = fmax(2 * (one.loglik + other.loglik - common.loglik), 0); /* below 0 by rounding only */
    *ret =
        (struct weibull_comparison){common.loglik, one.loglik + other.loglik, lr, 2, special_chisq(TAIL_UPPER, lr, 2)};
    return 0;
}
