/* reuse.h: numbers that were used twice (rule 8 of faultline.proto): a spool that was restored from an older copy, or
 * cloned, gives its new records numbers under which others are stored. Taken for duplicates they would vanish.
 *
 * Ordinary messages cost a comparison of numbers. One that brings duplicates is held against what is stored: its newest
 * one alone tells, because a spool that left the common past does not come back to it. The last record of a lane is
 * known by its hash; an older one of the fault lane is looked for in the logs of the device that it is about (two
 * queries, the newest 1,000 rows of each). Not noticed, and taken for duplicates: older ones of the health lane, which is
 * not kept record by record; older ones whose number stands for a record about another device behind the same gateway.
 *
 * A look into the logs costs as much as a hundred records, and what it finds goes into the audit. So a device gets one,
 * or one finding in the health lane, in REUSE_LOOK_MS, and a message that would need another is passed over, as if it
 * had not come: the receipt for the one before covers it, or the device sends it again. */
#ifndef FAULTLINE_REUSE_H
#define FAULTLINE_REUSE_H

#include "turn.h"

enum { REUSE_LOOK_MS = 5000 };

/* True in ret_stop: nothing of the message must be stored. A number of it stands for another record here, and the
 * receipt, which is open, says new_epoch and from where on; so it says to all that comes in this session. Or the message
 * is passed over, and the receipt says nothing. */
must_check int reuse_check(
    struct turn *t, struct workset_device *d, const struct uplink *u, bool *ret_stop, struct fail *f);

/* What a lane keeps of the record that it has just taken, as struct lane_row's tail. */
uint64_t reuse_tail(const struct record *r);

#endif
