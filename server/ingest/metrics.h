/* metrics.h: what the ingest side counts, for /metrics. Written by the ingest and the writer thread, read by any. */
#ifndef FAULTLINE_METRICS_H
#define FAULTLINE_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "record.h"
#include "refusal.h"

enum { METRICS_COMMIT_BUCKETS = 10 };

/* Upper ends of the buckets of commit_ms; one more bucket holds what took longer. */
extern const uint32_t metrics_commit_ms[METRICS_COMMIT_BUCKETS];

typedef _Atomic uint64_t counter;

struct metrics {
    counter uplinks;
    counter stored[RECORD_KIND_COUNT]; /* records */
    counter duplicates, holes;
    counter refused[REFUSAL_COUNT]; /* messages, from REFUSAL_CHILD on records */
    counter shed;                   /* health records put off because more was waiting than could be taken */
    counter receipts, receipts_failed;
    counter batches;
    counter commits[METRICS_COMMIT_BUCKETS + 1]; /* by duration */
    counter commit_us;                           /* sum */
    counter tickets_opened, tickets_joined, tickets_raised, suppressed, clocks_breached;
    counter devices_enrolled, spool_resets, clones, devices_silent;
    counter numbers_reused;   /* records in messages that bring other records under numbers stored already */
    counter snapshots_asked;  /* of devices, after a loss */
    counter ticks;            /* the writer gets round */
    counter queue_depth;      /* now */
    counter cached_devices;   /* now */
    counter connects;         /* to the broker */
    atomic_bool is_connected; /* and subscribed */
};

static inline void metrics_add(counter *c, uint64_t n)
{
    atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static inline void metrics_set(counter *c, uint64_t n)
{
    atomic_store_explicit(c, n, memory_order_relaxed);
}

static inline uint64_t metrics_get(const counter *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

/* One more transaction that took us microseconds. */
void metrics_commit(struct metrics *m, uint64_t us);

#endif
