/* mqtt: sessions against a real mosquitto: what must connect, what must not, and what an acknowledgement
 * means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/un.h>

#include "cleanup.h"
#include "mqtt.h"
#include "mqtt_tls.h"
#include "common/broker.h"
#include "common/pki.h"

enum { DEADLINE_MS = 10000, MESSAGES_MAX = 64 };

static struct {
    char dir[64];
    int plain_port, tls_port, strict_port;
    struct broker broker;
    bool running;
} site;

static char *in_dir(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, 128, "%s/%s", site.dir, name);
    return path;
}

/* ---------------------------------------------------------------- a session under test */

struct peer {
    struct mqtt *m;
    bool connected, subscribed, granted, over;
    int refused, ended, published, last_reason;
    char why[256];
    int message_count;
    char messages[MESSAGES_MAX][32];
};

static void on_connected(void *ctx)
{
    ((struct peer *)ctx)->connected = true;
}

static void on_refused(void *ctx, int reason, const char *text)
{
    struct peer *p = ctx;

    assert_false(p->over);
    p->over = true;
    p->refused = reason;
    snprintf(p->why, sizeof p->why, "%s", text);
}

static void on_disconnected(void *ctx, int reason, const char *text)
{
    struct peer *p = ctx;

    assert_false(p->over); /* one end only */
    p->over = true;
    p->ended = reason;
    snprintf(p->why, sizeof p->why, "%s", text);
}

static void on_subscribed(void *ctx, bool granted)
{
    struct peer *p = ctx;

    p->subscribed = true;
    p->granted = granted;
}

static void on_published(void *ctx, int id, int reason)
{
    struct peer *p = ctx;
    (void)id;

    p->published++;
    p->last_reason = reason;
}

static void on_message(void *ctx, const char *topic, const void *payload, size_t bytes)
{
    struct peer *p = ctx;
    (void)topic;

    assert_true(p->message_count < MESSAGES_MAX);
    snprintf(p->messages[p->message_count++], 32, "%.*s", (int)bytes, (const char *)payload);
    errno = EAGAIN; /* what a careless callback leaves behind must not stall the session */
}

static const struct mqtt_events events = {
    on_connected, on_refused, on_disconnected, on_subscribed, on_published, on_message};

static struct mqtt_settings plain(const char *id)
{
    return (struct mqtt_settings){.host = "127.0.0.1",
        .port = site.plain_port,
        .client_id = id,
        .username = "",
        .password = "",
        .keepalive_s = 30,
        .receive_maximum = 100,
        .will_topic = ""};
}

static void start(struct peer *p, const struct mqtt_settings *s)
{
    struct fail f = {0};

    *p = (struct peer){0};
    if (mqtt_new(s, &events, p, &p->m, &f) || mqtt_connect(p->m, &f))
        fail_msg("%s", f.text);
}

static void stop(struct peer *p)
{
    mqtt_free(p->m);
    p->m = NULL;
}

/* One turn of an event loop over one or two sessions. */
static void turn(struct peer *a, struct peer *b, int timeout_ms)
{
    struct peer *peers[2] = {a, b};
    struct pollfd fds[2] = {{.fd = -1}, {.fd = -1}};
    struct fail f;

    for (int i = 0; i < 2; i++)
        if (peers[i] && peers[i]->m) {
            fds[i].fd = mqtt_fd(peers[i]->m);
            fds[i].events = (short)(POLLIN | (mqtt_wants_write(peers[i]->m) ? POLLOUT : 0));
        }
    poll(fds, 2, timeout_ms);
    for (int i = 0; i < 2; i++) {
        bool gone = false;

        if (fds[i].fd < 0)
            continue;
        if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
            gone = mqtt_read(peers[i]->m, &f) != 0;
        if (!gone && fds[i].revents & POLLOUT)
            gone = mqtt_write(peers[i]->m, &f) != 0;
        assert_true(gone == peers[i]->over);
    }
}

