/* http.c: evhttp behind the guard.
 *
 * How a request passes. evhttp reads a connection through a bufferevent that we make; a callback on its input buffer
 * (the gate) takes every byte away before evhttp sees it and holds it until guard.h calls the request whole. Then the
 * whole request is put back and evhttp parses it at once. So evhttp never waits for the rest of a request, and never
 * sees a byte that could be read in two ways. A request that is refused, late or too large is replaced by a blank one,
 * whose answer is the refusal: evhttp stays the only writer of the connection.
 * (A filtering bufferevent would be the obvious tool, but tells evhttp "written" before the bytes reached the socket:
 * the answer before a close is lost.)
 *
 *     waiting ── first byte ──► reading ── whole ──► busy ── answered ──► waiting
 *        │ idle timeout            │ refused, deadline │                     (or closed)
 *        └──► closed               └──► busy with the refusal, then lingering close */
#include "http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <uthash.h>

#include "cleanup.h"
#include "guard.h"
#include "http_tls.h"
#include "lingers.h"
#include "log.h"
#include "problem.h"

struct http {
    struct event_base *base;
    struct evhttp *evhttp;
    struct http_settings settings;
    SSL_CTX *tls;
    http_handler *handle;
    void *ctx;
    struct connection *connections; /* hash by evhttp's connection */
    struct lingers *lingers;
    struct http_counts counts;
};

struct connection {
    struct http *http;
    struct bufferevent *bev;         /* evhttp's */
    struct evhttp_connection *evcon; /* evhttp's; the key */
    struct event *opened;            /* fires right after evhttp took the socket */
    struct event *timer;
    struct guard guard;
    char *held; /* bytes of the request being read */
    size_t held_bytes, held_room;
    bool leaving;    /* hung up to make room: the loop has not seen it yet */
    bool busy;       /* a request is with evhttp or the handler */
    bool letting;    /* we are putting bytes back: the gate looks away */
    bool sent_ahead; /* bytes came behind the request: close after its answer */
    int refused;     /* status, 0 = not */
    const char *why;
    char peer[INET6_ADDRSTRLEN];
    struct http_exchange *exchange;
    UT_hash_handle hh;
};

struct http_exchange {
    struct http *http;
    struct connection *connection; /* NULL: the client left */
    struct evhttp_request *request;
    void (*drained)(void *ctx), (*gone)(void *ctx);
    void *stream_ctx;
    bool streaming;
    bool unread; /* something sent is still on its way */
};

static struct timeval after_ms(int64_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static void *must(void *p)
{
    if (!p)
        abort(); /* out of memory; everything from outside was capped before */
    return p;
}

/* ---------------------------------------------------------------- the gate */

/* Closing goes through the socket: evhttp sees the end and cleans up as for a client that left. */
static void hang_up(struct connection *c)
{
    shutdown(bufferevent_getfd(c->bev), SHUT_RDWR);
}

static void forget_held(struct connection *c)
{
    free(take_ptr(c->held));
    c->held_bytes = c->held_room = 0;
}

/* Hands n bytes to evhttp. */
static void let_through(struct connection *c, const char *bytes, size_t n)
{
    struct evbuffer *input = bufferevent_get_input(c->bev);

    c->busy = true;
    c->letting = true;
    /* A socket's input is frozen for all but its own reading. */
    evbuffer_unfreeze(input, 0);
    evbuffer_add(input, bytes, n);
    c->letting = false;
    forget_held(c);
}

static void refuse(struct connection *c, int status, const char *why)
{
    static const char blank[] = "GET / HTTP/1.1\r\n\r\n";
    char text[128];

    c->refused = status;
    c->why = why;
    c->http->counts.refused++;
    log_info("http.refused", "status=%d why=\"%s\" peer=%s", status, log_text(why, text, sizeof text), c->peer);
    let_through(c, blank, strlen(blank));
}

static void judge(struct connection *c)
{
    switch (guard_feed(&c->guard, c->held, c->held_bytes)) {
    case GUARD_MORE:
        break;
    case GUARD_WHOLE:
        c->sent_ahead = c->held_bytes > c->guard.whole;
        let_through(c, c->held, c->guard.whole);
        break;
    case GUARD_REFUSED:
        refuse(c, c->guard.status, c->guard.why);
        break;
    }
}

static void hold(struct connection *c, struct evbuffer *input)
{
    size_t n = evbuffer_get_length(input);

    if (c->held_bytes + n > c->held_room) {
        c->held_room = (c->held_bytes + n) * 2;
        c->held = must(realloc(c->held, c->held_room));
    }
    c->letting = true;
    evbuffer_remove(input, c->held + c->held_bytes, n);
    c->letting = false;
    c->held_bytes += n;
}

/* Runs inside each read of the socket, before evhttp is told of it. */
static void gate(struct evbuffer *input, const struct evbuffer_cb_info *info, void *ctx)
{
    struct connection *c = ctx;

    if (c->letting || info->n_added == 0)
        return;
    if (c->busy) { /* only streams are read while they are answered, and nobody says anything on them */
        c->letting = true;
        evbuffer_drain(input, evbuffer_get_length(input));
        c->letting = false;
        return;
    }
    if (c->held_bytes == 0) {
        struct timeval deadline = after_ms(c->http->settings.request_timeout_ms);

        event_add(c->timer, &deadline);
    }
    hold(c, input);
    judge(c);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct connection *c = ctx;
    (void)fd, (void)what;

    if (c->held_bytes == 0) {
        hang_up(c);
        return;
    }
    refuse(c, 408, "request took too long");
    bufferevent_trigger(c->bev, EV_READ, 0);
}

/* ---------------------------------------------------------------- connections */

static void wait_for_request(struct connection *c, int64_t timeout_ms)
{
    struct timeval limit = after_ms(timeout_ms);

    guard_init(&c->guard, c->http->settings.max_body_bytes);
    c->busy = false;
    event_add(c->timer, &limit);
}

static void read_peer(struct connection *c)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } peer = {0};
    socklen_t n = sizeof peer;

    if (getpeername(bufferevent_getfd(c->bev), &peer.any, &n) != 0 ||
        (peer.any.sa_family == AF_INET && !inet_ntop(AF_INET, &peer.v4.sin_addr, c->peer, sizeof c->peer)) ||
        (peer.any.sa_family == AF_INET6 && !inet_ntop(AF_INET6, &peer.v6.sin6_addr, c->peer, sizeof c->peer)))
        strcpy(c->peer, "unknown");
    else if (peer.any.sa_family == AF_UNIX)
        strcpy(c->peer, "unix");
}

