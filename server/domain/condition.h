/* condition.h: what the collector knows of one fault on one device, and how a device's transition changes it.
 *
 * The condition is where duplicates, flapping, silence and clears are settled; only a
 * condition that becomes confirmed may open a ticket. Pure: no clock, no file, no SQL, no global. Any thread.
 */
#ifndef FAULTLINE_CONDITION_H
#define FAULTLINE_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "bounds.h"
#include "record.h"
#include "times.h"

enum { CONDITION_REPORTER_BYTES = 32, CONDITION_CODE_BYTES = BOUND_CODE + 2 };

/* Identity of a condition on a device, as text and numbers that the store keeps as they are. */
struct condition_key {
    char bus[BOUND_BUS + 1];
    char reporter[CONDITION_REPORTER_BYTES]; /* "<kind>:<16 hex digits>", "logical" when there is none */
    char ns[BOUND_NAMESPACE + 1];
    char code[CONDITION_CODE_BYTES]; /* "?" behind it when its layout is not known for sure
                                        (fault_key.ambiguous): another condition than the same digits read
                                        with certainty */
    uint32_t mode;
    char component[BOUND_COMPONENT + 1];
};

/* When something happened on the device, as well as it can be known: it happened within
 * [at - bound, at + bound]. */
struct occurred {
    struct wall at;
    int64_t bound_ms;
};

struct condition {
    struct condition_key key;
    enum fault_state state;
    bool flapping;
    enum ticket_class class_; /* from the catalogue, else the application's hint, else general; never CLASS_UNSET */
    uint8_t severity;         /* 0 … 4 */
    char subject[BOUND_NAME + 1];
    uint32_t occurrences; /* times it became confirmed, as the collector counted */
    uint32_t flaps;       /* state changes in the running flap window */
    struct wall flap_window_start;
    struct wall first_seen, last_seen; /* occurred_at of the first and the latest transition */
    struct wall state_since;
    uint64_t epoch, number; /* the latest transition applied: order is the device's sequence, not its clock */
};

/* What a transition meant for the condition. */
enum condition_change {
    CONDITION_SAME,      /* nothing changed but counts and last_seen */
    CONDITION_CHANGED,   /* another state */
    CONDITION_CONFIRMED, /* became confirmed: a ticket must be open now, unless it is flapping */
};

/* Flapping: more than limit changes within window. While flapping the condition keeps counting but opens
 * nothing new; an open ticket keeps counting too. It ends after a whole window without a change. */
struct flap_policy {
    uint32_t limit;
    int64_t window_ms;
};

/* The key of a fault as reported; texts were capped by the codec. All bytes of ret are set, so that keys that
 * are equal are equal byte for byte. */
void condition_key_of(const struct fault_key *k, struct condition_key *ret);
/* The same for a key that came from elsewhere: bytes behind the texts' ends become 0. */
void condition_key_copy(const struct condition_key *from, struct condition_key *ret);

/* A condition never seen before: untested. */
void condition_init(struct condition *c, const struct condition_key *key);

/* Applies the transition; severity and class_ of c are set by the caller beforehand (catalogue). A transition
 * of the same epoch that is not behind the latest applied one changes nothing. */
enum condition_change condition_apply(struct condition *c, const struct fault_report *r, uint64_t epoch,
    uint64_t number, struct occurred when, const struct flap_policy *policy);

/* Time passed: a condition without a change for a whole window flaps no more. CONDITION_CONFIRMED when it
 * stayed confirmed: what was held back while it flapped is due now. */
enum condition_change condition_tick(struct condition *c, struct wall now, const struct flap_policy *policy);

#endif
