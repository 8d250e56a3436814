/* http: the listener: smuggling forms, deadlines, caps, keep-alive, half-closed and leaving clients, TLS. */
#include "served.h"

#include <openssl/ssl.h>

#define GET "GET /livez HTTP/1.1\r\n"
#define HOST "Host: x\r\n"
#define POST "POST /livez HTTP/1.1\r\n" HOST
#define SECOND GET HOST "\r\n"

static size_t count(const char *text, const char *of)
{
    size_t n = 0;

    for (; (text = strstr(text, of)); text++)
        n++;
    return n;
}

/* Each is followed by a well-formed request that must not be answered. */
static void smuggling_forms_get_one_refusal_and_a_close(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t n;
        int status;
    } forms[] = {
        {"no Host", GET "\r\n" SECOND, 0, 400},
        {"two Hosts", GET HOST "Host: y\r\n\r\n" SECOND, 0, 400},
        {"two lengths", POST "Content-Length: 0\r\nContent-Length: 40\r\n\r\n" SECOND, 0, 400},
        {"length and encoding", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECOND, 0, 400},
        {"xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" SECOND, 0, 400},
        {"chunked", POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECOND, 0, 411},
        {"blank before the colon", POST "Content-Length : 40\r\n\r\n" SECOND, 0, 400},
        {"bare line feeds", "GET /livez HTTP/1.1\nHost: x\n\n" SECOND, 0, 400},
        {"NUL", GET "Host: x\0\r\n\r\n" SECOND, sizeof GET - 1 + 8 + 4 + sizeof SECOND - 1, 400},
        {"folded header", GET HOST "X: a\r\n b\r\n\r\n" SECOND, 0, 400},
        {"body with GET", GET HOST "Content-Length: 40\r\n\r\n" SECOND, 0, 400},
        {"body above the cap", POST "Content-Length: 1025\r\n\r\n" SECOND, 0, 413},
        {"Expect", POST "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n" SECOND, 0, 417},
    };
    char answer[4096];
    (void)state;

    serve((struct api_settings[]){usual_settings()});
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        int status = ask_bytes(forms[i].bytes, forms[i].n ? forms[i].n : strlen(forms[i].bytes), answer, sizeof answer);

        if (status != forms[i].status || count(answer, "HTTP/1.1 ") != 1 || !strstr(answer, "Connection: close\r\n") ||
            !strstr(answer, "application/problem+json"))
            fail_msg("%s: %s", forms[i].name, answer);
    }
}

static void forty_kilobytes_of_header_are_answered_431(void **state)
{
    static char request[40 * 1024], answer[4096];
    (void)state;

    serve((struct api_settings[]){usual_settings()});
    memset(request, 'a', sizeof request);
    memcpy(request, GET HOST "X: ", sizeof(GET HOST "X: ") - 1);
    assert_int_equal(ask_bytes(request, sizeof request, answer, sizeof answer), 431);
}

/* The client is still sending when it is refused, and its own buffer is small: if the server closed with bytes unread,
 * the client's next send would fail and it would never look for the answer. */
static void a_megabyte_of_refused_body_does_not_destroy_the_answer(void **state)
{
    static char request[900 * 1024], answer[4096];
    const int small = 8192;
    int fd, n;
    (void)state;

    serve((struct api_settings[]){usual_settings()});
    memset(request, 'a', sizeof request);
    n = sprintf(request, POST "Content-Length: 10000000\r\n\r\n");
    request[n] = 'a';
    fd = dial();
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    say_bytes(fd, request, sizeof request);
    hear(fd, answer, sizeof answer, NULL);
    close(fd);
    assert_memory_equal(answer, "HTTP/1.1 413 ", 13);
}

/* A byte at a time, each well within any pause that a timeout for silence would allow. */
static void a_slow_header_is_cut_at_the_deadline(void **state)
{
    struct api_settings s = usual_settings();
    char answer[4096] = "";
    struct pollfd wait = {.events = POLLIN};
    struct mono start = clock_system.mono(NULL);
    (void)state;

    s.request_timeout_ms = 300;
    serve(&s);
    wait.fd = dial();
    say(wait.fd, "GET /livez HTTP/1.1\r\nX: ");
    while (poll(&wait, 1, 20) == 0) {
        send(wait.fd, "a", 1, MSG_NOSIGNAL);
        assert_true(clock_system.mono(NULL).ms - start.ms < DEADLINE_MS);
    }
    hear(wait.fd, answer, sizeof answer, NULL);
    close(wait.fd);
    assert_non_null(strstr(answer, "HTTP/1.1 408 "));
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    assert_true(clock_system.mono(NULL).ms - start.ms >= 290);
}

