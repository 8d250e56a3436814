/* scan: the change in the coal mines, the bad weeks, and the branch of the tree that is to blame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "scan.h"

#include <math.h>
#include <string.h>

static void assert_near(double got, double expected, double relative)
{
    if (!(fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

static const struct scan_rest none;

/* Coal mining disasters 1851-1962 (Jarrett 1979): the rate fell after 1891. */
static void disasters_fell_after_1891(void **state)
{
    const double x[] = {4, 5, 4, 1, 0, 4, 3, 4, 0, 6, 3, 3, 4, 0, 2, 6, 3, 3, 5, 4, 5, 3, 1, 4, 4, 1, 5, 5, 3, 4, 2, 5,
        2, 2, 3, 4, 2, 1, 3, 2, 2, 1, 1, 1, 1, 3, 0, 0, 1, 0, 1, 1, 0, 0, 3, 1, 0, 3, 2, 2, 0, 1, 1, 1, 0, 1, 0, 1, 0,
        0, 0, 2, 1, 0, 0, 0, 1, 1, 0, 2, 3, 3, 1, 1, 2, 1, 1, 1, 1, 2, 3, 3, 0, 0, 0, 1, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0,
        1, 0, 0, 1, 0, 1};
    double years[countof(x)];
    struct scan_change c;
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(x); i++)
        years[i] = 1;
    assert_int_equal(scan_change(x, years, countof(x), &c, &f), 0);
    assert_int_equal(1850 + c.before, 1891);
    assert_near(c.lr_statistic, 69.9883447472511, 1e-12);
    assert_near(c.rate_before, 3.09756097560976, 1e-13);
    assert_near(c.rate_after, 0.901408450704225, 1e-13);
}

static void change_holds_with_exposures_far_apart(void **state)
{
    const double x[] = {1e6, 5, 7}, n[] = {1e12, 1e-9, 1e-9};
    struct scan_change c;
    struct fail f;
    (void)state;

    assert_int_equal(scan_change(x, n, 3, &c, &f), 0);
    assert_int_equal(c.before, 1);
    assert_near(c.rate_after, 12 / 2e-9, 1e-14);
    assert_true(isfinite(c.lr_statistic));
}

static void without_events_there_is_no_change(void **state)
{
    const double x[] = {0, 0, 0}, n[] = {1, 2, 3};
    struct scan_change c;
    struct fail f;
    (void)state;

    assert_int_equal(scan_change(x, n, 3, &c, &f), 0);
    assert_true(c.lr_statistic <= 0 && c.rate_before <= 0 && c.rate_after <= 0);
    assert_int_equal(c.before, 1);
}

static void the_bad_weeks_are_found(void **state)
{
    const double x[] = {1, 0, 2, 1, 0, 5, 7, 4, 1, 0, 1, 2};
    const double n[] = {500, 520, 480, 510, 500, 490, 505, 500, 515, 495, 500, 510};
    struct scan_window w;
    struct fail f;
    (void)state;

    assert_int_equal(scan_windows(x, n, countof(x), &none, 26, &w, &f), 0);
    assert_int_equal(w.first, 5);
    assert_int_equal(w.last, 7);
    assert_near(w.observed, 16, 0);
    assert_near(w.expected, 5.9551867219917, 1e-13);
    assert_near(w.llr, 9.3058846405238, 1e-13);

    /* only two weeks allowed */
    assert_int_equal(scan_windows(x, n, countof(x), &none, 2, &w, &f), 0);
    assert_int_equal(w.last - w.first, 1);
}

/* All lots of the supplier are bad: seen only against the rest of the part. */
static void the_whole_supplier_is_a_window_against_the_rest(void **state)
{
    const double x[] = {10, 10, 10}, n[] = {100, 100, 100};
    struct scan_window w;
    struct fail f;
    (void)state;

    assert_int_equal(scan_windows(x, n, 3, &(struct scan_rest){30, 900}, 26, &w, &f), 0);
    assert_int_equal(w.first, 0);
    assert_int_equal(w.last, 2);
    assert_near(w.expected, 15, 1e-14);
    assert_near(w.llr, 30 * log(2) + 30 * log(30 / 45.0), 1e-13);
}

static void ratio_is_zero_where_nothing_stands_out(void **state)
{
    (void)state;
    assert_true(scan_llr(3, 3, 10) <= 0);
    assert_true(scan_llr(2, 3, 10) <= 0);
    assert_near(scan_llr(10, 5, 10), 10 * log(2), 1e-15);
    assert_near(scan_llr(1e6, 1, 1e6 + 1), 1e6 * log(1e6) - log(1e6), 1e-13);
}

