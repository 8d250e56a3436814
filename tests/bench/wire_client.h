/* wire_client.h: the least MQTT 5 client that can load a broker: many connections on one epoll, packets put together in
 * place, plain or mutual TLS. For benchmarks only: it trusts what the broker sends and ends the process when that is
 * not what it expects. (libmosquitto's own loop is select(), three descriptors a client.) */
#ifndef FAULTLINE_WIRE_CLIENT_H
#define FAULTLINE_WIRE_CLIENT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENT_OUT_BYTES = 64 * 1024, CLIENT_IN_BYTES = 64 * 1024 };

struct wire_client {
    int fd;
    SSL *ssl;   /* NULL = plain */
    bool ready; /* the SUBACK came */
    uint16_t next_id;
    unsigned unacked; /* PUBLISHes without PUBACK */
    size_t out_used, in_used;
    uint8_t out[CLIENT_OUT_BYTES], in[CLIENT_IN_BYTES];
    void (*on_message)(struct wire_client *c, const uint8_t *payload, size_t n);
    void (*on_puback)(struct wire_client *c, int reason);
    void *user;
};

/* Connects (blocking), queues CONNECT and SUBSCRIBE to filter at sub_qos. ssl_ctx NULL = plain. */
void wire_client_open(
    struct wire_client *c, int port, SSL_CTX *ssl_ctx, const char *client_id, const char *filter, int sub_qos);
void wire_client_close(struct wire_client *c);

/* Queues one QoS 1 PUBLISH; false when there is no room. wire_client_flush() sends. */
bool wire_client_publish(struct wire_client *c, const char *topic, const uint8_t *payload, size_t n);
void wire_client_flush(struct wire_client *c);

/* Reads what is there and calls on_message and on_puback. */
void wire_client_read(struct wire_client *c);

/* A TLS 1.3 context with the certificate and key DIR/ID.pem, DIR/ID.key and the CA DIR/device-ca.pem. */
SSL_CTX *wire_client_tls(const char *dir, const char *id);

#endif
