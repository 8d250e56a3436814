/* weibull_rank.c: Johnson's ranks and a straight line. */
#include "weibull_rank.h"
#include "check.h"
#include "order.h"
#include "room.h"
#include "special.h"

#include <math.h>

static double position(enum weibull_plotting plotting, double rank, double n)
{
    double odds;

    switch (plotting) {
    case WEIBULL_BENARD:
        return (rank - 0.3) / (n + 0.4);
    case WEIBULL_BETA_MEDIAN:
        odds = special_beta_quantile_odds(TAIL_LOWER, rank, n - rank + 1, 0.5);
        return odds / (1 + odds);
    case WEIBULL_MEAN_RANK:
        return rank / (n + 1);
    case WEIBULL_HAZEN:
        return (rank - 0.5) / n;
    }
    return (double)NAN;
}

static int check(const struct lives *l, struct fail *f)
{
    if (lives_check(l, f))
        return -1;
    if (l->entry)
        return fail_set(f, FAIL_INPUT, "entry: ranks are not defined for units that entered late");
    for (size_t i = 0; i < l->n; i++) {
        if (!l->failed[i])
            continue;
        if (check_one(CHECK_COUNT, "freq", lives_freq(l, i), f))
            return fail_add(f, "failed row %zu", i);
        if (!(l->time[i] > 0))
            return fail_set(f, FAIL_INPUT, "time[%zu]: a failure at age 0 has no logarithm", i);
    }
    if (lives_failures(l) > WEIBULL_RANK_POINTS_MAX)
        return fail_set(
            f, FAIL_INPUT, "freq: %g failures are more points than %d", lives_failures(l), WEIBULL_RANK_POINTS_MAX);
    return 0;
}

/* The walk up the ages: what was given out so far. */
struct ranks {
    enum weibull_plotting plotting;
    double n, left, rank; /* units in all, units that reach the present age, rank of the last failure */
    struct weibull_rank_point *points;
    size_t count;
};

static void rank_failures(struct ranks *r, double time, double failures)
{
    for (size_t k = 0; k < (size_t)failures; k++) {
        r->rank += (r->n + 1 - r->rank) / (1 + r->left);
        r->left--;
        r->points[r->count++] = (struct weibull_rank_point){time, r->rank, position(r->plotting, r->rank, r->n)};
    }
}

int weibull_rank_points(const struct lives *l, enum weibull_plotting plotting, struct weibull_rank_point *ret,
    size_t *ret_n, struct fail *f)
{
    struct ranks r = {.plotting = plotting, .points = ret};
    autofree uint32_t *rows = NULL;

    if (check(l, f))
        return -1;
    rows = room(l->n, sizeof *rows);
    order_increasing(l->time, l->n, rows);
    r.n = r.left = lives_units(l);
    for (size_t from = 0, end; from < l->n; from = end) {
        double failures = 0, others = 0, time = l->time[rows[from]];

        for (end = from; end < l->n && l->time[rows[end]] <= time; end++)
            *(l->failed[rows[end]] ? &failures : &others) += lives_freq(l, rows[end]);
        rank_failures(&r, time, failures);
        r.left -= others;
    }
    *ret_n = r.count;
    return 0;
}

struct spread {
    double n, x, y, xx, xy, yy; /* number, means, sums of products about the means */
};

static void spread_add(struct spread *s, double x, double y)
{
    double dx = x - s->x, dy = y - s->y;

    s->n++;
    s->x += dx / s->n;
    s->y += dy / s->n;
    s->xx += dx * (x - s->x);
    s->xy += dx * (y - s->y);
    s->yy += dy * (y - s->y);
}

int weibull_rank_line(const struct weibull_rank_point *points, size_t n, enum weibull_direction direction,
    struct weibull_rank_line *ret, struct fail *f)
{
    struct spread s = {0};

    for (size_t i = 0; i < n; i++) {
        if (check_one(CHECK_POSITIVE, "time", points[i].time, f) ||
            check_one(CHECK_LEVEL, "position", points[i].position, f))
            return fail_add(f, "point %zu", i);
        spread_add(&s, log(points[i].time), log(-log1p(-points[i].position)));
    }
    if (!(s.xx > 0 && s.yy > 0 && s.xy > 0))
        return fail_set(f, FAIL_INPUT, "not estimable: fewer than two ages at which a unit failed");
    ret->shape = direction == WEIBULL_X_ON_Y ? s.yy / s.xy : s.xy / s.xx;
    ret->scale = exp(s.x - s.y / ret->shape);
    ret->r_squared = s.xy * s.xy / (s.xx * s.yy);
    return 0;
}
