/* regression.c: the rounds of regression_poisson(), as R's glm.fit goes through them. */
#include "regression.h"

#include "check.h"
#include "qr.h"
#include "room.h"
#include "special.h"

#include <math.h>
#include <string.h>

enum { MOST_ROUNDS = 100, MOST_HALVINGS = 100 };

/* Change of the deviance, relative to it, at which it has settled; and at which it has when rounding lets it no further. */
static const double SETTLED = 1e-12, NEARLY_SETTLED = 1e-8;

/* Of a column, what earlier ones leave; less is rounding. */
static const double DEPENDENT = 1e-10;
static const double LEAST_MEAN = 0x1p-52;

/* Moved further than this in a linear predictor when the deviance has settled: it runs away (by 1 a round). */
static const double RUNNING = 0.1;

struct rounds {
    const double *y, *x, *offset;
    size_t n, p;
    size_t *use;                      /* [p]: the columns of x, those first that do not depend on others */
    size_t rank;                      /* so many do not */
    double *eta, *mean;               /* [n]; eta with the offset */
    double *weighted;                 /* [n × p] */
    double *target;                   /* [n] */
    double *scratch;                  /* [2 p] */
    double *coef, *before, *variance; /* [p], of the columns in the order of use */
    size_t *pivot;
    double deviance;
};

static const double *column(const struct rounds *r, size_t k)
{
    return &r->x[r->use[k] * r->n];
}

static double offset_of(const struct rounds *r, size_t i)
{
    return r->offset ? r->offset[i] : 0;
}

/* 2 (y log(y/mean) - (y - mean)); near the mean by Loader's series, where the difference would lose all digits. */
static double deviance_of(double y, double mean)
{
    double v = (y - mean) / (y + mean), power = 2 * y * v, total = (y - mean) * v;

    if (y <= 0)
        return 2 * mean;
    if (fabs(v) >= 0.1)
        return 2 * (y * log(y / mean) - (y - mean));
    for (int k = 3; k < 40; k += 2) {
        power *= v * v;
        total += power / k;
    }
    return 2 * total;
}

static double deviance(const struct rounds *r)
{
    double total = 0;

    for (size_t i = 0; i < r->n; i++)
        total += deviance_of(r->y[i], r->mean[i]);
    return total;
}

static void start(struct rounds *r)
{
    for (size_t i = 0; i < r->n; i++) {
        r->eta[i] = log(r->y[i] + 0.1);
        r->mean[i] = exp(r->eta[i]);
    }
    r->deviance = deviance(r);
}

static void predict(struct rounds *r)
{
    for (size_t i = 0; i < r->n; i++)
        r->eta[i] = offset_of(r, i);
    for (size_t k = 0; k < r->rank; k++)
        for (size_t i = 0; i < r->n; i++)
            r->eta[i] += r->coef[k] * column(r, k)[i];
    for (size_t i = 0; i < r->n; i++)
        r->mean[i] = fmax(exp(r->eta[i]), LEAST_MEAN);
}

/* One weighted least-squares step from the means that stand. */
static void step(struct rounds *r)
{
    for (size_t i = 0; i < r->n; i++)
        r->target[i] = sqrt(r->mean[i]) * (r->eta[i] - offset_of(r, i) + (r->y[i] - r->mean[i]) / r->mean[i]);
    for (size_t k = 0; k < r->rank; k++)
        for (size_t i = 0; i < r->n; i++)
            r->weighted[k * r->n + i] = sqrt(r->mean[i]) * column(r, k)[i];
    memcpy(r->before, r->coef, r->rank * sizeof *r->coef);
    qr_solve(r->weighted, r->target, r->n, r->rank, 0, r->scratch, r->coef, r->variance, r->pivot);
    predict(r);
}

static int halve(struct rounds *r, unsigned round, struct fail *f)
{
    for (int i = 0; !isfinite(deviance(r)); i++) {
        if (round == 0 || i == MOST_HALVINGS)
            return fail_set(f, FAIL_INPUT, "not estimable: the deviance is infinite in round %u", round + 1);
        for (size_t k = 0; k < r->rank; k++)
            r->coef[k] = (r->coef[k] + r->before[k]) / 2;
        predict(r);
    }
    return 0;
}

/* The furthest that a column moved a linear predictor in the last round. */
static double moved(const struct rounds *r, size_t k)
{
    double most = 0;

    for (size_t i = 0; i < r->n; i++)
        most = fmax(most, fabs(column(r, k)[i]));
    return most * fabs(r->coef[k] - r->before[k]);
}

