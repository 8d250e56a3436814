/* fisher.h: Fisher's exact test of a 2 × 2 table, with the odds ratio and its limits given the margins.
 *
 *     a  b      Given both margins, a is hypergeometric under independence, and noncentral hypergeometric with the
 *     c  d      odds ratio ω otherwise: probability ∝ C(a+c, i) C(b+d, a+b-i) ω^i (Fisher 1935).
 *
 * Counts are whole numbers from 0 to 2^53. The work is in proportion to the standard deviation of a, some milliseconds for
 * tables of millions. */
#ifndef FAULTLINE_FISHER_H
#define FAULTLINE_FISHER_H

#include "fail.h"
#include "interval.h"

struct fisher {
    double p_two_sided; /* all tables no more likely than this one (within 1e-7), as R has it */
    double p_greater;   /* P(A >= a) */
    double p_less;
    double odds_ratio; /* the conditional maximum likelihood estimate; 0 or Inf where a is at an end of its range */
    struct interval limits;   /* central; 0 or Inf at the ends of a's range */
    double sample_odds_ratio; /* a d / (b c): NaN for 0 / 0 */
};

/* The odds ratio and its limits are searched on the scale of ω or 1/ω, whichever is below 1, by zeroin from 0 to 1, to
 * within tolerance: 0 for all digits. R's fisher.test stops at FISHER_TOLERANCE_R, which leaves its third or fourth digit
 * open; who has to agree with R gives that. A margin of 0 leaves one possible table: p-values 1, odds ratio 0, limits 0
 * and Inf. */
#define FISHER_TOLERANCE_R 0x1p-13
int fisher_test(double a, double b, double c, double d, double level, double tolerance, struct fisher *ret,
    struct fail *f) must_check;

#endif
