/* route.c: the table of paths. See route.h. */
#include "route.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "lists.h"
#include "openapi.h"
#include "problem.h"
#include "query.h"

enum { RETRY_AFTER_S = 2 };

struct route {
    const char *path; /* "*" stands for one segment */
    enum route_access access;
    enum route_kind kind;
    void (*direct)(const struct route_call *c, struct route_answer *ret);
    list_question *question;
    route_change *change; /* before the question, which then tells how it is now */
    bool has_etag;
};

/* ---------------------------------------------------------------- answers */

void route_answer_free(struct route_answer *a)
{
    free(a->body);
    *a = (struct route_answer){0};
}

void route_problem(struct route_answer *ret, int status, const char *code, const char *detail)
{
    char *body = problem_body(status, code, detail);

    *ret = (struct route_answer){.status = status, .type = PROBLEM_TYPE, .body = body, .body_bytes = strlen(body)};
    if (status == 503)
        ret->retry_after_s = RETRY_AFTER_S;
}

static void answer_text(struct route_answer *ret, const char *type, char *body, size_t n)
{
    *ret = (struct route_answer){.status = 200, .type = type, .body = body, .body_bytes = n};
}

static char *must_copy(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        abort();
    return copy;
}

static void answer_no_store(struct route_answer *ret)
{
    route_problem(ret, 503, "store_unavailable", "the store did not answer");
}

/* What the store met is the operator's business and stands in the log; a client learns only whether to try again. */
static void answer_failure(struct route_answer *ret, const struct fail *f)
{
    if (f->code == FAIL_INPUT)
        route_problem(ret, 400, "bad_parameter", f->text);
    else if (f->code == FAIL_NOT_FOUND)
        route_problem(ret, 404, "not_found", f->text);
    else if (f->code == FAIL_LIMIT)
        route_problem(ret, 503, "query_too_slow", "the question took too long; ask for less");
    else
        answer_no_store(ret);
}

/* The version for whoever edits, the hash for whoever only looks: counts change without a new version. */
static void set_etag(struct route_answer *a, const json_t *document)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (size_t i = 0; i < a->body_bytes; i++)
        hash = (hash ^ (unsigned char)a->body[i]) * 0x100000001b3;
    snprintf(a->etag, sizeof a->etag, "\"%" JSON_INTEGER_FORMAT "-%016" PRIx64 "\"",
        json_integer_value(json_object_get(document, "version")), hash);
}

static void answer_json(const struct route_call *c, json_t *document, struct route_answer *ret)
{
    char *body = json_dumps(document, JSON_COMPACT);

    if (!body)
        abort();
    answer_text(ret, "application/json", body, strlen(body));
    if (c->route->has_etag)
        set_etag(ret, document);
    json_decref(document);
    if (ret->etag[0] && strcmp(c->if_none_match, ret->etag) == 0) {
        free(take_ptr(ret->body));
        ret->body_bytes = 0;
        ret->status = 304;
        ret->type = NULL;
    }
}

/* ---------------------------------------------------------------- routes that are no lists */

static void get_livez(const struct route_call *c, struct route_answer *ret)
{
    (void)c;
    answer_text(ret, "text/plain", must_copy("ok\n"), 3);
}

static void get_openapi(const struct route_call *c, struct route_answer *ret)
{
    (void)c;
    answer_text(ret, "application/json", must_copy(openapi_json), strlen(openapi_json));
}

static void get_readyz(const struct route_call *c, struct store *s, struct route_answer *ret, struct fail *f)
{
    int64_t id;

    if (!s || store_last_event(s, &id, f) != 0)
        route_problem(ret, 503, "unready", "store");
    else if (c->unready)
        route_problem(ret, 503, "unready", c->unready);
    else
        answer_text(ret, "application/json", must_copy("{\"status\":\"ready\"}"), 18);
}

/* A collector whose store is gone still tells its other figures. */
static void get_metrics(const struct route_call *c, struct store *s, struct route_answer *ret, struct fail *f)
{
    struct store_counts counts;
    bool counted = s && store_count(s, &counts, f) == 0;
    size_t n;
    char *text = openmetrics_text(&c->metrics, counted ? &counts : NULL, &n);

    answer_text(ret, OPENMETRICS_TYPE, text, n);
}

/* ---------------------------------------------------------------- the table */

