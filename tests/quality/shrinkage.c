/* shrinkage.c: the families of module shrinkage. */
#include "quality.h"

#include "shrinkage.h"

#include <string.h>

static int get_prior(const json_t *input, struct shrinkage_prior *ret, struct fail *f)
{
    const json_t *theta = json_object_get(input, "theta");

    if (!json_is_object(theta))
        return fail_set(f, FAIL_INPUT, "theta: not an object");
    return get_number(theta, "alpha1", &ret->alpha1, f) || get_number(theta, "beta1", &ret->beta1, f) ||
                   get_number(theta, "alpha2", &ret->alpha2, f) || get_number(theta, "beta2", &ret->beta2, f) ||
                   get_number(theta, "P", &ret->p, f)
               ? -1
               : 0;
}

static void put_cells(json_t *result, const struct shrinkage *cells, size_t n)
{
    static const struct {
        const char *key;
        size_t offset;
    } columns[] = {{"RR", offsetof(struct shrinkage, rr)}, {"Qn", offsetof(struct shrinkage, qn)},
        {"EBGM", offsetof(struct shrinkage, ebgm)}, {"EB05", offsetof(struct shrinkage, eb05)},
        {"EB95", offsetof(struct shrinkage, eb95)}};
    autofree double *values = calloc(n ? n : 1, sizeof *values);

    for (size_t k = 0; k < countof(columns); k++) {
        for (size_t i = 0; i < n; i++)
            memcpy(&values[i], (const char *)&cells[i] + columns[k].offset, sizeof *values);
        put_numbers(result, columns[k].key, values, n);
    }
}

static int run_given(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *events = NULL, *expected = NULL;
    autofree struct shrinkage *cells = NULL;
    struct shrinkage_prior prior;
    size_t n;

    if (get_prior(input, &prior, f) || get_numbers(input, "N", &events, &n, f) ||
        get_numbers_of(input, "E", n, &expected, f))
        return -1;
    cells = calloc(n ? n : 1, sizeof *cells);
    for (size_t i = 0; i < n; i++)
        if (shrinkage_of(&prior, events[i], expected[i], &cells[i], f))
            return fail_add(f, "[%zu]", i);
    put_cells(*ret_result, cells, n);
    return 0;
}
FAMILY(ebgm_given_prior, run_given)

static int run_fit(const json_t *input, json_t **ret_result, struct fail *f)
{
    autofree double *events = NULL, *expected = NULL, *over = NULL;
    struct shrinkage_prior prior;
    double loss;
    size_t n, count = 0;

    if (get_numbers(input, "N", &events, &n, f) || get_numbers_of(input, "E", n, &expected, f) ||
        shrinkage_fit(events, expected, n, &prior, &loss, f))
        return -1;
    over = calloc(n ? n : 1, sizeof *over);
    for (size_t i = 0; i < n; i++) {
        double eb05;

        if (shrinkage_quantile(&prior, events[i], expected[i], 0.05, &eb05, f))
            return fail_add(f, "[%zu]", i);
        if (eb05 >= 2)
            over[count++] = (double)(i + 1);
    }
    put_number(*ret_result, "neg_loglik", loss);
    put_numbers(*ret_result, "EB05_ge_2", over, count);
    put_numbers(
        *ret_result, "theta_info", (const double[]){prior.alpha1, prior.beta1, prior.alpha2, prior.beta2, prior.p}, 5);
    return 0;
}
FAMILY(gps_fit, run_fit)
