/* survival.c: the Kaplan–Meier table, from the last age backwards: units at risk are then a sum that only small numbers
 * are taken from, so that a tail of few units is exact behind a start of millions. */
#include "survival.h"
#include "check.h"
#include "order.h"
#include "room.h"
#include "special.h"

#include <math.h>

/* Rows by time and by entry, and how far a walk from the last age to the first has come. */
struct walk {
    const struct lives *lives;
    uint32_t *by_time, *by_entry; /* by_entry NULL: all entered at 0 */
    size_t time_left, entry_left;
    long double at_risk;
};

static void walk_open(const struct lives *l, struct walk *ret)
{
    *ret = (struct walk){.lives = l, .time_left = l->n};
    ret->by_time = room(l->n, sizeof *ret->by_time);
    order_increasing(l->time, l->n, ret->by_time);
    if (l->entry) {
        ret->by_entry = room(l->n, sizeof *ret->by_entry);
        order_increasing(l->entry, l->n, ret->by_entry);
        ret->entry_left = l->n;
    }
}

static void walk_close(struct walk *w)
{
    free(w->by_time);
    free(w->by_entry);
}

/* Takes the units of the next earlier time in; false when there is none. */
static bool walk_back(struct walk *w, struct survival_point *ret)
{
    const struct lives *l = w->lives;
    long double failures = 0;
    double time;

    if (!w->time_left)
        return false;
    time = l->time[w->by_time[w->time_left - 1]];
    for (; w->time_left && l->time[w->by_time[w->time_left - 1]] >= time; w->time_left--) {
        size_t i = w->by_time[w->time_left - 1];

        w->at_risk += lives_freq(l, i);
        failures += l->failed[i] ? lives_freq(l, i) : 0;
    }
    for (; w->entry_left && l->entry[w->by_entry[w->entry_left - 1]] >= time; w->entry_left--)
        w->at_risk -= lives_freq(l, w->by_entry[w->entry_left - 1]);
    *ret = (struct survival_point){.time = time, .at_risk = (double)w->at_risk, .failures = (double)failures};
    return true;
}

static size_t failure_times(const struct lives *l, struct survival_point *ret)
{
    __attribute__((cleanup(walk_close))) struct walk walk;
    struct survival_point point;
    size_t n = 0;

    walk_open(l, &walk);
    while (walk_back(&walk, &point))
        if (point.failures > 0)
            ret[n++] = point;
    for (size_t i = 0; i < n / 2; i++) {
        point = ret[i];
        ret[i] = ret[n - 1 - i];
        ret[n - 1 - i] = point;
    }
    return n;
}

static double logit_inverse(double x)
{
    return 1 / (1 + exp(-x));
}

/* s is the standard error of ln S. */
static void set_limits(struct survival_point *p, double s, enum survival_scale scale, double z)
{
    double S = p->survival, at, half;

    switch (scale) {
    case SURVIVAL_LOG_LOG:
        half = z * s / -log(S);
        p->lo = exp(log(S) * exp(half));
        p->hi = exp(log(S) * exp(-half));
        break;
    case SURVIVAL_LOG:
        p->lo = S * exp(-z * s);
        p->hi = fmin(S * exp(z * s), 1);
        break;
    case SURVIVAL_PLAIN:
        p->lo = fmax(S - z * S * s, 0);
        p->hi = fmin(S + z * S * s, 1);
        break;
    case SURVIVAL_LOGIT:
        at = log(S / (1 - S));
        half = z * s / (1 - S);
        p->lo = logit_inverse(at - half);
        p->hi = logit_inverse(at + half);
        break;
    case SURVIVAL_ARCSIN:
        at = asin(sqrt(S));
        half = z * s * sqrt(S / (1 - S)) / 2;
        p->lo = pow(sin(fmax(at - half, 0)), 2);
        p->hi = pow(sin(fmin(at + half, M_PI_2)), 2);
        break;
    }
}

static void fill(struct survival_point *points, size_t n, enum survival_scale scale, double z)
{
    long double survival = 1, variance = 0;

    for (size_t i = 0; i < n; i++) {
        struct survival_point *p = &points[i];
        long double rest = (long double)p->at_risk - p->failures;

        survival *= rest / p->at_risk;
        variance += rest > 0 ? p->failures / (p->at_risk * rest) : 0;
        p->survival = (double)survival;
        if (p->survival > 0) {
            p->std_error = p->survival * sqrt((double)variance);
            set_limits(p, sqrt((double)variance), scale, z);
        } else {
            p->std_error = p->lo = p->hi = (double)NAN;
        }
    }
}

int survival_kaplan_meier(const struct lives *l, enum survival_scale scale, double level, struct survival_point *ret,
    size_t *ret_n, struct fail *f)
{
    if (lives_check(l, f) || check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    *ret_n = failure_times(l, ret);
    fill(ret, *ret_n, scale, special_normal_quantile(TAIL_UPPER, (1 - level) / 2));
    return 0;
}
