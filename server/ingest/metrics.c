/* metrics.c: see metrics.h. */
#include "metrics.h"

const uint32_t metrics_commit_ms[METRICS_COMMIT_BUCKETS] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};

void metrics_commit(struct metrics *m, uint64_t us)
{
    unsigned bucket = 0;

    while (bucket < METRICS_COMMIT_BUCKETS && us > metrics_commit_ms[bucket] * 1000ULL)
        bucket++;
    metrics_add(&m->commits[bucket], 1);
    metrics_add(&m->commit_us, us);
}