#define await2(a, b, condition)                                                                                        \
    do {                                                                                                               \
        long long end_ms_ = test_now_ms() + DEADLINE_MS;                                                               \
        while (!(condition)) {                                                                                         \
            if (test_now_ms() > end_ms_)                                                                               \
                fail_msg("%s did not come true", #condition);                                                          \
            turn(a, b, 50);                                                                                            \
        }                                                                                                              \
    } while (0)
#define await(a, condition) await2(a, NULL, condition)

static void start_up(struct peer *p, const struct mqtt_settings *s)
{
    start(p, s);
    await(p, p->connected || p->over);
    if (p->over)
        fail_msg("%s", p->why);
}

/* For sessions that must fail: at once or later. */
static void start_until_over(struct peer *p, const struct mqtt_settings *s)
{
    struct fail f = {0};

    *p = (struct peer){0};
    if (mqtt_new(s, &events, p, &p->m, &f))
        fail_msg("%s", f.text);
    if (mqtt_connect(p->m, &f)) {
        assert_int_equal(f.code, FAIL_PEER);
        snprintf(p->why, sizeof p->why, "%s", f.text);
        return;
    }
    await(p, p->over);
    assert_true(p->refused || p->ended == -1);
}

static void listen_to(struct peer *p, const char *id, const char *filter)
{
    struct fail f = {0};
    struct mqtt_settings s = plain(id);

    start_up(p, &s);
    assert_int_equal(mqtt_subscribe(p->m, filter, 1, &f), 0);
    await(p, p->subscribed);
    assert_true(p->granted);
}

/* ---------------------------------------------------------------- connecting */

static struct mqtt_tls files(void)
{
    return (struct mqtt_tls){in_dir("ca.pem"), in_dir("dev.pem"), in_dir("dev.key"), ""};
}

static void connects_over_tcp_unix_socket_and_mutual_tls(void **state)
{
    struct mqtt_tls tls = files();
    struct mqtt_settings over_tcp = plain("a"), over_unix = plain("b"), over_tls = plain("c");
    struct peer p;
    (void)state;

    over_unix.host = in_dir("broker.sock");
    over_unix.port = 0;
    over_tls.host = "localhost";
    over_tls.port = site.tls_port;
    over_tls.tls = &tls;
    const struct mqtt_settings *each[] = {&over_tcp, &over_unix, &over_tls};
    for (size_t i = 0; i < countof(each); i++) {
        start_up(&p, each[i]);
        mqtt_disconnect(p.m);
        assert_true(p.over);
        assert_int_equal(p.ended, 0);
        stop(&p);
    }
}

static void a_valid_revocation_list_lets_the_broker_pass(void **state)
{
    struct mqtt_tls tls = files();
    struct mqtt_settings s = plain("a");
    struct peer p;
    (void)state;

    tls.crl_file = in_dir("crl.pem");
    s.host = "localhost", s.port = site.tls_port, s.tls = &tls;
    start_up(&p, &s);
    stop(&p);
}

static void brokers_that_cannot_prove_their_name_are_refused(void **state)
{
    static const struct {
        const char *host, *ca, *crl, *why;
    } cases[] = {
        {"127.0.0.1", "ca.pem", NULL, "IP address mismatch"},
        {"127.0.0.1", "ca.pem", "crl.pem", "IP address mismatch"},
        {"localhost", "other-ca.pem", NULL, "self-signed certificate in certificate chain"},
        {"localhost", "ca.pem", "crl-expired.pem", "CRL has expired"},
        {"localhost", "ca.pem", "crl-revoked.pem", "certificate revoked"},
        {"localhost", "ca.pem", "crl-other.pem", "unable to get certificate CRL"},
    };
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        struct mqtt_tls tls = files();
        struct mqtt_settings s = plain("a");
        struct peer p;

        tls.ca_file = in_dir(cases[i].ca);
        tls.crl_file = cases[i].crl ? in_dir(cases[i].crl) : "";
        s.host = cases[i].host, s.port = site.tls_port, s.tls = &tls;
        start_until_over(&p, &s);
        assert_false(p.connected);
        if (!strstr(p.why, cases[i].why))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, p.why, cases[i].why);
        assert_int_equal(mqtt_fd(p.m), -1);
        stop(&p);
    }
}

static void a_certificate_of_another_authority_is_turned_away(void **state)
{
    struct mqtt_tls tls = files();
    struct mqtt_settings s = plain("a");
    struct peer p;
    (void)state;

    tls.cert_file = in_dir("stranger.pem");
    tls.key_file = in_dir("stranger.key");
    s.host = "localhost", s.port = site.tls_port, s.tls = &tls;
    start_until_over(&p, &s);
    assert_false(p.connected);
    stop(&p);
}