static void a_slow_body_is_cut_at_the_deadline(void **state)
{
    struct api_settings s = usual_settings();
    char answer[4096] = "";
    (void)state;

    s.request_timeout_ms = 100;
    serve(&s);
    int fd = dial();
    say(fd, POST "Content-Length: 10\r\n\r\nabc");
    hear(fd, answer, sizeof answer, NULL);
    close(fd);
    assert_non_null(strstr(answer, "HTTP/1.1 408 "));
}

static void silent_connections_are_closed(void **state)
{
    struct api_settings s = usual_settings();
    char answer[4096] = "";
    (void)state;

    s.idle_timeout_ms = 100;
    s.request_timeout_ms = 150;
    serve(&s);
    int fresh = dial(), used = dial();
    say(used, SECOND);
    hear(fresh, answer, sizeof answer, NULL);
    assert_string_equal(answer, "");
    hear(used, answer, sizeof answer, NULL);
    assert_non_null(strstr(answer, "200 OK"));
    close(fresh);
    close(used);
}

static void a_connection_serves_one_request_after_the_other(void **state)
{
    char answer[4096] = "";
    (void)state;

    serve((struct api_settings[]){usual_settings()});
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        answer[0] = '\0';
        say(fd, SECOND);
        hear(fd, answer, sizeof answer, "ok\n");
        assert_non_null(strstr(answer, "HTTP/1.1 200 OK"));
    }
    answer[0] = '\0';
    say(fd, GET "Host: x\r\nHost: y\r\n\r\n");
    hear(fd, answer, sizeof answer, NULL);
    assert_non_null(strstr(answer, "HTTP/1.1 400 "));
    close(fd);
}

static void requests_sent_ahead_are_not_served(void **state)
{
    char answer[4096];
    (void)state;

    serve((struct api_settings[]){usual_settings()});
    assert_int_equal(ask_bytes(SECOND SECOND, 2 * strlen(SECOND), answer, sizeof answer), 200);
    assert_int_equal(count(answer, "HTTP/1.1 "), 1);
    assert_non_null(strstr(answer, "Connection: close\r\n"));
}

static void a_client_that_closes_its_sending_side_gets_its_answer(void **state)
{
    char answer[4096];
    (void)state;

    serve((struct api_settings[]){usual_settings()});
    for (int i = 0; i < 20; i++) {
        int fd = dial();

        answer[0] = '\0';
        say(fd, i % 2 ? SECOND : "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
        shutdown(fd, SHUT_WR);
        hear(fd, answer, sizeof answer, NULL);
        close(fd);
        assert_non_null(strstr(answer, "HTTP/1.1 200 OK"));
    }
}

/* More than the sockets hold, so the server reads the end of the sending side while it still writes. */
static void a_client_that_closed_its_sending_side_gets_a_long_answer_whole(void **state)
{
    static char answer[2 << 20];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int small = 4096;
    char code[8];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)state;

    begin();
    for (int i = 0; i < 500; i++) {
        snprintf(code, sizeof code, "%d", i);
        seed_ticket("engine-7", code, CLASS_URGENT, i);
    }
    commit();
    serve((struct api_settings[]){usual_settings()});
    to.sin_port = htons(served.port);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    answer[0] = '\0';
    say(fd, "GET /api/v1/tickets?limit=500 HTTP/1.1\r\nHost: x\r\n" BEARER "Connection: close\r\n\r\n");
    shutdown(fd, SHUT_WR);
    hear(fd, answer, sizeof answer, NULL);
    close(fd);
    json_t *page = json_loads(strstr(answer, "\r\n\r\n") + 4, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 500);
    json_decref(page);
}

static void old_clients_are_answered_and_closed(void **state)
{
    static const char request[] = "GET /livez HTTP/1.0\r\nHost: x\r\n\r\n";
    char answer[4096];
    (void)state;

    serve((struct api_settings[]){usual_settings()});
    assert_int_equal(ask_bytes(request, strlen(request), answer, sizeof answer), 200);
}

