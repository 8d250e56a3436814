/* parts.c: see parts.h. Two walks: the first counts the parts, because every part says how many there are. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"

enum {
    FAULT_BYTES = 96,                      /* encoded, at most, without its texts: 20 numbers and their tags */
    PART_BYTES = BOUND_RECORD_BYTES - 256, /* room for the record around it */
    TEXT_BYTES = PART_BYTES + BOUND_SNAPSHOT_FAULTS * 5 * 16, /* copies, each with its NUL, aligned */
};

/* Cuts the walk into parts by a bound on each fault's encoded size. */
struct cutter {
    size_t faults, bytes; /* in the part that is being filled */
};

static size_t bound_of(const struct fault_report *r)
{
    return FAULT_BYTES + strlen(r->key.bus) + strlen(r->key.ns) + strlen(r->key.code) + strlen(r->key.component) +
           strlen(r->subject);
}

/* Takes one more fault in; true when a new part had to begin for it. */
static bool cut(struct cutter *c, const struct fault_report *r)
{
    size_t bytes = bound_of(r);
    bool full = c->faults == BOUND_SNAPSHOT_FAULTS || c->bytes + bytes > PART_BYTES;

    if (full)
        *c = (struct cutter){0};
    c->faults++;
    c->bytes += bytes;
    return full;
}

struct counting {
    struct cutter cutter;
    uint32_t parts;
};

static void count_one(void *ctx, const struct fault_report *r)
{
    struct counting *c = ctx;

    c->parts += cut(&c->cutter, r);
}

/* One part with copies of its texts, which the monitor lends only for a moment. */
struct filling {
    struct cutter cutter;
    struct fault_report faults[BOUND_SNAPSHOT_FAULTS];
    unsigned char text_bytes[TEXT_BYTES];
    struct arena texts;
    struct snapshot snapshot;
    int (*each)(void *ctx, const struct snapshot *s, struct fail *f);
    void *ctx;
    struct fail *f;
    int rc;
};

static void give(struct filling *p)
{
    if (p->rc == 0)
        p->rc = p->each(p->ctx, &p->snapshot, p->f);
    p->snapshot.part++;
    p->snapshot.fault_count = 0;
    arena_reset(&p->texts);
}

static const char *copy(struct filling *p, const char *text)
{
    return arena_text(&p->texts, text, strlen(text));
}

static void fill_one(void *ctx, const struct fault_report *r)
{
    struct filling *p = ctx;

    if (cut(&p->cutter, r))
        give(p);
    struct fault_report *to = &p->faults[p->snapshot.fault_count++];
    *to = *r;
    to->key.bus = copy(p, r->key.bus);
    to->key.ns = copy(p, r->key.ns);
    to->key.code = copy(p, r->key.code);
    to->key.component = copy(p, r->key.component);
    to->subject = copy(p, r->subject);
}

int parts_each(const struct monitor *m, int (*each)(void *ctx, const struct snapshot *s, struct fail *f), void *ctx,
    struct fail *f)
{
    struct counting counting = {.parts = 1};
    autofree struct filling *p = calloc(1, sizeof *p);

    if (!p)
        abort();
    monitor_walk(m, count_one, &counting);
    arena_init(&p->texts, p->text_bytes, sizeof p->text_bytes);
    p->each = each;
    p->ctx = ctx;
    p->f = f;
    p->snapshot = (struct snapshot){.faults = p->faults, .hash = monitor_hash(m), .parts = counting.parts};
    monitor_walk(m, fill_one, p);
    give(p);
    return p->rc;
}
