/* resolver.c: see resolver.h. A question belongs to two: the loop, and the thread that asks. The last one frees it. */
#include "resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include <event2/event.h>

#include "cleanup.h"

enum { STACK_BYTES = 256 * 1024, HOST_BYTES = 256, ADDRESS_BYTES = 64 };

struct question {
    atomic_int owners;
    int answered; /* eventfd */
    unsigned turn;
    int error; /* of getaddrinfo() */
    char host[HOST_BYTES];
    char address[ADDRESS_BYTES];
};

struct resolver {
    struct event_base *base;
    resolver_done *done;
    void *ctx;
    struct question *question; /* NULL = none is being asked */
    struct event *event;       /* for its answer */
    bool wanted;               /* somebody waits for the answer */
};

static void drop(struct question *q)
{
    if (atomic_fetch_sub(&q->owners, 1) != 1)
        return;
    close(q->answered);
    free(q);
}

/* Takes the turn's address of the list; one whose text does not fit counts as unknown. */
static int choose(const struct addrinfo *list, unsigned turn, char address[static ADDRESS_BYTES])
{
    const struct addrinfo *one;
    unsigned count = 0;

    for (one = list; one; one = one->ai_next)
        count++;
    one = list;
    for (turn = count ? turn % count : 0; turn > 0; turn--)
        one = one->ai_next;
    return one ? getnameinfo(one->ai_addr, one->ai_addrlen, address, ADDRESS_BYTES, NULL, 0, NI_NUMERICHOST)
               : EAI_NONAME;
}

static void *ask(void *arg)
{
    struct question *q = arg;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
    uint64_t one = 1;

    q->error = getaddrinfo(q->host, NULL, &hints, &list);
    if (q->error == 0) {
        q->error = choose(list, q->turn, q->address);
        freeaddrinfo(list);
    }
    ssize_t written = write(q->answered, &one, sizeof one);
    (void)written; /* an eventfd takes its first count */
    drop(q);
    return NULL;
}

static int start_thread(struct question *q)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
    int rc = pthread_create(&thread, &attributes, ask, q);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return rc;
}

static void forget_question(struct resolver *r)
{
    if (!r->question)
        return;
    event_free(r->event);
    drop(r->question);
    r->question = NULL;
}

static void on_answered(evutil_socket_t fd, short what, void *ctx)
{
    struct resolver *r = ctx;
    char address[ADDRESS_BYTES];
    uint64_t count;
    (void)what;

    ssize_t got = read(fd, &count, sizeof count);
    (void)got; /* it is readable: this is why we are here */
    int error = r->question->error;
    strcpy(address, r->question->address);
    forget_question(r);
    if (!r->wanted)
        return;
    r->wanted = false;
    r->done(r->ctx, error ? NULL : address, error ? gai_strerror(error) : "");
}

struct resolver *resolver_new(struct event_base *base, resolver_done *done, void *ctx)
{
    struct resolver *r = calloc(1, sizeof *r);

    if (!r)
        abort();
    *r = (struct resolver){.base = base, .done = done, .ctx = ctx};
    return r;
}

void resolver_free(struct resolver *r)
{
    if (!r)
        return;
    forget_question(r);
    free(r);
}

void resolver_start(struct resolver *r, const char *host, unsigned turn)
{
    uint64_t one = 1;

    r->wanted = true;
    if (r->question)
        return;
    struct question *q = calloc(1, sizeof *q);
    if (!q)
        abort();
    q->owners = 2;
    q->turn = turn;
    snprintf(q->host, sizeof q->host, "%s", host);
    q->answered = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r->question = q;
    r->event = event_new(r->base, q->answered, EV_READ, on_answered, r);
    if (q->answered < 0 || !r->event)
        abort();
    event_add(r->event, NULL);
    if (start_thread(q) == 0)
        return;
    q->error = EAI_AGAIN;
    ssize_t written = write(q->answered, &one, sizeof one);
    (void)written;
    drop(q);
}

void resolver_cancel(struct resolver *r)
{
    r->wanted = false;
}

bool resolver_is_address(const char *host)
{
    struct in6_addr address;

    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}
