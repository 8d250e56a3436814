/* growth.c: cases of server/analysis/growth.h. */
#include "growth.h"
#include "quality.h"

/* Times since the start: given so, or as the times between events. */
static int read_times(const json_t *input, double **ret, size_t *ret_n, struct fail *f)
{
    if (has(input, "times"))
        return get_numbers(input, "times", ret, ret_n, f);
    if (get_numbers(input, "times_between", ret, ret_n, f))
        return -1;
    for (size_t i = 1; i < *ret_n; i++)
        (*ret)[i] += (*ret)[i - 1];
    return 0;
}

static int run_crow_amsaa(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *times = NULL;
    struct growth_fit fit;
    double T = 0;
    size_t n;

    if (read_times(input, &times, &n, f) || get_number_or(input, "T", 0, &T, f))
        return -1;
    if (has(input, "T") ? growth_time_truncated(times, n, T, &fit, f) : growth_failure_truncated(times, n, &fit, f))
        return -1;
    put_number(*ret_result, "beta_mle", fit.beta);
    put_number(*ret_result, "lambda_mle", fit.lambda);
    put_number(*ret_result, "beta_unbiased", fit.beta_unbiased);
    put_number(*ret_result, "mtbf_instantaneous", fit.mtbf_instantaneous);
    put_number(*ret_result, "mtbf_cumulative", fit.mtbf_cumulative);
    return 0;
}

static int run_laplace(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *times = NULL;
    struct growth_trend trend;
    double T = 0;
    size_t n;

    if (read_times(input, &times, &n, f) || get_number_or(input, "T", 0, &T, f))
        return -1;
    if (has(input, "T") ? growth_laplace_time_truncated(times, n, T, &trend, f)
                        : growth_laplace_failure_truncated(times, n, &trend, f))
        return -1;
    put_number(*ret_result, "U", trend.U);
    put_number(*ret_result, "p_two_sided", trend.p);
    return 0;
}

FAMILY(crow_amsaa, run_crow_amsaa)
FAMILY(laplace_trend, run_laplace)
FAMILY(laplace_trend_failure_truncated, run_laplace)
