/* transport.c: J1939-21 transport protocol, listening only. See transport.h. */
#include "transport.h"

#include <stdlib.h>
#include <string.h>

enum control { CONTROL_RTS = 16, CONTROL_CTS = 17, CONTROL_END = 19, CONTROL_BAM = 32, CONTROL_ABORT = 255 };
enum { T1_MS = 750, T2_MS = 1250 };

struct transfer {
    uint8_t source, destination;
    uint32_t pgn;
    size_t size;
    unsigned packets, next; /* next: sequence number expected, from 1 */
    unsigned most;          /* highest sequence number taken */
    struct mono heard;
    uint8_t bytes[BOUND_RAW_BYTES];
    uint8_t last[8];
};

void transport_init(struct transport *t)
{
    *t = (struct transport){.completed = 0};
}

void transport_done(struct transport *t)
{
    for (size_t i = 0; i < BOUND_J1939_TRANSFERS; i++)
        free(t->open[i]);
    free(t->finished);
    transport_init(t);
}

static struct transfer **find(struct transport *t, uint8_t source, uint8_t destination)
{
    for (size_t i = 0; i < BOUND_J1939_TRANSFERS; i++) {
        struct transfer *x = t->open[i];

        if (x && x->source == source && x->destination == destination)
            return &t->open[i];
    }
    return NULL;
}

static void drop(struct transport *t, struct transfer **x)
{
    if (!x)
        return;
    free(*x);
    *x = NULL;
    t->dropped++;
}

/* A free place; the transfer heard longest ago gives way when there is none. */
static struct transfer **place(struct transport *t)
{
    struct transfer **oldest = NULL;

    for (size_t i = 0; i < BOUND_J1939_TRANSFERS; i++) {
        struct transfer **x = &t->open[i];

        if (!*x)
            return x;
        if (!oldest || (*x)->heard.ms < (*oldest)->heard.ms)
            oldest = x;
    }
    drop(t, oldest);
    return oldest;
}

static uint32_t pgn_of(const uint8_t data[8])
{
    return data[5] | (uint32_t)data[6] << 8 | (uint32_t)(data[7] & 3) << 16;
}

static void announce(struct transport *t, uint8_t source, uint8_t destination, const uint8_t data[8], struct mono now)
{
    size_t size = data[1] | (size_t)data[2] << 8;
    unsigned packets = data[3];

    drop(t, find(t, source, destination));
    if (size == 0 || size > BOUND_RAW_BYTES || packets != (size + 6) / TRANSPORT_PACKET_BYTES) {
        t->dropped++;
        return;
    }
    struct transfer **to = place(t);
    *to = calloc(1, sizeof **to);
    if (!*to)
        abort();
    **to = (struct transfer){.source = source,
        .destination = destination,
        .pgn = pgn_of(data),
        .size = size,
        .packets = packets,
        .next = 1,
        .heard = now};
}

/* The receiver is ready for packets from data[2] on: maybe for some that it had before. */
static void go_on_from(struct transfer **x, const uint8_t data[8], struct mono now)
{
    if (!x || (*x)->pgn != pgn_of(data))
        return;
    (*x)->heard = now;
    if (data[1] > 0 && data[2] >= 1 && data[2] <= (*x)->most + 1)
        (*x)->next = data[2];
}

void transport_control(struct transport *t, uint8_t source, uint8_t destination, const uint8_t data[8], struct mono now)
{
    switch (data[0]) {
    case CONTROL_BAM:
        if (destination == TRANSPORT_BROADCAST)
            announce(t, source, destination, data, now);
        break;
    case CONTROL_RTS:
        if (destination != TRANSPORT_BROADCAST)
            announce(t, source, destination, data, now);
        break;
    case CONTROL_CTS:
        if (destination != TRANSPORT_BROADCAST && source != TRANSPORT_BROADCAST)
            go_on_from(find(t, destination, source), data, now);
        break;
    case CONTROL_ABORT: /* by either side; never of a broadcast */
        if (destination != TRANSPORT_BROADCAST) {
            drop(t, find(t, source, destination));
            drop(t, find(t, destination, source));
        }
        break;
    case CONTROL_END:
    default:
        break;
    }
}

static bool timed_out(const struct transfer *x, struct mono now)
{
    return now.ms - x->heard.ms > (x->destination == TRANSPORT_BROADCAST ? T1_MS : T2_MS);
}

static void store(struct transfer *x, const uint8_t data[8], struct mono now)
{
    size_t offset = (x->next - 1) * (size_t)TRANSPORT_PACKET_BYTES, left = x->size - offset;

    memcpy(x->bytes + offset, data + 1, left < TRANSPORT_PACKET_BYTES ? left : TRANSPORT_PACKET_BYTES);
    memcpy(x->last, data, sizeof x->last);
    x->heard = now;
    if (x->next > x->most)
        x->most = x->next;
    x->next++;
}

static void complete(struct transport *t, struct transfer **x, struct transport_message *ret)
{
    free(t->finished);
    t->finished = *x;
    *x = NULL;
    t->completed++;
    *ret = (struct transport_message){t->finished->pgn, t->finished->bytes, t->finished->size};
}

bool transport_data(struct transport *t, uint8_t source, uint8_t destination, const uint8_t data[8], struct mono now,
    struct transport_message *ret)
{
    struct transfer **x = find(t, source, destination);

    if (!x)
        return false;
    if (timed_out(*x, now)) {
        drop(t, x);
        return false;
    }
    if (data[0] != (*x)->next) {
        if ((*x)->next == 1 || memcmp(data, (*x)->last, sizeof(*x)->last) != 0)
            drop(t, x);
        return false;
    }
    store(*x, data, now);
    if ((*x)->next <= (*x)->packets)
        return false;
    complete(t, x, ret);
    return true;
}

bool transport_progress(
    const struct transport *t, uint8_t source, uint8_t destination, uint32_t *ret_pgn, unsigned *ret_packets)
{
    for (size_t i = 0; i < BOUND_J1939_TRANSFERS; i++) {
        const struct transfer *x = t->open[i];

        if (x && x->source == source && x->destination == destination) {
            *ret_pgn = x->pgn;
            *ret_packets = x->next - 1;
            return true;
        }
    }
    return false;
}
