/* wire_client.c: see wire_client.h. Packet layouts: MQTT Version 5.0, OASIS Standard, chapter 3. */
#include "wire_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void stop(const char *why)
{
    fprintf(stderr, "load: %s (errno %d %s)\n", why, errno, strerror(errno));
    exit(1);
}

SSL_CTX *wire_client_tls(const char *dir, const char *id)
{
    char path[512];
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    snprintf(path, sizeof path, "%s/device-ca.pem", dir);
    if (SSL_CTX_load_verify_locations(ctx, path, NULL) != 1)
        stop(path);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    snprintf(path, sizeof path, "%s/%s.pem", dir, id);
    if (SSL_CTX_use_certificate_chain_file(ctx, path) != 1)
        stop(path);
    snprintf(path, sizeof path, "%s/%s.key", dir, id);
    if (SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) != 1)
        stop(path);
    return ctx;
}

/* ---------------------------------------------------------------- packets out */

static size_t put_length(uint8_t *at, size_t n)
{
    size_t used = 0;

    do {
        at[used] = n & 0x7f;
        n >>= 7;
        if (n)
            at[used] |= 0x80;
        used++;
    } while (n);
    return used;
}

static size_t put_text(uint8_t *at, const char *text)
{
    size_t n = strlen(text);

    at[0] = (uint8_t)(n >> 8);
    at[1] = (uint8_t)n;
    memcpy(at + 2, text, n);
    return n + 2;
}

static void put_packet(struct wire_client *c, uint8_t type, const uint8_t *body, size_t n)
{
    uint8_t *at = c->out + c->out_used;

    if (c->out_used + n + 5 > CLIENT_OUT_BYTES)
        stop("the out buffer is full");
    *at++ = type;
    at += put_length(at, n);
    memcpy(at, body, n);
    c->out_used = (size_t)(at - c->out) + n;
}

static void put_connect(struct wire_client *c, const char *client_id)
{
    static const uint8_t head[] = {0, 4, 'M', 'Q', 'T', 'T', 5, 0x02 /* clean start */, 0, 0, 0 /* no properties */};
    uint8_t body[256];

    memcpy(body, head, sizeof head);
    put_packet(c, 0x10, body, sizeof head + put_text(body + sizeof head, client_id));
}

static void put_subscribe(struct wire_client *c, const char *filter, int qos)
{
    uint8_t body[256] = {0, 1, 0};
    size_t n = 3 + put_text(body + 3, filter);

    body[n++] = (uint8_t)qos;
    put_packet(c, 0x82, body, n);
}

bool wire_client_publish(struct wire_client *c, const char *topic, const uint8_t *payload, size_t n)
{
    size_t body_n = 2 + strlen(topic) + 2 + 1 + n;

    if (c->out_used + body_n + 5 > CLIENT_OUT_BYTES)
        return false;
    uint8_t *at = c->out + c->out_used;
    *at++ = 0x32; /* QoS 1 */
    at += put_length(at, body_n);
    at += put_text(at, topic);
    if (++c->next_id == 0)
        c->next_id = 1;
    *at++ = (uint8_t)(c->next_id >> 8);
    *at++ = (uint8_t)c->next_id;
    *at++ = 0; /* no properties */
    memcpy(at, payload, n);
    c->out_used = (size_t)(at - c->out) + n;
    c->unacked++;
    return true;
}

/* What a TLS call that gave nothing means, as errno. */
static int tls_errno(const struct wire_client *c, int rc)
{
    int why = SSL_get_error(c->ssl, rc);

    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
}

static ssize_t send_some(struct wire_client *c, const uint8_t *at, size_t n)
{
    if (!c->ssl)
        return send(c->fd, at, n, MSG_NOSIGNAL);
    int rc = SSL_write(c->ssl, at, (int)n);
    if (rc > 0)
        return rc;
    errno = tls_errno(c, rc);
    return -1;
}

void wire_client_flush(struct wire_client *c)
{
    size_t sent = 0;

    while (sent < c->out_used) {
        ssize_t n = send_some(c, c->out + sent, c->out_used - sent);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n < 0)
            stop("send");
        sent += (size_t)n;
    }
    memmove(c->out, c->out + sent, c->out_used - sent);
    c->out_used -= sent;
}

/* ---------------------------------------------------------------- packets in */

static ssize_t receive_some(struct wire_client *c, uint8_t *at, size_t n)
{
    if (!c->ssl)
        return recv(c->fd, at, n, 0);
    int rc = SSL_read(c->ssl, at, (int)n);
    if (rc > 0)
        return rc;
    errno = tls_errno(c, rc);
    return -1;
}

static void take_publish(struct wire_client *c, uint8_t flags, const uint8_t *at, size_t n)
{
    const uint8_t *end = at + n;
    size_t topic_n = (size_t)(at[0] << 8 | at[1]);

    at += 2 + topic_n;
    if (flags >> 1 & 3) { /* QoS 1: acknowledge by its packet id */
        put_packet(c, 0x40, at, 2);
        at += 2;
    }
    at += 1 + at[0]; /* properties: shorter than 128 bytes */
    c->on_message(c, at, (size_t)(end - at));
}

static void take_packet(struct wire_client *c, uint8_t first, const uint8_t *body, size_t n)
{
    switch (first >> 4) {
    case 2: /* CONNACK */
        if (n < 2 || body[1] != 0)
            stop("the broker refused the connection");
        break;
    case 3:
        take_publish(c, first & 0x0f, body, n);
        break;
    case 4: /* PUBACK */
        c->unacked--;
        if (c->on_puback)
            c->on_puback(c, n > 2 ? body[2] : 0);
        break;
    case 9: /* SUBACK */
        c->ready = true;
        break;
    default:
        stop("an unexpected packet");
    }
}

/* Takes whole packets from the in buffer; returns how many bytes they had. */
static size_t take_packets(struct wire_client *c)
{
    size_t at = 0;

    for (;;) {
        size_t length = 0, head = 1;
        unsigned shift = 0;

        do {
            if (at + head >= c->in_used)
                return at;
            length |= (size_t)(c->in[at + head] & 0x7f) << shift;
            shift += 7;
        } while (c->in[at + head++] & 0x80);
        if (at + head + length > c->in_used)
            return at;
        take_packet(c, c->in[at], c->in + at + head, length);
        at += head + length;
    }
}

void wire_client_read(struct wire_client *c)
{
    for (;;) {
        size_t room = CLIENT_IN_BYTES - c->in_used;
        ssize_t n = receive_some(c, c->in + c->in_used, room);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0)
            stop("the broker closed a connection");
        c->in_used += (size_t)n;
        size_t taken = take_packets(c);
        memmove(c->in, c->in + taken, c->in_used - taken);
        c->in_used -= taken;
        if (!c->ssl && (size_t)n < room)
            return; /* a short read: the socket is empty */
    }
}

/* ---------------------------------------------------------------- life */

void wire_client_open(
    struct wire_client *c, int port, SSL_CTX *ssl_ctx, const char *client_id, const char *filter, int sub_qos)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
        stop("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (ssl_ctx) {
        c->ssl = SSL_new(ssl_ctx);
        SSL_set_fd(c->ssl, c->fd);
        SSL_set_mode(c->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        if (SSL_connect(c->ssl) != 1)
            stop("TLS handshake");
    }
    put_connect(c, client_id);
    put_subscribe(c, filter, sub_qos);
    fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK);
    wire_client_flush(c);
}

void wire_client_close(struct wire_client *c)
{
    SSL_free(c->ssl);
    close(c->fd);
}
