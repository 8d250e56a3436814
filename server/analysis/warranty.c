/* warranty.c: Nevada tables, reporting delay, observed over expected. Prediction: warranty_model.c. */
#include "warranty.h"
#include "check.h"
#include "room.h"
#include "special.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------- Nevada table */

static int check_cell(size_t row, size_t column, double cell, struct fail *f)
{
    if (column <= row && !(isnan(cell) || cell == 0))
        return fail_set(f, FAIL_INPUT, "returns[%zu][%zu]: not after the month of shipment", row, column);
    if (column > row && !(isfinite(cell) && cell >= 0))
        return fail_set(f, FAIL_INPUT, "returns[%zu][%zu]: %g is not a number of units", row, column, cell);
    return 0;
}

static int check_nevada(const double *shipped, size_t months, const double *returns, size_t columns, struct fail *f)
{
    if (check_length("shipped", months, 1, f) || check_all(CHECK_NOT_NEGATIVE, "shipped", shipped, months, f))
        return -1;
    if (columns < months || columns < 2 || months > WARRANTY_CELLS_MAX / columns)
        return fail_set(f, FAIL_INPUT, "returns: %zu columns for %zu months of shipment", columns, months);
    for (size_t i = 0; i < months; i++) {
        double returned = 0;

        for (size_t j = 0; j < columns; j++) {
            if (check_cell(i, j, returns[i * columns + j], f))
                return -1;
            returned += j > i ? returns[i * columns + j] : 0;
        }
        if (returned > shipped[i])
            return fail_set(f, FAIL_INPUT, "returns[%zu]: %g returned of %g shipped", i, returned, shipped[i]);
    }
    return 0;
}

/* Failures and suspensions by age (index age - 1), then what follows from them; how many ages were reached. */
static size_t rates(struct warranty_age *ages, size_t n)
{
    double at_risk = 0, cumulative = 0;

    for (size_t a = n; a-- > 0;) {
        at_risk += ages[a].failures + ages[a].suspensions;
        ages[a].at_risk = at_risk;
    }
    while (n && !(ages[n - 1].at_risk > 0))
        n--;
    for (size_t a = 0; a < n; a++) {
        ages[a].rate_1000 = 1000 * ages[a].failures / ages[a].at_risk;
        cumulative += ages[a].rate_1000;
        ages[a].cumulative = cumulative;
    }
    return n;
}

int warranty_nevada(const double *shipped, size_t months, const double *returns, size_t columns,
    struct warranty_age *ret, size_t *ret_n, struct fail *f)
{
    autofree struct warranty_age *ages = NULL;
    size_t n;

    if (check_nevada(shipped, months, returns, columns, f))
        return -1;
    ages = room(columns, sizeof *ages);
    for (size_t i = 0; i < months; i++) {
        double left = shipped[i];

        for (size_t j = i + 1; j < columns; j++) {
            ages[j - i - 1].failures += returns[i * columns + j];
            left -= returns[i * columns + j];
        }
        if (columns - 1 > i)
            ages[columns - 2 - i].suspensions += left;
    }
    n = rates(ages, columns - 1);
    if (!n)
        return fail_set(f, FAIL_INPUT, "not estimable: no unit was shipped before the last month");
    memcpy(ret, ages, n * sizeof *ret);
    *ret_n = n;
    return 0;
}

int warranty_weibull(const struct warranty_age *ages, size_t n, struct weibull_fit *ret, struct fail *f)
{
    autofree double *time = room(2 * n, sizeof *time), *freq = room(2 * n, sizeof *freq);
    autofree bool *failed = room(2 * n, sizeof *failed);

    for (size_t a = 0; a < n; a++) {
        time[2 * a] = time[2 * a + 1] = (double)(a + 1);
        failed[2 * a] = true;
        freq[2 * a] = ages[a].failures;
        freq[2 * a + 1] = ages[a].suspensions;
    }
    return weibull_fit(&(struct lives){.n = 2 * n, .time = time, .failed = failed, .freq = freq}, ret, f);
}

/* ---------------------------------------------------------------- reporting delay */

/* How many delays the row sees, which stand at its beginning; 0 with f set when it is not so. */
static size_t delays_seen(const double *row, size_t i, size_t delays, struct fail *f)
{
    size_t seen = 0;

    while (seen < delays && !isnan(row[seen]))
        seen++;
    for (size_t d = 0; d < delays; d++) {
        if (d < seen ? !(row[d] >= 0 && isfinite(row[d])) : !isnan(row[d])) {
            fail_set(
                f, FAIL_INPUT, "triangle[%zu][%zu]: %g is not a number of reports that can stand there", i, d, row[d]);
            return 0;
        }
    }
    if (!seen)
        fail_set(f, FAIL_INPUT, "triangle[%zu]: shows no delay", i);
    return seen;
}

