/* turn.h: what the parts of the ingest core share during one transaction. Internal to server/ingest. */
#ifndef FAULTLINE_TURN_H
#define FAULTLINE_TURN_H

#include "batch.h"
#include "catalogue.h"
#include "core.h"
#include "live.h"
#include "metrics.h"
#include "reply.h"
#include "store.h"
#include "workset.h"

struct turn {
    const struct core_settings *settings;
    struct store *store;
    struct workset *workset;
    const struct catalogue *catalogue;
    const struct clock_policy *policies;
    size_t policy_count;
    struct metrics *metrics;
    struct live *live;
    struct reply reply;
    struct wall now; /* when the transaction began */
    bool behind;
    uint64_t serial; /* counts transactions */
};

/* One record on its way: who reported it, about whom, when. */
struct arrival {
    struct workset_device *reporter, *subject;
    const struct record *record;
    uint64_t epoch;
    struct occurred when;
    struct wall received;
};

/* The message brings records of this lane. */
bool turn_has_lane(const struct uplink *u, enum lane lane);

/* An audit row by "device:<id>" about `object`. */
must_check int turn_audit(struct turn *t, const struct workset_device *d, const char *what, const char *object,
    const char *detail, struct fail *f);

#endif
