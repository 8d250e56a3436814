/* origin.c: see origin.h. */
#include "origin.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "route.h"
#include "sse.h"

enum {
    ANSWER_BYTES = 64 * 1024 * 1024, /* far above 500 rows of anything */
    CONNECT_S = 10,
    ANSWER_S = 60,
    STALL_S = 120, /* a stream is pinged every 15 s */
    URL_BYTES = 4096,
};

struct origin {
    struct store *store; /* NULL with a server */
    CURL *curl;
    struct curl_slist *headers;
    char *base; /* "http://host:port" */
    char why[CURL_ERROR_SIZE];
};

/* ---------------------------------------------------------------- answers */

/* The detail of a problem+json, "" when there is none. */
static const char *detail_of(const json_t *problem)
{
    const char *detail = json_string_value(json_object_get(problem, "detail"));

    return detail ? detail : "";
}

static int fail_of_status(long status, const json_t *problem, struct fail *f)
{
    enum fail_code code = FAIL_PEER;

    if (status == 400)
        code = FAIL_INPUT;
    else if (status == 401 || status == 403)
        code = FAIL_DENIED;
    else if (status == 404)
        code = FAIL_NOT_FOUND;
    return fail_set(f, code, "%s (HTTP %ld)", detail_of(problem), status);
}

/* body is the text of an answer. */
static int take_answer(long status, const char *body, size_t n, json_t **ret, struct fail *f)
{
    json_t *document = json_loadb(body, n, 0, NULL);

    if (status != 200) {
        fail_of_status(status, document, f);
        json_decref(document);
        return -1;
    }
    if (!document)
        return fail_set(f, FAIL_PEER, "the answer is no JSON");
    *ret = document;
    return 0;
}

/* ---------------------------------------------------------------- a database file */

/* Looked at before the store is, which makes a file that is empty into a database, and a lock beside any. */
static int check_file(const char *path, struct fail *f)
{
    static const char magic[] = "SQLite format 3"; /* sqlite.org/fileformat.html, 1.3; with its NUL */
    char head[sizeof magic] = "";
    FILE *in = fopen(path, "re");

    if (!in && errno == ENOENT)
        return fail_set(f, FAIL_NOT_FOUND, "%s", path);
    if (!in)
        return fail_sys(f, "%s", path);
    size_t n = fread(head, 1, sizeof head, in);
    fclose(in);
    if (n != sizeof head || memcmp(head, magic, sizeof magic) != 0)
        return fail_set(f, FAIL_INPUT, "%s is not a database of a collector", path);
    return 0;
}

static int open_file(struct origin *s, const char *path, struct fail *f)
{
    if (check_file(path, f) != 0)
        return -1;
    /* The writing handle, because it is the one that keeps a collector out while we look. */
    return store_open(&(struct store_settings){.driver = STORE_SQLITE, .path = path}, STORE_WRITE, &s->store, f);
}

static int get_from_file(struct origin *s, const char *path, json_t **ret, struct fail *f)
{
    struct route_call call = {.method = HTTP_GET};
    struct route_answer answer = {0};
    char bare[URL_BYTES];
    struct fail store_fail = {0};

    snprintf(bare, sizeof bare, "%.*s", (int)strcspn(path, "?"), path);
    snprintf(call.query, sizeof call.query, "%s", path[strlen(bare)] ? path + strlen(bare) + 1 : "");
    call.route = route_find(bare, call.id);
    if (!call.route)
        return fail_set(f, FAIL_NOT_FOUND, "%s", bare);
    route_run(&call, s->store, &answer, &store_fail);
    int rc = take_answer(answer.status, answer.body, answer.body_bytes, ret, f);
    if (rc != 0 && answer.status == 503)
        *f = store_fail;
    route_answer_free(&answer);
    return rc;
}

/* ---------------------------------------------------------------- a collector */

struct body {
    char *bytes;
    size_t n;
};

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct body *b = ctx;

    n *= size;
    if (b->n + n > ANSWER_BYTES)
        return 0;
    b->bytes = realloc(b->bytes, b->n + n);
    if (!b->bytes)
        abort();
    memcpy(b->bytes + b->n, bytes, n);
    b->n += n;
    return n;
}

static void add_header(struct origin *s, const char *name, const char *value)
{
    char line[512];

    snprintf(line, sizeof line, "%s%s", name, value);
    s->headers = curl_slist_append(s->headers, line);
    if (!s->headers)
        abort();
}

static void open_server(struct origin *s, const struct origin_settings *settings)
{
    bool is_local = strncmp(settings->server, "unix:", 5) == 0;

    s->base = strdup(is_local ? "http://localhost" : settings->server);
    s->curl = curl_easy_init();
    if (!s->base || !s->curl)
        abort();
    size_t n = strlen(s->base);
    if (n && s->base[n - 1] == '/')
        s->base[n - 1] = '\0';
    if (settings->token)
        add_header(s, "Authorization: Bearer ", settings->token);
    curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(s->curl, CURLOPT_ERRORBUFFER, s->why);
    curl_easy_setopt(s->curl, CURLOPT_USERAGENT, "faultline/" FAULTLINE_VERSION);
    if (is_local)
        curl_easy_setopt(s->curl, CURLOPT_UNIX_SOCKET_PATH, settings->server + 5);
    if (settings->ca_file)
        curl_easy_setopt(s->curl, CURLOPT_CAINFO, settings->ca_file);
}

