/* pool.c: see pool.h. */
#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"

STAILQ_HEAD(jobs, job);

struct pool {
    const struct store_settings *store;
    pthread_mutex_t lock; /* all below, but the threads */
    pthread_cond_t work;
    struct jobs queue, finished;
    unsigned queued, queue_max;
    bool stopping;
    int fd;
    pthread_t *threads;
    unsigned thread_count;
};

static bool handle_is_lost(enum fail_code code)
{
    return code == FAIL_CORRUPT || code == FAIL_FULL || code == FAIL_IO || code == FAIL_PEER;
}

static struct job *next_job(struct pool *p)
{
    struct job *j = NULL;

    pthread_mutex_lock(&p->lock);
    while (!p->stopping && STAILQ_EMPTY(&p->queue))
        pthread_cond_wait(&p->work, &p->lock);
    if (!p->stopping) {
        j = STAILQ_FIRST(&p->queue);
        STAILQ_REMOVE_HEAD(&p->queue, link);
        p->queued--;
    }
    pthread_mutex_unlock(&p->lock);
    return j;
}

static void hand_back(struct pool *p, struct job *j)
{
    const uint64_t one = 1;

    pthread_mutex_lock(&p->lock);
    STAILQ_INSERT_TAIL(&p->finished, j, link);
    pthread_mutex_unlock(&p->lock);
    /* A counter that is already high enough to be readable may refuse to grow. */
    ssize_t written = write(p->fd, &one, sizeof one);
    (void)written;
}

static void *reader(void *ctx)
{
    struct pool *p = ctx;
    struct store *store = NULL;
    struct job *j;

    while ((j = next_job(p))) {
        struct fail f = {0};

        if (!store && store_open(p->store, STORE_READ, &store, &f) != 0)
            log_fail(LOG_LEVEL_ERROR, "http.store", &f);
        if (handle_is_lost(j->run(j, store, &f)) && store) {
            log_fail(LOG_LEVEL_ERROR, "http.store", &f);
            store_close(take_ptr(store));
        }
        hand_back(p, j);
    }
    store_close(store);
    return NULL;
}

/* Signals are the main thread's; a broken connection is an error of write(2), not a signal. */
static int start_thread(struct pool *p)
{
    sigset_t all, was;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &was);
    int rc = pthread_create(&p->threads[p->thread_count], NULL, reader, p);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    if (rc == 0)
        p->thread_count++;
    return rc;
}

int pool_start(
    const struct store_settings *store, unsigned threads, unsigned queue_max, struct pool **ret, struct fail *f)
{
    struct pool *p = calloc(1, sizeof *p);

    if (!p || !(p->threads = calloc(threads, sizeof *p->threads)))
        abort();
    p->store = store;
    p->queue_max = queue_max;
    STAILQ_INIT(&p->queue);
    STAILQ_INIT(&p->finished);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->fd < 0) {
        fail_sys(f, "eventfd");
        pool_stop(p);
        return -1;
    }
    while (p->thread_count < threads)
        if (start_thread(p) != 0) {
            pool_stop(p);
            return fail_set(f, FAIL_IO, "cannot start a reader thread");
        }
    *ret = p;
    return 0;
}

void pool_stop(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->thread_count; i++)
        pthread_join(p->threads[i], NULL);
    STAILQ_CONCAT(&p->finished, &p->queue);
    pool_finish(p);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    if (p->fd >= 0)
        close(p->fd);
    free(p->threads);
    free(p);
}

bool pool_submit(struct pool *p, struct job *j)
{
    pthread_mutex_lock(&p->lock);
    bool fits = !p->stopping && p->queued < p->queue_max;
    if (fits) {
        STAILQ_INSERT_TAIL(&p->queue, j, link);
        p->queued++;
        pthread_cond_signal(&p->work);
    }
    pthread_mutex_unlock(&p->lock);
    return fits;
}

int pool_fd(const struct pool *p)
{
    return p->fd;
}

void pool_finish(struct pool *p)
{
    struct jobs done = STAILQ_HEAD_INITIALIZER(done);
    uint64_t count;
    ssize_t got = read(p->fd, &count, sizeof count);
    (void)got; /* it only wakes */

    pthread_mutex_lock(&p->lock);
    STAILQ_CONCAT(&done, &p->finished);
    pthread_mutex_unlock(&p->lock);
    while (!STAILQ_EMPTY(&done)) {
        struct job *j = STAILQ_FIRST(&done);

        STAILQ_REMOVE_HEAD(&done, link);
        j->done(j);
    }
}

unsigned pool_queued(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    unsigned queued = p->queued;
    pthread_mutex_unlock(&p->lock);
    return queued;
}
