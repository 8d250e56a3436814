/* sequential.c: the families of module sequential. */
#include "quality.h"

#include "sequential.h"

#include <math.h>

static void put_indices(json_t *result, const char *key, const size_t *indices, size_t n)
{
    autofree double *values = calloc(n ? n : 1, sizeof *values);

    for (size_t i = 0; i < n; i++)
        values[i] = (double)indices[i];
    put_numbers(result, key, values, n);
}

static int run_cusum(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *x = NULL, *s = NULL;
    double k, h;
    size_t n, first;

    if (get_numbers(input, "x", &x, &n, f) || get_number(input, "k", &k, f) || get_number(input, "h", &h, f))
        return -1;
    s = calloc(n ? n : 1, sizeof *s);
    if (sequential_cusum(x, n, k, h, s, &first, f))
        return -1;
    put_numbers(*ret_result, "S", s, n);
    put_number(*ret_result, "first_signal", (double)first);
    return 0;
}
FAMILY(poisson_cusum, run_cusum)

static int run_arl(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *h = NULL, *k = NULL, *theta = NULL, *arl = NULL;
    size_t n;

    if (get_numbers(input, "h", &h, &n, f) || get_numbers_of(input, "k", n, &k, f) ||
        get_numbers_of(input, "theta", n, &theta, f))
        return -1;
    arl = calloc(n ? n : 1, sizeof *arl);
    for (size_t i = 0; i < n; i++)
        if (sequential_cusum_arl(h[i], k[i], theta[i], &arl[i], f))
            return fail_add(f, "[%zu]", i);
    put_numbers(*ret_result, "arl", arl, n);
    return 0;
}
FAMILY(poisson_cusum_arl, run_arl)

static int run_cusum_expected(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *x = NULL, *expected = NULL, *s = NULL;
    autofree size_t *alarms = NULL;
    double ratio, h;
    size_t n, count;

    if (get_numbers(input, "x", &x, &n, f) || get_numbers_of(input, "expected", n, &expected, f) ||
        get_number(input, "R", &ratio, f) || get_number(input, "h", &h, f))
        return -1;
    s = calloc(n ? n : 1, sizeof *s);
    alarms = calloc(n ? n : 1, sizeof *alarms);
    if (sequential_cusum_expected(x, expected, n, ratio, h, s, alarms, &count, f))
        return -1;
    put_numbers(*ret_result, "S", s, n);
    put_indices(*ret_result, "alarms", alarms, count);
    return 0;
}
FAMILY(poisson_cusum_expected, run_cusum_expected)

/* One number for all of n, or one each. */
static int get_each(const json_t *input, const char *key, double fallback, size_t n, double **ret, struct fail *f)
{
    autofree double *each = calloc(n ? n : 1, sizeof *each);
    double one;

    if (json_array_size(json_object_get(input, key)) > 1)
        return get_numbers_of(input, key, n, ret, f);
    if (get_number_or(input, key, fallback, &one, f))
        return -1;
    for (size_t i = 0; i < n; i++)
        each[i] = one;
    *ret = take_ptr(each);
    return 0;
}

static int run_critical(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *horizon = NULL, *least = NULL, *alpha = NULL, *critical = NULL;
    size_t n;

    if (get_numbers(input, "T", &horizon, &n, f) || get_each(input, "M", 1, n, &least, f) ||
        get_each(input, "alpha", 0.05, n, &alpha, f))
        return -1;
    critical = calloc(n ? n : 1, sizeof *critical);
    for (size_t i = 0; i < n; i++) {
        bool exists;

        if (sequential_maxsprt_critical(horizon[i], least[i], alpha[i], &exists, &critical[i], f))
            return fail_add(f, "[%zu]", i);
        if (!exists)
            critical[i] = (double)NAN;
    }
    put_numbers(*ret_result, "cv", critical, n);
    return 0;
}
FAMILY(maxsprt_poisson_cv, run_critical)

static int run_llr(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *events = NULL, *expected = NULL, *llr = NULL;
    double critical, least;
    size_t n, first;

    if (get_numbers(input, "cum_events", &events, &n, f) || get_numbers_of(input, "cum_expected", n, &expected, f) ||
        get_number(input, "cv", &critical, f) || get_number_or(input, "M", 1, &least, f))
        return -1;
    llr = calloc(n ? n : 1, sizeof *llr);
    if (sequential_maxsprt_llr(events, expected, n, critical, least, llr, &first, f))
        return -1;
    put_numbers(*ret_result, "llr", llr, n);
    put_number(*ret_result, "first_signal", (double)first);
    return 0;
}
FAMILY(maxsprt_llr, run_llr)

static int run_e_process(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *events = NULL, *expected = NULL, *log_e = NULL, *e = NULL;
    double a, b;
    size_t n;

    if (get_numbers(input, "n", &events, &n, f) || get_numbers_of(input, "E", n, &expected, f) ||
        get_number_or(input, "a", 1, &a, f) || get_number_or(input, "b", 1, &b, f))
        return -1;
    log_e = calloc(n ? n : 1, sizeof *log_e);
    e = calloc(n ? n : 1, sizeof *e);
    for (size_t i = 0; i < n; i++) {
        if (sequential_log_e(events[i], expected[i], a, b, &log_e[i], f))
            return fail_add(f, "[%zu]", i);
        e[i] = exp(log_e[i]);
    }
    put_numbers(*ret_result, "log_e", log_e, n);
    put_numbers(*ret_result, "e", e, n);
    return 0;
}
FAMILY(poisson_mixture_e_process, run_e_process)
