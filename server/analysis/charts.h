/* charts.h: Shewhart charts of counts and shares with their Laney forms, the test for overdispersion, and the EWMA of
 * Poisson counts. CUSUMs are in sequential.h.
 *
 * Period i has events[i] in exposure[i] (device days, inspection units; any positive unit), or failed[i] of units[i].
 *   u chart    u = x/n, centre c = Σx/Σn, limits c ± w √(c/n), the lower cut at 0          (Montgomery, 7.3)
 *   p chart    p = x/n, centre c = Σx/Σn, limits c ± w √(c(1-c)/n), cut at 0 and 1          (Montgomery, 7.2)
 *   Laney      the same with w √(…) σz, where z = (u-c)/√(…) and σz is the mean of |z[i]-z[i-1]| divided by 1.128
 *              (Laney 2002, Quality Engineering 14): for large n, where the plain limits are absurdly tight
 * w is the width in standard errors, usually 3. A point is out when it is beyond a limit, not on it.
 *
 * Definitions chosen: the centre is taken from all points given, signals included; the moving range runs over
 * neighbours in the order given; 1.128 is the rounded d2 of two that the printed tables have.
 *
 * Counts may be fractions (shared attribution); they are ≥ 0 and finite, exposures > 0 and finite, 1e-300 … 1e300.
 * Refused with FAIL_INPUT, by argument and index; outputs are untouched then. Linear in n; no allocation. */
#ifndef FAULTLINE_CHARTS_H
#define FAULTLINE_CHARTS_H

#include "cleanup.h"
#include "fail.h"

#include <stdbool.h>
#include <stddef.h>

struct charts_point {
    double value; /* the plotted rate, share or average */
    double lcl, ucl;
    bool out;
};

struct charts_summary {
    double center;
    double sigma_z; /* 1 in the plain charts */
    size_t out;     /* points that are out */
    size_t first;   /* index of the first of them; n when there is none */
};

/* n ≥ 1 points into ret_points[n]. Without any event centre and limits are 0 and no point is out. */
must_check int charts_u(const double *events, const double *exposure, size_t n, double width,
    struct charts_point *ret_points, struct charts_summary *ret, struct fail *f);

/* units are whole devices: failed[i] ≤ units[i]. */
must_check int charts_p(const double *failed, const double *units, size_t n, double width,
    struct charts_point *ret_points, struct charts_summary *ret, struct fail *f);

/* n ≥ 2. Without any event (or, for p, when all failed) z is undefined: refused as not estimable. */
must_check int charts_laney_u(const double *events, const double *exposure, size_t n, double width,
    struct charts_point *ret_points, struct charts_summary *ret, struct fail *f);
must_check int charts_laney_p(const double *failed, const double *units, size_t n, double width,
    struct charts_point *ret_points, struct charts_summary *ret, struct fail *f);

/* Do the counts vary more than Poisson? D = Σ (x - cn)²/(cn) with c = Σx/Σn, on chi-square with n-1 degrees of freedom,
 * upper tail; with equal exposures this is (n-1) var/mean (Wetherill & Brown 1991; qcc's overdispersion test). ratio is
 * D/(n-1). exposure NULL: all equal. n ≥ 2 and at least one event. */
struct charts_dispersion {
    double ratio, statistic, p;
    size_t df;
};
must_check int charts_dispersion(
    const double *events, const double *exposure, size_t n, struct charts_dispersion *ret, struct fail *f);

/* EWMA with limits that are exact from the first point on: z = λ x/n + (1-λ) z starting at the target rate,
 * v = λ² target/n + (1-λ)² v starting at 0, limits target ± width √v (Borror, Champ & Rigdon 1998). The lower limit is
 * not cut, so that it stays symmetric. 0 < λ ≤ 1, target > 0. ret->center is the target. */
must_check int charts_ewma(const double *events, const double *exposure, size_t n, double target, double lambda,
    double width, struct charts_point *ret_points, struct charts_summary *ret, struct fail *f);

#endif
