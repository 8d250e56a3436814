/* verdict.h: what the collector thought of a record, for the log. */
#ifndef FAULTLINE_VERDICT_H
#define FAULTLINE_VERDICT_H

#include "record.h"

void verdict_log(const struct verdict *v);

#endif
