/* weibull_model.c: sorts units into sums that are cheap to evaluate, and evaluates them: two powers a unit. */
#include "weibull_model.h"
#include "check.h"
#include "room.h"

#include <math.h>
#include <stdint.h>

enum { BLOCK = 4096, STEPS_MAX = 200 };

static const double shape_least = 1e-6, shape_most = 1e6, power_most = 600;

/* ---------------------------------------------------------------- preparing */

static int check_spans(const struct weibull_spans *s, struct fail *f)
{
    if (check_length("lo", s->n, 1, f) || check_all(CHECK_NOT_NEGATIVE, "lo", s->lo, s->n, f) ||
        check_all(CHECK_NUMBER, "hi", s->hi, s->n, f))
        return -1;
    if (s->n >= UINT32_MAX)
        return fail_set(f, FAIL_INPUT, "lo: %zu rows are too many", s->n);
    if (s->freq && check_all(CHECK_NOT_NEGATIVE, "freq", s->freq, s->n, f))
        return -1;
    for (size_t i = 0; i < s->n; i++) {
        if (s->hi[i] < s->lo[i])
            return fail_set(f, FAIL_INPUT, "hi[%zu]: before lo[%zu]", i, i);
        if (s->hi[i] <= 0)
            return fail_set(f, FAIL_INPUT, "hi[%zu]: a failure at age 0 has no logarithm", i);
    }
    if (!s->entry)
        return 0;
    if (check_all(CHECK_NOT_NEGATIVE, "entry", s->entry, s->n, f) ||
        check_after("hi", s->hi, "entry", s->entry, s->n, f))
        return -1;
    for (size_t i = 0; i < s->n; i++)
        if (s->lo[i] < s->entry[i])
            return fail_set(f, FAIL_INPUT, "lo[%zu]: before entry[%zu]", i, i);
    return 0;
}

static double entry_of(const struct weibull_spans *s, size_t i)
{
    return s->entry ? s->entry[i] : 0;
}

static double freq_of(const struct weibull_spans *s, size_t i)
{
    return s->freq ? s->freq[i] : 1;
}

static void stretches_open(struct weibull_stretches *s, size_t n, bool from_zero)
{
    s->x = room(n, sizeof *s->x);
    s->d = from_zero ? NULL : room(n, sizeof *s->d);
    s->w = room(n, sizeof *s->w);
}

static void stretches_close(struct weibull_stretches *s)
{
    free(s->x);
    free(s->d);
    free(s->w);
}

static void stretches_add(struct weibull_stretches *s, double x, double d, double w)
{
    s->x[s->n] = x;
    s->w[s->n] = w;
    if (s->d)
        s->d[s->n] = d;
    s->n++;
}

/* ln(from/to), with all digits when both are nearly the same; -infinity from 0. */
static double log_ratio(double from, double to)
{
    return from > to / 2 ? log1p((from - to) / to) : log(from / to);
}

/* How many rows of each kind there are, and the longest age survived and reached. */
struct survey {
    size_t whole, part, spans;
    double survived, reached;
};

static void survey(const struct weibull_spans *s, struct survey *ret)
{
    *ret = (struct survey){0};
    for (size_t i = 0; i < s->n; i++) {
        if (!(freq_of(s, i) > 0))
            continue;
        if (s->lo[i] > entry_of(s, i)) {
            *(entry_of(s, i) > 0 ? &ret->part : &ret->whole) += 1;
            ret->survived = fmax(ret->survived, s->lo[i]);
        }
        if (isfinite(s->hi[i])) {
            ret->spans += s->hi[i] > s->lo[i];
            ret->reached = fmax(ret->reached, s->hi[i]);
        }
    }
}

static void add_row(struct weibull_model *m, double lo, double hi, double entry, double w)
{
    double x_lo = log(lo) - m->ref;

    m->units += w;
    if (lo > entry) {
        if (entry > 0)
            stretches_add(&m->part, x_lo, log_ratio(entry, lo), w);
        else
            stretches_add(&m->whole, x_lo, 0, w);
    }
    if (!isfinite(hi))
        return;
    m->failures += w;
    if (hi > lo) {
        stretches_add(&m->spans, log(hi) - m->ref, log_ratio(lo, hi), w);
        m->between += w;
    } else {
        m->exact += w;
        m->exact_x += w * x_lo;
        m->exact_log += w * (x_lo + m->ref);
    }
}

static int refuse_early(const struct weibull_model *m, const struct survey *seen, struct fail *f)
{
    if (!(m->failures > 0))
        return fail_set(f, FAIL_INPUT, "not estimable: no unit failed, all are censored");
    if (!(seen->survived > 0))
        return fail_set(f, FAIL_INPUT, "not estimable: no unit is known to have survived any age");
    if (m->spans.n == 0 && !(m->exact_x < 0))
        return fail_set(f, FAIL_INPUT, "not estimable: all failures are at the longest age, so the shape has no bound");
    return 0;
}

