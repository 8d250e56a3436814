/* settle.h: snapshots: what the device says stands now, against what the collector believes. */
#ifndef FAULTLINE_SETTLE_H
#define FAULTLINE_SETTLE_H

#include "turn.h"

/* Takes one part of a snapshot about a->subject. A fault whose state differs is taken like a transition. When the last
 * part is in, all parts came in order and agree in their hash, the conditions that were pending or confirmed and that no
 * part names become stale: the device knows nothing of them any more (a new spool, a lost memory). Stale is not healed:
 * their tickets stay open. */
must_check int settle_part(struct turn *t, const struct arrival *a, struct fail *f);

#endif