static int perform(struct origin *s, const char *path, curl_write_callback write, void *ctx, struct fail *f)
{
    char url[URL_BYTES];

    if (snprintf(url, sizeof url, "%s%s", s->base, path) >= (int)sizeof url)
        return fail_set(f, FAIL_INPUT, "too long to be asked");
    s->why[0] = '\0';
    curl_easy_setopt(s->curl, CURLOPT_URL, url);
    curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, write);
    curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, ctx);
    CURLcode rc = curl_easy_perform(s->curl);
    if (rc != CURLE_OK)
        return fail_set(f, FAIL_PEER, "%s", s->why[0] ? s->why : curl_easy_strerror(rc));
    return 0;
}

static long status_of(struct origin *s)
{
    long status = 0;

    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static int get_from_server(struct origin *s, const char *path, json_t **ret, struct fail *f)
{
    struct body body = {0};

    curl_easy_setopt(s->curl, CURLOPT_TIMEOUT, (long)ANSWER_S);
    int rc = perform(s, path, take_body, &body, f);
    if (rc == 0)
        rc = take_answer(status_of(s), body.bytes, body.n, ret, f);
    free(body.bytes);
    return rc;
}

int origin_put(struct origin *s, const char *path, const json_t *document, json_t **ret, struct fail *f)
{
    struct curl_slist *usual = s->headers;
    struct body body = {0};
    char *text = json_dumps(document, JSON_COMPACT);

    if (!text)
        abort();
    s->headers = NULL;
    add_header(s, "Content-Type: ", "application/json");
    for (const struct curl_slist *h = usual; h; h = h->next)
        add_header(s, h->data, "");
    curl_easy_setopt(s->curl, CURLOPT_TIMEOUT, (long)ANSWER_S);
    curl_easy_setopt(s->curl, CURLOPT_CUSTOMREQUEST, "PUT");
    curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, text);
    int rc = perform(s, path, take_body, &body, f);
    if (rc == 0)
        rc = take_answer(status_of(s), body.bytes, body.n, ret, f);
    curl_easy_setopt(s->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(s->curl, CURLOPT_CUSTOMREQUEST, NULL);
    curl_slist_free_all(s->headers);
    s->headers = usual;
    free(body.bytes);
    free(text);
    return rc;
}

/* ---------------------------------------------------------------- watching */

struct watch {
    struct origin *origin;
    struct sse sse;
    struct body refusal; /* what came instead of a stream */
    bool (*each)(void *ctx, const char *kind, const json_t *event);
    void *ctx;
    bool ended; /* by each() */
};

static bool take_event(void *ctx, const char *kind, const char *data)
{
    struct watch *w = ctx;
    json_t *event = json_loads(data, 0, NULL);

    w->ended = event && !w->each(w->ctx, kind, event);
    json_decref(event);
    return !w->ended;
}

static size_t take_stream(char *bytes, size_t size, size_t n, void *ctx)
{
    struct watch *w = ctx;

    if (status_of(w->origin) != 200)
        return take_body(bytes, size, n, &w->refusal);
    return sse_feed(&w->sse, bytes, size * n, take_event, w) ? size * n : 0;
}

static int watch(struct origin *s, struct watch *w, struct fail *f)
{
    json_t *nothing = NULL;

    curl_easy_setopt(s->curl, CURLOPT_TIMEOUT, 0L);
    curl_easy_setopt(s->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(s->curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    int rc = perform(s, "/api/v1/events", take_stream, w, f);
    if (w->ended)
        return 0;
    if (status_of(s) == 200) /* it was there and went away: the caller may come again */
        return 0;
    if (rc == 0)
        rc = take_answer(status_of(s), w->refusal.bytes, w->refusal.n, &nothing, f);
    json_decref(nothing);
    return rc;
}

int origin_watch(struct origin *s, const char *last_id, bool (*each)(void *ctx, const char *kind, const json_t *event),
    void *ctx, struct fail *f)
{
    struct watch *w = calloc(1, sizeof *w);
    struct curl_slist *usual = s->headers;

    if (!w)
        abort();
    w->origin = s;
    w->each = each;
    w->ctx = ctx;
    sse_init(&w->sse);
    s->headers = NULL;
    for (const struct curl_slist *h = usual; h; h = h->next)
        add_header(s, h->data, "");
    if (*last_id)
        add_header(s, "Last-Event-ID: ", last_id);
    int rc = watch(s, w, f);
    curl_slist_free_all(s->headers);
    s->headers = usual;
    free(w->refusal.bytes);
    free(w);
    return rc;
}

/* ---------------------------------------------------------------- both */

int origin_open(const struct origin_settings *settings, struct origin **ret, struct fail *f)
{
    struct origin *s = calloc(1, sizeof *s);

    if (!s)
        abort();
    if (settings->db && open_file(s, settings->db, f) != 0) {
        origin_close(s);
        return -1;
    }
    if (!settings->db)
        open_server(s, settings);
    *ret = s;
    return 0;
}

void origin_close(struct origin *s)
{
    if (!s)
        return;
    store_close(s->store);
    curl_slist_free_all(s->headers);
    curl_easy_cleanup(s->curl);
    free(s->base);
    free(s);
}

int origin_get(struct origin *s, const char *path, json_t **ret, struct fail *f)
{
    return s->store ? get_from_file(s, path, ret, f) : get_from_server(s, path, ret, f);
}

void origin_escape(char *path, size_t size, const char *text)
{
    size_t n = strlen(path);

    for (; *text && n + 4 <= size; text++) {
        unsigned char c = (unsigned char)*text;

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("-._~", c))
            path[n++] = (char)c;
        else
            n += (size_t)snprintf(path + n, size - n, "%%%02X", c);
    }
    path[n] = '\0';
}
