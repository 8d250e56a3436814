/* draw: what chance says comes out as often, and the same seed gives the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "repeat.h"

#include "draw.h"

#include <math.h>

enum { DRAWS = 1000000 };

static void count(const double *chance, size_t n, size_t *ret)
{
    struct draw_cell table[8];
    struct draw d;

    draw_table(chance, n, table);
    draw_seed(&d, &repeat_rng(7));
    for (size_t i = 0; i < n; i++)
        ret[i] = 0;
    for (size_t i = 0; i < DRAWS; i++)
        ret[draw_from(&d, table, n)]++;
}

/* Within five standard errors. */
static void cells_are_drawn_as_often_as_their_chance(void **state)
{
    const double chance[] = {5, 0.5, 20, 0, 1, 3e-3, 40};
    double total = 66.503;
    size_t got[countof(chance)];
    (void)state;

    count(chance, countof(chance), got);
    for (size_t i = 0; i < countof(chance); i++) {
        double expected = DRAWS * chance[i] / total;

        assert_true(fabs((double)got[i] - expected) <= 5 * sqrt(expected));
    }
    assert_int_equal(got[3], 0);
}

static void one_cell_gets_all(void **state)
{
    const double chance[] = {3e-200};
    size_t got;
    (void)state;

    count(chance, 1, &got);
    assert_int_equal(got, DRAWS);
}

/* The generator's own first values for the state 1, 2, 3, 4 (prng.di.unimi.it). */
static void sequence_is_that_of_xoshiro256plusplus(void **state)
{
    struct draw d = {{1, 2, 3, 4}};
    (void)state;

    assert_int_equal(draw_u64(&d), 41943041);
    assert_int_equal(draw_u64(&d), 58720359);
    assert_int_equal(draw_u64(&d), 3588806011781223);
    assert_int_equal(draw_u64(&d), 3591011842654386);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_drawn_as_often_as_their_chance),
        cmocka_unit_test(one_cell_gets_all),
        cmocka_unit_test(sequence_is_that_of_xoshiro256plusplus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
