/* ticket.h: a piece of service work and the number it is known by; its first clocks. Pure. Any thread. */
#ifndef FAULTLINE_TICKET_H
#define FAULTLINE_TICKET_H

#include <stdbool.h>
#include <stdint.h>

#include "condition.h"

enum ticket_state {
    TICKET_NEW,
    TICKET_TRIAGED, /* has its class; device tickets are born here */
    TICKET_ASSIGNED,
    TICKET_IN_PROGRESS,
    TICKET_WAITING,
    TICKET_RESOLVED,
    TICKET_CLOSED,
    TICKET_CANCELLED,
    TICKET_STATE_COUNT
};

const char *ticket_state_word(enum ticket_state state);

/* A ticket is (shard, n): n counts from 1 in each shard. Printed "FL-3F-000017". */
struct ticket_number {
    uint8_t shard;
    int64_t n;
};

enum { TICKET_NUMBER_BYTES = 28 };

const char *ticket_number_text(struct ticket_number number, char text[static TICKET_NUMBER_BYTES]);
bool ticket_number_parse(const char *text, struct ticket_number *ret); /* case of letters does not matter */

/* One clock of a ticket. All its times are UTC. */
enum clock_kind { CLOCK_TRIAGE, CLOCK_FIRST_RESPONSE, CLOCK_KIND_COUNT };
enum clock_state {
    CLOCK_RUNNING,
    CLOCK_MET,
    CLOCK_BREACHED,
    CLOCK_MET_LATE,
    CLOCK_NO_TARGET,
    CLOCK_CANCELLED,
    CLOCK_STATE_COUNT
};

struct ticket_clock {
    enum clock_kind kind;
    enum clock_state state;
    struct wall start;
    int64_t target_ms;   /* elapsed time; 0 with CLOCK_NO_TARGET */
    struct wall due;     /* start + target; after a rise of the class the target counts from the repeat */
    struct wall stopped; /* ms 0 = not stopped */
    bool late_arrival;   /* the report came so late that the clock was started in the past: counted apart */
    uint32_t policy_version;
};

const char *clock_kind_word(enum clock_kind kind);
const char *clock_state_word(enum clock_state state);

/* One line of the policy table: what a product line promises. */
struct clock_policy {
    char product_line[BOUND_NAME + 1];
    enum ticket_class class_;
    enum clock_kind kind;
    int64_t target_ms;
    uint32_t version;
};

/* Starts the clock of a ticket that is opened at `now` for a fault that occurred at `when`: a backlog's fault
 * is dated when it happened (its latest possible moment) and gets no fresh promise. policy
 * NULL = no target. A clock whose due has passed already is born breached. */
void clock_start(struct ticket_clock *c, enum clock_kind kind, const struct clock_policy *policy, struct occurred when,
    struct wall now);

/* The ticket's class rose at `now`, for a repeat that occurred at `when`, and with it the promise; policy is the new
 * class's, NULL = it promises nothing of its own. The start stays. Due is what the new promise gives from the repeat on,
 * but never later than before: nobody could have kept an urgent promise while the fault was an ordinary one. What is
 * stopped or breached stays so. True when the clock changed. */
bool clock_raise(struct ticket_clock *c, const struct clock_policy *policy, struct occurred when, struct wall now);

/* The stop event of the clock happened. Breached stays on record: MET_LATE. */
void clock_stop(struct ticket_clock *c, struct wall at);

/* Time passed: a running clock whose due is reached is breached. Returns true when it changed. */
bool clock_tick(struct ticket_clock *c, struct wall now);

struct ticket {
    struct ticket_number number;
    char device[BOUND_SUBJECT_ID + 1];
    struct condition_key key;
    enum ticket_state state;
    enum ticket_class class_;
    char product_line[BOUND_NAME + 1], model[BOUND_NAME + 1];
    struct occurred occurred;
    struct wall received; /* when the collector had the report */
    struct wall opened;
    uint32_t occurrences; /* confirmations joined, the first included */
    struct wall last_seen;
    int64_t version; /* row version, from 1 */
};

#endif
