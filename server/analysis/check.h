/* check.h: what the statistics demand of their arguments, said by name and index: "time[3]: -1 is not a finite number
 * above 0". All functions return 0, or -1 with FAIL_INPUT; they read every element once and take no memory. */
#ifndef FAULTLINE_CHECK_H
#define FAULTLINE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "fail.h"

enum check {
    CHECK_FINITE,       /* no NaN, no infinity */
    CHECK_NOT_NEGATIVE, /* finite, 0 or more */
    CHECK_POSITIVE,     /* finite, more than 0 */
    CHECK_COUNT,        /* a whole number from 0 to 2^53 */
    CHECK_PROBABILITY,  /* 0 to 1, both included */
    CHECK_LEVEL,        /* between 0 and 1, both excluded: a confidence level */
    CHECK_STATUS,       /* 0 or 1 */
    CHECK_NUMBER,       /* anything but NaN */
};

/* One argument: f names it. */
int check_one(enum check what, const char *name, double x, struct fail *f) must_check;

/* All n elements: f names the first wrong one as name[index], counted from 0. */
int check_all(enum check what, const char *name, const double *x, size_t n, struct fail *f) must_check;

/* later[i] > earlier[i] for every i: "time[3]: before entry[3]" (or "not after", where they are equal). */
int check_after(const char *later_name, const double *later, const char *earlier_name, const double *earlier, size_t n,
    struct fail *f) must_check;

/* x[i - 1] < x[i] (strictly), or <= : "ages[4]: before ages[3]" / "ages[4]: equal to ages[3]". */
int check_increasing(const char *name, const double *x, size_t n, bool strictly, struct fail *f) must_check;

/* At least least elements. */
int check_length(const char *name, size_t n, size_t least, struct fail *f) must_check;

#endif
