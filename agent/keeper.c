/* keeper.c: see keeper.h. */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

#include <event2/event.h>

#include "log.h"
#include "notify.h"

enum { RETRY_MAX_FACTOR = 60 };

struct keeper {
    struct spool_settings settings;
    struct keeper_env env;
    struct spool *spool;
    struct event *timer;
    int64_t wait_ms;
};

static void try_later(struct keeper *k)
{
    struct timeval wait = {k->wait_ms / 1000, (int)(k->wait_ms % 1000) * 1000};

    event_add(k->timer, &wait);
}

static int open_spool(struct keeper *k, struct fail *f)
{
    return spool_open(&k->settings, k->env.disk, k->env.clock, k->env.rng, &k->spool, f);
}

static int try_block(const struct disk *d, int file)
{
    static char block[4096]; /* zeros, and not in the program's file */

    errno = ENOSPC; /* a short write */
    return d->pwrite(d->ctx, file, block, sizeof block, 0) == (ssize_t)sizeof block && d->sync(d->ctx, file) == 0
               ? 0
               : errno;
}

/* 0 when the disk takes and keeps a block again, else errno. Until it does the spool stays open as it is: nothing can be
 * written, but what is there can still be read and sent. */
static int try_disk(const struct keeper *k)
{
    static const char name[] = "probe";
    const struct disk *d = k->env.disk;

    int dir = d->open_dir(d->ctx, k->settings.path);
    if (dir < 0)
        return errno;
    int file = d->open(d->ctx, dir, name, O_RDWR | O_CREAT | O_TRUNC);
    int error = file < 0 ? errno : try_block(d, file);
    if (file >= 0) {
        d->close(d->ctx, file);
        d->unlink(d->ctx, dir, name);
    }
    d->close(d->ctx, dir);
    return error;
}

static void give_up_spool(struct keeper *k)
{
    struct spool *spool = k->spool;

    if (!spool)
        return;
    k->spool = NULL;
    k->env.changed(k->env.ctx, NULL);
    spool_close(spool);
}

static int open_again(struct keeper *k, struct fail *f)
{
    if (k->spool && (errno = try_disk(k)) != 0)
        return fail_sys(f, "%s", k->settings.path);
    give_up_spool(k);
    return open_spool(k, f);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct keeper *k = ctx;
    char text[300];
    struct fail f;
    (void)fd, (void)what;

    if (open_again(k, &f) == 0) {
        log_info("spool.back", "path=%s", k->settings.path);
        notify_send("STATUS=spool is back");
        k->env.changed(k->env.ctx, k->spool);
        return;
    }
    log_text(f.text, text, sizeof text);
    log_error("spool.out_of_order", "retry_in_ms=%" PRId64 " reason=\"%s\"", k->wait_ms, text);
    notify_send("STATUS=spool out of order, records are refused: %s", text);
    try_later(k);
    if (k->wait_ms < k->env.retry_first_ms * RETRY_MAX_FACTOR)
        k->wait_ms *= 2;
}

int keeper_open(
    const struct spool_settings *settings, const struct keeper_env *env, struct keeper **ret, struct fail *f)
{
    struct keeper *k = calloc(1, sizeof *k);

    if (!k)
        abort();
    k->settings = *settings;
    k->env = *env;
    k->timer = event_new(env->base, -1, 0, on_timer, k);
    if (!k->timer)
        abort();
    if (open_spool(k, f)) {
        keeper_close(k);
        return -1;
    }
    *ret = k;
    return 0;
}

void keeper_close(struct keeper *k)
{
    if (!k)
        return;
    event_free(k->timer);
    spool_close(k->spool);
    free(k);
}

struct spool *keeper_spool(const struct keeper *k)
{
    return k->spool;
}

void keeper_failed(struct keeper *k)
{
    log_error("spool.failed", "path=%s", k->settings.path);
    k->wait_ms = k->env.retry_first_ms;
    try_later(k);
}