static void unfit_files_are_refused_by_name_before_a_byte_is_sent(void **state)
{
    static const struct {
        const char *ca, *cert, *key, *crl, *why;
    } cases[] = {
        {"none.pem", "dev.pem", "dev.key", "", "none.pem: No such file or directory"},
        {"ca.pem", "none.pem", "dev.key", "", "none.pem: No such file or directory"},
        {"ca.pem", "dev.pem", "none.key", "", "none.key: No such file or directory"},
        {"ca.pem", "dev.pem", "dev.key", "none.pem", "none.pem: No such file or directory"},
        {"garbage.pem", "dev.pem", "dev.key", "", "garbage.pem"},
        {"ca.pem", "garbage.pem", "dev.key", "", "garbage.pem"},
        {"ca.pem", "dev.pem", "garbage.pem", "", "garbage.pem"},
        {"ca.pem", "dev.pem", "dev.key", "garbage.pem", "garbage.pem"},
        {"ca.pem", "dev.pem", "stranger.key", "", "stranger.key: key values mismatch"},
        {"ca.pem", "locked.pem", "locked.key", "", "locked.key"},
    };
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        char ca[128], cert[128], key[128], crl[128];
        struct fail f = {0};
        struct mqtt_settings s = plain("a");
        struct mqtt *m = NULL;

        snprintf(ca, sizeof ca, "%s", in_dir(cases[i].ca));
        snprintf(cert, sizeof cert, "%s", in_dir(cases[i].cert));
        snprintf(key, sizeof key, "%s", in_dir(cases[i].key));
        snprintf(crl, sizeof crl, "%s", *cases[i].crl ? in_dir(cases[i].crl) : "");
        struct mqtt_tls tls = {ca, cert, key, crl};
        s.tls = &tls;
        assert_int_equal(mqtt_new(&s, &events, NULL, &m, &f), -1);
        assert_null(m);
        assert_int_equal(f.code, FAIL_SETTINGS);
        if (!strstr(f.text, cases[i].why))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, f.text, cases[i].why);
    }
}

static void plain_text_never_leaves_the_machine(void **state)
{
    static const char *const hosts[] = {"192.0.2.1", "broker.example", "0.0.0.0", "2001:db8::1", "127.0.0.1.example"};
    (void)state;

    for (size_t i = 0; i < countof(hosts); i++) {
        struct mqtt_settings s = plain("a");
        struct mqtt *m = NULL;
        struct fail f = {0};

        s.host = hosts[i];
        assert_int_equal(mqtt_new(&s, &events, NULL, &m, &f), -1);
        assert_int_equal(f.code, FAIL_SETTINGS);
        s.host = "localhost"; /* which somebody resolves to somewhere else */
        s.address = "192.0.2.1";
        assert_int_equal(mqtt_new(&s, &events, NULL, &m, &f), -1);
    }
}

static void a_closed_port_ends_the_session(void **state)
{
    struct mqtt_tls tls = files();
    struct peer p;
    (void)state;

    for (int with_tls = 0; with_tls < 2; with_tls++) {
        struct mqtt_settings s = plain("a");

        s.port = test_free_port();
        s.tls = with_tls ? &tls : NULL;
        start_until_over(&p, &s);
        assert_non_null(strstr(p.why, "Connection refused"));
        stop(&p);
    }
}

static void a_missing_unix_socket_fails_at_once(void **state)
{
    struct mqtt_settings s = plain("a");
    struct peer p = {0};
    struct fail f = {0};
    (void)state;

    s.host = in_dir("no.sock"), s.port = 0;
    assert_int_equal(mqtt_new(&s, &events, &p, &p.m, &f), 0);
    assert_int_equal(mqtt_connect(p.m, &f), -1);
    assert_int_equal(f.code, FAIL_PEER);
    assert_int_equal(mqtt_fd(p.m), -1);
    assert_int_equal(mqtt_read(p.m, &f), -1);
    stop(&p);
}

/* ---------------------------------------------------------------- servers that misbehave */

