/* counts.c: exact Poisson and binomial tests and limits of one count. Those of many have a file of their own. */
#include "counts.h"

#include "check.h"
#include "special.h"

#include <math.h>

/* A distribution of counts 0 … most, whose probabilities rise to the mean and fall beyond. */
struct counted {
    double mean, most; /* Poisson: most is Inf */
    double n, p, q;    /* binomial; n < 0: Poisson */
};

static struct counted poisson(double mean)
{
    return (struct counted){.mean = mean, .most = mean > 0 ? HUGE_VAL : 0, .n = -1};
}

/* q = 1 - p, given apart. */
static struct counted binomial(double n, double p, double q)
{
    return (struct counted){.mean = n * p, .most = n, .n = n, .p = p, .q = q};
}

static double log_probability(const struct counted *d, double x)
{
    return d->n < 0 ? special_poisson_log(x, d->mean) : special_binomial_log(x, d->n, d->p, d->q);
}

/* ln P(X >= x) */
static double log_at_least(const struct counted *d, double x)
{
    if (x <= 0)
        return 0;
    if (x > d->most)
        return -HUGE_VAL;
    return d->n < 0 ? special_gamma_log(TAIL_LOWER, x, d->mean)
                    : special_beta_log(TAIL_LOWER, x, d->n - x + 1, d->p, d->q);
}

/* ln P(X <= x) */
static double log_at_most(const struct counted *d, double x)
{
    if (x < 0)
        return -HUGE_VAL;
    if (x >= d->most)
        return 0;
    return d->n < 0 ? special_gamma_log(TAIL_UPPER, x + 1, d->mean)
                    : special_beta_log(TAIL_UPPER, x + 1, d->n - x, d->p, d->q);
}

static double at_least(const struct counted *d, double x)
{
    if (x <= 0 || x > d->most)
        return x <= 0 ? 1 : 0;
    return d->n < 0 ? special_gamma(TAIL_LOWER, x, d->mean) : special_beta(TAIL_LOWER, x, d->n - x + 1, d->p, d->q);
}

static double at_most(const struct counted *d, double x)
{
    if (x < 0 || x >= d->most)
        return x < 0 ? 0 : 1;
    return d->n < 0 ? special_gamma(TAIL_UPPER, x + 1, d->mean) : special_beta(TAIL_UPPER, x + 1, d->n - x, d->p, d->q);
}

/* ---------------------------------------------------------------- the outcomes no more likely than one */

/* The last count of in … out (out excluded) that is more likely than log_limit, where likelihood falls from in to out;
 * in itself is. The counts stand |in - out| apart. */
static double last_more_likely(const struct counted *d, double in, double out, double log_limit)
{
    while (fabs(out - in) > 1) {
        double middle = trunc(in + (out - in) / 2);

        if (middle == in || middle == out)
            break; /* beyond 2^53 neighbours are further apart than 1 */
        if (log_probability(d, middle) > log_limit)
            in = middle;
        else
            out = middle;
    }
    return in;
}

/* x below the mean: outcomes from the far side, above. */
static double far_above(const struct counted *d, double log_limit)
{
    double in = ceil(d->mean), out = in, step = 1, last;

    if (in > d->most || log_probability(d, in) <= log_limit)
        return at_least(d, in);
    while (out <= d->most && log_probability(d, out) > log_limit) {
        in = out;
        out += step;
        step *= 2;
    }
    last = last_more_likely(d, in, fmin(out, d->most + 1), log_limit);
    return last < d->most ? at_least(d, last + 1) : 0;
}

/* x above the mean: outcomes from the far side, below. */
static double far_below(const struct counted *d, double log_limit)
{
    double in = floor(d->mean);

    if (log_probability(d, in) <= log_limit)
        return at_most(d, in);
    if (log_probability(d, 0) > log_limit)
        return 0;
    return at_most(d, last_more_likely(d, in, 0, log_limit) - 1);
}

static double two_sided_minlike(const struct counted *d, double x)
{
    double log_limit = log_probability(d, x) + 1e-7;

    if (x == d->mean)
        return 1;
    if (x < d->mean)
        return fmin(at_most(d, x) + far_above(d, log_limit), 1);
    return fmin(at_least(d, x) + far_below(d, log_limit), 1);
}

static struct counts_test test_of(const struct counted *d, double x)
{
    double half = exp(log_probability(d, x)) / 2;
    struct counts_test t = {
        .p_greater = at_least(d, x),
        .p_less = at_most(d, x),
        .p_two_sided_minlike = two_sided_minlike(d, x),
        .log_p_greater = log_at_least(d, x),
        .log_p_less = log_at_most(d, x),
        .midp_greater = at_least(d, x + 1) + half,
    };

    t.p_two_sided_central = fmin(2 * fmin(t.p_greater, t.p_less), 1);
    return t;
}

