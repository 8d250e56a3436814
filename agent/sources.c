/* sources.c: see sources.h. */
#include "sources.h"

#include <stdlib.h>

#include <event2/event.h>

#include "log.h"

enum { COUNT_MAX = 2 + SETTINGS_J1939, RETRY_FIRST_S = 30, RETRY_MAX_S = 600 };

struct one {
    struct source source;
    const void *settings;
    bool open;
};

struct sources {
    const struct source_env *env;
    struct one all[COUNT_MAX];
    size_t count;
    struct one *health;
    struct event *timer; /* for those that are not open */
    int wait_s;
};

static struct one *add(struct sources *all, const struct source_type *type, const void *settings)
{
    struct one *one = &all->all[all->count++];

    one->source.type = type;
    one->settings = settings;
    return one;
}

static bool is_for_good(const struct fail *f)
{
    return f->code == FAIL_SETTINGS || f->code == FAIL_CONFLICT;
}

/* -1: some are not open; f is the last one's. for_good: stops at the first that never will. */
static int open_closed(struct sources *all, bool *ret_for_good, struct fail *f)
{
    int rc = 0;
    char text[300];

    *ret_for_good = false;
    for (size_t i = 0; i < all->count && !*ret_for_good; i++) {
        struct one *one = &all->all[i];

        if (one->open)
            continue;
        if (one->source.type->open(one->settings, all->env, &one->source.state, f) == 0) {
            one->open = true;
            continue;
        }
        rc = -1;
        *ret_for_good = is_for_good(f);
        log_error("source.closed", "kind=%s retry_in_s=%d reason=\"%s\"", one->source.type->kind, all->wait_s,
            log_text(f->text, text, sizeof text));
    }
    return rc;
}

static void try_later(struct sources *all)
{
    struct timeval wait = {all->wait_s, 0};

    event_add(all->timer, &wait);
    all->wait_s = all->wait_s * 2 > RETRY_MAX_S ? RETRY_MAX_S : all->wait_s * 2;
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct sources *all = ctx;
    struct fail f;
    bool for_good;
    (void)fd, (void)what;

    /* What was fit at the start may be taken now; that passes, too. */
    if (open_closed(all, &for_good, &f))
        try_later(all);
}

int sources_open(const struct settings *s, const struct source_env *env, struct sources **ret, struct fail *f)
{
    struct sources *all = calloc(1, sizeof *all);
    bool for_good;

    if (!all)
        abort();
    all->env = env;
    all->wait_s = RETRY_FIRST_S;
    all->timer = event_new(env->base, -1, 0, on_timer, all);
    if (!all->timer)
        abort();
    *ret = all; /* a source may deliver, and measure, while it is being opened */
    all->health = add(all, &source_health, &s->health);
    add(all, &source_app, &s->app);
    for (size_t i = 0; i < s->j1939_count; i++)
        add(all, &source_j1939, &s->j1939[i]);
    if (open_closed(all, &for_good, f) == 0)
        return 0;
    if (for_good) {
        *ret = NULL;
        sources_close(all);
        return -1;
    }
    try_later(all);
    return 0;
}

void sources_close(struct sources *all)
{
    if (!all)
        return;
    for (size_t i = all->count; i-- > 0;)
        if (all->all[i].open)
            all->all[i].source.type->close(all->all[i].source.state);
    event_free(all->timer);
    free(all);
}

int sources_measure(struct sources *all, const struct frame_value *sample, struct fail *f)
{
    if (!all || !all->health->open)
        return fail_set(f, FAIL_NOT_FOUND, "there is no health source");
    return health_measure(all->health->source.state, sample, f);
}
