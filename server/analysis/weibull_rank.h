/* weibull_rank.h: the Weibull plot: plotting positions of the failures and the straight line through them (median rank
 * regression). To look at data with; with many censored units weibull.h estimates better, and r² is no test of fit.
 * Pure; O(n log n). Any thread. 0, or -1 with f and no output written.
 *
 * Johnson 1964, adjusted ranks with censored units: walking up the ages, the rank of each failure is that of the one
 * before + (n + 1 - rank before) / (1 + units that reached this age). At one age failures go before
 * suspensions, and each failure is a point of its own. Positions F of rank r among n:
 *   Benard (r - 0.3)/(n + 0.4) | beta median: the median of Beta(r, n - r + 1), exact | mean r/(n + 1) | Hazen (r - 0.5)/n
 * Line in x = ln t and y = ln(-ln(1 - F)):
 *   x on y (Abernethy's choice): x = ln scale + y / shape, least squares of x
 *   y on x: y = shape (x - ln scale), least squares of y */
#ifndef FAULTLINE_WEIBULL_RANK_H
#define FAULTLINE_WEIBULL_RANK_H

#include "lives.h"

enum { WEIBULL_RANK_POINTS_MAX = 10 * 1000 * 1000 };

enum weibull_plotting { WEIBULL_BENARD, WEIBULL_BETA_MEDIAN, WEIBULL_MEAN_RANK, WEIBULL_HAZEN };
enum weibull_direction { WEIBULL_X_ON_Y, WEIBULL_Y_ON_X };

struct weibull_rank_point {
    double time, rank, position;
};

struct weibull_rank_line {
    double shape, scale;
    double r_squared; /* square of the correlation of x and y, 0 … 1 */
};

/* One point a failed unit, by age. freq of a failed row is a whole number and stands for so many points; of a running
 * row any number. Truncated ages have no such ranks: l->entry must be NULL. *ret_n = number of failures; ret has room
 * for WEIBULL_RANK_POINTS_MAX or for that number, which must not exceed it. */
int weibull_rank_points(const struct lives *l, enum weibull_plotting plotting, struct weibull_rank_point *ret,
    size_t *ret_n, struct fail *f) must_check;

/* The line through points with 0 < position < 1 and time > 0, of which two at least differ in age. */
int weibull_rank_line(const struct weibull_rank_point *points, size_t n, enum weibull_direction direction,
    struct weibull_rank_line *ret, struct fail *f) must_check;

#endif
