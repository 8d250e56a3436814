/* live.h: the rows for live views (one JSON object each), written just before the commit of the transaction they tell
 * about. Their ids ascend without holes from where the store left off.
 *
 * In LIVE_WINDOW_MS at most LIVE_CONDITIONS changes of conditions and LIVE_TICKETS tickets are told, because no view can
 * show more and a storm must not pay for them twice; what a transaction left out is told in one row of its kind,
 * {"left_out": n}: who reads it asks for the list anew. Devices, losses and breaches are all told. */
#ifndef FAULTLINE_LIVE_H
#define FAULTLINE_LIVE_H

#include "store.h"
#include "workset.h"

enum {
    LIVE_WINDOW_MS = 100,
    LIVE_CONDITIONS = 25,
    LIVE_TICKETS = 100,
    LIVE_KEPT = 100000, /* events that stay in the store */
};

struct live;

/* A ticket opened or joined by a device's report. */
struct live_ticket {
    struct ticket_number number;
    bool opened; /* else joined */
    const struct workset_device *device;
    const struct workset_condition *condition;
    struct occurred occurred;
    struct wall received;
    struct wall due; /* of the first response; ms 0 = nothing is promised */
};

struct live *live_new(int64_t last_id);
void live_free(struct live *l);
int64_t live_last_id(const struct live *l);

/* A transaction begins: forgets what the previous one did not write. */
void live_begin(struct live *l, struct wall now);

void live_condition(struct live *l, const struct workset_device *d, const struct workset_condition *c,
    enum fault_state from, struct occurred when);
void live_ticket(struct live *l, const struct live_ticket *t);
/* The ticket's class rose from `from`, with a repeat of its fault; due as above. */
void live_raise(struct live *l, const struct live_ticket *t, enum ticket_class from);
void live_breach(struct live *l, struct ticket_number number, const struct ticket_clock *clock);
/* change: "new", "online", "offline", "spool_reset", "cloned", "numbers_reused", "inventory", "blocked", "unblocked". */
void live_device(struct live *l, const struct workset_device *d, const char *change);
void live_loss(struct live *l, const struct loss_row *row);

/* Writes what was told since live_begin(). now: right before the commit, for the time from fault to ticket. */
must_check int live_flush(struct live *l, struct store *store, struct wall now, struct fail *f);

/* The transaction did not commit: its ids are free again. */
void live_undo(struct live *l);

#endif
