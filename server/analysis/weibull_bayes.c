/* weibull_bayes.c: one sum of powers, taken relative to the longest age so that none overflows. */
#include "weibull_bayes.h"
#include "check.h"
#include "special.h"

#include <math.h>

/* Sum of freq × (t^b - e^b) / longest^b. */
static double sum_of_powers(const struct lives *l, double b, double longest)
{
    long double sum = 0;

    for (size_t i = 0; i < l->n; i++) {
        if (!(lives_freq(l, i) > 0 && l->time[i] > 0))
            continue;
        sum += lives_freq(l, i) * pow(l->time[i] / longest, b) * -expm1(b * log(lives_entry(l, i) / l->time[i]));
    }
    return (double)sum;
}

int weibull_bayes(const struct lives *l, double shape, double level, struct weibull_bayes *ret, struct fail *f)
{
    double log_a, sum, r, longest = 0;

    if (lives_check(l, f) || check_one(CHECK_POSITIVE, "shape", shape, f) || check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    for (size_t i = 0; i < l->n; i++)
        longest = fmax(longest, lives_freq(l, i) > 0 ? l->time[i] : 0);
    sum = sum_of_powers(l, shape, longest);
    if (!(longest > 0 && sum > 0))
        return fail_set(f, FAIL_INPUT, "not estimable: no unit was watched past age 0");
    log_a = log(sum) + shape * log(longest);
    r = lives_failures(l);
    *ret = (struct weibull_bayes){
        .failures = r,
        .scale = exp((log_a - log(r)) / shape),
        .lower = exp((log_a - log(special_gamma_quantile(TAIL_UPPER, r + 1, 1 - level))) / shape),
    };
    return 0;
}
