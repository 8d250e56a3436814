/* faultline: what an application gets from libfaultline, with a scripted agent on a real socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bounds.h"
#include "cleanup.h"
#include "faultline.h"
#include "agent.h"

static struct fl *open_handle(uint32_t timeout_ms)
{
    struct fl_options options = {.struct_size = sizeof options, .socket_path = path, .timeout_ms = timeout_ms};
    struct fl *fl;

    assert_int_equal(fl_open(&fl, &options), FL_OK);
    return fl;
}

static void raise_and_clear_say_what_the_application_said(void **state)
{
    static const char *const script[] = {accepted, "faultline 1 accepted\n", accepted, NULL};
    static const struct fl_value frame[] = {{"head temp", 118.5, "degC"}, {"rpm", 1850, NULL}};
    struct fl_fault fault = {.struct_size = sizeof fault,
        .ns = "hvac:acme:split",
        .component = "compressor",
        .subject = "fan",
        .mode = 3,
        .severity = 2,
        .ticket_class = FL_CLASS_URGENT,
        .frame = frame,
        .frame_count = countof(frame)};
    (void)state;

    start_agent(script);
    struct fl *fl = open_handle(0);
    assert_int_equal(fl_raise(fl, "E4", &fault), FL_OK);
    assert_int_equal(fl_number(fl), 17);
    assert_int_equal(fl_clear(fl, "E4", &fault), FL_OK);
    assert_int_equal(fl_number(fl), 0);
    assert_int_equal(fl_measure(fl, "supply", 21.5, "degC"), FL_OK);
    fl_close(fl);
    join_agent();
    assert_string_equal(agent.seen[0], "faultline 1 raise\nns=hvac:acme:split\ncode=E4\nmode=3\ncomponent=compressor\n"
                                       "subject=fan\nseverity=2\nclass=urgent\n"
                                       "frame=head%20temp 118.5 degC\nframe=rpm 1850\n");
    assert_string_equal(
        agent.seen[1], "faultline 1 clear\nns=hvac:acme:split\ncode=E4\nmode=3\ncomponent=compressor\n");
    assert_string_equal(agent.seen[2], "faultline 1 measure\nname=supply\nvalue=21.5\nunit=degC\n");
}

static void each_refusal_has_its_result(void **state)
{
    static const struct {
        const char *script[2];
        int result;
    } cases[] = {
        {{"faultline 1 refused\nreason=malformed\ntext=x\n"}, FL_INVALID},
        {{"faultline 1 refused\nreason=limit\nlimit=4\nvalue=5\ntext=x\n"}, FL_LIMIT},
        {{"faultline 1 refused\nreason=rate\nretry_after_ms=250\ntext=x\n"}, FL_RATE},
        {{"faultline 1 refused\nreason=full\ntext=x\n"}, FL_FULL},
        {{"faultline 1 refused\nreason=held\ntext=x\n"}, FL_HELD},
        {{"faultline 1 refused\nreason=disk\ntext=x\n"}, FL_DISK},
        {{"faultline 2 refused\nreason=version\ntext=x\n"}, FL_VERSION},
        {{"faultline 1 refused\nreason=something_new\ntext=x\n"}, FL_INVALID},
    };
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        start_agent(cases[i].script);
        struct fl *fl = open_handle(0);
        assert_int_equal(fl_raise(fl, "E4", NULL), cases[i].result);
        assert_string_equal(fl_detail(fl), "x");
        assert_int_equal(fl_retry_after_ms(fl), cases[i].result == FL_RATE ? 250 : 0);
        join_agent();
        fl_close(fl);
    }
}

static void what_is_no_answer_is_not_taken_for_one(void **state)
{
    static char long_answer[4096];
    const char *scripts[][2] = {{"HTTP/1.1 200 OK\r\n", NULL}, {"faultline 2 accepted\n", NULL}, {long_answer, NULL}};
    (void)state;

    strcpy(long_answer, accepted);
    memset(long_answer + strlen(long_answer), '\n', 2000);
    for (size_t i = 0; i < countof(scripts); i++) {
        start_agent(scripts[i]);
        struct fl *fl = open_handle(0);
        assert_int_equal(fl_raise(fl, "E4", NULL), FL_VERSION);
        join_agent();
        fl_close(fl);
    }
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void silence_ends_at_the_timeout(void **state)
{
    int listening = listen_at_path();
    struct fl *fl[8];
    (void)state;

    /* The first ones wait for an answer, the later ones already for a place in the queue of connections. */
    for (size_t i = 0; i < countof(fl); i++) {
        int64_t start_ms = now_ms();

        fl[i] = open_handle(50);
        assert_int_equal(fl_raise(fl[i], "E4", NULL), FL_TIMEOUT);
        assert_in_range(now_ms() - start_ms, 49, 1000);
    }
    for (size_t i = 0; i < countof(fl); i++)
        fl_close(fl[i]);
    close(listening);
}

