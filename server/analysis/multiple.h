/* multiple.h: p-values of many questions asked at once, adjusted so that they can be read one by one. */
#ifndef FAULTLINE_MULTIPLE_H
#define FAULTLINE_MULTIPLE_H

#include <stddef.h>

#include "fail.h"

/* Of the i-th smallest of m p-values, made monotone in the order of the p-values and cut at 1: */
enum multiple_method {
    MULTIPLE_BH,   /* p m / i: false discovery rate, independent or positively dependent (Benjamini & Hochberg 1995) */
    MULTIPLE_BY,   /* p m / i × (1 + 1/2 + … + 1/m): any dependence (Benjamini & Yekutieli 2001) */
    MULTIPLE_HOLM, /* p (m - i + 1): chance of any false one (Holm 1979) */
    MULTIPLE_BONFERRONI, /* p m */
};

/* Adjusted p-values, in the order given; p and ret_adjusted may be the same. n may be 0. p outside 0 … 1 is refused by
 * index. A million take some 50 ms (sorting included); scratch memory 20 n bytes. */
int multiple_adjust(
    enum multiple_method method, const double *p, size_t n, double *ret_adjusted, struct fail *f) must_check;

/* How many are at most alpha. */
size_t multiple_rejected(const double *adjusted, size_t n, double alpha);

#endif
