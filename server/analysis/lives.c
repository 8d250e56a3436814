/* lives.c: the rules that rows of ages keep. */
#include "lives.h"
#include "check.h"

#include <stdint.h>

int lives_check(const struct lives *l, struct fail *f)
{
    if (check_length("time", l->n, 1, f) || check_all(CHECK_NOT_NEGATIVE, "time", l->time, l->n, f))
        return -1;
    if (l->n >= UINT32_MAX)
        return fail_set(f, FAIL_INPUT, "time: %zu rows are too many", l->n);
    if (l->freq && check_all(CHECK_NOT_NEGATIVE, "freq", l->freq, l->n, f))
        return -1;
    if (!l->entry)
        return 0;
    if (check_all(CHECK_NOT_NEGATIVE, "entry", l->entry, l->n, f))
        return -1;
    return check_after("time", l->time, "entry", l->entry, l->n, f);
}

double lives_units(const struct lives *l)
{
    double units = 0;

    for (size_t i = 0; i < l->n; i++)
        units += lives_freq(l, i);
    return units;
}

double lives_failures(const struct lives *l)
{
    double failures = 0;

    for (size_t i = 0; i < l->n; i++)
        if (l->failed[i])
            failures += lives_freq(l, i);
    return failures;
}
