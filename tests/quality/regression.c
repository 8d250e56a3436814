/* regression.c: cases of server/analysis/regression.h. A case gives columns and a formula as R writes it:
 *     response ~ term + term + offset(log(column))
 * where a term is a column, factor(column), log(column), or two of them joined by ':' or '*'. Columns of texts, truth
 * values or whole numbers are factors with treatment contrasts, their levels in byte order (numbers by value) and the
 * first the base; columns with a fraction in them are covariates. Columns of the model come in R's order: intercept,
 * terms, products. */
#include "quality.h"

#include "regression.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TERMS = 32, MOST_COLUMNS = 400, NAME_BYTES = 200 };

/* The columns that a term brings into the model: from … to-1. */
struct term {
    char name[NAME_BYTES];
    size_t from, to;
};

struct model {
    const json_t *input;
    size_t n;
    double *x; /* [MOST_COLUMNS × n] */
    char names[MOST_COLUMNS][NAME_BYTES];
    size_t columns;
    struct term terms[MOST_TERMS];
    size_t term_count;
    double *offset; /* NULL: none */
};

static double *add_column(struct model *m, const char *term, const char *level)
{
    if (m->columns == MOST_COLUMNS || snprintf(m->names[m->columns], NAME_BYTES, "%s%s", term, level) >= NAME_BYTES)
        abort(); /* no case has so many, or so long names */
    return &m->x[m->columns++ * m->n];
}

/* "log(service)" → "service" when the function is log. */
static bool inside(const char *text, const char *function, char *ret)
{
    size_t length = strlen(function), all = strlen(text);

    if (strncmp(text, function, length) != 0 || text[length] != '(' || text[all - 1] != ')')
        return false;
    snprintf(ret, NAME_BYTES, "%.*s", (int)(all - length - 2), text + length + 1);
    return true;
}

/* ---------------------------------------------------------------- single terms */

static int numbers_term(struct model *m, const char *text, double **ret, struct fail *f)
{
    char name[NAME_BYTES];
    bool logarithm = inside(text, "log", name);

    if (get_numbers_of(m->input, logarithm ? name : text, m->n, ret, f))
        return -1;
    for (size_t i = 0; logarithm && i < m->n; i++)
        (*ret)[i] = log((*ret)[i]);
    return 0;
}

static int factor_columns(struct model *m, const char *term, const char *column, struct fail *f)
{
    autotexts struct texts values = {0}, levels = {0};
    autofree size_t *code = NULL;

    if (get_texts(m->input, column, &values, f))
        return -1;
    if (values.n != m->n)
        return fail_set(f, FAIL_INPUT, "%s: %zu values where %zu are wanted", column, values.n, m->n);
    code = calloc(m->n + 1, sizeof *code);
    texts_code(&values, code, &levels);
    for (size_t level = 1; level < levels.n; level++) {
        double *x = add_column(m, term, levels.of[level]);

        for (size_t i = 0; i < m->n; i++)
            x[i] = code[i] == level;
    }
    return 0;
}

static bool is_factor(const json_t *input, const char *column)
{
    const json_t *list = json_object_get(input, column), *value;
    size_t i;

    if (!json_is_array(list))
        return false;
    json_array_foreach(list, i, value)
        if (json_is_real(value) && json_real_value(value) != trunc(json_real_value(value)))
            return false;
    return true;
}

static int single_columns(struct model *m, const char *term, struct fail *f)
{
    autofree double *values = NULL;
    char column[NAME_BYTES];

    if (inside(term, "factor", column))
        return factor_columns(m, term, column, f);
    if (is_factor(m->input, term))
        return factor_columns(m, term, term, f);
    if (numbers_term(m, term, &values, f))
        return -1;
    memcpy(add_column(m, term, ""), values, m->n * sizeof *values);
    return 0;
}

static const struct term *term_named(const struct model *m, const char *name)
{
    for (size_t i = 0; i < m->term_count; i++)
        if (!strcmp(m->terms[i].name, name))
            return &m->terms[i];
    return NULL;
}

static int add_single(struct model *m, const char *name, struct fail *f)
{
    struct term *term = &m->terms[m->term_count];

    if (!strcmp(name, "1") || term_named(m, name))
        return 0;
    snprintf(term->name, sizeof term->name, "%s", name);
    term->from = m->columns;
    if (single_columns(m, name, f))
        return -1;
    term->to = m->columns;
    m->term_count++;
    return 0;
}

/* ---------------------------------------------------------------- products */

/* The first factor varies fastest. */
static int add_product(struct model *m, const char *a_name, const char *b_name, struct fail *f)
{
    const struct term *a = term_named(m, a_name), *b = term_named(m, b_name);

    if (!a || !b)
        return fail_set(f, FAIL_INPUT, "formula: %s:%s without its terms", a_name, b_name);
    for (size_t k = b->from; k < b->to; k++) {
        for (size_t j = a->from; j < a->to; j++) {
            char name[2 * NAME_BYTES];
            double *x;

            snprintf(name, sizeof name, "%s:%s", m->names[j], m->names[k]);
            x = add_column(m, name, "");
            for (size_t i = 0; i < m->n; i++)
                x[i] = m->x[j * m->n + i] * m->x[k * m->n + i];
        }
    }
    return 0;
}

/* "a:b" or "a*b" in two. */
static bool halves(const char *text, char *a, char *b)
{
    size_t at = strcspn(text, ":*");

    if (!text[at])
        return false;
    snprintf(a, NAME_BYTES, "%.*s", (int)at, text);
    snprintf(b, NAME_BYTES, "%s", text + at + 1);
    return true;
}

/* ---------------------------------------------------------------- formulas */

