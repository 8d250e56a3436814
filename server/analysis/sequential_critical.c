/* sequential_critical.c: the exact critical value of the Poisson MaxSPRT.
 *
 * A boundary v is crossed by the c-th event when it comes before tau(c), the expected count below c at which its
 * likelihood ratio is v. So nobody has crossed by tau(c) who has fewer than c events then; the chances of 0, 1, … c - 1
 * events are carried from tau(c) to tau(c + 1) by the Poisson increments between, and what reaches the next boundary is
 * cut off. */
#include "sequential.h"

#include "check.h"
#include "room.h"
#include "solve.h"
#include "special.h"

#include <math.h>
#include <string.h>

static const double SHORTEST = 1e-6, LONGEST = 5000;

/* Chances below this do not count any more. */
static const double NEGLIGIBLE = 1e-25;

struct looks {
    double horizon, least, alpha;
    size_t most;                          /* counts are below this */
    double *alive, *next, *step, *beyond; /* chances of event counts, and of increments */
};

/* x in 0 … 1 with x - 1 - ln x = level, level >= 0: Newton's method on ln x from below, where it is monotone. */
static double lower_root(double level)
{
    double u = level < 0.5 ? -sqrt(2 * level) - level : -level - 1;

    for (int i = 0; i < 100; i++) {
        double value = expm1(u) - u - level, slope = expm1(u);
        double change = slope != 0 ? value / slope : 0;

        u -= change;
        if (fabs(change) <= 4e-16) /* what e^u can show */
            break;
    }
    return exp(u);
}

/* The expected count before which the c-th event signals. */
static double tau(double c, double critical)
{
    return c * lower_root(critical / c);
}

/* Chances of 0, 1, … events in an increment, and of at least as many; how many count, at most `most` + 1. */
static size_t fill_steps(const struct looks *l, double mean, size_t most)
{
    size_t n = 0;

    for (; n <= most; n++) {
        l->step[n] = special_poisson((double)n, mean);
        if ((double)n > mean && l->step[n] < NEGLIGIBLE)
            break;
    }
    l->beyond[n] = special_gamma(TAIL_LOWER, (double)n, mean);
    for (size_t i = n; i-- > 0;)
        l->beyond[i] = l->beyond[i + 1] + l->step[i];
    return n;
}

/* Carries the chances of lo … hi - 1 events forward by an increment; counts from limit on (hi or more) are cut off, and
 * their chance is returned. */
static double carry(struct looks *l, size_t lo, size_t hi, double increment, size_t limit)
{
    size_t steps = fill_steps(l, increment, limit - lo);
    double *swap = l->alive, crossed = 0;

    memset(l->next + lo, 0, (limit - lo) * sizeof *l->next);
    for (size_t i = lo; i < hi; i++) {
        for (size_t j = 0; j < steps && i + j < limit; j++)
            l->next[i + j] += l->alive[i] * l->step[j];
        crossed += limit - i <= steps ? l->alive[i] * l->beyond[limit - i] : 0;
    }
    l->alive = l->next;
    l->next = swap;
    return crossed;
}

/* The chance of a signal by the horizon with the given boundary, less alpha. */
static double excess(double critical, const void *context)
{
    struct looks l = *(const struct looks *)context;
    size_t lo = 0, hi = 1;
    double at = 0, crossed = 0;

    l.alive[0] = 1;
    for (size_t c = (size_t)l.least; at < l.horizon && c < l.most; c++) {
        double until = fmin(tau((double)c, critical), l.horizon);

        crossed += carry(&l, lo, hi, until - at, c);
        while (lo + 1 < c && l.alive[lo] < NEGLIGIBLE)
            lo++;
        hi = c;
        at = until;
    }
    return crossed - l.alpha;
}

static int check_plan(double horizon, double least, double alpha, struct fail *f)
{
    if (check_one(CHECK_FINITE, "T", horizon, f) || check_one(CHECK_COUNT, "M", least, f) ||
        check_one(CHECK_LEVEL, "alpha", alpha, f))
        return -1;
    if (horizon < SHORTEST || horizon > LONGEST)
        return fail_set(f, FAIL_INPUT, "T: %g is not within %g and %g", horizon, SHORTEST, LONGEST);
    if (least < 1 || least > LONGEST)
        return fail_set(f, FAIL_INPUT, "M: %g is not within 1 and %g", least, LONGEST);
    return 0;
}

/* More events than this by the horizon would have signalled at any value that is searched. */
static size_t most_events(double horizon, double least)
{
    return (size_t)(horizon + 60 * sqrt(horizon) + 2000 + least);
}

int sequential_maxsprt_critical(
    double horizon, double least, double alpha, bool *ret_exists, double *ret_critical, struct fail *f)
{
    autofree double *scratch = NULL;
    struct looks l = {.horizon = horizon, .least = least, .alpha = alpha};

    if (check_plan(horizon, least, alpha, f))
        return -1;
    l.most = most_events(horizon, least);
    scratch = room(4 * (l.most + 2), sizeof *scratch);
    l.alive = scratch;
    l.next = l.alive + l.most + 2;
    l.step = l.next + l.most + 2;
    l.beyond = l.step + l.most + 2;
    if (excess(0, &l) <= 0) {
        *ret_exists = false;
        return 0;
    }
    if (solve_root_from(excess, &l, 0, 1, 1000, ret_critical, f))
        return fail_add(f, "critical value");
    *ret_exists = true;
    return 0;
}
