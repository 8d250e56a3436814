/* transport.h: J1939-21 transport protocol, as somebody who only listens: puts the packets of BAM and of RTS/CTS transfers
 * back together.
 *
 * One struct a bus. A transfer is known by (source, destination): a broadcast (destination 255) and a directed transfer
 * of one source may interleave. A new announcement replaces an unfinished transfer of the same pair; a packet out of sequence,
 * silence (T1 750 ms between broadcast packets, T2 1,250 ms for directed ones) and an abort drop it. A packet that repeats
 * the last one byte for byte is taken once; in a directed transfer the receiver may ask again for packets it had (CTS).
 * Pure: time is an argument. */
#ifndef FAULTLINE_TRANSPORT_H
#define FAULTLINE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "times.h"

enum { TRANSPORT_BROADCAST = 255, TRANSPORT_PACKET_BYTES = 7 };

struct transfer;

struct transport {
    struct transfer *open[BOUND_J1939_TRANSFERS];
    struct transfer *finished;   /* the last message's bytes */
    uint64_t completed, dropped; /* dropped: replaced, out of sequence, timed out, aborted, pushed out */
};

struct transport_message {
    uint32_t pgn;
    const uint8_t *bytes; /* borrowed until the next message is complete */
    size_t size;
};

void transport_init(struct transport *t);
void transport_done(struct transport *t);

/* A TP.CM frame (PGN 60416) of 8 bytes. */
void transport_control(
    struct transport *t, uint8_t source, uint8_t destination, const uint8_t data[8], struct mono now);
/* A TP.DT frame (PGN 60160) of 8 bytes; true when it was the last one of a message. */
bool transport_data(struct transport *t, uint8_t source, uint8_t destination, const uint8_t data[8], struct mono now,
    struct transport_message *ret);

/* The PGN under way from source to destination and how many packets have come; false: none. */
bool transport_progress(
    const struct transport *t, uint8_t source, uint8_t destination, uint32_t *ret_pgn, unsigned *ret_packets);

#endif
