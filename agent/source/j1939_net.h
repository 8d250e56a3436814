/* j1939_net.h: the buses of one input, told apart by the interface that each frame names. Pure. */
#ifndef FAULTLINE_J1939_NET_H
#define FAULTLINE_J1939_NET_H

#include "canline.h"
#include "j1939_bus.h"

struct j1939_net {
    const struct source_sink *sink;
    const char *bus; /* not "": all frames are of this one bus */
    struct j1939_bus *buses[BOUND_J1939_BUSES];
    size_t count;
    uint64_t unplaced; /* frames of further interfaces, ignored */
};

/* bus and sink are borrowed for the net's life. */
void j1939_net_init(struct j1939_net *net, const char *bus, const struct source_sink *sink);
void j1939_net_done(struct j1939_net *net);

void j1939_net_frame(struct j1939_net *net, const struct can_frame_read *f, const struct stamp *now);
void j1939_net_gone(struct j1939_net *net, const struct stamp *now);

/* The ECU known under a reporter's identity on the bus of that name; NULL: unknown. */
const struct ecu *j1939_net_ecu(const struct j1939_net *net, const char *bus, enum reporter_kind kind, uint64_t id);
/* Of all buses together. */
void j1939_net_stats(const struct j1939_net *net, struct j1939_stats *ret);

#endif
