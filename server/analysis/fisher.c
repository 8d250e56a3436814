/* fisher.c: the central and the noncentral hypergeometric distribution of one cell of a 2 × 2 table. */
#include "fisher.h"

#include "check.h"
#include "solve.h"
#include "special.h"

#include <float.h>
#include <math.h>

/* Terms below this share of the largest add nothing. */
static const double NEGLIGIBLE = 1e-30;

/* x of the k in row 1 come from the m in column 1, the others from the n in column 2. */
struct table {
    double x, m, n, k;
    double lo, hi; /* of x */
};

/* ---------------------------------------------------------------- odds ratio 1 */

/* ln P(X = i), by three binomial probabilities as Loader has it. */
static double log_probability(const struct table *t, double i)
{
    double p = t->k / (t->m + t->n), q = (t->m + t->n - t->k) / (t->m + t->n);

    if (t->k == 0 || p >= 1)
        return 0; /* one table */
    return special_binomial_log(i, t->m, p, q) + special_binomial_log(t->k - i, t->n, p, q) -
           special_binomial_log(t->k, t->m + t->n, p, q);
}

/* P(X = i + 1) / P(X = i) */
static double ratio_up(const struct table *t, double i)
{
    return (t->m - i) / (i + 1) * ((t->k - i) / (t->n - t->k + i + 1));
}

/* P(X >= i) or P(X <= i), where probabilities fall outwards: the sum from i on. */
static double sum_outward(const struct table *t, double i, bool up)
{
    double sum = 0, term = 1, first = exp(log_probability(t, i));

    while (i >= t->lo && i <= t->hi && term > sum * (DBL_EPSILON / 8)) {
        sum += term;
        term *= up ? ratio_up(t, i) : 1 / ratio_up(t, i - 1);
        i += up ? 1 : -1;
    }
    return fmin(first * sum, 1);
}

/* The i at which the probability, times odds^i, is largest: the last whose step up is not below 1. */
static double mode(const struct table *t, double odds)
{
    double in = t->lo, out = t->hi + 1;

    while (out - in > 1) {
        double middle = floor(in + (out - in) / 2);

        if (middle == in || middle == out)
            break; /* beyond 2^53 there are not all whole numbers between */
        if (ratio_up(t, middle - 1) * odds >= 1)
            in = middle;
        else
            out = middle;
    }
    return in;
}

static double at_least(const struct table *t, double i)
{
    if (i <= t->lo || i > t->hi)
        return i <= t->lo ? 1 : 0;
    if (i > mode(t, 1))
        return sum_outward(t, i, true);
    return 1 - sum_outward(t, i - 1, false);
}

static double at_most(const struct table *t, double i)
{
    if (i < t->lo || i >= t->hi)
        return i < t->lo ? 0 : 1;
    if (i < mode(t, 1))
        return sum_outward(t, i, false);
    return 1 - sum_outward(t, i + 1, true);
}

/* Tables no more likely than this one, on the other side of the mode: in is more likely, out is not, or lies beyond the
 * end. */
static double other_side(const struct table *t, double in, double out)
{
    double limit = log_probability(t, t->x) + 1e-7;
    bool up = out > in;

    if (log_probability(t, in) <= limit)
        return 1; /* the mode itself */
    while (fabs(out - in) > 1) {
        double middle = in + trunc((out - in) / 2);

        if (middle == in || middle == out)
            break;
        if (log_probability(t, middle) > limit)
            in = middle;
        else
            out = middle;
    }
    return up ? at_least(t, out) : at_most(t, out);
}

static double two_sided(const struct table *t)
{
    double peak = mode(t, 1);

    if (t->x > peak)
        return fmin(at_least(t, t->x) + other_side(t, peak, t->lo - 1), 1);
    if (t->x < peak)
        return fmin(at_most(t, t->x) + other_side(t, peak, t->hi + 1), 1);
    return 1;
}

/* ---------------------------------------------------------------- any odds ratio */

/* Mean of i - x, and the shares of weights at most x and at least x. */
struct moments {
    double mean, at_most, at_least;
};

static void add_weight(const struct table *t, double i, double weight, struct moments *sums, double *total)
{
    *total += weight;
    sums->mean += weight * (i - t->x);
    sums->at_most += i <= t->x ? weight : 0;
    sums->at_least += i >= t->x ? weight : 0;
}

