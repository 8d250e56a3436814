/* ask.c: see ask.h. */
#include "ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "mix.h"

/* Of what makes the loss this one, so that it is the same whenever the loss is told. */
static uint64_t id_of(uint64_t epoch, const struct record *loss)
{
    uint64_t hash = mix(mix(mix(MIX_START, epoch), loss->loss.first), loss->loss.last);

    return hash ? hash : 1;
}

void ask_after_loss(struct workset_device *d, uint64_t epoch, const struct record *loss)
{
    uint64_t id = id_of(epoch, loss);

    if (loss->lane != LANE_FAULT || d->ask.done == id)
        return;
    d->ask.epoch = epoch;
    d->ask.id = id;
}

void ask_answered(struct workset_device *d, const struct lifecycle *answer)
{
    char done[24];
    size_t n = (size_t)snprintf(done, sizeof done, "%" PRIu64 " ", d->ask.id);

    if (!d->ask.id || answer->kind != LIFECYCLE_COMMAND || strncmp(answer->detail, done, n) != 0)
        return;
    d->ask.done = d->ask.id;
    d->ask.id = 0;
}

void ask_send(struct turn *t, struct workset_device *d, uint64_t epoch)
{
    if (!d->ask.id || d->ask.epoch != epoch || (d->ask.sent.ms && t->now.ms - d->ask.sent.ms < ASK_EVERY_MS))
        return;
    d->ask.sent = t->now;
    reply_snapshot(&t->reply, d->ask.id);
    metrics_add(&t->metrics->snapshots_asked, 1);
    log_info("device.asked", "device=%s what=snapshot id=%" PRIu64, d->row.device, d->ask.id);
}
