/* policy.h: which promise a product line gives for a class of ticket. Pure. Any thread. */
#ifndef FAULTLINE_POLICY_H
#define FAULTLINE_POLICY_H

#include <stddef.h>

#include "ticket.h"

/* The policy for this clock: of the product line, else of "" (any product line); of several versions the
 * newest. NULL when nothing is promised. Borrowed from the table. */
const struct clock_policy *policy_find(const struct clock_policy *table, size_t count, const char *product_line,
    enum ticket_class class_, enum clock_kind kind);

#endif
