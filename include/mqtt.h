/* mqtt.h: one MQTT 5 session on a socket that the caller's event loop watches.
 *
 * The only door to libmosquitto, and the place where what that library does wrong is kept away from the rest: no thread
 * and no loop of its own, never a reconnect by itself, our own TLS 1.3 context with host name check (mqtt_tls.h), every
 * set-up error fatal, errno saved around callbacks, SIGPIPE ignored.
 *
 * A session is made, connected once, and freed; to reconnect, make a new one. All functions belong to one thread.
 * mqtt_connect() blocks on name resolution unless it is given an address; nothing else blocks.
 *
 * Nothing is written to the socket behind the caller's back: mqtt_publish(), mqtt_subscribe(), and with
 * deferred_ack also the PUBACKs of what mqtt_read() delivered, wait for the next mqtt_write(). */
#ifndef FAULTLINE_MQTT_H
#define FAULTLINE_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"

struct mqtt_tls {
    const char *ca_file;   /* the only trust anchors */
    const char *cert_file; /* our certificate, then its chain */
    const char *key_file;
    const char *crl_file; /* "" = no revocation list */
};

struct mqtt_settings {
    const char *host;           /* name or address; checked against the certificate */
    const char *address;        /* numeric address to connect to; NULL = look host up, which blocks */
    int port;                   /* 0 = host is the path of a Unix socket, without TLS */
    const struct mqtt_tls *tls; /* NULL = plain; refused when host is not loopback and port is not 0. Ignored
                                   when port is 0 */
    const char *client_id;
    const char *username, *password; /* "" = none */
    int keepalive_s;                 /* 5 … 65535 */
    bool keep_session;               /* clean start off, session expiry 0xffffffff */
    bool deferred_ack;               /* PUBACKs wait for mqtt_write(): acknowledge after commit */
    int receive_maximum;             /* messages the broker may leave unacknowledged towards us */
    const char *will_topic;          /* "" = no will; QoS 1 */
    const void *will;
    size_t will_bytes;
};

/* All are called from mqtt_read(), mqtt_write(), mqtt_misc() or mqtt_disconnect(), on the caller's thread;
 * ctx is the one given. Inside them mqtt_publish() and mqtt_subscribe() may be called, mqtt_free() may not. A
 * session ends with exactly one of refused and disconnected, unless mqtt_connect() failed or mqtt_free() came
 * first. */
struct mqtt_events {
    void (*connected)(void *ctx);                                  /* CONNACK 0 */
    void (*refused)(void *ctx, int reason, const char *text);      /* CONNACK ≥ 0x80; the session is over */
    void (*disconnected)(void *ctx, int reason, const char *text); /* reason: 0 = we asked for it, 0x80 … 0xff = what
                                                     the broker's DISCONNECT said, -1 = all else */
    void (*subscribed)(void *ctx, bool granted);
    void (*published)(void *ctx, int id, int reason); /* PUBACK; reason ≥ 0x80 = the broker refused it */
    void (*message)(void *ctx, const char *topic, const void *payload, size_t bytes);
};

struct mqtt;

/* Copies the settings' texts. Fails with FAIL_SETTINGS (unreadable or unfit certificate, key, CA, CRL: names
 * the file). */
must_check int mqtt_new(
    const struct mqtt_settings *s, const struct mqtt_events *events, void *ctx, struct mqtt **ret, struct fail *f);
void mqtt_free(struct mqtt *m); /* closes without DISCONNECT: the broker sends the will. NULL is fine */

/* Starts connecting; the outcome comes as connected or refused or disconnected. FAIL_PEER when it failed at
 * once. */
must_check int mqtt_connect(struct mqtt *m, struct fail *f);

/* Says DISCONNECT (the broker drops the will), behind what was published. What the socket does not take at
 * once goes out with further mqtt_write() calls until disconnected has been called; mqtt_free() earlier cuts
 * it short. */
void mqtt_disconnect(struct mqtt *m);

int mqtt_fd(const struct mqtt *m);           /* -1 when there is none */
bool mqtt_wants_write(const struct mqtt *m); /* watch for writability too; it may change with every call below */

/* How long mqtt_misc() (keep-alive) may wait from now, in ms: 0 … 2 × keep-alive. */
int64_t mqtt_misc_due_ms(const struct mqtt *m);

/* Called when the descriptor is readable / writable / mqtt_misc() due. -1 with FAIL_PEER when the connection
 * is gone (refused or disconnected has been called): the descriptor is closed or about to be, stop watching
 * it before anything else is opened. mqtt_read() takes what is there, at most MQTT_READ_PACKETS packets. */
enum { MQTT_READ_PACKETS = 256 };
must_check int mqtt_read(struct mqtt *m, struct fail *f);
must_check int mqtt_write(struct mqtt *m, struct fail *f);
must_check int mqtt_misc(struct mqtt *m, struct fail *f);

/* FAIL_PEER when not connected; the answer comes as subscribed. */
must_check int mqtt_subscribe(struct mqtt *m, const char *filter, int qos, struct fail *f);

/* Queues a message; mqtt_write() sends it. qos 0 or 1. ret_id may be NULL. FAIL_PEER when not connected,
 * FAIL_LIMIT when the broker takes no message of this size: nothing was queued. The queue has no bound of its
 * own: keep count of what published has not confirmed. */
must_check int mqtt_publish(
    struct mqtt *m, const char *topic, const void *payload, size_t bytes, int qos, int *ret_id, struct fail *f);

#endif
