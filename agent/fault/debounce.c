/* debounce.c: from evidence to state, for one fault. The state diagram and the rules stand in monitor.h.
 *
 * Invariants: was_confirmed is true in confirmed, and in stale exactly when the fault was confirmed before. rest is
 * untested or healed. run counts complete lists in a row with the fault, absent those without it; one of
 * the two is 0. */
#include "debounce.h"

#include <string.h>

enum { COUNTER_FAILED = 127, COUNTER_PASSED = -128 };

int64_t debounce_elapsed(struct mono since, struct mono now)
{
    return now.ms > since.ms ? now.ms - since.ms : 0;
}

static const struct monitor_policy *policy_of(const struct fault *f)
{
    return &f->by->policy;
}

static enum debounce debounce_of(const struct fault *f, bool settled)
{
    return settled ? DEBOUNCE_NONE : (enum debounce)policy_of(f)->debounce;
}

/* ---- changes of state */

static bool is_at_rest(const struct fault *f)
{
    return f->state != FAULT_PENDING && f->state != FAULT_CONFIRMED && f->state != FAULT_STALE;
}

static void suspect(struct fault *f)
{
    if (is_at_rest(f))
        f->rest = f->state == FAULT_HEALED ? FAULT_HEALED : FAULT_UNTESTED;
    f->state = FAULT_PENDING;
}

static void confirm(struct fault *f)
{
    if (!f->was_confirmed)
        f->occurrences++;
    f->was_confirmed = true;
    f->state = FAULT_CONFIRMED;
}

static void heal(struct fault *f)
{
    f->state = FAULT_HEALED;
    f->was_confirmed = false;
    f->aging = 0;
}

/* What was only suspected leaves no trace but its flap count. */
static void withdraw(struct fault *f)
{
    f->state = f->rest;
}

static bool is_confirmed(const struct fault *f)
{
    return f->state == FAULT_CONFIRMED || (f->state == FAULT_STALE && f->was_confirmed);
}

static bool is_suspected(const struct fault *f)
{
    return f->state == FAULT_PENDING || (f->state == FAULT_STALE && !f->was_confirmed);
}

/* ---- evidence by policy */

static int8_t share_of(int64_t part, int64_t whole, int full)
{
    return (int8_t)(part >= whole ? full : part * full / whole);
}

static void seen_in_list(struct fault *f, struct mono now)
{
    const struct monitor_policy *p = policy_of(f);

    if (f->gap)
        f->run = 0;
    if (f->run++ == 0)
        f->since = now;
    f->absent = 0;
    f->counter = share_of(f->run, p->confirm_lists, COUNTER_FAILED);
    if (is_confirmed(f))
        confirm(f);
    else
        suspect(f);
    if (f->run >= p->confirm_lists && debounce_elapsed(f->since, now) >= p->confirm_ms)
        confirm(f);
}

static void missing_from_list(struct fault *f)
{
    const struct monitor_policy *p = policy_of(f);

    f->run = 0;
    f->absent = f->gap ? 1 : f->absent + 1;
    f->counter = share_of(f->absent, p->heal_lists, COUNTER_PASSED);
    if (is_suspected(f))
        withdraw(f);
    else if (is_confirmed(f) && f->absent >= p->heal_lists)
        heal(f);
}

static void count_up(struct fault *f)
{
    const struct monitor_policy *p = policy_of(f);
    int from = p->jump && f->counter < 0 ? 0 : f->counter;
    int64_t to = from + p->step_up;

    f->counter = to > COUNTER_FAILED ? COUNTER_FAILED : (int)to;
    if (is_confirmed(f) || f->counter == COUNTER_FAILED)
        confirm(f);
    else if (f->counter > 0)
        suspect(f);
}

static void count_down(struct fault *f)
{
    const struct monitor_policy *p = policy_of(f);
    int from = p->jump && f->counter > 0 ? 0 : f->counter;
    int64_t to = from - p->step_down;

    f->counter = to < COUNTER_PASSED ? COUNTER_PASSED : (int)to;
    if (is_confirmed(f) && f->counter == COUNTER_PASSED)
        heal(f);
    else if (is_suspected(f) && f->counter <= 0)
        withdraw(f);
}

/* Time: since is when failing or passing began. */
static void judge_by_time(struct fault *f, struct mono now)
{
    const struct monitor_policy *p = policy_of(f);
    int64_t elapsed = debounce_elapsed(f->since, now);

    if (f->present) {
        f->counter = share_of(elapsed, p->fail_ms, COUNTER_FAILED);
        if (elapsed >= p->fail_ms)
            confirm(f);
    } else {
        f->counter = share_of(elapsed, p->pass_ms, COUNTER_PASSED);
        if (is_confirmed(f) && elapsed >= p->pass_ms)
            heal(f);
    }
}

