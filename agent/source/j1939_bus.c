/* j1939_bus.c: what the frames of one J1939 bus mean. See j1939_bus.h. */
#include "j1939_bus.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dm.h"
#include "ident.h"
#include "transport.h"

/* Parameter groups (J1939-21, -73, -81). */
enum pgn {
    PGN_ACKNOWLEDGEMENT = 59392,
    PGN_REQUEST = 59904,
    PGN_TRANSPORT_DATA = 60160,
    PGN_TRANSPORT_CONTROL = 60416,
    PGN_ADDRESS_CLAIMED = 60928,
    PGN_DM1 = 65226,
    PGN_DM3 = 65228,
    PGN_DM11 = 65235
};

enum { ABNORMAL_UPDATE_RATE = 9, NETWORK_DATA_IN_ERROR = 19 };                 /* FMIs about communication */
enum { SPN_OF_ADDRESS_0 = 2000, SPN_OF_ADDRESS_255 = SPN_OF_ADDRESS_0 + 255 }; /* "source address n" */
enum { LABEL_BYTES = 8, CODE_BYTES = 8, HEARD_EVERY_PACKETS = 16 };

struct j1939_bus {
    char name[BOUND_BUS + 1];
    const struct source_sink *sink;
    struct transport transport;
    struct names names;
    struct j1939_stats stats;
    uint64_t told[256][3]; /* hash of the identification last told, by address and kind */
    struct dm dm;
    struct sighting sightings[DM_CODES];
    char codes[DM_CODES][CODE_BYTES], subjects[DM_CODES][LABEL_BYTES];
};

/* A frame's head, and the bytes that belong to it (a whole message where it was a transfer). */
struct message {
    uint32_t pgn;
    uint8_t source, destination;
    const uint8_t *bytes;
    size_t n;
    bool single;
    const struct stamp *now;
};

static void assume(void *ctx, const struct reporter *r)
{
    struct j1939_bus *b = ctx;

    if (strcmp(r->bus, b->name) == 0)
        names_assume(&b->names, r->address, r->kind, r->id);
}

struct j1939_bus *j1939_bus_new(const char *name, const struct source_sink *sink)
{
    struct j1939_bus *b = calloc(1, sizeof *b);

    if (!b)
        abort();
    strncpy(b->name, name, sizeof b->name - 1);
    b->sink = sink;
    names_init(&b->names);
    transport_init(&b->transport);
    if (sink->known)
        sink->known(sink->ctx, "j1939", assume, b);
    return b;
}

void j1939_bus_free(struct j1939_bus *b)
{
    if (!b)
        return;
    transport_done(&b->transport);
    free(b);
}

const char *j1939_bus_name(const struct j1939_bus *b)
{
    return b->name;
}

const struct ecu *j1939_bus_ecu(const struct j1939_bus *b, enum reporter_kind kind, uint64_t id)
{
    return names_find(&b->names, kind, id);
}

void j1939_bus_stats(const struct j1939_bus *b, struct j1939_stats *ret)
{
    *ret = b->stats;
    ret->transfers = b->transport.completed;
    ret->transfers_dropped = b->transport.dropped;
}

/* ---- reporters */

/* label: LABEL_BYTES, kept by the caller as long as the reporter. */
static struct reporter reporter_of(const struct j1939_bus *b, const struct ecu *e, char *label)
{
    snprintf(label, LABEL_BYTES, "ecu:%u", e->last_address);
    return (struct reporter){.bus = b->name, .kind = e->kind, .id = e->id, .address = e->last_address, .label = label};
}

static void count_refusal(struct j1939_bus *b, int result)
{
    b->stats.refused += result != 0;
}

static void tell_moved(struct j1939_bus *b, const struct ecu *e, bool lost, const struct stamp *now)
{
    char label[LABEL_BYTES];
    struct fail f;

    if (!e)
        return;
    struct reporter r = reporter_of(b, e, label);
    count_refusal(b, b->sink->moved(b->sink->ctx, &r, lost, now, &f));
}

static void tell_change(struct j1939_bus *b, struct names_change change, const struct stamp *now)
{
    tell_moved(b, change.lost, true, now);
    tell_moved(b, change.moved, false, now);
}

/* The sender of a message; NULL while it is not known for certain. */
static struct ecu *sender(struct j1939_bus *b, const struct message *m)
{
    tell_change(b, names_settle(&b->names, m->source, m->now->mono), m->now);
    return names_at(&b->names, m->source);
}

/* ---- DM1 */

static bool is_network_code(const struct dm_code *c)
{
    return c->fmi == ABNORMAL_UPDATE_RATE || c->fmi == NETWORK_DATA_IN_ERROR ||
           (c->spn >= SPN_OF_ADDRESS_0 && c->spn <= SPN_OF_ADDRESS_255);
}

/* The controller that a network code names; nothing when it is the reporter itself or none. */
static void subject_of(const struct dm_code *c, uint8_t reporter, char *ret)
{
    bool names = c->spn >= SPN_OF_ADDRESS_0 && c->spn <= SPN_OF_ADDRESS_255;

    ret[0] = '\0';
    if (names && c->spn - SPN_OF_ADDRESS_0 != reporter)
        snprintf(ret, LABEL_BYTES, "ecu:%u", (unsigned)(c->spn - SPN_OF_ADDRESS_0) & 255);
}

