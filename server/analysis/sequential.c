/* sequential.c: paths of CUSUM and MaxSPRT, and the e-process. The run length and the critical value have files of their
 * own. */
#include "sequential.h"

#include "check.h"
#include "special.h"

#include <math.h>

int sequential_cusum(const double *x, size_t n, double k, double h, double *ret_s, size_t *ret_first, struct fail *f)
{
    double s = 0;
    size_t first = 0;

    if (check_all(CHECK_COUNT, "x", x, n, f) || check_one(CHECK_NOT_NEGATIVE, "k", k, f) ||
        check_one(CHECK_POSITIVE, "h", h, f))
        return -1;
    for (size_t i = 0; i < n; i++) {
        s = fmax(0, s + x[i] - k);
        ret_s[i] = s;
        if (!first && s >= h)
            first = i + 1;
    }
    *ret_first = first;
    return 0;
}

int sequential_cusum_expected(const double *x, const double *expected, size_t n, double ratio, double h, double *ret_s,
    size_t *ret_alarms, size_t *ret_count, struct fail *f)
{
    double s = 0, log_ratio = log(ratio);
    size_t count = 0;

    if (check_all(CHECK_COUNT, "x", x, n, f) || check_all(CHECK_NOT_NEGATIVE, "expected", expected, n, f) ||
        check_one(CHECK_POSITIVE, "h", h, f) || check_one(CHECK_FINITE, "R", ratio, f))
        return -1;
    if (ratio <= 1)
        return fail_set(f, FAIL_INPUT, "R: %g is not above 1", ratio);
    for (size_t i = 0; i < n; i++) {
        s = fmax(0, s + x[i] * log_ratio - (ratio - 1) * expected[i]);
        ret_s[i] = s;
        if (s >= h) {
            ret_alarms[count++] = i + 1;
            s = 0;
        }
    }
    *ret_count = count;
    return 0;
}

static double log_likelihood_ratio(double c, double mu)
{
    return c > mu ? mu - c + c * log(c / mu) : 0;
}

int sequential_maxsprt_llr(const double *events, const double *expected, size_t n, double critical, double least,
    double *ret_llr, size_t *ret_first, struct fail *f)
{
    size_t first = 0;

    if (check_all(CHECK_COUNT, "events", events, n, f) || check_all(CHECK_NOT_NEGATIVE, "expected", expected, n, f) ||
        check_increasing("events", events, n, false, f) || check_increasing("expected", expected, n, false, f) ||
        check_one(CHECK_NOT_NEGATIVE, "critical", critical, f) || check_one(CHECK_NOT_NEGATIVE, "least", least, f))
        return -1;
    for (size_t i = 0; i < n; i++) {
        ret_llr[i] = log_likelihood_ratio(events[i], expected[i]);
        if (!first && ret_llr[i] >= critical && events[i] >= least)
            first = i + 1;
    }
    *ret_first = first;
    return 0;
}

int sequential_log_e(double events, double expected, double a, double b, double *ret_log_e, struct fail *f)
{
    double shape = a + events, rate = b + expected;

    if (check_one(CHECK_COUNT, "n", events, f) || check_one(CHECK_NOT_NEGATIVE, "E", expected, f) ||
        check_one(CHECK_POSITIVE, "a", a, f) || check_one(CHECK_POSITIVE, "b", b, f))
        return -1;
    /* all but the tails of the formula, as a ratio of two Poisson probabilities: its terms grow like n ln n and would
     * cancel */
    *ret_log_e = special_poisson_log(a, b) - special_poisson_log(shape, rate) + log(a / shape) +
                 special_gamma_log(TAIL_UPPER, shape, rate) - special_gamma_log(TAIL_UPPER, a, b);
    return 0;
}
