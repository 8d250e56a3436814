/* mqtt.c: see mqtt.h. libmosquitto 2.0.11 with the caller's loop around it.
 *
 * What that library does and this file undoes (source lines of v2.0.11):
 * 1. A packet queued outside a callback is written at once, inside one it is not. We declare an external
 * thread, so that nothing is written before mosquitto_loop_write(); PUBACKs thereby wait for the caller's
 * commit (packet_mosq.c:203).
 * 2. mosquitto_publish() without a connection fails and queues all the same (actions.c:158): we never call it
 * then.
 * 3. An error of the socket during the TLS handshake is reported as success, for ever (net_mosq.c:630), and a
 * failed handshake calls nobody back. The handshake is therefore judged by SSL_get_error() here.
 * 4. mosquitto_want_write() stays true through the handshake once it was (net_mosq.c:637), and false while
 * the TCP connection is made: both are answered here.
 * 5. mosquitto_loop_read() reads one packet and stops where a callback left errno at EAGAIN (loop.c:404): it
 * is called until it has nothing more, and callbacks keep errno.
 * 6. An outcome may be told twice or never (CONNACK refusal: on_connect and on_disconnect; DISCONNECT from
 * the broker: twice): end_session() tells it once. */
#include "mqtt.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <openssl/ssl.h>

#include "mqtt_tls.h"

enum {
    PACKET_BYTES_MAX = 64 * 1024, /* what we let the broker send: no message of ours is near it */
    REASON_FAILURE = 0x80,        /* MQTT 5, 2.4: reason codes from here on are refusals */
    SILENCE_MS = 60 * 1000,       /* bytes that TCP has sent in vain for this long end the connection, not in 15 min */
};

enum state { STATE_NEW, STATE_TLS, STATE_CONNACK, STATE_UP, STATE_OVER };

struct mqtt {
    struct mosquitto *lib;
    SSL_CTX *tls; /* NULL = plain */
    struct mqtt_events events;
    void *ctx;
    enum state state;
    char *host; /* where to connect to: the address, where one is given */
    int port;
    int keepalive_s;
    bool keep_session;
    bool deferred_ack;
    unsigned packets;   /* delivered to callbacks: tells progress from an empty socket */
    int64_t heard_ms;   /* last packet in */
    int64_t said_ms;    /* last bytes out */
    char log_line[128]; /* the library's last error line: the only place where it keeps OpenSSL's reason */
    char why[160];      /* how the session ended */
};

/* The clock by which the library counts its keep-alive. */
static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---------------------------------------------------------------- outcomes */

static void end_session(struct mqtt *m, int reason, const char *text)
{
    if (m->state == STATE_OVER)
        return;
    m->state = STATE_OVER;
    snprintf(m->why, sizeof m->why, "%s", text);
    if (m->events.disconnected)
        m->events.disconnected(m->ctx, reason, m->why);
}

static int fail_over(struct mqtt *m, struct fail *f)
{
    return fail_set(f, FAIL_PEER, "%s", *m->why ? m->why : "not connected");
}

/* The best account of a failure there is. text holds it where it has to be put together. */
static const char *explain(const struct mqtt *m, int rc, int error, char *text, size_t size)
{
    const char *verdict = m->tls ? mqtt_tls_verdict(m->tls) : NULL;

    if (verdict) {
        snprintf(text, size, "TLS: the broker's certificate: %s", verdict);
        return text;
    }
    if (*m->log_line)
        return m->log_line;
    if (rc == MOSQ_ERR_EAI)
        return gai_strerror(error);
    return rc == MOSQ_ERR_ERRNO ? strerror(error) : mosquitto_strerror(rc);
}

/* Turns the library's return code into an ended session; 0 while it lives. */
static int settle(struct mqtt *m, int rc, int error, struct fail *f)
{
    char text[128];

    if (m->state != STATE_OVER) {
        if (rc == MOSQ_ERR_SUCCESS && mosquitto_socket(m->lib) >= 0)
            return 0;
        end_session(m, -1, explain(m, rc, error, text, sizeof text));
    }
    return fail_over(m, f);
}

