/* order.h: sorting by a number: what survival times, p-values and lots are put in order with.
 *
 * A stable radix sort on the numbers' bits: a million in some 50 ms, and not much worse for any input. -0 sorts with 0 as
 * bits do (before it); NaN must have been refused before. */
#ifndef FAULTLINE_ORDER_H
#define FAULTLINE_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* ret_order[0 … n - 1]: the indices of x from the smallest to the largest, equal ones in the order given.
 * n < 2^32. Scratch memory 16 n bytes. */
void order_increasing(const double *x, size_t n, uint32_t *ret_order);

#endif
