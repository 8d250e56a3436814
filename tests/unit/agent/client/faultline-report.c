/* faultline-report: what it sends, what it says, and above all its exit status. Runs the program that was built. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>
#include <time.h>

#include "agent.h"
#include "cleanup.h"

enum { ARGUMENTS = 12 };

static char program[PATH_MAX];
static char said[2][4096]; /* on standard output and error */

static void read_all(int fd, char *buf, size_t cap)
{
    size_t n = 0;
    ssize_t got;

    while (n < cap - 1 && (got = read(fd, buf + n, cap - 1 - n)) > 0)
        n += (size_t)got;
    buf[n] = '\0';
}

/* Runs the program with the agent's socket in its environment; returns its exit status. */
static int report(const char *const *arguments)
{
    char *argv[ARGUMENTS + 2] = {program};
    int out[2], err[2], status;

    for (int i = 0; arguments[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(pipe2(err, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        setenv("FAULTLINE_SOCKET", path, 1);
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        execv(program, argv);
        _exit(127);
    }
    close(out[1]);
    close(err[1]);
    read_all(out[0], said[0], sizeof said[0]);
    read_all(err[0], said[1], sizeof said[1]);
    close(out[0]);
    close(err[0]);
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void options_become_the_request(void **state)
{
    static const struct {
        const char *arguments[ARGUMENTS];
        const char *request;
    } cases[] = {
        {{"E4"}, "faultline 1 raise\nns=app\ncode=E4\n"},
        {{"--clear", "E4", "--component", "fan"}, "faultline 1 clear\nns=app\ncode=E4\ncomponent=fan\n"},
        {{"E4", "--ns=hvac:acme:split", "--mode", "7", "--severity=3", "--class", "urgent"},
            "faultline 1 raise\nns=hvac:acme:split\ncode=E4\nmode=7\nseverity=3\nclass=urgent\n"},
        {{"E4", "--frame", "rpm=1850rpm", "--frame=t=-1.5e1 degC", "--frame", "ratio=0.5"},
            "faultline 1 raise\nns=app\ncode=E4\nframe=rpm 1850 rpm\nframe=t -15 degC\nframe=ratio 0.5\n"},
        {{"E4", "--component", "a=b"}, "faultline 1 raise\nns=app\ncode=E4\ncomponent=a=b\n"},
        {{"E4", "--component", "-h2"}, "faultline 1 raise\nns=app\ncode=E4\ncomponent=-h2\n"},
    };
    static const char *const script[] = {accepted, NULL};
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        start_agent(script);
        assert_int_equal(report(cases[i].arguments), 0);
        join_agent();
        assert_string_equal(agent.seen[0], cases[i].request);
        assert_string_equal(said[0], "");
        assert_string_equal(said[1], "");
    }
}

static void exit_status_tells_queued_from_refused(void **state)
{
    static const struct {
        const char *script[2];
        int status;
    } cases[] = {
        {{accepted}, 0},
        {{""}, 7},
        {{"faultline 1 refused\nreason=malformed\ntext=why\n"}, 8},
        {{"faultline 1 refused\nreason=limit\ntext=why\n"}, 8},
        {{"faultline 2 refused\nreason=version\ntext=why\n"}, 8},
        {{"faultline 1 refused\nreason=rate\ntext=why\n"}, 9},
        {{"faultline 1 refused\nreason=full\ntext=why\n"}, 9},
        {{"faultline 1 refused\nreason=disk\ntext=why\n"}, 9},
        {{"faultline 1 refused\nreason=held\ntext=why\n"}, 10},
    };
    const char *const arguments[] = {"E4", NULL};
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        start_agent(cases[i].script);
        assert_int_equal(report(arguments), cases[i].status);
        join_agent();
        if (cases[i].status >= 8)
            assert_non_null(strstr(said[1], "why"));
    }
    unlink(path);
    assert_int_equal(report(arguments), 6);
    assert_non_null(strstr(said[1], path));
}

static void wrong_usage_is_told_and_sends_nothing(void **state)
{
    static const struct {
        const char *arguments[ARGUMENTS];
        const char *word;
    } cases[] = {
        {{NULL}, "code is missing"},
        {{"E4", "E5"}, "E5"},
        {{"E4", "--clas", "urgent"}, "did you mean --class?"},
        {{"E4", "--componnet=x"}, "did you mean --component?"},
        {{"E4", "--xyzzy"}, "unknown option"},
        {{"E4", "--an-option-of-far-more-than-thirty-two-letters"}, "unknown option"},
        {{"E4", "--class", "fatal"}, "general, important or urgent"},
        {{"E4", "--class", ""}, "general, important or urgent"},
        {{"E4", "--severity", "5"}, "0 to 4"},
        {{"E4", "--severity", "-1"}, "0 to 4"},
        {{"E4", "--mode", "4294967296"}, "--mode"},
        {{"E4", "--mode", "1x"}, "--mode"},
        {{"E4", "--frame", "rpm"}, "NAME=VALUE"},
        {{"E4", "--frame", "rpm=fast"}, "NAME=VALUE"},
        {{"E4", "--frame", "rpm=nan"}, "NAME=VALUE"},
        {{"E4", "--frame", "rpm=inf"}, "NAME=VALUE"},
        {{"E4", "--frame", "=1"}, "NAME=VALUE"},
        {{"E4", "--component"}, "needs a value"},
        {{"E4", "--clear=yes"}, "takes no value"},
        {{"E4", "--socket", ""}, "empty"},
    };
    (void)state;

    unlink(path); /* what is sent would end with 6 */
    for (size_t i = 0; i < countof(cases); i++) {
        if (report(cases[i].arguments) != 2 || !strstr(said[1], cases[i].word))
            fail_msg("case %zu: %s", i, said[1]);
        assert_string_equal(said[0], "");
    }
}

static void help_and_version_go_to_standard_output(void **state)
{
    const char *const help[] = {"E4", "--wrong", "-h", NULL}, *const version[] = {"--version", NULL};
    (void)state;

    assert_int_equal(report(help), 0);
    assert_memory_equal(said[0], "Examples:\n  faultline-report E4", 31);
    assert_int_equal(report(version), 0);
    assert_string_equal(said[0], "faultline-report " FAULTLINE_VERSION "\n");
}

static void wait_outlasts_a_busy_agent(void **state)
{
    static const char *const script[] = {
        "faultline 1 refused\nreason=rate\nretry_after_ms=1\ntext=why\n", "", accepted, NULL};
    const char *const arguments[] = {"E4", "--wait", NULL};
    (void)state;

    start_agent(script);
    assert_int_equal(report(arguments), 0);
    join_agent();
    assert_int_equal(agent.count, 3);
}

static void *late_agent(void *arg)
{
    static const char *const script[] = {accepted, NULL};
    (void)arg;

    start_agent(script);
    return NULL;
}

static void wait_outlasts_an_agent_that_is_not_there_yet(void **state)
{
    const char *const arguments[] = {"E4", "--wait", NULL};
    pthread_t thread;
    (void)state;

    unlink(path);
    pthread_create(&thread, NULL, late_agent, NULL);
    assert_int_equal(report(arguments), 0);
    pthread_join(thread, NULL);
    join_agent();
}

/* The program lies beside this one's folder: build/unit/agent/client/… and build/faultline-report. */
static int find_program(void **state)
{
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 64);

    if (n < 0)
        return -1;
    program[n] = '\0';
    for (int i = 0; i < 4; i++)
        *strrchr(program, '/') = '\0';
    strcat(program, "/faultline-report");
    return access(program, X_OK) == 0 ? make_folder(state) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_become_the_request),
        cmocka_unit_test(exit_status_tells_queued_from_refused),
        cmocka_unit_test(wrong_usage_is_told_and_sends_nothing),
        cmocka_unit_test(help_and_version_go_to_standard_output),
        cmocka_unit_test(wait_outlasts_a_busy_agent),
        cmocka_unit_test(wait_outlasts_an_agent_that_is_not_there_yet),
    };
    return cmocka_run_group_tests(tests, find_program, remove_folder);
}
