/* http: what a client sends: the guard, the router, the query parser and its cursors. The first byte says into which
 * pieces the bytes are cut. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "query.h"
#include "route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *number_word(int i)
{
    static const char *const words[] = {"one", "two", "three"};

    return words[i];
}

static void ask(const struct query *q)
{
    struct fail f;
    json_t *key = NULL;
    int value;

    if (query_limit(q, &value, &f) == 0)
        assert(value >= 1 && value <= QUERY_LIMIT_MAX);
    if (query_switch(q, "online", &value, &f) == 0)
        assert(value >= -1 && value <= 1);
    if (query_word(q, "state", number_word, 3, &value, &f) == 0)
        assert(value >= -1 && value < 3);
    if (cursor_get(q, "tickets", &key, &f) == 0 && key) {
        char *again = cursor_make("tickets", json_array());

        assert(json_array_size(key) >= 1);
        free(again);
        json_decref(key);
    }
}

static void parse_target(const char *target, size_t n)
{
    static const char *const known[] = {"device", "state", "online", "limit", "cursor", NULL};
    char id[ROUTE_ID_BYTES], path[GUARD_TARGET_BYTES + 1];
    struct query q;
    struct fail f;

    assert(n <= GUARD_TARGET_BYTES);
    memcpy(path, target, n);
    path[n] = '\0';
    char *query = strchr(path, '?');
    if (query)
        *query++ = '\0';
    (void)route_find(path, id);
    assert(strlen(id) < sizeof id);
    if (query && query_parse(query, known, &q, &f) == 0) {
        assert(q.count <= QUERY_PARAMETERS);
        ask(&q);
    }
}

/* What the guard calls whole holds what it promises. */
static void check_whole(const struct guard *g, const char *bytes, size_t n)
{
    assert(g->whole <= n && g->whole >= 4 && g->body <= g->max_body);
    assert(memcmp(bytes + g->whole - g->body - 4, "\r\n\r\n", 4) == 0);
    for (size_t i = 0; i < g->whole - g->body; i++) {
        assert(bytes[i]);
        assert(bytes[i] != '\n' || bytes[i - 1] == '\r');
    }
    const char *target = strchr(bytes, ' ') + 1;
    parse_target(target, (size_t)(strchr(target, ' ') - target));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct guard g;
    size_t piece = n ? data[0] + 1u : 1;
    enum guard_verdict verdict = GUARD_MORE;

    if (n < 2)
        return 0;
    /* An own copy with a NUL, of the exact size, for the string functions above. */
    char *bytes = malloc(n);
    if (!bytes)
        abort();
    memcpy(bytes, data + 1, n - 1);
    bytes[n - 1] = '\0';
    guard_init(&g, 64);
    for (size_t at = piece; verdict == GUARD_MORE; at += piece) {
        verdict = guard_feed(&g, bytes, at < n - 1 ? at : n - 1);
        if (at >= n - 1)
            break;
    }
    if (verdict == GUARD_WHOLE)
        check_whole(&g, bytes, n - 1);
    if (verdict == GUARD_REFUSED)
        assert(g.status >= 400 && g.status <= 505 && g.why);
    free(bytes);
    return 0;
}
