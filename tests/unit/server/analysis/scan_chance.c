/* scan_chance: the Monte Carlo p against windows scanned one by one, and against what is known exactly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "repeat.h"

#include "draw.h"
#include "scan_chance.h"

#include <math.h>
#include <string.h>

static double chance_of(const double *expected, size_t n, double rest, double events, size_t longest, double llr,
    size_t replicas, uint64_t seed)
{
    struct scan_chance c;
    struct fail f;

    if (scan_windows_chance(expected, n, rest, events, longest, llr, replicas, &repeat_rng(seed), &c, &f))
        fail_msg("refused: %s", f.text);
    return c.p;
}

/* The same replicas, but each scanned by scan_windows(). */
static void counts_are_those_of_scanning_every_replica(void **state)
{
    enum { N = 30, REPLICAS = 300 };
    double expected[N + 1], events[N];
    struct draw_cell table[N + 1];
    struct draw d;
    (void)state;

    for (size_t i = 0; i <= N; i++)
        expected[i] = 0.5 + (double)(i % 7);
    for (double llr = 0.3; llr < 9; llr += 0.7) {
        size_t reached = 0;

        draw_table(expected, N + 1, table);
        draw_seed(&d, &repeat_rng(3));
        for (size_t r = 0; r < REPLICAS; r++) {
            struct scan_rest rest = {0, expected[N]};
            struct scan_window w;
            struct fail f;

            memset(events, 0, sizeof events);
            for (size_t i = 0; i < 80; i++) {
                size_t cell = draw_from(&d, table, N + 1);

                *(cell == N ? &rest.events : &events[cell]) += 1;
            }
            assert_int_equal(scan_windows(events, expected, N, &rest, 11, &w, &f), 0);
            reached += w.llr >= llr * (1 - 1e-10);
        }
        assert_float_equal(chance_of(expected, N, expected[N], 80, 11, llr, REPLICAS, 3),
            (1.0 + (double)reached) / (1 + REPLICAS), 1e-12);
    }
}

/* One cell against the rest: the chance is a binomial tail. 8 or more of 10 at 0.5: 0.0546875. */
static void one_cell_is_a_binomial_tail(void **state)
{
    const double expected = 5;
    double p = chance_of(&expected, 1, 5, 10, 1, scan_llr(8, 5, 10), 200000, 11);
    (void)state;

    assert_true(fabs(p - 0.0546875) < 5 * sqrt(0.0546875 / 200000));
}

static void what_never_happens_has_the_least_p(void **state)
{
    const double expected[] = {1, 1, 1};
    (void)state;

    assert_float_equal(chance_of(expected, 3, 0, 5, 3, 1e6, 999, 1), 0.001, 1e-15);
}

static void what_always_happens_has_p_1(void **state)
{
    const double expected[] = {1, 1, 1, 1};
    (void)state;

    /* five events on four cells: some cell has more than its share */
    assert_float_equal(chance_of(expected, 4, 0, 5, 1, 1e-9, 999, 1), 1, 1e-15);
}

/* Under chance the p is uniform: of many, at most a share q is at or below q. */
static void p_is_valid_when_nothing_is_wrong(void **state)
{
    enum { CELLS = 12, TRIALS = 400 };
    double expected[CELLS], events[CELLS];
    struct draw_cell table[CELLS];
    size_t below = 0;
    struct draw d;
    (void)state;

    for (size_t i = 0; i < CELLS; i++)
        expected[i] = 1 + (double)i;
    draw_table(expected, CELLS, table);
    draw_seed(&d, &repeat_rng(5));
    for (size_t t = 0; t < TRIALS; t++) {
        struct scan_window w;
        struct fail f;

        memset(events, 0, sizeof events);
        for (size_t i = 0; i < 60; i++)
            events[draw_from(&d, table, CELLS)]++;
        assert_int_equal(scan_windows(events, expected, CELLS, &(struct scan_rest){0}, 4, &w, &f), 0);
        below += chance_of(expected, CELLS, 0, 60, 4, w.llr, 99, t) <= 0.1;
    }
    assert_in_range(below, 10, 68); /* of 40 expected, five standard errors */
}

static void a_tree_is_counted_by_its_nodes(void **state)
{
    /* one leaf below one node, another leaf apart: a binomial tail again */
    const double expected[] = {5, 5};
    const size_t parent[] = {SCAN_NO_PARENT, 0, SCAN_NO_PARENT}, leaf[] = {1, 2};
    struct scan_chance c;
    struct fail f;
    (void)state;

    assert_int_equal(
        scan_tree_chance(expected, leaf, 2, parent, 3, 10, scan_llr(8, 5, 10), 200000, &repeat_rng(2), &c, &f), 0);
    assert_true(fabs(c.p - 2 * 0.0546875) < 5 * sqrt(0.11 / 200000));
}

static void refusals_name_the_argument(void **state)
{
    const double expected[] = {1, 2}, bad[] = {1, -1}, zero[] = {0, 0};
    struct scan_chance c;
    struct rng rng = repeat_rng(1);
    struct fail f;
    (void)state;

#define REFUSED(call, message)                                                                                         \
    do {                                                                                                               \
        assert_int_equal(call, -1);                                                                                    \
        assert_non_null(strstr(f.text, message));                                                                      \
    } while (0)
    REFUSED(scan_windows_chance(bad, 2, 0, 3, 2, 1, 9, &rng, &c, &f), "expected[1]");
    REFUSED(scan_windows_chance(zero, 2, 0, 3, 2, 1, 9, &rng, &c, &f), "nothing is expected");
    REFUSED(scan_windows_chance(expected, 2, 0, 0, 2, 1, 9, &rng, &c, &f), "events");
    REFUSED(scan_windows_chance(expected, 2, 0, 2.5, 2, 1, 9, &rng, &c, &f), "events");
    REFUSED(scan_windows_chance(expected, 2, 0, 1e10, 2, 1, 9, &rng, &c, &f), "events");
    REFUSED(scan_windows_chance(expected, 2, 0, 3, 0, 1, 9, &rng, &c, &f), "longest");
    REFUSED(scan_windows_chance(expected, 2, 0, 3, 2, 0, 9, &rng, &c, &f), "llr");
    REFUSED(scan_windows_chance(expected, 2, 0, 3, 2, 1, 0, &rng, &c, &f), "replicas");
    REFUSED(scan_tree_chance(
                expected, (const size_t[]){0, 9}, 2, (const size_t[]){SCAN_NO_PARENT}, 1, 3, 1, 9, &rng, &c, &f),
        "node[1]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_those_of_scanning_every_replica),
        cmocka_unit_test(one_cell_is_a_binomial_tail),
        cmocka_unit_test(what_never_happens_has_the_least_p),
        cmocka_unit_test(what_always_happens_has_p_1),
        cmocka_unit_test(p_is_valid_when_nothing_is_wrong),
        cmocka_unit_test(a_tree_is_counted_by_its_nodes),
        cmocka_unit_test(refusals_name_the_argument),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