int weibull_model_open(const struct weibull_spans *s, struct weibull_model *ret, struct fail *f)
{
    struct weibull_model m = {.shape_min = shape_least, .shape_max = shape_most};
    struct survey seen;

    if (check_spans(s, f))
        return -1;
    survey(s, &seen);
    m.ref = seen.survived > 0 ? log(seen.survived) : 0;
    stretches_open(&m.whole, seen.whole, true);
    stretches_open(&m.part, seen.part, false);
    stretches_open(&m.spans, seen.spans, false);
    for (size_t i = 0; i < s->n; i++)
        if (freq_of(s, i) > 0)
            add_row(&m, s->lo[i], s->hi[i], entry_of(s, i), freq_of(s, i));
    if (seen.spans && seen.reached > seen.survived)
        m.shape_max = fmin(shape_most, power_most / (log(seen.reached) - m.ref));
    if (refuse_early(&m, &seen, f)) {
        weibull_model_close(&m);
        return -1;
    }
    *ret = m;
    return 0;
}

int weibull_model_open_lives(const struct lives *l, struct weibull_model *ret, struct fail *f)
{
    autofree double *hi = NULL;

    if (lives_check(l, f))
        return -1;
    hi = room(l->n, sizeof *hi);
    for (size_t i = 0; i < l->n; i++) {
        if (l->failed[i] && !(l->time[i] > 0))
            return fail_set(f, FAIL_INPUT, "time[%zu]: a failure at age 0 has no logarithm", i);
        hi[i] = l->failed[i] ? l->time[i] : (double)INFINITY;
    }
    return weibull_model_open(&(struct weibull_spans){l->n, l->time, hi, l->entry, l->freq}, ret, f);
}

void weibull_model_close(struct weibull_model *m)
{
    stretches_close(&m->whole);
    stretches_close(&m->part);
    stretches_close(&m->spans);
}

/* ---------------------------------------------------------------- what was survived: A = sum w (t^b - e^b) */

struct power_sums {
    double a, a1, a2; /* and its derivatives by b */
};

static void add_block(struct power_sums *to, const struct power_sums *block)
{
    to->a += block->a;
    to->a1 += block->a1;
    to->a2 += block->a2;
}

static void sum_whole(const struct weibull_stretches *s, double b, struct power_sums *ret)
{
    for (size_t from = 0; from < s->n; from += BLOCK) {
        size_t end = s->n - from < BLOCK ? s->n : from + BLOCK;
        struct power_sums block = {0};

        for (size_t i = from; i < end; i++) {
            double x = s->x[i], p = s->w[i] * exp(b * x);

            block.a += p;
            block.a1 += p * x;
            block.a2 += p * x * x;
        }
        add_block(ret, &block);
    }
}

/* 1 - exp(bd) without cancellation, and exp(bd). */
static double gap(double bd, double *ret_exp)
{
    double u;

    if (bd < -0.7) {
        *ret_exp = exp(bd);
        return 1 - *ret_exp;
    }
    u = -expm1(bd);
    *ret_exp = 1 - u;
    return u;
}

static void sum_part(const struct weibull_stretches *s, double b, struct power_sums *ret)
{
    for (size_t from = 0; from < s->n; from += BLOCK) {
        size_t end = s->n - from < BLOCK ? s->n : from + BLOCK;
        struct power_sums block = {0};

        for (size_t i = from; i < end; i++) {
            double x = s->x[i], d = s->d[i], y, u = gap(b * d, &y);
            double p = s->w[i] * exp(b * x);

            block.a += p * u;
            block.a1 += p * (x * u - d * y);
            block.a2 += p * (x * x * u - (2 * x + d) * d * y);
        }
        add_block(ret, &block);
    }
}

static void sum_powers(const struct weibull_model *m, double b, struct power_sums *ret)
{
    *ret = (struct power_sums){0};
    sum_whole(&m->whole, b, ret);
    sum_part(&m->part, b, ret);
}

/* ---------------------------------------------------------------- failures between two ages */

/* q = H(t) - H(s) of one span: its log without -c, and its first two derivatives by b as parts of it. */
struct span {
    double log_q, r1, r2;
};

static struct span span_at(const struct weibull_stretches *s, size_t i, double b)
{
    double x = s->x[i], d = s->d[i], y, u;

    if (isinf(d))
        return (struct span){b * x, x, x * x};
    u = gap(b * d, &y);
    return (struct span){b * x + log(u), x - d * y / u, x * x - (2 * x + d) * d * y / u};
}

/* q / (exp(q) - 1): q times the derivative of ln (1 - exp(-q)); 1 at 0. */
static double pull(double q)
{
    return q > 700 ? 0 : q > 0 ? q / expm1(q) : 1;
}

static void add_spans(const struct weibull_model *m, struct weibull_at *at)
{
    for (size_t i = 0; i < m->spans.n; i++) {
        struct span s = span_at(&m->spans, i, at->b);
        double w = m->spans.w[i], log_q = s.log_q - at->c, q = exp(log_q), h = pull(q);
        double second = -h * (q > 700 ? 0 : q + h); /* q² times the second derivative */

        at->ll += w * (q < 1e-12 ? log_q - q / 2 : log(-expm1(-q)));
        at->l_b += w * h * s.r1;
        at->l_c -= w * h;
        at->l_bb += w * (second * s.r1 * s.r1 + h * s.r2);
        at->l_bc -= w * (second + h) * s.r1;
        at->l_cc += w * (second + h);
    }
}

