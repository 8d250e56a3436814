/* qr: least squares with known answers; columns that depend on earlier ones are set aside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cleanup.h"
#include "qr.h"

#include <math.h>
#include <string.h>

enum { MOST = 8 };

struct solved {
    size_t rank, pivot[MOST];
    double b[MOST], variance[MOST];
};

static struct solved solve(const double *a, const double *y, size_t rows, size_t columns)
{
    double work[64], target[MOST], scratch[2 * MOST];
    struct solved s;

    memcpy(work, a, rows * columns * sizeof *a);
    memcpy(target, y, rows * sizeof *y);
    s.rank = qr_solve(work, target, rows, columns, 1e-11, scratch, s.b, s.variance, s.pivot);
    return s;
}

/* Line through 1, 3, 4, 8 at 0, 1, 2, 3: b = (0.7, 2.2), (XᵀX)⁻¹ = (0.7, 0.2) on its diagonal. */
static void straight_line(void **state)
{
    const double a[] = {1, 1, 1, 1, 0, 1, 2, 3}, y[] = {1, 3, 4, 8};
    struct solved s = solve(a, y, 4, 2);
    (void)state;

    assert_int_equal(s.rank, 2);
    assert_float_equal(s.b[0], 0.7, 1e-14);
    assert_float_equal(s.b[1], 2.2, 1e-14);
    assert_float_equal(s.variance[0], 0.7, 1e-14);
    assert_float_equal(s.variance[1], 0.2, 1e-14);
}

static void a_dependent_column_gives_way_to_earlier_ones(void **state)
{
    /* the second is twice the first, the third is not */
    const double a[] = {1, 1, 1, 1, 2, 2, 2, 2, 0, 1, 2, 3}, y[] = {1, 3, 4, 8};
    struct solved s = solve(a, y, 4, 3);
    (void)state;

    assert_int_equal(s.rank, 2);
    assert_int_equal(s.pivot[2], 1);
    assert_float_equal(s.b[0], 0.7, 1e-14);
    assert_float_equal(s.b[2], 2.2, 1e-14);
    assert_true(fabs(s.b[1]) <= 0 && s.variance[1] <= 0);
}

static void empty_columns_are_set_aside(void **state)
{
    const double a[] = {0, 0, 0, 1, 1, 1}, y[] = {1, 2, 6};
    struct solved s = solve(a, y, 3, 2);
    (void)state;

    assert_int_equal(s.rank, 1);
    assert_float_equal(s.b[1], 3, 1e-15);
}

static void more_columns_than_rows(void **state)
{
    const double a[] = {1, 1, 1, 2, 5, 9}, y[] = {3, 5};
    struct solved s = solve(a, y, 2, 3);
    (void)state;

    assert_int_equal(s.rank, 2);
    assert_float_equal(s.b[0], 1, 1e-14);
    assert_float_equal(s.b[1], 2, 1e-14);
}

/* Läuchli: 1e-7 beside 1 survives reflections, though its square is lost in normal equations. */
static void nearly_dependent_columns_keep_their_digits(void **state)
{
    const double e = 1e-9, a[] = {1, e, 0, 1, 0, e}, y[] = {2, e, e};
    struct solved s = solve(a, y, 3, 2);
    (void)state;

    assert_int_equal(s.rank, 2);
    assert_float_equal(s.b[0], 1, 1e-6);
    assert_float_equal(s.b[1], 1, 1e-6);
}

static void sizes_far_apart(void **state)
{
    const double a[] = {1e-100, 1e-100, 0, 1e100}, y[] = {1e-100, 3e-100};
    struct solved s = solve(a, y, 2, 2);
    (void)state;

    assert_int_equal(s.rank, 2);
    assert_float_equal(s.b[0], 1, 1e-14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(straight_line),
        cmocka_unit_test(a_dependent_column_gives_way_to_earlier_ones),
        cmocka_unit_test(empty_columns_are_set_aside),
        cmocka_unit_test(more_columns_than_rows),
        cmocka_unit_test(nearly_dependent_columns_keep_their_digits),
        cmocka_unit_test(sizes_far_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
