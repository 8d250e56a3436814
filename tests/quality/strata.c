/* strata.c: cases of server/analysis/strata.h. */
#include "quality.h"

#include "strata.h"

#include <math.h>
#include <string.h>

static int read_strata(const json_t *list, struct strata_table *ret, struct fail *f)
{
    size_t i;
    const json_t *entry;

    json_array_foreach(list, i, entry) {
        struct strata_table *t = &ret[i];

        if (get_number(entry, "a", &t->a, f) || get_number(entry, "b", &t->b, f) || get_number(entry, "c", &t->c, f) ||
            get_number(entry, "d", &t->d, f))
            return fail_add(f, "strata[%zu]", i);
    }
    return 0;
}

/* R's limits are 0/0 where the logarithm of the ratio has no standard error. */
static double if_any(bool has, double limit)
{
    return has ? limit : (double)NAN;
}

static int run_odds(const json_t *input, json_t **ret_result, struct fail *f)
{
    const json_t *list = json_object_get(input, "strata");
    size_t n = json_array_size(list);
    autofree struct strata_table *strata = calloc(n + 1, sizeof *strata);
    struct strata_odds out;
    double level;

    if (get_number_or(input, "level", 0.95, &level, f) || read_strata(list, strata, f) ||
        strata_odds(strata, n, level, &out, f))
        return -1;
    put_number(*ret_result, "or_mh", out.ratio);
    put_limits(*ret_result, "ci_rbg", if_any(out.has_limits, out.lo), if_any(out.has_limits, out.hi));
    put_number(*ret_result, "chisq_no_correction", out.chisq);
    put_number(*ret_result, "p_no_correction", out.p);
    put_number(*ret_result, "chisq_correction", out.chisq_corrected);
    put_number(*ret_result, "p_correction", out.p_corrected);
    put_number(*ret_result, "crude_or", out.crude);
    return 0;
}
FAMILY(mantel_haenszel_or, run_odds)

static bool all_zero(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0)
            return false;
    return true;
}

static int run_rates(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *x1 = NULL, *t1 = NULL, *x0 = NULL, *t0 = NULL;
    struct strata_rates out;
    double level;
    size_t n;

    if (get_numbers(input, "x1", &x1, &n, f) || get_numbers_of(input, "t1", n, &t1, f) ||
        get_numbers_of(input, "x0", n, &x0, f) || get_numbers_of(input, "t0", n, &t0, f) ||
        get_number_or(input, "level", 0.95, &level, f))
        return -1;
    if (strata_rates(x1, t1, x0, t0, n, level, &out, f)) {
        if (!strstr(f->text, "no events") || !all_zero(x1, n) || !all_zero(x0, n))
            return -1;
        out = (struct strata_rates){.ratio = (double)NAN, /* R's 0/0 */
            .se_log = (double)NAN,
            .chisq = (double)NAN,
            .p = (double)NAN,
            .crude = (double)NAN};
    }
    put_number(*ret_result, "rate_ratio_mh", out.ratio);
    put_number(*ret_result, "se_log", out.se_log);
    put_number(*ret_result, "lo", out.has_limits || out.ratio <= 0 ? out.lo : (double)NAN);
    put_number(*ret_result, "hi", out.has_limits || out.ratio > 0 ? out.hi : (double)NAN);
    put_number(*ret_result, "expected_events", out.expected);
    put_number(*ret_result, "chisq", out.chisq);
    put_number(*ret_result, "p", out.p);
    put_number(*ret_result, "crude_ratio", out.crude);
    return 0;
}
FAMILY(mantel_haenszel_rate_ratio, run_rates)
