/* shrinkage_fit.c: the prior's parameters by maximum likelihood.
 *
 * Each component is searched by ln of its mean and ln of its shape, which are nearly independent, and the weight by its
 * log odds. The surface has several hollows; starts are spread over weights, means and shapes, first on a part of
 * the cells when there are many. */
#include "shrinkage_parts.h"

#include "check.h"
#include "minimise.h"
#include "room.h"
#include "special.h"

#include <math.h>
#include <string.h>

enum { PARAMETERS = 5, SAMPLE = 1000, STARTS_MOST = 160, FINALISTS = 6 };

static const double SHAPE_LEAST = 1e-6, SHAPE_MOST = 1e9, MEAN_SPAN = 1e6, LOG_ODDS_MOST = 25;

struct cells {
    const double *events, *expected;
    size_t n;
};

/* x: ln mean 1, ln shape 1, ln mean 2, ln shape 2, log odds of P. */
static struct shrinkage_prior prior_of(const double *x)
{
    return (struct shrinkage_prior){.alpha1 = exp(x[1]),
        .beta1 = exp(x[1] - x[0]),
        .alpha2 = exp(x[3]),
        .beta2 = exp(x[3] - x[2]),
        .p = 1 / (1 + exp(-x[4]))};
}

/* ψ(α + N) - ψ(α), which for large α is a small difference. */
static double digamma_rise(double alpha, double events)
{
    double sum = 0;

    if (events > 200)
        return special_digamma(alpha + events) - special_digamma(alpha);
    for (double i = 0; i < events; i++)
        sum += 1 / (alpha + i);
    return sum;
}

/* ln probability under one component, and its derivatives by ln mean and ln shape. */
static double component(double alpha, double beta, double events, double expected, double *ret_by)
{
    double excess = (alpha + events) / (beta + expected) * beta; /* posterior mean times β */

    ret_by[0] = excess - alpha;
    ret_by[1] = alpha * (digamma_rise(alpha, events) - log1p(expected / beta) + 1) - excess;
    return shrinkage_log_probability(alpha, beta, events, expected);
}

static double loss(const double *x, double *ret_gradient, const void *context)
{
    const struct cells *c = context;
    struct shrinkage_prior t = prior_of(x);
    double log_p = -log1p(exp(-x[4])), log_q = -log1p(exp(x[4])), sum = 0;

    memset(ret_gradient, 0, PARAMETERS * sizeof *ret_gradient);
    for (size_t i = 0; i < c->n; i++) {
        double by1[2], by2[2];
        double w1 = log_p + component(t.alpha1, t.beta1, c->events[i], c->expected[i], by1);
        double w2 = log_q + component(t.alpha2, t.beta2, c->events[i], c->expected[i], by2);
        double larger = fmax(w1, w2), share = 1 / (1 + exp(w2 - w1));

        sum -= larger + log1p(exp(fmin(w1, w2) - larger));
        for (int k = 0; k < 2; k++) {
            ret_gradient[k] -= share * by1[k];
            ret_gradient[2 + k] -= (1 - share) * by2[k];
        }
        ret_gradient[4] -= share - t.p;
    }
    return sum;
}

/* ---------------------------------------------------------------- starts */

struct start {
    double x[PARAMETERS], loss;
};

/* Means relative to that of the whole table, shapes, weights. The last one is DuMouchel's (1999). */
static size_t spread_starts(double mean, struct start *ret)
{
    static const double means[] = {0.1, 0.4, 1.5, 3, 7, 15}, shapes[] = {0.5, 6, 500}, others[] = {2, 40};
    static const double weights[] = {0.015, 0.1, 0.4};
    size_t n = 0;

    for (size_t m = 0; m < countof(means); m++)
        for (size_t a = 0; a < countof(shapes); a++)
            for (size_t o = 0; o < countof(others); o++)
                for (size_t w = 0; w < countof(weights); w++) {
                    double p = weights[w], rest = fmax((1 - p * means[m]) / (1 - p), 0.2);

                    ret[n++] = (struct start){.x = {log(mean * means[m]), log(shapes[a]), log(mean * rest),
                                                  log(others[o]), log(p / (1 - p))}};
                }
    ret[n++] = (struct start){.x = {log(mean * 2), log(0.2), log(mean / 2), log(2), -log(2)}};
    return n;
}

