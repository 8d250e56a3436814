/* source.h: the seam between where faults come from and the rest of the agent.
 *
 * A source is opened with its settings and a struct source_env, puts its descriptors and timers into the one libevent
 * loop by itself, and from there on calls the sink. It never blocks the loop, never exits the process over what a peer
 * or a bus sends, and reads time only through env->clock. All on the agent's one thread.
 *
 *     const struct source_type source_j1939 = {"j1939", j1939_keys, open, close};
 */
#ifndef FAULTLINE_SOURCE_H
#define FAULTLINE_SOURCE_H

#include "conf.h"
#include "observation.h"
#include "record.h"

struct disk;
struct event_base; /* libevent */

/* Where a source delivers. Each call returns 0 when what was delivered is safe (a change of state that it caused is in
 * the spool, synced), or -1 with f set: refused. A source whose peer waits for an answer passes that on; others count
 * it and go on: the fault monitor tells again what could not be told. Arguments are borrowed for the call. The sink
 * must not close the source from inside a call. */
struct source_sink {
    void *ctx;
    /* Several deliveries, one sync: between hold() and release() a call that returns 0 is safe only when release()
     * returns 0. Both within one turn of the loop; not nested. */
    void (*hold)(void *ctx);
    int (*release)(void *ctx, struct fail *f);
    /* The number on the fault lane of the record that the last observe() wrote; 0 when it wrote none. */
    uint64_t (*number)(void *ctx);
    /* A reporter's whole list; one fault there or not. */
    int (*list)(void *ctx, const struct fault_list *l, const struct stamp *when, struct fail *f);
    int (*observe)(
        void *ctx, const struct observation *o, const struct stamp *when, struct fail *f); /* also FAIL_HELD */
    /* The reporter is known to be gone (bus-off, poll failure). Silence by itself is found by the monitor. */
    int (*silent)(void *ctx, const struct reporter *r, const struct stamp *when, struct fail *f);
    /* r->address is new, or was lost to another. */
    int (*moved)(void *ctx, const struct reporter *r, bool lost, const struct stamp *when, struct fail *f);
    /* Calls each() with every reporter of the namespace that has active faults, in a state from before the agent was
     * started: it tells who was behind an address. NULL = nothing is known. */
    void (*known)(void *ctx, const char *ns, void (*each)(void *each_ctx, const struct reporter *r), void *each_ctx);
    /* Somebody cleared all of a reporter's active (or healed) faults on the bus; actor as in monitor.h. */
    int (*cleared)(void *ctx, const struct reporter *r, const char *ns, bool active, const char *actor,
        const struct stamp *when, struct fail *f);
    /* The sink fills in what the spool knows: used, limit, dropped, refused, written. */
    int (*health)(void *ctx, const struct health *h, const struct stamp *when, struct fail *f);
    /* Calls each() with the agent's own counts, to be reported among the measures of health: what was dropped, refused
     * or had to begin anew. */
    void (*figures)(void *ctx, void (*each)(void *each_ctx, const char *name, double count), void *each_ctx);
    /* One sample for the next health record: goes to health_measure() of the health source. Held in memory only.
     * FAIL_FULL, FAIL_INPUT as there; FAIL_NOT_FOUND: there is no health source. */
    int (*measure)(void *ctx, const struct frame_value *sample, struct fail *f);
    /* Parts and firmware that the source read. It names only what it knows; whoever keeps the inventory merges by
     * position and component. */
    int (*inventory)(void *ctx, const struct inventory *i, const struct stamp *when, struct fail *f);
};

/* What a source is given; borrowed until it is closed. */
struct source_env {
    struct event_base *base;
    const struct clock *clock;
    const struct rng *rng;
    const struct disk *disk;
    uint64_t boot;  /* for the stamps */
    uint64_t epoch; /* the spool's */
    const struct source_sink *sink;
};

struct source_type {
    const char *kind;            /* the settings section's name: j1939, app, health */
    const struct conf_key *keys; /* of one section; ends with a NULL name */
    /* settings is borrowed until close. ret_state is what close() takes. FAIL_SETTINGS, FAIL_IO, FAIL_NOT_FOUND. */
    int (*open)(const void *settings, const struct source_env *env, void **ret_state, struct fail *f);
    void (*close)(void *state); /* NULL is fine */
};

/* One opened source, as the agent's main keeps it. */
struct source {
    const struct source_type *type;
    void *state;
};

/* The stamp of now. */
static inline struct stamp source_now(const struct source_env *env)
{
    const struct clock *c = env->clock;

    return (struct stamp){env->boot, c->mono(c->ctx), c->wall(c->ctx), c->quality(c->ctx)};
}

#endif
