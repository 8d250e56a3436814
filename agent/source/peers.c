/* peers.c: listening, accepting, taking turns. See peers.h. */
#include "peers.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "bucket.h"
#include "log.h"

enum {
    ACCEPT_AT_ONCE = 16,
    QUEUE_LENGTH = 64, /* connections that wait to be accepted */
    NO_DESCRIPTORS_PAUSE_S = 1,
    USERS = PEERS_MAX + 1, /* one is always free of connections */
};

struct user {
    bool known;
    uid_t uid;
    struct bucket bucket;
    struct mono used;
    size_t connections;
};

struct peer {
    int fd;
    struct event *readable;
    struct ucred who;
    struct user *user;
    struct bucket bucket;
    struct mono used;
    bool ready, gone;
    TAILQ_ENTRY(peer) all_link;
    TAILQ_ENTRY(peer) ready_link;
    struct peers *peers;
};

TAILQ_HEAD(peer_list, peer);

struct peers {
    const struct peers_settings *settings;
    struct event_base *base;
    const struct clock *clock;
    void (*on_packets)(void *ctx);
    void *ctx;
    int listening;
    struct event *acceptable, *accept_again, *drain;
    struct peer_list all, ready; /* ready: in the order of their turns */
    size_t count;
    struct user users[USERS];
};

static struct mono now_of(const struct peers *p)
{
    return p->clock->mono(p->clock->ctx);
}

/* ------------------------------------------------------------------ users */

/* The entry of uid; a new one takes the place of the user without connections who was quiet longest. */
static struct user *user_of(struct peers *p, uid_t uid)
{
    struct user *place = NULL;

    for (size_t i = 0; i < USERS; i++) {
        struct user *u = &p->users[i];

        if (u->known && u->uid == uid)
            return u;
        if (u->connections == 0 && (!place || (place->known && (!u->known || u->used.ms < place->used.ms))))
            place = u;
    }
    assert(place);
    *place = (struct user){.known = true, .uid = uid, .used = now_of(p)};
    bucket_init(&place->bucket, p->settings->burst * PEERS_USER_SHARE, place->used);
    return place;
}

/* 0 and a request taken from both buckets, or how long to wait. */
static uint32_t charge(struct peers *p, struct peer *peer)
{
    int64_t rate = p->settings->rate_per_s, burst = p->settings->burst;
    struct user *u = peer->user;
    struct mono now = now_of(p);

    peer->used = u->used = now;
    bucket_fill(&peer->bucket, rate, burst, now);
    bucket_fill(&u->bucket, rate * PEERS_USER_SHARE, burst * PEERS_USER_SHARE, now);
    uint32_t own_ms = bucket_wait_ms(&peer->bucket, rate);
    uint32_t user_ms = bucket_wait_ms(&u->bucket, rate * PEERS_USER_SHARE);
    if (own_ms || user_ms)
        return own_ms > user_ms ? own_ms : user_ms;
    bucket_take(&peer->bucket);
    bucket_take(&u->bucket);
    return 0;
}

/* ------------------------------------------------------------------ connections */

static void free_peer(struct peer *peer)
{
    struct peers *p = peer->peers;

    if (peer->ready)
        TAILQ_REMOVE(&p->ready, peer, ready_link);
    TAILQ_REMOVE(&p->all, peer, all_link);
    peer->user->connections--;
    p->count--;
    event_free(peer->readable);
    close(peer->fd);
    free(peer);
}

static void set_gone(struct peer *peer)
{
    peer->gone = true;
    event_del(peer->readable);
    if (peer->ready)
        TAILQ_REMOVE(&peer->peers->ready, peer, ready_link);
    peer->ready = false;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct peer *peer = arg;
    (void)fd;
    (void)what;

    if (!peer->ready)
        TAILQ_INSERT_TAIL(&peer->peers->ready, peer, ready_link);
    peer->ready = true;
    /* Runs behind all that the loop has found readable, so that one sync serves them all. */
    event_active(peer->peers->drain, 0, 0);
}

