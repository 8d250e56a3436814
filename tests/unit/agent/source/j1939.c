/* j1939: the source in an event loop: every kind of input, live and paced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "input_spec.h"
#include "j1939.h"
#include "log.h"

/* ---- a sink that counts, and an environment around it */

struct world {
    struct event_base *base;
    struct source_env env;
    struct source_sink sink;
    struct j1939_settings settings;
    void *source;
    unsigned lists, wanted;
    char bus[BOUND_BUS + 1];
    struct stamp first, last;
};

static int on_list(void *ctx, const struct fault_list *l, const struct stamp *when, struct fail *f)
{
    struct world *w = ctx;
    (void)f;

    if (w->lists++ == 0)
        w->first = *when;
    w->last = *when;
    snprintf(w->bus, sizeof w->bus, "%s", l->reporter.bus);
    if (w->lists == w->wanted)
        event_base_loopbreak(w->base);
    return 0;
}

static int on_moved(void *ctx, const struct reporter *r, bool lost, const struct stamp *when, struct fail *f)
{
    (void)ctx;
    (void)r;
    (void)lost;
    (void)when;
    (void)f;
    return 0;
}

static int open_world(void **state)
{
    static struct world w;

    log_set_level(LOG_LEVEL_ERROR);
    w = (struct world){.base = event_base_new()};
    w.sink = (struct source_sink){.ctx = &w, .list = on_list, .moved = on_moved};
    w.env = (struct source_env){.base = w.base, .clock = &clock_system, .boot = 7, .sink = &w.sink};
    snprintf(w.settings.name, sizeof w.settings.name, "engine");
    *state = &w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;

    source_j1939.close(w->source);
    event_base_free(w->base);
    return 0;
}

static void open_source(struct world *w, const char *input)
{
    struct fail f;

    snprintf(w->settings.input, sizeof w->settings.input, "%s", input);
    if (source_j1939.open(&w->settings, &w->env, &w->source, &f) != 0)
        fail_msg("%s", f.text);
}

static void refuse(struct world *w, const char *input, enum fail_code code)
{
    struct fail f;

    snprintf(w->settings.input, sizeof w->settings.input, "%s", input);
    assert_int_equal(source_j1939.open(&w->settings, &w->env, &w->source, &f), -1);
    assert_int_equal(f.code, code);
    assert_non_null(strstr(f.text, "j1939 engine: "));
}

/* Runs the loop until so many lists were heard; the deadline is a failure. */
static void wait_for(struct world *w, unsigned lists)
{
    const struct timeval deadline = {10, 0};

    w->wanted = lists;
    event_base_loopexit(w->base, &deadline);
    while (w->lists < lists && !event_base_got_exit(w->base))
        event_base_loop(w->base, EVLOOP_ONCE);
    assert_int_equal(w->lists, lists);
}

static char path[64], input[128];

