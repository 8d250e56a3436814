/* scan_chance.c: see scan_chance.h. What reaches the llr is a matter of counts: needed_…() turns it round. */
#include "scan_chance.h"

#include "check.h"
#include "draw.h"
#include "room.h"

#include <math.h>
#include <string.h>

enum { MOST_CELLS = 100000, BLOCK = 16 };

static const size_t MOST_WINDOWS = (size_t)1 << 30;

static const double MOST_EVENTS = 0x1p30;

/* Equal likelihood ratios differ in their last digits by the order of sums. */
static const double TIE = 1 - 1e-10;

/* ---------------------------------------------------------------- how many events reach the llr */

/* The largest expectation at which x of total events still reach the llr, by Newton from below: the ratio falls and is
 * convex in the expectation, so no step passes the zero. from: a lower bound or 0. */
static double reach_of(double x, double total, double llr, double from)
{
    double e = fmax(from, x * exp(-llr / x - 1));

    for (int i = 0; i < 100 && e > 0; i++) {
        double step = (scan_llr(x, e, total) - llr) / (x / e - (total - x) / (total - e));

        if (!(step > 1e-15 * e))
            break;
        e += step;
    }
    return e;
}

/* reach[x] of every x; increasing. */
static double *reaches(uint32_t events, double llr)
{
    double *reach = room((size_t)events + 1, sizeof *reach);

    for (uint32_t x = 1; x <= events; x++)
        reach[x] = reach_of(x, events, llr, reach[x - 1]);
    return reach;
}

/* The least count that reaches the llr where expected is expected; from is too low or right. More than events: none. */
static uint32_t needed(const double *reach, uint32_t events, double expected, uint32_t from)
{
    while (from <= events && !(reach[from] >= expected))
        from++;
    return from;
}

/* ---------------------------------------------------------------- replicas */

struct replicas {
    size_t cells;
    uint32_t events;
    double scale; /* expectations in the caller's unit times this sum to the events */
    struct draw_cell *table;
    double *reach;
    uint32_t *counts; /* [cells] of the replica drawn last */
    struct draw draw;
};

static int check_events(double events, double llr, size_t replicas, struct fail *f)
{
    if (check_one(CHECK_COUNT, "events", events, f) || check_one(CHECK_POSITIVE, "llr", llr, f) ||
        check_length("replicas", replicas, 1, f))
        return -1;
    if (events < 1 || events > MOST_EVENTS)
        return fail_set(f, FAIL_LIMIT, "events: %g is not between 1 and %g", events, MOST_EVENTS);
    return 0;
}

static int check_expected(const double *expected, size_t n, double rest_expected, double *ret_total, struct fail *f)
{
    double total = rest_expected;

    if (check_length("expected", n, 1, f) || check_all(CHECK_NOT_NEGATIVE, "expected", expected, n, f) ||
        check_one(CHECK_NOT_NEGATIVE, "rest_expected", rest_expected, f))
        return -1;
    if (n > MOST_CELLS)
        return fail_set(f, FAIL_LIMIT, "expected: %zu cells, at most %d", n, MOST_CELLS);
    for (size_t i = 0; i < n; i++)
        total += expected[i];
    if (!(total > 0 && isfinite(total)))
        return fail_set(f, FAIL_INPUT, "not estimable: nothing is expected");
    *ret_total = total;
    return 0;
}

/* chance[cells], of which the last may be the rest. */
static void replicas_begin(struct replicas *r, const double *chance, size_t cells, double total, double events,
    double llr, const struct rng *rng)
{
    *r = (struct replicas){.cells = cells, .events = (uint32_t)events, .scale = events / total};
    r->table = room(cells, sizeof *r->table);
    draw_table(chance, cells, r->table);
    r->reach = reaches(r->events, llr * TIE);
    r->counts = room(cells, sizeof *r->counts);
    draw_seed(&r->draw, rng);
}

static void replicas_end(struct replicas *r)
{
    free(r->table);
    free(r->reach);
    free(r->counts);
}

static void shake(struct replicas *r)
{
    memset(r->counts, 0, r->cells * sizeof *r->counts);
    for (uint32_t i = 0; i < r->events; i++)
        r->counts[draw_from(&r->draw, r->table, r->cells)]++;
}

static void tell(size_t reached, size_t replicas, struct scan_chance *ret)
{
    *ret = (struct scan_chance){replicas, reached, (1 + (double)reached) / (1 + (double)replicas)};
}

/* ---------------------------------------------------------------- windows */

struct windows {
    size_t n, longest;
    size_t stride;   /* longest, made a multiple of BLOCK */
    int32_t *need;   /* [n × stride]: for the window that begins at i and has k + 1 cells; beyond them never */
    int32_t *before; /* [n + 1 + BLOCK]: events in the cells before i, of one replica; at the end all */
};

static void need_windows(struct windows *w, const double *expected, const struct replicas *r)
{
    for (size_t i = 0; i < w->n; i++) {
        uint32_t count = 1;
        double e = 0;

        for (size_t k = 0; k < w->stride; k++) {
            if (k < w->longest && i + k < w->n) {
                e += expected[i + k];
                count = needed(r->reach, r->events, e * r->scale, count);
            } else {
                count = r->events + 1;
            }
            w->need[i * w->stride + k] = (int32_t)count;
        }
    }
}

