/* api.c: settings, threads, and the way of a request: authorise, find the route, ask a reader, answer. See api.h.
 *
 *     any thread ── flags + eventfd ──► HTTP loop ── jobs ──► readers (pool.h)
 *                                          ▲                     │
 *                                          └───── eventfd ───────┘ */
#include "api.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "events.h"
#include "http.h"
#include "http_listen.h"
#include "log.h"
#include "pool.h"
#include "route.h"
#include "tokens.h"

enum {
    READERS = 2,
    QUEUE_MAX = 64, /* with READERS and the store's 2 s a query: nobody waits longer than a browser would */
    TOKENS_LOOK_MS = 1000,
};

#define KEY(key, field, kind, default_, low, high, text)                                                               \
    {                                                                                                                  \
        .name = (key), .type = (kind), .offset = offsetof(struct api_settings, field),                                 \
        .size = sizeof((struct api_settings *)0)->field, .fallback = (default_), .min = (low), .max = (high),          \
        .help = (text)                                                                                                 \
    }

const struct conf_key api_conf_keys[] = {
    KEY("address", address, CONF_TEXT, "127.0.0.1:8480", 0, 0, "127.0.0.1:8480, [::1]:8480 or unix:/path"),
    KEY("tokens_file", tokens_file, CONF_TEXT, "", 0, 0, "one line a token, see faultline token new; none = nobody"),
    KEY("tls_cert", tls_cert, CONF_TEXT, "", 0, 0, "PEM chain; needed on an address that can be reached from outside"),
    KEY("tls_key", tls_key, CONF_TEXT, "", 0, 0, "PEM key of tls_cert"),
    KEY("behind_proxy", behind_proxy, CONF_SWITCH, "no", 0, 0, "a proxy in front does TLS: plain HTTP on any address"),
    KEY("metrics_public", metrics_public, CONF_SWITCH, "no", 0, 0, "/metrics without a token"),
    KEY("request_timeout", request_timeout_ms, CONF_DURATION, "15s", 50, 600000,
        "from the first byte of a request to its last; also for a client that takes nothing of its answer"),
    KEY("idle_timeout", idle_timeout_ms, CONF_DURATION, "60s", 50, 3600000, "between two requests of a connection"),
    KEY("event_ping", event_ping_ms, CONF_DURATION, "15s", 50, 600000, "a comment line keeps event streams open"),
    KEY("max_connections", max_connections, CONF_NUMBER, "512", 1, 65536,
        "further ones take the place of one that waits, or are closed"),
    KEY("max_connections_per_address", max_connections_per_address, CONF_NUMBER, "64", 1, 65536,
        "the same for each peer address"),
    KEY("max_body", max_body_bytes, CONF_SIZE, "64K", 1024, 16777216, "larger requests are answered 413"),
    {0},
};

struct api {
    struct api_settings settings;
    struct store_settings store;
    char *store_texts[2]; /* what store points to */
    struct api_host host;
    const struct clock *clock;
    char address[HTTP_LISTEN_TEXT_BYTES];

    int wake; /* eventfd */
    atomic_bool stopping, reloading, grown;

    pthread_t thread;
    bool has_thread;
    struct event_base *base;
    struct event *on_wake, *on_done;
    struct http *http;
    struct pool *pool;
    struct events *events;
    struct tokens *tokens;
    struct mono tokens_seen;
    uint64_t auth_failures, overload;
};

/* A request on its way through a reader. */
struct call {
    struct job job;
    struct api *api;
    struct http_exchange *exchange;
    struct route_call route;
    struct route_answer answer;
};

/* ---------------------------------------------------------------- answers */

static void send_answer(struct http_exchange *x, struct route_answer *a, const char *authenticate)
{
    http_answer(x, &(struct http_answer){.status = a->status,
                       .type = a->type,
                       .body = a->body,
                       .body_bytes = a->body_bytes,
                       .etag = a->etag[0] ? a->etag : NULL,
                       .allow = a->allow,
                       .authenticate = authenticate,
                       .retry_after_s = a->retry_after_s});
    route_answer_free(a);
}