static struct moments moments(const struct table *t, double odds)
{
    double peak = mode(t, odds), i = peak, weight = 1, total = 0;
    struct moments sums = {0};

    while (i <= t->hi && weight > NEGLIGIBLE * total) {
        add_weight(t, i, weight, &sums, &total);
        weight *= ratio_up(t, i) * odds;
        i++;
    }
    i = peak;
    weight = 1;
    while (--i >= t->lo && weight > NEGLIGIBLE * total) {
        weight /= ratio_up(t, i) * odds;
        add_weight(t, i, weight, &sums, &total);
    }
    return (struct moments){
        .mean = sums.mean / total, .at_most = sums.at_most / total, .at_least = sums.at_least / total};
}

enum quantity { MEAN, AT_MOST, AT_LEAST };

struct search {
    const struct table *table;
    enum quantity quantity;
    double target;
    bool inverse; /* the search is for 1 / odds */
};

/* The quantity less its target; the mean is that of i - x. */
static double excess(double at, const void *context)
{
    const struct search *s = context;
    double odds = s->inverse ? 1 / at : at;
    struct moments m;

    if (odds == 0) { /* all is at the lower end */
        double values[] = {[MEAN] = s->table->lo - s->table->x, [AT_MOST] = 1, [AT_LEAST] = 0};

        return values[s->quantity] - s->target;
    }
    m = moments(s->table, odds);
    return (s->quantity == MEAN ? m.mean : s->quantity == AT_MOST ? m.at_most : m.at_least) - s->target;
}

/* The odds ratio at which the quantity has the target: below 1 when it does not rise from 1 on. */
static int odds_at(
    const struct table *t, enum quantity quantity, double target, double tolerance, double *ret, struct fail *f)
{
    struct search s = {.table = t, .quantity = quantity, .target = target};
    double here = excess(1, &s) * (quantity == AT_MOST ? -1 : 1), root;

    if (here == 0) {
        *ret = 1;
        return 0;
    }
    s.inverse = here < 0;
    if (solve_root_within(excess, &s, s.inverse ? DBL_EPSILON : 0, 1, tolerance, &root, f))
        return fail_add(f, "odds ratio");
    *ret = s.inverse ? 1 / root : root;
    return 0;
}

/* ---------------------------------------------------------------- the test */

static int check_table(const double *cells, double level, double tolerance, struct fail *f)
{
    static const char *const names[] = {"a", "b", "c", "d"};

    for (size_t i = 0; i < countof(names); i++)
        if (check_one(CHECK_COUNT, names[i], cells[i], f))
            return -1;
    return check_one(CHECK_LEVEL, "level", level, f) || check_one(CHECK_NOT_NEGATIVE, "tolerance", tolerance, f) ? -1
                                                                                                                 : 0;
}

static int estimate(const struct table *t, double level, double tolerance, struct fisher *r, struct fail *f)
{
    double beyond = (1 - level) / 2;

    r->odds_ratio = t->x == t->lo ? 0 : HUGE_VAL;
    r->limits = (struct interval){.lo = 0, .hi = HUGE_VAL};
    if (t->x > t->lo && t->x < t->hi && odds_at(t, MEAN, 0, tolerance, &r->odds_ratio, f))
        return -1;
    if (t->x > t->lo && odds_at(t, AT_LEAST, beyond, tolerance, &r->limits.lo, f))
        return -1;
    return t->x < t->hi ? odds_at(t, AT_MOST, beyond, tolerance, &r->limits.hi, f) : 0;
}

int fisher_test(
    double a, double b, double c, double d, double level, double tolerance, struct fisher *ret, struct fail *f)
{
    struct table t = {.x = a, .m = a + c, .n = b + d, .k = a + b};
    struct fisher r;

    if (check_table((const double[]){a, b, c, d}, level, tolerance, f))
        return -1;
    t.lo = fmax(0, t.k - t.n);
    t.hi = fmin(t.k, t.m);
    r.p_two_sided = two_sided(&t);
    r.p_greater = at_least(&t, a);
    r.p_less = at_most(&t, a);
    r.sample_odds_ratio = a * d / (b * c);
    if (estimate(&t, level, tolerance, &r, f))
        return -1;
    *ret = r;
    return 0;
}
