/* j1939_net.c: one bus for each interface. See j1939_net.h. */
#include "j1939_net.h"

#include <string.h>

void j1939_net_init(struct j1939_net *net, const char *bus, const struct source_sink *sink)
{
    *net = (struct j1939_net){.sink = sink, .bus = bus};
}

void j1939_net_done(struct j1939_net *net)
{
    for (size_t i = 0; i < net->count; i++)
        j1939_bus_free(net->buses[i]);
    net->count = 0;
}

static struct j1939_bus *find(const struct j1939_net *net, const char *name)
{
    for (size_t i = 0; i < net->count; i++)
        if (strcmp(j1939_bus_name(net->buses[i]), name) == 0)
            return net->buses[i];
    return NULL;
}

static struct j1939_bus *find_or_add(struct j1939_net *net, const char *name)
{
    struct j1939_bus *b = find(net, name);

    if (b || net->count == BOUND_J1939_BUSES)
        return b;
    return net->buses[net->count++] = j1939_bus_new(name, net->sink);
}

void j1939_net_frame(struct j1939_net *net, const struct can_frame_read *f, const struct stamp *now)
{
    struct j1939_bus *b = find_or_add(net, net->bus[0] ? net->bus : f->interface);

    if (b)
        j1939_bus_frame(b, f->id, f->data, f->length, now);
    else
        net->unplaced++;
}

void j1939_net_gone(struct j1939_net *net, const struct stamp *now)
{
    for (size_t i = 0; i < net->count; i++)
        j1939_bus_gone(net->buses[i], now);
}

const struct ecu *j1939_net_ecu(const struct j1939_net *net, const char *bus, enum reporter_kind kind, uint64_t id)
{
    const struct j1939_bus *b = find(net, bus);

    return b ? j1939_bus_ecu(b, kind, id) : NULL;
}

void j1939_net_stats(const struct j1939_net *net, struct j1939_stats *ret)
{
    *ret = (struct j1939_stats){.frames = net->unplaced};
    for (size_t i = 0; i < net->count; i++) {
        struct j1939_stats s;

        j1939_bus_stats(net->buses[i], &s);
        ret->frames += s.frames;
        ret->dm1 += s.dm1;
        ret->truncated += s.truncated;
        ret->contested += s.contested;
        ret->transfers += s.transfers;
        ret->transfers_dropped += s.transfers_dropped;
        ret->refused += s.refused;
    }
}
