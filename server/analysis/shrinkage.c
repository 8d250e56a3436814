/* shrinkage.c: what a prior and one cell's count say of its ratio. The prior's fit has a file of its own. */
#include "shrinkage.h"

#include "check.h"
#include "shrinkage_parts.h"
#include "solve.h"
#include "special.h"

#include <math.h>

/* ln of the negative binomial probability of `events`: size α, probability β / (β + E). Loader's binomial probability of α
 * among α + N keeps its digits for α of 1e9. */
double shrinkage_log_probability(double alpha, double beta, double events, double expected)
{
    double all = beta + expected;

    return log(alpha / (alpha + events)) + special_binomial_log(alpha, alpha + events, beta / all, expected / all);
}

/* ln P f1 and ln (1 - P) f2. */
static void log_weights(const struct shrinkage_prior *t, double events, double expected, double *ret)
{
    ret[0] = log(t->p) + shrinkage_log_probability(t->alpha1, t->beta1, events, expected);
    ret[1] = log1p(-t->p) + shrinkage_log_probability(t->alpha2, t->beta2, events, expected);
}

static double first_weight(const struct shrinkage_prior *t, double events, double expected)
{
    double w[2];

    log_weights(t, events, expected, w);
    return 1 / (1 + exp(w[1] - w[0]));
}

int shrinkage_check_prior(const struct shrinkage_prior *t, struct fail *f)
{
    return check_one(CHECK_POSITIVE, "alpha1", t->alpha1, f) || check_one(CHECK_POSITIVE, "beta1", t->beta1, f) ||
                   check_one(CHECK_POSITIVE, "alpha2", t->alpha2, f) ||
                   check_one(CHECK_POSITIVE, "beta2", t->beta2, f) || check_one(CHECK_PROBABILITY, "P", t->p, f)
               ? -1
               : 0;
}

static int check_cell(const struct shrinkage_prior *prior, double events, double expected, struct fail *f)
{
    if (shrinkage_check_prior(prior, f) || check_one(CHECK_COUNT, "N", events, f))
        return -1;
    return check_one(CHECK_POSITIVE, "E", expected, f);
}

/* ---------------------------------------------------------------- quantiles of a mixture of two gammas */

struct mixture {
    double weight[2], shape[2], rate[2];
    enum tail tail;
    double log_p;
};

/* ln of the tail at e^u, less its target. */
static double excess(double u, const void *context)
{
    const struct mixture *m = context;
    double x = exp(u);
    double sum = m->weight[0] * special_gamma(m->tail, m->shape[0], m->rate[0] * x) +
                 m->weight[1] * special_gamma(m->tail, m->shape[1], m->rate[1] * x);

    return log(sum) - m->log_p;
}

/* Below this ln λ a quantile is taken for 0. */
static const double LOG_LEAST = -700;

/* The quantile lies between those of the components. */
static int between(const struct mixture *m, double lo, double hi, double *ret, struct fail *f)
{
    double from = fmax(log(lo), LOG_LEAST) - 1e-12, to = fmax(log(hi), LOG_LEAST) + 1e-12, u;
    double at_from = excess(from, m);

    if (from < LOG_LEAST && (m->tail == TAIL_LOWER ? at_from >= 0 : at_from <= 0)) {
        *ret = 0;
        return 0;
    }
    if (solve_root(excess, m, from, to, &u, f))
        return fail_add(f, "quantile");
    *ret = exp(u);
    return 0;
}

static int quantile(struct mixture *m, double q, double *ret, struct fail *f)
{
    double p = q <= 0.5 ? q : 1 - q, ends[2];

    m->tail = q <= 0.5 ? TAIL_LOWER : TAIL_UPPER;
    m->log_p = log(p);
    for (int i = 0; i < 2; i++)
        ends[i] = special_gamma_quantile(m->tail, m->shape[i], p) / m->rate[i];
    if (m->weight[0] > 0 && m->weight[1] > 0 && ends[0] != ends[1])
        return between(m, fmin(ends[0], ends[1]), fmax(ends[0], ends[1]), ret, f);
    *ret = ends[m->weight[0] > 0 ? 0 : 1];
    return 0;
}

static struct mixture given(const struct shrinkage_prior *t, double events, double expected, double qn)
{
    return (struct mixture){.weight = {qn, 1 - qn},
        .shape = {t->alpha1 + events, t->alpha2 + events},
        .rate = {t->beta1 + expected, t->beta2 + expected}};
}

int shrinkage_quantile(
    const struct shrinkage_prior *prior, double events, double expected, double q, double *ret, struct fail *f)
{
    struct mixture m;

    if (check_cell(prior, events, expected, f) || check_one(CHECK_LEVEL, "q", q, f))
        return -1;
    m = given(prior, events, expected, first_weight(prior, events, expected));
    return quantile(&m, q, ret, f);
}

int shrinkage_of(
    const struct shrinkage_prior *prior, double events, double expected, struct shrinkage *ret, struct fail *f)
{
    struct shrinkage s = {.rr = events / expected};
    struct mixture m;
    double log_mean[2];

    if (check_cell(prior, events, expected, f))
        return -1;
    s.qn = first_weight(prior, events, expected);
    m = given(prior, events, expected, s.qn);
    for (int i = 0; i < 2; i++)
        log_mean[i] = m.weight[i] > 0 ? m.weight[i] * (special_digamma(m.shape[i]) - log(m.rate[i])) : 0;
    s.ebgm = exp(log_mean[0] + log_mean[1]);
    if (quantile(&m, 0.05, &s.eb05, f) || quantile(&m, 0.95, &s.eb95, f))
        return -1;
    *ret = s;
    return 0;
}

/* ---------------------------------------------------------------- likelihood */

double shrinkage_cells_loss(const struct shrinkage_prior *t, const double *events, const double *expected, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        double w[2], larger;

        log_weights(t, events[i], expected[i], w);
        larger = fmax(w[0], w[1]);
        sum -= larger + log1p(exp(fmin(w[0], w[1]) - larger));
    }
    return sum;
}

int shrinkage_loss(const struct shrinkage_prior *prior, const double *events, const double *expected, size_t n,
    double *ret_loss, struct fail *f)
{
    if (shrinkage_check_prior(prior, f) || check_all(CHECK_COUNT, "N", events, n, f) ||
        check_all(CHECK_POSITIVE, "E", expected, n, f))
        return -1;
    *ret_loss = shrinkage_cells_loss(prior, events, expected, n);
    return 0;
}
