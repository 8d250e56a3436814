/* warranty_model.c: failures expected so far and in the months ahead, from units by month of age. */
#include "warranty.h"
#include "check.h"
#include "room.h"

#include <math.h>

/* Rows 0 … months - 1 failed within (i, i + 1], the others run at i + 1. */
static int fit_months(
    const double *failed, const double *running, size_t months, struct weibull_fit *ret, struct fail *f)
{
    autofree double *lo = room(2 * months, sizeof *lo), *hi = room(2 * months, sizeof *hi);
    autofree double *freq = room(2 * months, sizeof *freq);

    for (size_t i = 0; i < months; i++) {
        lo[i] = (double)i;
        hi[i] = lo[months + i] = (double)(i + 1);
        hi[months + i] = (double)INFINITY;
        freq[i] = failed[i];
        freq[months + i] = running[i];
    }
    return weibull_fit_spans(&(struct weibull_spans){.n = 2 * months, .lo = lo, .hi = hi, .freq = freq}, ret, f);
}

/* -ln R at age. */
static double hazard(const struct weibull_fit *fit, double age)
{
    return pow(age / fit->scale, fit->shape);
}

int warranty_model(const double *failed, const double *running, size_t months, double level, struct warranty_model *ret,
    struct fail *f)
{
    struct warranty_model model = {0};

    if (check_length("failed", months, 1, f) || check_all(CHECK_NOT_NEGATIVE, "failed", failed, months, f) ||
        check_all(CHECK_NOT_NEGATIVE, "running", running, months, f) || check_one(CHECK_LEVEL, "level", level, f) ||
        fit_months(failed, running, months, &model.fit, f))
        return -1;
    for (size_t i = 0; i < months; i++) {
        double before = hazard(&model.fit, (double)i), now = hazard(&model.fit, (double)(i + 1));

        model.expected += running[i] * -expm1(-now) + failed[i] * (exp(-before) * -expm1(before - now));
        model.at_risk += running[i];
    }
    model.expected_limits = warranty_poisson_limits(model.expected, level);
    *ret = model;
    return 0;
}

int warranty_predict(const struct weibull_fit *fit, const double *running, size_t months, size_t ahead, double level,
    struct warranty_prediction *ret, struct fail *f)
{
    if (check_length("running", months, 1, f) || check_all(CHECK_NOT_NEGATIVE, "running", running, months, f) ||
        check_one(CHECK_POSITIVE, "shape", fit->shape, f) || check_one(CHECK_POSITIVE, "scale", fit->scale, f) ||
        check_one(CHECK_LEVEL, "level", level, f))
        return -1;
    for (size_t d = 0; d < ahead; d++) {
        double failures = 0;

        for (size_t i = 0; i < months; i++) {
            double age = (double)(i + 1);

            failures += running[i] * -expm1(hazard(fit, age) - hazard(fit, age + (double)(d + 1)));
        }
        ret[d] = (struct warranty_prediction){failures, warranty_poisson_limits(failures, level)};
    }
    return 0;
}
