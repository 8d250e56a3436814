/* writer.c: a queue of waiting callers and the thread that serves them. See writer.h. */
#include "writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <time.h>

#include "log.h"

enum { TICK_MS = 1000, QUIET_TICKS = 5 }; /* after so many ticks without a batch the store may tidy up */

/* Lives on the stack of the caller that waits for it. */
struct job {
    struct batch *batch; /* NULL: change */
    const struct registration_change *change;
    struct fail *f;
    int rc;
    bool done;
    STAILQ_ENTRY(job) next;
};

struct writer {
    struct core *core;
    struct store *store;
    struct metrics *metrics;
    struct writer_events events;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    STAILQ_HEAD(job_list, job) jobs; /* guarded by lock, as the next two */
    uint64_t waiting;
    bool stopping;
    /* the thread's own */
    struct fail failure; /* code FAIL_NONE = it works */
    struct timespec next_tick;
    unsigned quiet_ticks;
    int64_t told_event;
};

static void count_waiting(struct writer *w, int change)
{
    w->waiting += (uint64_t)change;
    metrics_set(&w->metrics->queue_depth, w->waiting);
}

/* ---------------------------------------------------------------- the thread */

static void tell_events(struct writer *w)
{
    int64_t last = core_last_event(w->core);

    if (last == w->told_event || !w->events.committed)
        return;
    w->told_event = last;
    w->events.committed(w->events.ctx, last);
}

static void fail_for_good(struct writer *w, const struct fail *f)
{
    w->failure = *f;
    log_error("writer.failed", "code=%s reason=\"%s\"", fail_word(f->code), f->text);
    if (w->events.failed)
        w->events.failed(w->events.ctx, f);
}

static void run(struct writer *w, struct job *j)
{
    if (w->failure.code) {
        *j->f = w->failure;
        j->rc = -1;
        return;
    }
    w->quiet_ticks = 0;
    if (j->batch)
        j->rc = core_apply(w->core, j->batch, j->f);
    else
        j->rc = core_set_registration(w->core, j->change, j->f);
    if (j->rc && !j->batch && j->f->code == FAIL_NOT_FOUND)
        return;
    if (j->rc)
        fail_for_good(w, j->f);
    else
        tell_events(w);
}

static void run_tick(struct writer *w)
{
    struct fail f;

    clock_gettime(CLOCK_MONOTONIC, &w->next_tick);
    w->next_tick.tv_sec += TICK_MS / 1000;
    if (w->failure.code)
        return;
    if (core_tick(w->core, &f)) {
        fail_for_good(w, &f);
        return;
    }
    metrics_add(&w->metrics->ticks, 1);
    tell_events(w);
    if (++w->quiet_ticks == QUIET_TICKS && store_idle(w->store, &f))
        fail_for_good(w, &f);
}

/* The next job, or NULL when it is time for a tick or the end. */
static struct job *await(struct writer *w, bool *ret_stop)
{
    struct job *j;
    int rc = 0;

    pthread_mutex_lock(&w->lock);
    while (STAILQ_EMPTY(&w->jobs) && !w->stopping && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&w->work, &w->lock, &w->next_tick);
    j = STAILQ_FIRST(&w->jobs);
    if (j)
        STAILQ_REMOVE_HEAD(&w->jobs, next);
    *ret_stop = w->stopping;
    pthread_mutex_unlock(&w->lock);
    return j;
}

static void finish(struct writer *w, struct job *j)
{
    pthread_mutex_lock(&w->lock);
    j->done = true;
    count_waiting(w, -1);
    pthread_cond_broadcast(&w->done);
    pthread_mutex_unlock(&w->lock);
}

static bool tick_is_due(const struct writer *w)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > w->next_tick.tv_sec ||
           (now.tv_sec == w->next_tick.tv_sec && now.tv_nsec >= w->next_tick.tv_nsec);
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    struct fail f;
    bool stop = false;

    while (!stop) {
        struct job *j = await(w, &stop);

        if (j) {
            run(w, j);
            finish(w, j);
            stop = false; /* the queue runs empty first */
        }
        if (!stop && tick_is_due(w)) /* batches without end do not starve the clocks, nor the lease */
            run_tick(w);
    }
    if (!w->failure.code && core_finish(w->core, &f))
        fail_for_good(w, &f);
    return NULL;
}

/* ---------------------------------------------------------------- for the other threads */

static void init_conditions(struct writer *w)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->work, &monotonic);
    pthread_cond_init(&w->done, NULL);
    pthread_condattr_destroy(&monotonic);
}

struct writer *writer_start(
    struct core *core, struct store *store, struct metrics *metrics, const struct writer_events *events)
{
    struct writer *w = calloc(1, sizeof *w);

    if (!w)
        abort();
    w->core = core;
    w->store = store;
    w->metrics = metrics;
    w->events = *events;
    w->told_event = core_last_event(core);
    STAILQ_INIT(&w->jobs);
    pthread_mutex_init(&w->lock, NULL);
    init_conditions(w);
    clock_gettime(CLOCK_MONOTONIC, &w->next_tick);
    if (pthread_create(&w->thread, NULL, writer_main, w))
        abort(); /* no memory for a thread */
    return w;
}

static int wait_for(struct writer *w, struct job *j)
{
    pthread_mutex_lock(&w->lock);
    STAILQ_INSERT_TAIL(&w->jobs, j, next);
    count_waiting(w, 1);
    pthread_cond_signal(&w->work);
    while (!j->done)
        pthread_cond_wait(&w->done, &w->lock);
    pthread_mutex_unlock(&w->lock);
    return j->rc;
}

int writer_apply(struct writer *w, struct batch *b, struct fail *f)
{
    return wait_for(w, &(struct job){.batch = b, .f = f});
}

int writer_set_registration(struct writer *w, const struct registration_change *change, struct fail *f)
{
    return wait_for(w, &(struct job){.change = change, .f = f});
}

void writer_stop(struct writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->work);
    pthread_cond_destroy(&w->done);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