static void write_text(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void recording_of(const char *text, const char *query)
{
    snprintf(path, sizeof path, "/tmp/faultline-j1939-XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    write_text(fd, text);
    close(fd);
    snprintf(input, sizeof input, "file:%s%s", path, query);
}

/* ---- recordings */

static const char tenth_apart[] = "(100.0) can0 18FECA03#00FFD007097FFFFF\n"
                                  "(100.1) can0 18FECA03#00FFD007097FFFFF\n"
                                  "broken\n"
                                  "(100.2) can0 18FECA03#00FFD007097FFFFF";

static void a_recording_runs_at_its_own_pace_with_the_time_of_now(void **state)
{
    struct world *w = *state;
    struct mono before = clock_system.mono(NULL);

    recording_of(tenth_apart, "");
    open_source(w, input);
    wait_for(w, 3);
    unlink(path);
    assert_in_range(w->last.mono.ms - w->first.mono.ms, 150, 5000);
    assert_true(w->first.mono.ms >= before.ms);
    assert_int_equal(w->last.boot, 7);
    assert_string_equal(w->bus, "can0");
}

static void speed_0_is_as_fast_as_possible_with_the_recordings_distances(void **state)
{
    struct world *w = *state;

    recording_of("(100.0) can0 18FECA03#00FFD007097FFFFF\n(4100.0) can0 18FECA03#00FFD007097FFFFF\n", "?speed=0");
    snprintf(w->settings.bus, sizeof w->settings.bus, "engine-bus");
    open_source(w, input);
    wait_for(w, 2);
    unlink(path);
    assert_int_equal(w->last.mono.ms - w->first.mono.ms, 4000000);
    assert_int_equal(w->last.wall.ms - w->first.wall.ms, 4000000);
    assert_string_equal(w->bus, "engine-bus");
}

static void the_end_of_a_recording_lets_the_loop_rest(void **state)
{
    struct world *w = *state;

    recording_of(tenth_apart, "?speed=0");
    open_source(w, input);
    assert_int_equal(event_base_dispatch(w->base), 1); /* nothing left to wait for */
    assert_int_equal(w->lists, 3);
    unlink(path);
}

/* ---- live */

static void a_pipe_is_live(void **state)
{
    struct world *w = *state;
    int ends[2], kept = dup(STDIN_FILENO);

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    open_source(w, "stdin");
    write_text(ends[1], "(1.0) can0 18FECA03#00FFD007");
    event_base_loop(w->base, EVLOOP_NONBLOCK);
    assert_int_equal(w->lists, 0);
    write_text(ends[1], "097FFFFF\ncan0 18FECA03#00FFD007097FFFFF");
    close(ends[1]);
    wait_for(w, 2); /* the second line had no end */
    assert_in_range(w->last.mono.ms - w->first.mono.ms, 0, 5000);
    dup2(kept, STDIN_FILENO);
    close(kept);
    close(ends[0]);
}

static int listener(uint16_t *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static void feed(struct world *w, int listening, unsigned lists)
{
    int peer;

    /* The connection is made by the kernel; the loop only has to notice. */
    event_base_loop(w->base, EVLOOP_ONCE);
    peer = accept(listening, NULL, NULL);
    assert_true(peer >= 0);
    write_text(peer, "can0 18FECA03#00FFD007097FFFFF\ncan0 18FECA");
    wait_for(w, lists);
    close(peer);
}

static void a_feed_that_ends_is_connected_again(void **state)
{
    struct world *w = *state;
    uint16_t port;
    int listening = listener(&port);

    snprintf(input, sizeof input, "tcp:127.0.0.1:%u", port);
    open_source(w, input);
    feed(w, listening, 1);
    /* The loop notices the end, waits a second and connects. */
    assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
    assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
    feed(w, listening, 2);
    close(listening);
}

static void a_feed_that_is_away_is_no_failure(void **state)
{
    struct world *w = *state;
    uint16_t port;

    close(listener(&port));
    snprintf(input, sizeof input, "tcp:127.0.0.1:%u", port);
    open_source(w, input);
    event_base_loop(w->base, EVLOOP_NONBLOCK);
    assert_int_equal(w->lists, 0);
}

/* ---- refusals */

static void wrong_inputs_are_refused_with_what_is_allowed(void **state)
{
    static const char *const wrong[] = {"", "file", "file:", "file:?speed=0", "file:/x?speed=2", "file:/x?loop",
        "stdin:", "tcp:", "tcp:127.0.0.1", "tcp:127.0.0.1:", "tcp:127.0.0.1:0", "tcp:127.0.0.1:65536",
        "tcp:127.0.0.1:1x", "tcp:192.168.1.1:9", "tcp:localhost:9", "tcp:[::2]:9", "tcp:0.0.0.0:9",
        "can:", "can:a-name-that-is-too-long", "udp:127.0.0.1:9"};
    struct input_spec spec;
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct fail f = {.code = FAIL_NONE};

        if (input_spec_parse(wrong[i], &spec, &f) == 0)
            fail_msg("\"%s\" is taken", wrong[i]);
        assert_int_equal(f.code, FAIL_SETTINGS);
    }
}

static void right_inputs_are_taken_apart(void **state)
{
    struct input_spec s;
    struct fail f;
    (void)state;

    assert_int_equal(input_spec_parse("file:/var/what?ever?speed=0", &s, &f), 0);
    assert_string_equal(s.path, "/var/what?ever");
    assert_true(s.kind == INPUT_FILE && s.fast);
    assert_int_equal(input_spec_parse("file:x?speed=1", &s, &f), 0);
    assert_false(s.fast);
    assert_int_equal(input_spec_parse("tcp:[::1]:29536", &s, &f), 0);
    assert_true(s.kind == INPUT_TCP && s.address.ss_family == AF_INET6);
    assert_int_equal(input_spec_parse("tcp:127.9.8.7:1", &s, &f), 0);
    assert_int_equal(input_spec_parse("can:can0", &s, &f), 0);
    assert_string_equal(s.interface, "can0");
    assert_int_equal(input_spec_parse("stdin", &s, &f), 0);
    assert_int_equal(s.kind, INPUT_STDIN);
}

static void what_cannot_be_opened_says_why(void **state)
{
    struct world *w = *state;

    refuse(w, "bus:can0", FAIL_SETTINGS);
    refuse(w, "file:/no/such/file", FAIL_NOT_FOUND);
    refuse(w, "file:/tmp", FAIL_SETTINGS);
}

/* The bus itself: refused where the kernel has none, else waited for until its interface is there. */
static void a_bus_without_interface_is_waited_for_or_refused(void **state)
{
    struct world *w = *state;
    int fd = socket(PF_CAN, SOCK_RAW, 1);

    if (fd < 0) {
        refuse(w, "can:nocan7", FAIL_NOT_FOUND);
        return;
    }
    close(fd);
    open_source(w, "can:nocan7");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        TEST(a_recording_runs_at_its_own_pace_with_the_time_of_now),
        TEST(speed_0_is_as_fast_as_possible_with_the_recordings_distances),
        TEST(the_end_of_a_recording_lets_the_loop_rest),
        TEST(a_pipe_is_live),
        TEST(a_feed_that_ends_is_connected_again),
        TEST(a_feed_that_is_away_is_no_failure),
        TEST(wrong_inputs_are_refused_with_what_is_allowed),
        TEST(right_inputs_are_taken_apart),
        TEST(what_cannot_be_opened_says_why),
        TEST(a_bus_without_interface_is_waited_for_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
