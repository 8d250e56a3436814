/* strata.h: Mantel-Haenszel: two groups compared within strata (age band, model, region) and summed, so that a supplier
 * is not blamed for where its parts went.
 *
 * The estimate assumes one common ratio; look at the strata where they differ. A stratum in which one of the groups has
 * no exposure carries no information and changes nothing. Counts are ≥ 0 and finite. Linear in n; no allocation. */
#ifndef FAULTLINE_STRATA_H
#define FAULTLINE_STRATA_H

#include "cleanup.h"
#include "fail.h"

#include <stdbool.h>
#include <stddef.h>

/* a failed and b good units of the first group, c failed and d good of the second. */
struct strata_table {
    double a, b, c, d;
};

struct strata_odds {
    double ratio;  /* Σ ad/n / Σ bc/n; infinite when no bc is left */
    double se_log; /* Robins, Breslow & Greenland 1986; infinite when the ratio is 0 or infinite */
    double lo, hi; /* exp(log ratio ± z se_log); 0 and infinity when the ratio is 0 or infinite: nothing is excluded */
    bool has_limits;

    /* Σ (a - E a) squared over Σ var a (hypergeometric), one degree of freedom; corrected: 0.5 less where |Σ| ≥ 0.5, as R
     * does. The test is good also where the ratio is 0 or infinite. */
    double chisq, p, chisq_corrected, p_corrected;
    double crude; /* Σa Σd / (Σb Σc): the ratio without strata; NaN where all of it is 0/0 */
};

/* Strata with fewer than two units change nothing (R refuses them). level: confidence, two-sided, in (0,1). FAIL_INPUT:
 * an argument is wrong (the text names "strata[3].b"), or not estimable: in no stratum were both outcomes and both
 * groups seen. */
must_check int strata_odds(
    const struct strata_table *strata, size_t n, double level, struct strata_odds *ret, struct fail *f);

struct strata_rates {
    double ratio; /* Σ x1 t0/T / Σ x0 t1/T with T = t1 + t0; infinite when the second sum is 0 */
    double se_log; /* √(Σ (x1+x0) t1 t0/T² / (first sum × second sum)), Greenland & Robins 1985; infinite as above */
    double lo, hi; /* exp(log ratio ± z se_log); 0 and infinity when the ratio is 0 or infinite */
    bool has_limits;
    double expected; /* Σ (x1+x0) t1/T: events of the first group if both had the same rate in each stratum */
    double chisq, p; /* (Σx1 - expected)² / Σ (x1+x0) t1 t0/T², one degree of freedom, no correction */
    double crude;    /* Σx1/Σt1 / (Σx0/Σt0); infinite when Σx0 = 0, NaN where a group has no exposure */
};

/* x1[i] events in exposure t1[i] of the first group, x0, t0 of the second. Exposures ≥ 0 and finite, up to 1e150; events
 * without exposure are refused. FAIL_INPUT also: not estimable: no events in strata with exposure of both groups. */
must_check int strata_rates(const double *x1, const double *t1, const double *x0, const double *t0, size_t n,
    double level, struct strata_rates *ret, struct fail *f);

#endif
