/* shrinkage: published priors, quantiles against their own distribution, and fits that must be found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "near.h"
#include "repeat.h"
#include "shrinkage.h"
#include "special.h"

/* DuMouchel 1999. */
static const struct shrinkage_prior DUMOUCHEL = {
    .alpha1 = 0.204, .beta1 = 0.058, .alpha2 = 1.415, .beta2 = 1.838, .p = 0.097};

/* ---------------------------------------------------------------- one cell */

/* openEBGM 0.9.1 to its two decimals; the digits from R 4.2.2 (dnbinom, digamma, pgamma). */
static void cells_are_shrunk_as_published(void **state)
{
    struct shrinkage s;
    struct fail f;
    (void)state;

    assert_int_equal(shrinkage_of(&DUMOUCHEL, 3, 0.1, &s, &f), 0);
    assert_near(s.rr, 30, 1e-15);
    assert_near(s.qn, 0.889853534377144, 1e-12);
    assert_near(s.ebgm, 13.5962253779972, 1e-12);
    assert_near(s.eb05, 1.94421596042317, 1e-11);
    assert_near(s.eb95, 40.7313863979124, 1e-11);
    assert_int_equal(shrinkage_of(&DUMOUCHEL, 0, 0.5, &s, &f), 0);
    assert_true(s.rr == 0);
    assert_near(s.ebgm, 0.295976410522768, 1e-12);
    assert_near(s.eb05, 0.0228532921387272, 1e-11);
}

static double tail_of(const struct shrinkage_prior *t, double events, double expected, double qn, double x)
{
    return qn * special_gamma(TAIL_LOWER, t->alpha1 + events, (t->beta1 + expected) * x) +
           (1 - qn) * special_gamma(TAIL_LOWER, t->alpha2 + events, (t->beta2 + expected) * x);
}

static void quantiles_have_their_tails(void **state)
{
    static const struct shrinkage_prior priors[] = {
        {0.2, 0.06, 1.4, 1.8, 0.1}, {1e9, 1.5e8, 33, 33, 0.015}, {0.01, 5, 400, 400, 0.9}, {2, 2, 2, 2, 0.5}};
    struct shrinkage s;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(priors); i++)
        for (double events = 0; events < 2e5; events = 7 * events + 1) {
            double expected = events / 3 + 0.01;

            assert_int_equal(shrinkage_of(&priors[i], events, expected, &s, &f), 0);
            assert_true(s.eb05 <= s.eb95 && isfinite(s.ebgm) && s.qn >= 0 && s.qn <= 1);
            assert_near(tail_of(&priors[i], events, expected, s.qn, s.eb05), 0.05, 1e-11);
            assert_near(tail_of(&priors[i], events, expected, s.qn, s.eb95), 0.95, 1e-11);
        }
}

static void one_component_alone_is_a_gamma_distribution(void **state)
{
    const struct shrinkage_prior only = {.alpha1 = 3, .beta1 = 2, .alpha2 = 1, .beta2 = 1, .p = 1};
    struct shrinkage s;
    double q;
    struct fail f;
    (void)state;

    assert_int_equal(shrinkage_of(&only, 4, 1.5, &s, &f), 0);
    assert_true(s.qn == 1);
    assert_near(s.ebgm, exp(special_digamma(7)) / 3.5, 1e-14);
    assert_near(s.eb05, special_gamma_quantile(TAIL_LOWER, 7, 0.05) / 3.5, 1e-14);
    assert_int_equal(shrinkage_quantile(&only, 4, 1.5, 0.95, &q, &f), 0);
    assert_true(q == s.eb95);
}

/* ---------------------------------------------------------------- the fit */

/* A loss that no search should stay above: the generating prior's own. */
struct made {
    double events[5000], expected[5000];
    size_t n;
};

