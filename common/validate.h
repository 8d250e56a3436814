/* validate.h: the rules that reach over more than one field, on the structs of record.h. Private to common;
 * the ranges of single fields are the wire scan's. Pure. FAIL_INPUT, the text names the field. */
#ifndef FAULTLINE_VALIDATE_H
#define FAULTLINE_VALIDATE_H

#include "fail.h"
#include "record.h"

must_check int validate_record(const struct record *r, struct fail *f);
must_check int validate_uplink(const struct uplink *u, struct fail *f);
must_check int validate_receipt(const struct receipt *r, struct fail *f);

#endif
