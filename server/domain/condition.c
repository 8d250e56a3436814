/* condition.c: how one transition of a device changes what the collector knows of a fault. See condition.h.
 *
 * Invariants
 *  1. The order is the device's own: within an epoch only a higher number changes anything. Clocks decide nothing.
 *  2. The device's debounce is final: its state is taken over whatever the collector believed before, because records in
 *     between may be lost. `from` only tells whether a confirmation was missed.
 *  3. Stale is silence: it closes nothing and counts as neither healed nor confirmed.
 *  4. A confirmation is answered with CONDITION_CONFIRMED each time, flapping or not; what flapping holds back, and that
 *     an open ticket still counts it, is decided by whoever knows the tickets.
 *  5. What flapping held back is due when it ends (condition_tick): no confirmed fault stays without its ticket.
 *
 *                 pending              confirmed             healed
 *   UNTESTED ───────────────► PENDING ──────────► CONFIRMED ────────► HEALED ──► AGED
 *       │                        │ healed             ▲                  │
 *       │                        └──────────► HEALED  └──── again ───────┘
 *       └── any state may follow any other; CLEARED and STALE from everywhere, evidence leads back
 */
#include "condition.h"

#include <string.h>

static void copy_text(char *to, size_t size, const char *from)
{
    size_t n = strnlen(from, size - 1);

    memcpy(to, from, n);
    memset(to + n, 0, size - n);
}

/* "<kind>:<16 hex digits>" */
static void write_reporter(const struct fault_key *k, char text[static CONDITION_REPORTER_BYTES])
{
    char *at = stpcpy(stpcpy(text, reporter_kind_word(k->reporter_kind)), ":");

    for (int shift = 60; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[k->reporter >> shift & 15];
    *at = '\0';
}

void condition_key_of(const struct fault_key *k, struct condition_key *ret)
{
    char text[CONDITION_REPORTER_BYTES] = "logical";

    memset(ret, 0, sizeof *ret);
    if (k->reporter_kind != REPORTER_LOGICAL || k->reporter)
        write_reporter(k, text);
    copy_text(ret->bus, sizeof ret->bus, k->bus);
    copy_text(ret->reporter, sizeof ret->reporter, text);
    copy_text(ret->ns, sizeof ret->ns, k->ns);
    copy_text(ret->code, BOUND_CODE + 1, k->code);
    if (k->ambiguous)
        ret->code[strlen(ret->code)] = '?';
    ret->mode = k->mode;
    copy_text(ret->component, sizeof ret->component, k->component);
}

void condition_key_copy(const struct condition_key *from, struct condition_key *ret)
{
    memset(ret, 0, sizeof *ret);
    copy_text(ret->bus, sizeof ret->bus, from->bus);
    copy_text(ret->reporter, sizeof ret->reporter, from->reporter);
    copy_text(ret->ns, sizeof ret->ns, from->ns);
    copy_text(ret->code, sizeof ret->code, from->code);
    ret->mode = from->mode;
    copy_text(ret->component, sizeof ret->component, from->component);
}

void condition_init(struct condition *c, const struct condition_key *key)
{
    memset(c, 0, sizeof *c);
    c->key = *key;
    c->state = FAULT_UNTESTED;
    c->class_ = CLASS_GENERAL;
}

/* Counts one change of state. The window slides by whole windows, which needs no history of changes. */
static void count_change(struct condition *c, struct wall at, const struct flap_policy *policy)
{
    bool quiet_before = at.ms - c->state_since.ms > policy->window_ms;

    if (quiet_before)
        c->flapping = false;
    if (quiet_before || at.ms - c->flap_window_start.ms > policy->window_ms) {
        c->flap_window_start = at;
        c->flaps = 0;
    }
    c->flaps++;
    if (c->flaps > policy->limit)
        c->flapping = true;
}

static bool is_behind(const struct condition *c, uint64_t epoch, uint64_t number)
{
    return c->epoch == epoch && number <= c->number;
}

enum condition_change condition_apply(struct condition *c, const struct fault_report *r, uint64_t epoch,
    uint64_t number, struct occurred when, const struct flap_policy *policy)
{
    bool first = c->epoch == 0;
    bool changed = r->to != c->state;
    bool confirmed = r->to == FAULT_CONFIRMED && (changed || r->from != FAULT_CONFIRMED);

    if (is_behind(c, epoch, number))
        return CONDITION_SAME;
    if (first)
        c->first_seen = c->state_since = c->flap_window_start = when.at;
    if (changed) {
        count_change(c, when.at, policy);
        c->state = r->to;
        c->state_since = when.at;
    }
    if (confirmed && c->occurrences < UINT32_MAX)
        c->occurrences++;
    if (*r->subject)
        copy_text(c->subject, sizeof c->subject, r->subject);
    c->last_seen = when.at;
    c->epoch = epoch;
    c->number = number;
    if (confirmed)
        return CONDITION_CONFIRMED;
    return changed ? CONDITION_CHANGED : CONDITION_SAME;
}

enum condition_change condition_tick(struct condition *c, struct wall now, const struct flap_policy *policy)
{
    if (!c->flapping || now.ms - c->state_since.ms <= policy->window_ms)
        return CONDITION_SAME;
    c->flapping = false;
    return c->state == FAULT_CONFIRMED ? CONDITION_CONFIRMED : CONDITION_CHANGED;
}
