/* solve: roots to the last digits, refusals instead of guesses, and systems of equations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "near.h"
#include "solve.h"

static double cube_less(double x, const void *context)
{
    return x * x * x - *(const double *)context;
}

static double steep(double x, const void *context)
{
    (void)context;
    return x > 1e-7 ? HUGE_VAL : x < 1e-7 ? -HUGE_VAL : 0;
}

static double flat(double x, const void *context)
{
    (void)context;
    return pow(x - 0.3, 9);
}

static double broken(double x, const void *context)
{
    (void)context;
    return x < 0.4 ? -1 : x > 0.6 ? 1 : (double)NAN;
}

static double exponential(double x, const void *context)
{
    return exp(-x) - *(const double *)context;
}

static void roots_have_all_their_digits(void **state)
{
    double two = 2, tiny = 1e-280, root;
    struct fail f;
    (void)state;

    assert_int_equal(solve_root(cube_less, &two, 0, 5, &root, &f), 0);
    assert_near(root, cbrt(2), 1e-15);
    assert_int_equal(solve_root(cube_less, &two, 5, -3, &root, &f), 0);
    assert_near(root, cbrt(2), 1e-15);
    assert_int_equal(solve_root(cube_less, &tiny, 0, 1, &root, &f), 0);
    assert_near(root, cbrt(1e-280), 1e-12);
    assert_int_equal(solve_root(steep, NULL, 0, 1, &root, &f), 0); /* only the sign is known */
    assert_near(root, 1e-7, 1e-14);
    assert_int_equal(solve_root(flat, NULL, 0, 1, &root, &f), 0);
    assert_near(root, 0.3, 1e-6);
}

static void a_zero_at_an_end_is_taken(void **state)
{
    double eight = 8, root;
    struct fail f;
    (void)state;

    assert_int_equal(solve_root(cube_less, &eight, 2, 5, &root, &f), 0);
    assert_true(root == 2);
    assert_int_equal(solve_root(cube_less, &eight, 0, 2, &root, &f), 0);
    assert_true(root == 2);
    assert_int_equal(solve_root_from(cube_less, &eight, 2, 1, 9, &root, &f), 0);
    assert_true(root == 2);
}

static void what_has_no_root_is_refused_and_nothing_written(void **state)
{
    double two = 2, root = 77;
    struct fail f;
    (void)state;

    assert_int_equal(solve_root(cube_less, &two, 3, 5, &root, &f), -1);
    assert_string_equal(f.text, "no zero between 3 and 5");
    assert_int_equal(solve_root(broken, NULL, 0, 1, &root, &f), -1);
    assert_int_equal(solve_root_from(cube_less, &two, 3, 1, 100, &root, &f), -1);
    assert_int_equal(solve_root_from(broken, NULL, 0.1, 0.4, 1, &root, &f), -1);
    assert_true(root == 77);
}

static void the_walk_finds_far_roots_in_both_directions(void **state)
{
    double tiny = 1e-300, huge = 1e300, root;
    struct fail f;
    (void)state;

    assert_int_equal(solve_root_from(exponential, &tiny, 0, 0.5, 1e4, &root, &f), 0);
    assert_near(root, 300 * log(10), 1e-14);
    assert_int_equal(solve_root_from(exponential, &huge, 0, -0.5, -1e4, &root, &f), 0);
    assert_near(root, -300 * log(10), 1e-14);
}

/* uniroot(function(x) x^3 - 2, c(0, 5), tol = 2^-13)$root and with c(0, 2) in R 4.2.2 */
static void a_coarse_search_ends_where_uniroot_does(void **state)
{
    double two = 2, root;
    struct fail f;
    (void)state;

    assert_int_equal(solve_root_within(cube_less, &two, 0, 5, 0x1p-13, &root, &f), 0);
    assert_near(root, 1.2599515487995794, 1e-14);
    assert_int_equal(solve_root_within(cube_less, &two, 0, 2, 0x1p-13, &root, &f), 0);
    assert_near(root, 1.2599338350608136, 1e-14);
}

static void equations_are_solved_and_inverted(void **state)
{
    double a[9] = {4, 0, 0, 2, 5, 0, -2, 3, 9}, b[3] = {2, 20, 31}, inverse[9];
    const double full[9] = {4, 2, -2, 2, 5, 3, -2, 3, 9};
    size_t column;
    (void)state;

    assert_int_equal(solve_cholesky(a, 3, &column), 0);
    solve_cholesky_apply(a, 3, b);
    for (size_t i = 0; i < 3; i++)
        assert_near(full[i * 3] * b[0] + full[i * 3 + 1] * b[1] + full[i * 3 + 2] * b[2],
            ((const double[]){2, 20, 31})[i], 1e-14);
    solve_cholesky_inverse(a, 3, inverse);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++) {
            double sum = 0;

            for (size_t j = 0; j < 3; j++)
                sum += full[i * 3 + j] * inverse[j * 3 + k];
            assert_true(fabs(sum - (i == k ? 1 : 0)) < 1e-14);
        }
}

static void a_column_that_depends_on_others_is_named(void **state)
{
    double a[9] = {1, 0, 0, 1, 2, 0, 2, 3, 5}; /* the third row is the sum of the first two */
    size_t column = 9;
    (void)state;

    assert_int_equal(solve_cholesky(a, 3, &column), -1);
    assert_int_equal(column, 2);
    assert_int_equal(solve_cholesky((double[]){(double)NAN}, 1, &column), -1);
    assert_int_equal(column, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_have_all_their_digits),
        cmocka_unit_test(a_zero_at_an_end_is_taken),
        cmocka_unit_test(what_has_no_root_is_refused_and_nothing_written),
        cmocka_unit_test(the_walk_finds_far_roots_in_both_directions),
        cmocka_unit_test(a_coarse_search_ends_where_uniroot_does),
        cmocka_unit_test(equations_are_solved_and_inverted),
        cmocka_unit_test(a_column_that_depends_on_others_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
