/* names.h: who sends from which address: J1939-81 address claims, as somebody who only listens. One struct a bus. Pure.
 *
 * An ECU is known by its NAME once it claims an address while it is listened to. One that was already talking is known by
 * its address alone; when a claim for that address comes, it may be that ECU's own or an intruder's, which the answer within
 * 250 ms tells: "cannot claim" (from address 254) or, unless claims were just asked for, another address claimed by an
 * unknown NAME means that the ECU lost; its own lower NAME on the same address means that it won; nothing means that the claim
 * was its own. Meanwhile nobody is known to send from that address.
 *
 * What an ECU was first reported as stays its identity (`kind`, `id`) even when its NAME becomes known later. */
#ifndef FAULTLINE_NAMES_H
#define FAULTLINE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "record.h"
#include "times.h"

enum { NAMES_NO_ADDRESS = 254, NAMES_GLOBAL = 255, NAMES_CONTEST_MS = 250, NAMES_ANSWER_MS = 1250 };

struct ecu {
    bool used, named, reported; /* reported: something was said under its identity, which is fixed from then on */
    uint64_t name;
    enum reporter_kind kind; /* REPORTER_J1939_NAME or REPORTER_CAN_ADDRESS */
    uint64_t id;
    uint8_t address;      /* NAMES_NO_ADDRESS: it has none */
    uint8_t last_address; /* the latest it had */
    struct mono since;    /* of the latest change of address */
};

struct names {
    struct ecu ecus[BOUND_J1939_REPORTERS];
    struct ecu *holders[256]; /* by address */
    struct contest {
        bool open;
        uint64_t name;
        struct mono since;
    } contests[256];
    bool asked; /* somebody asked for address claims */
    struct mono asked_at;
};

/* What a claim or the end of a contest did; NULL = nobody. */
struct names_change {
    const struct ecu *lost, *moved;
};

void names_init(struct names *n);

/* A contest for the address whose 250 ms are over is decided. Call before names_at() and
 * names_claim(). */
struct names_change names_settle(struct names *n, uint8_t address, struct mono now);
/* Who sends from address; NULL while that is contested, for 254 and 255, and when there is no room. */
struct ecu *names_at(struct names *n, uint8_t address);

/* From before the agent was started: who was reported from address last, taken to be there still until a claim says
 * otherwise. Nothing happens when the address is held already. */
void names_assume(struct names *n, uint8_t address, enum reporter_kind kind, uint64_t id);

/* An address claim (from 254: cannot claim). A request for claims. */
struct names_change names_claim(struct names *n, uint8_t address, uint64_t name, struct mono now);
void names_asked(struct names *n, struct mono now);

/* The ECU of that identity; NULL: unknown. */
const struct ecu *names_find(const struct names *n, enum reporter_kind kind, uint64_t id);

#endif
