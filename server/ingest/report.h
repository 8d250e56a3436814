/* report.h: one record of a device, in its order: about whom it is, and what each kind does. */
#ifndef FAULTLINE_REPORT_H
#define FAULTLINE_REPORT_H

#include "turn.h"

/* Applies the record (not a loss). a->subject is set here: the reporter, or a device behind it. A record that is refused
 * is in the ledger when this returns 0. */
must_check int report_apply(struct turn *t, struct arrival *a, struct fail *f);

#endif