/* Connections of peer, of all when it is NULL. */
static unsigned count_open(const struct http *h, const char *peer)
{
    unsigned n = 0;

    for (const struct connection *at = h->connections; at; at = at->hh.next)
        n += !at->leaving && (!peer || strcmp(at->peer, peer) == 0);
    return n;
}

/* Hangs up the oldest connection of peer (of all: NULL) but c that nothing is being done for: it is silent, or its
 * request is not whole. Else a few hundred half requests would shut out everybody behind their address, or all. */
static bool make_room(struct http *h, const struct connection *c, const char *peer)
{
    for (struct connection *at = h->connections; at; at = at->hh.next) {
        if (at == c || at->busy || at->leaving || (peer && strcmp(at->peer, peer) != 0))
            continue;
        at->leaving = true;
        h->counts.gave_way++;
        hang_up(at);
        return true;
    }
    return false;
}

static bool fits(struct http *h, const struct connection *c)
{
    unsigned most = h->settings.max_connections_per_address;

    if (most && strcmp(c->peer, "unix") != 0 && count_open(h, c->peer) > most && !make_room(h, c, c->peer))
        return false;
    return count_open(h, NULL) + lingers_count(h->lingers) <= h->settings.max_connections || make_room(h, c, NULL);
}

static void connection_free(struct connection *c)
{
    HASH_DELETE(hh, c->http->connections, c);
    c->http->counts.open--;
    event_free(c->opened);
    event_free(c->timer);
    forget_held(c);
    free(c);
}

static void on_closed(struct evhttp_connection *evcon, void *ctx)
{
    struct connection *c = ctx;
    struct http_exchange *x = c->exchange;
    (void)evcon;

    connection_free(c);
    if (!x)
        return;
    x->connection = NULL;
    if (!x->streaming)
        return;
    x->http->counts.cut_streams += x->unread;
    x->gone(x->stream_ctx);
}

/* evhttp has made its connection by now and is the context of the bufferevent's callbacks: the only way to know it
 * before the first request. Nothing was read yet: reading begins with the next turn of the loop. */
