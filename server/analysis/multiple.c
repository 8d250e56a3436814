/* multiple.c: step-up and step-down adjustment of p-values. */
#include "multiple.h"

#include "check.h"
#include "order.h"
#include "room.h"

#include <math.h>

/* From the largest down: each is at most the one above it. */
static void step_up(const double *p, const uint32_t *order, size_t n, double factor, double *ret)
{
    double least = 1;

    for (size_t i = n; i-- > 0;) {
        least = fmin(least, factor * (double)n / (double)(i + 1) * p[order[i]]);
        ret[order[i]] = least;
    }
}

/* From the smallest up: each is at least the one below it. */
static void step_down(const double *p, const uint32_t *order, size_t n, double *ret)
{
    double most = 0;

    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fmin((double)(n - i) * p[order[i]], 1));
        ret[order[i]] = most;
    }
}

static double harmonic(size_t n)
{
    double sum = 0;

    for (size_t i = n; i > 0; i--)
        sum += 1 / (double)i;
    return sum;
}

int multiple_adjust(enum multiple_method method, const double *p, size_t n, double *ret_adjusted, struct fail *f)
{
    autofree uint32_t *order = NULL;

    if (check_all(CHECK_PROBABILITY, "p", p, n, f))
        return -1;
    if (method == MULTIPLE_BONFERRONI) {
        for (size_t i = 0; i < n; i++)
            ret_adjusted[i] = fmin((double)n * p[i], 1);
        return 0;
    }
    order = room(n, sizeof *order);
    order_increasing(p, n, order);
    if (method == MULTIPLE_HOLM)
        step_down(p, order, n, ret_adjusted);
    else
        step_up(p, order, n, method == MULTIPLE_BY ? harmonic(n) : 1, ret_adjusted);
    return 0;
}

size_t multiple_rejected(const double *adjusted, size_t n, double alpha)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += adjusted[i] <= alpha;
    return count;
}
