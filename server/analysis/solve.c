/* solve.c: Brent's root finder and the Cholesky factorisation. */
#include "solve.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { ROOT_STEPS = 1200, WALK_STEPS = 2100 };

static const double PIVOT_LEAST = 1e-12;

/* ---------------------------------------------------------------- roots */

/* Best estimate b, end of the other sign c, estimate before a; their values. */
struct brent {
    double a, b, c, fa, fb, fc;
};

static bool same_sign(double x, double y)
{
    return (x > 0 && y > 0) || (x < 0 && y < 0);
}

/* b is to be the better end. */
static void brent_arrange(struct brent *s)
{
    if (fabs(s->fc) >= fabs(s->fb))
        return;
    s->a = s->b;
    s->fa = s->fb;
    s->b = s->c;
    s->fb = s->fc;
    s->c = s->a;
    s->fc = s->fa;
}

/* Inverse quadratic interpolation or the secant as p / q, where it stays within three quarters of the way to c and is
 * less than half the step before; otherwise half the way to c. */
static double brent_step(const struct brent *s, double before, double tolerance)
{
    double way = s->c - s->b, t = s->fb / s->fa, p, q;

    if (fabs(before) < tolerance || fabs(s->fa) <= fabs(s->fb))
        return way / 2;
    if (s->a == s->c) {
        p = way * t;
        q = 1 - t;
    } else {
        double u = s->fa / s->fc, v = s->fb / s->fc;

        p = t * (way * u * (u - v) - (s->b - s->a) * (v - 1));
        q = (u - 1) * (v - 1) * (t - 1);
    }
    if (p > 0)
        q = -q;
    else
        p = -p;
    if (p < 0.75 * way * q - fabs(tolerance * q) / 2 && p < fabs(before * q / 2))
        return p / q;
    return way / 2; /* also where values of Inf made p or q NaN */
}

int solve_root_within(
    solve_function *fn, const void *context, double lo, double hi, double tolerance, double *ret_root, struct fail *f)
{
    double at_lo = fn(lo, context), at_hi = fn(hi, context);
    struct brent s = {.a = lo, .b = hi, .c = lo, .fa = at_lo, .fb = at_hi, .fc = at_lo};

    if (at_lo == 0 || at_hi == 0) {
        *ret_root = at_lo == 0 ? lo : hi;
        return 0;
    }
    if (same_sign(at_lo, at_hi))
        return fail_set(f, FAIL_INPUT, "no zero between %g and %g", lo, hi);
    for (int i = 0; i < ROOT_STEPS && !isnan(s.fb) && !isnan(s.fc); i++) {
        double before = s.b - s.a, enough, step;

        brent_arrange(&s);
        enough = 2 * DBL_EPSILON * fabs(s.b) + tolerance / 2;
        if (fabs(s.c - s.b) / 2 <= enough || s.fb == 0) {
            *ret_root = s.b;
            return 0;
        }
        step = brent_step(&s, before, enough);
        s.a = s.b;
        s.fa = s.fb;
        s.b += fabs(step) < enough ? copysign(enough, step) : step;
        s.fb = fn(s.b, context);
        if (same_sign(s.fb, s.fc)) {
            s.c = s.a;
            s.fc = s.fa;
        }
    }
    return fail_set(f, FAIL_INPUT, "no convergence to a zero between %g and %g", lo, hi);
}

int solve_root(solve_function *fn, const void *context, double lo, double hi, double *ret_root, struct fail *f)
{
    return solve_root_within(fn, context, lo, hi, DBL_MIN, ret_root, f);
}

int solve_root_from(
    solve_function *fn, const void *context, double start, double step, double limit, double *ret_root, struct fail *f)
{
    double from = start, value = fn(start, context);

    if (value == 0) {
        *ret_root = start;
        return 0;
    }
    for (int i = 0; i < WALK_STEPS && from != limit; i++) {
        double to = step > 0 ? fmin(from + step, limit) : fmax(from + step, limit);
        double next = fn(to, context);

        if (isnan(next) || isnan(value))
            return fail_set(f, FAIL_INPUT, "not a number between %g and %g", from, to);
        if (next == 0 || !same_sign(value, next))
            return solve_root(fn, context, from, to, ret_root, f);
        from = to;
        value = next;
        step *= 2;
    }
    return fail_set(f, FAIL_INPUT, "no zero between %g and %g", start, limit);
}

/* ---------------------------------------------------------------- linear equations */

int solve_cholesky(double *a, size_t n, size_t *ret_column)
{
    for (size_t j = 0; j < n; j++) {
        double *row = a + j * n;
        double pivot = row[j];

        for (size_t k = 0; k < j; k++)
            pivot -= row[k] * row[k];
        if (!(pivot > PIVOT_LEAST * row[j]) || !isfinite(pivot)) {
            *ret_column = j;
            return -1;
        }
        row[j] = sqrt(pivot);
        for (size_t i = j + 1; i < n; i++) {
            double sum = a[i * n + j];

            for (size_t k = 0; k < j; k++)
                sum -= a[i * n + k] * row[k];
            a[i * n + j] = sum / row[j];
        }
    }
    return 0;
}

void solve_cholesky_apply(const double *factor, size_t n, double *b)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            b[i] -= factor[i * n + k] * b[k];
        b[i] /= factor[i * n + i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++)
            b[i] -= factor[k * n + i] * b[k];
        b[i] /= factor[i * n + i];
    }
}

void solve_cholesky_inverse(const double *factor, size_t n, double *ret_inverse)
{
    for (size_t i = 0; i < n; i++) {
        double *row = ret_inverse + i * n; /* a column by symmetry */

        memset(row, 0, n * sizeof *row);
        row[i] = 1;
        solve_cholesky_apply(factor, n, row);
    }
}