static void fails(struct fault *f, bool came, struct mono now)
{
    if (came || f->gap)
        f->since = now;
    if (is_confirmed(f))
        confirm(f);
    else
        suspect(f);
    judge_by_time(f, now);
}

static void passes(struct fault *f, bool went, struct mono now)
{
    if (went || f->gap)
        f->since = now;
    if (is_suspected(f))
        withdraw(f);
    else
        judge_by_time(f, now);
}

/* ---- appearing, going away */

static bool mark_present(struct fault *f, struct mono now)
{
    bool came = !f->present;

    if (came)
        f->came = now;
    f->present = f->failed_this_cycle = f->failed_since_clear = true;
    f->tested_this_cycle = f->tested_since_clear = true;
    return came;
}

static bool mark_absent(struct fault *f, struct mono now)
{
    bool went = f->present;

    f->present = false;
    f->tested_this_cycle = f->tested_since_clear = true;
    if (!went)
        return false;
    if (f->flaps == 0 || debounce_elapsed(f->flap_window, now) >= policy_of(f)->flap_window_ms) {
        f->flap_window = now;
        f->flaps = 0;
    }
    f->flaps++;
    return true;
}

void debounce_seen(struct fault *f, bool settled, struct mono now, bool *ret_came)
{
    bool came = mark_present(f, now);

    switch (debounce_of(f, settled)) {
    case DEBOUNCE_NONE:
        f->counter = COUNTER_FAILED;
        confirm(f);
        break;
    case DEBOUNCE_SIGHTINGS:
        seen_in_list(f, now);
        break;
    case DEBOUNCE_COUNTER:
        count_up(f);
        break;
    case DEBOUNCE_TIME:
        fails(f, came, now);
        break;
    }
    f->gap = false;
    *ret_came = came;
}

void debounce_glimpsed(struct fault *f, struct mono now, bool *ret_came)
{
    *ret_came = false;
    if (is_at_rest(f)) {
        *ret_came = mark_present(f, now);
        suspect(f);
    }
}

void debounce_gone(struct fault *f, bool settled, struct mono now, bool *ret_went)
{
    bool went = mark_absent(f, now);

    switch (debounce_of(f, settled)) {
    case DEBOUNCE_NONE:
        f->counter = COUNTER_PASSED;
        if (!is_at_rest(f))
            heal(f);
        break;
    case DEBOUNCE_SIGHTINGS:
        missing_from_list(f);
        break;
    case DEBOUNCE_COUNTER:
        count_down(f);
        break;
    case DEBOUNCE_TIME:
        passes(f, went, now);
        break;
    }
    f->gap = false;
    *ret_went = went;
}

void debounce_silent(struct fault *f)
{
    f->gap = true;
    if (!is_at_rest(f))
        f->state = FAULT_STALE;
}

void debounce_cleared(struct fault *f, const char *actor)
{
    f->state = FAULT_CLEARED;
    memset(f->actor, 0, sizeof f->actor);
    strncpy(f->actor, actor, sizeof f->actor - 1);
    f->was_confirmed = f->present = false;
    f->failed_since_clear = f->failed_this_cycle = f->tested_since_clear = f->tested_this_cycle = false;
    f->run = f->absent = f->aging = 0;
    f->counter = 0;
}

void debounce_cycle(struct fault *f)
{
    const struct monitor_policy *p = policy_of(f);

    if (f->state == FAULT_HEALED && !f->failed_this_cycle && p->aging_cycles > 0 && ++f->aging >= p->aging_cycles)
        f->state = FAULT_AGED;
    f->failed_this_cycle = f->present;
    f->tested_this_cycle = f->present;
}

void debounce_tick(struct fault *f, struct mono now)
{
    struct mono due;

    if (debounce_due(f, &due) && now.ms >= due.ms)
        judge_by_time(f, now);
}

bool debounce_due(const struct fault *f, struct mono *ret)
{
    const struct monitor_policy *p = policy_of(f);

    if (p->debounce != DEBOUNCE_TIME)
        return false;
    if (f->state == FAULT_PENDING && f->present)
        *ret = (struct mono){f->since.ms + p->fail_ms};
    else if (f->state == FAULT_CONFIRMED && !f->present)
        *ret = (struct mono){f->since.ms + p->pass_ms};
    else
        return false;
    return true;
}

bool debounce_flapping(const struct fault *f, struct mono now)
{
    const struct monitor_policy *p = policy_of(f);

    return p->flap_limit > 0 && f->flaps > p->flap_limit && debounce_elapsed(f->flap_window, now) < p->flap_window_ms;
}
