/* recall.h: what the agent knew before it was started, read back from the spool: the faults as they were last told, the
 * commands that were carried out, the settings and the boot that were last reported.
 *
 * It reaches back as far as the spool's retention window; the last snapshot in it is where the faults begin. */
#ifndef FAULTLINE_RECALL_H
#define FAULTLINE_RECALL_H

#include "fail.h"
#include "record.h"
#include "spool.h"

enum { RECALL_DETAIL_BYTES = 128 };

struct recalled {
    uint64_t boot;                        /* of the last record; 0 = there is none */
    char configured[RECALL_DETAIL_BYTES]; /* detail of the last LIFECYCLE_CONFIGURED; "" = none */
    char renewed[RECALL_DETAIL_BYTES];    /* of the last LIFECYCLE_RENEWED */
};

struct recall_takers {
    void *ctx;
    void (*fault)(void *ctx, const struct fault_report *r); /* each fault that is not untested, once; borrowed */
    void (*command)(void *ctx, uint64_t id);                /* each that was answered, in order */
};

/* Reads the whole fault lane; blocks on the disk. A record that does not decode is skipped and counted in
 * *ret_unreadable. */
void recall_read(
    struct spool *spool, const struct recall_takers *takers, struct recalled *ret, unsigned *ret_unreadable);

#endif
