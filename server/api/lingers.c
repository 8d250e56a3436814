/* lingers.c: see lingers.h. */
#include "lingers.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LIMIT_S = 2, LIMIT_BYTES = 1024 * 1024 };

struct lingering {
    struct lingers *all;
    struct event *readable, *late;
    int fd;
    size_t thrown_away;
    LIST_ENTRY(lingering) link;
};

struct lingers {
    struct event_base *base;
    LIST_HEAD(lingering_list, lingering) list;
    unsigned count;
};

struct lingers *lingers_new(struct event_base *base)
{
    struct lingers *l = calloc(1, sizeof *l);

    if (!l)
        abort();
    l->base = base;
    LIST_INIT(&l->list);
    return l;
}

static void end(struct lingering *at)
{
    LIST_REMOVE(at, link);
    at->all->count--;
    event_free(at->readable);
    event_free(at->late);
    close(at->fd);
    free(at);
}

void lingers_free(struct lingers *l)
{
    if (!l)
        return;
    while (!LIST_EMPTY(&l->list))
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what was freed is no longer in the list */
        end(LIST_FIRST(&l->list));
    free(l);
}

static void on_late(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what;
    end(ctx);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    struct lingering *at = ctx;
    char waste[16 * 1024];
    ssize_t got = recv(fd, waste, sizeof waste, MSG_DONTWAIT);
    (void)what;

    if (got > 0)
        at->thrown_away += (size_t)got;
    if (got <= 0 || at->thrown_away > LIMIT_BYTES)
        end(at);
}

void lingers_add(struct lingers *l, int fd)
{
    const struct timeval limit = {.tv_sec = LIMIT_S};
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (copy < 0)
        return;
    struct lingering *at = calloc(1, sizeof *at);
    if (!at)
        abort();
    at->all = l;
    at->fd = copy;
    at->readable = event_new(l->base, copy, EV_READ | EV_PERSIST, on_readable, at);
    at->late = evtimer_new(l->base, on_late, at);
    if (!at->readable || !at->late)
        abort();
    event_add(at->readable, NULL);
    event_add(at->late, &limit);
    LIST_INSERT_HEAD(&l->list, at, link);
    l->count++;
}

unsigned lingers_count(const struct lingers *l)
{
    return l->count;
}
