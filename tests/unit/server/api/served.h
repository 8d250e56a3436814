/* served.h: a running api on a throw-away SQLite store, and a raw client that waits with a deadline. */
#ifndef FAULTLINE_TEST_SERVED_H
#define FAULTLINE_TEST_SERVED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <openssl/sha.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api.h"
#include "identity.h"
#include "tokens.h"

enum { DEADLINE_MS = 10000 };

#define READER_TOKEN "fl_reader-of-the-tests"
#define ADMIN_TOKEN "fl_admin-of-the-tests"
#define ADMIN_BEARER "Authorization: Bearer " ADMIN_TOKEN "\r\n"
#define BEARER "Authorization: Bearer " READER_TOKEN "\r\n"

static struct {
    char folder[64], database[96], tokens[96];
    struct store *writer;
    struct api *api;
    uint16_t port;
    int64_t event_id;
    char who[64], reason[160]; /* of the last change to the registry */
} served;

static const struct wall seed_time = {1767225600000}; /* 2026-01-01T00:00:00Z */

static inline void must_succeed(int rc, const struct fail *f)
{
    if (rc != 0)
        fail_msg("%s", f->text);
}

static inline void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *out = fopen(path, "we");

    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    assert_int_equal(chmod(path, mode), 0);
}

/* "NAME ROLE hash" of a token. */
static inline const char *token_line(const char *name, const char *role, const char *token, char line[static 160])
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    int n = snprintf(line, 160, "%s %s ", name, role);

    SHA256((const unsigned char *)token, strlen(token), hash);
    for (size_t i = 0; i < sizeof hash; i++)
        n += snprintf(line + n, 160 - (size_t)n, "%02x", hash[i]);
    snprintf(line + n, 160 - (size_t)n, "\n");
    return line;
}

/* ---------------------------------------------------------------- rows */

static inline void seed_device(const char *id, bool online)
{
    struct device_row row = {.shard = identity_shard(id),
        .registration = DEVICE_KNOWN,
        .enrolled = seed_time,
        .last_seen = seed_time,
        .online = online,
        .epoch = 0xfeedface,
        .session = 3};
    struct fail f;

    strcpy(row.device, id);
    strcpy(row.product_line, "engine");
    strcpy(row.model, "D4");
    must_succeed(store_put_device(served.writer, &row, &f), &f);
}

static inline struct condition_key seed_key(const char *code)
{
    struct condition_key key = {.ns = "j1939", .mode = 3, .component = "", .bus = "can0", .reporter = "logical"};

    snprintf(key.code, sizeof key.code, "%s", code);
    return key;
}

static inline struct ticket_number seed_ticket(
    const char *device, const char *code, enum ticket_class class_, int64_t age_ms)
{
    struct ticket t = {.number.shard = identity_shard(device),
        .key = seed_key(code),
        .state = TICKET_TRIAGED,
        .class_ = class_,
        .product_line = "engine",
        .model = "D4",
        .occurrences = 1,
        .version = 1};
    struct ticket_clock clock = {.kind = CLOCK_FIRST_RESPONSE, .state = CLOCK_RUNNING, .target_ms = 7200000};
    struct ticket_number number;
    struct fail f;
    bool opened;

    strcpy(t.device, device);
    t.opened.ms = t.received.ms = t.occurred.at.ms = t.last_seen.ms = seed_time.ms - age_ms;
    clock.start = t.opened;
    clock.due.ms = t.opened.ms + clock.target_ms;
    must_succeed(store_open_ticket(served.writer, &t, &clock, 1, &number, &opened, &f), &f);
    assert_true(opened);
    return number;
}

static inline void seed_condition(const char *device, const char *code, enum fault_state state)
{
    struct condition c = {.key = seed_key(code),
        .state = state,
        .class_ = CLASS_URGENT,
        .severity = 3,
        .occurrences = 2,
        .first_seen = seed_time,
        .last_seen = seed_time,
        .state_since = seed_time,
        .epoch = 1,
        .number = 1};
    struct fail f;

    must_succeed(store_put_condition(served.writer, identity_shard(device), device, &c, &f), &f);
}

