/* monitor.c: takes observations to the faults they are about, and tells what changed. See monitor.h for the rules, which
 * stand in debounce.c (state), faults.c (room) and groups.c (subject).
 *
 * Invariant: a fault whose state differs from what was told is either flapping (rule 5) or was refused by the callback
 * (rule 7); settle() is the one place that tells. */
#include "monitor.h"

#include <assert.h>
#include <string.h>

#include "debounce.h"
#include "monitor_state.h"
#include "report.h"

enum { RETELL_MS = 1000 };

struct monitor_settings monitor_settings_default(void)
{
    return (struct monitor_settings){.max_faults = BOUND_MONITOR_FAULTS,
        .max_per_reporter = BOUND_MONITOR_FAULTS / 2,
        .max_per_owner = BOUND_MONITOR_FAULTS / 4,
        .group_ms = 5000};
}

struct monitor *monitor_new(const struct monitor_settings *s, monitor_tell *tell, void *ctx)
{
    struct monitor *m = calloc(1, sizeof *m);
    struct monitor_policy *policies = calloc(s->policy_count + 1, sizeof *policies);

    assert(s->max_faults >= 1 && s->max_faults <= BOUND_MONITOR_FAULTS);
    assert(s->max_per_reporter >= 1 && s->max_per_reporter <= s->max_faults && s->max_per_owner >= 1);
    if (!m || !policies)
        abort();
    if (s->policy_count)
        memcpy(policies, s->policies, s->policy_count * sizeof *policies);
    *m = (struct monitor){.policies = policies,
        .policy_count = s->policy_count,
        .group_ms = s->group_ms,
        .tell = tell,
        .ctx = ctx,
        .faults = {
            .max_faults = s->max_faults, .max_per_reporter = s->max_per_reporter, .max_per_owner = s->max_per_owner}};
    return m;
}

void monitor_free(struct monitor *m)
{
    if (!m)
        return;
    faults_clear(&m->faults);
    free(m->policies);
    free(m);
}

/* ---- telling */

/* One call from outside: when it is, and the first refusal. */
struct turn {
    struct monitor *m;
    const struct stamp *now;
    uint64_t owner;
    const struct evidence *evidence; /* frame and raw bytes go with what is told in this turn; NULL = none */
    struct fail *f;
    bool refused;
};

static bool holds_back(const struct fault *f, struct mono now)
{
    if (f->state == FAULT_STALE || f->state == FAULT_CLEARED || f->told == FAULT_STALE || f->told == FAULT_CLEARED)
        return false;
    return debounce_flapping(f, now) && faults_rank(f->state) < faults_rank(f->told);
}

static void settle(struct turn *t, struct fault *f)
{
    struct monitor *m = t->m;

    if (f->state == f->told || holds_back(f, t->now->mono))
        return;
    if (t->refused) {
        m->owing = true; /* whoever refused one is not asked again in this turn */
        return;
    }
    struct fault_report r = report_change(f, t->now->mono, t->evidence);
    if (m->tell(m->ctx, &r, t->now, r.to == FAULT_CLEARED ? f->actor : "", t->f) == 0) {
        f->told = f->state;
        return;
    }
    t->refused = m->owing = true;
    m->retell = (struct mono){t->now->mono.ms + RETELL_MS};
    m->stats.untold++;
}

static int turn_end(const struct turn *t)
{
    return t->refused ? -1 : 0;
}

/* ---- subject */

/* Network codes that came on this bus shortly before somebody named the culprit are about it too. */
static void name_subject(struct monitor *m, const char *bus, const char *subject, struct mono now)
{
    groups_name(&m->groups, bus, subject, now);
    for (struct fault *f = m->faults.all; f; f = f->hh.next)
        if (f->network && !f->subject[0] && f->present && strcmp(f->id.bus, bus) == 0 &&
            debounce_elapsed(f->came, now) <= m->group_ms)
            strncpy(f->subject, subject, sizeof f->subject - 1);
}

static void find_subject(struct monitor *m, struct fault *f, const struct sighting *s, struct mono now)
{
    const char *bus = f->id.bus;

    f->network = s->network;
    memset(f->subject, 0, sizeof f->subject);
    if (!s->network) {
        strncpy(f->subject, s->subject, sizeof f->subject - 1);
    } else if (s->subject[0]) {
        strncpy(f->subject, s->subject, sizeof f->subject - 1);
        name_subject(m, bus, s->subject, now);
    } else {
        strncpy(f->subject, groups_subject(&m->groups, bus, now, m->group_ms), sizeof f->subject - 1);
    }
}

/* ---- evidence */

static struct fault_key key_of(const struct reporter *r, const char *ns, const struct sighting *s)
{
    return (struct fault_key){.bus = r->bus,
        .reporter_kind = r->kind,
        .reporter = r->id,
        .ns = ns,
        .code = s->code,
        .mode = s->mode,
        .component = s->component,
        .ambiguous = s->ambiguous};
}

