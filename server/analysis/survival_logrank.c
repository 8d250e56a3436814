/* survival_logrank.c: the log-rank test: each stratum walked from its last age backwards, sums over strata, then one
 * quadratic form. */
#include "survival.h"
#include "check.h"
#include "order.h"
#include "room.h"
#include "solve.h"
#include "special.h"

#include <math.h>
#include <string.h>

enum { GROUPS_MAX = 1000 };

struct sums {
    const struct lives *lives;
    const struct survival_groups *groups;
    size_t k;
    long double *at_risk;        /* of each group, at the age the walk has reached */
    double *failures;            /* of each group, at that age */
    double *observed, *expected; /* k */
    double *variance;            /* k x k */
};

static size_t stratum_of(const struct survival_groups *g, size_t row)
{
    return g->stratum ? g->stratum[row] : 0;
}

/* Rows by stratum, within a stratum by key; start[s] is where stratum s begins. */
static uint32_t *rows_by(const double *key, size_t n, const struct survival_groups *g, size_t *start)
{
    autofree uint32_t *by_key = room(n, sizeof *by_key);
    autofree size_t *next = room(g->strata + 1, sizeof *next);
    uint32_t *rows = room(n, sizeof *rows);

    order_increasing(key, n, by_key);
    memset(start, 0, (g->strata + 1) * sizeof *start);
    for (size_t i = 0; i < n; i++)
        start[stratum_of(g, i) + 1]++;
    for (size_t s = 0; s < g->strata; s++)
        start[s + 1] += start[s];
    memcpy(next, start, (g->strata + 1) * sizeof *next);
    for (size_t i = 0; i < n; i++)
        rows[next[stratum_of(g, by_key[i])]++] = by_key[i];
    return rows;
}

/* What one failure time adds; at_risk and failures are those of that time. */
static void add_time(struct sums *s)
{
    long double n = 0;
    double d = 0, part;

    for (size_t g = 0; g < s->k; g++) {
        n += s->at_risk[g];
        d += s->failures[g];
    }
    if (!(d > 0))
        return;
    part = n > 1 ? (double)(d * (n - d) / (n - 1)) : 0; /* of one unit nothing is left to chance */
    for (size_t g = 0; g < s->k; g++) {
        double share = (double)(s->at_risk[g] / n);

        if (!(share > 0))
            continue;
        s->observed[g] += s->failures[g];
        s->expected[g] += d * share;
        for (size_t h = 0; h < s->k; h++)
            s->variance[g * s->k + h] += part * share * ((g == h) - (double)(s->at_risk[h] / n));
    }
}

static void add_stratum(struct sums *s, const uint32_t *by_time, size_t times, const uint32_t *by_entry, size_t entries)
{
    const struct lives *l = s->lives;
    const uint32_t *group = s->groups->group;

    memset(s->at_risk, 0, s->k * sizeof *s->at_risk);
    while (times) {
        double time = l->time[by_time[times - 1]];

        memset(s->failures, 0, s->k * sizeof *s->failures);
        for (; times && l->time[by_time[times - 1]] >= time; times--) {
            size_t i = by_time[times - 1];

            s->at_risk[group[i]] += lives_freq(l, i);
            s->failures[group[i]] += l->failed[i] ? lives_freq(l, i) : 0;
        }
        for (; entries && l->entry[by_entry[entries - 1]] >= time; entries--)
            s->at_risk[group[by_entry[entries - 1]]] -= lives_freq(l, by_entry[entries - 1]);
        add_time(s);
    }
}

static void add_strata(struct sums *s)
{
    const struct lives *l = s->lives;
    autofree size_t *start = room(s->groups->strata + 1, sizeof *start);
    autofree uint32_t *by_time = rows_by(l->time, l->n, s->groups, start);
    autofree uint32_t *by_entry = l->entry ? rows_by(l->entry, l->n, s->groups, start) : NULL;

    for (size_t i = 0; i < s->groups->strata; i++)
        add_stratum(s, by_time + start[i], start[i + 1] - start[i], by_entry ? by_entry + start[i] : NULL,
            by_entry ? start[i + 1] - start[i] : 0);
}

static int check_groups(const struct lives *l, const struct survival_groups *g, struct fail *f)
{
    if (g->groups < 2 || g->groups > GROUPS_MAX)
        return fail_set(f, FAIL_INPUT, "groups: %zu where 2 to %d can be compared", g->groups, GROUPS_MAX);
    for (size_t i = 0; i < l->n; i++)
        if (g->group[i] >= g->groups)
            return fail_set(f, FAIL_INPUT, "group[%zu]: %u of %zu groups", i, g->group[i], g->groups);
    if (!g->strata || (!g->stratum && g->strata != 1))
        return fail_set(f, FAIL_INPUT, "strata: %zu without a stratum of each row", g->strata);
    for (size_t i = 0; g->stratum && i < l->n; i++)
        if (g->stratum[i] >= g->strata)
            return fail_set(f, FAIL_INPUT, "stratum[%zu]: %u of %zu strata", i, g->stratum[i], g->strata);
    return 0;
}

/* (O - E)' V⁻¹ (O - E) over the groups that were at risk, without the first of them: the sums are 0 over all. */
static int test(const struct sums *s, struct survival_test *ret, struct fail *f)
{
    autofree double *v = room(s->k * s->k, sizeof *v);
    autofree double *excess = room(s->k, sizeof *excess), *solved = room(s->k, sizeof *solved);
    autofree size_t *used = room(s->k, sizeof *used);
    size_t n = 0, column;
    double chisq = 0;

    for (size_t g = 0; g < s->k; g++)
        if (s->expected[g] > 0)
            used[n++] = g;
    if (n < 2)
        return fail_set(f, FAIL_INPUT, "group: not estimable: fewer than two groups were at risk when a unit failed");
    n--;
    for (size_t i = 0; i < n; i++) {
        excess[i] = solved[i] = s->observed[used[i + 1]] - s->expected[used[i + 1]];
        for (size_t j = 0; j < n; j++)
            v[i * n + j] = s->variance[used[i + 1] * s->k + used[j + 1]];
    }
    if (solve_cholesky(v, n, &column))
        return fail_set(
            f, FAIL_INPUT, "group: not estimable: group %zu was never at risk together with others", used[column + 1]);
    solve_cholesky_apply(v, n, solved);
    for (size_t i = 0; i < n; i++)
        chisq += excess[i] * solved[i];
    *ret = (struct survival_test){chisq, (double)n, special_chisq(TAIL_UPPER, chisq, (double)n)};
    return 0;
}

int survival_logrank(const struct lives *l, const struct survival_groups *g, double *ret_observed, double *ret_expected,
    struct survival_test *ret, struct fail *f)
{
    size_t k = g->groups;
    autofree long double *at_risk = NULL;
    autofree double *memory = NULL;
    struct sums s = {.lives = l, .groups = g, .k = k};

    if (lives_check(l, f) || check_groups(l, g, f))
        return -1;
    at_risk = room(k, sizeof *at_risk);
    memory = room(k * (k + 3), sizeof *memory);
    s.at_risk = at_risk;
    s.failures = memory;
    s.observed = memory + k;
    s.expected = memory + 2 * k;
    s.variance = memory + 3 * k;
    add_strata(&s);
    if (test(&s, ret, f))
        return -1;
    memcpy(ret_observed, s.observed, k * sizeof *ret_observed);
    memcpy(ret_expected, s.expected, k * sizeof *ret_expected);
    return 0;
}
