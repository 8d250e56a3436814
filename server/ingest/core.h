/* core.h: the heart of the collector: one batch of uplinks becomes one transaction and the receipts for it.
 *
 * No thread, no MQTT, no clock of its own: it is given the store, the time and the batch, so that tests run it as it is.
 *
 * Invariants, which keep the rules of faultline.proto (Receipt)
 *  1. Receipts stand in the batch only if core_apply() returned 0, that is after COMMIT returned.
 *  2. Report, condition, ticket, clocks, audit, events and the lane's `next` are one transaction.
 *  3. A lane takes records strictly in order: below `next` is a duplicate and not stored, above it is a hole and not
 *     stored; a loss record that covers `next` closes the hole. Watermarks are kept per device, epoch and lane.
 *  4. A refused record is final: it is in the loss ledger, and `next` passes it.
 *  5. Nothing a device sends makes core_apply() fail; what fails is the store. Then nothing was committed, the working
 *     set is dropped, and the process is expected to end without acknowledging anything.
 *
 * The writer's thread only; blocks on the store. */
#ifndef FAULTLINE_CORE_H
#define FAULTLINE_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "condition.h"
#include "fail.h"
#include "metrics.h"
#include "store.h"
#include "times.h"

struct core_settings {
    bool open_registration; /* an unknown device is registered when it reports; else it is refused */
    bool open_children;     /* the same for devices behind a gateway */
    struct flap_policy flap;
    int64_t max_devices; /* kept in the working set */
};

struct core;

/* Loads catalogue and policies. settings are copied; store, clock and metrics are borrowed until core_close(). */
must_check int core_open(const struct core_settings *settings, struct store *store, const struct clock *clock,
    struct metrics *metrics, struct core **ret, struct fail *f);
void core_close(struct core *c); /* NULL is fine; does not close the store */

/* Applies the batch and commits. Its replies are set when 0 was returned. Fails as the store does. */
must_check int core_apply(struct core *c, struct batch *b, struct fail *f);

/* Time passed: clocks that are due, conditions that flap no more, refusals not yet in the ledger; renews the lease.
 * To be called once a second. */
must_check int core_tick(struct core *c, struct fail *f);

/* Commits the refusals that wait for the ledger. To be called before an orderly end. */
must_check int core_finish(struct core *c, struct fail *f);

/* Lets a device report, or not any more. FAIL_NOT_FOUND: no such device, nothing changed; else fails as the store does. */
must_check int core_set_registration(struct core *c, const struct registration_change *change, struct fail *f);

/* The id of the latest committed event. */
int64_t core_last_event(const struct core *c);

#endif