/* ---------------------------------------------------------------- callbacks of the library */

static void on_connect(struct mosquitto *lib, void *ctx, int reason, int flags, const mosquitto_property *properties)
{
    struct mqtt *m = ctx;
    int error = errno;
    uint16_t keepalive_s;
    (void)lib, (void)flags;

    m->packets++;
    if (reason) {
        m->state = STATE_OVER;
        snprintf(m->why, sizeof m->why, "broker refuses: %s", mosquitto_reason_string(reason));
        if (m->events.refused)
            m->events.refused(m->ctx, reason, m->why);
    } else if (m->state == STATE_CONNACK) {
        m->state = STATE_UP;
        if (mosquitto_property_read_int16(properties, MQTT_PROP_SERVER_KEEP_ALIVE, &keepalive_s, false))
            m->keepalive_s = keepalive_s;
        if (m->events.connected)
            m->events.connected(m->ctx);
    }
    errno = error;
}

static void on_disconnect(struct mosquitto *lib, void *ctx, int rc, const mosquitto_property *properties)
{
    struct mqtt *m = ctx;
    int error = errno;
    char text[128];
    (void)lib, (void)properties;

    if (rc >= REASON_FAILURE) {
        snprintf(text, sizeof text, "broker ends the session: %s", mosquitto_reason_string(rc));
        end_session(m, rc, text);
    } else if (rc == MOSQ_ERR_SUCCESS) {
        end_session(m, 0, "disconnected");
    } /* else: settle() knows more */
    errno = error;
}

static void on_publish(struct mosquitto *lib, void *ctx, int id, int reason, const mosquitto_property *properties)
{
    struct mqtt *m = ctx;
    int error = errno;
    (void)lib, (void)properties;

    m->packets++;
    if (m->events.published)
        m->events.published(m->ctx, id, reason);
    errno = error;
}

static void on_subscribe(
    struct mosquitto *lib, void *ctx, int id, int count, const int *granted, const mosquitto_property *properties)
{
    struct mqtt *m = ctx;
    int error = errno;
    (void)lib, (void)id, (void)properties;

    m->packets++;
    if (m->events.subscribed)
        m->events.subscribed(m->ctx, count == 1 && granted[0] < REASON_FAILURE);
    errno = error;
}

static void on_message(
    struct mosquitto *lib, void *ctx, const struct mosquitto_message *message, const mosquitto_property *properties)
{
    struct mqtt *m = ctx;
    int error = errno;
    (void)lib, (void)properties;

    m->packets++;
    if (m->events.message)
        m->events.message(m->ctx, message->topic, message->payload, (size_t)message->payloadlen);
    errno = error;
}

static void on_log(struct mosquitto *lib, void *ctx, int level, const char *text)
{
    struct mqtt *m = ctx;
    (void)lib;

    if (level != MOSQ_LOG_ERR || *m->log_line)
        return;
    /* "OpenSSL Error[0]: error:0A000410:SSL routines::sslv3 alert handshake failure": the end is for people.
     */
    const char *reason = strrchr(text, ':');
    snprintf(m->log_line, sizeof m->log_line, "TLS: %s", reason ? reason + 1 : text);
}

/* ---------------------------------------------------------------- making one */

static void init_library(void)
{
    mosquitto_lib_init();
}

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcasecmp(host, "localhost") == 0;
}

