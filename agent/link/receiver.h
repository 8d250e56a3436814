/* receiver.h: what the collector says: receipts, verdicts, commands. link_machine.h says what a receipt means; this does
 * it to the spool. One thread; blocks on the disk. */
#ifndef FAULTLINE_RECEIVER_H
#define FAULTLINE_RECEIVER_H

#include "bounds.h"
#include "command.h"
#include "link.h"
#include "link_machine.h"

struct receiver {
    const struct link_env
        *env; /* borrowed, as all of these; env->spool may change, and is not NULL in receiver_take() */
    const struct link_hooks *hooks;
    struct link_machine *machine;
    struct commands commands;
    unsigned char arena[BOUND_RECEIPT_ARENA_BYTES]; /* for one receipt */
};

/* may_clear: commands may clear faults. r must not move afterwards. */
void receiver_init(struct receiver *r, const struct link_env *env, const struct link_hooks *hooks,
    struct link_machine *machine, bool may_clear);

/* Takes one message of the collector, whatever is in it. True when a new epoch has begun: the session, whose last will is of
 * the old one, is to be ended. */
bool receiver_take(struct receiver *r, const void *payload, size_t bytes);

/* For each lane the number that its next record will get; 0 without a spool. */
void receiver_next_numbers(const struct spool *spool, uint64_t next[static LANE_COUNT]);

#endif
