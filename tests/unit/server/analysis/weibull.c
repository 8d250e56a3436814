/* weibull: fits against published ones and against the equations that they must solve; what cannot be estimated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "weibull.h"

#include "near.h"

/* Shock absorbers (O'Connor 1985; Meeker & Escobar 1998, table C.2). */
static const double absorber_km[] = {6700, 6950, 7820, 8790, 9120, 9660, 9820, 11310, 11690, 11850, 11880, 12140, 12200,
    12870, 13150, 13330, 13470, 14040, 14300, 17520, 17540, 17890, 18450, 18960, 18980, 19410, 20100, 20100, 20150,
    20320, 20900, 22700, 23490, 26510, 27410, 27490, 27890, 28100};
static const bool absorber_failed[] = {
    1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 0, 0};
enum { ABSORBERS = countof(absorber_km) };
static const struct lives absorbers = {.n = ABSORBERS, .time = absorber_km, .failed = absorber_failed};

static struct weibull_fit fitted(const struct lives *l)
{
    struct weibull_fit fit = {0};
    struct fail f;

    assert_accepted(weibull_fit(l, &fit, &f), &f);
    return fit;
}

static struct weibull_fit fitted_spans(const struct weibull_spans *s)
{
    struct weibull_fit fit = {0};
    struct fail f;

    assert_accepted(weibull_fit_spans(s, &fit, &f), &f);
    return fit;
}

/* R's weibulltools 2.1.0 prints mu = ln scale, sigma = 1/shape, loglik and 90 % limits of mu. */
static void shock_absorbers_as_published(void **state)
{
    struct weibull_fit fit = fitted(&absorbers);
    struct interval shape, scale;
    struct fail f;
    (void)state;

    assert_near(log(fit.scale), 10.2298631, 2e-8);
    assert_near(1 / fit.shape, 0.3164092, 3e-6);
    assert_near(fit.loglik, -123.9954, 1e-6);
    assert_true(fit.units == 38 && fit.failures == 11);
    assert_accepted(weibull_wald(&fit, 0.9, &shape, &scale, &f), &f);
    assert_near(log(scale.lo), 10.0491, 5e-6);
    assert_near(log(scale.hi), 10.4106, 5e-6);
}

/* The likelihood as its definition says it, in long double. */
static long double loglik(const struct weibull_spans *s, long double shape, long double scale)
{
    long double sum = 0;

    for (size_t i = 0; i < s->n; i++) {
        long double lo = powl(s->lo[i] / scale, shape), hi = powl(s->hi[i] / scale, shape);
        long double entry = s->entry ? powl(s->entry[i] / scale, shape) : 0;
        long double w = s->freq ? s->freq[i] : 1;

        if (s->hi[i] == s->lo[i])
            sum += w * (logl(shape / scale) + (shape - 1) * logl(s->lo[i] / scale));
        else if (isfinite(s->hi[i]))
            sum += w * logl(-expm1l(lo - hi));
        sum -= w * (lo - entry);
    }
    return sum;
}

struct curvature {
    long double slope1, slope2, i11, i12, i22;
};

static struct curvature differences(const struct weibull_spans *s, const struct weibull_fit *fit, long double h)
{
    long double a = fit->shape, b = fit->scale, up = expl(h), down = expl(-h), f0 = loglik(s, a, b);
    long double a1 = loglik(s, a * up, b), a2 = loglik(s, a * down, b);
    long double b1 = loglik(s, a, b * up), b2 = loglik(s, a, b * down);
    long double same = loglik(s, a * up, b * up) + loglik(s, a * down, b * down);
    long double opposite = loglik(s, a * up, b * down) + loglik(s, a * down, b * up);

    return (struct curvature){(a1 - a2) / (2 * h), (b1 - b2) / (2 * h), -(a1 - 2 * f0 + a2) / (h * h),
        -(same - opposite) / (4 * h * h), -(b1 - 2 * f0 + b2) / (h * h)};
}