/* The answer to a call that timed out must not be taken for the answer to the next one. */
static void late_answer_is_not_the_next_ones(void **state)
{
    int listening = listen_at_path();
    struct fl *fl = open_handle(50);
    char packet[512];
    (void)state;

    assert_int_equal(fl_raise(fl, "E4", NULL), FL_TIMEOUT);
    autoclose int first = accept(listening, NULL, NULL);
    assert_true(recv(first, packet, sizeof packet, 0) > 0);
    send(first, accepted, sizeof accepted - 1, MSG_NOSIGNAL);
    assert_int_equal(fl_raise(fl, "E5", NULL), FL_TIMEOUT);
    assert_int_equal(fl_number(fl), 0);
    fl_close(fl);
    close(listening);
}

static void agent_that_restarts_is_found_again(void **state)
{
    static const char *const first_life[] = {accepted, NULL};
    static const char *const second_life[] = {accepted, accepted, NULL};
    (void)state;

    start_agent(first_life);
    struct fl *fl = open_handle(0);
    assert_int_equal(fl_raise(fl, "E4", NULL), FL_OK);
    join_agent();
    assert_int_equal(fl_raise(fl, "E5", NULL), FL_NO_AGENT);
    start_agent(second_life);
    assert_int_equal(fl_raise(fl, "E5", NULL), FL_OK);
    assert_int_equal(fl_raise(fl, "E6", NULL), FL_OK);
    fl_close(fl);
    join_agent();
}

static void kept_connection_that_was_closed_is_asked_once_more(void **state)
{
    static const char *const script[] = {accepted, "", accepted, NULL};
    (void)state;

    start_agent(script);
    struct fl *fl = open_handle(0);
    assert_int_equal(fl_raise(fl, "E4", NULL), FL_OK);
    assert_int_equal(fl_raise(fl, "E5", NULL), FL_OK);
    fl_close(fl);
    join_agent();
    assert_string_equal(agent.seen[1], agent.seen[2]);
}

static void agent_that_hangs_up_on_a_new_connection_is_gone(void **state)
{
    static const char *const script[] = {"", NULL};
    (void)state;

    start_agent(script);
    struct fl *fl = open_handle(0);
    assert_int_equal(fl_raise(fl, "E4", NULL), FL_GONE);
    fl_close(fl);
    join_agent();
}

static void absent_agent_is_told_at_once(void **state)
{
    (void)state;

    unlink(path);
    struct fl *fl = open_handle(0);
    assert_int_equal(fl_raise(fl, "E4", NULL), FL_NO_AGENT); /* no socket */
    close(listen_at_path());
    assert_int_equal(fl_raise(fl, "E4", NULL), FL_NO_AGENT); /* a socket nobody listens on */
    assert_non_null(strstr(fl_detail(fl), path));
    fl_close(fl);
}

static void permissions_keep_strangers_out(void **state)
{
    int listening = listen_at_path(), status;
    (void)state;

    assert_int_equal(chmod(path, 0660), 0);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(99);
        struct fl *fl = open_handle(0);
        _exit(geteuid() == 65534 ? -fl_raise(fl, "E4", NULL) : -FL_DENIED);
    }
    waitpid(child, &status, 0);
    assert_int_equal(WEXITSTATUS(status), -FL_DENIED);
    close(listening);
}

