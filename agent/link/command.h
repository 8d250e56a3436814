/* command.h: what a collector may ask a device to do, each at most once however often it is asked.
 *
 * The answer to each is a lifecycle record, "ID done" or "ID refused: reason", which is also what lets the collector stop
 * asking. Ids are remembered while the agent runs; what was done before it started is told to commands_note(). */
#ifndef FAULTLINE_COMMAND_H
#define FAULTLINE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "record.h"

enum { COMMANDS_REMEMBERED = 64 };

struct command_actions {
    void *ctx;
    int (*resend)(void *ctx, enum lane lane, uint64_t next, struct fail *f);
    int (*snapshot)(void *ctx, struct fail *f);
    int (*clear)(void *ctx, const struct fault_key *key, const char *actor, struct fail *f);
    int (*answer)(void *ctx, const char *detail, struct fail *f); /* writes the lifecycle record */
};

struct commands {
    struct command_actions actions;
    bool may_clear;
    uint64_t done[COMMANDS_REMEMBERED]; /* a ring; 0 = empty */
    size_t next;
};

void commands_init(struct commands *c, const struct command_actions *actions, bool may_clear);

/* This one was done already. */
void commands_note(struct commands *c, uint64_t id);

/* Does it unless it was done; logs and answers. An answer that could not be written is not remembered, so that the
 * collector's next asking gets one. */
void commands_do(struct commands *c, const struct command *command);

#endif