/* The fit is where the likelihood above has no slope; its errors are those of the curvature there. */
static void assert_top(const struct weibull_spans *s, const struct weibull_fit *fit, const char *what)
{
    struct curvature c = differences(s, fit, 2e-4L), half = differences(s, fit, 1e-4L);
    long double i11 = (4 * half.i11 - c.i11) / 3, i12 = (4 * half.i12 - c.i12) / 3, i22 = (4 * half.i22 - c.i22) / 3;
    long double det = i11 * i22 - i12 * i12;
    long double slope1 = (4 * half.slope1 - c.slope1) / 3, slope2 = (4 * half.slope2 - c.slope2) / 3;

    if (fabsl(slope1) > 1e-9L * i11 || fabsl(slope2) > 1e-9L * i22)
        fail_msg("%s: slopes %Lg and %Lg", what, slope1, slope2);
    assert_near(fit->loglik, (double)loglik(s, fit->shape, fit->scale), 1e-12);
    assert_near(fit->se_log_shape, (double)sqrtl(i22 / det), 1e-6);
    assert_near(fit->se_log_scale, (double)sqrtl(i11 / det), 1e-6);
    if (fabsl(fit->cov_log_shape_log_scale + i12 / det) > 1e-5L * sqrtl(i11 * i22) / det)
        fail_msg("%s: covariance %g, expected %Lg", what, fit->cov_log_shape_log_scale, -i12 / det);
}

static void every_kind_of_censoring_is_at_the_top_of_its_likelihood(void **state)
{
    const double inf = (double)INFINITY;
    const double lo[] = {100, 350, 0, 200, 700, 900, 120, 60, 500},
                 hi[] = {100, inf, 150, 400, inf, 900, inf, 60, 1500};
    const double entry[] = {0, 0, 0, 150, 650, 10, 119, 0, 499};
    const double late[] = {90, 300, 0, 199, 690, 800, 119, 50, 490}, freq[] = {1, 300, 2, 2.5, 9, 50, 1000, 3, 40};
    const struct {
        struct weibull_spans s;
        const char *what;
    } rows[] = {
        {{2, lo, hi, NULL, NULL}, "one failure"},
        {{9, lo, hi, NULL, NULL}, "spans"},
        {{9, lo, hi, entry, NULL}, "spans, some truncated"},
        {{9, lo, hi, late, freq}, "spans, heavily truncated, weighted"},
        {{9, lo, hi, NULL, freq}, "spans, weighted"},
    };
    (void)state;

    for (size_t i = 0; i < countof(rows); i++) {
        struct weibull_fit fit = fitted_spans(&rows[i].s);
        assert_top(&rows[i].s, &fit, rows[i].what);
    }
}

/* Units watched over the last thousandth of their age only. */
static void heavy_truncation_is_at_the_top_of_its_likelihood(void **state)
{
    enum { N = 400 };
    static double time[N], entry[N], hi[N];
    static bool failed[N];
    const struct lives l = {N, time, failed, entry, NULL};
    const struct weibull_spans s = {N, time, hi, entry, NULL};
    struct weibull_fit fit;
    (void)state;

    for (size_t i = 0; i < N; i++) {
        entry[i] = 100 * (double)(i + 1);
        time[i] = entry[i] * (1 + 1e-3 / (double)(1 + i % 3));
        failed[i] = i * i % N * 7 < i; /* the older, the more often */
        hi[i] = failed[i] ? time[i] : (double)INFINITY;
    }
    fit = fitted(&l);
    assert_top(&s, &fit, "heavy truncation");
}

/* Watched for a billionth of two ages, units show the failure rate at these, failures over time watched: a power of age. */
static void the_shortest_watches_show_the_failure_rate(void **state)
{
    const double entry[] = {100, 100, 700, 700}, freq[] = {3, 997, 60, 940};
    const bool failed[] = {1, 0, 1, 0};
    double time[4], rate[2];
    struct weibull_fit fit;
    (void)state;

    for (size_t i = 0; i < 4; i++)
        time[i] = entry[i] * (1 + 1e-9);
    for (size_t k = 0; k < 2; k++)
        rate[k] = freq[2 * k] / (1000 * (time[2 * k] - entry[2 * k]));
    fit = fitted(&(struct lives){4, time, failed, entry, freq});
    assert_near(fit.shape, 1 + log(rate[1] / rate[0]) / log(7), 1e-8);
}

static void the_unit_of_age_changes_the_scale_only(void **state)
{
    double km[ABSORBERS];
    (void)state;

    for (int e = -200; e <= 200; e += 100) {
        struct lives l = absorbers;
        struct weibull_fit in_km = fitted(&absorbers), other;

        for (size_t i = 0; i < ABSORBERS; i++)
            km[i] = ldexp(absorber_km[i], e);
        l.time = km;
        other = fitted(&l);
        assert_near(other.shape, in_km.shape, 1e-12);
        assert_near(other.scale, ldexp(in_km.scale, e), 1e-12);
        assert_near(other.loglik, in_km.loglik - 11 * e * log(2), 1e-12);
        assert_near(other.se_log_scale, in_km.se_log_scale, 1e-11);
    }
}

