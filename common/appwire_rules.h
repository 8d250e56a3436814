/* appwire_rules.h: the rules that a request must keep in both directions, and how a broken one is told.
 * Private to appwire.c (writing) and appwire_read.c (reading); appwire.h is the public side. */
#ifndef FAULTLINE_APPWIRE_RULES_H
#define FAULTLINE_APPWIRE_RULES_H

#include "appwire.h"

/* Where a broken rule is told: to the caller in words, to the peer as an answer. */
struct verdict_on {
    struct appwire_answer *refusal;
    struct fail *f;
};

/* Both set refusal and f and return -1. */
int appwire_malformed(struct verdict_on *v, const char *key, const char *rule);
int appwire_too_many(struct verdict_on *v, const char *key, const char *what, uint64_t limit, uint64_t value);

/* UTF-8 without control bytes. */
bool appwire_is_clean(const char *text);

/* 0 when every field that the verb uses is within what appwire.h says. */
must_check int appwire_check(struct verdict_on *v, const struct appwire_request *r);

#endif
