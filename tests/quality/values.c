/* values.c: numbers and texts out of a case, and into its result. */
#include "quality.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *take(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);

    if (!p)
        abort();
    return p;
}

/* ---------------------------------------------------------------- reading */

bool has(const json_t *input, const char *key)
{
    return json_object_get(input, key) != NULL;
}

static bool number_from(const json_t *value, double *ret)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"Inf", (double)INFINITY}, {"-Inf", (double)-INFINITY}, {"NaN", (double)NAN}, {"NA", (double)NAN}};
    const char *text = json_string_value(value);

    if (json_is_number(value)) {
        *ret = json_number_value(value);
        return true;
    }
    if (json_is_boolean(value)) {
        *ret = json_is_true(value) ? 1 : 0;
        return true;
    }
    if (json_is_null(value)) {
        *ret = (double)NAN;
        return true;
    }
    for (size_t i = 0; text && i < countof(words); i++) {
        if (!strcmp(text, words[i].word)) {
            *ret = words[i].value;
            return true;
        }
    }
    return false;
}

int get_number(const json_t *input, const char *key, double *ret, struct fail *f)
{
    const json_t *value = json_object_get(input, key);

    if (json_array_size(value) == 1)
        value = json_array_get(value, 0);
    if (!value)
        return fail_set(f, FAIL_INPUT, "%s: absent", key);
    if (!number_from(value, ret))
        return fail_set(f, FAIL_INPUT, "%s: not a number", key);
    return 0;
}

int get_number_or(const json_t *input, const char *key, double fallback, double *ret, struct fail *f)
{
    if (has(input, key))
        return get_number(input, key, ret, f);
    *ret = fallback;
    return 0;
}

int get_text(const json_t *input, const char *key, const char **ret, struct fail *f)
{
    const char *text = json_string_value(json_object_get(input, key));

    if (!text)
        return fail_set(f, FAIL_INPUT, "%s: not a text", key);
    *ret = text;
    return 0;
}

int get_numbers(const json_t *input, const char *key, double **ret, size_t *ret_n, struct fail *f)
{
    const json_t *list = json_object_get(input, key);
    bool single = list && !json_is_array(list);
    size_t n = single ? 1 : json_array_size(list);
    autofree double *numbers = take(n, sizeof *numbers);

    if (!list)
        return fail_set(f, FAIL_INPUT, "%s: absent", key);
    for (size_t i = 0; i < n; i++)
        if (!number_from(single ? list : json_array_get(list, i), &numbers[i]))
            return fail_set(f, FAIL_INPUT, "%s[%zu]: not a number", key, i);
    *ret_n = n;
    *ret = take_ptr(numbers);
    return 0;
}

int get_numbers_of(const json_t *input, const char *key, size_t n, double **ret, struct fail *f)
{
    autofree double *numbers = NULL;
    size_t count;

    if (get_numbers(input, key, &numbers, &count, f))
        return -1;
    if (count != n && json_is_array(json_object_get(input, key)))
        return fail_set(f, FAIL_INPUT, "%s: %zu numbers where %zu are wanted", key, count, n);
    if (count != n) {
        double single = numbers[0];

        free(numbers);
        numbers = take(n, sizeof *numbers);
        for (size_t i = 0; i < n; i++)
            numbers[i] = single;
    }
    *ret = take_ptr(numbers);
    return 0;
}

int get_optional_of(const json_t *input, const char *key, size_t n, double **ret, struct fail *f)
{
    if (has(input, key))
        return get_numbers_of(input, key, n, ret, f);
    *ret = NULL;
    return 0;
}

static char *text_from(const json_t *value)
{
    char text[64];
    double x;

    if (json_is_string(value))
        return strdup(json_string_value(value));
    if (json_is_boolean(value))
        return strdup(json_is_true(value) ? "TRUE" : "FALSE"); /* as R names the levels */
    if (!number_from(value, &x))
        return NULL;
    snprintf(text, sizeof text, "%.15g", x);
    return strdup(text);
}

int get_texts(const json_t *input, const char *key, struct texts *ret, struct fail *f)
{
    const json_t *list = json_object_get(input, key);
    bool single = list && !json_is_array(list);
    autotexts struct texts texts = {.n = single ? 1 : json_array_size(list), .numeric = true};

    texts.of = take(texts.n, sizeof *texts.of);
    if (!list)
        return fail_set(f, FAIL_INPUT, "%s: absent", key);
    for (size_t i = 0; i < texts.n; i++) {
        const json_t *value = single ? list : json_array_get(list, i);

        texts.numeric = texts.numeric && json_is_number(value);
        if (!(texts.of[i] = text_from(value)))
            return fail_set(f, FAIL_INPUT, "%s[%zu]: not a text", key, i);
    }
    *ret = texts;
    texts = (struct texts){0};
    return 0;
}

void texts_free(struct texts *texts)
{
    for (size_t i = 0; texts->of && i < texts->n; i++)
        free(texts->of[i]);
    free(texts->of);
    *texts = (struct texts){0};
}

static int compare_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_values(const void *a, const void *b)
{
    double x = strtod(*(char *const *)a, NULL), y = strtod(*(char *const *)b, NULL);

    return (x > y) - (x < y);
}

void texts_code(const struct texts *texts, size_t *ret_code, struct texts *ret_levels)
{
    autofree char **sorted = take(texts->n, sizeof *sorted);
    int (*compare)(const void *, const void *) = texts->numeric ? compare_values : compare_bytes;
    struct texts levels = {.of = take(texts->n, sizeof *levels.of)};

    for (size_t i = 0; i < texts->n; i++)
        sorted[i] = texts->of[i];
    qsort(sorted, texts->n, sizeof *sorted, compare);
    for (size_t i = 0; i < texts->n; i++)
        if (!levels.n || strcmp(levels.of[levels.n - 1], sorted[i]) != 0)
            levels.of[levels.n++] = strdup(sorted[i]);
    for (size_t i = 0; i < texts->n; i++) {
        char **at = bsearch(&texts->of[i], levels.of, levels.n, sizeof *levels.of, compare);

        ret_code[i] = (size_t)(at - levels.of);
    }
    *ret_levels = levels;
}

/* ---------------------------------------------------------------- writing */

json_t *number(double value)
{
    if (isnan(value))
        return json_string("NaN");
    if (isinf(value))
        return json_string(value > 0 ? "Inf" : "-Inf");
    return json_real(value);
}

void put_number(json_t *result, const char *key, double value)
{
    json_object_set_new(result, key, number(value));
}

static void put_list(json_t *result, const char *key, json_t *list)
{
    if (json_array_size(list) == 1) {
        json_object_set(result, key, json_array_get(list, 0));
        json_decref(list);
    } else {
        json_object_set_new(result, key, list);
    }
}

void put_numbers(json_t *result, const char *key, const double *values, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, number(values[i]));
    put_list(result, key, list);
}

void put_texts(json_t *result, const char *key, const char *const *values, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(values[i]));
    put_list(result, key, list);
}

void put_text(json_t *result, const char *key, const char *value)
{
    json_object_set_new(result, key, json_string(value));
}

void put_true(json_t *result, const char *key, bool value)
{
    json_object_set_new(result, key, json_boolean(value));
}

void put_limits(json_t *result, const char *key, double lo, double hi)
{
    json_t *limits = json_object();

    put_number(limits, "lo", lo);
    put_number(limits, "hi", hi);
    json_object_set_new(result, key, limits);
}
