/* broker.h: a real mosquitto for tests, in a folder of its own, on random loopback ports. */
#ifndef TEST_BROKER_H
#define TEST_BROKER_H

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOSQUITTO "/usr/sbin/mosquitto"

struct broker {
    pid_t pid;
    int log_fd;
};

static inline long long test_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* A loopback port that was free a moment ago. */
static inline int test_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&address, n) || getsockname(fd, (struct sockaddr *)&address, &n))
        abort();
    close(fd);
    return ntohs(address.sin_port);
}

static inline int test_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static inline void test_remove_tree(const char *path)
{
    nftw(path, test_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Waits until the broker's log says text. */
static inline int broker_await(struct broker *b, const char *text, int timeout_ms)
{
    char line[4096];
    size_t used = 0;
    long long end_ms = test_now_ms() + timeout_ms;

    for (;;) {
        struct pollfd p = {b->log_fd, POLLIN, 0};
        long long left_ms = end_ms - test_now_ms();

        if (left_ms <= 0 || poll(&p, 1, (int)left_ms) <= 0)
            return -1;
        ssize_t got = read(b->log_fd, line + used, sizeof line - 1 - used);
        if (got <= 0)
            return -1;
        used += (size_t)got;
        line[used] = '\0';
        if (strstr(line, text))
            return 0;
        if (used > sizeof line / 2) {
            memmove(line, line + used - 64, 64);
            used = 64;
        }
    }
}

/* Starts with the settings file at path; returns when the broker says that it runs. */
static inline int broker_start(struct broker *b, const char *path)
{
    int log[2];

    if (pipe(log))
        abort();
    b->pid = fork();
    if (b->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(log[1], STDERR_FILENO);
        dup2(log[1], STDOUT_FILENO);
        close(log[0]);
        close(log[1]);
        execl(MOSQUITTO, MOSQUITTO, "-c", path, (char *)NULL);
        _exit(127);
    }
    close(log[1]);
    b->log_fd = log[0];
    return broker_await(b, " running", 5000);
}

static inline void broker_stop(struct broker *b, int signal_number)
{
    kill(b->pid, signal_number);
    waitpid(b->pid, NULL, 0);
    close(b->log_fd);
}

#endif
