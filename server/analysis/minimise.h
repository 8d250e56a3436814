/* minimise.h: the lowest point of a smooth function of a few numbers within bounds: a quasi-Newton search (BFGS with the
 * bounds held by projection: Bertsekas 1982). It finds the minimum that its start leads to; who wants the lowest of several
 * starts several times. */
#ifndef FAULTLINE_MINIMISE_H
#define FAULTLINE_MINIMISE_H

#include <stdbool.h>
#include <stddef.h>

enum { MINIMISE_MOST = 8 };

struct minimise {
    /* The value at x and its gradient; context is the caller's. Values that are not finite count as too high. */
    double (*value)(const double *x, double *ret_gradient, const void *context);
    const void *context;
    size_t n; /* at most MINIMISE_MOST */
    double lo[MINIMISE_MOST], hi[MINIMISE_MOST];
    unsigned steps;   /* at most; each takes one evaluation or a few */
    double tolerance; /* ends when a step gains less than this, twice running */
};

/* Moves x (within the bounds) downhill. *ret_value: the value there. True when it ended by tolerance. */
bool minimise_from(const struct minimise *m, double *x, double *ret_value);

#endif
