/* agent.h: an agent for tests of its clients: a real socket in a temporary folder, answers by a script. */
#ifndef TESTS_AGENT_H
#define TESTS_AGENT_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[64], path[96];

/* An agent that answers the n-th packet of its life with script[n]; "" hangs up instead, NULL ends it. It
 * keeps the requests it got. */
static struct agent {
    pthread_t thread;
    int listening;
    const char *const *script;
    char seen[4][8192];
    unsigned count;
} agent;

static void *agent_main(void *arg)
{
    struct agent *a = arg;
    int fd = -1;

    while (a->script[a->count]) {
        if (fd < 0)
            fd = accept(a->listening, NULL, NULL);
        char *packet = a->seen[a->count];
        ssize_t n = recv(fd, packet, sizeof a->seen[0] - 1, 0);
        if (n > 0) {
            const char *answer = a->script[a->count++];

            packet[n] = '\0';
            if (*answer) {
                send(fd, answer, strlen(answer), MSG_NOSIGNAL);
                continue;
            }
        }
        close(fd);
        fd = -1;
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static int listen_at_path(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    unlink(path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void start_agent(const char *const *script)
{
    agent = (struct agent){.script = script, .listening = listen_at_path()};
    assert_int_equal(pthread_create(&agent.thread, NULL, agent_main, &agent), 0);
}

static void join_agent(void)
{
    pthread_join(agent.thread, NULL);
    close(agent.listening);
}

static const char accepted[] = "faultline 1 accepted\nnumber=17\n";

static int make_folder(void **state)
{
    (void)state;

    strcpy(folder, "/tmp/faultline-client-XXXXXX");
    if (!mkdtemp(folder) || chmod(folder, 0755) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/agent.sock", folder);
    alarm(60); /* a test that hangs is a failure, not a wait */
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;

    unlink(path);
    return rmdir(folder);
}

#endif
