/* receiver.c: see receiver.h. */
#include "receiver.h"

#include <inttypes.h>

#include "arena.h"
#include "codec.h"
#include "log.h"
#include "verdict.h"

void receiver_next_numbers(const struct spool *spool, uint64_t next[static LANE_COUNT])
{
    for (enum lane lane = 0; lane < LANE_COUNT; lane++)
        next[lane] = spool ? spool_next(spool, lane) : 0;
}

/* ---------------------------------------------------------------- receipts */

static int take_back(struct receiver *r, enum lane lane, uint64_t number, struct fail *f)
{
    if (spool_rewind(r->env->spool, lane, number, f))
        return -1;
    link_machine_rewound(r->machine, lane, spool_first(r->env->spool, lane));
    return 0;
}

static void apply_lane(struct receiver *r, uint64_t epoch, const struct lane_receipt *lane)
{
    struct mono now = r->env->clock->mono(r->env->clock->ctx);
    struct link_effect effect = link_machine_receipt(r->machine, now, epoch, lane);
    struct fail f;

    log_debug("link.receipt", "lane=%s next=%" PRIu64, lane_word(lane->lane), lane->next);
    if (effect.free_below && spool_free_below(r->env->spool, lane->lane, effect.free_below, &f))
        log_fail(LOG_LEVEL_WARN, "link.free_failed", &f);
    if (effect.rewind_to) {
        log_warn("link.taken_back", "lane=%s next=%" PRIu64, lane_word(lane->lane), effect.rewind_to);
        if (take_back(r, lane->lane, effect.rewind_to, &f))
            log_fail(LOG_LEVEL_WARN, "link.take_back_failed", &f);
    }
    if (lane->retry_after_ms)
        log_info("link.paused", "lane=%s retry_after_ms=%u", lane_word(lane->lane), (unsigned)lane->retry_after_ms);
}

/* The snapshot comes first: with it what the new epoch begins with says everything, also to a restart. When that or the
 * switch fails the old epoch goes on, and the next receipt asks again. The session ends because its last will is of the
 * old epoch. */
static bool begin_epoch(struct receiver *r, const char *why)
{
    uint64_t old = r->machine->epoch;
    struct fail f;

    if (r->hooks->snapshot(r->hooks->ctx, true, &f) || spool_new_epoch(r->env->spool, r->env->rng, &f)) {
        log_fail(LOG_LEVEL_WARN, "link.epoch_failed", &f);
        return false;
    }
    link_machine_new_epoch(r->machine, spool_epoch(r->env->spool));
    log_warn("link.new_epoch", "epoch=%016" PRIx64 " old=%016" PRIx64 " reason=\"%s\"", r->machine->epoch, old, why);
    return true;
}

/* True when a new epoch has begun. */
static bool take_lanes(struct receiver *r, const struct receipt *receipt)
{
    uint64_t next[LANE_COUNT];

    receiver_next_numbers(r->env->spool, next);
    if (link_machine_contradicts(r->machine, receipt->epoch, receipt->lanes, receipt->lane_count, next))
        return begin_epoch(r, "a receipt for numbers that were never given");
    for (size_t i = 0; i < receipt->lane_count; i++)
        apply_lane(r, receipt->epoch, &receipt->lanes[i]);
    return receipt->new_epoch && receipt->epoch == r->machine->epoch &&
           begin_epoch(r, "the collector has other records under the same numbers");
}

bool receiver_take(struct receiver *r, const void *payload, size_t bytes)
{
    uint64_t epoch = r->machine->epoch;
    struct arena arena;
    struct receipt receipt;
    struct fail f;

    arena_init(&arena, r->arena, sizeof r->arena);
    if (codec_receipt_decode(payload, bytes, &arena, &receipt, &f)) {
        log_fail(LOG_LEVEL_WARN, "link.bad_receipt", &f);
        return false;
    }
    bool is_new = take_lanes(r, &receipt);
    if (receipt.epoch != epoch) {
        log_info("link.foreign_receipt", "epoch=%016" PRIx64, receipt.epoch);
        return false;
    }
    for (size_t i = 0; i < receipt.verdict_count; i++)
        verdict_log(&receipt.verdicts[i]);
    for (size_t i = 0; i < receipt.command_count; i++)
        commands_do(&r->commands, &receipt.commands[i]);
    return is_new;
}

/* ---------------------------------------------------------------- commands */

static int on_resend(void *ctx, enum lane lane, uint64_t next, struct fail *f)
{
    struct receiver *r = ctx;
    uint64_t first = spool_first(r->env->spool, lane);

    if (next < first)
        return take_back(r, lane, next, f);
    link_machine_rewound(r->machine, lane, first);
    return 0;
}

static int on_snapshot(void *ctx, struct fail *f)
{
    struct receiver *r = ctx;

    return r->hooks->snapshot(r->hooks->ctx, true, f);
}

static int on_clear(void *ctx, const struct fault_key *key, const char *actor, struct fail *f)
{
    struct receiver *r = ctx;

    return r->hooks->clear(r->hooks->ctx, key, actor, f);
}

static int on_answer(void *ctx, const char *detail, struct fail *f)
{
    struct receiver *r = ctx;

    return r->hooks->lifecycle(r->hooks->ctx, LIFECYCLE_COMMAND, detail, f);
}

void receiver_init(struct receiver *r, const struct link_env *env, const struct link_hooks *hooks,
    struct link_machine *machine, bool may_clear)
{
    const struct command_actions actions = {r, on_resend, on_snapshot, on_clear, on_answer};

    r->env = env;
    r->hooks = hooks;
    r->machine = machine;
    commands_init(&r->commands, &actions, may_clear);
}