static int read_triangle(
    const double *triangle, size_t rows, size_t delays, struct warranty_report *reports, struct fail *f)
{
    size_t most = 0;

    if (check_length("triangle", rows, 1, f) || check_length("triangle[0]", delays, 1, f))
        return -1;
    for (size_t i = 0; i < rows; i++) {
        struct warranty_report *r = &reports[i];

        r->delays = delays_seen(triangle + i * delays, i, delays, f);
        if (!r->delays)
            return -1;
        for (size_t d = 0; d < r->delays; d++)
            r->reported += triangle[i * delays + d];
        most = r->delays > most ? r->delays : most;
    }
    if (most < delays)
        return fail_set(f, FAIL_INPUT, "triangle: not estimable: no row shows delay %zu", delays - 1);
    return 0;
}

/* g(d) in hazard[d - 1]. */
static int reverse_hazard(const double *triangle, size_t rows, size_t delays, const struct warranty_report *reports,
    double *hazard, struct fail *f)
{
    for (size_t d = 1; d < delays; d++) {
        double at = 0, up_to = 0;

        for (size_t i = 0; i < rows; i++) {
            if (reports[i].delays <= d)
                continue;
            at += triangle[i * delays + d];
            for (size_t e = 0; e <= d; e++)
                up_to += triangle[i * delays + e];
        }
        if (!(up_to > 0))
            return fail_set(
                f, FAIL_INPUT, "triangle: not estimable: no report up to delay %zu in the rows that show it", d);
        hazard[d - 1] = at / up_to;
    }
    return 0;
}

int warranty_delay(const double *triangle, size_t rows, size_t delays, double *ret_hazard, double *ret_G,
    struct warranty_report *ret, struct fail *f)
{
    autofree struct warranty_report *reports = room(rows, sizeof *reports);
    autofree double *hazard = room(delays, sizeof *hazard);

    if (read_triangle(triangle, rows, delays, reports, f) || reverse_hazard(triangle, rows, delays, reports, hazard, f))
        return -1;
    memcpy(ret_hazard, hazard, (delays - 1) * sizeof *ret_hazard);
    ret_G[delays - 1] = 1;
    for (size_t d = delays - 1; d > 0; d--)
        ret_G[d - 1] = ret_G[d] * (1 - hazard[d - 1]);
    for (size_t i = 0; i < rows; i++) {
        ret[i] = reports[i];
        ret[i].adjusted = reports[i].reported / ret_G[reports[i].delays - 1];
    }
    return 0;
}

/* ---------------------------------------------------------------- observed over expected */

static int check_ratio(
    const double *observed, const double *exposure, const double *base, size_t n, double level, struct fail *f)
{
    if (check_length("obs", n, 1, f) || check_all(CHECK_COUNT, "obs", observed, n, f) ||
        check_all(CHECK_NOT_NEGATIVE, "expo", exposure, n, f) || check_all(CHECK_NOT_NEGATIVE, "base", base, n, f) ||
        check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (exposure[i] == 0 && observed[i] > 0)
            return fail_set(f, FAIL_INPUT, "expo[%zu]: 0 although %g were observed", i, observed[i]);
    return 0;
}

int warranty_ratio(const double *observed, const double *exposure, const double *base, size_t n, double level,
    struct warranty_ratio *ret, struct fail *f)
{
    double O = 0, E = 0, lower;

    if (check_ratio(observed, exposure, base, n, level, f))
        return -1;
    for (size_t i = 0; i < n; i++) {
        O += observed[i];
        E += exposure[i] * base[i];
    }
    if (!(E > 0 && isfinite(E)))
        return fail_set(f, FAIL_INPUT, "base: %g failures are expected, which nothing can be divided by", E);
    lower = O > 0 ? special_gamma_quantile(TAIL_LOWER, O, 1 - level) : 0;
    *ret = (struct warranty_ratio){
        .observed = O,
        .expected = E,
        .ratio = O / E,
        .limits = warranty_poisson_limits(O, level),
        .lower = lower / E,
        .p_greater = O > 0 ? special_gamma(TAIL_LOWER, O, E) : 1,
        .attributable = O - E,
        .attributable_lower = lower - E,
        .attributable_part = (O - E) / O,
    };
    ret->limits.lo /= E;
    ret->limits.hi /= E;
    return 0;
}

struct interval warranty_poisson_limits(double x, double level)
{
    double tail = (1 - level) / 2;

    return (struct interval){
        x > 0 ? special_gamma_quantile(TAIL_LOWER, x, tail) : 0,
        special_gamma_quantile(TAIL_UPPER, x + 1, tail),
    };
}
