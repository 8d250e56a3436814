/* recurrence.c: one walk up the ages with sums over the units at risk.
 *
 * The robust variance is a sum over units of I², I = K - G: G grows by D/n² at every event age and is the same for all
 * (less what it was when the unit entered, which K starts with); K grows by the unit's own D_i/n. So with the sums of 1,
 * K and K² over the units at risk the variance at any age is S2 - 2 G S1 + G² S0, plus the I² of the units that left. */
#include "recurrence.h"
#include "check.h"
#include "order.h"
#include "room.h"
#include "special.h"

#include <float.h>
#include <math.h>

struct unit {
    double start, end; /* end < 0: no row */
    double freq;
    double now; /* what happened to it at the present age */
    long double k;
};

struct event {
    double time, cost;
    uint32_t unit;
};

struct walk {
    const struct recurrence *r;
    struct unit *units;
    uint32_t *by_start, *by_end;
    size_t started, ended;
    long double g, s0, s1, s2, left; /* left: sum of I² of units that left */
    long double mcf, poisson;
};

/* ---------------------------------------------------------------- rows into units */

static int check(const struct recurrence *r, struct fail *f)
{
    if (check_length("time", r->n, 1, f) || check_all(CHECK_NOT_NEGATIVE, "time", r->time, r->n, f))
        return -1;
    if (r->n >= UINT32_MAX || r->units >= UINT32_MAX)
        return fail_set(f, FAIL_INPUT, "time: %zu rows of %zu units are too many", r->n, r->units);
    for (size_t i = 0; i < r->n; i++)
        if (r->unit[i] >= r->units)
            return fail_set(f, FAIL_INPUT, "unit[%zu]: %u of %zu units", i, r->unit[i], r->units);
    if (r->cost && check_all(CHECK_NOT_NEGATIVE, "cost", r->cost, r->n, f))
        return -1;
    if (r->freq && check_all(CHECK_NOT_NEGATIVE, "freq", r->freq, r->n, f))
        return -1;
    if (!r->entry)
        return 0;
    if (check_all(CHECK_NOT_NEGATIVE, "entry", r->entry, r->n, f))
        return -1;
    return check_after("time", r->time, "entry", r->entry, r->n, f);
}

static int collect(const struct recurrence *r, struct unit *units, struct fail *f)
{
    for (size_t u = 0; u < r->units; u++)
        units[u].end = -1;
    for (size_t i = 0; i < r->n; i++) {
        struct unit *u = &units[r->unit[i]];
        double start = r->entry ? r->entry[i] : -1, freq = r->freq ? r->freq[i] : 1;

        if (u->end >= 0 && u->freq != freq)
            return fail_set(f, FAIL_INPUT, "freq[%zu]: %g where the unit had %g before", i, freq, u->freq);
        u->start = u->end < 0 ? start : fmin(u->start, start);
        u->end = fmax(u->end, r->time[i]);
        u->freq = freq;
    }
    return 0;
}

/* The units by one of their two ages. */
static uint32_t *units_by(const struct recurrence *r, const struct unit *units, bool end)
{
    autofree double *key = room(r->units, sizeof *key);
    uint32_t *order = room(r->units, sizeof *order);

    for (size_t u = 0; u < r->units; u++)
        key[u] = end ? units[u].end : units[u].start;
    order_increasing(key, r->units, order);
    return order;
}

/* ---------------------------------------------------------------- the walk */

/* Lets units in that entered before the age, and out whose history ended before it. */
static void move_to(struct walk *w, double age)
{
    for (; w->started < w->r->units; w->started++) {
        struct unit *u = &w->units[w->by_start[w->started]];

        if (u->start >= age)
            break;
        if (u->end < 0)
            continue;
        u->k = w->g;
        w->s0 += u->freq;
        w->s1 += u->freq * u->k;
        w->s2 += u->freq * u->k * u->k;
    }
    for (; w->ended < w->r->units; w->ended++) {
        const struct unit *u = &w->units[w->by_end[w->ended]];

        if (u->end >= age)
            break;
        if (u->end < 0)
            continue;
        w->s0 -= u->freq;
        w->s1 -= u->freq * u->k;
        w->s2 -= u->freq * u->k * u->k;
        w->left += u->freq * (u->k - w->g) * (u->k - w->g);
    }
}

static void unit_happened(struct walk *w, struct unit *u)
{
    long double step = u->now / w->s0;

    w->s1 += u->freq * step;
    w->s2 += u->freq * step * (2 * u->k + step);
    w->poisson += u->freq * step * step;
    u->k += step;
    u->now = 0;
}

/* What rounding leaves of S2 - 2 G S1 + G² S0 when all units had the same is 0. */
static double robust_variance(const struct walk *w)
{
    long double here = w->s2 - 2 * w->g * w->s1 + w->g * w->g * w->s0;

    if (here < 64 * LDBL_EPSILON * w->s2)
        here = 0;
    return (double)(w->left + here);
}

