/* solve.h: finding where a function is zero, and small systems of linear equations: the numerical tools that the
 * statistics share. Pure; iterations are bounded; what does not converge is said. */
#ifndef FAULTLINE_SOLVE_H
#define FAULTLINE_SOLVE_H

#include <stddef.h>

#include "fail.h"

/* A function of one number; context is the caller's. */
typedef double solve_function(double x, const void *context);

/* The zero of fn between lo and hi, at which its signs differ (a zero at either end is taken), to the last few bits of
 * a double: Brent's method (Brent 1973, chapter 4), which needs a sign only, so values of ±Inf are allowed.
 * FAIL_INPUT: fn has one sign at both ends, or is NaN somewhere. Some ten evaluations, never more than 1200. */
int solve_root(
    solve_function *fn, const void *context, double lo, double hi, double *ret_root, struct fail *f) must_check;

/* As solve_root, but content with a root that is known to within tolerance: the search is step by step that of zeroin
 * (netlib; R's uniroot), for results that have to agree with those of a coarse search. */
int solve_root_within(solve_function *fn, const void *context, double lo, double hi, double tolerance, double *ret_root,
    struct fail *f) must_check;

/* As solve_root, but looks for the second end itself: from start in the direction of step, which doubles each time,
 * until the sign changes or limit is reached. FAIL_INPUT also when there is no change up to limit. */
int solve_root_from(solve_function *fn, const void *context, double start, double step, double limit, double *ret_root,
    struct fail *f) must_check;

/* ---- symmetric positive definite matrices, n × n, row after row. Only the lower triangle is read. O(n³). */

/* a becomes its Cholesky factor (lower triangle). Returns 0; or -1 and the column in *ret_column (from 0) that depends
 * on those before it: its pivot fell below 1e-12 of its diagonal element, or is not a number. a is spoilt then. */
int solve_cholesky(double *a, size_t n, size_t *ret_column) must_check;

/* b becomes the solution x of A x = b, given the factor. */
void solve_cholesky_apply(const double *factor, size_t n, double *b);

/* The inverse of A, both triangles, given its factor. */
void solve_cholesky_inverse(const double *factor, size_t n, double *ret_inverse);

#endif
