/* writer.h: the thread that owns the only read-write store. It runs batches as they come, and a tick each second.
 *
 * Whoever has a batch or a change waits for its commit, so the queue is never longer than there are such threads. The first store
 * failure ends it: that batch and all later ones fail, `failed` is told, and the process is expected to end; nothing
 * that was not committed has been acknowledged. */
#ifndef FAULTLINE_WRITER_H
#define FAULTLINE_WRITER_H

#include <stdint.h>

#include "batch.h"
#include "core.h"
#include "fail.h"
#include "metrics.h"
#include "store.h"

/* Called from the writer's thread; must not block, nor call the writer. */
struct writer_events {
    void (*committed)(void *ctx, int64_t last_event); /* new events stand in the store */
    void (*failed)(void *ctx, const struct fail *f);  /* once */
    void *ctx;
};

struct writer;

/* Takes over the store and the core (both stay the caller's to close, after writer_stop()). metrics is borrowed. */
struct writer *writer_start(
    struct core *core, struct store *store, struct metrics *metrics, const struct writer_events *events);

/* Applies the batch: 0 after its commit, then its replies may go out. Any thread but the writer's; blocks. */
must_check int writer_apply(struct writer *w, struct batch *b, struct fail *f);

/* Changes who may report: 0 after its commit. FAIL_NOT_FOUND ends nothing. Any thread but the writer's; blocks. */
must_check int writer_set_registration(struct writer *w, const struct registration_change *change, struct fail *f);

/* Ends the thread in good order: nobody may be inside another of these functions any more. NULL is fine. Blocks. */
void writer_stop(struct writer *w);

#endif
