/* keeper.c: see keeper.h. */
#include "keeper.h"

#include <stdlib.h>

#include <event2/event.h>

#include "log.h"
#include "notify.h"

enum { RETRY_FIRST_S = 10, RETRY_MAX_S = 600 };

struct keeper {
    struct spool_settings settings;
    struct keeper_env env;
    struct spool *spool;
    struct event *timer;
    int wait_s;
};

static void try_in(struct keeper *k, int seconds)
{
    struct timeval wait = {seconds, 0};

    event_add(k->timer, &wait);
}

static int open_spool(struct keeper *k, struct fail *f)
{
    return spool_open(&k->settings, k->env.disk, k->env.clock, k->env.rng, &k->spool, f);
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

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct keeper *k = ctx;
    struct fail f;
    (void)fd, (void)what;

    give_up_spool(k);
    if (open_spool(k, &f) == 0) {
        log_info("spool.back", "path=%s", k->settings.path);
        notify_send("STATUS=spool is back");
        k->env.changed(k->env.ctx, k->spool);
        return;
    }
    log_error("spool.out_of_order", "retry_in_s=%d reason=\"%s\"", k->wait_s, f.text);
    notify_send("STATUS=spool out of order, refusing records: %s", f.text);
    try_in(k, k->wait_s);
    k->wait_s = k->wait_s * 2 > RETRY_MAX_S ? RETRY_MAX_S : k->wait_s * 2;
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
    k->wait_s = RETRY_FIRST_S;
    try_in(k, RETRY_FIRST_S);
}
