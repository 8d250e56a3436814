/* qr.h: weighted least squares by Householder reflections, with columns that depend on earlier ones set aside.
 *
 * The reflections and the rule for setting a column aside are those of LINPACK's dqrdc as R changed it (dqrdc2): a column
 * of which less than tolerance of its length is left, once the columns before it are projected out, moves to the end. So
 * which of several confounded terms stays, and the numbers, are as in R's lm and glm. Works in place, O(rows columns²). */
#ifndef FAULTLINE_QR_H
#define FAULTLINE_QR_H

#include <stddef.h>

/* Solves min |a b - y|. a: rows × columns, column after column; replaced by the decomposition. y[rows]: replaced by its
 * rotated form. scratch[2 * columns]. ret_b[columns]: 0 for a column set aside; ret_variance[columns]: diagonal of
 * (aᵀa)⁻¹ over the columns that stay, 0 for the others; ret_pivot[columns]: the columns in the order used, those that
 * stay first. Returns how many stay (the rank, ≤ rows). All numbers finite; tolerance in (0,1), R uses 1e-11 in glm. */
size_t qr_solve(double *a, double *y, size_t rows, size_t columns, double tolerance, double *scratch, double *ret_b,
    double *ret_variance, size_t *ret_pivot);

#endif
