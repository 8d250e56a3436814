/* rows.h: ages as cases have them (time, status or event, entry, freq) as the rows that the modules take. */
#ifndef FAULTLINE_QUALITY_ROWS_H
#define FAULTLINE_QUALITY_ROWS_H

#include "lives.h"
#include "quality.h"

#include <stdint.h>

struct rows {
    struct lives lives;
    double *time, *entry, *freq;
    bool *failed;
};

/* 0, and to be freed; or -1 with f. */
int rows_read(const json_t *input, struct rows *ret, struct fail *f) must_check;
void rows_free(struct rows *rows);
#define autorows __attribute__((cleanup(rows_free)))

/* A list of 0 and 1, or of truth values, of n. The caller frees it. */
int get_flags(const json_t *input, const char *key, size_t n, bool **ret, struct fail *f) must_check;

/* The key's texts as numbers from 0 in their sorted order (texts_code). The caller frees them. */
int get_codes(
    const json_t *input, const char *key, size_t n, uint32_t **ret, size_t *ret_levels, struct fail *f) must_check;

#endif
