/* warranty.h: tables of warranty work: shipments and returns by month into ages, failures that are not reported yet,
 * failures expected in the months ahead, and observed against expected. Pure; scratch memory O(input). Any thread.
 * 0, or -1 with f naming argument and index and no output written. Tables stand row after row; NaN in them = not
 * observable. */
#ifndef FAULTLINE_WARRANTY_H
#define FAULTLINE_WARRANTY_H

#include "fail.h"
#include "interval.h"
#include "weibull.h"

#include <stddef.h>

enum { WARRANTY_CELLS_MAX = 100 * 1000 * 1000 };

/* ---- Nevada table: row i was shipped in month i + 1, column j came back in month j + 1. */

struct warranty_age {
    double failures;    /* returned at this age */
    double suspensions; /* last seen running at this age, at the end of the last month */
    double at_risk;     /* reached this age */
    double rate_1000;   /* 1000 failures / at_risk */
    double cumulative; /* sum of rate_1000 up to here: returns per thousand, a cumulative hazard: incidents per thousand
                            vehicles (IPTV) by months in service, each age over the units that reached it */
};

/* Ages are return month less shipping month, in months. shipped: months numbers; returns: months × columns counts,
 * columns ≥ months; cells up to the shipping month are NaN or 0, all others are numbers. ret has room for columns - 1
 * ages, 1 first; *ret_n is the largest age that a unit reached. Units shipped in the last column's month are not in it:
 * they reached no age yet. Refused: no unit at any age; more returns than shipments. */
int warranty_nevada(const double *shipped, size_t months, const double *returns, size_t columns,
    struct warranty_age *ret, size_t *ret_n, struct fail *f) must_check;

/* The Weibull distribution of such a table, ages taken as exact, as is usual: 1 for the first month. */
int warranty_weibull(const struct warranty_age *ages, size_t n, struct weibull_fit *ret, struct fail *f) must_check;

/* ---- Reporting delay: row i failed in period i, column d was reported d periods later.
 * Kalbfleisch & Lawless 1989, 1991 (delays truncated at what could be seen so far), with sums over the rows in which
 * delay d could be seen:  g(d) = sum D[d] / sum D[0 … d],  G(largest) = 1,  G(d-1) = G(d) (1 - g(d))
 * G(d): part of what is reported within the longest delay of the table that is reported within d. */

struct warranty_report {
    double reported; /* so far */
    size_t delays;   /* columns seen */
    double adjusted; /* reported / G(delays - 1): infinity when nothing can be reported that early but was; NaN when
                        nothing was reported and nothing could be: unknown */
};

/* triangle: rows × delays counts, NaN from the first delay on that cannot be seen yet; each row sees delay 0, one
 * row at least sees all. ret_hazard: g(1) … g(delays - 1); ret_G: delays values; ret: one a row. Refused as not estimable: a
 * delay before which nothing was reported in the rows that see it. */
int warranty_delay(const double *triangle, size_t rows, size_t delays, double *ret_hazard, double *ret_G,
    struct warranty_report *ret, struct fail *f) must_check;

/* ---- Prediction: units by month of age, failed somewhere within month i + 1 (interval censored), or i + 1 months old
 * and running. Weibull distribution by maximum likelihood; replacements are not counted again. */

struct warranty_model {
    struct weibull_fit fit; /* of the spans (i, i + 1] */
    double expected; /* failures by the fit, as Minitab counts them: sum of running × F(age), and of failed × the
                        probability of the month they failed in */
    struct interval expected_limits; /* Poisson (Garwood) limits of that many, level two-sided */
    double at_risk;                  /* running units */
};

int warranty_model(const double *failed, const double *running, size_t months, double level, struct warranty_model *ret,
    struct fail *f) must_check;

/* Central Poisson limits of a mean of which x events were seen (Garwood 1936), for any real x ≥ 0: the quantiles of the
 * gamma distributions of x (lower; 0 for x = 0) and x + 1 (upper). 0 < level < 1. */
struct interval warranty_poisson_limits(double x, double level);

struct warranty_prediction {
    double failures;        /* expected within so many months from now, cumulative */
    struct interval limits; /* Poisson limits of that many: not those of the parameters */
};

/* For 1 … ahead months: sum over rows of running × (1 - R(age + months) / R(age)). ret has room for ahead. */
int warranty_predict(const struct weibull_fit *fit, const double *running, size_t months, size_t ahead, double level,
    struct warranty_prediction *ret, struct fail *f) must_check;

/* ---- Observed over expected (standardised ratio), for example by months in service. */

struct warranty_ratio {
    double observed, expected; /* O; E = sum of exposure × base rate */
    double ratio;              /* O / E */
    struct interval limits;    /* Garwood's limits of O (level, two-sided) over E */
    double lower;              /* one-sided lower limit at level, of the ratio */
    double p_greater;          /* P(X ≥ O) for a Poisson mean of E */
    double attributable;       /* O - E: may be negative */
    double attributable_lower; /* one-sided, at level */
    double attributable_part;  /* (O - E) / O; -infinity when O is 0 */
};

/* observed: whole numbers ≥ 0; exposure > 0, or 0 where nothing was observed; base ≥ 0 per unit of exposure; E > 0. */
int warranty_ratio(const double *observed, const double *exposure, const double *base, size_t n, double level,
    struct warranty_ratio *ret, struct fail *f) must_check;

#endif