/* ---------------------------------------------------------------- tests */

int counts_poisson_test(double observed, double expected, struct counts_test *ret, struct fail *f)
{
    struct counted d = poisson(expected);

    if (check_one(CHECK_COUNT, "observed", observed, f) || check_one(CHECK_NOT_NEGATIVE, "expected", expected, f))
        return -1;
    *ret = test_of(&d, observed);
    return 0;
}

static int check_trials(double successes, double trials, struct fail *f)
{
    if (check_one(CHECK_COUNT, "successes", successes, f) || check_one(CHECK_COUNT, "trials", trials, f))
        return -1;
    if (successes > trials)
        return fail_set(f, FAIL_INPUT, "successes: %.17g is more than trials, %.17g", successes, trials);
    return 0;
}

int counts_binomial_test(double successes, double trials, double p, struct counts_test *ret, struct fail *f)
{
    struct counted d = binomial(trials, p, 1 - p);

    if (check_trials(successes, trials, f) || check_one(CHECK_PROBABILITY, "p", p, f))
        return -1;
    *ret = test_of(&d, successes);
    return 0;
}

/* ---------------------------------------------------------------- limits */

/* Of the mean of a Poisson count. */
static struct counts_limits mean_limits(double x, double level)
{
    double beyond = 1 - level, half = beyond / 2;

    return (struct counts_limits){
        .lo = x > 0 ? special_gamma_quantile(TAIL_LOWER, x, half) : 0,
        .hi = special_gamma_quantile(TAIL_UPPER, x + 1, half),
        .lower_one_sided = x > 0 ? special_gamma_quantile(TAIL_LOWER, x, beyond) : 0,
        .upper_one_sided = special_gamma_quantile(TAIL_UPPER, x + 1, beyond),
    };
}

static struct counts_limits over(const struct counts_limits *limits, double exposure)
{
    return (struct counts_limits){
        .lo = limits->lo / exposure,
        .hi = limits->hi / exposure,
        .lower_one_sided = limits->lower_one_sided / exposure,
        .upper_one_sided = limits->upper_one_sided / exposure,
    };
}

int counts_rate_limits(double events, double exposure, double level, struct counts_limits *ret, struct fail *f)
{
    struct counts_limits limits;

    if (check_one(CHECK_COUNT, "events", events, f) || check_one(CHECK_POSITIVE, "exposure", exposure, f) ||
        check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    limits = mean_limits(events, level);
    *ret = over(&limits, exposure);
    return 0;
}

/* Of the odds p / (1 - p) of a binomial count. */
static struct counts_limits odds_limits(double x, double n, double level)
{
    double beyond = 1 - level, half = beyond / 2;
    struct counts_limits odds = {.hi = HUGE_VAL, .upper_one_sided = HUGE_VAL};

    if (x > 0) {
        odds.lo = special_beta_quantile_odds(TAIL_LOWER, x, n - x + 1, half);
        odds.lower_one_sided = special_beta_quantile_odds(TAIL_LOWER, x, n - x + 1, beyond);
    }
    if (x < n) {
        odds.hi = special_beta_quantile_odds(TAIL_UPPER, x + 1, n - x, half);
        odds.upper_one_sided = special_beta_quantile_odds(TAIL_UPPER, x + 1, n - x, beyond);
    }
    return odds;
}

static double probability_of(double odds)
{
    return odds < HUGE_VAL ? odds / (1 + odds) : 1;
}

int counts_binomial_limits(double successes, double trials, double level, struct counts_limits *ret, struct fail *f)
{
    struct counts_limits odds;

    if (check_trials(successes, trials, f) || check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    odds = odds_limits(successes, trials, level);
    *ret = (struct counts_limits){
        .lo = probability_of(odds.lo),
        .hi = probability_of(odds.hi),
        .lower_one_sided = probability_of(odds.lower_one_sided),
        .upper_one_sided = probability_of(odds.upper_one_sided),
    };
    return 0;
}

int counts_rate_ratio(
    double x1, double t1, double x2, double t2, double level, struct counts_ratio *ret, struct fail *f)
{
    struct counted d = binomial(x1 + x2, t1 / (t1 + t2), t2 / (t1 + t2));
    struct counts_limits odds;

    if (check_one(CHECK_COUNT, "x1", x1, f) || check_one(CHECK_POSITIVE, "t1", t1, f) ||
        check_one(CHECK_COUNT, "x2", x2, f) || check_one(CHECK_POSITIVE, "t2", t2, f) ||
        check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    odds = odds_limits(x1, x1 + x2, level);
    *ret = (struct counts_ratio){
        .ratio = x1 / t1 / (x2 / t2),
        .limits = over(&odds, t1 / t2),
        .test = test_of(&d, x1),
    };
    return 0;
}