static struct sighting sighting_of(struct j1939_bus *b, size_t i, uint8_t source)
{
    const struct dm_code *c = &b->dm.codes[i];

    snprintf(b->codes[i], CODE_BYTES, "%u", (unsigned)c->spn & 0x7ffff);
    subject_of(c, source, b->subjects[i]);
    return (struct sighting){.code = b->codes[i],
        .mode = c->fmi,
        .component = "",
        .ambiguous = c->converted,
        .source_occurrences = c->occurrences == DM_OCCURRENCES_UNKNOWN ? OCCURRENCES_NONE : c->occurrences,
        .subject = b->subjects[i],
        .network = is_network_code(c)};
}

static void tell_list(struct j1939_bus *b, struct ecu *e, const struct evidence *evidence, size_t count, bool complete,
    const struct stamp *now)
{
    char label[LABEL_BYTES];
    struct fail f;
    struct fault_list l = {.reporter = reporter_of(b, e, label),
        .ns = "j1939",
        .items = b->sightings,
        .count = count,
        .complete = complete,
        .evidence = *evidence};

    e->reported |= count > 0;
    count_refusal(b, b->sink->list(b->sink->ctx, &l, now, &f));
}

static void take_dm1(struct j1939_bus *b, const struct message *m)
{
    struct ecu *e = sender(b, m);

    if (!e) {
        b->stats.contested++;
        return;
    }
    if (!dm_decode(m->bytes, m->n, m->single, &b->dm)) {
        b->stats.truncated++;
        return;
    }
    for (size_t i = 0; i < b->dm.count; i++)
        b->sightings[i] = sighting_of(b, i, m->source);
    if (b->dm.truncated)
        b->stats.truncated++;
    else
        b->stats.dm1++;
    const struct evidence evidence = {.lamps = b->dm.lamps,
        .quality = b->dm.truncated ? QUALITY_TRUNCATED : QUALITY_GOOD,
        .raw = m->bytes,
        .raw_bytes = m->n};
    tell_list(b, e, &evidence, b->dm.count, !b->dm.truncated, m->now);
}

/* A list of 445 codes takes 12.8 s to send: its sender is not silent meanwhile. */
static void keep_alive(struct j1939_bus *b, const struct message *m)
{
    static const struct evidence none = {.lamps = LAMPS_NONE};
    uint32_t pgn;
    unsigned packets;

    if (!transport_progress(&b->transport, m->source, m->destination, &pgn, &packets) || pgn != PGN_DM1 ||
        packets % HEARD_EVERY_PACKETS != 0)
        return;
    struct ecu *e = sender(b, m);
    if (e)
        tell_list(b, e, &none, 0, false, m->now);
}

/* ---- clears */

static uint32_t pgn_at(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
}

/* A positive acknowledgement of DM11 (active codes cleared) or DM3 (previously active ones): byte 5 is who asked. */
static void take_acknowledgement(struct j1939_bus *b, const struct message *m)
{
    char label[LABEL_BYTES], actor[LABEL_BYTES];
    struct fail f;

    if (m->n < 8 || m->bytes[0] != 0)
        return;
    uint32_t pgn = pgn_at(m->bytes + 5);
    struct ecu *e = pgn == PGN_DM11 || pgn == PGN_DM3 ? sender(b, m) : NULL;
    if (!e)
        return;
    struct reporter r = reporter_of(b, e, label);
    snprintf(actor, sizeof actor, "sa:%u", m->bytes[4]);
    count_refusal(b, b->sink->cleared(b->sink->ctx, &r, "j1939", pgn == PGN_DM11, actor, m->now, &f));
}

/* ---- identification */

static uint64_t hash_of(const uint8_t *bytes, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (size_t i = 0; i < n; i++)
        h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    return h;
}

static struct part part_of(const struct message *m, const struct ident *id, const char *position)
{
    if (m->pgn == IDENT_COMPONENT_PGN) /* make, model, serial number, unit number */
        return (struct part){.position = position,
            .supplier = id->fields[0],
            .part_no = id->fields[1],
            .serial = id->fields[2],
            .lot = "",
            .made_date = "",
            .source = "j1939:65259"};
    return (struct part){.position = position, /* part number, serial number, location, type, manufacturer */
        .part_no = id->fields[0],
        .serial = id->fields[1],
        .supplier = id->fields[4],
        .lot = "",
        .made_date = "",
        .source = "j1939:64965"};
}

static void tell_inventory(struct j1939_bus *b, const struct inventory *i, const struct stamp *now)
{
    struct fail f;

    count_refusal(b, b->sink->inventory(b->sink->ctx, i, now, &f));
}

