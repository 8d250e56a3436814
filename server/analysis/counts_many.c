/* counts_many.c: Poisson tests and limits of a table of cells: the same numbers as counts.c gives cell by cell, some
 * ten times faster, because most counts are small: their probabilities are products, and their limits are kept. */
#include "counts.h"

#include "check.h"
#include "room.h"
#include "special.h"

#include <float.h>
#include <math.h>

enum { KEPT = 4096, SMALL = 20 };

/* Within these e^-mean and mean^20 are normal numbers. */
static const double MEAN_LEAST = 1e-12, MEAN_MOST = 700;

/* ---------------------------------------------------------------- p-values */

/* P(X > x) / P(X = x): Σ mean^j / ((x+1) … (x+j)), j from 1. mean < x + 1. */
static double above(double x, double mean)
{
    double sum = 0, term = 1;

    while (term > sum * (DBL_EPSILON / 8)) {
        x++;
        term *= mean / x;
        sum += term;
    }
    return sum;
}

/* P(X <= x) / P(X = x): Σ x (x-1) … (x-j+1) / mean^j, j from 0 to x. */
static double up_to(double x, double mean)
{
    double sum = 1, term = 1, inverse = 1 / mean;

    while (x > 0) {
        term *= x * inverse;
        sum += term;
        x--;
    }
    return sum;
}

static void small_count(double x, double mean, double *ret_p, double *ret_midp)
{
    static const double factorials[SMALL + 1] = {1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800,
        479001600, 6227020800, 87178291200, 1307674368000, 20922789888000, 355687428096000, 6402373705728000,
        121645100408832000, 2432902008176640000};
    double at_x = exp(-mean) * pow(mean, x) / factorials[(size_t)x];
    double beyond = mean < x + 1 ? at_x * above(x, mean) : 1 - at_x * up_to(x, mean);

    *ret_p = x > 0 ? fmin(beyond + at_x, 1) : 1;
    *ret_midp = fmin(beyond + at_x / 2, 1);
}

/* One tail and the probability of x give both. */
static void any_count(double x, double mean, double *ret_p, double *ret_midp)
{
    double at_x = special_poisson(x, mean), beyond = special_gamma(TAIL_LOWER, x + 1, mean);

    *ret_p = x > 0 ? fmin(beyond + at_x, 1) : 1;
    *ret_midp = fmin(beyond + at_x / 2, 1);
}

int counts_poisson_greater_many(
    const double *observed, const double *expected, size_t n, double *ret_p, double *ret_midp, struct fail *f)
{
    if (check_all(CHECK_COUNT, "observed", observed, n, f) || check_all(CHECK_NOT_NEGATIVE, "expected", expected, n, f))
        return -1;
    for (size_t i = 0; i < n; i++) {
        bool small = observed[i] <= SMALL && expected[i] <= MEAN_MOST && expected[i] >= MEAN_LEAST;

        (small ? small_count : any_count)(observed[i], expected[i], &ret_p[i], &ret_midp[i]);
    }
    return 0;
}

/* ---------------------------------------------------------------- limits */

int counts_rate_limits_many(
    const double *events, const double *exposure, size_t n, double level, struct counts_limits *ret, struct fail *f)
{
    autofree struct counts_limits *kept = room(KEPT, sizeof *kept); /* of exposure 1 */

    if (check_all(CHECK_COUNT, "events", events, n, f) || check_all(CHECK_POSITIVE, "exposure", exposure, n, f) ||
        check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct counts_limits once = {0}, *at = events[i] < KEPT ? &kept[(size_t)events[i]] : &once;

        if (at->hi == 0 && counts_rate_limits(events[i], 1, level, at, f))
            return -1;
        ret[i] = (struct counts_limits){
            .lo = at->lo / exposure[i],
            .hi = at->hi / exposure[i],
            .lower_one_sided = at->lower_one_sided / exposure[i],
            .upper_one_sided = at->upper_one_sided / exposure[i],
        };
    }
    return 0;
}