static void head_tells_the_length_without_the_body(void **state)
{
    char answer[4096] = "";
    (void)state;

    serve((struct api_settings[]){usual_settings()});
    int fd = dial();
    say(fd, "HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(fd, answer, sizeof answer, "\r\n\r\n");
    assert_non_null(strstr(answer, "Content-Length: 3\r\n"));
    answer[0] = '\0';
    say(fd, SECOND);
    hear(fd, answer, sizeof answer, "ok\n");
    assert_memory_equal(answer, "HTTP/1.1 200 OK", 15);
    close(fd);
}

static void bodies_of_other_methods_are_read_and_refused_by_the_route(void **state)
{
    static const char with[] = POST "Content-Length: 5\r\nConnection: close\r\n\r\nhello";
    static const char without[] = POST "Connection: close\r\n\r\n";
    static const char delete_[] = "DELETE /livez HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";
    char answer[4096];
    (void)state;

    serve((struct api_settings[]){usual_settings()});
    assert_int_equal(ask_bytes(with, strlen(with), answer, sizeof answer), 405);
    assert_non_null(strstr(answer, "Allow: GET, HEAD\r\n"));
    assert_int_equal(ask_bytes(without, strlen(without), answer, sizeof answer), 405);
    assert_int_equal(ask_bytes(delete_, strlen(delete_), answer, sizeof answer), 405);
}

static bool is_closed(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char byte;

    return poll(&wait, 1, DEADLINE_MS) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

static void assert_serves(int fd)
{
    char answer[4096] = "";

    say(fd, SECOND);
    hear(fd, answer, sizeof answer, "ok\n");
}

static void half_requests_do_not_shut_out_their_address(void **state)
{
    struct api_settings s = usual_settings();
    int held[8], fd;
    (void)state;

    s.max_connections_per_address = 4;
    serve(&s);
    for (size_t i = 0; i < countof(held); i++) {
        held[i] = dial();
        say(held[i], i % 2 ? GET : "");
    }
    for (int i = 0; i < 3; i++) {
        fd = dial();
        assert_serves(fd);
        close(fd);
    }
    assert_true(is_closed(held[0])); /* the oldest goes first */
    for (size_t i = 0; i < countof(held); i++)
        close(held[i]);
}

static void half_requests_do_not_shut_out_everybody(void **state)
{
    struct api_settings s = usual_settings();
    int held[8], fd;
    (void)state;

    s.max_connections = 4;
    s.max_connections_per_address = 0;
    serve(&s);
    for (size_t i = 0; i < countof(held); i++) {
        held[i] = dial();
        say(held[i], GET);
    }
    fd = dial();
    assert_serves(fd);
    close(fd);
    for (size_t i = 0; i < countof(held); i++)
        close(held[i]);
}

/* A stream that has said something: it is being served. */
static int watch_events(void)
{
    char answer[4096] = "";
    int fd = dial();

    say(fd, "GET /api/v1/events HTTP/1.1\r\n" HOST BEARER "\r\n");
    hear(fd, answer, sizeof answer, "\n\n");
    return fd;
}

static void what_is_being_served_does_not_give_way(void **state)
{
    struct api_settings s = usual_settings();
    (void)state;

    s.max_connections_per_address = 3;
    serve(&s);
    int fds[3] = {watch_events(), watch_events(), watch_events()};
    int above = dial();
    assert_true(is_closed(above));
    close(above);
    close(fds[0]);
    /* The place is free as soon as the server saw the close; until then a new one may still be turned away. */
    bool in = false;
    for (int tries = 0; !in && tries < 200; tries++) {
        struct pollfd wait = {.fd = dial(), .events = POLLIN};

        in = send(wait.fd, SECOND, strlen(SECOND), MSG_NOSIGNAL) > 0 && poll(&wait, 1, DEADLINE_MS) == 1 &&
             recv(wait.fd, (char[8]){0}, 8, 0) == 8;
        close(wait.fd);
    }
    assert_true(in);
    close(fds[1]);
    close(fds[2]);
}

static void unix_sockets_serve_and_replace_a_dead_one(void **state)
{
    struct api_settings s = usual_settings();
    struct sockaddr_storage room = {.ss_family = AF_UNIX};
    struct stat st;
    char path[96], answer[4096] = "";
    (void)state;

    snprintf(path, sizeof path, "%s/http.sock", served.folder);
    snprintf(s.address, sizeof s.address, "unix:%s", path);
    for (int i = 0; i < 2; i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        serve(&s);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0660);
        memcpy((char *)&room + sizeof room.ss_family, path, strlen(path) + 1);
        assert_int_equal(
            connect(fd, (struct sockaddr *)&room, (socklen_t)(sizeof room.ss_family + strlen(path) + 1)), 0);
        answer[0] = '\0';
        say(fd, SECOND);
        hear(fd, answer, sizeof answer, "ok\n");
        close(fd);
        api_stop(take_ptr(served.api)); /* leaves the socket file, as a crash would */
    }
}

static void public_addresses_need_tls_or_a_proxy(void **state)
{
    static const char *const open[] = {"0.0.0.0:0", "[::]:0"};
    static const char *const wrong[] = {"", "8480", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
        "127.0.0.1:-1", "[::1]", "[::1:80", "::1:80", "unix:relative", "unix:"};
    const struct store_settings store = {.driver = STORE_SQLITE, .path = served.database};
    struct api_settings s = usual_settings();
    struct fail f;
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        strcpy(s.address, open[i]);
        s.behind_proxy = false;
        assert_int_equal(api_start(&s, &store, &(struct api_host){0}, &clock_system, &served.api, &f), -1);
        assert_int_equal(f.code, FAIL_SETTINGS);
        assert_non_null(strstr(f.text, "behind_proxy"));
    }
    s.behind_proxy = true;
    strcpy(s.address, open[0]);
    serve(&s);
    api_stop(take_ptr(served.api));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        strcpy(s.address, wrong[i]);
        if (api_start(&s, &store, &(struct api_host){0}, &clock_system, &served.api, &f) != -1)
            fail_msg("%s was taken", wrong[i]);
        assert_int_equal(f.code, FAIL_SETTINGS);
    }
}