static double uniform(struct repeat *r)
{
    uint64_t bits;

    repeat_fill(r, &bits, sizeof bits);
    return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

/* Ratios are gamma with the given shapes and means, by the inverse; counts Poisson, by the inverse too. */
static void make_cells(struct made *m, size_t n, const struct shrinkage_prior *t, uint64_t seed)
{
    struct repeat r = {.at = seed};

    m->n = n;
    for (size_t i = 0; i < n; i++) {
        bool first = uniform(&r) < t->p;
        double shape = first ? t->alpha1 : t->alpha2, rate = first ? t->beta1 : t->beta2, u, x = 0;

        m->expected[i] = 0.05 - 5 * log(uniform(&r));
        u = special_gamma_quantile(TAIL_LOWER, shape, uniform(&r)) / rate * m->expected[i];
        for (double left = uniform(&r) - exp(-u), p = exp(-u); left > 0 && x < 500; left -= p)
            p *= u / ++x;
        m->events[i] = x;
    }
}

static void the_fit_is_at_least_as_likely_as_the_truth(void **state)
{
    static const struct shrinkage_prior truths[] = {
        {5, 1, 30, 30, 0.03}, {0.5, 0.3, 50, 50, 0.2}, {1e4, 2e3, 1e4, 1e4, 0.05}, {3, 3, 3, 3, 0.5}};
    static const size_t sizes[] = {60, 400, 5000};
    struct made *m = calloc(1, sizeof *m);
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(truths); i++)
        for (size_t k = 0; k < countof(sizes); k++) {
            struct shrinkage_prior found;
            double loss, truth;

            make_cells(m, sizes[k], &truths[i], 17 * i + k);
            assert_int_equal(shrinkage_loss(&truths[i], m->events, m->expected, m->n, &truth, &f), 0);
            assert_int_equal(shrinkage_fit(m->events, m->expected, m->n, &found, &loss, &f), 0);
            assert_true(loss <= truth + 1e-6);
            assert_true(loss > truth - 12); /* half a chi-square of five parameters */
        }
    free(m);
}

/* Nobody spreads more than a Poisson count: the shape goes to its end, and nothing breaks. */
static void cells_without_spread_end_at_a_point(void **state)
{
    static const double events[] = {3, 3, 3, 3, 3, 3, 3, 3}, expected[] = {3, 3, 3, 3, 3, 3, 3, 3};
    struct shrinkage_prior prior;
    struct shrinkage s;
    double loss;
    struct fail f;
    (void)state;

    assert_int_equal(shrinkage_fit(events, expected, countof(events), &prior, &loss, &f), 0);
    assert_near(loss, -8 * special_poisson_log(3, 3), 1e-6);
    assert_int_equal(shrinkage_of(&prior, 3, 3, &s, &f), 0);
    assert_near(s.eb05, 1, 1e-3);
}

static void wrong_cells_and_priors_are_named(void **state)
{
    struct shrinkage_prior bad = DUMOUCHEL, prior;
    struct shrinkage s;
    struct fail f;
    (void)state;

    bad.beta2 = 0;
    assert_int_equal(shrinkage_of(&bad, 1, 1, &s, &f), -1);
    assert_int_equal(strncmp(f.text, "beta2: ", 7), 0);
    assert_int_equal(shrinkage_of(&DUMOUCHEL, 1, 0, &s, &f), -1);
    assert_int_equal(strncmp(f.text, "E: ", 3), 0);
    assert_int_equal(shrinkage_fit((const double[]){0, 0}, (const double[]){1, 2}, 2, &prior, NULL, &f), -1);
    assert_string_equal(f.text, "N: not estimable: no events in any cell");
    assert_int_equal(shrinkage_fit((const double[]){1, -2}, (const double[]){1, 2}, 2, &prior, NULL, &f), -1);
    assert_int_equal(strncmp(f.text, "N[1]: ", 6), 0);
    assert_int_equal(shrinkage_fit((const double[]){1}, (const double[]){1}, 1, &prior, NULL, &f), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_shrunk_as_published),
        cmocka_unit_test(quantiles_have_their_tails),
        cmocka_unit_test(one_component_alone_is_a_gamma_distribution),
        cmocka_unit_test(the_fit_is_at_least_as_likely_as_the_truth),
        cmocka_unit_test(cells_without_spread_end_at_a_point),
        cmocka_unit_test(wrong_cells_and_priors_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