static const struct route routes[] = {
    {.path = "/livez", .access = ROUTE_OPEN, .kind = ROUTE_DIRECT, .direct = get_livez},
    {.path = "/readyz", .access = ROUTE_OPEN, .kind = ROUTE_QUERY},
    {.path = "/metrics", .access = ROUTE_METRICS, .kind = ROUTE_QUERY},
    {.path = "/api/v1/openapi.json", .access = ROUTE_READER, .kind = ROUTE_DIRECT, .direct = get_openapi},
    {.path = "/api/v1/tickets", .access = ROUTE_READER, .kind = ROUTE_QUERY, .question = lists_tickets},
    {.path = "/api/v1/tickets/*",
        .access = ROUTE_READER,
        .kind = ROUTE_QUERY,
        .question = lists_ticket,
        .has_etag = true},
    {.path = "/api/v1/devices", .access = ROUTE_READER, .kind = ROUTE_QUERY, .question = lists_devices},
    {.path = "/api/v1/devices/*", .access = ROUTE_READER, .kind = ROUTE_QUERY, .question = lists_device},
    {.path = "/api/v1/devices/*/registration",
        .access = ROUTE_ADMIN,
        .kind = ROUTE_QUERY,
        .question = lists_device,
        .change = change_registration},
    {.path = "/api/v1/devices/*/transitions",
        .access = ROUTE_READER,
        .kind = ROUTE_QUERY,
        .question = lists_transitions},
    {.path = "/api/v1/devices/*/reports", .access = ROUTE_READER, .kind = ROUTE_QUERY, .question = lists_reports},
    {.path = "/api/v1/audit", .access = ROUTE_READER, .kind = ROUTE_QUERY, .question = lists_audit},
    {.path = "/api/v1/conditions", .access = ROUTE_READER, .kind = ROUTE_QUERY, .question = lists_conditions},
    {.path = "/api/v1/catalogue", .access = ROUTE_READER, .kind = ROUTE_QUERY, .question = lists_catalogue},
    {.path = "/api/v1/policies", .access = ROUTE_READER, .kind = ROUTE_QUERY, .question = lists_policies},
    {.path = "/api/v1/events", .access = ROUTE_READER, .kind = ROUTE_STREAM},
};

static bool matches(const char *pattern, const char *path, char *ret_id)
{
    const char *star = strchr(pattern, '*');
    size_t before = star ? (size_t)(star - pattern) : strlen(pattern);

    if (strncmp(pattern, path, before) != 0)
        return false;
    ret_id[0] = '\0';
    if (!star)
        return !path[before];
    path += before;
    size_t n = strcspn(path, "/");
    return n > 0 && strcmp(path + n, star + 1) == 0 && query_decode(path, n, false, ret_id, ROUTE_ID_BYTES);
}

const struct route *route_find(const char *path, char ret_id[static ROUTE_ID_BYTES])
{
    for (size_t i = 0; i < countof(routes); i++)
        if (matches(routes[i].path, path, ret_id))
            return &routes[i];
    ret_id[0] = '\0';
    return NULL;
}

enum route_access route_access(const struct route *r)
{
    return r->access;
}

enum route_kind route_kind(const struct route *r)
{
    return r->kind;
}

bool route_takes(const struct route *r, enum http_method method)
{
    return r->change ? method == HTTP_PUT : method == HTTP_GET || method == HTTP_HEAD;
}

const char *route_allow(const struct route *r)
{
    return r->change ? "PUT" : "GET, HEAD";
}

static void ask(const struct route_call *c, struct store *s, struct route_answer *ret, struct fail *f)
{
    json_t *document;

    if (!s)
        answer_no_store(ret);
    else if (c->route->change && c->route->change(c, f))
        answer_failure(ret, f);
    else if (c->route->question(s, c->id, c->query, &document, f) == 0)
        answer_json(c, document, ret);
    else
        answer_failure(ret, f);
}

void route_run(const struct route_call *c, struct store *s, struct route_answer *ret, struct fail *f)
{
    const struct route *r = c->route;

    if (r->direct)
        r->direct(c, ret);
    else if (r->question)
        ask(c, s, ret, f);
    else if (r->access == ROUTE_METRICS)
        get_metrics(c, s, ret, f);
    else
        get_readyz(c, s, ret, f);
}
