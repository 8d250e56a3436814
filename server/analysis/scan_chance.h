/* scan_chance.h: how often chance alone shows as much as the worst window or branch of scan.h: its Monte Carlo p.
 *
 * Replicas under "no cell is worse than another": the events fall on the cells independently, each with the chance
 * expected / Σ expected (Kulldorff 1997). p = (1 + replicas that reach the llr) / (1 + replicas), which is a valid p for any
 * number of replicas, not only a good estimate (Dwass 1957); the least is 1/(1 + replicas). Ties count as reached.
 *
 * Replicas are not maximised: which counts reach the llr is worked out once for each window, so a replica costs little
 * more than to draw it. Scratch 4 n × longest bytes and 4 bytes an event. */
#ifndef FAULTLINE_SCAN_CHANCE_H
#define FAULTLINE_SCAN_CHANCE_H

#include "scan.h"
#include "times.h"

struct scan_chance {
    size_t replicas, reached;
    double p;
};

/* The chance that scan_windows() gives llr or more with so many events in all (a whole number, 1 … 2^30, those of the
 * rest included). expected[n] as there, 1 ≤ n ≤ 100000; rest_expected ≥ 0: what is expected outside; longest ≥ 1, cut at
 * n; n × longest ≤ 2^30. llr > 0 and replicas ≥ 1. */
must_check int scan_windows_chance(const double *expected, size_t n, double rest_expected, double events,
    size_t longest, double llr, size_t replicas, const struct rng *rng, struct scan_chance *ret, struct fail *f);

/* The same for the largest llr of scan_tree(). */
must_check int scan_tree_chance(const double *expected, const size_t *node, size_t leaves, const size_t *parent,
    size_t m, double events, double llr, size_t replicas, const struct rng *rng, struct scan_chance *ret,
    struct fail *f);

#endif
