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
static const double DEPENDENT = 1e-11;
static const double LEAST_MEAN = 0x1p-52;

/* Moved further than this in a linear predictor when the deviance has settled: it runs away (by 1 a round). */
static const double RUNNING = 0.1;

struct rounds {
    const double *y, *x, *offset;
    size_t n, p;
    double *eta, *mean; /* [n]; eta with the offset */
    double *weighted;   /* [n × p] */
    double *target;     /* [n] */
    double *scratch;    /* [2 p] */
    double *coef, *before, *variance;
    size_t *pivot;
    size_t rank;
    double deviance;
};

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
    for (size_t j = 0; j < r->p; j++)
        for (size_t i = 0; i < r->n; i++)
            r->eta[i] += r->coef[j] * r->x[j * r->n + i];
    for (size_t i = 0; i < r->n; i++)
        r->mean[i] = fmax(exp(r->eta[i]), LEAST_MEAN);
}

/* One weighted least-squares step from the means that stand. */
static void step(struct rounds *r)
{
    for (size_t i = 0; i < r->n; i++)
        r->target[i] = sqrt(r->mean[i]) * (r->eta[i] - offset_of(r, i) + (r->y[i] - r->mean[i]) / r->mean[i]);
    for (size_t j = 0; j < r->p; j++)
        for (size_t i = 0; i < r->n; i++)
            r->weighted[j * r->n + i] = sqrt(r->mean[i]) * r->x[j * r->n + i];
    memcpy(r->before, r->coef, r->p * sizeof *r->coef);
    r->rank = qr_solve(r->weighted, r->target, r->n, r->p, DEPENDENT, r->scratch, r->coef, r->variance, r->pivot);
    predict(r);
}

static int halve(struct rounds *r, unsigned round, struct fail *f)
{
    for (int i = 0; !isfinite(deviance(r)); i++) {
        if (round == 0 || i == MOST_HALVINGS)
            return fail_set(f, FAIL_INPUT, "not estimable: the deviance is infinite in round %u", round + 1);
        for (size_t j = 0; j < r->p; j++)
            r->coef[j] = (r->coef[j] + r->before[j]) / 2;
        predict(r);
    }
    return 0;
}

/* The furthest that term j moved a linear predictor in the last round. */
static double moved(const struct rounds *r, size_t j)
{
    double most = 0;

    for (size_t i = 0; i < r->n; i++)
        most = fmax(most, fabs(r->x[j * r->n + i]));
    return most * fabs(r->coef[j] - r->before[j]);
}

static bool runs_away(const struct rounds *r)
{
    for (size_t j = 0; j < r->p; j++)
        if (moved(r, j) > RUNNING)
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

static bool tell_terms(const struct rounds *r, struct regression_term *terms)
{
    bool separated = false;

    for (size_t k = 0; k < r->p; k++) {
        size_t j = r->pivot[k];
        bool running = moved(r, j) > RUNNING;

        separated = separated || running;
        terms[j] = (struct regression_term){REGRESSION_ESTIMATED, r->coef[j], sqrt(r->variance[j])};
        if (k >= r->rank)
            terms[j].state = REGRESSION_ALIASED;
        else if (running)
            terms[j].state = REGRESSION_UNBOUNDED;
    }
    return separated;
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
    autofree size_t *pivot = NULL;
    struct rounds r = {.y = y, .x = x, .offset = offset, .n = n, .p = p};
    struct regression_fit fit;

    if (check(y, x, n, p, offset, f))
        return -1;
    r.eta = numbers = room(n * p + 3 * n + 5 * p, sizeof *numbers);
    r.pivot = pivot = room(p, sizeof *pivot);
    r.mean = r.eta + n;
    r.target = r.mean + n;
    r.weighted = r.target + n;
    r.scratch = r.weighted + n * p;
    r.coef = r.scratch + 2 * p;
    r.before = r.coef + p;
    r.variance = r.before + p;
    if (settle(&r, &fit.rounds, f))
        return -1;
    fit.deviance = r.deviance;
    fit.loglik = log_likelihood(&r);
    fit.df_residual = n - r.rank;
    fit.pearson = pearson(&r);
    fit.dispersion = fit.pearson / (double)fit.df_residual;
    fit.separated = tell_terms(&r, ret_terms);
    if (ret_fitted)
        memcpy(ret_fitted, r.mean, n * sizeof *ret_fitted);
    *ret = fit;
    return 0;
}
