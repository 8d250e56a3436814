/* parts.h: all faults of the monitor as the parts of one snapshot, each small enough for one record. Pure. */
#ifndef FAULTLINE_PARTS_H
#define FAULTLINE_PARTS_H

#include "fail.h"
#include "monitor.h"
#include "record.h"

/* Calls each() for part 0, 1, …; at least once, also without faults. Stops when each() does not return 0, and returns
 * what it returned. The snapshot is borrowed for the call. */
must_check int parts_each(const struct monitor *m, int (*each)(void *ctx, const struct snapshot *s, struct fail *f),
    void *ctx, struct fail *f);

#endif