static void send_problem(struct http_exchange *x, int status, const char *code, const char *detail)
{
    struct route_answer a;

    route_problem(&a, status, code, detail);
    send_answer(x, &a, status == 401 ? "Bearer realm=\"faultline\"" : NULL);
}

static void send_not_allowed(struct http_exchange *x, const struct route *route)
{
    struct route_answer a;

    route_problem(&a, 405, "method_not_allowed", "this path is not for that; the header Allow says what it is for");
    a.allow = route_allow(route);
    send_answer(x, &a, NULL);
}

static void send_overload(struct api *api, struct http_exchange *x)
{
    api->overload++;
    send_problem(x, 503, "overloaded", "too many requests wait already");
}

/* ---------------------------------------------------------------- through a reader */

static enum fail_code run_call(struct job *j, struct store *s, struct fail *f)
{
    struct call *c = (struct call *)j;

    route_run(&c->route, s, &c->answer, f);
    return f->code;
}

static void finish_call(struct job *j)
{
    struct call *c = (struct call *)j;

    if (c->answer.status)
        send_answer(c->exchange, &c->answer, NULL);
    else
        send_problem(c->exchange, 503, "stopping", "the collector stops");
    free(c);
}

static void fill_call(struct api *api, const struct http_request *r, const struct route *route, const char *id,
    const char *who, struct route_call *ret)
{
    *ret = (struct route_call){.route = route, .method = r->method};
    strcpy(ret->id, id);
    if (*who)
        snprintf(ret->who, sizeof ret->who, "user:%s", who);
    snprintf(ret->query, sizeof ret->query, "%s", r->query);
    snprintf(ret->if_none_match, sizeof ret->if_none_match, "%s", r->if_none_match);
    ret->body_bytes = r->body_bytes;
    if (r->body_bytes)
        memcpy(ret->body, r->body, r->body_bytes);
    ret->metrics = (struct openmetrics_inputs){.host = api->host,
        .http = *http_counts(api->http),
        .auth_failures = api->auth_failures,
        .overload = api->overload,
        .queued = pool_queued(api->pool),
        .streams = events_count(api->events)};
    ret->unready = api->host.unready ? api->host.unready(api->host.ctx) : NULL;
}

static void ask(struct api *api, struct http_exchange *x, const struct http_request *r, const struct route *route,
    const char *id, const char *who)
{
    struct call *c = calloc(1, sizeof *c);

    if (!c)
        abort();
    c->job = (struct job){.run = run_call, .done = finish_call};
    c->api = api;
    c->exchange = x;
    fill_call(api, r, route, id, who, &c->route);
    if (route_kind(route) == ROUTE_QUERY) {
        if (pool_submit(api->pool, &c->job))
            return;
        send_overload(api, x);
    } else {
        struct fail f = {0};

        route_run(&c->route, NULL, &c->answer, &f);
        send_answer(x, &c->answer, NULL);
    }
    free(c);
}

/* ---------------------------------------------------------------- authorisation, dispatch */

static void reload_tokens(struct api *api)
{
    api->tokens_seen = api->clock->mono(api->clock->ctx);
    if (tokens_refresh(api->tokens))
        events_end_all(api->events); /* whoever still may comes again */
}

static void send_unauthorised(struct api *api, struct http_exchange *x, const struct http_request *r, enum role role)
{
    const char *header = role != ROLE_NONE ? "reader" : *r->authorization ? "wrong" : "none";
    char peer[64];

    api->auth_failures++;
    log_warn("http.unauthorised", "peer=%s header=%s", log_text(r->peer, peer, sizeof peer), header);
    if (role == ROLE_NONE)
        send_problem(x, 401, "unauthorized", "a valid token is needed: Authorization: Bearer TOKEN");
    else
        send_problem(x, 403, "forbidden", "this needs a token of the role admin");
}

