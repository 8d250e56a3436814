/* qr.c: see qr.h. */
#include "qr.h"

#include <math.h>

static double dot(const double *x, const double *y, size_t n)
{
    double total = 0;

    for (size_t i = 0; i < n; i++)
        total += x[i] * y[i];
    return total;
}

/* Scaled by the largest, so that squares neither overflow nor vanish. */
static double length(const double *x, size_t n)
{
    double most = 0, total = 0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(x[i]));
    if (most <= 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        total += x[i] / most * (x[i] / most);
    return most * sqrt(total);
}

/* The work of one decomposition. left[j]: length that is left of column j; whole[j]: its length at the start. */
struct work {
    double *a;
    size_t rows, columns;
    double *left, *whole;
    size_t *pivot;
};

static void swap(double *x, double *y)
{
    double keep = *x;

    *x = *y;
    *y = keep;
}

/* Column j moves to the end, those behind it one forward. */
static void set_aside(struct work *w, size_t j)
{
    for (; j + 1 < w->columns; j++) {
        double *column = &w->a[j * w->rows];
        size_t keep = w->pivot[j];

        for (size_t i = 0; i < w->rows; i++)
            swap(&column[i], &column[i + w->rows]);
        swap(&w->left[j], &w->left[j + 1]);
        swap(&w->whole[j], &w->whole[j + 1]);
        w->pivot[j] = w->pivot[j + 1];
        w->pivot[j + 1] = keep;
    }
}

static void reflect(const double *mirror, double *x, size_t n)
{
    double t = -dot(mirror, x, n) / mirror[0];

    for (size_t i = 0; i < n; i++)
        x[i] += t * mirror[i];
}

/* What is left of a column after its element in this row went; computed anew where the shortcut loses digits. */
static double left_of(const double *x, size_t n, double before)
{
    double part = before > 0 ? x[0] / before : 1;
    double rest = fmax(0, 1 - part * part);

    return rest < 1e-6 ? length(x + 1, n - 1) : before * sqrt(rest);
}

/* One reflection: column j of the rest becomes its mirror; the diagonal of R goes to *ret. */
static void eliminate(struct work *w, size_t j, double *y, double *ret)
{
    size_t n = w->rows - j;
    double *mirror = &w->a[j * w->rows + j];
    double size = copysign(length(mirror, n), mirror[0]);

    *ret = -size;
    if (fabs(size) <= 0)
        return;
    for (size_t i = 0; i < n; i++)
        mirror[i] /= size;
    mirror[0] += 1;
    for (size_t k = j + 1; k < w->columns; k++) {
        double *x = &w->a[k * w->rows + j];

        reflect(mirror, x, n);
        w->left[k] = left_of(x, n, w->left[k]);
    }
    reflect(mirror, y + j, n);
}

/* b = R⁻¹ y by the columns of R; diagonal[] holds its diagonal. */
static void back(const struct work *w, size_t rank, const double *diagonal, double *y)
{
    for (size_t j = rank; j-- > 0;) {
        y[j] /= diagonal[j];
        for (size_t i = 0; i < j; i++)
            y[i] -= y[j] * w->a[j * w->rows + i];
    }
}

/* Adds the squares of column k of R⁻¹ to the rows' sums. */
static void add_inverse(const struct work *w, size_t k, const double *diagonal, double *scratch, double *ret_variance)
{
    for (size_t i = 0; i < k; i++)
        scratch[i] = 0;
    scratch[k] = 1;
    back(w, k + 1, diagonal, scratch);
    for (size_t i = 0; i <= k; i++)
        ret_variance[w->pivot[i]] += scratch[i] * scratch[i];
}

size_t qr_solve(double *a, double *y, size_t rows, size_t columns, double tolerance, double *scratch, double *ret_b,
    double *ret_variance, size_t *ret_pivot)
{
    struct work w = {a, rows, columns, scratch, scratch + columns, ret_pivot};
    double *diagonal = w.whole; /* a column's own length is not asked for once it was used */
    size_t most = columns < rows ? columns : rows, stay = columns, rank = 0;

    for (size_t j = 0; j < columns; j++) {
        w.pivot[j] = j;
        w.left[j] = w.whole[j] = length(&a[j * rows], rows);
        ret_b[j] = ret_variance[j] = 0;
    }
    for (; rank < most && rank < stay; rank++) {
        while (rank < stay && w.left[rank] <= w.whole[rank] * tolerance) {
            set_aside(&w, rank);
            stay--;
        }
        if (rank == stay)
            break;
        eliminate(&w, rank, y, &diagonal[rank]);
    }
    back(&w, rank, diagonal, y);
    for (size_t k = 0; k < rank; k++)
        ret_b[w.pivot[k]] = y[k];
    for (size_t k = 0; k < rank; k++)
        add_inverse(&w, k, diagonal, w.left, ret_variance);
    return rank;
}
