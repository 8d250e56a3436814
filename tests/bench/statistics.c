/* statistics.c: the large calculations of server/analysis, on data that statistics.R reads in the same run.
 *
 *   statistics FOLDER      writes the data there as raw numbers; prints a line a calculation: name, seconds, seconds to read
 *                          the same input once
 *
 * Seconds are the middle of five runs. The inputs come from one seed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "counts.h"
#include "draw.h"
#include "multiple.h"
#include "order.h"
#include "recurrence.h"
#include "scan_chance.h"
#include "survival.h"
#include "weibull.h"

#include <math.h>

enum { MILLION = 1000000, RUNS = 5, GROUPS = 25, LOTS = 500, REPLICAS = 999, EVENTS = 3000000 };

static const char *folder;
static struct draw chance = {{1, 2, 3, 4}};

/* ---------------------------------------------------------------- making and keeping numbers */

static double uniform(void)
{
    return ((double)(draw_u64(&chance) >> 11) + 0.5) * 0x1p-53;
}

static double exponential(void)
{
    return -log(uniform());
}

/* By inversion: for small means only. */
static double poisson(double mean)
{
    double p = exp(-mean), sum = p, u = uniform();
    int x = 0;

    while (u > sum && x < 1000) {
        p *= mean / ++x;
        sum += p;
    }
    return x;
}

static void *taken(size_t n, size_t size)
{
    void *p = calloc(n, size);

    if (!p)
        abort();
    return p;
}

static void save(const char *name, const double *x, size_t n)
{
    char path[4096];
    FILE *out;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    out = fopen(path, "wbe");
    if (!out || fwrite(x, sizeof *x, n, out) != n || fclose(out)) {
        perror(path);
        exit(1);
    }
}

