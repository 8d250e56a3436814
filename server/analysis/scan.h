/* scan.h: where did it start? One change in a rate, the worst window of consecutive build weeks or lots, the worst branch
 * of a tree part / supplier / lot. The chance of what the windows show is in scan_chance.h.
 *
 * Windows and branches have Kulldorff's likelihood ratio, conditional on the total of C events:
 *     log L = x ln(x/E) + (C-x) ln((C-x)/(C-E)) where x > E, else 0
 * with x events seen and E expected inside, when expectations are scaled so that they sum to C (Kulldorff 1997,
 * Communications in Statistics 26; on trees Kulldorff, Fang & Walsh 2003, Biometrics 59). 0 ln 0 is 0.
 *
 * Events are ≥ 0 and finite; expectations and exposures are ≥ 0 and finite, up to 1e150, and mean one thing: any unit,
 * exposure × rate or exposure alone. Events where nothing is expected are refused. Pure. */
#ifndef FAULTLINE_SCAN_H
#define FAULTLINE_SCAN_H

#include "cleanup.h"
#include "fail.h"

#include <stddef.h>

/* The log likelihood ratio above; 0 ≤ x ≤ total and 0 ≤ expected ≤ total, unchecked. */
double scan_llr(double x, double expected, double total);

/* One change in a Poisson rate: the split of the periods with the largest likelihood. O(n), scratch 2 n numbers. */
struct scan_change {
    size_t before;       /* so many periods lie before the change: 1 … n-1; of equal ones the first */
    double lr_statistic; /* 2 (log L of two rates - log L of one). Not chi-square: the split was chosen */
    double rate_before, rate_after;
};

/* events[i] in exposure[i] > 0. n ≥ 2. Without events all rates are 0, the statistic is 0 and before is 1. */
must_check int scan_change(
    const double *events, const double *exposure, size_t n, struct scan_change *ret, struct fail *f);

/* What is expected and seen outside of the windows but belongs to the same total, such as the lots of other suppliers. */
struct scan_rest {
    double events, expected;
};

struct scan_window {
    size_t first, last;        /* both inside; of equal windows the one that begins, then ends, first */
    double observed, expected; /* expected: scaled to the total of events */
    double llr;
};

/* The worst window of at most longest consecutive cells (weeks, or lots by the day they were made). When no window has
 * more than expected, llr is 0 and the window is the first cell. At least one event in all. O(n × longest). */
must_check int scan_windows(const double *events, const double *expected, size_t n, const struct scan_rest *rest,
    size_t longest, struct scan_window *ret, struct fail *f);

struct scan_node {
    double observed, expected; /* of all leaves below; expected: scaled to the total of events */
    double llr;
};

#define SCAN_NO_PARENT ((size_t)-1)

/* A tree of m nodes: parent[v] < v or SCAN_NO_PARENT; leaf i hangs at node[i] (a leaf's own node, usually). Into
 * ret_nodes[m]; *ret_best is the node with the largest llr, of equal ones the first: with parents before their children,
 * and a supplier that has one lot, the supplier. At least one leaf and one event in all. O(leaves × depth + m). */
must_check int scan_tree(const double *events, const double *expected, const size_t *node, size_t leaves,
    const size_t *parent, size_t m, struct scan_node *ret_nodes, size_t *ret_best, struct fail *f);

/* Is it such a tree? The check that scan_tree() begins with. */
must_check int scan_check_tree(const size_t *node, size_t leaves, const size_t *parent, size_t m, struct fail *f);

#endif
