/* app: what applications are answered, and when; nobody starves anybody; nothing on the socket harms the agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app.h"
#include "appwire.h"
#include "faultline.h"
#include "log.h"
#include "sink.h"

static char folder[64];
static struct app_settings settings;
static struct event_base *base;
static struct sink sink;
static struct source_env env;
static void *app;

static int opened(struct fail *f)
{
    return source_app.open(&settings, &env, &app, f);
}

static int set_up(void **state)
{
    (void)state;

    settings = (struct app_settings){.mode = 1, .max_connections = 8, .rate = 50, .burst = 1000};
    snprintf(settings.path, sizeof settings.path, "%s/run/agent.sock", folder);
    base = event_base_new();
    sink_init(&sink);
    env = (struct source_env){.base = base, .clock = &test_clock, .boot = 99, .sink = &sink.table};
    app = NULL;
    alarm(60);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;

    source_app.close(app);
    event_base_free(base);
    return 0;
}

static void open_app(void)
{
    struct fail f;

    if (opened(&f) != 0)
        fail_msg("%s", f.text);
}

/* Lets the agent do all there is to do. */
static void run(void)
{
    for (int i = 0; i < 4; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

static int connected(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

    memcpy(address.sun_path, settings.path, strlen(settings.path) + 1);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    run();
    return fd;
}

static void say(int fd, const char *packet)
{
    assert_int_equal(send(fd, packet, strlen(packet), MSG_NOSIGNAL), strlen(packet));
}

/* The answer that has come on fd; false: none. */
static bool hear(int fd, struct appwire_answer *ret)
{
    static char packet[APPWIRE_ANSWER_BYTES];
    ssize_t n = recv(fd, packet, sizeof packet, MSG_DONTWAIT);
    struct fail f;

    if (n <= 0)
        return false;
    assert_int_equal(appwire_answer_decode(packet, (size_t)n, ret, &f), 0);
    return true;
}

static struct appwire_answer ask(int fd, const char *packet)
{
    struct appwire_answer answer;

    say(fd, packet);
    run();
    assert_true(hear(fd, &answer));
    return answer;
}

#define RAISE "faultline 1 raise\ncode=E4\n"
#define CLEAR "faultline 1 clear\ncode=E4\n"
#define MEASURE "faultline 1 measure\nname=supply\nvalue=21.5\nunit=degC\n"

static void request_becomes_an_observation(void **state)
{
    (void)state;

    open_app();
    autoclose int fd = connected();
    struct appwire_answer answer =
        ask(fd, "faultline 1 raise\nns=hvac:acme:split\ncode=E4\nmode=3\ncomponent=compressor\n"
                "subject=fan\nseverity=2\nclass=urgent\nframe=rpm 1850 rpm\nframe=t 118.5 degC\n");
    assert_int_equal(answer.reason, APPWIRE_NONE);
    assert_int_equal(answer.number, 1);
    assert_string_equal(sink.ns, "hvac:acme:split");
    assert_string_equal(sink.code, "E4");
    assert_string_equal(sink.component, "compressor");
    assert_string_equal(sink.subject, "fan");
    assert_string_equal(sink.frame_name, "t");
    assert_string_equal(sink.frame_unit, "degC");
    assert_true(sink.frame_value == 118.5);
    assert_int_equal(sink.last.evidence.frame_count, 2);
    assert_int_equal(sink.last.sighting.mode, 3);
    assert_int_equal(sink.last.sighting.severity, 2);
    assert_int_equal(sink.last.sighting.class_hint, CLASS_URGENT);
    assert_int_equal(sink.last.sighting.source_occurrences, OCCURRENCES_NONE);
    assert_int_equal(sink.last.evidence.lamps, LAMPS_NONE);
    assert_int_equal(sink.last.owner, getuid() + 1);
    assert_int_equal(sink.last.reporter.kind, REPORTER_LOGICAL);
    assert_true(sink.last.failing && sink.last.settled);
    assert_true(sink.when.boot == 99 && sink.when.mono.ms == test_ms && sink.when.quality == CLOCK_SYNCED);
    ask(fd, CLEAR);
    assert_false(sink.last.failing);
    assert_string_equal(sink.ns, "app");
}

static void debounce_leaves_it_to_the_policy(void **state)
{
    (void)state;

    settings.debounce = true;
    open_app();
    autoclose int fd = connected();
    ask(fd, RAISE);
    assert_false(sink.last.settled);
}

static void measure_goes_to_the_health_record(void **state)
{
    (void)state;

    open_app();
    autoclose int fd = connected();
    assert_int_equal(ask(fd, MEASURE).reason, APPWIRE_NONE);
    assert_string_equal(sink.sample_name, "supply");
    assert_true(sink.sample == 21.5);
    assert_int_equal(sink.observed, 0);
}

static int waiting_fd;

static void nothing_was_answered_yet(void)
{
    char packet[64];

    assert_int_equal(recv(waiting_fd, packet, sizeof packet, MSG_DONTWAIT | MSG_PEEK), -1);
    assert_int_equal(errno, EAGAIN);
}

static void answer_comes_after_the_sync(void **state)
{
    (void)state;

    open_app();
    autoclose int fd = connected();
    waiting_fd = fd;
    sink.at_release = nothing_was_answered_yet;
    assert_int_equal(ask(fd, RAISE).reason, APPWIRE_NONE);
    assert_int_equal(sink.releases, 1);
}

static void failed_sync_promises_nothing_of_the_batch(void **state)
{
    struct appwire_answer answer;
    int fd[3];
    (void)state;

    open_app();
    for (size_t i = 0; i < 3; i++)
        fd[i] = connected();
    fail_set(&sink.fail_release, FAIL_IO, "sync: input/output error");
    say(fd[0], RAISE);
    say(fd[1], CLEAR);
    say(fd[2], MEASURE);
    run();
    for (size_t i = 0; i < 3; i++) {
        assert_true(hear(fd[i], &answer));
        assert_int_equal(answer.reason, i < 2 ? APPWIRE_DISK : APPWIRE_NONE);
        close(fd[i]);
    }
    assert_int_equal(sink.releases, 1);
}

static void refusals_of_the_sink_are_passed_on(void **state)
{
    static const struct {
        enum fail_code code;
        int sys;
        enum appwire_reason reason;
    } cases[] = {{FAIL_FULL, 0, APPWIRE_FULL}, {FAIL_FULL, ENOSPC, APPWIRE_DISK}, {FAIL_IO, EIO, APPWIRE_DISK},
        {FAIL_INPUT, 0, APPWIRE_MALFORMED}, {FAIL_LIMIT, 0, APPWIRE_LIMIT}, {FAIL_CORRUPT, 0, APPWIRE_DISK},
        {FAIL_HELD, 0, APPWIRE_HELD}};
    (void)state;

    open_app();
    autoclose int fd = connected();
    for (size_t i = 0; i < countof(cases); i++) {
        fail_set(&sink.refuse, cases[i].code, "why %zu", i);
        sink.refuse.sys = cases[i].sys;
        struct appwire_answer answer = ask(fd, RAISE);
        assert_int_equal(answer.reason, cases[i].reason);
        assert_string_equal(answer.text, sink.refuse.text);
        assert_int_equal(answer.retry_after_ms > 0, answer.reason == APPWIRE_FULL || answer.reason == APPWIRE_HELD);
    }
}

static void storm_shares_syncs(void **state)
{
    struct appwire_answer answer;
    int fd[8];
    unsigned answers = 0;
    (void)state;

    open_app();
    for (size_t i = 0; i < 8; i++)
        fd[i] = connected();
    for (size_t i = 0; i < 64; i++)
        say(fd[i % 8], RAISE);
    run();
    for (size_t i = 0; i < 8; i++) {
        while (hear(fd[i], &answer))
            answers += answer.reason == APPWIRE_NONE;
        close(fd[i]);
    }
    assert_int_equal(answers, 64);
    assert_int_equal(sink.releases, 2);
}

static void each_connection_has_its_turn(void **state)
{
    struct appwire_answer answer;
    (void)state;

    open_app();
    autoclose int loud = connected();
    autoclose int quiet = connected();
    for (size_t i = 0; i < 100; i++)
        say(loud, RAISE);
    say(quiet, RAISE);
    event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
    assert_int_equal(sink.releases, 1);
    assert_true(hear(quiet, &answer));
    assert_true(answer.number <= 2);
}

static void rate_of_a_connection_is_limited(void **state)
{
    (void)state;

    settings.rate = 10;
    settings.burst = 3;
    open_app();
    autoclose int fd = connected();
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(ask(fd, RAISE).reason, APPWIRE_NONE);
    struct appwire_answer answer = ask(fd, RAISE);
    assert_int_equal(answer.reason, APPWIRE_RATE);
    assert_int_equal(answer.retry_after_ms, 100);
    assert_int_equal(sink.observed, 3);
    test_ms += 99;
    assert_int_equal(ask(fd, RAISE).reason, APPWIRE_RATE);
    test_ms += 1;
    assert_int_equal(ask(fd, RAISE).reason, APPWIRE_NONE);
    autoclose int other = connected();
    assert_int_equal(ask(other, RAISE).reason, APPWIRE_NONE);
}

/* A shell loop around faultline-report is a new connection for each request. */
static void rate_of_a_user_is_limited_over_all_connections(void **state)
{
    unsigned accepted = 0;
    (void)state;

    settings.rate = 1;
    settings.burst = 2;
    open_app();
    for (size_t i = 0; i < 20; i++) {
        autoclose int fd = connected();
        accepted += ask(fd, RAISE).reason == APPWIRE_NONE;
    }
    assert_int_equal(accepted, 2 * PEERS_USER_SHARE);
}

static void hostile_packets_are_answered(void **state)
{
    static const char *const hostile[] = {"x", "\n", "faultline 2 raise\ncode=E4\n", "faultline 1 raise\ncode=%00\n",
        "faultline 1 raise\ncode=E4\nframe=a nan\n", "GET / HTTP/1.1\r\n\r\n", "faultline 1 stop\n"};
    static char huge[64 * 1024];
    (void)state;

    open_app();
    autoclose int fd = connected();
    for (size_t i = 0; i < countof(hostile); i++)
        assert_int_not_equal(ask(fd, hostile[i]).reason, APPWIRE_NONE);
    memset(huge, '\n', sizeof huge);
    assert_int_equal(send(fd, huge, sizeof huge, 0), sizeof huge);
    run();
    struct appwire_answer answer;
    assert_true(hear(fd, &answer));
    assert_int_equal(answer.reason, APPWIRE_LIMIT);
    assert_int_equal(answer.limit, APPWIRE_BYTES);
    assert_int_equal(answer.value, sizeof huge);
    assert_int_equal(sink.observed, 0);
    assert_int_equal(ask(fd, RAISE).reason, APPWIRE_NONE);
}

/* How many this process, and so the source, holds open. */
static unsigned descriptors(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

static void peer_that_hangs_up_is_served_and_forgotten(void **state)
{
    (void)state;

    open_app();
    unsigned before = descriptors();
    int fd = connected();
    for (size_t i = 0; i < 3; i++)
        say(fd, RAISE);
    close(fd);
    run();
    assert_int_equal(sink.observed, 3);
    assert_int_equal(descriptors(), before);
}

static void peer_that_has_said_all_it_wants_is_answered(void **state)
{
    struct appwire_answer answer;
    (void)state;

    open_app();
    autoclose int fd = connected();
    say(fd, RAISE);
    shutdown(fd, SHUT_WR);
    run();
    assert_true(hear(fd, &answer));
    assert_int_equal(answer.reason, APPWIRE_NONE);
}

static void peer_that_does_not_read_its_answers_is_dropped(void **state)
{
    unsigned sent = 0;
    bool dropped;
    (void)state;

    settings.burst = 1000000;
    open_app();
    autoclose int fd = connected();
    do {
        while (send(fd, RAISE, sizeof RAISE - 1, MSG_NOSIGNAL) > 0)
            sent++;
        dropped = errno != EAGAIN;
        run();
    } while (!dropped && sent < 1000000);
    assert_true(dropped);
    autoclose int other = connected();
    assert_int_equal(ask(other, RAISE).reason, APPWIRE_NONE);
}

static void one_connection_too_many_displaces_the_quietest(void **state)
{
    int fd[4];
    char packet[64];
    (void)state;

    settings.max_connections = 3;
    open_app();
    for (size_t i = 0; i < 3; i++) {
        test_ms++;
        fd[i] = connected();
    }
    test_ms++;
    ask(fd[0], RAISE);
    test_ms++;
    fd[3] = connected();
    assert_int_equal(recv(fd[1], packet, sizeof packet, MSG_DONTWAIT), 0); /* the quietest */
    ask(fd[0], RAISE);
    ask(fd[2], RAISE);
    ask(fd[3], RAISE);
    for (size_t i = 0; i < 4; i++)
        close(fd[i]);
}

static void socket_has_its_mode_and_goes_with_the_agent(void **state)
{
    struct stat st;
    (void)state;

    open_app();
    assert_int_equal(stat(settings.path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0660);
    source_app.close(app);
    app = NULL;
    assert_int_equal(stat(settings.path, &st), -1);
}

static void folder_that_it_makes_lets_applications_through(void **state)
{
    char run_folder[80];
    struct stat st;
    (void)state;

    snprintf(run_folder, sizeof run_folder, "%s/run", folder);
    rmdir(run_folder);
    mode_t was = umask(0077);
    open_app();
    umask(was);
    assert_int_equal(stat(run_folder, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
}

static void socket_belongs_to_the_group_that_is_set(void **state)
{
    struct stat st;
    struct fail f;
    (void)state;

    strcpy(settings.group, "nosuchgroup");
    assert_int_equal(opened(&f), -1);
    assert_int_equal(f.code, FAIL_SETTINGS);
    assert_int_equal(stat(settings.path, &st), -1);
    if (geteuid() != 0)
        skip();
    strcpy(settings.group, "daemon");
    open_app();
    assert_int_equal(stat(settings.path, &st), 0);
    assert_int_equal(st.st_gid, 1);
}

static void socket_of_a_dead_agent_is_replaced(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)state;

    open_app(); /* makes the folder */
    source_app.close(app);
    memcpy(address.sun_path, settings.path, strlen(settings.path) + 1);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    open_app();
    autoclose int client = connected();
    assert_int_equal(ask(client, RAISE).reason, APPWIRE_NONE);
}

static void socket_of_a_living_agent_is_left_alone(void **state)
{
    void *first;
    struct fail f;
    (void)state;

    open_app();
    first = app;
    assert_int_equal(opened(&f), -1);
    assert_int_equal(f.code, FAIL_CONFLICT);
    app = first;
    autoclose int client = connected();
    assert_int_equal(ask(client, RAISE).reason, APPWIRE_NONE);
}

static void file_that_is_no_socket_is_left_alone(void **state)
{
    struct stat st;
    struct fail f;
    (void)state;

    open_app();
    source_app.close(app);
    app = NULL;
    fclose(fopen(settings.path, "w"));
    assert_int_equal(opened(&f), -1);
    assert_int_equal(f.code, FAIL_CONFLICT);
    assert_int_equal(stat(settings.path, &st), 0);
    unlink(settings.path);
}

static void socket_of_another_kind_is_left_alone(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat st;
    struct fail f;
    (void)state;

    open_app(); /* makes the folder */
    source_app.close(app);
    app = NULL;
    memcpy(address.sun_path, settings.path, strlen(settings.path) + 1);
    autoclose int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(opened(&f), -1);
    assert_int_equal(f.code, FAIL_CONFLICT);
    assert_int_equal(stat(settings.path, &st), 0);
    unlink(settings.path);
}

/* ------------------------------------------------------------------ with the library, in its own thread */

static struct {
    int results[8];
    uint64_t number;
    evutil_socket_t done[2];
} client;

static void *client_main(void *arg)
{
    struct fl_options options = {.struct_size = sizeof options, .socket_path = settings.path, .timeout_ms = 10000};
    struct fl_fault fault = {.struct_size = sizeof fault, .component = "compressor"};
    struct fl *fl;
    (void)arg;

    client.results[0] = fl_open(&fl, &options);
    client.results[1] = fl_raise(fl, "E4", &fault);
    client.number = fl_number(fl);
    client.results[2] = fl_clear(fl, "E4", &fault);
    client.results[3] = fl_measure(fl, "supply", 21.5, "degC");
    close(client.done[1]);
    fl_close(fl);
    return NULL;
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(arg);
}

static void library_and_agent_understand_each_other(void **state)
{
    pthread_t thread;
    int done[2];
    (void)state;

    open_app();
    assert_int_equal(pipe(done), 0);
    client.done[1] = done[1];
    struct event *ended = event_new(base, done[0], EV_READ, on_done, base);
    event_add(ended, NULL);
    pthread_create(&thread, NULL, client_main, NULL);
    event_base_dispatch(base);
    pthread_join(thread, NULL);
    event_free(ended);
    close(done[0]);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(client.results[i], FL_OK);
    assert_int_equal(client.number, 1);
    assert_int_equal(sink.observed, 2);
    assert_string_equal(sink.component, "compressor");
    assert_int_equal(sink.measured, 1);
}

static int make_folder(void **state)
{
    (void)state;

    log_set_level(LOG_LEVEL_ERROR);
    strcpy(folder, "/tmp/faultline-app-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char run_folder[80];
    (void)state;

    snprintf(run_folder, sizeof run_folder, "%s/run", folder);
    return rmdir(run_folder) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(request_becomes_an_observation),
        TEST(debounce_leaves_it_to_the_policy),
        TEST(measure_goes_to_the_health_record),
        TEST(answer_comes_after_the_sync),
        TEST(failed_sync_promises_nothing_of_the_batch),
        TEST(refusals_of_the_sink_are_passed_on),
        TEST(storm_shares_syncs),
        TEST(each_connection_has_its_turn),
        TEST(rate_of_a_connection_is_limited),
        TEST(rate_of_a_user_is_limited_over_all_connections),
        TEST(hostile_packets_are_answered),
        TEST(peer_that_hangs_up_is_served_and_forgotten),
        TEST(peer_that_has_said_all_it_wants_is_answered),
        TEST(peer_that_does_not_read_its_answers_is_dropped),
        TEST(one_connection_too_many_displaces_the_quietest),
        TEST(socket_has_its_mode_and_goes_with_the_agent),
        TEST(folder_that_it_makes_lets_applications_through),
        TEST(socket_belongs_to_the_group_that_is_set),
        TEST(socket_of_a_dead_agent_is_replaced),
        TEST(socket_of_a_living_agent_is_left_alone),
        TEST(file_that_is_no_socket_is_left_alone),
        TEST(socket_of_another_kind_is_left_alone),
        TEST(library_and_agent_understand_each_other),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
