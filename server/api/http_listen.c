/* http_listen.c: see http_listen.h. */
#include "http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

static bool parse_port(const char *text, in_port_t *ret)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || port > 65535)
        return false;
    *ret = htons((uint16_t)port);
    return true;
}

static bool parse_inet(const char *text, union address *ret, socklen_t *ret_bytes)
{
    char host[INET6_ADDRSTRLEN + 1];
    const char *colon = strrchr(text, ':');
    bool is_v6 = text[0] == '[';
    size_t n;

    if (!colon || (is_v6 && colon[-1] != ']'))
        return false;
    text += is_v6;
    n = (size_t)(colon - text) - is_v6;
    if (n >= sizeof host)
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    memset(ret, 0, sizeof *ret);
    if (is_v6) {
        *ret_bytes = sizeof ret->v6;
        ret->v6.sin6_family = AF_INET6;
        return inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1 && parse_port(colon + 1, &ret->v6.sin6_port);
    }
    *ret_bytes = sizeof ret->v4;
    ret->v4.sin_family = AF_INET;
    return inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1 && parse_port(colon + 1, &ret->v4.sin_port);
}

static bool is_loopback(const union address *a)
{
    if (a->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
    return ntohl(a->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static int bind_failed(const char *text, struct fail *f)
{
    if (errno == EADDRINUSE)
        return fail_set(f, FAIL_CONFLICT, "address %s: another process listens there", text);
    return fail_sys(f, "address %s", text);
}

static int open_socket(const union address *a, socklen_t bytes, const char *text, int *ret_fd, struct fail *f)
{
    const int on = 1;
    autoclose int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return fail_sys(f, "address %s", text);
    if (a->any.sa_family != AF_UNIX)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, &a->any, bytes) != 0 || listen(fd, BACKLOG) != 0)
        return bind_failed(text, f);
    *ret_fd = take_fd(&fd);
    return 0;
}

static int read_inet(const char *text, bool public_allowed, union address *ret, socklen_t *ret_bytes, struct fail *f)
{
    if (!parse_inet(text, ret, ret_bytes))
        return fail_set(f, FAIL_SETTINGS, "address \"%s\": expected 127.0.0.1:8480, [::1]:8480 or unix:/path", text);
    if (!is_loopback(ret) && !public_allowed)
        return fail_set(f, FAIL_SETTINGS,
            "address %s can be reached from outside: set tls_cert and tls_key, or behind_proxy = yes", text);
    return 0;
}

static int read_unix(const char *path, union address *ret, socklen_t *ret_bytes, struct fail *f)
{
    *ret = (union address){.local = {.sun_family = AF_UNIX}};
    if (path[0] != '/' || strlen(path) >= sizeof ret->local.sun_path)
        return fail_set(f, FAIL_SETTINGS, "address unix:%s: not an absolute path of at most %zu bytes", path,
            sizeof ret->local.sun_path - 1);
    strcpy(ret->local.sun_path, path);
    *ret_bytes = sizeof ret->local;
    return 0;
}

static int read_address(const char *text, bool public_allowed, union address *ret, socklen_t *ret_bytes, struct fail *f)
{
    if (strncmp(text, "unix:", 5) == 0)
        return read_unix(text + 5, ret, ret_bytes, f);
    return read_inet(text, public_allowed, ret, ret_bytes, f);
}

int http_listen_check(const char *address, bool public_allowed, struct fail *f)
{
    union address a;
    socklen_t bytes;

    return read_address(address, public_allowed, &a, &bytes, f);
}

static void name_inet(int fd, char *ret_text)
{
    char host[INET6_ADDRSTRLEN];
    union address a = {0};
    socklen_t bytes = sizeof a;

    getsockname(fd, &a.any, &bytes);
    if (a.any.sa_family == AF_INET6)
        snprintf(ret_text, HTTP_LISTEN_TEXT_BYTES, "[%s]:%u", inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof host),
            ntohs(a.v6.sin6_port));
    else
        snprintf(ret_text, HTTP_LISTEN_TEXT_BYTES, "%s:%u", inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof host),
            ntohs(a.v4.sin_port));
}

/* A socket file outlives its process; only one that nobody answers on may go. */
static void remove_dead(const union address *a)
{
    struct stat st;
    autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (lstat(a->local.sun_path, &st) == 0 && S_ISSOCK(st.st_mode) && fd >= 0 &&
        connect(fd, &a->any, sizeof a->local) != 0 && errno == ECONNREFUSED)
        unlink(a->local.sun_path);
}

static int listen_unix(const union address *a, socklen_t bytes, int *ret_fd, char *ret_text, struct fail *f)
{
    remove_dead(a);
    mode_t mask = umask(0117);
    int rc = open_socket(a, bytes, a->local.sun_path, ret_fd, f);
    umask(mask);
    if (rc != 0)
        return -1;
    snprintf(ret_text, HTTP_LISTEN_TEXT_BYTES, "unix:%s", a->local.sun_path);
    return 0;
}

int http_listen(
    const char *address, bool public_allowed, int *ret_fd, char ret_text[static HTTP_LISTEN_TEXT_BYTES], struct fail *f)
{
    union address a;
    socklen_t bytes;

    if (read_address(address, public_allowed, &a, &bytes, f) != 0)
        return -1;
    if (a.any.sa_family == AF_UNIX)
        return listen_unix(&a, bytes, ret_fd, ret_text, f);
    if (open_socket(&a, bytes, address, ret_fd, f) != 0)
        return -1;
    name_inet(*ret_fd, ret_text);
    return 0;
}
