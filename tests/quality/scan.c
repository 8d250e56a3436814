/* scan.c: cases of server/analysis/scan.h. A tree comes as paths "part/supplier/lot", its nodes go out in byte order. */
#include "quality.h"

#include "scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int run_change(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *x = NULL, *n = NULL;
    struct scan_change change;
    double first_year;
    size_t count;

    if (get_numbers(input, "x", &x, &count, f) || get_numbers_of(input, "n", count, &n, f) ||
        get_number_or(input, "first_year", 1, &first_year, f) || scan_change(x, n, count, &change, f))
        return -1;
    put_number(*ret_result, "last_index_before", (double)change.before);
    put_number(*ret_result, "lr_statistic", change.lr_statistic);
    put_number(*ret_result, "rate_before", change.rate_before);
    put_number(*ret_result, "rate_after", change.rate_after);
    put_number(*ret_result, "year_last_before", first_year + (double)change.before - 1);
    return 0;
}
FAMILY(changepoint_poisson, run_change)

static int run_weeks(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *x = NULL, *n = NULL;
    struct scan_window window;
    double longest;
    size_t count;

    if (get_numbers(input, "x", &x, &count, f) || get_numbers_of(input, "n", count, &n, f) ||
        get_number_or(input, "max_window", (double)count, &longest, f))
        return -1;
    if (!(longest >= 1))
        return fail_set(f, FAIL_INPUT, "max_window: %g", longest);
    longest = fmin(longest, (double)count);
    if (scan_windows(x, n, count, &(struct scan_rest){0}, (size_t)longest, &window, f))
        return -1;
    put_number(*ret_result, "llr", window.llr);
    put_number(*ret_result, "first", (double)window.first + 1);
    put_number(*ret_result, "last", (double)window.last + 1);
    put_number(*ret_result, "observed", window.observed);
    put_number(*ret_result, "expected", window.expected);
    return 0;
}
FAMILY(scan_build_weeks, run_weeks)

/* ---------------------------------------------------------------- trees */

/* All paths and the beginnings of paths, once each, in byte order: parents before their children. */
static void paths_of(const struct texts *leaves, struct texts *ret)
{
    struct texts all = {0};
    autofree size_t *codes = NULL;

    for (size_t i = 0; i < leaves->n; i++)
        for (const char *at = leaves->of[i]; *at; at++)
            all.n += *at == '/' || !at[1];
    all.of = calloc(all.n + 1, sizeof *all.of);
    all.n = 0;
    for (size_t i = 0; i < leaves->n; i++) {
        const char *path = leaves->of[i];

        for (size_t k = 0; path[k]; k++)
            if (path[k] == '/' || !path[k + 1])
                all.of[all.n++] = strndup(path, path[k] == '/' ? k : k + 1);
    }
    codes = calloc(all.n + 1, sizeof *codes);
    texts_code(&all, codes, ret);
    texts_free(&all);
}

static size_t index_of(const struct texts *paths, const char *path, size_t length)
{
    for (size_t i = 0; i < paths->n; i++)
        if (strlen(paths->of[i]) == length && !memcmp(paths->of[i], path, length))
            return i;
    return SCAN_NO_PARENT;
}

static size_t parent_of(const struct texts *paths, const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? index_of(paths, path, (size_t)(slash - path)) : SCAN_NO_PARENT;
}

static void put_nodes(json_t *result, const struct texts *paths, const struct scan_node *nodes, size_t best)
{
    autofree double *columns = calloc(3 * paths->n + 1, sizeof *columns);
    size_t m = paths->n;

    for (size_t v = 0; v < m; v++) {
        columns[v] = nodes[v].observed;
        columns[m + v] = nodes[v].expected;
        columns[2 * m + v] = nodes[v].llr;
    }
    put_texts(result, "node", (const char *const *)paths->of, m);
    put_numbers(result, "observed", columns, m);
    put_numbers(result, "expected_scaled", columns + m, m);
    put_numbers(result, "llr", columns + 2 * m, m);
    put_text(result, "best", paths->of[best]);
}

static int run_tree(const json_t *input, json_t **ret_result, struct fail *f)
{
    autotexts struct texts leaves = {0}, paths = {0};
    autofree double *observed = NULL, *expected = NULL;
    autofree size_t *node = NULL, *parent = NULL;
    autofree struct scan_node *nodes = NULL;
    size_t best;

    if (get_texts(input, "leaf", &leaves, f) || get_numbers_of(input, "obs", leaves.n, &observed, f) ||
        get_numbers_of(input, "exp", leaves.n, &expected, f))
        return -1;
    paths_of(&leaves, &paths);
    node = calloc(leaves.n + 1, sizeof *node);
    parent = calloc(paths.n + 1, sizeof *parent);
    nodes = calloc(paths.n + 1, sizeof *nodes);
    for (size_t i = 0; i < leaves.n; i++)
        node[i] = index_of(&paths, leaves.of[i], strlen(leaves.of[i]));
    for (size_t v = 0; v < paths.n; v++)
        parent[v] = parent_of(&paths, paths.of[v]);
    if (scan_tree(observed, expected, node, leaves.n, parent, paths.n, nodes, &best, f))
        return -1;
    put_nodes(*ret_result, &paths, nodes, best);
    return 0;
}
FAMILY(tree_scan_llr, run_tree)