static int use_tls(struct mqtt *m, const struct mqtt_settings *s, struct fail *f)
{
    if (s->port == 0)
        return 0;
    if (!s->tls) {
        if (is_loopback(s->host) && (!s->address || is_loopback(s->address)))
            return 0;
        return fail_set(f, FAIL_SETTINGS, "%s is not this machine: only TLS may leave it", s->host);
    }
    if (mqtt_tls_context(s->tls, s->host, &m->tls, f))
        return -1;
    mosquitto_log_callback_set(m->lib, on_log); /* only here: it makes the library format a line for each packet */
    int rc = mosquitto_int_option(m->lib, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
    if (!rc)
        rc = mosquitto_void_option(m->lib, MOSQ_OPT_SSL_CTX, m->tls); /* takes its own reference */
    return rc ? fail_set(f, FAIL_SETTINGS, "TLS: %s", mosquitto_strerror(rc)) : 0;
}

static int set_options(struct mqtt *m, const struct mqtt_settings *s, struct fail *f)
{
    int rc = mosquitto_int_option(m->lib, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);

    if (!rc)
        rc = mosquitto_int_option(m->lib, MOSQ_OPT_RECEIVE_MAXIMUM, s->receive_maximum);
    if (!rc)
        rc = mosquitto_int_option(m->lib, MOSQ_OPT_SEND_MAXIMUM, UINT16_MAX); /* the broker's CONNACK may lower it */
    if (!rc && s->port)
        rc = mosquitto_int_option(m->lib, MOSQ_OPT_TCP_NODELAY, 1);
    if (!rc)
        rc = mosquitto_threaded_set(m->lib, true);
    if (!rc && *s->username)
        rc = mosquitto_username_pw_set(m->lib, s->username, *s->password ? s->password : NULL);
    if (!rc && *s->will_topic)
        rc = mosquitto_will_set(m->lib, s->will_topic, (int)s->will_bytes, s->will, 1, false);
    if (rc)
        return fail_set(f, FAIL_SETTINGS, "MQTT session: %s", mosquitto_strerror(rc));
    return 0;
}

static void set_callbacks(struct mosquitto *lib)
{
    mosquitto_connect_v5_callback_set(lib, on_connect);
    mosquitto_disconnect_v5_callback_set(lib, on_disconnect);
    mosquitto_publish_v5_callback_set(lib, on_publish);
    mosquitto_subscribe_v5_callback_set(lib, on_subscribe);
    mosquitto_message_v5_callback_set(lib, on_message);
}

int mqtt_new(
    const struct mqtt_settings *s, const struct mqtt_events *events, void *ctx, struct mqtt **ret, struct fail *f)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct mqtt *m = calloc(1, sizeof *m);

    if (!m)
        abort();
    pthread_once(&once, init_library);
    *m = (struct mqtt){.events = *events,
        .ctx = ctx,
        .host = strdup(s->address ? s->address : s->host),
        .port = s->port,
        .keepalive_s = s->keepalive_s,
        .keep_session = s->keep_session,
        .deferred_ack = s->deferred_ack};
    m->lib = mosquitto_new(s->client_id, !s->keep_session, m);
    if (!m->host || (!m->lib && errno == ENOMEM))
        abort();
    if (!m->lib) {
        fail_set(f, FAIL_SETTINGS, "MQTT client id \"%s\" is not usable", s->client_id);
        mqtt_free(m);
        return -1;
    }
    signal(SIGPIPE, SIG_IGN); /* the library did so, but promises nothing */
    set_callbacks(m->lib);
    if (set_options(m, s, f) || use_tls(m, s, f)) {
        mqtt_free(m);
        return -1;
    }
    *ret = m;
    return 0;
}

void mqtt_free(struct mqtt *m)
{
    if (!m)
        return;
    m->events = (struct mqtt_events){0};
    mosquitto_destroy(m->lib);
    SSL_CTX_free(m->tls);
    free(m->host);
    free(m);
}

/* ---------------------------------------------------------------- connecting */

/* The library takes CONNECT properties only in its blocking call, and keeps them before it looks at the other
 * arguments: with a keep-alive that is out of range it refuses without connecting, and the call that does not
 * block then sends them. */
static void keep_properties(struct mqtt *m)
{
    enum { KEEPALIVE_OUT_OF_RANGE = 1 };
    mosquitto_property *properties = NULL;

    if (mosquitto_property_add_int32(&properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, PACKET_BYTES_MAX))
        abort();
    if (m->keep_session && mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, UINT32_MAX))
        abort();
    int rc = mosquitto_connect_bind_v5(m->lib, m->host, m->port, KEEPALIVE_OUT_OF_RANGE, NULL, properties);
    assert(rc == MOSQ_ERR_INVAL);
    (void)rc;
    mosquitto_property_free_all(&properties);
}

