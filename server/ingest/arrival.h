/* arrival.h: one record of a device, in its order: about whom it is, and what each kind does. */
#ifndef FAULTLINE_ARRIVAL_H
#define FAULTLINE_ARRIVAL_H

#include "turn.h"

/* Applies the record (not a loss). a->subject is set here: the reporter, or a device behind it. A record that is refused
 * is in the ledger when this returns 0. */
must_check int arrival_apply(struct turn *t, struct arrival *a, struct fail *f);

#endif
