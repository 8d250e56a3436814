/* keeper.h: keeps the spool open: opens it at start, and again after it failed, as soon as the disk works, asked at growing
 * distances. A full or read-only disk thereby refuses records for as long as it lasts, and no longer; the process lives
 * on, and what is in the spool can be read and sent meanwhile. */
#ifndef FAULTLINE_KEEPER_H
#define FAULTLINE_KEEPER_H

#include "disk.h"
#include "fail.h"
#include "spool.h"

struct event_base;

struct keeper_env {
    struct event_base *base; /* borrowed, as all of these */
    const struct disk *disk;
    const struct clock *clock;
    const struct rng *rng;
    int64_t retry_first_ms; /* between failure and the first attempt; doubles to 60 times that */
    void *ctx;
    /* There is another spool from now on, or none (NULL); the one before is closed when this returns. From the loop. */
    void (*changed)(void *ctx, struct spool *spool);
};

struct keeper;

/* Opens the spool. settings are borrowed. Fails as spool_open(). */
must_check int keeper_open(
    const struct spool_settings *settings, const struct keeper_env *env, struct keeper **ret, struct fail *f);
void keeper_close(struct keeper *k); /* NULL is fine; closes the spool */

struct spool *keeper_spool(const struct keeper *k); /* NULL while it is out of order */

/* The spool has failed. What has to be done is done from the loop. */
void keeper_failed(struct keeper *k);

#endif
