/* quality.h: what the files of build/quality-cases share: how a family of reference cases is announced, and how its
 * numbers are read from a case and written into the result. One file here serves one module of server/analysis/.
 *
 *     static int run_rate_ci(const json_t *input, json_t **ret_result, struct fail *f)
 *     {
 *         autofree double *count = NULL;
 *         size_t n;
 *         ...
 *         if (get_numbers(input, "count", &count, &n, f) || get_numbers_of(input, "exposure", n, &exposure, f))
 *             return -1;
 *         ...
 *         put_numbers(*ret_result, "lo", lo, n);
 *     }
 *     FAMILY(poisson_rate_ci, run_rate_ci)
 *
 * Cases are written by R with one-element vectors as single values (jsonlite's auto_unbox): a single value is read as a
 * list of one, and put_numbers and put_texts write a list of one as a single value. In and out, "Inf", "-Inf", "NaN" and
 * "NA" stand for the numbers that JSON lacks; NA reads as NaN. Lists taken are the caller's to free (autofree); texts
 * belong to the input. */
#ifndef FAULTLINE_QUALITY_H
#define FAULTLINE_QUALITY_H

#include "fail.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct family {
    const char *name;

    /* Fills the object *ret_result, which is there and empty. 0, or -1 with f set: the case is left out of the results.
     * The input has one key more than the case: "folder", the folder of the file of cases. */
    int (*run)(const json_t *input, json_t **ret_result, struct fail *f);
    const struct family *next;
};

void family_add(struct family *family);

/* Announces a family; the list needs no editing elsewhere. */
#define FAMILY(family_name, function)                                                                                  \
    static __attribute__((constructor)) void announce_##family_name(void)                                              \
    {                                                                                                                  \
        static struct family family = {.name = #family_name, .run = (function)};                                       \
                                                                                                                       \
        family_add(&family);                                                                                           \
    }

/* ---- reading. 0, or -1 with f naming the key (and index) that is absent or wrong. */

bool has(const json_t *input, const char *key);
int get_number(const json_t *input, const char *key, double *ret, struct fail *f) must_check;

/* As get_number, but fallback when the key is absent. */
int get_number_or(const json_t *input, const char *key, double fallback, double *ret, struct fail *f) must_check;
int get_text(const json_t *input, const char *key, const char **ret, struct fail *f) must_check;
int get_numbers(const json_t *input, const char *key, double **ret, size_t *ret_n, struct fail *f) must_check;

/* As get_numbers, and exactly n of them; a single value that is not in a list stands for n, as R recycles it. */
int get_numbers_of(const json_t *input, const char *key, size_t n, double **ret, struct fail *f) must_check;

/* As get_numbers_of, but *ret is NULL when the key is absent. */
int get_optional_of(const json_t *input, const char *key, size_t n, double **ret, struct fail *f) must_check;

/* Texts, or numbers and truth values as text: for groups and factors. The texts are freed with texts_free(). */
struct texts {
    char **of;
    size_t n;
    bool numeric; /* all were numbers */
};
int get_texts(const json_t *input, const char *key, struct texts *ret, struct fail *f) must_check;
void texts_free(struct texts *texts);
#define autotexts __attribute__((cleanup(texts_free)))

/* The texts as numbers 0, 1, … of their distinct values in byte order (numbers by value); ret_code has room for
 * texts->n. ret_levels gets the distinct texts. */
void texts_code(const struct texts *texts, size_t *ret_code, struct texts *ret_levels);

/* ---- writing, into an object */

json_t *number(double value); /* a new reference */
void put_number(json_t *result, const char *key, double value);
void put_numbers(json_t *result, const char *key, const double *values, size_t n);
void put_texts(json_t *result, const char *key, const char *const *values, size_t n);
void put_text(json_t *result, const char *key, const char *value);
void put_true(json_t *result, const char *key, bool value);

/* {"lo": …, "hi": …} */
void put_limits(json_t *result, const char *key, double lo, double hi);

#endif