static void on_drain(evutil_socket_t fd, short what, void *arg)
{
    struct peers *p = arg;
    (void)fd;
    (void)what;

    p->on_packets(p->ctx);
}

static bool must_go_first(const struct peer *a, const struct peer *b)
{
    size_t held_a = a->user->connections, held_b = b->user->connections;

    return held_a != held_b ? held_a > held_b : a->used.ms < b->used.ms;
}

/* Room for one more: see the head of peers.h. There is at least one. */
static void displace(struct peers *p)
{
    struct peer *victim = NULL;

    for (struct peer *peer = TAILQ_FIRST(&p->all); peer; peer = TAILQ_NEXT(peer, all_link))
        if (!victim || must_go_first(peer, victim))
            victim = peer;
    assert(victim);
    log_info(
        "app.displaced", "pid=%d uid=%u connections=%zu", (int)victim->who.pid, (unsigned)victim->who.uid, p->count);
    free_peer(victim);
}

static void add_peer(struct peers *p, int fd)
{
    struct ucred who;
    socklen_t size = sizeof who;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) {
        close(fd);
        return;
    }
    if (p->count == (size_t)p->settings->max_connections)
        displace(p);
    struct peer *peer = calloc(1, sizeof *peer);
    if (!peer || !(peer->readable = event_new(p->base, fd, EV_READ | EV_PERSIST, on_readable, peer)))
        abort();
    peer->peers = p;
    peer->fd = fd;
    peer->who = who;
    peer->user = user_of(p, who.uid);
    peer->user->connections++;
    peer->used = now_of(p);
    bucket_init(&peer->bucket, p->settings->burst, peer->used);
    TAILQ_INSERT_TAIL(&p->all, peer, all_link);
    p->count++;
    event_add(peer->readable, NULL);
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
    struct peers *p = arg;
    (void)what;

    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        int peer_fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (peer_fd >= 0) {
            add_peer(p, peer_fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            /* The connection stays in the queue and would wake the loop at once. */
            const struct timeval pause = {.tv_sec = NO_DESCRIPTORS_PAUSE_S};

            log_warn("app.accept", "errno=%d text=\"%s\"", errno, strerror(errno));
            event_del(p->acceptable);
            event_add(p->accept_again, &pause);
        }
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

static void on_accept_again(evutil_socket_t fd, short what, void *arg)
{
    struct peers *p = arg;
    (void)fd;
    (void)what;

    event_add(p->acceptable, NULL);
}

/* ------------------------------------------------------------------ the socket in the file system */

static void make_folder(const char *path)
{
    char folder[PEERS_PATH_BYTES];

    strcpy(folder, path);
    char *slash = strrchr(folder, '/');
    if (slash && slash != folder) {
        *slash = '\0';
        /* Whatever the umask says, applications must get through. What goes wrong here is told by bind(), for the path
         * that was set. */
        if (mkdir(folder, 0755) == 0 && chmod(folder, 0755) != 0)
            log_debug("app.folder", "errno=%d", errno);
    }
}

/* Takes away a socket on which nobody listens. */
static int remove_stale(const struct sockaddr_un *address, struct fail *f)
{
    const char *path = address->sun_path;
    struct stat st;

    if (lstat(path, &st) != 0)
        return errno == ENOENT ? 0 : fail_sys(f, "%s", path);
    if (!S_ISSOCK(st.st_mode))
        return fail_set(f, FAIL_CONFLICT, "%s: there is a file that is not a socket", path);
    autoclose int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return fail_sys(f, "%s", path);
    if (connect(probe, (const struct sockaddr *)address, sizeof *address) == 0 || errno != ECONNREFUSED)
        return fail_set(f, FAIL_CONFLICT, "%s: another process listens there", path);
    return unlink(path) == 0 || errno == ENOENT ? 0 : fail_sys(f, "%s: removing the old socket", path);
}

static int set_access(const struct peers_settings *s, struct fail *f)
{
    if (*s->group) {
        const struct group *group = getgrnam(s->group);

        if (!group)
            return fail_set(f, FAIL_SETTINGS, "app.group: there is no group %s", s->group);
        if (chown(s->path, (uid_t)-1, group->gr_gid) != 0)
            return fail_sys(f, "%s: giving it to group %s", s->path, s->group);
    }
    return chmod(s->path, s->mode) == 0 ? 0 : fail_sys(f, "%s: setting its mode", s->path);
}

static int listen_at(const struct peers_settings *s, int *ret_fd, struct fail *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, s->path, strlen(s->path) + 1);
    make_folder(s->path);
    if (remove_stale(&address, f) != 0)
        return -1;
    autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail_sys(f, "%s", s->path);
    /* Nobody gets in between bind() and set_access(). */
    mode_t was = umask(0177);
    int bound = bind(fd, (const struct sockaddr *)&address, sizeof address);
    umask(was);
    if (bound != 0)
        return fail_sys(f, "%s: listening", s->path);
    if (set_access(s, f) != 0 || (listen(fd, QUEUE_LENGTH) != 0 && fail_sys(f, "%s: listening", s->path) != 0)) {
        unlink(s->path);
        return -1;
    }
    *ret_fd = take_fd(&fd);
    return 0;
}

