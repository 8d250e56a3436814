/* pool.h: reader threads that run jobs on the store, and the bounded queue to them.
 *
 * A job is made, submitted and finished by one thread (the HTTP loop); only its run() happens elsewhere. Each reader
 * opens its own read-only handle when it first needs one and again after the store failed under it. */
#ifndef FAULTLINE_POOL_H
#define FAULTLINE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "store.h"

/* The first member of a caller's struct. */
struct job {
    /* On a reader thread. s is NULL when the store could not be opened; then f says why. Returns the code of the failure
     * the store met, FAIL_NONE for none: the pool closes a handle that is no longer good. */
    enum fail_code (*run)(struct job *j, struct store *s, struct fail *f);
    /* On the submitting thread, in pool_finish() or pool_stop(), exactly once for each submitted job; may free it.
     * run() was not called when the pool stopped before. */
    void (*done)(struct job *j);
    STAILQ_ENTRY(job) link;
};

struct pool;

/* The store's settings and texts are borrowed until pool_stop(). */
must_check int pool_start(
    const struct store_settings *store, unsigned threads, unsigned queue_max, struct pool **ret, struct fail *f);
/* Joins the threads (waits for the jobs that run), then calls done() for all that is left. NULL is fine. */
void pool_stop(struct pool *p);

/* False when the queue is full; then the job is still the caller's. Never blocks. */
must_check bool pool_submit(struct pool *p, struct job *j);

/* Readable when pool_finish() has something to do; belongs to the pool. */
int pool_fd(const struct pool *p);
void pool_finish(struct pool *p);

unsigned pool_queued(struct pool *p); /* jobs that wait for a thread */

#endif