static int listen_socket(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* Accepts p's connection and waits for its first bytes. */
static int accept_from(struct peer *p, int listener)
{
    char hello[4096];
    int fd = -1;

    assert_int_equal(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    await(p, (fd = accept(listener, NULL, NULL)) >= 0);
    await(p, recv(fd, hello, sizeof hello, MSG_DONTWAIT) > 0);
    return fd;
}

static void close_with_reset(int fd)
{
    struct linger now = {1, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

static void fin_or_reset_during_the_handshake_ends_the_session(void **state)
{
    (void)state;

    for (int with_tls = 0; with_tls < 2; with_tls++)
        for (int reset = 0; reset < 2; reset++) {
            struct mqtt_tls tls = files();
            struct mqtt_settings s = plain("a");
            struct peer p;
            autoclose int listener = listen_socket(&s.port);

            s.host = "localhost", s.tls = with_tls ? &tls : NULL;
            start(&p, &s);
            int fd = accept_from(&p, listener);
            if (reset)
                close_with_reset(fd);
            else
                close(fd);
            await(&p, p.over);
            assert_false(p.connected);
            assert_int_equal(p.ended, -1);
            assert_true(!reset || strstr(p.why, "Connection reset") || !with_tls);
            stop(&p);
        }
}

static void the_host_is_named_and_checked_where_an_address_is_given(void **state)
{
    static const struct {
        const char *host;
        bool fits;
    } cases[] = {{"localhost", true}, {"broker.example", false}};
    struct mqtt_tls tls = files();
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        struct mqtt_settings s = plain("a");
        struct peer p;

        s.host = cases[i].host, s.address = "127.0.0.1", s.port = site.tls_port, s.tls = &tls;
        if (cases[i].fits) {
            start_up(&p, &s);
        } else {
            start_until_over(&p, &s);
            assert_non_null(strstr(p.why, "hostname mismatch"));
        }
        stop(&p);
    }

    struct mqtt_settings s = plain("a");
    struct peer p;
    char hello[4096];
    ssize_t n = 0;
    autoclose int listener = listen_socket(&s.port);
    s.host = "broker.example", s.address = "127.0.0.1", s.tls = &tls;
    start(&p, &s);
    assert_int_equal(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    int fd = -1;
    await(&p, (fd = accept(listener, NULL, NULL)) >= 0);
    await(&p, (n = recv(fd, hello, sizeof hello, MSG_DONTWAIT)) > 0);
    assert_non_null(memmem(hello, (size_t)n, "broker.example", 14)); /* server name indication */
    assert_null(memmem(hello, (size_t)n, "127.0.0.1", 9));
    close(fd);
    stop(&p);
}

static void a_handshake_in_waiting_does_not_ask_for_writability(void **state)
{
    struct mqtt_tls tls = files();
    struct mqtt_settings s = plain("a");
    struct peer p;
    autoclose int listener = listen_socket(&s.port);
    (void)state;

    s.host = "localhost", s.tls = &tls;
    start(&p, &s);
    autoclose int fd = accept_from(&p, listener);
    assert_true(fd >= 0);
    assert_false(mqtt_wants_write(p.m)); /* a loop would spin */
    stop(&p);
}

static void refusals_come_as_refused_and_only_once(void **state)
{
    static const uint8_t reasons[] = {0x80, 0x85, 0x87, 0x88, 0x89, 0x97, 0x9f};
    (void)state;

    for (size_t i = 0; i < countof(reasons); i++) {
        const uint8_t connack[] = {0x20, 3, 0, reasons[i], 0};
        struct mqtt_settings s = plain("a");
        struct peer p;
        autoclose int listener = listen_socket(&s.port);

        start(&p, &s);
        autoclose int fd = accept_from(&p, listener);
        assert_int_equal(write(fd, connack, sizeof connack), sizeof connack);
        await(&p, p.over);
        assert_false(p.connected);
        assert_int_equal(p.refused, reasons[i]);
        stop(&p);
    }
}

static void a_broker_that_wants_a_password_refuses(void **state)
{
    struct mqtt_settings s = plain("a");
    struct peer p;
    (void)state;

    s.port = site.strict_port;
    start_until_over(&p, &s);
    assert_int_equal(p.refused, 0x87);
    stop(&p);
}

static void nonsense_from_the_broker_ends_the_session(void **state)
{
    static const uint8_t noise[][6] = {{0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, {0, 0, 0, 0, 0, 0}, {0x20, 1, 0, 0, 0, 0},
        {0x30, 0x80, 0x80, 0x80, 0x80, 1}, {'H', 'T', 'T', 'P', '/', '1'}};
    (void)state;

    for (size_t i = 0; i < countof(noise); i++) {
        struct mqtt_settings s = plain("a");
        struct peer p;
        autoclose int listener = listen_socket(&s.port);

        start(&p, &s);
        int fd = accept_from(&p, listener);
        assert_int_equal(write(fd, noise[i], sizeof noise[i]), sizeof noise[i]);
        close(fd);
        await(&p, p.over);
        assert_false(p.connected);
        stop(&p);
    }
}

/* ---------------------------------------------------------------- messages */

static void publish(struct peer *p, const char *topic, const char *text)
{
    struct fail f = {0};

    if (mqtt_publish(p->m, topic, text, strlen(text), 1, NULL, &f))
        fail_msg("%s", f.text);
}

static void messages_arrive_in_order_and_are_confirmed(void **state)
{
    struct peer from, to;
    struct mqtt_settings s = plain("from");
    char text[8];
    (void)state;

    listen_to(&to, "to", "t/#");
    start_up(&from, &s);
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "%d", i);
        publish(&from, "t/1", text);
    }
    await2(&from, &to, from.published == 50 && to.message_count == 50);
    for (int i = 0; i < 50; i++)
        assert_int_equal(atoi(to.messages[i]), i);
    assert_int_equal(from.last_reason, 0);
    stop(&from);
    stop(&to);
}

static void many_messages_in_one_tls_record_are_all_read(void **state)
{
    struct mqtt_tls tls = files();
    struct mqtt_settings s = plain("to"), publisher = plain("from");
    struct peer from, to;
    struct fail f = {0};
    (void)state;

    s.host = "localhost", s.port = site.tls_port, s.tls = &tls;
    start_up(&to, &s);
    assert_int_equal(mqtt_subscribe(to.m, "many/dev-1", 1, &f), 0);
    await(&to, to.subscribed);
    start_up(&from, &publisher);
    for (int i = 0; i < 60; i++)
        publish(&from, "many/dev-1", "x");
    await(&from, from.published == 60);
    await(&to, to.message_count == 60);
    stop(&from);
    stop(&to);
}

static void publishing_offline_fails_and_queues_nothing(void **state)
{
    struct mqtt_settings s = plain("from");
    struct peer from = {0}, to;
    struct fail f = {0};
    (void)state;

    listen_to(&to, "to", "off/#");
    assert_int_equal(mqtt_new(&s, &events, &from, &from.m, &f), 0);
    assert_int_equal(mqtt_publish(from.m, "off/1", "early", 5, 1, NULL, &f), -1);
    assert_int_equal(f.code, FAIL_PEER);
    assert_int_equal(mqtt_connect(from.m, &f), 0);
    assert_int_equal(mqtt_publish(from.m, "off/1", "early", 5, 1, NULL, &f), -1);
    await(&from, from.connected);
    publish(&from, "off/1", "late");
    await2(&from, &to, to.message_count > 0);
    assert_string_equal(to.messages[0], "late");
    mqtt_disconnect(from.m);
    assert_int_equal(mqtt_publish(from.m, "off/1", "later", 5, 1, NULL, &f), -1);
    stop(&from);
    stop(&to);
}

static void a_topic_that_is_not_ours_is_refused_with_a_reason(void **state)
{
    struct mqtt_tls tls = files();
    struct mqtt_settings s = plain("dev-1");
    struct peer p;
    (void)state;

    s.host = "localhost", s.port = site.tls_port, s.tls = &tls;
    start_up(&p, &s);
    publish(&p, "forbidden/topic", "x");
    await(&p, p.published == 1);
    assert_int_equal(p.last_reason, 0x87);
    stop(&p);
}

static void the_will_is_sent_unless_we_say_goodbye(void **state)
{
    struct mqtt_settings s = plain("mortal");
    struct peer p, to;
    (void)state;

    s.will_topic = "will/1", s.will = "gone", s.will_bytes = 4;
    listen_to(&to, "to", "will/#");
    start_up(&p, &s);
    mqtt_disconnect(p.m);
    stop(&p);
    start_up(&p, &s);
    stop(&p);
    await(&to, to.message_count > 0);
    publish(&to, "will/2", "end");
    await(&to, to.message_count == 2);
    assert_string_equal(to.messages[0], "gone");
    assert_string_equal(to.messages[1], "end"); /* one will, not two */
    stop(&to);
}

/* Reads without ever writing, as a collector does whose batch is not yet committed. */
static void read_only_until(struct peer *p, int count)
{
    struct fail f;
    long long end_ms = test_now_ms() + DEADLINE_MS;

    while (p->message_count < count) {
        struct pollfd fd = {mqtt_fd(p->m), POLLIN, 0};

        assert_true(test_now_ms() < end_ms);
        if (poll(&fd, 1, 50) > 0)
            assert_int_equal(mqtt_read(p->m, &f), 0);
    }
}

static void what_was_not_acknowledged_comes_again(void **state)
{
    struct mqtt_settings s = plain("collector"), publisher = plain("from");
    struct peer from, to;
    struct fail f = {0};
    (void)state;

    s.keep_session = true, s.deferred_ack = true;
    start_up(&to, &s);
    assert_int_equal(mqtt_subscribe(to.m, "ack/#", 1, &f), 0);
    await(&to, to.subscribed);
    start_up(&from, &publisher);
    for (int i = 0; i < 10; i++)
        publish(&from, "ack/1", "x");
    await(&from, from.published == 10);

    read_only_until(&to, 10);
    stop(&to); /* dies before its commit */
    start_up(&to, &s);
    read_only_until(&to, 10);
    assert_int_equal(mqtt_write(to.m, &f), 0); /* committed: acknowledged now */
    publish(&from, "ack/1", "last");
    await2(&from, &to, to.message_count == 11);
    stop(&to);

    publish(&from, "ack/1", "while away"); /* the session outlives the connection */
    await(&from, from.published == 12);
    start_up(&to, &s);
    await(&to, to.message_count > 0);
    assert_string_not_equal(to.messages[0], "x");
    await(&to, strcmp(to.messages[to.message_count - 1], "while away") == 0);
    mqtt_disconnect(to.m);
    stop(&to);
    stop(&from);
}

static void the_brokers_disconnect_tells_its_reason_once(void **state)
{
    static const uint8_t bytes[] = {0x20, 3, 0, 0, 0, 0xe0, 1, 0x8e}; /* CONNACK, then DISCONNECT: taken over */
    struct mqtt_settings s = plain("a");
    struct peer p;
    autoclose int listener = listen_socket(&s.port);
    (void)state;

    start(&p, &s);
    autoclose int fd = accept_from(&p, listener);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    await(&p, p.over);
    assert_true(p.connected);
    assert_int_equal(p.ended, 0x8e);
    stop(&p);
}

static void the_brokers_keep_alive_counts(void **state)
{
    struct mqtt_settings s = plain("lazy");
    struct peer p;
    (void)state;

    s.keepalive_s = 3600;
    start_up(&p, &s);
    assert_in_range(mqtt_misc_due_ms(p.m), 590000, 601000); /* max_keepalive 600 */
    stop(&p);
}

static void the_certificate_tells_who_we_are(void **state)
{
    char id[BOUND_DEVICE_ID + 1], serial[MQTT_TLS_SERIAL_BYTES];
    struct fail f = {0};
    (void)state;

    assert_int_equal(mqtt_tls_identity(in_dir("dev.pem"), id, serial, &f), 0);
    assert_string_equal(id, "dev-1");
    assert_string_equal(serial, "03");
    assert_int_equal(mqtt_tls_identity(in_dir("none.pem"), id, serial, &f), -1);
    assert_int_equal(mqtt_tls_identity(in_dir("garbage.pem"), id, serial, &f), -1);
    assert_int_equal(mqtt_tls_identity(in_dir("ca.pem"), id, serial, &f), -1); /* "test authority" has a blank */
    assert_int_equal(f.code, FAIL_SETTINGS);
    assert_string_equal(id, "dev-1");
}

/* ---------------------------------------------------------------- the site */

static void make_certificates(void)
{
    struct authority ca = pki_authority("test authority", in_dir("ca.pem"));
    struct authority other = pki_authority("another authority", in_dir("other-ca.pem"));
    long server = pki_issue(&ca, "127.0.0.1", "DNS:localhost", in_dir("server.pem"), in_dir("server.key"), NULL);

    pki_issue(&ca, "dev-1", NULL, in_dir("dev.pem"), in_dir("dev.key"), NULL);
    pki_issue(&ca, "dev-2", NULL, in_dir("locked.pem"), in_dir("locked.key"), "secret");
    pki_issue(&other, "dev-1", NULL, in_dir("stranger.pem"), in_dir("stranger.key"), NULL);
    pki_crl(&ca, in_dir("crl.pem"), 3600, 0);
    pki_crl(&ca, in_dir("crl-expired.pem"), -60, 0);
    pki_crl(&ca, in_dir("crl-revoked.pem"), 3600, server);
    pki_crl(&other, in_dir("crl-other.pem"), 3600, 0);
    pki_done(&ca);
    pki_done(&other);
}

static void write_file(const char *name, const char *text)
{
    FILE *out = fopen(in_dir(name), "w");

    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static void write_settings(void)
{
    char text[2048];

    write_file("garbage.pem", "this is no certificate\n");
    write_file("acl", "pattern readwrite fl/1/+/%u/up\npattern readwrite many/%u\n");
    write_file("passwd", "");
    snprintf(text, sizeof text,
        "per_listener_settings true\nlog_dest stderr\nlog_type error\nlog_type information\nuser root\n"
        "max_keepalive 600\nmax_inflight_messages 100\n"
        "listener %d 127.0.0.1\nallow_anonymous true\n"
        "listener 0 %s/broker.sock\nallow_anonymous true\n"
        "listener %d 127.0.0.1\nallow_anonymous false\npassword_file %s/passwd\n"
        "listener %d\nallow_anonymous false\ncafile %s/ca.pem\ncertfile %s/server.pem\nkeyfile "
        "%s/server.key\n"
        "crlfile %s/crl.pem\ntls_version tlsv1.3\nrequire_certificate true\nuse_identity_as_username true\n"
        "acl_file %s/acl\n",
        site.plain_port, site.dir, site.strict_port, site.dir, site.tls_port, site.dir, site.dir, site.dir, site.dir,
        site.dir);
    write_file("mosquitto.conf", text);
}

static int open_site(void **state)
{
    (void)state;
    snprintf(site.dir, sizeof site.dir, "/tmp/faultline-mqtt-XXXXXX");
    if (!mkdtemp(site.dir))
        return -1;
    site.plain_port = test_free_port();
    site.strict_port = test_free_port();
    site.tls_port = test_free_port();
    make_certificates();
    write_settings();
    return broker_start(&site.broker, in_dir("mosquitto.conf"));
}

static int close_site(void **state)
{
    (void)state;
    broker_stop(&site.broker, SIGTERM);
    test_remove_tree(site.dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects_over_tcp_unix_socket_and_mutual_tls),
        cmocka_unit_test(a_valid_revocation_list_lets_the_broker_pass),
        cmocka_unit_test(brokers_that_cannot_prove_their_name_are_refused),
        cmocka_unit_test(a_certificate_of_another_authority_is_turned_away),
        cmocka_unit_test(unfit_files_are_refused_by_name_before_a_byte_is_sent),
        cmocka_unit_test(plain_text_never_leaves_the_machine),
        cmocka_unit_test(a_closed_port_ends_the_session),
        cmocka_unit_test(a_missing_unix_socket_fails_at_once),
        cmocka_unit_test(fin_or_reset_during_the_handshake_ends_the_session),
        cmocka_unit_test(the_host_is_named_and_checked_where_an_address_is_given),
        cmocka_unit_test(a_handshake_in_waiting_does_not_ask_for_writability),
        cmocka_unit_test(refusals_come_as_refused_and_only_once),
        cmocka_unit_test(a_broker_that_wants_a_password_refuses),
        cmocka_unit_test(nonsense_from_the_broker_ends_the_session),
        cmocka_unit_test(messages_arrive_in_order_and_are_confirmed),
        cmocka_unit_test(many_messages_in_one_tls_record_are_all_read),
        cmocka_unit_test(publishing_offline_fails_and_queues_nothing),
        cmocka_unit_test(a_topic_that_is_not_ours_is_refused_with_a_reason),
        cmocka_unit_test(the_will_is_sent_unless_we_say_goodbye),
        cmocka_unit_test(what_was_not_acknowledged_comes_again),
        cmocka_unit_test(the_brokers_disconnect_tells_its_reason_once),
        cmocka_unit_test(the_brokers_keep_alive_counts),
        cmocka_unit_test(the_certificate_tells_who_we_are),
    };

    return cmocka_run_group_tests(tests, open_site, close_site);
}