static void take_part(struct j1939_bus *b, const struct message *m)
{
    char position[BOUND_NAME];
    const struct ident id = ident_parse(m->bytes, m->n);

    snprintf(
        position, sizeof position, "%s:%s:%u", b->name, m->pgn == IDENT_COMPONENT_PGN ? "component" : "ecu", m->source);
    const struct part part = part_of(m, &id, position);
    const struct inventory i = {
        .product_line = "", .model = "", .serial = "", .hardware = "", .parts = &part, .part_count = 1};
    if (part.part_no[0] || part.serial[0])
        tell_inventory(b, &i, m->now);
}

static void take_software(struct j1939_bus *b, const struct message *m)
{
    char component[BOUND_NAME], version[BOUND_NAME + 1];

    snprintf(component, sizeof component, "%s:ecu:%u", b->name, m->source);
    ident_version(m->bytes, m->n, version);
    const struct firmware firmware = {component, version};
    const struct inventory i = {
        .product_line = "", .model = "", .serial = "", .hardware = "", .firmware = &firmware, .firmware_count = 1};
    if (version[0])
        tell_inventory(b, &i, m->now);
}

/* Identification is broadcast again and again: told when it is new. */
static void take_identification(struct j1939_bus *b, const struct message *m)
{
    unsigned kind = m->pgn == IDENT_COMPONENT_PGN ? 0 : m->pgn == IDENT_ECU_PGN ? 1 : 2;
    uint64_t hash = hash_of(m->bytes, m->n), *told = &b->told[m->source][kind];

    if (*told == hash || !memchr(m->bytes, '*', m->n))
        return;
    *told = hash;
    if (m->pgn == IDENT_SOFTWARE_PGN)
        take_software(b, m);
    else
        take_part(b, m);
}

/* ---- frames */

static void take_claim(struct j1939_bus *b, const struct message *m)
{
    uint64_t name = 0;

    if (m->n < 8)
        return;
    for (unsigned i = 0; i < 8; i++)
        name |= (uint64_t)m->bytes[i] << 8 * i;
    if (m->source < NAMES_NO_ADDRESS)
        tell_change(b, names_settle(&b->names, m->source, m->now->mono), m->now);
    tell_change(b, names_claim(&b->names, m->source, name, m->now->mono), m->now);
}

/* A whole message, from one frame or from a transfer. */
static void take_message(struct j1939_bus *b, const struct message *m)
{
    switch (m->pgn) {
    case PGN_DM1:
        take_dm1(b, m);
        break;
    case IDENT_COMPONENT_PGN:
    case IDENT_SOFTWARE_PGN:
    case IDENT_ECU_PGN:
        take_identification(b, m);
        break;
    default:
        break;
    }
}

static void take_packet(struct j1939_bus *b, const struct message *m)
{
    struct transport_message whole;
    struct message assembled = *m;

    if (!transport_data(&b->transport, m->source, m->destination, m->bytes, m->now->mono, &whole)) {
        keep_alive(b, m);
        return;
    }
    assembled.pgn = whole.pgn;
    assembled.bytes = whole.bytes;
    assembled.n = whole.size;
    assembled.single = false;
    take_message(b, &assembled);
}

/* Below 240 the second byte is the destination, from there on it belongs to the group (J1939-21 5.1.2). */
static struct message message_of(uint32_t id, const uint8_t *data, size_t n, const struct stamp *now)
{
    uint32_t pgn = id >> 8 & 0x3ffff;
    bool directed = (pgn >> 8 & 255) < 240;

    return (struct message){.pgn = directed ? pgn & 0x3ff00 : pgn,
        .source = (uint8_t)id,
        .destination = directed ? (uint8_t)pgn : NAMES_GLOBAL,
        .bytes = data,
        .n = n,
        .single = true,
        .now = now};
}

void j1939_bus_frame(struct j1939_bus *b, uint32_t id, const uint8_t *data, size_t n, const struct stamp *now)
{
    const struct message m = message_of(id, data, n, now);

    assert(n <= 8);
    b->stats.frames++;
    switch (m.pgn) {
    case PGN_TRANSPORT_CONTROL:
        if (n == 8)
            transport_control(&b->transport, m.source, m.destination, data, now->mono);
        break;
    case PGN_TRANSPORT_DATA:
        if (n == 8)
            take_packet(b, &m);
        break;
    case PGN_ADDRESS_CLAIMED:
        take_claim(b, &m);
        break;
    case PGN_REQUEST:
        if (n >= 3 && pgn_at(data) == PGN_ADDRESS_CLAIMED)
            names_asked(&b->names, now->mono);
        break;
    case PGN_ACKNOWLEDGEMENT:
        take_acknowledgement(b, &m);
        break;
    default:
        take_message(b, &m);
        break;
    }
}

void j1939_bus_gone(struct j1939_bus *b, const struct stamp *now)
{
    char label[LABEL_BYTES];
    struct fail f;

    for (size_t i = 0; i < BOUND_J1939_REPORTERS; i++) {
        const struct ecu *e = &b->names.ecus[i];

        if (!e->used || !e->reported)
            continue;
        struct reporter r = reporter_of(b, e, label);
        r.label = ""; /* nobody is the culprit: the bus is */
        count_refusal(b, b->sink->silent(b->sink->ctx, &r, now, &f));
    }
}