/* All of a block at once, without a branch. */
static bool block_reaches(const int32_t *ends, const int32_t *need, int32_t begin)
{
    int32_t any = 0;

    for (size_t k = 0; k < BLOCK; k++)
        any |= -(ends[k] - need[k] >= begin);
    return any;
}

/* Both what a window needs and what is in it grow with its end, so the most that is in any of a block against the least
 * that one of it needs settles most blocks at once. */
static bool row_reaches(const struct windows *w, size_t i)
{
    const int32_t *need = &w->need[i * w->stride], *ends = &w->before[i + 1];
    size_t cells = w->n - i < w->longest ? w->n - i : w->longest;
    int32_t begin = w->before[i];

    for (size_t k = 0; k < cells; k += BLOCK)
        if (ends[k + BLOCK - 1] - begin >= need[k] && block_reaches(&ends[k], &need[k], begin))
            return true;
    return false;
}

static bool any_reaches(const struct windows *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (row_reaches(w, i))
            return true;
    return false;
}

static size_t count_windows(struct windows *w, struct replicas *r, size_t replicas)
{
    size_t reached = 0;

    for (size_t i = 0; i < replicas; i++) {
        shake(r);
        for (size_t k = 0; k < w->n; k++)
            w->before[k + 1] = w->before[k] + (int32_t)r->counts[k];
        for (size_t k = w->n + 1; k <= w->n + BLOCK; k++)
            w->before[k] = w->before[w->n];
        reached += any_reaches(w);
    }
    return reached;
}

int scan_windows_chance(const double *expected, size_t n, double rest_expected, double events, size_t longest,
    double llr, size_t replicas, const struct rng *rng, struct scan_chance *ret, struct fail *f)
{
    autofree double *chance = NULL;
    autofree int32_t *need = NULL, *before = NULL;
    struct windows w = {.n = n, .longest = longest < n ? longest : n};
    struct replicas r;
    double total;

    if (check_expected(expected, n, rest_expected, &total, f) || check_events(events, llr, replicas, f) ||
        check_length("longest", longest, 1, f))
        return -1;
    if (w.longest > MOST_WINDOWS / n)
        return fail_set(f, FAIL_LIMIT, "longest: more than %zu windows", MOST_WINDOWS);
    chance = room(n + 1, sizeof *chance);
    memcpy(chance, expected, n * sizeof *chance);
    chance[n] = rest_expected;
    w.stride = (w.longest + BLOCK - 1) / BLOCK * BLOCK;
    replicas_begin(&r, chance, n + 1, total, events, llr, rng);
    need = room(n * w.stride, sizeof *need);
    before = room(n + 1 + BLOCK, sizeof *before);
    w.need = need;
    w.before = before;
    need_windows(&w, expected, &r);
    tell(count_windows(&w, &r, replicas), replicas, ret);
    replicas_end(&r);
    return 0;
}

/* ---------------------------------------------------------------- trees */

struct tree {
    const size_t *node, *parent;
    size_t leaves, m;
    uint32_t *need, *counts; /* [m] */
};

static void need_tree(struct tree *t, const double *expected, const struct replicas *r)
{
    autofree double *e = room(t->m, sizeof *e);

    for (size_t i = 0; i < t->leaves; i++)
        e[t->node[i]] += expected[i];
    for (size_t v = t->m; v-- > 0;)
        if (t->parent[v] != SCAN_NO_PARENT)
            e[t->parent[v]] += e[v];
    for (size_t v = 0; v < t->m; v++)
        t->need[v] = needed(r->reach, r->events, e[v] * r->scale, 1);
}

static bool tree_reaches(struct tree *t, const struct replicas *r)
{
    memset(t->counts, 0, t->m * sizeof *t->counts);
    for (size_t i = 0; i < t->leaves; i++)
        t->counts[t->node[i]] += r->counts[i];
    for (size_t v = t->m; v-- > 0;) {
        if (t->counts[v] >= t->need[v])
            return true;
        if (t->parent[v] != SCAN_NO_PARENT)
            t->counts[t->parent[v]] += t->counts[v];
    }
    return false;
}

int scan_tree_chance(const double *expected, const size_t *node, size_t leaves, const size_t *parent, size_t m,
    double events, double llr, size_t replicas, const struct rng *rng, struct scan_chance *ret, struct fail *f)
{
    autofree uint32_t *numbers = room(2 * m, sizeof *numbers);
    struct tree t = {.node = node, .parent = parent, .leaves = leaves, .m = m, .need = numbers, .counts = numbers + m};
    size_t reached = 0;
    struct replicas r;
    double total;

    if (check_expected(expected, leaves, 0, &total, f) || check_events(events, llr, replicas, f) ||
        scan_check_tree(node, leaves, parent, m, f))
        return -1;
    replicas_begin(&r, expected, leaves, total, events, llr, rng);
    need_tree(&t, expected, &r);
    for (size_t i = 0; i < replicas; i++) {
        shake(&r);
        reached += tree_reaches(&t, &r);
    }
    tell(reached, replicas, ret);
    replicas_end(&r);
    return 0;
}
