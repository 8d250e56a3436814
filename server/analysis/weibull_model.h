/* weibull_model.h: the Weibull likelihood of one set of units, ready to be evaluated again and again. Shared by
 * weibull.c (the fit) and weibull_profile.c (profile limits); not for others.
 *
 * Written in b = shape and c = b ln scale, so that (t/scale)^b = exp(b x - c) with x = ln t. Ages are taken relative to
 * the longest that was survived, so no power overflows. With H(t) = exp(b x - c) every unit is one or two of
 *   survived from e to t    -(H(t) - H(e))
 *   failed at t             ln b + b x - c - ln t, besides having survived to t
 *   failed between s and t  ln (1 - exp(-(H(t) - H(s)))), besides having survived to s
 * For fixed b the sum is concave in c; without truncation it is concave in (b, c) together (Burridge 1981). */
#ifndef FAULTLINE_WEIBULL_MODEL_H
#define FAULTLINE_WEIBULL_MODEL_H

#include "weibull.h"

/* x: ln of the later age; d: ln of the earlier one less x, -infinity when it is 0; w: number of units. */
struct weibull_stretches {
    size_t n;
    double *x, *d, *w; /* d NULL: all begin at age 0 */
};

struct weibull_model {
    double units, failures;
    double ref;                           /* ln of the reference age, in the unit of the ages */
    double exact, exact_x, exact_log;     /* units failed at a known age: their number, sums of x and of ln age */
    double between;                       /* units failed in a span */
    struct weibull_stretches whole, part; /* survived from 0; survived from a later age */
    struct weibull_stretches spans;       /* failed between */
    double shape_min, shape_max;          /* where the likelihood can be evaluated */
};

/* The likelihood and its derivatives at one b and c. */
struct weibull_at {
    double b, c;
    double ll, l_b, l_c;
    double l_bb, l_bc, l_cc;
};

/* Checks the rows and prepares them; on success the model is to be freed. */
int weibull_model_open(const struct weibull_spans *s, struct weibull_model *ret, struct fail *f) must_check;
int weibull_model_open_lives(const struct lives *l, struct weibull_model *ret, struct fail *f) must_check;
void weibull_model_close(struct weibull_model *m);
#define autoclose_model __attribute__((cleanup(weibull_model_close)))

/* At given b and c; ll is -infinity where a power is beyond a double. */
void weibull_model_at(const struct weibull_model *m, double b, double c, struct weibull_at *ret);

/* At given b and the c that is best there. */
void weibull_model_best_scale(const struct weibull_model *m, double b, struct weibull_at *ret);

/* A line through the parameters along which ln b moves, for weibull_model_climb. */
typedef void weibull_line(const struct weibull_model *m, double b, double fixed, struct weibull_at *ret,
    double *ret_slope, double *ret_curvature);

/* The b between shape_min and shape_max where the line's slope passes from rising to falling, from start on; *ret is
 * the likelihood there. FAIL_INPUT: it rises or falls all the way (*ret_side +1 or -1), or no convergence (0). */
int weibull_model_climb(const struct weibull_model *m, weibull_line *line, double fixed, double start,
    struct weibull_at *ret, int *ret_side) must_check;

/* The fit, and b and c at its top. */
int weibull_model_fit(
    const struct weibull_model *m, struct weibull_at *ret_top, struct weibull_fit *ret, struct fail *f) must_check;

#endif
