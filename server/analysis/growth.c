/* growth.c: sums of times and of their logarithms. */
#include "growth.h"
#include "check.h"
#include "special.h"

#include <math.h>

static int check_times(enum check what, const double *times, size_t n, double T, struct fail *f)
{
    if (check_length("times", n, 1, f) || check_all(what, "times", times, n, f) ||
        check_increasing("times", times, n, false, f) || check_one(CHECK_POSITIVE, "T", T, f))
        return -1;
    if (times[n - 1] > T)
        return fail_set(f, FAIL_INPUT, "times[%zu]: after T", n - 1);
    return 0;
}

/* lost: how many events the estimate of beta is worth less than n. */
static int crow(const double *times, size_t n, double T, double lost, struct growth_fit *ret, struct fail *f)
{
    long double sum = 0;
    double count = (double)n, beta;

    if (check_times(CHECK_POSITIVE, times, n, T, f))
        return -1;
    for (size_t i = 0; i < n; i++)
        sum += log(T / times[i]);
    if (!(sum > 0))
        return fail_set(f, FAIL_INPUT, "not estimable: all failures are at the end of the observation");
    beta = (double)(count / sum);
    *ret = (struct growth_fit){
        .beta = beta,
        .lambda = exp(log(count) - beta * log(T)),
        .beta_unbiased = beta * (count - lost) / count,
        .mtbf_instantaneous = T / (count * beta),
        .mtbf_cumulative = T / count,
    };
    return 0;
}

int growth_time_truncated(const double *times, size_t n, double T, struct growth_fit *ret, struct fail *f)
{
    return crow(times, n, T, 1, ret, f);
}

int growth_failure_truncated(const double *times, size_t n, struct growth_fit *ret, struct fail *f)
{
    if (check_length("times", n, 2, f))
        return -1;
    return crow(times, n, times[n - 1], 2, ret, f);
}

/* (sum t - n T/2) / (T sqrt(n/12)), the times taken from the middle so that a long sum keeps its digits. */
static struct growth_trend laplace(const double *times, size_t n, double T)
{
    long double excess = 0;
    double u;

    for (size_t i = 0; i < n; i++)
        excess += (long double)times[i] / T - 0.5L;
    u = (double)excess / sqrt((double)n / 12);
    return (struct growth_trend){u, 2 * special_normal(TAIL_UPPER, fabs(u))};
}

int growth_laplace_time_truncated(const double *times, size_t n, double T, struct growth_trend *ret, struct fail *f)
{
    if (check_times(CHECK_NOT_NEGATIVE, times, n, T, f))
        return -1;
    *ret = laplace(times, n, T);
    return 0;
}

int growth_laplace_failure_truncated(const double *times, size_t n, struct growth_trend *ret, struct fail *f)
{
    if (check_length("times", n, 2, f) || check_times(CHECK_NOT_NEGATIVE, times, n, times[n - 1], f))
        return -1;
    *ret = laplace(times, n - 1, times[n - 1]);
    return 0;
}
