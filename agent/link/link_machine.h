/* link_machine.h: what the link decides, without a socket, a spool or a clock: when to connect, what to send next, what a
 * receipt means. Pure: time is an argument, chance comes from a struct rng, and the caller does what it is told.
 *
 *      start            connected                lost, drop
 * IDLE ──────► CONNECTING ──────► CONNECTED ──────────────┐
 *                 ▲   │ lost, drop                        │
 *                 │   ▼                                   │
 *                 └─ BACKING_OFF ◄────────────────────────┘
 *
 * Promises (with the rules of faultline.proto, Receipt)
 * 1. A record is free only when a receipt of this epoch and its lane covers it, and only if it was sent.
 * 2. Records of a lane are sent in order. They are sent again after a silence, after a reconnect, and where a receipt
 *    asks; the same question is answered once, however often it is asked before anything has moved.
 * 3. At most LINK_WINDOW messages wait for a receipt. The fault lane goes first, and always has room beside health.
 *    While the broker says that nobody listens (PUBACK 0x10), what was sent before goes out one message at a time, at
 *    distances that double whatever chance says. What is new goes at once when nothing but that message is before it,
 *    and finds out whether somebody is back.
 * 4. A receipt that speaks of numbers which the spool never gave frees nothing: somebody else used this epoch (a spool
 *    restored from an older copy, or cloned), and another one has to begin (faultline.proto, Receipt, rule 8).
 * 5. Between two attempts to connect lies a random time below 1 s, 2 s, 4 s … the cap; a minute of stable connection
 *    starts the count anew. */
#ifndef FAULTLINE_LINK_MACHINE_H
#define FAULTLINE_LINK_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"
#include "times.h"

enum {
    LINK_WINDOW = 16,       /* messages that wait for a receipt: ≤ 256 KiB at the broker for a device */
    LINK_WINDOW_HEALTH = 8, /* of them at most this many of the health lane */
};

struct link_policy {
    int64_t backoff_first_ms, backoff_max_ms; /* reconnect: random below first, 2 × first, … max */
    int64_t stable_ms;                        /* connected for so long: the next loss starts at first again */
    int64_t connect_timeout_ms;
    int64_t ack_timeout_ms;                 /* no PUBACK for so long while one is due: the connection is dead */
    int64_t resend_first_ms, resend_max_ms; /* no receipt: again after first + random below first, 2 × first, … max */
    int64_t retry_after_max_ms;             /* a receipt may ask for no longer pause */
};

enum link_state { LINK_IDLE, LINK_CONNECTING, LINK_CONNECTED, LINK_BACKING_OFF };

struct link_message {
    enum lane lane;
    uint64_t last; /* the highest number in it */
    int id;        /* of the PUBLISH */
    bool acked;
};

struct link_lane {
    uint64_t first;     /* lowest number without a receipt */
    uint64_t sent;      /* next number to send */
    uint64_t highest;   /* one above the highest number ever sent */
    uint64_t answered;  /* the hole that the last resend answered, until something moves; 0 = none */
    unsigned resends;   /* in a row */
    struct mono resend; /* when to send again, while something waits for its receipt */
    struct mono hold;   /* nothing is sent before */
};

struct link_counters {
    uint64_t connects, losses, messages, resends;
    uint64_t receipts, receipts_foreign, receipts_beyond; /* all; of another epoch; beyond what was sent */
    uint64_t refused_messages;                            /* PUBACK ≥ 0x80 */
};

struct link_machine {
    struct link_policy policy;
    const struct rng *rng; /* borrowed */
    uint64_t epoch;
    enum link_state state;
    unsigned attempts; /* to connect, in a row */
    struct mono since; /* when the state was entered */
    struct mono retry; /* BACKING_OFF: when to connect */
    struct mono heard; /* the last PUBACK, or the first message since all were acked */
    unsigned refusals; /* in a row */
    bool unheard;      /* the last PUBACK said that nobody listens */
    struct link_lane lanes[LANE_COUNT];
    struct link_message window[LINK_WINDOW];
    size_t window_count;
    struct link_counters counters;
};

void link_machine_init(struct link_machine *m, const struct link_policy *policy, const struct rng *rng, uint64_t epoch);

/* ---- what happened */

/* IDLE only: connect as soon as possible. */
void link_machine_start(struct link_machine *m, struct mono now);

/* The session is up. first: the lowest number of each lane without a receipt; sending starts there. */
void link_machine_connected(struct link_machine *m, struct mono now, const uint64_t first[static LANE_COUNT]);

/* The connection failed or is gone. */
void link_machine_lost(struct link_machine *m, struct mono now);

/* Somebody changed something (certificates, network): the count of attempts starts anew, and a pause is cut to a first
 * one. */
void link_machine_hurry(struct link_machine *m, struct mono now);

/* The numbers up to last of a lane went out in the message with this id. */
void link_machine_sent(struct link_machine *m, struct mono now, enum lane lane, uint64_t last, int id);

/* PUBACK. A reason of 0x80 or above is a refusal: all is sent again, after a growing pause. */
void link_machine_acked(struct link_machine *m, struct mono now, int id, int reason);

/* One lane of a receipt. Tells what to do with the spool: free everything below free_below (0 = nothing), or take
 * everything from rewind_to on back (0 = nothing) and then call link_machine_rewound(). */
struct link_effect {
    uint64_t free_below;
    uint64_t rewind_to;
};
struct link_effect link_machine_receipt(
    struct link_machine *m, struct mono now, uint64_t epoch, const struct lane_receipt *r);

/* Whether lanes of a receipt speak of numbers that were never given (promise 4): then none of them is to be taken. next as
 * for link_machine_todo(). */
bool link_machine_contradicts(struct link_machine *m, uint64_t epoch, const struct lane_receipt *lanes, size_t count,
    const uint64_t next[static LANE_COUNT]);

/* All numbers are new; the connection, whose last will tells the old epoch, is to be ended. */
void link_machine_new_epoch(struct link_machine *m, uint64_t epoch);

/* The spool was taken back: its lowest number without a receipt is now first; sending goes on there. */
void link_machine_rewound(struct link_machine *m, enum lane lane, uint64_t first);

/* ---- what to do now */

enum link_todo { LINK_WAIT, LINK_CONNECT, LINK_DROP, LINK_SEND };

/* next: the number that the next record of each lane will get. LINK_CONNECT: start connecting (the state has changed).
 * LINK_DROP: give the connection up (the state has changed). LINK_SEND: send records of *ret_lane from lanes[].sent on,
 * then tell link_machine_sent(). Ask until it says LINK_WAIT. */
enum link_todo link_machine_todo(
    struct link_machine *m, struct mono now, const uint64_t next[static LANE_COUNT], enum lane *ret_lane);

/* When to ask link_machine_todo() again if nothing happens before: ms from now, -1 = never. */
int64_t link_machine_due_ms(const struct link_machine *m, struct mono now, const uint64_t next[static LANE_COUNT]);

#endif
