/* presence.h: whether a device is there, and why not.
 *
 *            any message of its newest session
 *   OFFLINE ───────────────────────────────────► ONLINE
 *      ▲      orderly stop: stopped                 │
 *      └──────last will: lost ──────────────────────┘
 *             nothing for so long: silent
 *
 * The last will comes from the broker, and with a broker that dies it is lost. So a device from which nothing came for
 * three of its health intervals, at least PRESENCE_LEAST_MS, is offline as well: what its keep-alive tells is known to the
 * broker only. One that sends no health is given PRESENCE_OTHERS_MS. Silence counts only while we listen: after a time
 * without the broker, after a start, and after a jump of our clock or a standstill of this process, it counts anew. */
#ifndef FAULTLINE_PRESENCE_H
#define FAULTLINE_PRESENCE_H

#include "turn.h"

enum {
    PRESENCE_LEAST_MS = 30 * 60 * 1000,
    PRESENCE_OTHERS_MS = 24 * 60 * 60 * 1000,
};

void presence_online(struct turn *t, struct workset_device *d);
void presence_offline(struct turn *t, struct workset_device *d, enum offline_reason why);

/* A health report covers so much time. Its interval is what the last two agree on, or the longest: the first report of an
 * agent's life covers only a part of one. */
void presence_interval(struct turn *t, struct workset_device *d, uint64_t interval_ms);

/* Where the round over silent devices stands. */
struct presence_round {
    unsigned next_shard;
    struct wall listening; /* since then */
    struct wall latest;    /* tick while we did; ms 0 = none yet */
};

/* A bite of the round; once a second. */
must_check int presence_tick(struct presence_round *round, struct turn *t, struct fail *f);

#endif
