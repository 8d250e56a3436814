/* j1939_bus.h: one J1939 bus: frames in, what they mean to a source's sink. Pure: time comes with each frame.
 *
 * Above it: j1939.c and the replay. Below it: transport.c (transfers), names.c (who is who), dm.c (code lists), ident.c. */
#ifndef FAULTLINE_J1939_BUS_H
#define FAULTLINE_J1939_BUS_H

#include "names.h"
#include "source.h"

struct j1939_stats {
    uint64_t frames;
    uint64_t dm1;       /* complete lists of active codes */
    uint64_t truncated; /* lists that were not */
    uint64_t contested; /* lists from an address that is contested, not taken */
    uint64_t transfers, transfers_dropped;
    uint64_t refused; /* deliveries that the sink refused */
};

struct j1939_bus;

/* name is copied; sink is borrowed for the bus's life. */
struct j1939_bus *j1939_bus_new(const char *name, const struct source_sink *sink);
void j1939_bus_free(struct j1939_bus *b); /* NULL is fine */
const char *j1939_bus_name(const struct j1939_bus *b);

/* One frame with a 29-bit identifier. n ≤ 8. */
void j1939_bus_frame(struct j1939_bus *b, uint32_t id, const uint8_t *data, size_t n, const struct stamp *now);
/* The bus itself is gone (bus-off, interface down): all that were reported are silent. */
void j1939_bus_gone(struct j1939_bus *b, const struct stamp *now);

/* The ECU known under a reporter's identity; NULL: unknown. */
const struct ecu *j1939_bus_ecu(const struct j1939_bus *b, enum reporter_kind kind, uint64_t id);
void j1939_bus_stats(const struct j1939_bus *b, struct j1939_stats *ret);

#endif