/* Best effort: a socket that takes neither works all the same. */
static void tune_socket(const struct mqtt *m)
{
    int fd = mosquitto_socket(m->lib);
    unsigned silence_ms = SILENCE_MS;

    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (m->port)
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence_ms, sizeof silence_ms);
}

/* Why the handshake cannot go on, or NULL while it can. error is what the last step left in errno. */
static const char *handshake_obstacle(const struct mqtt *m, int error)
{
    const SSL *ssl = mosquitto_ssl_get(m->lib);
    int pending = 0;
    socklen_t n = sizeof pending;

    if (getsockopt(mosquitto_socket(m->lib), SOL_SOCKET, SO_ERROR, &pending, &n) == 0 && pending)
        return strerror(pending);
    if (SSL_is_init_finished(ssl))
        return NULL;
    int state = SSL_get_error(ssl, -1);
    if (state == SSL_ERROR_WANT_READ || state == SSL_ERROR_WANT_WRITE)
        return NULL;
    return error ? strerror(error) : "connection lost during the TLS handshake";
}

int mqtt_connect(struct mqtt *m, struct fail *f)
{
    char text[128];

    assert(m->state == STATE_NEW);
    keep_properties(m);
    errno = 0;
    int rc = mosquitto_connect_async(m->lib, m->host, m->port, m->keepalive_s);
    int error = errno;
    const char *obstacle = NULL;
    if (rc > 0 || mosquitto_socket(m->lib) < 0)
        obstacle = explain(m, rc, error, text, sizeof text);
    else if (m->tls)
        obstacle = handshake_obstacle(m, error);
    if (obstacle) {
        m->state = STATE_OVER;
        snprintf(m->why, sizeof m->why, "%s", obstacle);
        return fail_set(f, FAIL_PEER, "connecting to %s port %d: %s", m->host, m->port, m->why);
    }
    tune_socket(m);
    m->state = m->tls && !SSL_is_init_finished(mosquitto_ssl_get(m->lib)) ? STATE_TLS : STATE_CONNACK;
    m->heard_ms = m->said_ms = now_ms();
    return 0;
}

static int shake_hands(struct mqtt *m, struct fail *f)
{
    errno = 0;
    int rc = mosquitto_loop_read(m->lib, 1);
    int error = errno;

    if (rc || mosquitto_socket(m->lib) < 0)
        return settle(m, rc, error, f);
    if (SSL_is_init_finished(mosquitto_ssl_get(m->lib))) {
        m->state = STATE_CONNACK;
        return mqtt_write(m, f); /* the CONNECT was waiting for it */
    }
    const char *obstacle = handshake_obstacle(m, error);
    if (!obstacle)
        return 0;
    end_session(m, -1, obstacle);
    return fail_over(m, f);
}

/* ---------------------------------------------------------------- the loop */

int mqtt_fd(const struct mqtt *m)
{
    return m->state == STATE_NEW || m->state == STATE_OVER ? -1 : mosquitto_socket(m->lib);
}

bool mqtt_wants_write(const struct mqtt *m)
{
    if (m->state == STATE_NEW || m->state == STATE_OVER)
        return false;
    if (m->state == STATE_TLS)
        return SSL_want_write(mosquitto_ssl_get(m->lib));
    return mosquitto_want_write(m->lib);
}

int64_t mqtt_misc_due_ms(const struct mqtt *m)
{
    if (m->state != STATE_UP)
        return (int64_t)m->keepalive_s * 1000;
    /* The library counts in whole seconds: one more, and it agrees that the time has come. */
    int64_t quiet_since = m->heard_ms < m->said_ms ? m->heard_ms : m->said_ms;
    int64_t due_ms = quiet_since + (int64_t)m->keepalive_s * 1000 + 1000 - now_ms();
    return due_ms > 0 ? due_ms : 0;
}

