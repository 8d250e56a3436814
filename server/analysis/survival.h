/* survival.h: what part of the units still runs at an age (Kaplan–Meier), and whether groups differ in it (log-rank).
 * Right censoring, left truncation and numbers of units per row as in lives.h. Pure; O(n log n) at most, scratch memory
 * O(n). Any thread. 0, or -1 with f naming argument and index and no output written.
 *
 * Kaplan & Meier 1958:  S(t) = prod (1 - d/n) over the failure times up to t, with d failures among n at risk
 * Greenwood 1926:       Var S = S² V,  V = sum d / (n (n - d))
 * Mantel 1966, Peto 1972: log-rank over all failure times: expected failures of group g = sum d n_g/n, covariances
 *   sum d (n-d)/(n-1) n_g/n ([g = h] - n_h/n); stratified: both sums run over the strata too.
 * A row of freq units counts as freq rows of one. As R's survfit and survdiff (rho 0) have it; but survfit takes weights
 * that are not whole for sampling weights and gives another variance. */
#ifndef FAULTLINE_SURVIVAL_H
#define FAULTLINE_SURVIVAL_H

#include "lives.h"

#include <stdint.h>

/* On which scale the limits are symmetrical, with z the normal quantile of (1 + level)/2 and s = sqrt(V). Those of
 * SURVIVAL_PLAIN and the upper one of SURVIVAL_LOG are cut to 0 … 1, as in R. */
enum survival_scale {
    SURVIVAL_LOG_LOG, /* S ^ exp(± z s / ln S): stays within 0 and 1; the best of these with few failures */
    SURVIVAL_LOG,     /* S exp(± z s): R's default */
    SURVIVAL_PLAIN,   /* S ± z S s */
    SURVIVAL_LOGIT,   /* on ln(S / (1 - S)) */
    SURVIVAL_ARCSIN,  /* on asin(sqrt S) */
};

struct survival_point {
    double time;
    double at_risk, failures; /* n and d, counted in units */
    double survival;          /* just after time */
    double std_error;         /* Greenwood's on the scale of S. NaN where S is 0: the formula ends there */
    double lo, hi;            /* NaN where S is 0 */
};

/* The table of the failure times, ascending; ret has room for as many as there are failed rows (l->n is always enough).
 * *ret_n is 0 when nothing failed: S is 1 as far as the units were watched. 0 < level < 1, two-sided.
 * Late entry can leave so few at risk at first that S falls to 0 and stays there: see at_risk. */
int survival_kaplan_meier(const struct lives *l, enum survival_scale scale, double level, struct survival_point *ret,
    size_t *ret_n, struct fail *f) must_check;

struct survival_groups {
    size_t groups;           /* 2 … 1000, numbered from 0 */
    const uint32_t *group;   /* of each row */
    size_t strata;           /* numbered from 0; 1 when stratum is NULL */
    const uint32_t *stratum; /* of each row; NULL: no strata */
};

struct survival_test {
    double chisq, df;
    double p; /* upper tail of chi-square: right down to the smallest double */
};

/* Observed and expected failures of each group (summed over the strata, room for g->groups) and the test of the null
 * hypothesis that they differ by chance. Groups that were never at risk when something failed are left out of it, and
 * df is the number of the others less 1. Refused as not estimable: fewer than two such groups, or groups that were never
 * at risk together. Needs (strata + groups) · groups doubles besides O(n). */
int survival_logrank(const struct lives *l, const struct survival_groups *g, double *ret_observed, double *ret_expected,
    struct survival_test *ret, struct fail *f) must_check;

#endif