/* Answers by itself when it returns false. ret_who: the token's name, borrowed until the tokens are read again. */
static bool authorise(struct api *api, struct http_exchange *x, const struct http_request *r, enum route_access access,
    const char **ret_who)
{
    enum role role;

    *ret_who = "";
    if (access == ROUTE_OPEN || (access == ROUTE_METRICS && api->settings.metrics_public))
        return true;
    if (api->clock->mono(api->clock->ctx).ms - api->tokens_seen.ms >= TOKENS_LOOK_MS)
        reload_tokens(api);
    role = tokens_check(api->tokens, r->authorization, ret_who);
    if (role >= (access == ROUTE_ADMIN ? ROLE_ADMIN : ROLE_READER))
        return true;
    send_unauthorised(api, x, r, role);
    return false;
}

static void handle(void *ctx, struct http_exchange *x, const struct http_request *r)
{
    struct api *api = ctx;
    char id[ROUTE_ID_BYTES];
    const struct route *route = route_find(r->path, id);
    const char *who;

    /* Unknown paths want a token too, so that nobody can probe for known ones. */
    if (!authorise(api, x, r, route ? route_access(route) : ROUTE_READER, &who))
        return;
    if (!route)
        send_problem(x, 404, "not_found", "no such path; see /api/v1/openapi.json");
    else if (!route_takes(route, r->method))
        send_not_allowed(x, route);
    else if (r->body_bytes > ROUTE_BODY_BYTES)
        send_problem(x, 413, "too_large", "the body of this request has at most 1024 bytes");
    else if (route_kind(route) != ROUTE_STREAM)
        ask(api, x, r, route, id, who);
    else if (r->method == HTTP_HEAD)
        http_answer(x, &(struct http_answer){.status = 200, .type = "text/event-stream"});
    else if (!events_subscribe(api->events, x, r->last_event_id))
        send_overload(api, x);
}

/* ---------------------------------------------------------------- the loop thread */

static void reload(struct api *api)
{
    struct fail f;

    reload_tokens(api);
    if (http_reload_tls(api->http, &f) != 0)
        log_error("http.tls", "kept=old reason=\"%s\"", f.text);
}

static void on_wake(evutil_socket_t fd, short what, void *ctx)
{
    struct api *api = ctx;
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got, (void)what;

    if (atomic_exchange(&api->grown, false))
        events_wake(api->events);
    if (atomic_exchange(&api->reloading, false))
        reload(api);
    if (atomic_load(&api->stopping))
        event_base_loopbreak(api->base);
}

static void on_done(evutil_socket_t fd, short what, void *ctx)
{
    struct api *api = ctx;
    (void)fd, (void)what;

    pool_finish(api->pool);
}

/* Streams first, then what the readers still answer, then the connections: each needs the next. */
static void close_down(struct api *api)
{
    if (api->events)
        events_stop(api->events);
    pool_stop(take_ptr(api->pool));
    http_close(take_ptr(api->http));
    events_free(take_ptr(api->events));
}

static void *loop(void *ctx)
{
    struct api *api = ctx;

    event_base_loop(api->base, EVLOOP_NO_EXIT_ON_EMPTY);
    close_down(api);
    return NULL;
}

static void wake(struct api *api)
{
    const uint64_t one = 1;
    ssize_t written = write(api->wake, &one, sizeof one);
    (void)written; /* fails only when it is readable already */
}

void api_events_changed(struct api *api)
{
    if (!atomic_exchange(&api->grown, true))
        wake(api);
}

void api_reload(struct api *api)
{
    atomic_store(&api->reloading, true);
    wake(api);
}

const char *api_address(const struct api *api)
{
    return api->address;
}

/* ---------------------------------------------------------------- life */

static char *copy_text(const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        abort();
    return copy;
}

static struct event *add_event(struct api *api, int fd, event_callback_fn call)
{
    struct event *e = event_new(api->base, fd, EV_READ | EV_PERSIST, call, api);

    if (!e)
        abort();
    event_add(e, NULL);
    return e;
}

