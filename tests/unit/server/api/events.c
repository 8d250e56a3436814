/* events: replay, live, gaps, several clients at different places, leaving, slow and revoked ones. */
#include "served.h"

static char heard[1 << 20];

static int listen_with(const char *headers)
{
    char request[512];
    int fd = dial();

    heard[0] = '\0';
    snprintf(request, sizeof request, "GET /api/v1/events HTTP/1.1\r\nHost: x\r\n" BEARER "%s\r\n", headers);
    say(fd, request);
    return fd;
}

static void add_events(int count)
{
    begin();
    for (int i = 0; i < count; i++)
        seed_event("ticket", "{\"ticket\":\"FL-5B-000001\",\"state\":\"triaged\"}");
    commit();
    api_events_changed(served.api);
}

/* A client that starts from the newest has its place only when the server has looked: until then an event may count as
 * an old one. It is there when the next event comes. */
static int listen_live(void)
{
    int fd = listen_with("");

    hear(fd, heard, sizeof heard, ": hello");
    for (int tries = 0; !strstr(heard, "\nid: "); tries++) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};

        assert_true(tries < 100);
        add_events(1);
        if (poll(&wait, 1, 100) == 1) {
            size_t n = strlen(heard);
            ssize_t got = recv(fd, heard + n, sizeof heard - n - 1, 0);

            assert_true(got > 0);
            heard[n + (size_t)got] = '\0';
        }
    }
    return fd;
}

static void await_id(int fd, int64_t id)
{
    char text[48];

    snprintf(text, sizeof text, "\nid: %lld\n", (long long)id);
    hear(fd, heard, sizeof heard, text);
}

static int ids_heard(void)
{
    int n = 0;

    for (const char *at = heard; (at = strstr(at, "\nid: ")); at++)
        n++;
    return n;
}

/* Every id from first to last once, in order. */
static void assert_ids(int64_t first, int64_t last)
{
    const char *at = heard;

    for (int64_t id = first; id <= last; id++) {
        at = strstr(at, "\nid: ");
        if (!at || strtoll(at + 5, NULL, 10) != id)
            fail_msg("no event %lld in its place: %.300s", (long long)id, at ? at : "(end)");
        at++;
    }
    assert_int_equal(ids_heard(), last - first + 1);
}

static void a_client_gets_what_stands_behind_its_last_id_and_then_the_new(void **state)
{
    (void)state;
    serve((struct api_settings[]){usual_settings()});
    add_events(5);
    int fd = listen_with("Last-Event-ID: 2\r\n");
    await_id(fd, 5);
    assert_non_null(strstr(heard, "Content-Type: text/event-stream\r\n"));
    assert_non_null(strstr(heard, "X-Accel-Buffering: no\r\n"));
    assert_non_null(strstr(heard, "Cache-Control: no-store\r\n"));
    assert_ids(3, 5);
    assert_non_null(strstr(heard,
        "event: ticket\ndata: {\"id\":\"3\",\"at\":\"2026-01-01T00:00:00.000Z\",\"kind\":\"ticket\",\"shard\":\"07\","
        "\"data\":{\"ticket\":\"FL-5B-000001\",\"state\":\"triaged\"}}\n\n"));
    for (int i = 6; i < 10; i++) {
        add_events(1);
        await_id(fd, i);
    }
    assert_ids(3, 9);
    close(fd);
}

static void without_an_id_only_the_new_come(void **state)
{
    (void)state;
    serve((struct api_settings[]){usual_settings()});
    add_events(5);
    int fd = listen_live();
    assert_null(strstr(heard, "\nid: 5\n"));
    close(fd);
}

static void a_long_replay_has_no_hole_while_new_events_come(void **state)
{
    (void)state;
    serve((struct api_settings[]){usual_settings()});
    add_events(950);
    int fd = listen_with("Last-Event-ID: 0\r\n");
    for (int i = 0; i < 20; i++)
        add_events(5);
    await_id(fd, 1050);
    assert_ids(1, 1050);
    close(fd);
}

