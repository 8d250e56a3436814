/* draw.c: see draw.h. */
#include "draw.h"

#include "cleanup.h"
#include "room.h"

#include <math.h>

void draw_seed(struct draw *d, const struct rng *rng)
{
    rng->fill(rng->ctx, d->s, sizeof d->s);
    d->s[0] |= 1; /* all zero would stay so */
}

static uint32_t fraction(double x)
{
    return (uint32_t)fmin(ldexp(x, 32), 0x1p32 - 1);
}

/* Vose's form: each cell with less than its share is filled up by one with more. */
void draw_table(const double *chance, size_t n, struct draw_cell *ret_table)
{
    autofree double *share = room(n, sizeof *share);
    autofree uint32_t *stack = room(n, sizeof *stack);
    size_t small = 0, large = n;
    double total = 0;

    for (size_t i = 0; i < n; i++)
        total += chance[i];
    for (size_t i = 0; i < n; i++) {
        share[i] = chance[i] / total * (double)n;
        stack[share[i] < 1 ? small++ : --large] = (uint32_t)i;
    }
    while (small > 0 && large < n) {
        uint32_t poor = stack[--small], rich = stack[large];

        ret_table[poor] = (struct draw_cell){fraction(share[poor]), rich};
        share[rich] -= 1 - share[poor];
        if (share[rich] < 1) {
            large++;
            stack[small++] = rich;
        }
    }
    /* What is left is full but for rounding. */
    for (size_t i = 0; i < small; i++)
        ret_table[stack[i]] = (struct draw_cell){UINT32_MAX, stack[i]};
    for (; large < n; large++)
        ret_table[stack[large]] = (struct draw_cell){UINT32_MAX, stack[large]};
}