/* ------------------------------------------------------------------ the interface */

int peers_open(const struct peers_settings *s, struct event_base *base, const struct clock *clock,
    void (*on_packets)(void *ctx), void *ctx, struct peers **ret, struct fail *f)
{
    int fd = -1;

    if (listen_at(s, &fd, f) != 0)
        return -1;
    struct peers *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    *p = (struct peers){
        .settings = s, .base = base, .clock = clock, .on_packets = on_packets, .ctx = ctx, .listening = fd};
    TAILQ_INIT(&p->all);
    TAILQ_INIT(&p->ready);
    p->acceptable = event_new(base, fd, EV_READ | EV_PERSIST, on_acceptable, p);
    p->accept_again = evtimer_new(base, on_accept_again, p);
    p->drain = event_new(base, -1, 0, on_drain, p);
    if (!p->acceptable || !p->accept_again || !p->drain)
        abort();
    event_add(p->acceptable, NULL);
    *ret = p;
    return 0;
}

void peers_close(struct peers *p)
{
    if (!p)
        return;
    for (struct peer *peer = TAILQ_FIRST(&p->all); peer; peer = TAILQ_NEXT(peer, all_link))
        set_gone(peer);
    peers_sweep(p);
    event_free(p->acceptable);
    event_free(p->accept_again);
    event_free(p->drain);
    close(p->listening);
    unlink(p->settings->path);
    free(p);
}

bool peers_next(
    struct peers *p, char *buf, size_t cap, size_t *ret_bytes, struct peer **ret_peer, uint32_t *ret_wait_ms)
{
    struct peer *peer;

    while ((peer = TAILQ_FIRST(&p->ready))) {
        ssize_t n = recv(peer->fd, buf, cap, MSG_TRUNC);

        TAILQ_REMOVE(&p->ready, peer, ready_link);
        peer->ready = n > 0;
        if (n > 0) {
            TAILQ_INSERT_TAIL(&p->ready, peer, ready_link);
            *ret_bytes = (size_t)n;
            *ret_peer = peer;
            *ret_wait_ms = charge(p, peer);
            return true;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            set_gone(peer);
    }
    return false;
}

void peers_answer(struct peer *peer, const char *bytes, size_t n)
{
    if (send(peer->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        set_gone(peer);
}

void peers_sweep(struct peers *p)
{
    struct peer *peer = TAILQ_FIRST(&p->all);

    while (peer) {
        struct peer *next = TAILQ_NEXT(peer, all_link);

        if (peer->gone)
            free_peer(peer);
        peer = next;
    }
}

struct peer_name peers_name(const struct peer *peer)
{
    return (struct peer_name){peer->who.pid, peer->who.uid};
}