/* Brings the best of the starts to the front. */
static void sort_starts(struct start *starts, size_t n, size_t front)
{
    for (size_t i = 0; i < front && i < n; i++) {
        size_t best = i;
        struct start swap = starts[i];

        for (size_t k = i + 1; k < n; k++)
            if (starts[k].loss < starts[best].loss)
                best = k;
        starts[i] = starts[best];
        starts[best] = swap;
    }
}

static void search(
    struct start *starts, size_t n, const struct cells *cells, double mean, unsigned steps, double tolerance)
{
    struct minimise m = {.value = loss, .context = cells, .n = PARAMETERS, .steps = steps, .tolerance = tolerance};

    for (int i = 0; i < 2; i++) {
        m.lo[2 * i] = log(mean / MEAN_SPAN);
        m.hi[2 * i] = log(mean * MEAN_SPAN);
        m.lo[2 * i + 1] = log(SHAPE_LEAST);
        m.hi[2 * i + 1] = log(SHAPE_MOST);
    }
    m.lo[4] = -LOG_ODDS_MOST;
    m.hi[4] = LOG_ODDS_MOST;
    for (size_t i = 0; i < n; i++)
        minimise_from(&m, starts[i].x, &starts[i].loss);
}

/* Every (n / SAMPLE)-th cell. */
static struct cells sampled(const struct cells *all, double *room_of_two)
{
    size_t n = all->n < SAMPLE ? all->n : SAMPLE;

    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)((double)i * (double)all->n / (double)n);

        room_of_two[i] = all->events[at];
        room_of_two[SAMPLE + i] = all->expected[at];
    }
    return (struct cells){.events = room_of_two, .expected = room_of_two + SAMPLE, .n = n};
}

static int mean_ratio(const struct cells *c, double *ret_mean, struct fail *f)
{
    double events = 0, expected = 0;

    if (check_all(CHECK_COUNT, "N", c->events, c->n, f) || check_all(CHECK_POSITIVE, "E", c->expected, c->n, f) ||
        check_length("N", c->n, 2, f))
        return -1;
    for (size_t i = 0; i < c->n; i++) {
        events += c->events[i];
        expected += c->expected[i];
    }
    if (events == 0)
        return fail_set(f, FAIL_INPUT, "N: not estimable: no events in any cell");
    *ret_mean = events / expected;
    return 0;
}

int shrinkage_fit(const double *events, const double *expected, size_t n, struct shrinkage_prior *ret_prior,
    double *ret_loss, struct fail *f)
{
    struct cells all = {.events = events, .expected = expected, .n = n}, some;
    autofree struct start *starts = room(STARTS_MOST, sizeof *starts);
    autofree double *sample = room(2 * SAMPLE, sizeof *sample);
    double mean = 0;
    size_t count;

    if (mean_ratio(&all, &mean, f))
        return -1;
    some = sampled(&all, sample);
    count = spread_starts(mean, starts);
    search(starts, count, &some, mean, 12, 1e-3);
    sort_starts(starts, count, FINALISTS);
    search(starts, FINALISTS, &some, mean, 300, 1e-9);
    sort_starts(starts, FINALISTS, FINALISTS);
    search(starts, all.n > some.n ? 2 : 1, &all, mean, 500, 1e-10);
    sort_starts(starts, all.n > some.n ? 2 : 1, 1);
    *ret_prior = prior_of(starts[0].x);
    if (ret_loss)
        *ret_loss = starts[0].loss;
    return 0;
}
