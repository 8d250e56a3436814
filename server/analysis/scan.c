/* scan.c: see scan.h. */
#include "scan.h"

#include "check.h"
#include "room.h"

#include <math.h>

static double x_log_ratio(double x, double y)
{
    return x > 0 ? x * log(x / y) : 0;
}

double scan_llr(double x, double expected, double total)
{
    if (!(x > expected))
        return 0;
    return x_log_ratio(x, expected) + x_log_ratio(total - x, total - expected);
}

static double sum(const double *x, size_t n)
{
    double total = 0;

    for (size_t i = 0; i < n; i++)
        total += x[i];
    return total;
}

/* ---------------------------------------------------------------- one change */

/* What follows period i, for each i: a difference of sums would lose a small exposure beside a large one. */
static void sum_from_behind(const double *x, size_t n, double *ret)
{
    ret[n - 1] = x[n - 1];
    for (size_t i = n - 1; i-- > 0;)
        ret[i] = ret[i + 1] + x[i];
}

int scan_change(const double *events, const double *exposure, size_t n, struct scan_change *ret, struct fail *f)
{
    struct scan_change best = {.before = 1, .lr_statistic = -1};
    autofree double *sums = NULL;
    double *x_after, *t_after, rate, x = 0, t = 0;

    if (check_length("events", n, 2, f) || check_all(CHECK_NOT_NEGATIVE, "events", events, n, f) ||
        check_all(CHECK_POSITIVE, "exposure", exposure, n, f))
        return -1;
    x_after = sums = room(2 * n, sizeof *sums);
    t_after = sums + n;
    sum_from_behind(events, n, x_after);
    sum_from_behind(exposure, n, t_after);
    rate = x_after[0] / t_after[0];
    for (size_t i = 1; i < n; i++) {
        double statistic;

        x += events[i - 1];
        t += exposure[i - 1];
        /* against the common rate; the terms without a logarithm cancel */
        statistic = 2 * (x_log_ratio(x, t * rate) + x_log_ratio(x_after[i], t_after[i] * rate));
        if (statistic > best.lr_statistic)
            best = (struct scan_change){i, statistic, x / t, x_after[i] / t_after[i]};
    }
    best.lr_statistic = fmax(best.lr_statistic, 0);
    *ret = best;
    return 0;
}

/* ---------------------------------------------------------------- windows */

static int check_cells(const double *events, const double *expected, size_t n, struct fail *f)
{
    if (check_length("events", n, 1, f) || check_all(CHECK_NOT_NEGATIVE, "events", events, n, f) ||
        check_all(CHECK_NOT_NEGATIVE, "expected", expected, n, f))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (events[i] > 0 && expected[i] <= 0)
            return fail_set(f, FAIL_INPUT, "events[%zu]: events where nothing is expected", i);
    return 0;
}

static int check_rest(const struct scan_rest *rest, struct fail *f)
{
    if (check_one(CHECK_NOT_NEGATIVE, "rest.events", rest->events, f) ||
        check_one(CHECK_NOT_NEGATIVE, "rest.expected", rest->expected, f))
        return -1;
    if (rest->events > 0 && rest->expected <= 0)
        return fail_set(f, FAIL_INPUT, "rest.events: events where nothing is expected");
    return 0;
}

int scan_windows(const double *events, const double *expected, size_t n, const struct scan_rest *rest, size_t longest,
    struct scan_window *ret, struct fail *f)
{
    struct scan_window best = {.llr = -1};
    double total, scale;

    if (check_cells(events, expected, n, f) || check_rest(rest, f))
        return -1;
    if (longest < 1)
        return fail_set(f, FAIL_INPUT, "longest: a window has at least one cell");
    total = sum(events, n) + rest->events;
    if (total <= 0)
        return fail_set(f, FAIL_INPUT, "not estimable: no events");
    scale = total / (sum(expected, n) + rest->expected);
    for (size_t first = 0; first < n; first++) {
        double x = 0, e = 0;

        for (size_t last = first; last < n && last - first < longest; last++) {
            double llr;

            x += events[last];
            e += expected[last];
            llr = scan_llr(x, fmin(e * scale, total), total);
            if (llr > best.llr)
                best = (struct scan_window){first, last, x, e * scale, llr};
        }
    }
    *ret = best;
    return 0;
}

/* ---------------------------------------------------------------- trees */

int scan_check_tree(const size_t *node, size_t leaves, const size_t *parent, size_t m, struct fail *f)
{
    for (size_t v = 0; v < m; v++)
        if (parent[v] != SCAN_NO_PARENT && parent[v] >= v)
            return fail_set(f, FAIL_INPUT, "parent[%zu]: not before its child", v);
    for (size_t i = 0; i < leaves; i++)
        if (node[i] >= m)
            return fail_set(f, FAIL_INPUT, "node[%zu]: there are only %zu nodes", i, m);
    return 0;
}

int scan_tree(const double *events, const double *expected, const size_t *node, size_t leaves, const size_t *parent,
    size_t m, struct scan_node *ret_nodes, size_t *ret_best, struct fail *f)
{
    size_t best = 0;
    double total, scale;

    if (check_cells(events, expected, leaves, f) || scan_check_tree(node, leaves, parent, m, f))
        return -1;
    total = sum(events, leaves);
    if (total <= 0)
        return fail_set(f, FAIL_INPUT, "not estimable: no events");
    scale = total / sum(expected, leaves);
    for (size_t v = 0; v < m; v++)
        ret_nodes[v] = (struct scan_node){0};
    for (size_t i = 0; i < leaves; i++) {
        for (size_t v = node[i]; v != SCAN_NO_PARENT; v = parent[v]) {
            ret_nodes[v].observed += events[i];
            ret_nodes[v].expected += expected[i] * scale;
        }
    }
    for (size_t v = 0; v < m; v++) {
        ret_nodes[v].llr = scan_llr(ret_nodes[v].observed, fmin(ret_nodes[v].expected, total), total);
        if (ret_nodes[v].llr > ret_nodes[best].llr)
            best = v;
    }
    *ret_best = best;
    return 0;
}