static inline void seed_transition(const char *device, const char *code, uint64_t number)
{
    struct condition_key key = seed_key(code);
    struct transition_row row = {.shard = identity_shard(device),
        .device = device,
        .reported_by = device,
        .epoch = 1,
        .number = number,
        .key = &key,
        .from = FAULT_PENDING,
        .to = FAULT_CONFIRMED,
        .occurred = {seed_time, 50},
        .received = seed_time,
        .record = (const uint8_t *)"",
        .record_bytes = 0};
    struct fail f;

    must_succeed(store_add_transition(served.writer, &row, &f), &f);
}

static inline void seed_catalogue(const char *code, const char *en, const char *zh)
{
    struct catalogue_row row = {.mode = -1, .class_ = CLASS_URGENT, .severity = 3, .ns = "j1939"};
    struct fail f;

    snprintf(row.code, sizeof row.code, "%s", code);
    snprintf(row.title_en, sizeof row.title_en, "%s", en);
    snprintf(row.title_zh, sizeof row.title_zh, "%s", zh);
    must_succeed(store_put_catalogue(served.writer, &row, &f), &f);
}

static inline void seed_event(const char *kind, const char *json)
{
    struct event_row row = {.id = ++served.event_id, .shard = 7, .at = seed_time, .json = json};
    struct fail f;

    snprintf(row.kind, sizeof row.kind, "%s", kind);
    must_succeed(store_add_event(served.writer, &row, &f), &f);
}

static inline void begin(void)
{
    struct fail f;

    must_succeed(store_begin(served.writer, &f), &f);
}

static inline void commit(void)
{
    struct fail f;

    must_succeed(store_commit(served.writer, seed_time, &f), &f);
}

/* Two engines, three tickets, two conditions, a transition. */
static inline void seed_usual(void)
{
    begin();
    seed_catalogue("789", "Wheel sensor fault", "车轮传感器故障");
    seed_device("engine-7", true);
    seed_device("engine-8", false);
    seed_ticket("engine-7", "789", CLASS_URGENT, 0);
    seed_ticket("engine-7", "790", CLASS_GENERAL, 60000);
    seed_ticket("engine-8", "789", CLASS_IMPORTANT, 120000);
    seed_condition("engine-7", "789", FAULT_CONFIRMED);
    seed_condition("engine-8", "789", FAULT_PENDING);
    seed_transition("engine-7", "789", 1);
    seed_transition("engine-7", "789", 2);
    commit();
}

/* ---------------------------------------------------------------- start, stop */

static inline struct api_settings usual_settings(void)
{
    struct api_settings s = {.address = "127.0.0.1:0",
        .request_timeout_ms = 5000,
        .idle_timeout_ms = 5000,
        .event_ping_ms = 5000,
        .max_connections = 64,
        .max_connections_per_address = 64,
        .max_body_bytes = 1024};

    strcpy(s.tokens_file, served.tokens);
    return s;
}

static inline void serve_with(const struct api_settings *settings, const struct api_host *host)
{
    const struct store_settings store = {.driver = STORE_SQLITE, .path = served.database};
    struct fail f;

    must_succeed(api_start(settings, &store, host, &clock_system, &served.api, &f), &f);
    served.port = (uint16_t)atoi(strrchr(api_address(served.api), ':') + 1);
}

/* In place of the collector's writer thread. Nobody else uses the writing handle meanwhile: the test waits for the answer. */
static inline int change_registry(void *ctx, const struct registration_change *change, struct fail *f)
{
    struct device_row row;
    (void)ctx;

    if (store_get_device(served.writer, store_shard_of(change->device), change->device, &row, f))
        return -1;
    row.registration = change->registration;
    snprintf(served.who, sizeof served.who, "%s", change->who);
    snprintf(served.reason, sizeof served.reason, "%s", change->reason);
    if (store_begin(served.writer, f) || store_put_device(served.writer, &row, f))
        return -1;
    return store_commit(served.writer, seed_time, f);
}

static inline void serve_registry(void)
{
    serve_with((struct api_settings[]){usual_settings()}, &(struct api_host){.set_registration = change_registry});
}

static inline void serve(const struct api_settings *settings)
{
    serve_with(settings, &(struct api_host){0});
}