static struct fault *find(const struct monitor *m, const struct reporter *r, const char *ns, const struct sighting *s)
{
    struct fault_key key = key_of(r, ns, s);
    struct fault_id id = faults_id(&key);

    return faults_find(&m->faults, &id);
}

static struct fault *find_or_add(
    struct monitor *m, const struct reporter *r, const char *ns, const struct sighting *s, uint64_t owner)
{
    struct fault *known = find(m, r, ns, s);

    if (known) {
        if (!known->owner)
            known->owner = owner;
        return known;
    }
    struct fault_key key = key_of(r, ns, s);
    struct fault_id id = faults_id(&key);
    struct monitor_policy policy = monitor_policy_find(m->policies, m->policy_count, ns);
    return faults_add(&m->faults, &id, owner, s->severity, &policy);
}

static struct fault_reporter *heard(
    struct monitor *m, const struct reporter *r, const char *ns, const struct stamp *now)
{
    struct reporter_id id = faults_reporter_id(r, ns);
    struct fault_reporter *by = faults_find_reporter(&m->faults, &id);

    if (by) {
        by->heard = now->mono;
        by->silent = false;
        by->address = r->address;
    }
    return by;
}

static void note(struct fault *f, const struct sighting *s, const struct evidence *e)
{
    f->lamps = e->lamps;
    f->source_occurrences = s->source_occurrences;
    f->severity = s->severity;
    f->class_hint = s->class_hint;
    f->quality = e->quality == QUALITY_GOOD && s->ambiguous ? QUALITY_AMBIGUOUS : e->quality;
}

static void came(struct monitor *m, struct fault *f, const struct sighting *s, struct mono now)
{
    m->stats.first_sightings++;
    find_subject(m, f, s, now);
}

static void take_present(
    struct turn *t, const struct reporter *r, const char *ns, const struct sighting *s, bool settled, bool complete)
{
    struct monitor *m = t->m;
    struct fault *f = find_or_add(m, r, ns, s, t->owner);
    bool is_new = false;

    m->stats.sightings++;
    if (!f || f->listed)
        return;
    heard(m, r, ns, t->now);
    f->listed = true;
    note(f, s, t->evidence);
    uint32_t before = f->occurrences;
    if (complete)
        debounce_seen(f, settled, t->now->mono, &is_new);
    else
        debounce_glimpsed(f, t->now->mono, &is_new);
    if (is_new)
        came(m, f, s, t->now->mono);
    m->stats.confirmations += f->occurrences - before;
}

static void take_absent(struct turn *t, struct fault *f, const struct evidence *e, bool settled)
{
    bool went = false;

    f->lamps = e->lamps;
    debounce_gone(f, settled, t->now->mono, &went);
    t->m->stats.flaps += went;
}

int monitor_list(struct monitor *m, const struct fault_list *l, const struct stamp *now, struct fail *f)
{
    struct turn t = {.m = m, .now = now, .evidence = &l->evidence, .f = f};
    struct fault_reporter *by;
    struct fault *fault;

    for (size_t i = 0; i < l->count; i++)
        take_present(&t, &l->reporter, l->ns, &l->items[i], false, l->complete);
    by = heard(m, &l->reporter, l->ns, now);
    if (!by)
        return 0;
    TAILQ_FOREACH(fault, &by->faults, of_reporter) {
        if (!fault->listed && l->complete)
            take_absent(&t, fault, &l->evidence, false);
        fault->listed = false;
    }
    TAILQ_FOREACH(fault, &by->faults, of_reporter)
        settle(&t, fault);
    return turn_end(&t);
}

static bool is_active(enum fault_state state)
{
    return state == FAULT_PENDING || state == FAULT_CONFIRMED || state == FAULT_STALE;
}

int monitor_observe(struct monitor *m, const struct observation *o, const struct stamp *now, struct fail *f)
{
    struct turn t = {.m = m, .now = now, .owner = o->owner, .evidence = &o->evidence, .f = f};
    struct fault *fault;

    if (o->failing)
        take_present(&t, &o->reporter, o->ns, &o->sighting, o->settled, true);
    else
        heard(m, &o->reporter, o->ns, now);
    fault = find(m, &o->reporter, o->ns, &o->sighting);
    if (!fault && o->failing)
        return fail_set(f, FAIL_FULL,
            "as many faults are known as may be: %u in all, %u of one reporter, %u of one user",
            (unsigned)m->faults.max_faults, (unsigned)m->faults.max_per_reporter, (unsigned)m->faults.max_per_owner);
    if (!fault)
        return 0;
    if (!o->failing)
        take_absent(&t, fault, &o->evidence, o->settled);
    fault->listed = false;
    settle(&t, fault);
    if (!t.refused && is_active(fault->told) != o->failing)
        return fail_set(
            f, FAIL_HELD, "counted in memory only: the fault comes and goes too often, or its policy wants more");
    return turn_end(&t);
}

