/* minimise.c: BFGS with bounds. Numbers that stand at a bound and would leave it are held for that step, and the
 * curvature learnt is forgotten when those held change. */
#include "minimise.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct state {
    double x[MINIMISE_MOST], gradient[MINIMISE_MOST], value;
    double inverse[MINIMISE_MOST][MINIMISE_MOST]; /* of the curvature, as far as known */
    bool held[MINIMISE_MOST];
};

static double clamp(const struct minimise *m, size_t i, double x)
{
    return fmin(fmax(x, m->lo[i]), m->hi[i]);
}

/* Forgets the curvature: steps of length 1 at first. */
static void forget(const struct minimise *m, struct state *s)
{
    double length = 0;

    for (size_t i = 0; i < m->n; i++)
        length += s->held[i] ? 0 : s->gradient[i] * s->gradient[i];
    memset(s->inverse, 0, sizeof s->inverse);
    for (size_t i = 0; i < m->n; i++)
        s->inverse[i][i] = 1 / fmax(sqrt(length), 1e-8);
}

/* True when those held changed. */
static bool hold(const struct minimise *m, struct state *s)
{
    bool changed = false;

    for (size_t i = 0; i < m->n; i++) {
        bool held = (s->x[i] <= m->lo[i] && s->gradient[i] > 0) || (s->x[i] >= m->hi[i] && s->gradient[i] < 0);

        changed = changed || held != s->held[i];
        s->held[i] = held;
    }
    return changed;
}

/* Downhill; false when what was learnt does not lead there. */
static bool direction(const struct minimise *m, const struct state *s, double *ret)
{
    double slope = 0;

    for (size_t i = 0; i < m->n; i++) {
        ret[i] = 0;
        for (size_t j = 0; j < m->n && !s->held[i]; j++)
            ret[i] -= s->held[j] ? 0 : s->inverse[i][j] * s->gradient[j];
        slope += ret[i] * s->gradient[i];
    }
    return slope < 0;
}

/* Halves the step until the value falls enough (Armijo). False when it never does. */
static bool line_search(const struct minimise *m, const struct state *s, const double *way, struct state *next)
{
    double share = 1;

    for (int tries = 0; tries < 40; tries++) {
        double promise = 0;

        for (size_t i = 0; i < m->n; i++) {
            next->x[i] = clamp(m, i, s->x[i] + share * way[i]);
            promise += s->gradient[i] * (next->x[i] - s->x[i]);
        }
        next->value = m->value(next->x, next->gradient, m->context);
        if (isfinite(next->value) && next->value <= s->value + 1e-4 * promise)
            return true;
        share /= 2;
    }
    return false;
}

/* The BFGS update of the inverse curvature from a step and the change of the gradient along it. */
static void learn(const struct minimise *m, struct state *s, const struct state *next)
{
    double step[MINIMISE_MOST], change[MINIMISE_MOST], carried[MINIMISE_MOST], along = 0, weight = 0;

    for (size_t i = 0; i < m->n; i++) {
        step[i] = next->x[i] - s->x[i];
        change[i] = next->gradient[i] - s->gradient[i];
        along += step[i] * change[i];
    }
    if (along <= 1e-14)
        return;
    for (size_t i = 0; i < m->n; i++) {
        carried[i] = 0;
        for (size_t j = 0; j < m->n; j++)
            carried[i] += s->inverse[i][j] * change[j];
    }
    for (size_t i = 0; i < m->n; i++)
        weight += change[i] * carried[i];
    for (size_t i = 0; i < m->n; i++)
        for (size_t j = 0; j < m->n; j++)
            s->inverse[i][j] += (1 + weight / along) * step[i] * step[j] / along -
                                (carried[i] * step[j] + step[i] * carried[j]) / along;
}

static void move(struct state *s, const struct state *next)
{
    memcpy(s->x, next->x, sizeof s->x);
    memcpy(s->gradient, next->gradient, sizeof s->gradient);
    s->value = next->value;
}

bool minimise_from(const struct minimise *m, double *x, double *ret_value)
{
    struct state s = {.value = 0}, next = {.value = 0};
    unsigned small = 0;
    bool fresh = true;

    assert(m->n > 0 && m->n <= MINIMISE_MOST);
    for (size_t i = 0; i < m->n; i++)
        s.x[i] = clamp(m, i, x[i]);
    s.value = m->value(s.x, s.gradient, m->context);
    hold(m, &s);
    forget(m, &s);
    for (unsigned step = 0; step < m->steps && small < 2; step++) {
        double way[MINIMISE_MOST];

        if (!direction(m, &s, way) || !line_search(m, &s, way, &next)) {
            if (fresh) {
                small = 2; /* not even straight downhill: this is the bottom */
                break;
            }
            forget(m, &s);
            fresh = true;
            continue;
        }
        small = s.value - next.value < m->tolerance ? small + 1 : 0;
        learn(m, &s, &next);
        move(&s, &next);
        fresh = hold(m, &s);
        if (fresh)
            forget(m, &s);
    }
    memcpy(x, s.x, m->n * sizeof *x);
    *ret_value = s.value;
    return small >= 2;
}
