/* recall.c: see recall.h. The lane is read forward; a table keeps the last state of each fault, and a snapshot, which
 * lists all there are, empties it first. */
#include "recall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_FUNCTION HASH_FNV /* as agent/fault/faults.h */
#include <uthash.h>

#include "bounds.h"
#include "codec.h"
#include "snapshot.h"

enum { ARENA_BYTES = 256 * 1024 }; /* one record of 4 KiB decoded, at its worst */

struct known {
    uint64_t hash; /* of the fault's key */
    char bus[BOUND_BUS + 1], ns[BOUND_NAMESPACE + 1], code[BOUND_CODE + 1], component[BOUND_COMPONENT + 1];
    char subject[BOUND_COMPONENT + 1];
    struct fault_report report; /* its texts are those above */
    UT_hash_handle hh;
};

struct reading {
    struct known *faults;
    const struct recall_takers *takers;
    struct recalled *ret;
};

static uint64_t key_hash(const struct fault_report *r)
{
    struct fault_report key = *r;

    key.to = FAULT_UNTESTED;
    return snapshot_hash_add(SNAPSHOT_HASH_START, &key);
}

static void forget_all(struct reading *reading)
{
    struct known *k = reading->faults, *next;

    HASH_CLEAR(hh, reading->faults); /* frees the table, not what was in it */
    for (; k; k = next) {
        next = k->hh.next;
        free(k);
    }
}

static const char *keep(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text);
    return to;
}

static void learn(struct reading *reading, const struct fault_report *r)
{
    uint64_t hash = key_hash(r);
    struct known *k;

    HASH_FIND(hh, reading->faults, &hash, sizeof hash, k);
    if (r->to == FAULT_UNTESTED) {
        if (k) {
            HASH_DEL(reading->faults, k);
            free(k);
        }
        return;
    }
    if (!k) {
        k = calloc(1, sizeof *k);
        if (!k)
            abort();
        k->hash = hash;
        HASH_ADD(hh, reading->faults, hash, sizeof k->hash, k);
    }
    k->report = *r;
    k->report.key.bus = keep(k->bus, sizeof k->bus, r->key.bus);
    k->report.key.ns = keep(k->ns, sizeof k->ns, r->key.ns);
    k->report.key.code = keep(k->code, sizeof k->code, r->key.code);
    k->report.key.component = keep(k->component, sizeof k->component, r->key.component);
    k->report.subject = keep(k->subject, sizeof k->subject, r->subject);
    k->report.frame_count = 0;
    k->report.raw_bytes = 0;
}

static void learn_lifecycle(struct reading *reading, const struct lifecycle *l)
{
    struct recalled *ret = reading->ret;

    if (l->kind == LIFECYCLE_CONFIGURED)
        keep(ret->configured, sizeof ret->configured, l->detail);
    if (l->kind == LIFECYCLE_RENEWED)
        keep(ret->renewed, sizeof ret->renewed, l->detail);
    if (l->kind == LIFECYCLE_COMMAND)
        reading->takers->command(reading->takers->ctx, strtoull(l->detail, NULL, 10));
}

static void learn_record(struct reading *reading, const struct record *r)
{
    reading->ret->boot = r->stamp.boot;
    if (*r->behind) /* another device's fault, whose state is not ours to keep */
        return;
    if (r->kind == RECORD_LIFECYCLE)
        learn_lifecycle(reading, &r->lifecycle);
    if (r->kind == RECORD_FAULT)
        learn(reading, &r->fault);
    if (r->kind != RECORD_SNAPSHOT)
        return;
    if (r->snapshot.part == 0)
        forget_all(reading);
    for (size_t i = 0; i < r->snapshot.fault_count; i++)
        learn(reading, &r->snapshot.faults[i]);
}

void recall_read(
    struct spool *spool, const struct recall_takers *takers, struct recalled *ret, unsigned *ret_unreadable)
{
    struct reading reading = {.takers = takers, .ret = ret};
    autofree unsigned char *memory = malloc(ARENA_BYTES);
    uint8_t bytes[BOUND_RECORD_BYTES];
    struct arena arena;
    struct record r;
    struct fail f;
    size_t n;

    if (!memory)
        abort();
    arena_init(&arena, memory, ARENA_BYTES);
    *ret = (struct recalled){0};
    *ret_unreadable = 0;
    for (uint64_t number = spool_oldest(spool, LANE_FAULT), at;
         spool_read(spool, LANE_FAULT, number, bytes, sizeof bytes, &n, &at, &f) == 0; number = at + 1) {
        arena_reset(&arena);
        if (codec_record_decode(bytes, n, &arena, &r, &f))
            (*ret_unreadable)++;
        else
            learn_record(&reading, &r);
    }
    for (const struct known *k = reading.faults; k; k = k->hh.next)
        takers->fault(takers->ctx, &k->report);
    forget_all(&reading);
}