static double *column(size_t n, const char *name, double (*next)(void))
{
    double *x = taken(n, sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = next();
    save(name, x, n);
    return x;
}

/* ---------------------------------------------------------------- measuring */

static void need(int status, const struct fail *f)
{
    if (!status)
        return;
    fprintf(stderr, "statistics: %s\n", f->text);
    exit(1);
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double middle_of(void (*work)(void *), void *data)
{
    double seconds[RUNS];

    for (int i = 0; i < RUNS; i++) {
        double began = now_s();

        work(data);
        seconds[i] = now_s() - began;
    }
    qsort(seconds, RUNS, sizeof *seconds, by_value);
    return seconds[RUNS / 2];
}

struct memory {
    const double *x;
    size_t n;
    volatile double sum;
};

static void read_once(void *data)
{
    struct memory *m = data;
    double sums[4] = {0};

    for (size_t i = 0; i + 4 <= m->n; i += 4)
        for (size_t k = 0; k < 4; k++)
            sums[k] += m->x[i + k];
    m->sum = sums[0] + sums[1] + sums[2] + sums[3];
}

/* doubles: how many numbers the calculation must read. */
static void measure(const char *name, void (*work)(void *), void *data, size_t doubles)
{
    double *x = taken(doubles, sizeof *x), seconds;
    struct memory m = {.x = x, .n = doubles};

    for (size_t i = 0; i < doubles; i++)
        x[i] = 1;
    seconds = middle_of(work, data);
    printf("%s %.6f %.6f\n", name, seconds, middle_of(read_once, &m));
    fflush(stdout);
    free(x);
}

/* ---------------------------------------------------------------- exact tests, and many p-values */

static double some_mean(void)
{
    return 0.05 + 30 * uniform() * uniform();
}

struct cells {
    double *events, *expected, *p, *midp, *adjusted;
    struct counts_limits *limits;
};

static void test_cells(void *data)
{
    struct cells *c = data;
    struct fail f;

    need(counts_poisson_greater_many(c->events, c->expected, MILLION, c->p, c->midp, &f), &f);
    need(counts_rate_limits_many(c->events, c->expected, MILLION, 0.95, c->limits, &f), &f);
}

static void adjust(void *data)
{
    struct cells *c = data;
    struct fail f;

    need(multiple_adjust(MULTIPLE_BH, c->p, MILLION, c->adjusted, &f), &f);
}

static void bench_cells(void)
{
    struct cells c = {.expected = column(MILLION, "expected", some_mean)};

    c.events = taken(MILLION, sizeof *c.events);
    for (size_t i = 0; i < MILLION; i++)
        c.events[i] = poisson(c.expected[i] * (i % 100 ? 1 : 2));
    save("events", c.events, MILLION);
    c.p = taken(MILLION, sizeof *c.p);
    c.midp = taken(MILLION, sizeof *c.midp);
    c.adjusted = taken(MILLION, sizeof *c.adjusted);
    c.limits = taken(MILLION, sizeof *c.limits);
    measure("poisson-tests", test_cells, &c, 2 * MILLION);
    save("p", c.p, MILLION);
    measure("benjamini-hochberg", adjust, &c, MILLION);
    free(c.events);
    free(c.expected);
    free(c.p);
    free(c.midp);
    free(c.adjusted);
    free(c.limits);
}

/* ---------------------------------------------------------------- lives */

struct life_data {
    struct lives lives;
    double *time, *entry, *status, *freq;
    struct survival_point *points;
};

static void kaplan_meier(void *data)
{
    struct life_data *d = data;
    struct fail f;
    size_t n;

    need(survival_kaplan_meier(&d->lives, SURVIVAL_LOG, 0.95, d->points, &n, &f), &f);
}

static void weibull(void *data)
{
    struct life_data *d = data;
    struct weibull_fit fit;
    struct fail f;

    need(weibull_fit(&d->lives, &fit, &f), &f);
}

static void make_life(struct life_data *d, size_t i)
{
    do {
        double life = 1000 * pow(exponential(), 1 / 1.6), until = 900 * uniform();

        d->entry[i] = i % 5 ? 0 : 600 * uniform();
        d->status[i] = life <= until;
        d->time[i] = fmin(life, until);
    } while (d->time[i] <= d->entry[i]);
    d->freq[i] = 1 + (double)(i % 3);
}

static void bench_lives(void)
{
    struct life_data d;
    bool *failed = taken(MILLION, sizeof *failed);

    d.time = taken(MILLION, sizeof *d.time);
    d.entry = taken(MILLION, sizeof *d.entry);
    d.status = taken(MILLION, sizeof *d.status);
    d.freq = taken(MILLION, sizeof *d.freq);
    d.points = taken(MILLION, sizeof *d.points);
    for (size_t i = 0; i < MILLION; i++) {
        make_life(&d, i);
        failed[i] = d.status[i] > 0;
    }
    save("time", d.time, MILLION);
    save("entry", d.entry, MILLION);
    save("status", d.status, MILLION);
    save("freq", d.freq, MILLION);
    d.lives = (struct lives){.n = MILLION, .time = d.time, .failed = failed, .entry = d.entry, .freq = d.freq};
    measure("kaplan-meier", kaplan_meier, &d, 4 * MILLION);
    measure("weibull", weibull, &d, 4 * MILLION);
    free(d.time);
    free(d.entry);
    free(d.status);
    free(d.freq);
    free(d.points);
    free(failed);
}

/* ---------------------------------------------------------------- recurrent events */

struct history {
    struct recurrence r;
    struct recurrence_point *points;
};

static void mean_cumulative(void *data)
{
    struct history *h = data;
    struct fail f;
    size_t n;

    need(recurrence_mcf(&h->r, 0.95, h->points, &n, &f), &f);
}

static void bench_recurrence(void)
{
    enum { ROWS = MILLION + EVENTS };
    double *time = taken(ROWS, sizeof *time), *unit_column = taken(ROWS, sizeof *unit_column);
    uint32_t *unit = taken(ROWS, sizeof *unit);
    bool *event = taken(ROWS, sizeof *event);
    struct history h = {.points = taken(ROWS, sizeof *h.points)};

    for (uint32_t i = 0; i < MILLION; i++) {
        unit[i] = i;
        time[i] = 200 + floor(800 * uniform());
    }
    for (size_t i = MILLION; i < ROWS; i++) {
        unit[i] = (uint32_t)(uniform() * MILLION);
        time[i] = ceil(time[unit[i]] * uniform());
        event[i] = true;
    }
    for (size_t i = 0; i < ROWS; i++)
        unit_column[i] = unit[i];
    save("mcf-time", time, ROWS);
    save("mcf-unit", unit_column, ROWS);
    h.r = (struct recurrence){.n = ROWS, .units = MILLION, .unit = unit, .time = time, .event = event};
    measure("mcf", mean_cumulative, &h, 2 * ROWS);
    free(time);
    free(unit_column);
    free(unit);
    free(event);
    free(h.points);
}

/* ---------------------------------------------------------------- lot windows */

struct lots {
    double expected[GROUPS * LOTS], events[GROUPS * LOTS];
    struct scan_window worst[GROUPS];
    struct scan_chance chances[GROUPS];
};

static void fill(void *ctx, void *bytes, size_t n)
{
    memcpy(bytes, ctx, n < sizeof(struct draw) ? n : sizeof(struct draw));
}

static void scan(void *data)
{
    struct lots *l = data;
    struct rng rng = {fill, &chance};
    struct fail f;

    for (size_t g = 0; g < GROUPS; g++) {
        const double *expected = &l->expected[g * LOTS], *events = &l->events[g * LOTS];
        double total = 0;

        for (size_t i = 0; i < LOTS; i++)
            total += events[i];
        need(scan_windows(events, expected, LOTS, &(struct scan_rest){0}, LOTS, &l->worst[g], &f), &f);
        need(scan_windows_chance(expected, LOTS, 0, total, LOTS, l->worst[g].llr, REPLICAS, &rng, &l->chances[g], &f),
            &f);
    }
}

static void bench_scan(void)
{
    struct lots *l = taken(1, sizeof *l);

    for (size_t i = 0; i < GROUPS * LOTS; i++) {
        l->expected[i] = 0.5 + 5 * uniform();
        l->events[i] = poisson(l->expected[i] * (i % LOTS >= 200 && i % LOTS < 206 ? 1.8 : 1));
    }
    save("lot-expected", l->expected, GROUPS * LOTS);
    save("lot-events", l->events, GROUPS * LOTS);
    measure("lot-windows", scan, l, 2 * GROUPS * LOTS);
    free(l);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: statistics FOLDER\n");
        return 2;
    }
    folder = argv[1];
    bench_cells();
    bench_lives();
    bench_recurrence();
    bench_scan();
    return 0;
}