static void make_certificate(struct api_settings *s)
{
    char command[640];

    snprintf(s->tls_cert, sizeof s->tls_cert, "%s/cert.pem", served.folder);
    snprintf(s->tls_key, sizeof s->tls_key, "%s/key.pem", served.folder);
    snprintf(command, sizeof command,
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -keyout %s "
        "-out %s "
        "2>/dev/null",
        s->tls_key, s->tls_cert);
    assert_int_equal(system(command), 0);
}

static void tls_serves_and_guards_in_the_same_way(void **state)
{
    static const char *const requests[] = {SECOND, GET "\r\n"};
    static const char *const expected[] = {"HTTP/1.1 200 ", "HTTP/1.1 400 "};
    struct api_settings s = usual_settings();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    (void)state;

    make_certificate(&s);
    strcpy(s.address, "0.0.0.0:0");
    serve(&s);
    for (int i = 0; i < 2; i++) {
        SSL *tls = SSL_new(context);
        char answer[4096] = "";
        int n = 0, got, fd = dial();

        SSL_set_fd(tls, fd);
        assert_int_equal(SSL_connect(tls), 1);
        /* In two records, cut in the middle of a line. */
        assert_int_equal(SSL_write(tls, requests[i], 10), 10);
        assert_true(SSL_write(tls, requests[i] + 10, (int)strlen(requests[i]) - 10) > 0);
        while (!strstr(answer, "\r\n\r\n") && (got = SSL_read(tls, answer + n, (int)sizeof answer - n - 1)) > 0)
            n += got;
        assert_memory_equal(answer, expected[i], 13);
        SSL_free(tls);
        close(fd);
    }
    SSL_CTX_free(context);
}

static void a_certificate_that_does_not_fit_is_refused(void **state)
{
    const struct store_settings store = {.driver = STORE_SQLITE, .path = served.database};
    struct api_settings s = usual_settings();
    struct fail f;
    (void)state;

    make_certificate(&s);
    strcpy(s.tls_key, s.tls_cert);
    assert_int_equal(api_start(&s, &store, &(struct api_host){0}, &clock_system, &served.api, &f), -1);
    assert_int_equal(f.code, FAIL_SETTINGS);
    s.tls_key[0] = '\0';
    assert_int_equal(api_start(&s, &store, &(struct api_host){0}, &clock_system, &served.api, &f), -1);
    assert_non_null(strstr(f.text, "belong together"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(smuggling_forms_get_one_refusal_and_a_close),
        CASE(forty_kilobytes_of_header_are_answered_431),
        CASE(a_megabyte_of_refused_body_does_not_destroy_the_answer),
        CASE(a_slow_header_is_cut_at_the_deadline),
        CASE(a_slow_body_is_cut_at_the_deadline),
        CASE(silent_connections_are_closed),
        CASE(a_connection_serves_one_request_after_the_other),
        CASE(requests_sent_ahead_are_not_served),
        CASE(a_client_that_closes_its_sending_side_gets_its_answer),
        CASE(a_client_that_closed_its_sending_side_gets_a_long_answer_whole),
        CASE(old_clients_are_answered_and_closed),
        CASE(head_tells_the_length_without_the_body),
        CASE(bodies_of_other_methods_are_read_and_refused_by_the_route),
        CASE(half_requests_do_not_shut_out_their_address),
        CASE(half_requests_do_not_shut_out_everybody),
        CASE(what_is_being_served_does_not_give_way),
        CASE(unix_sockets_serve_and_replace_a_dead_one),
        CASE(public_addresses_need_tls_or_a_proxy),
        CASE(tls_serves_and_guards_in_the_same_way),
        CASE(a_certificate_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
