/* weibull_profile.c: profile likelihood limits of both parameters: on either side of the fit, the place where the
 * profile has fallen by half a chi-square quantile. */
#include "weibull.h"
#include "check.h"
#include "solve.h"
#include "special.h"
#include "weibull_model.h"

#include <math.h>

struct profile {
    const struct weibull_model *model;
    double start;  /* shape of the fit */
    double target; /* the loglik at the limits */
};

static double shape_profile(double log_shape, const void *context)
{
    const struct profile *p = context;
    struct weibull_at at;

    weibull_model_best_scale(p->model, exp(log_shape), &at);
    return at.ll - p->target;
}

/* A fixed scale is c = b ln scale: a line through the origin of (b, c). */
static void along_scale(const struct weibull_model *m, double b, double log_scale, struct weibull_at *ret,
    double *ret_slope, double *ret_curvature)
{
    weibull_model_at(m, b, b * log_scale, ret);
    *ret_slope = ret->l_b + log_scale * ret->l_c;
    *ret_curvature = ret->l_bb + log_scale * (2 * ret->l_bc + log_scale * ret->l_cc);
}

/* Where the likelihood only rises towards the least or the largest shape, the value there is its bound. */
static double scale_profile(double log_scale, const void *context)
{
    const struct profile *p = context;
    struct weibull_at at;
    int side;

    if (weibull_model_climb(p->model, along_scale, log_scale, p->start, &at, &side) && !side)
        return (double)NAN;
    return at.ll - p->target;
}

/* exp of the limit on the side of step, or 0 or infinity when there is none up to end. */
static double limit(solve_function *profile, const struct profile *p, double from, double step, double end, double ref)
{
    struct fail none;
    double at;

    if (solve_root_from(profile, p, from, step, end, &at, &none))
        return step > 0 ? (double)INFINITY : 0;
    return exp(at + ref);
}

static int both(
    const struct weibull_model *m, double level, struct interval *ret_shape, struct interval *ret_scale, struct fail *f)
{
    static const double log_range = 700; /* a scale this far away is 0 or infinite as a double */
    struct weibull_fit fit;
    struct weibull_at top;
    struct profile p = {.model = m};
    double z, shape_step, scale_step, log_scale;

    if (check_one(CHECK_LEVEL, "level", level, f) || weibull_model_fit(m, &top, &fit, f))
        return -1;
    z = special_normal_quantile(TAIL_UPPER, (1 - level) / 2);
    p.start = top.b;
    p.target = top.ll - z * z / 2;
    shape_step = z * fit.se_log_shape;
    scale_step = z * fit.se_log_scale;
    log_scale = top.c / top.b;
    *ret_shape = (struct interval){
        limit(shape_profile, &p, log(top.b), -shape_step, log(m->shape_min), 0),
        limit(shape_profile, &p, log(top.b), shape_step, log(m->shape_max), 0),
    };
    *ret_scale = (struct interval){
        limit(scale_profile, &p, log_scale, -scale_step, log_scale - log_range, m->ref),
        limit(scale_profile, &p, log_scale, scale_step, log_scale + log_range, m->ref),
    };
    return 0;
}

int weibull_profile_spans(
    const struct weibull_spans *s, double level, struct interval *ret_shape, struct interval *ret_scale, struct fail *f)
{
    autoclose_model struct weibull_model m = {0};

    return weibull_model_open(s, &m, f) ? -1 : both(&m, level, ret_shape, ret_scale, f);
}

int weibull_profile(
    const struct lives *l, double level, struct interval *ret_shape, struct interval *ret_scale, struct fail *f)
{
    autoclose_model struct weibull_model m = {0};

    return weibull_model_open_lives(l, &m, f) ? -1 : both(&m, level, ret_shape, ret_scale, f);
}