static bool may_be_public(const struct api_settings *s)
{
    return s->tls_cert[0] || s->behind_proxy;
}

int api_check(const struct api_settings *s, struct fail *f)
{
    if (!s->tls_cert[0] != !s->tls_key[0])
        return fail_set(f, FAIL_SETTINGS, "tls_cert and tls_key belong together");
    return http_listen_check(s->address, may_be_public(s), f);
}

static int open_http(struct api *api, struct fail *f)
{
    const struct api_settings *s = &api->settings;
    const struct http_settings settings = {
        .tls_cert = s->tls_cert[0] ? s->tls_cert : NULL,
        .tls_key = s->tls_key[0] ? s->tls_key : NULL,
        .request_timeout_ms = s->request_timeout_ms,
        .idle_timeout_ms = s->idle_timeout_ms,
        .max_connections = (unsigned)s->max_connections,
        .max_connections_per_address = s->behind_proxy ? 0 : (unsigned)s->max_connections_per_address,
        .max_body_bytes = (size_t)s->max_body_bytes,
    };
    int fd;

    if (api_check(s, f) != 0 || http_listen(s->address, may_be_public(s), &fd, api->address, f) != 0)
        return -1;
    return http_open(api->base, fd, &settings, handle, api, &api->http, f);
}

static int start_thread(struct api *api, struct fail *f)
{
    sigset_t all, was;

    /* Signals are the main thread's. SIGPIPE stays blocked here: a broken connection is an error, not a signal. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &was);
    int rc = pthread_create(&api->thread, NULL, loop, api);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    if (rc != 0)
        return fail_set(f, FAIL_IO, "cannot start the HTTP thread");
    api->has_thread = true;
    return 0;
}

static int start(struct api *api, struct fail *f)
{
    api->base = event_base_new();
    if (!api->base)
        abort();
    api->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (api->wake < 0)
        return fail_sys(f, "eventfd");
    if (tokens_open(api->settings.tokens_file, &api->tokens, f) != 0 ||
        pool_start(&api->store, READERS, QUEUE_MAX, &api->pool, f) != 0)
        return -1;
    /* Half of the connections, so that streams never shut the others out. */
    api->events = events_new(
        api->base, api->pool, (unsigned)(api->settings.max_connections + 1) / 2, api->settings.event_ping_ms);
    if (open_http(api, f) != 0)
        return -1;
    api->on_wake = add_event(api, api->wake, on_wake);
    api->on_done = add_event(api, pool_fd(api->pool), on_done);
    return start_thread(api, f);
}

int api_start(const struct api_settings *settings, const struct store_settings *store, const struct api_host *host,
    const struct clock *clock, struct api **ret, struct fail *f)
{
    struct api *api = calloc(1, sizeof *api);

    if (!api)
        abort();
    api->settings = *settings;
    api->host = *host;
    api->clock = clock;
    api->wake = -1;
    api->store_texts[0] = copy_text(store->path);
    api->store_texts[1] = copy_text(store->conninfo);
    api->store =
        (struct store_settings){.driver = store->driver, .path = api->store_texts[0], .conninfo = api->store_texts[1]};
    if (start(api, f) != 0) {
        api_stop(api);
        return fail_add(f, "http");
    }
    log_info("http.listening", "address=%s tls=%s", api->address, api->settings.tls_cert[0] ? "yes" : "no");
    *ret = api;
    return 0;
}

void api_stop(struct api *api)
{
    if (!api)
        return;
    if (api->has_thread) {
        atomic_store(&api->stopping, true);
        wake(api);
        pthread_join(api->thread, NULL);
    }
    close_down(api);
    tokens_close(api->tokens);
    if (api->on_wake)
        event_free(api->on_wake);
    if (api->on_done)
        event_free(api->on_done);
    if (api->base)
        event_base_free(api->base);
    if (api->wake >= 0)
        close(api->wake);
    free(api->store_texts[0]);
    free(api->store_texts[1]);
    free(api);
}