static void freq_counts_units(void **state)
{
    double freq[ABSORBERS];
    struct lives l = absorbers;
    struct weibull_fit one = fitted(&absorbers), many;
    (void)state;

    for (size_t i = 0; i < ABSORBERS; i++)
        freq[i] = 1e9;
    l.freq = freq;
    many = fitted(&l);
    assert_near(many.shape, one.shape, 1e-12);
    assert_near(many.scale, one.scale, 1e-12);
    assert_near(many.loglik, 1e9 * one.loglik, 1e-13);
    assert_near(many.se_log_shape, one.se_log_shape / sqrt(1e9), 1e-10);
    assert_true(many.failures == 11e9);
    for (size_t i = 0; i < ABSORBERS; i++)
        freq[i] = i < 20; /* 0 units are none */
    many = fitted(&l);
    l = absorbers;
    l.n = 20;
    assert_near(many.shape, fitted(&l).shape, 1e-14);
}

/* Two inspections have as many parameters as data: the fit goes through both shares. */
static void two_inspections_are_met_exactly(void **state)
{
    const double lo[] = {0, 100, 0, 300}, hi[] = {100, (double)INFINITY, 300, (double)INFINITY},
                 freq[] = {3, 97, 40, 160};
    struct weibull_fit fit = fitted_spans(&(struct weibull_spans){4, lo, hi, NULL, freq});
    double shape = log(log1p(-0.2) / log1p(-0.03)) / log(3);
    (void)state;

    assert_near(fit.shape, shape, 1e-11);
    assert_near(fit.scale, 100 * pow(-log1p(-0.03), -1 / shape), 1e-11);
    assert_near(fit.loglik, 3 * log(0.03) + 97 * log(0.97) + 40 * log(0.2) + 160 * log(0.8), 1e-13);
}

static void narrow_spans_are_failures_at_known_ages(void **state)
{
    double lo[ABSORBERS], hi[ABSORBERS];
    struct weibull_fit exact = fitted(&absorbers), narrow;
    (void)state;

    for (size_t i = 0; i < ABSORBERS; i++) {
        lo[i] = absorber_km[i] - (absorber_failed[i] ? 0.005 : 0);
        hi[i] = absorber_failed[i] ? absorber_km[i] + 0.005 : (double)INFINITY;
    }
    narrow = fitted_spans(&(struct weibull_spans){ABSORBERS, lo, hi, NULL, NULL});
    assert_near(narrow.shape, exact.shape, 1e-9);
    assert_near(narrow.scale, exact.scale, 1e-9);
    assert_near(narrow.loglik, exact.loglik + 11 * log(0.01), 1e-9);
}

static void lives_and_reliability_are_two_ways_to_say_it(void **state)
{
    struct weibull_fit fit = fitted(&absorbers);
    struct weibull_estimate life, part;
    struct fail f;
    (void)state;

    for (double p = 1e-6; p < 1; p = p < 0.1 ? p * 10 : p + 0.3) {
        assert_accepted(weibull_life(&fit, p, 0.9, &life, &f), &f);
        assert_accepted(weibull_reliability(&fit, life.est, 0.9, &part, &f), &f);
        assert_near(part.est, 1 - p, 1e-12);
        assert_true(life.lo < life.est && life.est < life.hi && part.lo < part.est && part.est < part.hi);
    }
    assert_accepted(weibull_life(&fit, 0.1, 0.95, &life, &f), &f);
    assert_near(life.est, 13600.03, 1e-6);
    assert_near(life.lo, 10221.84, 1e-6);
    assert_near(life.hi, 18094.68, 1e-6);
    assert_refused(weibull_life(&fit, 1, 0.95, &life, &f), &f, "p: 1");
    assert_refused(weibull_reliability(&fit, 0, 0.95, &part, &f), &f, "t: 0");
    assert_refused(weibull_reliability(&fit, 1, 0, &part, &f), &f, "level: 0");
}

