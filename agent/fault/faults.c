/* faults.c: the fault monitor's table: find, add, give way. See faults.h. */
#include "faults.h"

#include <assert.h>
#include <string.h>

#undef uthash_fatal
#define uthash_fatal(message) abort()

static void copy_text(char *to, size_t size, const char *text)
{
    size_t n = strnlen(text, size - 1);

    memcpy(to, text, n);
    to[n] = '\0';
}

#define COPY(to, text) copy_text((to), sizeof(to), (text))

struct fault_id faults_id(const struct fault_key *key)
{
    struct fault_id id;

    memset(&id, 0, sizeof id); /* padding too: it is hashed as bytes */
    id.reporter = key->reporter;
    id.mode = key->mode;
    id.reporter_kind = (uint8_t)key->reporter_kind;
    id.ambiguous = key->ambiguous;
    COPY(id.bus, key->bus);
    COPY(id.ns, key->ns);
    COPY(id.code, key->code);
    COPY(id.component, key->component);
    return id;
}

struct fault_key faults_key(const struct fault *f)
{
    return (struct fault_key){.bus = f->id.bus,
        .reporter_kind = (enum reporter_kind)f->id.reporter_kind,
        .reporter = f->id.reporter,
        .ns = f->id.ns,
        .code = f->id.code,
        .mode = f->id.mode,
        .component = f->id.component,
        .ambiguous = f->id.ambiguous};
}

struct reporter_id faults_reporter_id(const struct reporter *r, const char *ns)
{
    struct reporter_id id;

    memset(&id, 0, sizeof id);
    id.id = r->id;
    id.kind = (uint8_t)r->kind;
    COPY(id.bus, r->bus);
    COPY(id.ns, ns);
    return id;
}

struct fault *faults_find(const struct faults *t, const struct fault_id *id)
{
    struct fault *f;

    HASH_FIND(hh, t->all, id, sizeof *id, f);
    return f;
}

struct fault_reporter *faults_find_reporter(const struct faults *t, const struct reporter_id *id)
{
    struct fault_reporter *r;

    HASH_FIND(hh, t->reporters, id, sizeof *id, r);
    return r;
}

static struct reporter_id reporter_id_of(const struct fault_id *id)
{
    struct reporter r = {.bus = id->bus, .kind = (enum reporter_kind)id->reporter_kind, .id = id->reporter};

    return faults_reporter_id(&r, id->ns);
}

static struct fault_reporter *reporter_of(
    struct faults *t, const struct reporter_id *id, const struct monitor_policy *policy)
{
    struct fault_reporter *r = faults_find_reporter(t, id);

    if (r)
        return r;
    r = calloc(1, sizeof *r);
    if (!r)
        abort();
    r->id = *id;
    r->policy = *policy;
    TAILQ_INIT(&r->faults);
    HASH_ADD(hh, t->reporters, id, sizeof r->id, r);
    return r;
}

static void drop(struct faults *t, struct fault *f)
{
    struct fault_reporter *r = f->by;

    TAILQ_REMOVE(&r->faults, f, of_reporter);
    HASH_DELETE(hh, t->all, f); // NOLINT(clang-analyzer-core.NullDereference): f is in the table
    free(f);
    if (--r->fault_count > 0)
        return;
    HASH_DELETE(hh, t->reporters, r);
    free(r);
}

int faults_rank(enum fault_state state)
{
    static const int ranks[FAULT_STATE_COUNT] = {
        [FAULT_UNTESTED] = 0,
        [FAULT_AGED] = 1,
        [FAULT_CLEARED] = 2,
        [FAULT_HEALED] = 3,
        [FAULT_STALE] = 4,
        [FAULT_PENDING] = 5,
        [FAULT_CONFIRMED] = 6,
    };
    return ranks[state];
}

static int importance(enum fault_state state, uint8_t severity)
{
    return faults_rank(state) * 8 + severity;
}

/* An end that was not told yet (rules 5 and 7) must not be lost: somebody waits for it. */
static int importance_of(const struct fault *f)
{
    return importance(faults_rank(f->told) > faults_rank(f->state) ? f->told : f->state, f->severity);
}

/* Which faults share a bound: all, those of a reporter (when not NULL), those of an owner (when not 0). */
struct share {
    const struct fault_reporter *by;
    uint64_t owner;
};

static bool is_in(const struct fault *f, const struct share *s)
{
    return (!s->by || f->by == s->by) && (!s->owner || f->owner == s->owner);
}

/* True when there are fewer than max faults in the share, or when its least important one, the oldest of those, gave way to
 * one that is about to be pending. */
static bool make_room(struct faults *t, struct share s, size_t max, uint8_t severity)
{
    struct fault *victim = NULL;
    size_t count = 0;

    for (struct fault *f = t->all; f; f = f->hh.next) {
        if (!is_in(f, &s))
            continue;
        count++;
        if (!victim || importance_of(f) < importance_of(victim))
            victim = f;
    }
    if (count < max)
        return true;
    assert(victim);
    if (importance_of(victim) >= importance(FAULT_PENDING, severity)) {
        t->refused++;
        return false;
    }
    drop(t, victim);
    t->displaced++;
    return true;
}

struct fault *faults_add(
    struct faults *t, const struct fault_id *id, uint64_t owner, uint8_t severity, const struct monitor_policy *policy)
{
    struct reporter_id reporter = reporter_id_of(id);
    struct fault_reporter *r;
    struct fault *f;

    if (owner && !make_room(t, (struct share){.owner = owner}, t->max_per_owner, severity))
        return NULL;
    r = faults_find_reporter(t, &reporter);
    if (r && r->fault_count >= t->max_per_reporter &&
        !make_room(t, (struct share){.by = r}, t->max_per_reporter, severity))
        return NULL;
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what was freed is no longer in the table */
    if (HASH_COUNT(t->all) >= t->max_faults && !make_room(t, (struct share){0}, t->max_faults, severity))
        return NULL;
    r = reporter_of(t, &reporter, policy); /* the one from before may have gone with its last fault */
    f = calloc(1, sizeof *f);
    if (!f)
        abort();
    f->id = *id;
    f->by = r;
    f->owner = owner;
    f->lamps = LAMPS_NONE;
    f->source_occurrences = OCCURRENCES_NONE;
    r->fault_count++;
    TAILQ_INSERT_TAIL(&r->faults, f, of_reporter);
    HASH_ADD(hh, t->all, id, sizeof f->id, f);
    return f;
}

void faults_clear(struct faults *t)
{
    struct fault *f = t->all;
    struct fault_reporter *r = t->reporters;

    HASH_CLEAR(hh, t->all); /* the tables; the entries are still chained */
    HASH_CLEAR(hh, t->reporters);
    while (f) {
        struct fault *next = f->hh.next;

        free(f);
        f = next;
    }
    while (r) {
        struct fault_reporter *next = r->hh.next;

        free(r);
        r = next;
    }
}
