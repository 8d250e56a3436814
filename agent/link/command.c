/* command.c: see command.h. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>

#include "bounds.h"
#include "log.h"

void commands_init(struct commands *c, const struct command_actions *actions, bool may_clear)
{
    *c = (struct commands){.actions = *actions, .may_clear = may_clear};
}

void commands_note(struct commands *c, uint64_t id)
{
    c->done[c->next] = id;
    c->next = (c->next + 1) % COMMANDS_REMEMBERED;
}

static bool is_done(const struct commands *c, uint64_t id)
{
    for (size_t i = 0; i < COMMANDS_REMEMBERED; i++)
        if (c->done[i] == id)
            return true;
    return false;
}

static int do_clear(struct commands *c, const struct command *command, struct fail *f)
{
    char actor[32];

    if (!c->may_clear)
        return fail_set(f, FAIL_DENIED, "this device does not let faults be cleared from afar (link.remote_clear)");
    snprintf(actor, sizeof actor, "command:%" PRIu64, command->id);
    return c->actions.clear(c->actions.ctx, &command->clear, actor, f);
}

static int carry_out(struct commands *c, const struct command *command, struct fail *f)
{
    switch (command->kind) {
    case COMMAND_RESEND:
        return c->actions.resend(c->actions.ctx, command->resend.lane, command->resend.next, f);
    case COMMAND_SNAPSHOT:
        return c->actions.snapshot(c->actions.ctx, f);
    case COMMAND_CLEAR:
        return do_clear(c, command, f);
    case COMMAND_SETTINGS:
    case COMMAND_KIND_COUNT:
        break;
    }
    return fail_set(f, FAIL_DENIED, "this version takes no settings from afar");
}

void commands_do(struct commands *c, const struct command *command)
{
    char detail[BOUND_REASON];
    char text[300];
    struct fail f;

    if (is_done(c, command->id))
        return;
    if (carry_out(c, command, &f) == 0) {
        snprintf(detail, sizeof detail, "%" PRIu64 " done", command->id);
        log_info("command.done", "id=%" PRIu64, command->id);
    } else {
        log_text(f.text, text, sizeof text); /* the codec takes no control characters either */
        snprintf(detail, sizeof detail, "%" PRIu64 " refused: %.80s", command->id, text);
        log_warn("command.refused", "id=%" PRIu64 " reason=\"%s\"", command->id, text);
    }
    if (c->actions.answer(c->actions.ctx, detail, &f))
        log_warn(
            "command.unanswered", "id=%" PRIu64 " reason=\"%s\"", command->id, log_text(f.text, text, sizeof text));
    else
        commands_note(c, command->id);
}