/* ---------------------------------------------------------------- all together */

static void evaluate(
    const struct weibull_model *m, const struct power_sums *p, double b, double c, struct weibull_at *ret)
{
    double rate = exp(-c), r = m->exact;

    *ret = (struct weibull_at){
        .b = b,
        .c = c,
        .ll = r * (log(b) - c) + b * m->exact_x - m->exact_log - rate * p->a,
        .l_b = r / b + m->exact_x - rate * p->a1,
        .l_c = rate * p->a - r,
        .l_bb = -r / (b * b) - rate * p->a2,
        .l_bc = rate * p->a1,
        .l_cc = -rate * p->a,
    };
    add_spans(m, ret);
}

void weibull_model_at(const struct weibull_model *m, double b, double c, struct weibull_at *ret)
{
    struct power_sums p;

    sum_powers(m, b, &p);
    evaluate(m, &p, b, c, ret);
}

/* With spans there is no closed form: the slope by c, rate A - R - sum w h(rate D), falls in c, and passes 0 between
 * the rates that h ≤ 1 and h ≥ 1 - q/2 give. Newton's method, halved back into the bracket. */
static double best_c_of_spans(const struct weibull_model *m, double b, double a)
{
    double all = m->exact + m->between, least = 0, lo, hi, c;
    autofree double *log_q = room(m->spans.n, sizeof *log_q);

    for (size_t i = 0; i < m->spans.n; i++) {
        log_q[i] = span_at(&m->spans, i, b).log_q;
        least += m->spans.w[i] * exp(log_q[i]) / 2;
    }
    lo = log(a / all);
    hi = log((a + least) / all);
    c = lo + (hi - lo) / 2;
    for (int step = 0; step < STEPS_MAX && hi - lo > 1e-15 * fmax(1, fabs(c)); step++) {
        double slope = exp(-c) * a - m->exact, curve = -exp(-c) * a, next;

        for (size_t i = 0; i < m->spans.n; i++) {
            double q = exp(log_q[i] - c), h = pull(q);

            slope -= m->spans.w[i] * h;
            curve += m->spans.w[i] * h * (1 - (q > 700 ? 0 : q + h));
        }
        *(slope > 0 ? &lo : &hi) = c;
        next = c - slope / curve;
        if (fabs(next - c) < 1e-14 * fmax(1, fabs(c)))
            return next;
        c = next > lo && next < hi ? next : lo + (hi - lo) / 2;
    }
    return c;
}

void weibull_model_best_scale(const struct weibull_model *m, double b, struct weibull_at *ret)
{
    struct power_sums p;

    sum_powers(m, b, &p);
    evaluate(m, &p, b, m->spans.n ? best_c_of_spans(m, b, p.a) : log(p.a / m->exact), ret);
}

/* Where the summit lies between: an end that was not evaluated may be stepped on, one that was not. */
struct bracket {
    double lo, hi;
    bool lo_known, hi_known;
};

static double within(const struct bracket *k, double at, double next)
{
    if (next >= k->hi)
        return k->hi_known ? at + (k->hi - at) / 2 : k->hi;
    if (next <= k->lo)
        return k->lo_known ? at + (k->lo - at) / 2 : k->lo;
    return next;
}

/* Newton's step in ln b, no longer than 1 and never downhill. */
static double uphill(double b, double slope, double curvature)
{
    double move = -(b * slope) / (b * b * curvature + b * slope);

    if (move * slope >= 0 && fabs(move) <= 1)
        return move;
    return slope > 0 ? 1 : -1;
}

int weibull_model_climb(const struct weibull_model *m, weibull_line *line, double fixed, double start,
    struct weibull_at *ret, int *ret_side)
{
    struct bracket k = {log(m->shape_min), log(m->shape_max), false, false};
    double a = fmin(fmax(log(start), k.lo), k.hi);

    *ret_side = 0;
    for (int step = 0; step < STEPS_MAX; step++) {
        double slope, curvature, move;
        bool finite;

        line(m, exp(a), fixed, ret, &slope, &curvature);
        finite =
            isfinite(ret->ll) && isfinite(slope) && isfinite(curvature); /* else b is so large that powers overflow */
        move = finite ? uphill(exp(a), slope, curvature) : -1;
        if (finite && curvature < 0 && (fabs(move) < 1e-11 || k.hi - k.lo < 1e-12))
            return 0;
        if (move == 0 || (move > 0 ? a >= k.hi : a <= k.lo)) {
            *ret_side = move > 0 ? 1 : move < 0 ? -1 : 0;
            return -1;
        }
        if (move > 0) {
            k.lo = a;
            k.lo_known = true;
        } else {
            k.hi = a;
            k.hi_known = true;
        }
        a = within(&k, a, a + move);
    }
    return -1;
}
