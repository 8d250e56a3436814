/* ledger.h: the loss ledger: what will never be known, each with its cause. */
#ifndef FAULTLINE_LEDGER_H
#define FAULTLINE_LEDGER_H

#include "turn.h"

/* The device says that numbers of a lane will never come; next is where the lane stood. */
must_check int ledger_loss(struct turn *t, const struct workset_device *d, uint64_t epoch, const struct record *r,
    uint64_t next, struct wall received, struct fail *f);

/* One record was refused for good: its row, its verdict, its count. */
must_check int ledger_refuse_record(
    struct turn *t, const struct arrival *a, enum refusal refusal, uint64_t limit, uint64_t value, struct fail *f);

/* A whole message was refused. A device gets one row a minute however much it sends; the row says how many. */
must_check int ledger_refuse_uplink(
    struct turn *t, struct workset_device *d, enum refusal refusal, const char *detail, struct fail *f);

/* Writes what ledger_refuse_uplink() has held back; all of it when `all` is set, else what is a minute old. */
must_check int ledger_flush(struct turn *t, bool all, struct fail *f);

#endif