static inline int open_store(void **state)
{
    char line[160], lines[330];
    struct fail f;
    (void)state;

    signal(SIGPIPE, SIG_IGN);
    memset(&served, 0, sizeof served);
    strcpy(served.folder, "/tmp/faultline-api-XXXXXX");
    assert_non_null(mkdtemp(served.folder));
    snprintf(served.database, sizeof served.database, "%s/faultline.db", served.folder);
    snprintf(served.tokens, sizeof served.tokens, "%s/tokens", served.folder);
    strcpy(lines, token_line("test", "reader", READER_TOKEN, line));
    strcat(lines, token_line("chief", "admin", ADMIN_TOKEN, line));
    write_file(served.tokens, lines, 0600);
    must_succeed(store_open(&(struct store_settings){.driver = STORE_SQLITE, .path = served.database}, STORE_WRITE,
                     &served.writer, &f),
        &f);
    return 0;
}

static inline int close_store(void **state)
{
    char command[96];
    (void)state;

    api_stop(served.api);
    store_close(served.writer);
    snprintf(command, sizeof command, "rm -rf %s", served.folder);
    return system(command) == 0 ? 0 : -1;
}

/* ---------------------------------------------------------------- a raw client */

static inline int dial(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(served.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static inline void say_bytes(int fd, const char *bytes, size_t n)
{
    assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

static inline void say(int fd, const char *text)
{
    say_bytes(fd, text, strlen(text));
}

/* Reads until `until` stands in the text, or to the end when it is NULL. Returns the bytes there are; fails at the
 * deadline. */
static inline size_t hear(int fd, char *text, size_t size, const char *until)
{
    size_t n = strlen(text);

    while (!until || !strstr(text, until)) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};

        assert_true(n < size - 1);
        if (poll(&wait, 1, DEADLINE_MS) != 1)
            fail_msg("nothing came in time; so far: %s", text);
        ssize_t got = recv(fd, text + n, size - n - 1, 0);
        if (got <= 0) {
            if (until)
                fail_msg("closed before \"%s\"; so far: %s", until, text);
            break;
        }
        n += (size_t)got;
        text[n] = '\0';
    }
    return n;
}

/* One request on a connection of its own, to its end. */
static inline int ask_bytes(const char *bytes, size_t n, char *answer, size_t size)
{
    int fd = dial(), status = 0;

    answer[0] = '\0';
    say_bytes(fd, bytes, n);
    hear(fd, answer, size, NULL);
    close(fd);
    sscanf(answer, "HTTP/1.%*d %d", &status);
    return status;
}

struct reply {
    int status;
    char text[1 << 20]; /* head and body */
    const char *body;
    json_t *json; /* NULL when the body is none */
};

static inline void forget(struct reply *r)
{
    json_decref(r->json);
    r->json = NULL;
}

/* GET with the reader's token and further header lines. */
static inline void get_with(struct reply *r, const char *path, const char *headers)
{
    char request[4096];

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", path, headers);
    r->status = ask_bytes(request, strlen(request), r->text, sizeof r->text);
    const char *end = strstr(r->text, "\r\n\r\n");
    r->body = end ? end + 4 : "";
    r->json = json_loads(r->body, 0, NULL);
}

static inline void put_with(struct reply *r, const char *path, const char *headers, const char *body)
{
    static char request[8192];

    snprintf(request, sizeof request,
        "PUT %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n%s", path, strlen(body),
        headers, body);
    r->status = ask_bytes(request, strlen(request), r->text, sizeof r->text);
    const char *end = strstr(r->text, "\r\n\r\n");
    r->body = end ? end + 4 : "";
    r->json = json_loads(r->body, 0, NULL);
}

static inline void get(struct reply *r, const char *path)
{
    get_with(r, path, BEARER);
}

/* A text inside a document, by object keys and array indexes, "" when it is not there. */
static inline const char *text_at(const json_t *o, const char *path)
{
    char copy[128], *rest = NULL;

    snprintf(copy, sizeof copy, "%s", path);
    for (const char *key = strtok_r(copy, ".", &rest); key; key = strtok_r(NULL, ".", &rest))
        o = json_is_array(o) ? json_array_get(o, (size_t)atoi(key)) : json_object_get(o, key);
    return json_string_value(o) ? json_string_value(o) : "";
}

#endif
