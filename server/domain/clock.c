/* clock.c: a promise of a ticket and whether it was kept. See ticket.h.
 *
 * Invariants
 *  1. A clock starts when the fault happened, at the latest possible moment of it and never after now; so
 * what arrives days late gets no fresh promise.
 *  2. A breach is never taken back: MET only from RUNNING before or at the due moment, MET_LATE from
 * everything later.
 *  3. A stopped clock moves no more.
 *
 *   start ──► RUNNING ──stop, due not passed──► MET
 *     │          │ └────stop, due passed──────► MET_LATE ◄──stop── BREACHED
 *     │          └──────tick, due passed──────────────────────────────▲
 *     └──► NO_TARGET (nothing is promised)
 *
 *  4. A class that rises moves due to an earlier moment or not at all; it never moves the start.
 */
#include "ticket.h"

#include <assert.h>

/* Below this a report counts as having come at once: it is the time that debounce, link and batch may take.
 */
enum { LATE_ARRIVAL_MS = 5 * 60 * 1000 };

static const char *const kinds[CLOCK_KIND_COUNT] = {"triage", "first_response"};
static const char *const states[CLOCK_STATE_COUNT] = {
    "running", "met", "breached", "met_late", "no_target", "cancelled"};

const char *clock_kind_word(enum clock_kind kind)
{
    assert(kind < CLOCK_KIND_COUNT);
    return kinds[kind];
}

const char *clock_state_word(enum clock_state state)
{
    assert(state < CLOCK_STATE_COUNT);
    return states[state];
}

static struct wall start_of(struct occurred when, struct wall now)
{
    int64_t room = now.ms - when.at.ms;

    /* Compared so that a bound of centuries does not overflow. */
    return room <= when.bound_ms ? now : (struct wall){when.at.ms + when.bound_ms};
}

void clock_start(struct ticket_clock *c, enum clock_kind kind, const struct clock_policy *policy, struct occurred when,
    struct wall now)
{
    *c = (struct ticket_clock){.kind = kind, .state = CLOCK_NO_TARGET, .start = start_of(when, now)};
    c->due = c->start;
    c->late_arrival = now.ms - c->start.ms > LATE_ARRIVAL_MS;
    if (!policy)
        return;
    c->state = CLOCK_RUNNING;
    c->target_ms = policy->target_ms;
    c->due.ms = c->start.ms + policy->target_ms;
    c->policy_version = policy->version;
    clock_tick(c, now);
}

bool clock_raise(struct ticket_clock *c, const struct clock_policy *policy, struct occurred when, struct wall now)
{
    struct ticket_clock fresh;

    if (!policy || c->stopped.ms || (c->state != CLOCK_RUNNING && c->state != CLOCK_NO_TARGET))
        return false;
    clock_start(&fresh, c->kind, policy, when, now);
    if (c->state == CLOCK_RUNNING && fresh.due.ms >= c->due.ms)
        return false;
    c->state = fresh.state;
    c->due = fresh.due;
    c->target_ms = policy->target_ms;
    c->policy_version = policy->version;
    c->late_arrival |= fresh.late_arrival;
    return true;
}

void clock_stop(struct ticket_clock *c, struct wall at)
{
    if (c->stopped.ms || c->state == CLOCK_CANCELLED)
        return;
    if (c->state != CLOCK_NO_TARGET)
        c->state = c->state == CLOCK_RUNNING && at.ms <= c->due.ms ? CLOCK_MET : CLOCK_MET_LATE;
    c->stopped = at;
}

bool clock_tick(struct ticket_clock *c, struct wall now)
{
    if (c->state != CLOCK_RUNNING || now.ms <= c->due.ms)
        return false;
    c->state = CLOCK_BREACHED;
    return true;
}