static void on_opened(evutil_socket_t fd, short what, void *ctx)
{
    struct connection *c = ctx;
    struct http *h = c->http;
    const struct timeval stall = after_ms(h->settings.request_timeout_ms);
    void *evcon;
    (void)fd, (void)what;

    bufferevent_getcb(c->bev, NULL, NULL, NULL, &evcon);
    c->evcon = evcon;
    evhttp_connection_set_closecb(evcon, on_closed, c);
    bufferevent_set_timeouts(c->bev, NULL, &stall);
    read_peer(c);
    HASH_ADD_PTR(h->connections, evcon, c);
    h->counts.open++;
    wait_for_request(c, h->settings.request_timeout_ms);
    if (!fits(h, c)) {
        c->leaving = true;
        h->counts.turned_away++;
        log_warn("http.turned_away", "peer=%s open=%u", c->peer, h->counts.open);
        hang_up(c);
    }
}

static struct bufferevent *new_bufferevent(struct http *h)
{
    if (!h->tls)
        return must(bufferevent_socket_new(h->base, -1, BEV_OPT_CLOSE_ON_FREE));
    struct bufferevent *bev = must(bufferevent_openssl_socket_new(
        h->base, -1, must(SSL_new(h->tls)), BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE));
    bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

static struct bufferevent *on_accept(struct event_base *base, void *ctx)
{
    struct http *h = ctx;
    struct connection *c = must(calloc(1, sizeof *c));

    c->http = h;
    c->bev = new_bufferevent(h);
    c->opened = must(event_new(base, -1, 0, on_opened, c));
    c->timer = must(evtimer_new(base, on_timer, c));
    must(evbuffer_add_cb(bufferevent_get_input(c->bev), gate, c));
    event_active(c->opened, EV_READ, 0);
    return c->bev;
}

/* ---------------------------------------------------------------- requests and answers */

/* Called when the answer has been written, before evhttp decides whether the connection goes on. */
static void on_answered(struct evhttp_request *request, void *ctx)
{
    struct connection *c = ctx;

    if (c->refused || c->sent_ahead)
        lingers_add(c->http->lingers, (int)bufferevent_getfd(c->bev));
    if (c->refused || c->sent_ahead)
        evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
    else
        wait_for_request(c, c->http->settings.idle_timeout_ms);
}

static const char *header(struct evhttp_request *request, const char *name)
{
    const char *value = evhttp_find_header(evhttp_request_get_input_headers(request), name);

    return value ? value : "";
}

static enum http_method method_of(enum evhttp_cmd_type type)
{
    switch (type) {
    case EVHTTP_REQ_GET:
        return HTTP_GET;
    case EVHTTP_REQ_HEAD:
        return HTTP_HEAD;
    case EVHTTP_REQ_PUT:
        return HTTP_PUT;
    case EVHTTP_REQ_PATCH:
        return HTTP_PATCH;
    case EVHTTP_REQ_DELETE:
        return HTTP_DELETE;
    case EVHTTP_REQ_OPTIONS:
        return HTTP_OPTIONS;
    case EVHTTP_REQ_POST:
    default: /* the guard lets no other through */
        return HTTP_POST;
    }
}

static void answer_refusal(struct http_exchange *x)
{
    int status = x->connection->refused;
    autofree char *body = problem_body(status, "bad_request", x->connection->why);

    http_answer(
        x, &(struct http_answer){.status = status, .type = PROBLEM_TYPE, .body = body, .body_bytes = strlen(body)});
}

static void on_request(struct evhttp_request *request, void *ctx)
{
    struct http *h = ctx;
    struct evhttp_connection *evcon = evhttp_request_get_connection(request);
    struct connection *c;

    HASH_FIND_PTR(h->connections, &evcon, c);
    assert(c); /* on_opened() came first */
    struct http_exchange *x = must(calloc(1, sizeof *x));
    *x = (struct http_exchange){.http = h, .connection = c, .request = request};
    c->exchange = x;
    event_del(c->timer);
    evhttp_request_set_on_complete_cb(request, on_answered, c);
    if (c->refused) {
        answer_refusal(x);
        return;
    }
    autofree char *path = must(strdup(evhttp_request_get_uri(request)));
    char *query = strchr(path, '?');
    if (query)
        *query++ = '\0';
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    h->handle(h->ctx, x,
        &(struct http_request){.method = method_of(evhttp_request_get_command(request)),
            .path = path,
            .query = query ? query : "",
            .body = (const char *)evbuffer_pullup(body, -1),
            .body_bytes = evbuffer_get_length(body),
            .authorization = header(request, "Authorization"),
            .if_none_match = header(request, "If-None-Match"),
            .last_event_id = header(request, "Last-Event-ID"),
            .peer = c->peer});
}

static void add_header(struct evhttp_request *request, const char *name, const char *value)
{
    if (value)
        evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
}

static void add_number_header(struct evhttp_request *request, const char *name, size_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%zu", value);
    add_header(request, name, text);
}

static void add_common_headers(struct http_exchange *x, const char *type)
{
    const struct connection *c = x->connection;

    add_header(x->request, "Content-Type", type);
    add_header(x->request, "Cache-Control", "no-store");
    add_header(x->request, "X-Content-Type-Options", "nosniff");
    if (x->streaming || (c && (c->refused || c->sent_ahead)))
        add_header(x->request, "Connection", "close");
}

void http_answer(struct http_exchange *x, const struct http_answer *a)
{
    struct evhttp_request *request = x->request;
    struct evbuffer *body = must(evbuffer_new());

    add_common_headers(x, a->type);
    add_header(request, "ETag", a->etag);
    add_header(request, "Allow", a->allow);
    add_header(request, "WWW-Authenticate", a->authenticate);
    if (a->retry_after_s)
        add_number_header(request, "Retry-After", a->retry_after_s);
    /* evhttp would send the body of an answer to HEAD (RFC 9110, 9.3.2: only its length). */
    if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD)
        add_number_header(request, "Content-Length", a->body_bytes);
    else
        evbuffer_add(body, a->body, a->body_bytes);
    x->http->counts.answers[a->status / 100]++;
    evhttp_send_reply(request, a->status, problem_title(a->status), body);
    if (x->connection) {
        x->connection->exchange = NULL;
        /* A client may close its sending side behind its request; evhttp would take that for the end of all. */
        bufferevent_disable(x->connection->bev, EV_READ);
    }
    free(x);
    evbuffer_free(body);
}

