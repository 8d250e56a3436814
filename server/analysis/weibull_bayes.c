/* weibull_bayes.c: one sum of powers, taken relative to the longest age so that none overflows. */
#include "weibull_bayes.h"
#include "check.h"
#include "special.h"

#include <math.h>

/* ln of the sum of freq × (t^b - e^b); -infinity for no age at all. */
static double log_powers(const struct lives *l, double b)
{
    long double sum = 0;
    double longest = 0;

    for (size_t i = 0; i < l->n; i++)
        longest = fmax(longest, lives_freq(l, i) > 0 ? l->time[i] : 0);
    for (size_t i = 0; i < l->n && longest > 0; i++) {
        double x = log(l->time[i] / longest), d = log(lives_entry(l, i) / l->time[i]);

        if (lives_freq(l, i) > 0 && l->time[i] > 0)
            sum += lives_freq(l, i) * exp(b * x) * -expm1(b * d);
    }
    return b * log(longest) + log((double)sum);
}

int weibull_bayes(const struct lives *l, double shape, double level, struct weibull_bayes *ret, struct fail *f)
{
    double log_a, r;

    if (lives_check(l, f) || check_one(CHECK_POSITIVE, "shape", shape, f) || check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    log_a = log_powers(l, shape);
    if (!isfinite(log_a))
        return fail_set(f, FAIL_INPUT, "not estimable: no unit was watched past age 0");
    r = lives_failures(l);
    *ret = (struct weibull_bayes){
        .failures = r,
        .scale = exp((log_a - log(r)) / shape),
        .lower = exp((log_a - log(special_gamma_quantile(TAIL_LOWER, r + 1, level))) / shape),
    };
    return 0;
}
