/* address.c: see address.h. */
#include "address.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int refuse(const char *text, struct fail *f)
{
    return fail_set(f, FAIL_SETTINGS,
        "broker.address: \"%s\" is not unix:/path, host:port or [address]:port with a port of 1 to 65535", text);
}

static bool parse_port(const char *text, int *ret_port)
{
    char *end;
    long port = strtol(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || port < 1 || port > 65535)
        return false;
    *ret_port = (int)port;
    return true;
}

int address_parse(const char *text, struct address *ret, struct fail *f)
{
    struct address a = {.port = 0};
    bool is_path = strncmp(text, "unix:", 5) == 0;
    const char *start = is_path ? text + 5 : text + (*text == '[');
    const char *end = is_path ? strchr(start, '\0') : *text == '[' ? strchr(start, ']') : strrchr(start, ':');
    size_t n = end ? (size_t)(end - start) : 0;

    if (n == 0 || n >= sizeof a.host || (is_path && *start != '/'))
        return refuse(text, f);
    memcpy(a.host, start, n);
    if (!is_path) {
        const char *colon = *text == '[' ? end + 1 : end;

        if (*colon != ':' || !parse_port(colon + 1, &a.port) || (*text != '[' && strchr(a.host, ':')))
            return refuse(text, f);
    }
    *ret = a;
    return 0;
}
