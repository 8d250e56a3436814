/* check.c: the tests that check.h lists, and their sentences. */
#include "check.h"

#include <math.h>

static bool holds(enum check what, double x)
{
    switch (what) {
    case CHECK_FINITE:
        return isfinite(x);
    case CHECK_NOT_NEGATIVE:
        return isfinite(x) && x >= 0;
    case CHECK_POSITIVE:
        return isfinite(x) && x > 0;
    case CHECK_COUNT:
        return x >= 0 && x <= 0x1p53 && x == floor(x);
    case CHECK_PROBABILITY:
        return x >= 0 && x <= 1;
    case CHECK_LEVEL:
        return x > 0 && x < 1;
    case CHECK_STATUS:
        return x == 0 || x == 1;
    case CHECK_NUMBER:
        return !isnan(x);
    }
    return false;
}

static const char *demand(enum check what)
{
    static const char *const demands[] = {
        [CHECK_FINITE] = "a finite number",
        [CHECK_NOT_NEGATIVE] = "a finite number of at least 0",
        [CHECK_POSITIVE] = "a finite number above 0",
        [CHECK_COUNT] = "a whole number of at least 0",
        [CHECK_PROBABILITY] = "a number from 0 to 1",
        [CHECK_LEVEL] = "a number between 0 and 1",
        [CHECK_STATUS] = "0 or 1",
        [CHECK_NUMBER] = "a number",
    };

    return demands[what];
}

int check_one(enum check what, const char *name, double x, struct fail *f)
{
    if (holds(what, x))
        return 0;
    return fail_set(f, FAIL_INPUT, "%s: %g is not %s", name, x, demand(what));
}

int check_all(enum check what, const char *name, const double *x, size_t n, struct fail *f)
{
    for (size_t i = 0; i < n; i++)
        if (!holds(what, x[i]))
            return fail_set(f, FAIL_INPUT, "%s[%zu]: %g is not %s", name, i, x[i], demand(what));
    return 0;
}

int check_after(const char *later_name, const double *later, const char *earlier_name, const double *earlier, size_t n,
    struct fail *f)
{
    for (size_t i = 0; i < n; i++) {
        if (later[i] > earlier[i])
            continue;
        return fail_set(f, FAIL_INPUT, "%s[%zu]: %s %s[%zu]", later_name, i,
            later[i] < earlier[i] ? "before" : "not after", earlier_name, i);
    }
    return 0;
}

int check_increasing(const char *name, const double *x, size_t n, bool strictly, struct fail *f)
{
    for (size_t i = 1; i < n; i++) {
        if (strictly ? x[i] > x[i - 1] : x[i] >= x[i - 1])
            continue;
        return fail_set(
            f, FAIL_INPUT, "%s[%zu]: %s %s[%zu]", name, i, x[i] == x[i - 1] ? "equal to" : "before", name, i - 1);
    }
    return 0;
}

int check_length(const char *name, size_t n, size_t least, struct fail *f)
{
    if (n >= least)
        return 0;
    return fail_set(f, FAIL_INPUT, "%s: %zu given, at least %zu needed", name, n, least);
}
