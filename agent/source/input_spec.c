/* input_spec.c: "file:…", "stdin", "tcp:…", "can:…". See input_spec.h. */
#include "input_spec.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static int wrong(struct fail *f, const char *text)
{
    return fail_set(f, FAIL_SETTINGS,
        "input \"%s\": allowed are file:PATH[?speed=0|1], stdin, tcp:127.0.0.1:PORT, tcp:[::1]:PORT, can:INTERFACE",
        text);
}

static int parse_file(const char *text, const char *path, struct input_spec *s, struct fail *f)
{
    const char *query = strrchr(path, '?');
    size_t n = query ? (size_t)(query - path) : strlen(path);

    if (n == 0 || n >= sizeof s->path)
        return wrong(f, text);
    if (query && strcmp(query, "?speed=0") != 0 && strcmp(query, "?speed=1") != 0)
        return fail_set(f, FAIL_SETTINGS, "input \"%s\": after '?' only speed=0 or speed=1 is allowed", text);
    s->fast = query && query[7] == '0';
    memcpy(s->path, path, n);
    s->path[n] = '\0';
    return 0;
}

static bool set_ipv4(struct input_spec *s, const char *host, uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

    if (inet_pton(AF_INET, host, &a.sin_addr) != 1 || ntohl(a.sin_addr.s_addr) >> 24 != 127)
        return false;
    memcpy(&s->address, &a, sizeof a);
    s->address_bytes = sizeof a;
    return true;
}

static bool set_ipv6(struct input_spec *s, const char *host, uint16_t port)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};

    if (strcmp(host, "[::1]") != 0)
        return false;
    memcpy(&s->address, &a, sizeof a);
    s->address_bytes = sizeof a;
    return true;
}

static int parse_tcp(const char *text, const char *peer, struct input_spec *s, struct fail *f)
{
    const char *colon = strrchr(peer, ':');
    char host[64], *end;

    if (!colon || (size_t)(colon - peer) >= sizeof host || colon[1] < '0' || colon[1] > '9')
        return wrong(f, text);
    long port = strtol(colon + 1, &end, 10);
    if (*end || port < 1 || port > 65535)
        return fail_set(f, FAIL_SETTINGS, "input \"%s\": a port is 1 to 65535", text);
    memcpy(host, peer, (size_t)(colon - peer));
    host[colon - peer] = '\0';
    if (!set_ipv4(s, host, (uint16_t)port) && !set_ipv6(s, host, (uint16_t)port))
        return fail_set(f, FAIL_SETTINGS,
            "input \"%s\": only loopback addresses (127.x.y.z, [::1]): the feed is neither authenticated nor encrypted",
            text);
    return 0;
}

static int parse_can(const char *text, const char *interface, struct input_spec *s, struct fail *f)
{
    size_t n = strlen(interface);

    if (n == 0 || n >= sizeof s->interface)
        return wrong(f, text);
    memcpy(s->interface, interface, n + 1);
    return 0;
}

int input_spec_parse(const char *text, struct input_spec *ret, struct fail *f)
{
    static const struct {
        const char *prefix;
        enum input_kind kind;
        int (*parse)(const char *text, const char *rest, struct input_spec *s, struct fail *f);
    } kinds[] = {{"file:", INPUT_FILE, parse_file}, {"tcp:", INPUT_TCP, parse_tcp}, {"can:", INPUT_CAN, parse_can}};
    struct input_spec s = {.kind = INPUT_STDIN};

    if (strcmp(text, "stdin") == 0) {
        *ret = s;
        return 0;
    }
    for (size_t i = 0; i < countof(kinds); i++) {
        size_t n = strlen(kinds[i].prefix);

        if (strncmp(text, kinds[i].prefix, n) != 0)
            continue;
        s.kind = kinds[i].kind;
        if (kinds[i].parse(text, text + n, &s, f) != 0)
            return -1;
        *ret = s;
        return 0;
    }
    return wrong(f, text);
}