enum { P1, P1_S1, P1_S1_L1, P1_S1_L2, P1_S2, P1_S2_L1, P1_S2_L2, NODES };
static const size_t parent[NODES] = {SCAN_NO_PARENT, P1, P1_S1, P1_S1, P1, P1_S2, P1_S2};
static const size_t leaf[] = {P1_S1_L1, P1_S1_L2, P1_S2_L1, P1_S2_L2};

static size_t blamed(const double *x, struct scan_node *nodes)
{
    const double e[] = {10, 10, 10, 10};
    size_t best;
    struct fail f;

    if (scan_tree(x, e, leaf, 4, parent, NODES, nodes, &best, &f))
        fail_msg("refused: %s", f.text);
    return best;
}

static void one_bad_lot_is_blamed_and_not_its_supplier(void **state)
{
    struct scan_node nodes[NODES];
    (void)state;

    assert_int_equal(blamed((const double[]){5, 5, 5, 40}, nodes), P1_S2_L2);
    assert_true(nodes[P1_S2].llr < nodes[P1_S2_L2].llr);
    assert_near(nodes[P1_S2].observed, 45, 0);
    assert_near(nodes[P1_S2].expected, 27.5, 1e-14);
    assert_true(nodes[P1].llr < 1e-9);
}

static void a_supplier_bad_in_all_lots_is_blamed_and_not_a_lot(void **state)
{
    struct scan_node nodes[NODES];
    (void)state;

    assert_int_equal(blamed((const double[]){5, 5, 22, 24}, nodes), P1_S2);
}

static void a_supplier_with_one_lot_is_blamed_itself(void **state)
{
    const size_t chain[] = {SCAN_NO_PARENT, 0, SCAN_NO_PARENT}, at[] = {1, 2};
    struct scan_node nodes[3];
    size_t best;
    struct fail f;
    (void)state;

    assert_int_equal(scan_tree((const double[]){9, 1}, (const double[]){2, 8}, at, 2, chain, 3, nodes, &best, &f), 0);
    assert_int_equal(best, 0);
    assert_true(nodes[0].llr >= nodes[1].llr && nodes[0].llr <= nodes[1].llr);
}

static void refusals_name_the_argument(void **state)
{
    const double x[] = {1, 2}, e[] = {1, 0}, bad[] = {1, -2}, zero[] = {0, 0};
    struct scan_change c;
    struct scan_window w = {.first = 77};
    struct scan_node nodes[2];
    size_t best;
    struct fail f;
    (void)state;

#define REFUSED(call, message)                                                                                         \
    do {                                                                                                               \
        assert_int_equal(call, -1);                                                                                    \
        assert_non_null(strstr(f.text, message));                                                                      \
    } while (0)
    REFUSED(scan_change(x, e, 2, &c, &f), "exposure[1]");
    REFUSED(scan_change(bad, x, 2, &c, &f), "events[1]");
    REFUSED(scan_change(x, x, 1, &c, &f), "events");
    REFUSED(scan_windows(x, e, 2, &none, 2, &w, &f), "events[1]: events where nothing is expected");
    REFUSED(scan_windows(zero, x, 2, &none, 2, &w, &f), "no events");
    REFUSED(scan_windows(x, x, 2, &none, 0, &w, &f), "longest");
    REFUSED(scan_windows(x, x, 2, &(struct scan_rest){1, 0}, 2, &w, &f), "rest.events");
    REFUSED(scan_tree(x, x, (const size_t[]){0, 5}, 2, (const size_t[]){SCAN_NO_PARENT, 0}, 2, nodes, &best, &f),
        "node[1]");
    REFUSED(scan_tree(x, x, (const size_t[]){0, 1}, 2, (const size_t[]){SCAN_NO_PARENT, 1}, 2, nodes, &best, &f),
        "parent[1]");
    assert_int_equal(w.first, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disasters_fell_after_1891),
        cmocka_unit_test(change_holds_with_exposures_far_apart),
        cmocka_unit_test(without_events_there_is_no_change),
        cmocka_unit_test(the_bad_weeks_are_found),
        cmocka_unit_test(the_whole_supplier_is_a_window_against_the_rest),
        cmocka_unit_test(ratio_is_zero_where_nothing_stands_out),
        cmocka_unit_test(one_bad_lot_is_blamed_and_not_its_supplier),
        cmocka_unit_test(a_supplier_bad_in_all_lots_is_blamed_and_not_a_lot),
        cmocka_unit_test(a_supplier_with_one_lot_is_blamed_itself),
        cmocka_unit_test(refusals_name_the_argument),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
