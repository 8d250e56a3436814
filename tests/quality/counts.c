/* counts.c: the families of modules counts, fisher and multiple. */
#include "quality.h"

#include "counts.h"
#include "fisher.h"
#include "multiple.h"

#include <string.h>

/* ---------------------------------------------------------------- tables of results, one column a key */

/* A column: its key and where its value stands in the result of one row. */
struct column {
    const char *key;
    size_t offset;
};

static void put_columns(
    json_t *result, const struct column *columns, size_t count, const void *rows, size_t n, size_t size)
{
    autofree double *values = calloc(n ? n : 1, sizeof *values);

    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < n; i++)
            memcpy(&values[i], (const char *)rows + i * size + columns[k].offset, sizeof *values);
        put_numbers(result, columns[k].key, values, n);
    }
}

static int run_rate_ci(const json_t *input, json_t **ret_result, struct fail *f)
{
    static const struct column columns[] = {{"lo", offsetof(struct counts_limits, lo)},
        {"hi", offsetof(struct counts_limits, hi)},
        {"lower_one_sided", offsetof(struct counts_limits, lower_one_sided)},
        {"upper_one_sided", offsetof(struct counts_limits, upper_one_sided)}};
    autofree double *count = NULL, *exposure = NULL, *rate = NULL;
    autofree struct counts_limits *limits = NULL;
    double level;
    size_t n;

    if (get_numbers(input, "count", &count, &n, f) || get_numbers_of(input, "exposure", n, &exposure, f) ||
        get_number_or(input, "level", 0.95, &level, f))
        return -1;
    limits = calloc(n ? n : 1, sizeof *limits);
    rate = calloc(n ? n : 1, sizeof *rate);
    if (counts_rate_limits_many(count, exposure, n, level, limits, f))
        return -1;
    for (size_t i = 0; i < n; i++)
        rate[i] = count[i] / exposure[i];
    put_numbers(*ret_result, "rate", rate, n);
    put_columns(*ret_result, columns, countof(columns), limits, n, sizeof *limits);
    return 0;
}
FAMILY(poisson_rate_ci, run_rate_ci)

static const struct column TEST_COLUMNS[] = {{"p_two_sided_minlike", offsetof(struct counts_test, p_two_sided_minlike)},
    {"p_greater", offsetof(struct counts_test, p_greater)}, {"p_less", offsetof(struct counts_test, p_less)},
    {"p_two_sided_central", offsetof(struct counts_test, p_two_sided_central)},
    {"midp_greater", offsetof(struct counts_test, midp_greater)},
    {"log_p_greater", offsetof(struct counts_test, log_p_greater)},
    {"log_p_less", offsetof(struct counts_test, log_p_less)}};

static int run_test(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *observed = NULL, *expected = NULL;
    autofree struct counts_test *tests = NULL;
    size_t n;

    if (get_numbers(input, "observed", &observed, &n, f) || get_numbers_of(input, "expected", n, &expected, f))
        return -1;
    tests = calloc(n ? n : 1, sizeof *tests);
    for (size_t i = 0; i < n; i++)
        if (counts_poisson_test(observed[i], expected[i], &tests[i], f))
            return fail_add(f, "[%zu]", i);
    put_columns(*ret_result, TEST_COLUMNS, countof(TEST_COLUMNS), tests, n, sizeof *tests);
    return 0;
}
FAMILY(poisson_test_vs_expected, run_test)

static int run_rate_ratio(const json_t *input, json_t **ret_result, struct fail *f)
{
    static const struct column columns[] = {{"ratio", offsetof(struct counts_ratio, ratio)},
        {"lo", offsetof(struct counts_ratio, limits.lo)}, {"hi", offsetof(struct counts_ratio, limits.hi)},
        {"lower_one_sided", offsetof(struct counts_ratio, limits.lower_one_sided)},
        {"upper_one_sided", offsetof(struct counts_ratio, limits.upper_one_sided)}};
    autofree double *x1 = NULL, *t1 = NULL, *x2 = NULL, *t2 = NULL;
    autofree struct counts_ratio *ratios = NULL;
    double level;
    size_t n;

    if (get_numbers(input, "x1", &x1, &n, f) || get_numbers_of(input, "t1", n, &t1, f) ||
        get_numbers_of(input, "x2", n, &x2, f) || get_numbers_of(input, "t2", n, &t2, f) ||
        get_number_or(input, "level", 0.95, &level, f))
        return -1;
    ratios = calloc(n ? n : 1, sizeof *ratios);
    for (size_t i = 0; i < n; i++)
        if (counts_rate_ratio(x1[i], t1[i], x2[i], t2[i], level, &ratios[i], f))
            return fail_add(f, "[%zu]", i);
    put_columns(*ret_result, columns, countof(columns), ratios, n, sizeof *ratios);
    put_columns(*ret_result, TEST_COLUMNS, countof(TEST_COLUMNS), &ratios->test, n, sizeof *ratios);
    return 0;
}
FAMILY(poisson_rate_ratio, run_rate_ratio)

/* ---------------------------------------------------------------- Fisher */

/* The cases' limits come from R's search and have its digits. */
static int run_fisher(const json_t *input, json_t **ret_result, struct fail *f)
{
    double a, b, c, d, level;
    struct fisher r;

    if (get_number(input, "a", &a, f) || get_number(input, "b", &b, f) || get_number(input, "c", &c, f) ||
        get_number(input, "d", &d, f) || get_number_or(input, "level", 0.95, &level, f) ||
        fisher_test(a, b, c, d, level, FISHER_TOLERANCE_R, &r, f))
        return -1;
    put_number(*ret_result, "p_two_sided", r.p_two_sided);
    put_number(*ret_result, "p_greater", r.p_greater);
    put_number(*ret_result, "p_less", r.p_less);
    put_number(*ret_result, "cond_mle_odds_ratio", r.odds_ratio);
    put_limits(*ret_result, "ci", r.limits.lo, r.limits.hi);
    put_number(*ret_result, "sample_odds_ratio", r.sample_odds_ratio);
    return 0;
}
FAMILY(fisher_2x2, run_fisher)

/* ---------------------------------------------------------------- many p-values */

static int run_adjust(const json_t *input, json_t **ret_result, struct fail *f)
{
    static const struct {
        const char *key;
        enum multiple_method method;
    } methods[] = {
        {"BH", MULTIPLE_BH}, {"BY", MULTIPLE_BY}, {"holm", MULTIPLE_HOLM}, {"bonferroni", MULTIPLE_BONFERRONI}};
    autofree double *p = NULL, *adjusted = NULL;
    size_t n;

    if (get_numbers(input, "p", &p, &n, f))
        return -1;
    adjusted = calloc(n ? n : 1, sizeof *adjusted);
    for (size_t i = 0; i < countof(methods); i++) {
        if (multiple_adjust(methods[i].method, p, n, adjusted, f))
            return -1;
        put_numbers(*ret_result, methods[i].key, adjusted, n);
        if (methods[i].method == MULTIPLE_BH)
            put_number(*ret_result, "rejected_at_0.05_BH", (double)multiple_rejected(adjusted, n, 0.05));
    }
    return 0;
}
FAMILY(p_adjust, run_adjust)
