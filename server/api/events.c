/* events.c: see events.h. */
#include "events.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "view.h"

enum { READ_ROWS = 200, READ_BYTES = 64 * 1024, FROM_NEWEST = -1 };

struct client {
    struct events *events;
    struct http_exchange *exchange;
    int64_t place; /* the last event it has; FROM_NEWEST before that is known */
    bool behind;   /* the table may hold more */
    bool unread;   /* it has not taken yet what was sent last */
    TAILQ_ENTRY(client) link;
};

/* Reads what stands behind a place. */
struct reading {
    struct job job;
    struct events *events;
    int64_t from, place;
    char *text; /* of the events read */
    size_t bytes;
    FILE *out;
    int rows;
    bool cut; /* there is more behind the last row */
    bool done_well;
};

struct events {
    struct pool *pool;
    struct event *ping;
    TAILQ_HEAD(client_list, client) clients; /* in the order in which they are served */
    unsigned count, max_streams;
    bool reading; /* a job is under way: one at a time, so that streams never fill the queue */
    bool grew;    /* the table, since that job was made */
    bool stopped;
};

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

/* ---------------------------------------------------------------- on a reader thread */

static bool add_event(void *ctx, const struct event_row *row)
{
    struct reading *r = ctx;
    json_t *o = view_event(row);
    char *data = must(json_dumps(o, JSON_COMPACT));

    if (r->rows == 0 && row->id > r->place + 1)
        fprintf(r->out, "event: gap\ndata: {\"after\":\"%" PRId64 "\"}\n\n", r->place);
    fprintf(r->out, "id: %" PRId64 "\nevent: %s\ndata: %s\n\n", row->id, row->kind, data);
    free(data);
    json_decref(o);
    r->place = row->id;
    r->rows++;
    r->cut = r->rows == READ_ROWS || ftell(r->out) > READ_BYTES;
    return !r->cut;
}

static enum fail_code read_events(struct job *j, struct store *s, struct fail *f)
{
    struct reading *r = (struct reading *)j;

    r->out = must(open_memstream(&r->text, &r->bytes));
    if (s && r->from == FROM_NEWEST)
        r->done_well = store_last_event(s, &r->place, f) == 0;
    else if (s)
        r->done_well = store_each_event(s, r->from, READ_ROWS, add_event, r, f) == 0;
    fclose(r->out);
    return f->code;
}

/* ---------------------------------------------------------------- on the loop thread */

static void client_end(struct client *c)
{
    TAILQ_REMOVE(&c->events->clients, c, link);
    c->events->count--;
    http_stream_end(c->exchange);
    free(c);
}

static void on_gone(void *ctx)
{
    client_end(ctx);
}

static void on_read(struct job *j);
static void read_on(struct events *e);

static void on_drained(void *ctx)
{
    struct client *c = ctx;

    c->unread = false;
    read_on(c->events);
}

/* Reads for the first client that is behind. A full queue delays a live view; the next ping tries again. */
static void read_on(struct events *e)
{
    struct client *c;

    if (e->reading || e->stopped)
        return;
    TAILQ_FOREACH(c, &e->clients, link)
        if (c->behind && !c->unread)
            break;
    if (!c)
        return;
    struct reading *r = must(calloc(1, sizeof *r));
    *r = (struct reading){
        .job = {.run = read_events, .done = on_read}, .events = e, .from = c->place, .place = c->place};
    e->reading = pool_submit(e->pool, &r->job);
    e->grew = false;
    if (!e->reading)
        free(r);
}

static void send_to(struct client *c, const char *text, size_t n)
{
    c->unread = true;
    http_stream_send(c->exchange, text, n);
}

/* All clients that stand at the place get what was read; live ones stand at the same. */
static void deliver(struct events *e, const struct reading *r)
{
    struct client_list waiting = TAILQ_HEAD_INITIALIZER(waiting);
    struct client *c;

    TAILQ_CONCAT(&waiting, &e->clients, link);
    while ((c = TAILQ_FIRST(&waiting))) {
        TAILQ_REMOVE(&waiting, c, link);
        if (c->place != r->from || c->unread) {
            TAILQ_INSERT_HEAD(&e->clients, c, link);
            continue;
        }
        TAILQ_INSERT_TAIL(&e->clients, c, link);
        c->place = r->place;
        c->behind = r->cut || e->grew;
        if (r->bytes)
            send_to(c, r->text, r->bytes);
    }
}

static void on_read(struct job *j)
{
    struct reading *r = (struct reading *)j;
    struct events *e = r->events;

    e->reading = false;
    if (r->done_well && !e->stopped) {
        deliver(e, r);
        read_on(e);
    }
    free(r->text);
    free(r);
}

static void on_ping(evutil_socket_t fd, short what, void *ctx)
{
    static const char comment[] = ": ping\n\n";
    struct events *e = ctx;
    struct client *c;
    (void)fd, (void)what;

    TAILQ_FOREACH(c, &e->clients, link)
        if (!c->unread)
            send_to(c, comment, sizeof comment - 1);
    read_on(e);
}

static bool parse_place(const char *text, int64_t *ret)
{
    char *end;

    if (!*text)
        return false;
    long long place = strtoll(text, &end, 10);
    if (*text < '0' || *text > '9' || *end)
        return false;
    *ret = place;
    return true;
}

bool events_subscribe(struct events *e, struct http_exchange *x, const char *last_event_id)
{
    static const char hello[] = ": hello\n\n";
    struct client *c;
    int64_t place;

    if (e->stopped || e->count >= e->max_streams)
        return false;
    /* No id, or one that is none of ours: only what is new. */
    if (!parse_place(last_event_id, &place))
        place = FROM_NEWEST;
    c = must(calloc(1, sizeof *c));
    *c = (struct client){.events = e, .exchange = x, .place = place, .behind = true, .unread = true};
    TAILQ_INSERT_TAIL(&e->clients, c, link);
    e->count++;
    http_stream_start(x, hello, sizeof hello - 1, on_drained, on_gone, c);
    return true;
}

void events_wake(struct events *e)
{
    struct client *c;

    TAILQ_FOREACH(c, &e->clients, link)
        c->behind = true;
    e->grew = true;
    read_on(e);
}

void events_end_all(struct events *e)
{
    while (!TAILQ_EMPTY(&e->clients))
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what was freed is no longer in the list */
        client_end(TAILQ_FIRST(&e->clients));
}

unsigned events_count(const struct events *e)
{
    return e->count;
}

struct events *events_new(struct event_base *base, struct pool *pool, unsigned max_streams, int64_t ping_ms)
{
    const struct timeval every = {.tv_sec = ping_ms / 1000, .tv_usec = ping_ms % 1000 * 1000};
    struct events *e = must(calloc(1, sizeof *e));

    e->pool = pool;
    e->max_streams = max_streams;
    TAILQ_INIT(&e->clients);
    e->ping = must(event_new(base, -1, EV_PERSIST, on_ping, e));
    event_add(e->ping, &every);
    return e;
}

void events_stop(struct events *e)
{
    e->stopped = true;
    event_del(e->ping);
    events_end_all(e);
}

void events_free(struct events *e)
{
    if (!e)
        return;
    event_free(e->ping);
    free(e);
}
