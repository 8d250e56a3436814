/* charts.c: see charts.h. */
#include "charts.h"

#include "check.h"
#include "special.h"

#include <math.h>

/* Mean moving range of two normal values over their standard deviation, as the printed tables round it. */
static const double D2 = 1.128;

static double sum(const double *x, size_t n)
{
    double total = 0;

    for (size_t i = 0; i < n; i++)
        total += x[i];
    return total;
}

/* What a chart is drawn from: the spread of one point is √(variance/n). */
struct base {
    double center, variance, most;
};

static int base_u(const double *events, const double *exposure, size_t n, struct base *ret, struct fail *f)
{
    double center;

    if (check_length("events", n, 1, f) || check_all(CHECK_NOT_NEGATIVE, "events", events, n, f) ||
        check_all(CHECK_POSITIVE, "exposure", exposure, n, f))
        return -1;
    center = sum(events, n) / sum(exposure, n);
    *ret = (struct base){center, center, (double)INFINITY};
    return 0;
}

static int base_p(const double *failed, const double *units, size_t n, struct base *ret, struct fail *f)
{
    double center;

    if (check_length("failed", n, 1, f) || check_all(CHECK_NOT_NEGATIVE, "failed", failed, n, f) ||
        check_all(CHECK_POSITIVE, "units", units, n, f))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (failed[i] > units[i])
            return fail_set(f, FAIL_INPUT, "failed[%zu]: more than units[%zu]", i, i);
    center = sum(failed, n) / sum(units, n);
    *ret = (struct base){center, center * (1 - center), 1};
    return 0;
}

static void judge(struct charts_point *point, size_t i, struct charts_summary *summary)
{
    point->out = point->value < point->lcl || point->value > point->ucl;
    if (point->out && summary->out++ == 0)
        summary->first = i;
}

static void draw(const struct base *base, double sigma_z, const double *x, const double *exposure, size_t n,
    double width, struct charts_point *points, struct charts_summary *ret)
{
    struct charts_summary summary = {.center = base->center, .sigma_z = sigma_z, .first = n};

    for (size_t i = 0; i < n; i++) {
        double reach = width * sqrt(base->variance / exposure[i]) * sigma_z;

        points[i].value = x[i] / exposure[i];
        points[i].lcl = fmax(0, base->center - reach);
        points[i].ucl = fmin(base->most, base->center + reach);
        judge(&points[i], i, &summary);
    }
    *ret = summary;
}

/* Mean moving range of the standardised points over d2. */
static int between_periods(
    const struct base *base, const double *x, const double *exposure, size_t n, double *ret, struct fail *f)
{
    double before = 0, ranges = 0;

    if (n < 2)
        return fail_set(f, FAIL_INPUT, "not estimable: a moving range needs two periods");
    if (base->variance <= 0)
        return fail_set(f, FAIL_INPUT, "not estimable: %s", base->center > 0 ? "all failed" : "no events");
    for (size_t i = 0; i < n; i++) {
        double z = (x[i] / exposure[i] - base->center) / sqrt(base->variance / exposure[i]);

        ranges += i ? fabs(z - before) : 0;
        before = z;
    }
    *ret = ranges / (double)(n - 1) / D2;
    return 0;
}

int charts_u(const double *events, const double *exposure, size_t n, double width, struct charts_point *ret_points,
    struct charts_summary *ret, struct fail *f)
{
    struct base base;

    if (check_one(CHECK_POSITIVE, "width", width, f) || base_u(events, exposure, n, &base, f))
        return -1;
    draw(&base, 1, events, exposure, n, width, ret_points, ret);
    return 0;
}

int charts_p(const double *failed, const double *units, size_t n, double width, struct charts_point *ret_points,
    struct charts_summary *ret, struct fail *f)
{
    struct base base;

    if (check_one(CHECK_POSITIVE, "width", width, f) || base_p(failed, units, n, &base, f))
        return -1;
    draw(&base, 1, failed, units, n, width, ret_points, ret);
    return 0;
}