static int add_offset(struct model *m, const char *text, struct fail *f)
{
    autofree double *values = NULL;

    if (numbers_term(m, text, &values, f))
        return -1;
    if (!m->offset)
        m->offset = calloc(m->n + 1, sizeof *m->offset);
    for (size_t i = 0; i < m->n; i++)
        m->offset[i] += values[i];
    return 0;
}

static int add_term(struct model *m, const char *text, bool products, struct fail *f)
{
    char a[NAME_BYTES], b[NAME_BYTES];

    if (inside(text, "offset", a))
        return products ? 0 : add_offset(m, a, f);
    if (!halves(text, a, b))
        return products ? 0 : add_single(m, text, f);
    if (products)
        return add_product(m, a, b, f);
    if (strchr(text, '*') && (add_single(m, a, f) || add_single(m, b, f)))
        return -1;
    return 0;
}

static int add_terms(struct model *m, const char *terms, bool products, struct fail *f)
{
    autofree char *copy = strdup(terms);
    char *rest = copy;

    for (char *text = strsep(&rest, "+"); text; text = strsep(&rest, "+"))
        if (add_term(m, text, products, f))
            return -1;
    return 0;
}

static char *without_blanks(const char *text)
{
    char *out = calloc(strlen(text) + 1, 1), *at = out;

    for (; *text; text++)
        if (*text != ' ')
            *at++ = *text;
    return out;
}

static int build(struct model *m, const json_t *input, double **ret_y, struct fail *f)
{
    const char *formula;
    autofree char *text = NULL;
    char *terms;

    if (get_text(input, "formula", &formula, f))
        return -1;
    text = without_blanks(formula);
    terms = strchr(text, '~');
    if (!terms)
        return fail_set(f, FAIL_INPUT, "formula: no ~");
    *terms++ = '\0';
    if (get_numbers(input, text, ret_y, &m->n, f))
        return -1;
    m->input = input;
    m->x = calloc(MOST_COLUMNS * m->n + 1, sizeof *m->x);
    double *ones = add_column(m, "(Intercept)", "");
    for (size_t i = 0; i < m->n; i++)
        ones[i] = 1;
    return add_terms(m, terms, false, f) || add_terms(m, terms, true, f) ? -1 : 0;
}

/* ---------------------------------------------------------------- results */

/* Events of the rows in which every given column is 0, over their exposure. */
static double crude_rate(const struct model *m, const double *y, size_t from, size_t to, size_t one)
{
    double events = 0, exposure = 0;

    for (size_t i = 0; i < m->n; i++) {
        bool here = true;

        for (size_t j = from; j < to; j++)
            here = here && (m->x[j * m->n + i] > 0) == (j == one);
        events += here ? y[i] : 0;
        exposure += here ? (m->offset ? exp(m->offset[i]) : 1) : 0;
    }
    return events / exposure;
}

static int put_supplier(
    json_t *result, const struct model *m, const double *y, const struct regression_term *terms, struct fail *f)
{
    const struct term *term = term_named(m, "supplier");
    autotexts struct texts values = {0}, levels = {0};
    autofree size_t *code = NULL;
    char key[2 * NAME_BYTES];

    if (!term || !is_factor(m->input, "supplier"))
        return 0;
    if (get_texts(m->input, "supplier", &values, f))
        return -1;
    code = calloc(m->n + 1, sizeof *code);
    texts_code(&values, code, &levels);
    for (size_t j = term->from; j < term->to; j++) {
        const char *level = levels.of[j - term->from + 1];
        double base = crude_rate(m, y, term->from, term->to, SIZE_MAX);

        snprintf(key, sizeof key, "crude_rate_ratio_%s_vs_%s", level, levels.of[0]);
        put_number(result, key, crude_rate(m, y, term->from, term->to, j) / base);
        snprintf(key, sizeof key, "adjusted_rate_ratio_%s_vs_%s", level, levels.of[0]);
        put_number(result, key, exp(terms[j].coef));
    }
    return 0;
}

static void put_terms(json_t *result, const struct model *m, const struct regression_term *terms)
{
    autofree const char **names = calloc(m->columns, sizeof *names);
    autofree double *coef = calloc(m->columns, sizeof *coef), *se = calloc(m->columns, sizeof *se);

    for (size_t j = 0; j < m->columns; j++) {
        bool aliased = terms[j].state == REGRESSION_ALIASED;

        names[j] = m->names[j];
        coef[j] = aliased ? (double)NAN : terms[j].coef;
        se[j] = aliased ? (double)NAN : terms[j].se;
    }
    put_texts(result, "terms", names, m->columns);
    put_numbers(result, "coef", coef, m->columns);
    put_numbers(result, "se", se, m->columns);
}

static int run_model(struct model *m, const json_t *input, json_t *result, struct fail *f)
{
    autofree double *y = NULL;
    autofree struct regression_term *terms = NULL;
    struct regression_fit fit;

    if (build(m, input, &y, f))
        return -1;
    terms = calloc(m->columns, sizeof *terms);
    if (regression_poisson(y, m->x, m->n, m->columns, m->offset, terms, NULL, &fit, f) ||
        put_supplier(result, m, y, terms, f))
        return -1;
    put_terms(result, m, terms);
    put_number(result, "deviance", fit.deviance);
    put_number(result, "df_residual", (double)fit.df_residual);
    put_number(result, "pearson_dispersion", fit.dispersion);
    put_number(result, "loglik", fit.loglik);
    put_true(result, "separated", fit.separated);
    return 0;
}

static int run_poisson(const json_t *input, json_t **ret_result, struct fail *f)
{
    struct model *m = calloc(1, sizeof *m);
    int status = run_model(m, input, *ret_result, f);

    free(m->x);
    free(m->offset);
    free(m);
    return status;
}
FAMILY(poisson_glm_offset, run_poisson)
