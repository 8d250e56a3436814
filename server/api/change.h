/* change.h: what /api/v1 changes, by way of the process around it: the body's JSON in, one change out.
 *
 * Fails: FAIL_INPUT (the body), FAIL_NOT_FOUND, FAIL_CONFLICT (the collector starts or stops), or what the store met.
 * Blocks until the change is committed. A reader thread's. */
#ifndef FAULTLINE_CHANGE_H
#define FAULTLINE_CHANGE_H

#include "fail.h"
#include "route.h"

typedef int route_change(const struct route_call *c, struct fail *f);

route_change change_registration;

#endif
