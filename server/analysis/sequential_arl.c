/* sequential_arl.c: the average run length of a Poisson CUSUM.
 *
 * On a grid of 1/q, S moves from i to i + q x - q k, is held at 0 below, and is out from h q on. States are taken out of the
 * chain one by one, from the highest down: whoever went there goes on to where it leads, with the time spent there added. A
 * state leads down by at most q k (or to 0), which keeps that short. */
#include "sequential.h"

#include "check.h"
#include "room.h"
#include "special.h"

#include <math.h>

enum { FINEST = 1000, STATES_MOST = 2000 };

struct chain {
    size_t states;
    size_t fall;  /* the furthest that S falls in one step: q k */
    double *move; /* states × states, chance of moving from one to the other */
    double *out;  /* chance of a signal */
    double *time; /* steps spent at a visit */
};

/* The smallest q for which k is a multiple of 1/q; 0 when there is none. */
static unsigned grid_of(double k)
{
    for (unsigned q = 1; q <= FINEST; q++)
        if (fabs(k * q - round(k * q)) <= 1e-9 * fmax(1, k * q))
            return q;
    return 0;
}

/* From state i, x counts lead to i + q x - fall. */
static void fill_row(struct chain *c, size_t i, unsigned q, double mean)
{
    double *row = c->move + i * c->states;
    double to_zero = i <= c->fall ? floor((double)(c->fall - i) / q) : -1; /* x up to this */
    double to_out = floor((double)(c->states - 1 + c->fall - i) / q) + 1;  /* x from this on */

    if (to_zero >= 0)
        row[0] = special_gamma(TAIL_UPPER, to_zero + 1, mean);
    for (size_t x = (size_t)(to_zero + 1); x < (size_t)to_out; x++)
        row[i + x * q - c->fall] = special_poisson((double)x, mean);
    c->out[i] = special_gamma(TAIL_LOWER, to_out, mean);
    c->time[i] = 1;
}

/* State s and those above it are left by nobody any more but downwards. */
static void take_out(struct chain *c, size_t s)
{
    const double *from = c->move + s * c->states;
    size_t lowest = s > c->fall ? s - c->fall : 0;
    double leave = c->out[s];

    for (size_t j = 0; j < s; j++)
        leave += from[j];
    for (size_t i = 0; i < s; i++) {
        double *row = c->move + i * c->states, share = row[s] / leave;

        if (row[s] == 0)
            continue;
        row[0] += lowest > 0 ? share * from[0] : 0;
        for (size_t j = lowest; j < s; j++)
            row[j] += share * from[j];
        c->out[i] += share * c->out[s];
        c->time[i] += share * c->time[s];
    }
}

static double run_length(size_t states, size_t fall, unsigned q, double mean)
{
    autofree double *move = room(states * states, sizeof *move), *out = room(states, sizeof *out);
    autofree double *time = room(states, sizeof *time);
    struct chain c = {.states = states, .fall = fall, .move = move, .out = out, .time = time};

    for (size_t i = 0; i < states; i++)
        fill_row(&c, i, q, mean);
    for (size_t s = states; s-- > 1;)
        take_out(&c, s);
    return c.time[0] / c.out[0];
}

int sequential_cusum_arl(double h, double k, double mean, double *ret_arl, struct fail *f)
{
    unsigned q;
    double states;

    if (check_one(CHECK_POSITIVE, "h", h, f) || check_one(CHECK_NOT_NEGATIVE, "k", k, f) ||
        check_one(CHECK_NOT_NEGATIVE, "theta", mean, f))
        return -1;
    q = grid_of(k);
    if (!q)
        return fail_set(f, FAIL_INPUT, "k: %.17g is not a multiple of 1/q for any q up to %d", k, FINEST);
    states = ceil(h * q - 1e-9 * fmax(1, h * q));
    if (states > STATES_MOST)
        return fail_set(f, FAIL_INPUT, "h: %g in steps of 1/%u gives more than %d states", h, q, STATES_MOST);
    /* From 0, a fall of more than h is one to 0. */
    *ret_arl = mean > 0 ? run_length((size_t)states, (size_t)round(k * q), q, mean) : HUGE_VAL;
    return 0;
}
