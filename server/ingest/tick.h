/* tick.h: what happens because time passed: clocks that are due, flapping that ended, silent devices, old events, held-back refusals. */
#ifndef FAULTLINE_TICK_H
#define FAULTLINE_TICK_H

#include "presence.h"
#include "turn.h"

/* Where the round over flapping conditions stands. */
struct tick_place {
    int shard; /* -1 = at the start */
    char device[BOUND_SUBJECT_ID + 1];
    struct condition_key key;
};

struct tick {
    unsigned next_shard;
    unsigned count;
    struct tick_place place;
    struct presence_round presence;
};

void tick_init(struct tick *k);

/* Runs within a transaction, once a second. */
must_check int tick_run(struct tick *k, struct turn *t, struct fail *f);

#endif
