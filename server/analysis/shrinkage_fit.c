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

enum { PARAMETERS = 5, SAMPLE = 3000, STARTS_MOST = 160, FINALISTS = 8, KEPT = 4096 };

static const double SHAPE_LEAST = 1e-6, SHAPE_MOST = 1e9, MEAN_SPAN = 1e6, LOG_ODDS_MOST = 25;

/* Where the likelihood hardly knows a shape any more, a search that came here on a sample starts again from below. */
static const double SHAPE_LOOSE = 30;

struct cells {
    const double *events, *expected;
    double *log_expected, *log_factorial; /* of each cell */
    size_t n;
    size_t kept;  /* sums are kept for counts below this */
    double *sums; /* 4 × kept: for each component those of struct rises */
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

/* How Γ(α + N) / Γ(α) rises above α^N: Σ ln(1 + i/α) and Σ 1 / (1 + i/α), i below N. The sums keep their digits for large
 * α, where the functions themselves are all but equal. */
struct rises {
    double log_gamma, digamma;
};

static void keep_rises(double alpha, size_t kept, double *ret)
{
    struct rises r = {0};

    for (size_t i = 0; i < kept; i++) {
        ret[2 * i] = r.log_gamma;
        ret[2 * i + 1] = r.digamma;
        r.log_gamma += log1p((double)i / alpha);
        r.digamma += 1 / (1 + (double)i / alpha);
    }
}

static struct rises rises_of(const struct cells *c, int which, double alpha, double events)
{
    const double *sums = c->sums + (size_t)which * 2 * c->kept;

    if (events < (double)c->kept)
        return (struct rises){sums[2 * (size_t)events], sums[2 * (size_t)events + 1]};
    return (struct rises){special_log_gamma(alpha + events) - special_log_gamma(alpha) - events * log(alpha),
        alpha * (special_digamma(alpha + events) - special_digamma(alpha))};
}

struct component {
    double alpha, beta, log_mean;
};

/* ln probability of cell i under one component, and its derivatives by ln mean and ln shape. */
static double probability(const struct cells *c, size_t i, int which, const struct component *g, double *ret_by)
{
    double events = c->events[i], log_rise = log1p(c->expected[i] / g->beta);
    double excess = (g->alpha + events) / (1 + c->expected[i] / g->beta); /* posterior mean times β */
    struct rises r = rises_of(c, which, g->alpha, events);

    ret_by[0] = excess - g->alpha;
    ret_by[1] = r.digamma - g->alpha * log_rise + g->alpha - excess;
    return events * (g->log_mean + c->log_expected[i]) + r.log_gamma - c->log_factorial[i] -
           (g->alpha + events) * log_rise;
}

static double loss(const double *x, double *ret_gradient, const void *context)
{
    const struct cells *c = context;
    struct shrinkage_prior t = prior_of(x);
    const struct component g1 = {t.alpha1, t.beta1, x[0]}, g2 = {t.alpha2, t.beta2, x[2]};
    double log_p = -log1p(exp(-x[4])), log_q = -log1p(exp(x[4])), sum = 0;

    memset(ret_gradient, 0, PARAMETERS * sizeof *ret_gradient);
    keep_rises(t.alpha1, c->kept, c->sums);
    keep_rises(t.alpha2, c->kept, c->sums + 2 * c->kept);
    for (size_t i = 0; i < c->n; i++) {
        double by1[2], by2[2];
        double w1 = log_p + probability(c, i, 0, &g1, by1), w2 = log_q + probability(c, i, 1, &g2, by2);
        double less = exp(-fabs(w1 - w2)), share = (w1 > w2 ? 1 : less) / (1 + less);

        sum -= fmax(w1, w2) + log1p(less);
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

/* Every step-th cell, with what is computed of it once. */
struct prepared {
    struct cells cells;
    double *memory;
};

static struct prepared prepare(const double *events, const double *expected, size_t all, size_t n)
{
    struct prepared p = {.memory = room(4 * n + 4 * KEPT, sizeof *p.memory)};
    double *column[] = {p.memory, p.memory + n, p.memory + 2 * n, p.memory + 3 * n};
    double largest = 0;

    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)((double)i * (double)all / (double)n);

        column[0][i] = events[at];
        column[1][i] = expected[at];
        column[2][i] = log(expected[at]);
        column[3][i] = special_log_gamma(events[at] + 1);
        largest = fmax(largest, events[at]);
    }
    p.cells = (struct cells){.events = column[0],
        .expected = column[1],
        .log_expected = column[2],
        .log_factorial = column[3],
        .n = n,
        .kept = (size_t)fmin(largest + 1, KEPT),
        .sums = p.memory + 4 * n};
    return p;
}

static void prepared_free(struct prepared *p)
{
    free(p->memory);
}

static int mean_ratio(const double *events, const double *expected, size_t n, double *ret_mean, struct fail *f)
{
    double sum_events = 0, sum_expected = 0;

    if (check_all(CHECK_COUNT, "N", events, n, f) || check_all(CHECK_POSITIVE, "E", expected, n, f) ||
        check_length("N", n, 2, f))
        return -1;
    for (size_t i = 0; i < n; i++) {
        sum_events += events[i];
        sum_expected += expected[i];
    }
    if (sum_events == 0)
        return fail_set(f, FAIL_INPUT, "N: not estimable: no events in any cell");
    *ret_mean = sum_events / sum_expected;
    return 0;
}

/* The first n starts once more, with shapes that a search can leave. */
static size_t loosen(struct start *starts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        starts[n + i] = starts[i];
        for (int k = 1; k <= 3; k += 2)
            starts[n + i].x[k] = fmin(fmax(starts[i].x[k], -log(SHAPE_LOOSE)), log(SHAPE_LOOSE));
    }
    return 2 * n;
}

int shrinkage_fit(const double *events, const double *expected, size_t n, struct shrinkage_prior *ret_prior,
    double *ret_loss, struct fail *f)
{
    __attribute__((cleanup(prepared_free))) struct prepared p = {.memory = NULL};
    autofree struct start *starts = room(STARTS_MOST, sizeof *starts);
    double mean = 0;
    size_t count;

    if (mean_ratio(events, expected, n, &mean, f))
        return -1;
    p = prepare(events, expected, n, n < SAMPLE ? n : SAMPLE);
    count = spread_starts(mean, starts);
    search(starts, count, &p.cells, mean, 12, 1e-3);
    sort_starts(starts, count, FINALISTS);
    search(starts, FINALISTS, &p.cells, mean, 300, 1e-9);
    sort_starts(starts, FINALISTS, FINALISTS);
    if (n > SAMPLE) {
        prepared_free(&p);
        p = prepare(events, expected, n, n);
    }
    count = loosen(starts, 3);
    search(starts, count, &p.cells, mean, 500, 1e-10);
    sort_starts(starts, count, 1);
    *ret_prior = prior_of(starts[0].x);
    if (ret_loss)
        *ret_loss = shrinkage_cells_loss(ret_prior, events, expected, n);
    return 0;
}
