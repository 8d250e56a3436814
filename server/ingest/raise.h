/* raise.h: from a device's word about a fault to the condition, and from the condition to the ticket. */
#ifndef FAULTLINE_RAISE_H
#define FAULTLINE_RAISE_H

#include "turn.h"

/* Takes one transition: the log row, the condition, and its ticket where one is due. ret_refusal is REFUSAL_NONE, or
 * REFUSAL_CONDITIONS and nothing was stored. record_bytes 0 = the row goes without the record (it is stored already). */
must_check int raise_transition(struct turn *t, const struct arrival *a, const struct fault_report *r,
    const uint8_t *record, size_t record_bytes, enum refusal *ret_refusal, struct fail *f);

/* Opens or joins the ticket of a condition that is confirmed. record NULL = no verdict is due. */
must_check int raise_ticket(struct turn *t, struct workset_device *subject, struct workset_condition *c,
    struct occurred when, struct wall received, const struct record *record, struct fail *f);

/* The device's product line has become known: open tickets that began without one get it, and the clocks that it promises,
 * as if it had been known from the beginning. */
must_check int raise_promises(struct turn *t, struct workset_device *subject, struct fail *f);

#endif