/* The events of one age. */
static struct recurrence_point step(struct walk *w, const struct event *events, size_t n)
{
    struct recurrence_point point = {.time = events[0].time};
    long double jump = 0;

    move_to(w, events[0].time);
    for (size_t i = 0; i < n; i++) {
        struct unit *u = &w->units[events[i].unit];

        u->now += events[i].cost;
        jump += u->freq * events[i].cost;
    }
    for (size_t i = 0; i < n; i++)
        unit_happened(w, &w->units[events[i].unit]);
    w->mcf += jump / w->s0;
    w->g += jump / w->s0 / w->s0;
    point.at_risk = (double)w->s0;
    point.jump = (double)jump;
    point.mcf = (double)w->mcf;
    point.se_robust = sqrt(robust_variance(w));
    point.se_poisson = sqrt((double)w->poisson);
    return point;
}

/* The events of units that count, by age; ret_events is to be freed. */
static size_t events_by_age(const struct recurrence *r, const struct unit *units, struct event **ret_events)
{
    autofree double *time = room(r->n, sizeof *time);
    autofree uint32_t *row = room(r->n, sizeof *row), *order = room(r->n, sizeof *order);
    struct event *events;
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++) {
        if (!r->event[i] || !(units[r->unit[i]].freq > 0))
            continue;
        time[n] = r->time[i];
        row[n++] = (uint32_t)i;
    }
    order_increasing(time, n, order);
    events = room(n, sizeof *events);
    for (size_t i = 0; i < n; i++) {
        size_t at = row[order[i]];

        events[i] = (struct event){time[order[i]], r->cost ? r->cost[at] : 1, r->unit[at]};
    }
    *ret_events = events;
    return n;
}

static void close_walk(struct walk *w)
{
    free(w->units);
    free(w->by_start);
    free(w->by_end);
}

/* The whole table; how many ages it has. Units lie in memory in another order than their events: those of the next
 * events are fetched ahead. */
static size_t tabulate(struct walk *w, const struct event *events, size_t n, double z, struct recurrence_point *ret)
{
    enum { AHEAD = 16 };
    size_t count = 0;

    for (size_t from = 0, end; from < n; from = end) {
        struct recurrence_point *p = &ret[count++];

        for (end = from; end < n && events[end].time <= events[from].time; end++)
            if (end + AHEAD < n)
                __builtin_prefetch(&w->units[events[end + AHEAD].unit], 1);
        *p = step(w, events + from, end - from);
        p->lo_log = p->mcf * exp(-z * p->se_robust / p->mcf);
        p->hi_log = p->mcf * exp(z * p->se_robust / p->mcf);
    }
    return count;
}

int recurrence_mcf(
    const struct recurrence *r, double level, struct recurrence_point *ret, size_t *ret_n, struct fail *f)
{
    __attribute__((cleanup(close_walk))) struct walk w = {.r = r};
    autofree struct event *events = NULL;
    size_t n;

    if (check(r, f) || check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    w.units = room(r->units, sizeof *w.units);
    if (collect(r, w.units, f))
        return -1;
    w.by_start = units_by(r, w.units, false);
    w.by_end = units_by(r, w.units, true);
    n = events_by_age(r, w.units, &events);
    *ret_n = tabulate(&w, events, n, special_normal_quantile(TAIL_UPPER, (1 - level) / 2), ret);
    return 0;
}

/* ---------------------------------------------------------------- two groups */

/* The last point at or before the age; a curve begins at 0. */
static struct recurrence_point at_age(const struct recurrence_point *points, size_t n, double age)
{
    size_t lo = 0;

    while (lo < n) {
        size_t mid = lo + (n - lo) / 2;

        if (points[mid].time <= age)
            lo = mid + 1;
        else
            n = mid;
    }
    return lo ? points[lo - 1] : (struct recurrence_point){0};
}

int recurrence_compare(const struct recurrence *one, const struct recurrence *other, const double *ages, size_t ages_n,
    double level, struct recurrence_difference *ret, struct fail *f)
{
    autofree struct recurrence_point *a = room(one->n, sizeof *a), *b = room(other->n, sizeof *b);
    size_t a_n, b_n;
    double z;

    if (check_all(CHECK_NUMBER, "ages", ages, ages_n, f))
        return -1;
    if (recurrence_mcf(one, level, a, &a_n, f))
        return fail_add(f, "first group");
    if (recurrence_mcf(other, level, b, &b_n, f))
        return fail_add(f, "second group");
    z = special_normal_quantile(TAIL_UPPER, (1 - level) / 2);
    for (size_t i = 0; i < ages_n; i++) {
        struct recurrence_point p = at_age(a, a_n, ages[i]), q = at_age(b, b_n, ages[i]);
        double difference = p.mcf - q.mcf, se = hypot(p.se_robust, q.se_robust);

        ret[i] = (struct recurrence_difference){difference, se, difference - z * se, difference + z * se};
    }
    return 0;
}