static void groups_are_compared_by_their_likelihoods(void **state)
{
    bool second[ABSORBERS];
    double freq[ABSORBERS];
    struct lives part = absorbers;
    struct weibull_comparison c;
    double separate = 0;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < ABSORBERS; i++)
        second[i] = i % 3 == 0;
    assert_accepted(weibull_compare(&absorbers, second, &c, &f), &f);
    for (int group = 0; group < 2; group++) {
        for (size_t i = 0; i < ABSORBERS; i++)
            freq[i] = second[i] == group;
        part.freq = freq;
        separate += fitted(&part).loglik;
    }
    assert_near(c.loglik_separate, separate, 1e-14);
    assert_near(c.loglik_common, fitted(&absorbers).loglik, 1e-14);
    assert_near(c.p, exp(-c.lr / 2), 1e-12);
    assert_true(c.df == 2 && c.lr > 0);
    for (size_t i = 0; i < ABSORBERS; i++)
        second[i] = i == 1; /* censored */
    assert_refused(weibull_compare(&absorbers, second, &c, &f), &f, "second group: not estimable: no unit failed");
}

static void what_cannot_be_estimated_is_refused_with_the_reason(void **state)
{
    const double inf = (double)INFINITY;
    const struct {
        size_t n;
        double lo[4], hi[4], entry[4];
        const char *text;
    } rows[] = {
        {3, {1, 2, 3}, {inf, inf, inf}, {0}, "not estimable: no unit failed, all are censored"},
        {3, {1, 3, 3}, {inf, 3, 3}, {0}, "not estimable: all failures are at the longest age"},
        {3, {1.01, 1.02, 900}, {1.01, 1.02, inf}, {1, 1, 1}, "not estimable: the failure rate falls"},
        {2, {0, 0}, {3, 4}, {0}, "not estimable: no unit is known to have survived"},
        {4, {0, 10, 0, 20}, {10, inf, 20, inf}, {0},
            "not estimable: the failure rate falls"},                /* half by 10 and by 20 */
        {2, {5, 0}, {inf, 9}, {0}, "not estimable: the likelihood"}, /* any step explains it */
        {2, {5, 0}, {4, 9}, {0}, "hi[0]: before lo[0]"},
        {2, {5, 0}, {7, 0}, {0}, "hi[1]: a failure at age 0"},
        {2, {5, -1}, {7, 9}, {0}, "lo[1]: -1"},
        {2, {5, 1}, {7, (double)NAN}, {0}, "hi[1]"},
        {2, {5, 5}, {7, 5}, {0, 5}, "hi[1]: not after entry[1]"},
        {2, {5, 5}, {7, 8}, {0, 6}, "lo[1]: before entry[1]"},
        {0, {0}, {0}, {0}, "lo: 0 given"},
    };
    struct weibull_fit fit = {.shape = 17};
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(rows); i++) {
        const struct weibull_spans s = {rows[i].n, rows[i].lo, rows[i].hi, rows[i].entry, NULL};

        assert_refused(weibull_fit_spans(&s, &fit, &f), &f, rows[i].text);
        assert_true(fit.shape == 17);
    }
}

static void a_unit_of_age_0_tells_nothing_unless_it_failed(void **state)
{
    const double time[] = {0, 5, 9, 12};
    bool failed[] = {0, 1, 1, 0};
    const struct lives l = {.n = 4, .time = time, .failed = failed};
    const struct lives without = {.n = 3, .time = time + 1, .failed = failed + 1};
    struct weibull_fit fit = fitted(&l);
    struct fail f;
    (void)state;

    assert_true(fit.units == 4 && fit.shape == fitted(&without).shape);
    failed[0] = true;
    assert_refused(weibull_fit(&l, &fit, &f), &f, "time[0]: a failure at age 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shock_absorbers_as_published),
        cmocka_unit_test(every_kind_of_censoring_is_at_the_top_of_its_likelihood),
        cmocka_unit_test(heavy_truncation_is_at_the_top_of_its_likelihood),
        cmocka_unit_test(the_shortest_watches_show_the_failure_rate),
        cmocka_unit_test(the_unit_of_age_changes_the_scale_only),
        cmocka_unit_test(freq_counts_units),
        cmocka_unit_test(two_inspections_are_met_exactly),
        cmocka_unit_test(narrow_spans_are_failures_at_known_ages),
        cmocka_unit_test(lives_and_reliability_are_two_ways_to_say_it),
        cmocka_unit_test(groups_are_compared_by_their_likelihoods),
        cmocka_unit_test(what_cannot_be_estimated_is_refused_with_the_reason),
        cmocka_unit_test(a_unit_of_age_0_tells_nothing_unless_it_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
