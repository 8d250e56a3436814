/* notify.c: see notify.h. */
#include "notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cleanup.h"

/* The address of NOTIFY_SOCKET: a path, or "@name" in the abstract namespace. 0 = there is none. */
static socklen_t manager_address(struct sockaddr_un *address)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t n = path ? strlen(path) : 0;

    if (n < 2 || n >= sizeof address->sun_path || (path[0] != '/' && path[0] != '@'))
        return 0;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, n);
    if (path[0] == '@')
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

void notify_send(const char *format, ...)
{
    struct sockaddr_un address;
    socklen_t size = manager_address(&address);
    char text[512];
    va_list args;

    if (!size)
        return;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0 || n >= (int)sizeof text)
        return;
    autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    ssize_t sent = sendto(fd, text, (size_t)n, MSG_NOSIGNAL, (struct sockaddr *)&address, size);
    (void)sent; /* a manager that does not listen is no reason to do anything */
}

/* A decimal number and nothing else; -1 otherwise. */
static int64_t number_of(const char *text)
{
    char *end;

    if (!text || *text < '0' || *text > '9')
        return -1;
    long long n = strtoll(text, &end, 10);
    return *end ? -1 : n;
}

int64_t notify_watchdog_ms(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    int64_t us = number_of(getenv("WATCHDOG_USEC"));

    if (us <= 0 || (pid && number_of(pid) != getpid())) /* a parent's watchdog is not ours */
        return 0;
    return us / 1000;
}
