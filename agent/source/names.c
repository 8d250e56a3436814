/* names.c: J1939-81 address claims, listening only. See names.h.
 *
 * Invariants: holders[a] is NULL or an ECU whose address is a, and every ECU with an address is the holder of it. */
#include "names.h"

static const struct names_change no_change;

void names_init(struct names *n)
{
    *n = (struct names){.asked = false};
}

static struct ecu *by_name(struct names *n, uint64_t name)
{
    for (size_t i = 0; i < BOUND_J1939_REPORTERS; i++)
        if (n->ecus[i].used && n->ecus[i].named && n->ecus[i].name == name)
            return &n->ecus[i];
    return NULL;
}

const struct ecu *names_find(const struct names *n, enum reporter_kind kind, uint64_t id)
{
    for (size_t i = 0; i < BOUND_J1939_REPORTERS; i++)
        if (n->ecus[i].used && n->ecus[i].kind == kind && n->ecus[i].id == id)
            return &n->ecus[i];
    return NULL;
}

/* A free place; else that of the ECU which lost its address longest ago. NULL when all have addresses. */
static struct ecu *place(struct names *n)
{
    struct ecu *oldest = NULL;

    for (size_t i = 0; i < BOUND_J1939_REPORTERS; i++) {
        struct ecu *e = &n->ecus[i];

        if (!e->used)
            return e;
        if (e->address == NAMES_NO_ADDRESS && (!oldest || e->since.ms < oldest->since.ms))
            oldest = e;
    }
    return oldest;
}

static void set_name(struct ecu *e, uint64_t name)
{
    e->named = true;
    e->name = name;
    if (e->reported)
        return;
    e->kind = REPORTER_J1939_NAME;
    e->id = name;
}

static void leave(struct names *n, struct ecu *e, struct mono now)
{
    if (e->address != NAMES_NO_ADDRESS)
        n->holders[e->address] = NULL;
    e->address = NAMES_NO_ADDRESS;
    e->since = now;
}

static void hold(struct names *n, struct ecu *e, uint8_t address, struct mono now)
{
    leave(n, e, now);
    e->address = e->last_address = address;
    n->holders[address] = e;
}

static struct ecu *new_ecu(struct names *n, uint8_t address, struct mono now)
{
    struct ecu *e = place(n);

    if (!e)
        return NULL;
    *e = (struct ecu){.used = true, .kind = REPORTER_CAN_ADDRESS, .id = address, .address = NAMES_NO_ADDRESS};
    hold(n, e, address, now);
    return e;
}

/* The NAME has the address from now on, and whoever had it has none. */
static struct names_change grant(struct names *n, uint8_t address, uint64_t name, struct mono now)
{
    struct ecu *before = n->holders[address], *e = by_name(n, name);
    struct names_change change = {.lost = before == e ? NULL : before};

    n->contests[address].open = false;
    if (before && before != e)
        leave(n, before, now);
    if (e && e->address == address)
        return change;
    if (e) {
        hold(n, e, address, now);
    } else if ((e = new_ecu(n, address, now))) {
        set_name(e, name);
    }
    change.moved = e;
    return change;
}

static bool is_over(const struct contest *c, struct mono now)
{
    return c->open && now.ms - c->since.ms >= NAMES_CONTEST_MS;
}

struct names_change names_settle(struct names *n, uint8_t address, struct mono now)
{
    struct contest *c = &n->contests[address];
    struct ecu *holder = n->holders[address];

    if (!is_over(c, now))
        return no_change;
    c->open = false;
    if (holder && !holder->named && !by_name(n, c->name)) {
        set_name(holder, c->name);
        return no_change;
    }
    return grant(n, address, c->name, now);
}

struct ecu *names_at(struct names *n, uint8_t address)
{
    if (address >= NAMES_NO_ADDRESS || n->contests[address].open)
        return NULL;
    if (!n->holders[address])
        return new_ecu(n, address, (struct mono){0});
    return n->holders[address];
}

void names_assume(struct names *n, uint8_t address, enum reporter_kind kind, uint64_t id)
{
    struct ecu *e = address < NAMES_NO_ADDRESS && !n->holders[address] ? new_ecu(n, address, (struct mono){0}) : NULL;

    if (!e)
        return;
    if (kind == REPORTER_J1939_NAME)
        set_name(e, id);
    else
        e->id = id;
    e->reported = true;
}

void names_asked(struct names *n, struct mono now)
{
    n->asked = true;
    n->asked_at = now;
}

static bool was_asked(const struct names *n, struct mono now)
{
    return n->asked && now.ms - n->asked_at.ms <= NAMES_ANSWER_MS;
}

/* The address whose unnamed holder is being challenged just now, the latest of them; -1: none. */
static int challenged(const struct names *n, struct mono now)
{
    int latest = -1;

    for (int a = 0; a < NAMES_NO_ADDRESS; a++) {
        const struct contest *c = &n->contests[a];

        if (c->open && !is_over(c, now) && n->holders[a] && !n->holders[a]->named &&
            (latest < 0 || c->since.ms >= n->contests[latest].since.ms))
            latest = a;
    }
    return latest;
}

/* An unknown NAME gives way to a challenge: it is the one who held the address. */
static struct names_change unmask(struct names *n, uint64_t name, struct mono now)
{
    int address = was_asked(n, now) || by_name(n, name) ? -1 : challenged(n, now);

    if (address < 0)
        return no_change;
    set_name(n->holders[address], name);
    return grant(n, (uint8_t)address, n->contests[address].name, now);
}

static struct names_change cannot_claim(struct names *n, uint64_t name, struct mono now)
{
    struct ecu *e = by_name(n, name);

    if (!e)
        return unmask(n, name, now);
    if (e->address == NAMES_NO_ADDRESS)
        return no_change;
    leave(n, e, now);
    return (struct names_change){.lost = e};
}

static void challenge(struct names *n, uint8_t address, uint64_t name, struct mono now)
{
    n->contests[address] = (struct contest){.open = true, .name = name, .since = now};
}

/* An address whose holder never gave a NAME. */
static void claim_of_unnamed(struct names *n, uint8_t address, uint64_t name, struct mono now)
{
    struct contest *c = &n->contests[address];

    if (!c->open) {
        challenge(n, address, name, now);
    } else if (name < c->name) { /* defended */
        c->open = false;
        set_name(n->holders[address], name);
    }
}

static struct names_change claim_of_named(
    struct names *n, struct ecu *holder, uint8_t address, uint64_t name, struct mono now)
{
    if (name == holder->name)
        n->contests[address].open = false;
    else if (name < holder->name)
        return grant(n, address, name, now);
    else
        challenge(n, address, name, now);
    return no_change;
}

struct names_change names_claim(struct names *n, uint8_t address, uint64_t name, struct mono now)
{
    if (address == NAMES_GLOBAL)
        return no_change;
    if (address == NAMES_NO_ADDRESS)
        return cannot_claim(n, name, now);
    struct ecu *holder = n->holders[address];
    if (holder && holder->named)
        return claim_of_named(n, holder, address, name, now);
    if (holder) {
        claim_of_unnamed(n, address, name, now);
        return no_change;
    }
    unmask(n, name, now); /* then it did not lose its address for good: it has this one */
    return grant(n, address, name, now);
}