/* Reads packets until the socket is empty, the cap is reached, or the session ends. */
static int read_packets(struct mqtt *m)
{
    int rc = MOSQ_ERR_SUCCESS;

    for (unsigned i = 0, before = m->packets - 1; i < MQTT_READ_PACKETS && rc == MOSQ_ERR_SUCCESS; i++) {
        SSL *ssl = mosquitto_ssl_get(m->lib);

        if (m->packets == before && !(ssl && SSL_pending(ssl) > 0))
            break;
        before = m->packets;
        errno = 0;
        rc = mosquitto_loop_read(m->lib, 1);
        if (m->state == STATE_OVER || mosquitto_socket(m->lib) < 0)
            break;
    }
    return rc;
}

int mqtt_read(struct mqtt *m, struct fail *f)
{
    if (m->state == STATE_TLS)
        return shake_hands(m, f);
    if (mqtt_fd(m) < 0)
        return fail_over(m, f);
    int rc = read_packets(m);
    int error = errno;
    m->heard_ms = now_ms();
    if (settle(m, rc, error, f))
        return -1;
    return m->deferred_ack || !mosquitto_want_write(m->lib) ? 0 : mqtt_write(m, f);
}

int mqtt_write(struct mqtt *m, struct fail *f)
{
    if (m->state == STATE_TLS)
        return shake_hands(m, f);
    if (mqtt_fd(m) < 0)
        return fail_over(m, f);
    if (!mosquitto_want_write(m->lib))
        return 0;
    int rc = mosquitto_loop_write(m->lib, 1);
    int error = errno;
    m->said_ms = now_ms();
    return settle(m, rc, error, f);
}

int mqtt_misc(struct mqtt *m, struct fail *f)
{
    if (mqtt_fd(m) < 0)
        return fail_over(m, f);
    if (m->state != STATE_UP)
        return 0;
    int64_t due_ms = mqtt_misc_due_ms(m);
    int rc = mosquitto_loop_misc(m->lib);
    if (settle(m, rc, 0, f))
        return -1;
    if (due_ms == 0)
        m->heard_ms = m->said_ms = now_ms(); /* the library starts both counts anew with its ping */
    return m->deferred_ack ? 0 : mqtt_write(m, f);
}

void mqtt_disconnect(struct mqtt *m)
{
    struct fail ignored;

    if (m->state == STATE_UP) {
        mosquitto_disconnect(m->lib);
        if (mqtt_write(m, &ignored))
            return; /* told through disconnected */
    } else if (m->state != STATE_NEW) {
        end_session(m, 0, "disconnected");
    }
}

/* ---------------------------------------------------------------- sending */

static int fail_rc(int rc, const char *what, struct fail *f)
{
    if (rc == MOSQ_ERR_NOMEM)
        abort();
    enum fail_code code = rc == MOSQ_ERR_OVERSIZE_PACKET || rc == MOSQ_ERR_PAYLOAD_SIZE ? FAIL_LIMIT : FAIL_PEER;
    return fail_set(f, code, "%s: %s", what, mosquitto_strerror(rc));
}

int mqtt_subscribe(struct mqtt *m, const char *filter, int qos, struct fail *f)
{
    if (m->state != STATE_UP)
        return fail_over(m, f);
    int rc = mosquitto_subscribe_v5(m->lib, NULL, filter, qos, 0, NULL);
    return rc ? fail_rc(rc, filter, f) : 0;
}

int mqtt_publish(
    struct mqtt *m, const char *topic, const void *payload, size_t bytes, int qos, int *ret_id, struct fail *f)
{
    int id;

    assert(qos == 0 || qos == 1);
    if (m->state != STATE_UP)
        return fail_over(m, f);
    int rc = mosquitto_publish_v5(m->lib, &id, topic, (int)bytes, payload, qos, false, NULL);
    if (rc)
        return fail_rc(rc, topic, f);
    if (ret_id)
        *ret_id = id;
    return 0;
}
