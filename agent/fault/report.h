/* report.h: a fault of the monitor in the form in which it is reported. Inside agent/fault only. */
#ifndef FAULTLINE_REPORT_H
#define FAULTLINE_REPORT_H

#include "faults.h"

/* The change from what was told to what is; borrows from f and e. e may be NULL. */
struct fault_report report_change(const struct fault *f, struct mono now, const struct evidence *e);
/* What was told, for a snapshot: no frame, no raw bytes. */
struct fault_report report_standing(const struct fault *f);
/* The other way, into a new fault: as it was told before a restart, with nothing known of the time since. */
void report_restore(struct fault *f, const struct fault_report *r);

#endif
