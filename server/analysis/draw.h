/* draw.h: fast random numbers for replicas: which of n cells does the next event fall into?
 *
 * Seeded once from a struct rng, then xoshiro256++ (Blackman & Vigna 2019), so a run is repeated by an rng that repeats.
 * Not for secrets. */
#ifndef FAULTLINE_DRAW_H
#define FAULTLINE_DRAW_H

#include "times.h"

#include <stddef.h>
#include <stdint.h>

struct draw {
    uint64_t s[4];
};

void draw_seed(struct draw *d, const struct rng *rng);

static inline uint64_t draw_rotated(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static inline uint64_t draw_u64(struct draw *d)
{
    uint64_t *s = d->s, out = draw_rotated(s[0] + s[3], 23) + s[0], keep = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= keep;
    s[3] = draw_rotated(s[3], 45);
    return out;
}

/* One cell of a table of chances (Walker's alias method): itself when the fraction is below keep, else the other. */
struct draw_cell {
    uint32_t keep, other;
};

/* chance[n], ≥ 0, finite, not all 0, in any unit; 1 ≤ n < 2^32. Chances hold to 2^-32 / n. Scratch 12 n bytes. */
void draw_table(const double *chance, size_t n, struct draw_cell *ret_table);

static inline uint32_t draw_from(struct draw *d, const struct draw_cell *table, size_t n)
{
    uint64_t bits = draw_u64(d);
    uint32_t cell = (uint32_t)(((bits >> 32) * n) >> 32);

    uint32_t other = -(uint32_t)((uint32_t)bits >= table[cell].keep); /* all bits or none: no branch to mispredict */

    return cell ^ ((cell ^ table[cell].other) & other);
}

#endif