static void wrong_arguments_never_leave_the_process(void **state)
{
    char long_path[200] = "/", long_code[BOUND_CODE + 2] = "";
    struct fl_value frame[BOUND_FRAME_VALUES + 1] = {{"a", 1, NULL}};
    struct fl_fault fault = {.struct_size = sizeof fault};
    struct fl_options options = {.struct_size = sizeof options, .socket_path = path};
    struct fl *fl;
    (void)state;

    unlink(path); /* a packet that left would meet FL_NO_AGENT */
    memset(long_code, 'c', sizeof long_code - 1);
    memset(long_path, 'p', sizeof long_path - 1);
    fl = open_handle(0);
    assert_int_equal(fl_raise(fl, NULL, NULL), FL_INVALID);
    assert_int_equal(fl_raise(fl, "E 4", NULL), FL_INVALID);
    assert_int_equal(fl_raise(fl, long_code, NULL), FL_LIMIT);
    assert_string_equal(fl_detail(fl), "code: 33 bytes where at most 32 fit");
    fault.severity = 256; /* must not be cut to 0 */
    assert_int_equal(fl_raise(fl, "E4", &fault), FL_INVALID);
    fault = (struct fl_fault){.struct_size = sizeof fault, .ticket_class = (enum fl_class)9};
    assert_int_equal(fl_raise(fl, "E4", &fault), FL_INVALID);
    fault = (struct fl_fault){.struct_size = sizeof fault, .frame = frame, .frame_count = countof(frame)};
    assert_int_equal(fl_raise(fl, "E4", &fault), FL_LIMIT);
    fault = (struct fl_fault){.struct_size = sizeof fault, .frame_count = 1};
    assert_int_equal(fl_raise(fl, "E4", &fault), FL_INVALID);
    assert_int_equal(fl_measure(fl, "t", 1.0 / 0.0, NULL), FL_INVALID);
    assert_int_equal(fl_measure(fl, NULL, 1, NULL), FL_INVALID);
    fl_close(fl);

    options.socket_path = long_path;
    assert_int_equal(fl_open(&fl, &options), FL_LIMIT);
    assert_null(fl);
    options = (struct fl_options){.struct_size = sizeof options, .timeout_ms = 60001};
    assert_int_equal(fl_open(&fl, &options), FL_INVALID);
    fl_close(NULL);
}

static void structs_of_other_versions_are_told_apart(void **state)
{
    struct {
        struct fl_fault fault;
        uint64_t later;
    } newer = {.fault = {.struct_size = sizeof newer}};
    struct fl_fault without_size = {.ns = "app"};
    (void)state;

    unlink(path);
    struct fl *fl = open_handle(0);
    assert_int_equal(fl_raise(fl, "E4", &without_size), FL_INVALID);
    assert_int_equal(fl_raise(fl, "E4", &newer.fault), FL_NO_AGENT);
    newer.later = 1;
    assert_int_equal(fl_raise(fl, "E4", &newer.fault), FL_VERSION);
    fl_close(fl);
}

static void environment_names_the_socket(void **state)
{
    static const char *const script[] = {accepted, NULL};
    struct fl *fl;
    (void)state;

    start_agent(script);
    setenv("FAULTLINE_SOCKET", path, 1);
    assert_int_equal(fl_open(&fl, NULL), FL_OK);
    unsetenv("FAULTLINE_SOCKET");
    assert_int_equal(fl_raise(fl, "E4", NULL), FL_OK);
    fl_close(fl);
    join_agent();
}

static void every_result_has_a_sentence(void **state)
{
    (void)state;

    for (int result = FL_OK; result >= FL_HELD; result--)
        assert_string_not_equal(fl_strerror(result), fl_strerror(99));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raise_and_clear_say_what_the_application_said),
        cmocka_unit_test(each_refusal_has_its_result),
        cmocka_unit_test(what_is_no_answer_is_not_taken_for_one),
        cmocka_unit_test(silence_ends_at_the_timeout),
        cmocka_unit_test(late_answer_is_not_the_next_ones),
        cmocka_unit_test(agent_that_restarts_is_found_again),
        cmocka_unit_test(kept_connection_that_was_closed_is_asked_once_more),
        cmocka_unit_test(agent_that_hangs_up_on_a_new_connection_is_gone),
        cmocka_unit_test(absent_agent_is_told_at_once),
        cmocka_unit_test(permissions_keep_strangers_out),
        cmocka_unit_test(wrong_arguments_never_leave_the_process),
        cmocka_unit_test(structs_of_other_versions_are_told_apart),
        cmocka_unit_test(environment_names_the_socket),
        cmocka_unit_test(every_result_has_a_sentence),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
