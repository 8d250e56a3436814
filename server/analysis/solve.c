/* solve.c: Brent's root finder and the Cholesky factorisation. */
#include "solve.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { ROOT_STEPS = 300, WALK_STEPS = 2100 };

static const double PIVOT_LEAST = 1e-12;

/* ---------------------------------------------------------------- roots */

/* Best estimate b, end of the other sign c, estimate before a; their values; the last two steps. */
struct brent {
    double a, b, c, fa, fb, fc, step, step_before;
};

static bool same_sign(double x, double y)
{
    return (x > 0) == (y > 0);
}

/* c becomes the end whose sign differs from b's, and b the better of the two. */
static void brent_arrange(struct brent *s)
{
    if (same_sign(s->fb, s->fc)) {
        s->c = s->a;
        s->fc = s->fa;
        s->step = s->step_before = s->b - s->a;
    }
    if (fabs(s->fc) < fabs(s->fb)) {
        s->a = s->b;
        s->fa = s->fb;
        s->b = s->c;
        s->fb = s->fc;
        s->c = s->a;
        s->fc = s->fa;
    }
}

/* The step that inverse quadratic interpolation (or the secant) proposes; NaN or Inf when it has nothing to say. */
static double brent_proposal(const struct brent *s)
{
    double r, t, q;

    if (s->a == s->c)
        return (s->c - s->b) * (s->fb / s->fa) / (1 - s->fb / s->fa);
    q = s->fa / s->fc;
    r = s->fb / s->fc;
    t = s->fb / s->fa;
    return -t * ((s->c - s->b) * q * (q - r) - (s->b - s->a) * (r - 1)) / ((q - 1) * (r - 1) * (t - 1));
}

static void brent_step(struct brent *s, double tolerance)
{
    double half = (s->c - s->b) / 2;
    double proposal = fabs(s->step_before) >= tolerance && fabs(s->fa) > fabs(s->fb) ? brent_proposal(s) : half;
    bool toward = isfinite(proposal) && proposal * half > 0;

    if (toward && fabs(proposal) < 1.5 * fabs(half) - tolerance / 2 && fabs(proposal) < fabs(s->step_before) / 2) {
        s->step_before = s->step;
        s->step = proposal;
    } else
        s->step = s->step_before = half;
    s->a = s->b;
    s->fa = s->fb;
    s->b += fabs(s->step) > tolerance ? s->step : copysign(tolerance, half);
}

int solve_root(solve_function *fn, const void *context, double lo, double hi, double *ret_root, struct fail *f)
{
    struct brent s = {.a = lo, .b = hi, .fa = fn(lo, context), .fb = fn(hi, context)};

    s.c = s.a;
    s.fc = s.fa;
    if (!isnan(s.fa) && !isnan(s.fb) && s.fa != 0 && s.fb != 0 && same_sign(s.fa, s.fb))
        return fail_set(f, FAIL_INPUT, "no zero between %g and %g", lo, hi);
    s.step = s.step_before = hi - lo;
    for (int i = 0; i < ROOT_STEPS; i++) {
        double tolerance;

        if (isnan(s.fa) || isnan(s.fb))
            return fail_set(f, FAIL_INPUT, "not a number at %g", isnan(s.fb) ? s.b : s.a);
        if (i == 0 && s.fa == 0)
            s.b = s.a, s.fb = 0;
        else
            brent_arrange(&s);
        tolerance = DBL_EPSILON * fabs(s.b) + DBL_MIN;
        if (s.fb == 0 || fabs(s.c - s.b) <= 2 * tolerance) {
            *ret_root = s.b;
            return 0;
        }
        brent_step(&s, tolerance);
        s.fb = fn(s.b, context);
    }
    return fail_set(f, FAIL_INPUT, "no convergence to a zero between %g and %g", lo, hi);
}

int solve_root_from(
    solve_function *fn, const void *context, double start, double step, double limit, double *ret_root, struct fail *f)
{
    double from = start, value = fn(start, context);

    if (value == 0) {
        *ret_root = start;
        return 0;
    }
    for (int i = 0; i < WALK_STEPS && from != limit; i++, step *= 2) {
        double to = step > 0 ? fmin(from + step, limit) : fmax(from + step, limit);
        double next = fn(to, context);

        if (isnan(next) || isnan(value))
            return fail_set(f, FAIL_INPUT, "not a number between %g and %g", from, to);
        if (next == 0 || !same_sign(value, next))
            return solve_root(fn, context, from, to, ret_root, f);
        from = to;
        value = next;
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