/* The last event of each burst comes while the one before is being read, and nothing follows that would wake again. */
static void an_event_that_comes_during_a_read_is_not_forgotten(void **state)
{
    (void)state;
    serve((struct api_settings[]){usual_settings()});
    int fd = listen_with("Last-Event-ID: 0\r\n");
    for (int i = 0; i < 150; i++) {
        for (int k = 0; k < 4; k++)
            add_events(1);
        heard[0] = '\0';
        await_id(fd, served.event_id);
    }
    close(fd);
}

static void clients_at_different_places_each_get_their_own(void **state)
{
    int fds[8];
    (void)state;

    serve((struct api_settings[]){usual_settings()});
    add_events(700);
    for (int i = 0; i < 8; i++) {
        char header[64];

        snprintf(header, sizeof header, "Last-Event-ID: %d\r\n", i * 100);
        fds[i] = listen_with(header);
    }
    add_events(3);
    for (int i = 0; i < 8; i++) {
        heard[0] = '\0';
        await_id(fds[i], 703);
        assert_ids(i * 100 + 1, 703);
        close(fds[i]);
    }
}

static void events_that_are_no_longer_kept_are_told_as_a_gap(void **state)
{
    struct fail f;
    (void)state;

    serve((struct api_settings[]){usual_settings()});
    add_events(9);
    begin();
    must_succeed(store_drop_events(served.writer, 6, &f), &f);
    commit();
    int fd = listen_with("Last-Event-ID: 3\r\n");
    await_id(fd, 9);
    assert_non_null(strstr(heard, "event: gap\ndata: {\"after\":\"3\"}\n\n"));
    assert_ids(6, 9);
    close(fd);
    fd = listen_with("Last-Event-ID: 5\r\n");
    await_id(fd, 9);
    assert_null(strstr(heard, "event: gap"));
    close(fd);
}

static void silent_streams_are_pinged(void **state)
{
    struct api_settings s = usual_settings();
    (void)state;

    s.event_ping_ms = 50;
    s.idle_timeout_ms = 100; /* is for silence between requests, not for streams */
    s.request_timeout_ms = 100;
    serve(&s);
    int fd = listen_with("");
    for (int i = 0; i < 5; i++) {
        char *behind;

        hear(fd, heard, sizeof heard, ": ping\n\n");
        behind = strstr(heard, ": ping\n\n") + 8;
        memmove(heard, behind, strlen(behind) + 1);
    }
    close(fd);
}

static double metric(const char *name)
{
    static struct reply r;
    char line[96];

    get(&r, "/metrics");
    assert_int_equal(r.status, 200);
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(r.body, line);
    assert_non_null(at);
    forget(&r);
    return atof(at + strlen(line));
}

static void await_metric(const char *name, double value)
{
    struct mono start = clock_system.mono(NULL);

    while (metric(name) != value)
        if (clock_system.mono(NULL).ms - start.ms > DEADLINE_MS)
            fail_msg("%s is %g, not %g", name, metric(name), value);
}

static void a_client_that_leaves_is_noticed(void **state)
{
    (void)state;
    serve((struct api_settings[]){usual_settings()});
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = listen_with("");
        hear(fds[i], heard, sizeof heard, ": hello");
    }
    await_metric("faultline_http_streams", 3);
    close(fds[0]);
    await_metric("faultline_http_streams", 2);
    shutdown(fds[1], SHUT_WR);
    await_metric("faultline_http_streams", 1);
    close(fds[1]);
    close(fds[2]);
    await_metric("faultline_http_streams", 0);
}

static void add_large_events(int count)
{
    static char json[4000];

    memset(json, 'a', sizeof json);
    memcpy(json, "{\"a\":\"", 6);
    strcpy(json + sizeof json - 3, "\"}");
    begin();
    for (int i = 0; i < count; i++)
        seed_event("ticket", json);
    commit();
    api_events_changed(served.api);
}