int charts_laney_u(const double *events, const double *exposure, size_t n, double width,
    struct charts_point *ret_points, struct charts_summary *ret, struct fail *f)
{
    struct base base;
    double sigma_z;

    if (check_one(CHECK_POSITIVE, "width", width, f) || base_u(events, exposure, n, &base, f) ||
        between_periods(&base, events, exposure, n, &sigma_z, f))
        return -1;
    draw(&base, sigma_z, events, exposure, n, width, ret_points, ret);
    return 0;
}

int charts_laney_p(const double *failed, const double *units, size_t n, double width, struct charts_point *ret_points,
    struct charts_summary *ret, struct fail *f)
{
    struct base base;
    double sigma_z;

    if (check_one(CHECK_POSITIVE, "width", width, f) || base_p(failed, units, n, &base, f) ||
        between_periods(&base, failed, units, n, &sigma_z, f))
        return -1;
    draw(&base, sigma_z, failed, units, n, width, ret_points, ret);
    return 0;
}

static int check_dispersion(const double *events, const double *exposure, size_t n, struct fail *f)
{
    if (n < 2)
        return fail_set(f, FAIL_INPUT, "not estimable: a spread needs two periods");
    if (check_all(CHECK_NOT_NEGATIVE, "events", events, n, f) ||
        (exposure && check_all(CHECK_POSITIVE, "exposure", exposure, n, f)))
        return -1;
    if (sum(events, n) <= 0)
        return fail_set(f, FAIL_INPUT, "not estimable: no events");
    return 0;
}

int charts_dispersion(
    const double *events, const double *exposure, size_t n, struct charts_dispersion *ret, struct fail *f)
{
    double center, statistic = 0;

    if (check_dispersion(events, exposure, n, f))
        return -1;
    center = sum(events, n) / (exposure ? sum(exposure, n) : (double)n);
    for (size_t i = 0; i < n; i++) {
        double expected = center * (exposure ? exposure[i] : 1);

        statistic += (events[i] - expected) / expected * (events[i] - expected);
    }
    *ret = (struct charts_dispersion){.ratio = statistic / (double)(n - 1),
        .statistic = statistic,
        .p = special_chisq(TAIL_UPPER, statistic, (double)(n - 1)),
        .df = n - 1};
    return 0;
}

static int check_ewma(
    const double *events, const double *exposure, size_t n, double target, double lambda, double width, struct fail *f)
{
    if (check_length("events", n, 1, f) || check_all(CHECK_NOT_NEGATIVE, "events", events, n, f) ||
        check_all(CHECK_POSITIVE, "exposure", exposure, n, f) || check_one(CHECK_POSITIVE, "target", target, f) ||
        check_one(CHECK_POSITIVE, "width", width, f))
        return -1;
    if (!(lambda > 0 && lambda <= 1))
        return fail_set(f, FAIL_INPUT, "lambda: %g is not above 0 and at most 1", lambda);
    return 0;
}

int charts_ewma(const double *events, const double *exposure, size_t n, double target, double lambda, double width,
    struct charts_point *ret_points, struct charts_summary *ret, struct fail *f)
{
    struct charts_summary summary = {.center = target, .sigma_z = 1, .first = n};
    double z = target, variance = 0;

    if (check_ewma(events, exposure, n, target, lambda, width, f))
        return -1;
    for (size_t i = 0; i < n; i++) {
        z = lambda * events[i] / exposure[i] + (1 - lambda) * z;
        variance = lambda * lambda * target / exposure[i] + (1 - lambda) * (1 - lambda) * variance;
        ret_points[i] = (struct charts_point){
            .value = z, .lcl = target - width * sqrt(variance), .ucl = target + width * sqrt(variance)};
        judge(&ret_points[i], i, &summary);
    }
    *ret = summary;
    return 0;
}