/* ---- silence, addresses, clears, cycles */

static void go_silent(struct turn *t, struct fault_reporter *by)
{
    struct fault *f;

    by->silent = true;
    TAILQ_FOREACH(f, &by->faults, of_reporter) {
        debounce_silent(f);
        settle(t, f);
    }
}

/* by is r, in whatever namespace. */
static bool is_of(const struct monitor *m, const struct fault_reporter *by, const struct reporter *r)
{
    struct reporter_id id = faults_reporter_id(r, by->id.ns);

    return faults_find_reporter(&m->faults, &id) == by;
}

int monitor_silent(struct monitor *m, const struct reporter *r, const struct stamp *now, struct fail *f)
{
    struct turn t = {.m = m, .now = now, .f = f};

    if (r->label[0])
        name_subject(m, r->bus, r->label, now->mono);
    for (struct fault_reporter *by = m->faults.reporters; by; by = by->hh.next)
        if (is_of(m, by, r))
            go_silent(&t, by);
    return turn_end(&t);
}

void monitor_moved(struct monitor *m, const struct reporter *r, bool lost, const struct stamp *now)
{
    for (struct fault_reporter *by = m->faults.reporters; by; by = by->hh.next)
        if (is_of(m, by, r))
            by->address = r->address;
    if (lost && r->label[0])
        name_subject(m, r->bus, r->label, now->mono);
}

int monitor_clear(
    struct monitor *m, const struct fault_key *key, const char *actor, const struct stamp *now, struct fail *f)
{
    struct turn t = {.m = m, .now = now, .f = f};
    struct fault_id id = faults_id(key);
    struct fault *fault = faults_find(&m->faults, &id);

    if (!fault || fault->state == FAULT_UNTESTED)
        return fail_set(f, FAIL_NOT_FOUND, "no such fault: %s %s/%u", key->ns, key->code, key->mode);
    debounce_cleared(fault, actor);
    settle(&t, fault);
    return turn_end(&t);
}

int monitor_clear_all(struct monitor *m, const struct reporter *r, const char *ns, bool active, const char *actor,
    const struct stamp *now, struct fail *f)
{
    struct turn t = {.m = m, .now = now, .f = f};
    struct fault_reporter *by = heard(m, r, ns, now);
    struct fault *fault;

    if (!by)
        return 0;
    TAILQ_FOREACH(fault, &by->faults, of_reporter)
        if (active ? is_active(fault->state) : fault->state == FAULT_HEALED) {
            debounce_cleared(fault, actor);
            settle(&t, fault);
        }
    return turn_end(&t);
}

int monitor_cycle(struct monitor *m, const struct stamp *now, struct fail *f)
{
    struct turn t = {.m = m, .now = now, .f = f};

    for (struct fault *fault = m->faults.all; fault; fault = fault->hh.next) {
        debounce_cycle(fault);
        settle(&t, fault);
    }
    return turn_end(&t);
}

/* ---- time */

static bool silence_due(const struct fault_reporter *by, struct mono *ret)
{
    *ret = (struct mono){by->heard.ms + by->policy.silent_ms};
    return !by->silent && by->policy.silent_ms > 0;
}

int monitor_tick(struct monitor *m, const struct stamp *now, struct fail *f)
{
    struct turn t = {.m = m, .now = now, .f = f};
    struct mono due;

    m->owing = false;
    for (struct fault_reporter *by = m->faults.reporters; by; by = by->hh.next)
        if (silence_due(by, &due) && now->mono.ms >= due.ms)
            go_silent(&t, by);
    for (struct fault *fault = m->faults.all; fault; fault = fault->hh.next) {
        uint32_t before = fault->occurrences;

        debounce_tick(fault, now->mono);
        m->stats.confirmations += fault->occurrences - before;
        settle(&t, fault);
    }
    return turn_end(&t);
}

static void sooner(bool *found, struct mono *best, struct mono due)
{
    if (!*found || due.ms < best->ms)
        *best = due;
    *found = true;
}

bool monitor_deadline(const struct monitor *m, struct mono *ret)
{
    struct mono best = m->retell, due;
    bool found = m->owing;

    for (const struct fault_reporter *by = m->faults.reporters; by; by = by->hh.next)
        if (silence_due(by, &due))
            sooner(&found, &best, due);
    for (const struct fault *f = m->faults.all; f; f = f->hh.next) {
        if (debounce_due(f, &due))
            sooner(&found, &best, due);
        if (f->state != f->told && debounce_flapping(f, f->flap_window))
            sooner(&found, &best, (struct mono){f->flap_window.ms + f->by->policy.flap_window_ms});
    }
    if (found)
        *ret = best;
    return found;
}