static void a_client_that_does_not_read_is_dropped_and_others_are_not(void **state)
{
    struct api_settings s = usual_settings();
    (void)state;

    s.request_timeout_ms = 500;
    s.event_ping_ms = 50;
    serve(&s);
    int slow = listen_with("Last-Event-ID: 0\r\n"), quick = listen_with("Last-Event-ID: 0\r\n");
    /* More than the kernel keeps for a socket; what is not taken is not read from the table either. */
    for (int i = 0; i < 40; i++) {
        add_large_events(100);
        heard[0] = '\0';
        await_id(quick, served.event_id);
    }
    await_metric("faultline_http_cut_streams_total", 1);
    await_metric("faultline_http_streams", 1);
    heard[0] = '\0';
    add_large_events(1);
    await_id(quick, served.event_id);
    close(quick);
    close(slow);
}

static void a_slow_client_lags_and_loses_nothing(void **state)
{
    char *end;
    int64_t expected = 1;
    (void)state;

    serve((struct api_settings[]){usual_settings()});
    int fd = listen_with("Last-Event-ID: 0\r\n");
    for (int i = 0; i < 20; i++)
        add_large_events(100);
    for (; expected <= 2000; expected++) {
        char text[32];

        snprintf(text, sizeof text, "\nid: %lld\n", (long long)expected);
        hear(fd, heard, sizeof heard, text);
        assert_ptr_equal(strstr(heard, "\nid: "), strstr(heard, text));
        end = strstr(heard, text) + strlen(text);
        memmove(heard, end, strlen(end) + 1);
    }
    close(fd);
}

static void streams_end_when_the_tokens_change(void **state)
{
    char line[160];
    (void)state;

    serve((struct api_settings[]){usual_settings()});
    int fd = listen_with("");
    hear(fd, heard, sizeof heard, ": hello");
    write_file(served.tokens, token_line("other", "reader", "fl_other", line), 0600);
    api_reload(served.api);
    hear(fd, heard, sizeof heard, NULL);
    close(fd);
}

static void streams_leave_room_for_requests(void **state)
{
    struct api_settings s = usual_settings();
    static struct reply r;
    int fds[4];
    (void)state;

    s.max_connections = 8;
    serve(&s);
    for (int i = 0; i < 4; i++) {
        fds[i] = listen_with("");
        hear(fds[i], heard, sizeof heard, ": hello");
    }
    get(&r, "/api/v1/events");
    assert_int_equal(r.status, 503);
    forget(&r);
    get(&r, "/api/v1/tickets");
    assert_int_equal(r.status, 200);
    forget(&r);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

static void stopping_ends_streams(void **state)
{
    (void)state;
    serve((struct api_settings[]){usual_settings()});
    int fd = listen_with("");
    hear(fd, heard, sizeof heard, ": hello");
    add_events(3);
    api_stop(take_ptr(served.api));
    hear(fd, heard, sizeof heard, NULL);
    close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_client_gets_what_stands_behind_its_last_id_and_then_the_new),
        CASE(without_an_id_only_the_new_come),
        CASE(a_long_replay_has_no_hole_while_new_events_come),
        CASE(an_event_that_comes_during_a_read_is_not_forgotten),
        CASE(clients_at_different_places_each_get_their_own),
        CASE(events_that_are_no_longer_kept_are_told_as_a_gap),
        CASE(silent_streams_are_pinged),
        CASE(a_client_that_leaves_is_noticed),
        CASE(a_client_that_does_not_read_is_dropped_and_others_are_not),
        CASE(a_slow_client_lags_and_loses_nothing),
        CASE(streams_end_when_the_tokens_change),
        CASE(streams_leave_room_for_requests),
        CASE(stopping_ends_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