static bool runs_away(const struct rounds *r)
{
    for (size_t k = 0; k < r->rank; k++)
        if (moved(r, k) > RUNNING)
            return true;
    return false;
}

static int settle(struct rounds *r, unsigned *ret_rounds, struct fail *f)
{
    double change = (double)INFINITY;

    start(r);
    for (unsigned round = 0; round < MOST_ROUNDS; round++) {
        double before = r->deviance;

        step(r);
        if (halve(r, round, f))
            return -1;
        r->deviance = deviance(r);
        *ret_rounds = round + 1;
        change = fabs(r->deviance - before) / (r->deviance + 0.1);
        if (change < SETTLED)
            return 0;
    }
    if (change < NEARLY_SETTLED || runs_away(r))
        return 0;
    return fail_set(f, FAIL_INPUT, "does not converge: the deviance has not settled after %d rounds", MOST_ROUNDS);
}

/* Once more, so that the standard errors belong to the settled means. */
static void polish(struct rounds *r)
{
    step(r);
    r->deviance = deviance(r);
}

static double log_likelihood(const struct rounds *r)
{
    double total = 0;

    for (size_t i = 0; i < r->n; i++)
        total += special_poisson_log(r->y[i], r->mean[i]);
    return total;
}

static double pearson(const struct rounds *r)
{
    double total = 0;

    for (size_t i = 0; i < r->n; i++)
        total += (r->y[i] - r->mean[i]) / r->mean[i] * (r->y[i] - r->mean[i]);
    return total;
}

static void tell_terms(const struct rounds *r, struct regression_term *terms)
{
    for (size_t k = 0; k < r->p; k++) {
        struct regression_term *term = &terms[r->use[k]];

        *term = (struct regression_term){.state = REGRESSION_ALIASED};
        if (k < r->rank) {
            term->state = moved(r, k) > RUNNING ? REGRESSION_UNBOUNDED : REGRESSION_ESTIMATED;
            term->coef = r->coef[k];
            term->se = sqrt(r->variance[k]);
        }
    }
}

/* Which columns depend on earlier ones is a matter of the design alone: once weights have become tiny where a group has
 * no events, it could no longer be told. */
static void find_dependent(struct rounds *r)
{
    for (size_t i = 0; i < r->n * r->p; i++)
        r->weighted[i] = r->x[i];
    r->rank = qr_solve(r->weighted, r->target, r->n, r->p, DEPENDENT, r->scratch, r->coef, r->variance, r->use);
}

static int check(const double *y, const double *x, size_t n, size_t p, const double *offset, struct fail *f)
{
    if (check_length("y", n, 1, f) || check_length("terms", p, 1, f) || check_all(CHECK_NOT_NEGATIVE, "y", y, n, f) ||
        check_all(CHECK_FINITE, "x", x, n * p, f) || (offset && check_all(CHECK_FINITE, "offset", offset, n, f)))
        return -1;
    return 0;
}

int regression_poisson(const double *y, const double *x, size_t n, size_t p, const double *offset,
    struct regression_term *ret_terms, double *ret_fitted, struct regression_fit *ret, struct fail *f)
{
    autofree double *numbers = NULL;
    autofree size_t *indices = NULL;
    struct rounds r = {.y = y, .x = x, .offset = offset, .n = n, .p = p};
    struct regression_fit fit;

    if (check(y, x, n, p, offset, f))
        return -1;
    numbers = room(n * p + 3 * n + 5 * p, sizeof *numbers);
    indices = room(2 * p, sizeof *indices);
    r.eta = numbers;
    r.use = indices;
    r.pivot = r.use + p;
    r.mean = r.eta + n;
    r.target = r.mean + n;
    r.weighted = r.target + n;
    r.scratch = r.weighted + n * p;
    r.coef = r.scratch + 2 * p;
    r.before = r.coef + p;
    r.variance = r.before + p;
    find_dependent(&r);
    if (settle(&r, &fit.rounds, f))
        return -1;
    fit.separated = runs_away(&r);
    if (!fit.separated)
        polish(&r);
    fit.deviance = r.deviance;
    fit.loglik = log_likelihood(&r);
    fit.df_residual = n - r.rank;
    fit.pearson = pearson(&r);
    fit.dispersion = fit.pearson / (double)fit.df_residual;
    tell_terms(&r, ret_terms);
    if (ret_fitted)
        memcpy(ret_fitted, r.mean, n * sizeof *ret_fitted);
    *ret = fit;
    return 0;
}
