/* shrinkage_parts.h: what the two files of module shrinkage share and nobody else uses. */
#ifndef FAULTLINE_SHRINKAGE_PARTS_H
#define FAULTLINE_SHRINKAGE_PARTS_H

#include "shrinkage.h"

/* ln of the probability of a count under one gamma component. */
double shrinkage_log_probability(double alpha, double beta, double events, double expected);

int shrinkage_check_prior(const struct shrinkage_prior *prior, struct fail *f) must_check;

/* -ln likelihood of cells that were checked before. */
double shrinkage_cells_loss(
    const struct shrinkage_prior *prior, const double *events, const double *expected, size_t n);

#endif