static void on_drained(struct evhttp_connection *evcon, void *ctx)
{
    struct http_exchange *x = ctx;
    (void)evcon;

    x->unread = false;
    x->drained(x->stream_ctx);
}

void http_stream_send(struct http_exchange *x, const char *text, size_t n)
{
    struct evbuffer *chunk = must(evbuffer_new());

    assert(!x->unread && n > 0);
    evbuffer_add(chunk, text, n);
    x->unread = true;
    evhttp_send_reply_chunk_with_cb(x->request, chunk, on_drained, x);
    evbuffer_free(chunk);
}

void http_stream_start(
    struct http_exchange *x, const char *text, size_t n, void (*drained)(void *ctx), void (*gone)(void *ctx), void *ctx)
{
    x->streaming = true;
    x->drained = drained;
    x->gone = gone;
    x->stream_ctx = ctx;
    x->http->counts.answers[2]++;
    add_common_headers(x, "text/event-stream");
    add_header(x->request, "X-Accel-Buffering", "no"); /* nginx would hold events back */
    evhttp_send_reply_start(x->request, 200, "OK");
    http_stream_send(x, text, n);
}

void http_stream_end(struct http_exchange *x)
{
    struct evhttp_request *request = x->request;

    if (x->connection)
        x->connection->exchange = NULL;
    free(x);
    evhttp_send_reply_end(request);
}

/* ---------------------------------------------------------------- life */

int http_reload_tls(struct http *h, struct fail *f)
{
    SSL_CTX *fresh;

    if (!h->tls)
        return 0;
    if (http_tls_new(h->settings.tls_cert, h->settings.tls_key, &fresh, f) != 0)
        return -1;
    SSL_CTX_free(h->tls);
    h->tls = fresh;
    return 0;
}

int http_open(struct event_base *base, int fd, const struct http_settings *s, http_handler *handle, void *ctx,
    struct http **ret, struct fail *f)
{
    autoclose int socket = fd;
    SSL_CTX *tls = NULL;

    if (s->tls_cert && http_tls_new(s->tls_cert, s->tls_key, &tls, f) != 0)
        return -1;
    struct http *h = must(calloc(1, sizeof *h));
    *h = (struct http){.base = base, .settings = *s, .tls = tls, .handle = handle, .ctx = ctx};
    h->lingers = lingers_new(base);
    h->evhttp = must(evhttp_new(base));
    evhttp_set_allowed_methods(h->evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
                                              EVHTTP_REQ_PATCH | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS);
    evhttp_set_bevcb(h->evhttp, on_accept, h);
    evhttp_set_gencb(h->evhttp, on_request, h);
    must(evhttp_accept_socket_with_handle(h->evhttp, take_fd(&socket)));
    *ret = h;
    return 0;
}

void http_close(struct http *h)
{
    if (!h)
        return;
    evhttp_free(h->evhttp);
    lingers_free(h->lingers);
    SSL_CTX_free(h->tls);
    free(h);
}

const struct http_counts *http_counts(const struct http *h)
{
    return &h->counts;
}
