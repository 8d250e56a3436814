/* scribe.h: writes down what the sources deliver: through the fault monitor into the spool.
 *
 *     sources ── sink ──► scribe ──► fault monitor
 *                           ▲             │ changes of state
 *                           └─────────────┘
 *                           └──► spool (append, sync) ──► the link is woken
 *
 * What scribe_sink() takes is safe when its call returns 0, as source.h demands: the change it caused is in the spool and
 * synced. While there is no spool, or it has failed, everything that would have to be written is refused and counted;
 * the monitor goes on and tells again later what could not be told. A spool that was opened anew after a failure begins
 * with inventory and snapshot: nothing that was repeated in the meantime is called safe before they are synced.
 * One thread. Writing blocks on the disk. */
#ifndef FAULTLINE_SCRIBE_H
#define FAULTLINE_SCRIBE_H

#include "fail.h"
#include "monitor.h"
#include "record.h"
#include "source.h"
#include "spool.h"

struct scribe_hooks {
    void *ctx;
    void (*written)(void *ctx); /* there are new records in the spool, synced */
    void (*failed)(void *ctx);  /* the spool takes nothing any more; it may not be closed from inside the call */
    int (*measure)(void *ctx, const struct frame_value *sample, struct fail *f);
};

struct scribe_env {
    struct event_base *base; /* borrowed, as all of these */
    const struct clock *clock;
    uint64_t boot;
};

struct scribe;

/* device: texts of the settings, borrowed for the scribe's life; its lists of parts and firmware are what the inventory
 * begins with. keep_ms: how long a freed record stays readable in the spool; snapshots come at least that often, so that
 * a restart finds the faults there. */
struct scribe *scribe_new(const struct monitor_settings *s, const struct inventory *device, int64_t keep_ms,
    const struct scribe_env *env, const struct scribe_hooks *hooks);
void scribe_free(struct scribe *s); /* NULL is fine */

const struct source_sink *scribe_sink(const struct scribe *s);
struct monitor *scribe_monitor(struct scribe *s);
struct stamp scribe_now(const struct scribe *s);

/* The spool to write to, borrowed until the next call; NULL = none. */
void scribe_use_spool(struct scribe *s, struct spool *spool);

/* Each writes and syncs. Fails: the spool's, or FAIL_IO when there is none. */
must_check int scribe_lifecycle(struct scribe *s, enum lifecycle_kind kind, const char *detail, struct fail *f);
must_check int scribe_inventory(struct scribe *s, struct fail *f);

/* All faults that are not untested, as one or more records. needed = false: nothing is written when the last snapshot
 * still waits for its receipt and says the same. */
must_check int scribe_snapshot(struct scribe *s, bool needed, struct fail *f);

/* A command clears one fault. FAIL_NOT_FOUND when it is not known. */
must_check int scribe_clear(struct scribe *s, const struct fault_key *key, const char *actor, struct fail *f);

/* A new operation cycle began (the device was powered up). */
must_check int scribe_cycle(struct scribe *s, struct fail *f);

#endif
