/* strata.c: see strata.h. */
#include "strata.h"

#include "check.h"
#include "special.h"

#include <math.h>

/* Upper tail of chi-square with one degree of freedom; good down to 1e-300. */
static double chisq1_upper(double chisq)
{
    return erfc(sqrt(chisq / 2));
}

/* ---------------------------------------------------------------- odds */

struct odds_sums {
    double diagonal, off;      /* Σ ad/n, Σ bc/n */
    double pr, ps_qr, qs;      /* the three sums of Robins, Breslow & Greenland */
    double excess, variance;   /* Σ (a - E a), Σ var a */
    struct strata_table total; /* without strata */
};

static void odds_add(struct odds_sums *sums, const struct strata_table *t)
{
    double n = t->a + t->b + t->c + t->d;
    double diagonal = t->a * (t->d / n), off = t->b * (t->c / n);
    double p = (t->a + t->d) / n, q = (t->b + t->c) / n;

    sums->diagonal += diagonal;
    sums->off += off;
    sums->pr += p * diagonal;
    sums->ps_qr += p * off + q * diagonal;
    sums->qs += q * off;
    sums->excess += t->a - (t->a + t->b) * ((t->a + t->c) / n);
    sums->variance += (t->a + t->b) / n * (t->a + t->c) * ((t->c + t->d) / n) * ((t->b + t->d) / (n - 1));
}

static void total_add(struct strata_table *total, const struct strata_table *t)
{
    total->a += t->a;
    total->b += t->b;
    total->c += t->c;
    total->d += t->d;
}

static int check_table(const struct strata_table *t, size_t i, struct fail *f)
{
    const double counts[] = {t->a, t->b, t->c, t->d};

    for (size_t k = 0; k < countof(counts); k++)
        if (!(counts[k] >= 0 && isfinite(counts[k])))
            return fail_set(f, FAIL_INPUT, "strata[%zu].%c: %g is not a count", i, "abcd"[k], counts[k]);
    return 0;
}

static void limits(double ratio, double se_log, double level, double *ret_lo, double *ret_hi, bool *ret_has)
{
    double reach = special_normal_quantile(TAIL_UPPER, (1 - level) / 2) * se_log;

    *ret_has = isfinite(se_log);
    *ret_lo = *ret_has ? ratio * exp(-reach) : 0;
    *ret_hi = *ret_has ? ratio * exp(reach) : (double)INFINITY;
}

int strata_odds(const struct strata_table *strata, size_t n, double level, struct strata_odds *ret, struct fail *f)
{
    struct odds_sums s = {0};
    struct strata_odds out;
    double corrected;

    if (check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    for (size_t i = 0; i < n; i++) {
        const struct strata_table *t = &strata[i];

        if (check_table(t, i, f))
            return -1;
        if (t->a + t->b + t->c + t->d > 1)
            odds_add(&s, t);
        total_add(&s.total, t);
    }
    if (!(s.variance > 0))
        return fail_set(f, FAIL_INPUT, "not estimable: no stratum has both groups and both outcomes");
    out.ratio = s.diagonal / s.off;
    out.se_log = s.diagonal > 0 && s.off > 0 ? sqrt(s.pr / (2 * s.diagonal * s.diagonal) +
                                                    s.ps_qr / (2 * s.diagonal * s.off) + s.qs / (2 * s.off * s.off))
                                             : (double)INFINITY;
    limits(out.ratio, out.se_log, level, &out.lo, &out.hi, &out.has_limits);
    corrected = fabs(s.excess) - (fabs(s.excess) >= 0.5 ? 0.5 : 0);
    out.chisq = s.excess * s.excess / s.variance;
    out.chisq_corrected = corrected * corrected / s.variance;
    out.p = chisq1_upper(out.chisq);
    out.p_corrected = chisq1_upper(out.chisq_corrected);
    out.crude = s.total.a * s.total.d / (s.total.b * s.total.c);
    *ret = out;
    return 0;
}

/* ---------------------------------------------------------------- rates */

struct rate_sums {
    double first, second; /* Σ x1 t0/T, Σ x0 t1/T */
    double expected, variance;
    double x1, t1, x0, t0;
};

static void rates_add(struct rate_sums *sums, double x1, double t1, double x0, double t0)
{
    double share1 = t1 / (t1 + t0), share0 = t0 / (t1 + t0);

    sums->x1 += x1;
    sums->t1 += t1;
    sums->x0 += x0;
    sums->t0 += t0;
    sums->expected += (x1 + x0) * share1;
    sums->first += x1 * share0;
    sums->second += x0 * share1;
    sums->variance += (x1 + x0) * share1 * share0;
}

static int check_rates(
    const double *x, const double *t, size_t n, const char *x_name, const char *t_name, struct fail *f)
{
    if (check_all(CHECK_NOT_NEGATIVE, x_name, x, n, f) || check_all(CHECK_NOT_NEGATIVE, t_name, t, n, f))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (t[i] <= 0 && x[i] > 0)
            return fail_set(f, FAIL_INPUT, "%s[%zu]: events without exposure", x_name, i);
    return 0;
}

int strata_rates(const double *x1, const double *t1, const double *x0, const double *t0, size_t n, double level,
    struct strata_rates *ret, struct fail *f)
{
    struct rate_sums s = {0};
    struct strata_rates out;

    if (check_one(CHECK_LEVEL, "level", level, f) || check_rates(x1, t1, n, "x1", "t1", f) ||
        check_rates(x0, t0, n, "x0", "t0", f))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (t1[i] + t0[i] > 0)
            rates_add(&s, x1[i], t1[i], x0[i], t0[i]);
    if (!(s.variance > 0))
        return fail_set(f, FAIL_INPUT, "not estimable: no events in strata with exposure of both groups");
    out.ratio = s.first / s.second;
    out.se_log = s.first > 0 && s.second > 0 ? sqrt(s.variance / (s.first * s.second)) : (double)INFINITY;
    limits(out.ratio, out.se_log, level, &out.lo, &out.hi, &out.has_limits);
    out.expected = s.expected;
    out.chisq = (s.x1 - s.expected) * (s.x1 - s.expected) / s.variance;
    out.p = chisq1_upper(out.chisq);
    out.crude = s.x1 / s.t1 / (s.x0 / s.t0);
    *ret = out;
    return 0;
}
