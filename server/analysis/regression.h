/* regression.h: Poisson regression with a log link and an offset: log E[y] = offset + X b, so that with offset =
 * log(exposure) exp(b) are rate ratios (McCullagh & Nelder 1989, chapter 6).
 *
 * Maximum likelihood by iteratively reweighted least squares, in the steps of R's glm.fit: it starts from y + 0.1, means
 * are kept at or above 2^-52, a step that leads to an infinite deviance is halved, and it ends when the deviance changes by
 * less than 1e-12 of itself (+ 0.1), in R glm.control(epsilon = 1e-12, maxit = 100). The standard errors are those of
 * summary.glm, from the information at the maximum; they assume dispersion 1 (multiply by √dispersion otherwise).
 *
 * Dependent terms: of terms that can be written by others the later ones are ALIASED, as in R: they cannot be separated
 * from those before (a supplier that delivered to one region only, and that region).
 * Separation: when a group has no events its coefficient has no finite maximum. The terms that still run away when the
 * deviance has settled are UNBOUNDED and ret->separated is set; their coefficient and error are only where the iteration
 * stopped (large and meaningless), the fitted values and the other terms hold.
 *
 * X is n × p, column after column: x[j * n + i]; the intercept is a column of ones. y ≥ 0 (fractions allowed: shared
 * attribution) up to 1e15; X and offset finite. Scratch n (p + 6) numbers; O(n p²) a round. */
#ifndef FAULTLINE_REGRESSION_H
#define FAULTLINE_REGRESSION_H

#include "cleanup.h"
#include "fail.h"

#include <stdbool.h>
#include <stddef.h>

enum regression_state {
    REGRESSION_ESTIMATED,
    REGRESSION_ALIASED,   /* coef and se are 0 and mean nothing */
    REGRESSION_UNBOUNDED, /* coef and se are where the iteration stopped */
};

struct regression_term {
    enum regression_state state;
    double coef, se;
};

struct regression_fit {
    double deviance;   /* 2 Σ (y log(y/µ) - (y - µ)) */
    double pearson;    /* Σ (y - µ)²/µ */
    double dispersion; /* pearson / df_residual; infinite or NaN in a fit without residual degrees of freedom */
    double loglik;     /* Σ log Poisson(y; µ) with all constants */
    size_t df_residual;
    unsigned rounds;
    bool separated;
};

/* offset NULL: none. ret_terms[p]; ret_fitted[n], the means µ, may be NULL. n ≥ 1, p ≥ 1. FAIL_INPUT: an argument is
 * wrong (the text names it), or the iteration did not settle although nothing is separated (the text says after how
 * many rounds). */
must_check int regression_poisson(const double *y, const double *x, size_t n, size_t p, const double *offset,
    struct regression_term *ret_terms, double *ret_fitted, struct regression_fit *ret, struct fail *f);

#endif
