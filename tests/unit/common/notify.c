/* notify: what arrives at the service manager's socket, and that nothing depends on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cleanup.h"
#include "notify.h"

static int manager_socket(const char *name, size_t n)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    memcpy(address.sun_path, name, n);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)), 0);
    return fd;
}

static void expect(int fd, const char *text)
{
    char got[600];
    ssize_t n = recv(fd, got, sizeof got - 1, 0);

    assert_int_equal(n, strlen(text));
    got[n] = '\0';
    assert_string_equal(got, text);
}

static void lines_arrive_at_a_path_and_at_an_abstract_name(void **state)
{
    char dir[] = "/tmp/faultline-notify-XXXXXX", path[64], name[64];
    (void)state;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/notify", dir);
    snprintf(name, sizeof name, "@%s", dir);
    autoclose int by_path = manager_socket(path, strlen(path));
    setenv("NOTIFY_SOCKET", path, 1);
    notify_send("READY=1\nSTATUS=%s", "up");
    expect(by_path, "READY=1\nSTATUS=up");

    char abstract[64] = "";
    memcpy(abstract + 1, dir, strlen(dir));
    autoclose int by_name = manager_socket(abstract, strlen(dir) + 1);
    setenv("NOTIFY_SOCKET", name, 1);
    notify_send("WATCHDOG=1");
    expect(by_name, "WATCHDOG=1");
    unlink(path);
    rmdir(dir);
}

static void without_a_manager_nothing_happens(void **state)
{
    static const char *const sockets[] = {"", "/", "relative", "/nowhere/notify"};
    char long_path[300];
    (void)state;

    unsetenv("NOTIFY_SOCKET");
    notify_send("READY=1");
    for (size_t i = 0; i < countof(sockets); i++) {
        setenv("NOTIFY_SOCKET", sockets[i], 1);
        notify_send("READY=1");
    }
    memset(long_path, '/', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    setenv("NOTIFY_SOCKET", long_path, 1);
    notify_send("READY=1");
}

static void the_watchdog_counts_only_for_its_own_process(void **state)
{
    char own[24];
    (void)state;

    snprintf(own, sizeof own, "%d", getpid());
    const struct {
        const char *usec, *pid;
        int64_t ms;
    } cases[] = {{NULL, NULL, 0}, {"300000000", NULL, 300000}, {"300000000", own, 300000}, {"300000000", "1", 0},
        {"0", own, 0}, {"-5", own, 0}, {"12x", own, 0}, {"", own, 0}};
    for (size_t i = 0; i < countof(cases); i++) {
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
        if (cases[i].usec)
            setenv("WATCHDOG_USEC", cases[i].usec, 1);
        if (cases[i].pid)
            setenv("WATCHDOG_PID", cases[i].pid, 1);
        assert_int_equal(notify_watchdog_ms(), cases[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_arrive_at_a_path_and_at_an_abstract_name),
        cmocka_unit_test(without_a_manager_nothing_happens),
        cmocka_unit_test(the_watchdog_counts_only_for_its_own_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
