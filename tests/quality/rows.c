/* rows.c: reading rows of ages. */
#include "rows.h"
#include "room.h"

int get_flags(const json_t *input, const char *key, size_t n, bool **ret, struct fail *f)
{
    autofree double *numbers = NULL;
    autofree bool *flags = room(n, sizeof *flags);

    if (get_numbers_of(input, key, n, &numbers, f))
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (numbers[i] != 0 && numbers[i] != 1)
            return fail_set(f, FAIL_INPUT, "%s[%zu]: %g is not 0 or 1", key, i, numbers[i]);
        flags[i] = numbers[i] == 1;
    }
    *ret = take_ptr(flags);
    return 0;
}

int rows_read(const json_t *input, struct rows *ret, struct fail *f)
{
    autorows struct rows rows = {0};
    size_t n;

    if (get_numbers(input, "time", &rows.time, &n, f) ||
        get_flags(input, has(input, "status") ? "status" : "event", n, &rows.failed, f) ||
        get_optional_of(input, "entry", n, &rows.entry, f) || get_optional_of(input, "freq", n, &rows.freq, f))
        return -1;
    rows.lives = (struct lives){n, rows.time, rows.failed, rows.entry, rows.freq};
    *ret = rows;
    rows = (struct rows){0};
    return 0;
}

void rows_free(struct rows *rows)
{
    free(rows->time);
    free(rows->failed);
    free(rows->entry);
    free(rows->freq);
}

int get_codes(const json_t *input, const char *key, size_t n, uint32_t **ret, size_t *ret_levels, struct fail *f)
{
    autotexts struct texts texts = {0}, levels = {0};
    autofree size_t *codes = room(n, sizeof *codes);

    if (get_texts(input, key, &texts, f))
        return -1;
    if (texts.n != n)
        return fail_set(f, FAIL_INPUT, "%s: %zu where %zu are wanted", key, texts.n, n);
    texts_code(&texts, codes, &levels);
    *ret = room(n, sizeof **ret);
    for (size_t i = 0; i < n; i++)
        (*ret)[i] = (uint32_t)codes[i];
    *ret_levels = levels.n;
    return 0;
}
