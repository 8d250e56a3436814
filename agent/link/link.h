/* link.h: the way from the spool to the collector and back: one MQTT session at a time in the caller's event loop.
 *
 * What is sent when, and what a receipt means, is decided by link_machine.h; this does it. Records stay in the spool
 * until a receipt covers them. The link wakes up only for traffic, for its next deadline, and for keep-alive.
 * One thread; reads and writes the spool (blocks on the disk), nothing else blocks. */
#ifndef FAULTLINE_LINK_H
#define FAULTLINE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "fail.h"
#include "mqtt.h"
#include "record.h"
#include "spool.h"
#include "times.h"

struct event_base; /* libevent */

/* Texts are borrowed for the link's life. */
struct link_settings {
    const char *host;
    int port; /* 0 = host is the path of a Unix socket */
    struct mqtt_tls tls;
    const char *device_id;
    int keepalive_s;
    int64_t backoff_max_ms;
    int64_t resend_max_ms;
    bool remote_clear; /* the collector may clear faults here */
};

/* What the link needs of the rest of the agent. All may write to the spool; none may free the link. */
struct link_hooks {
    void *ctx;
    /* Puts a snapshot of all faults into the spool. needed: somebody asked for it, so the last one does not do,
     * and the inventory goes before it. */
    int (*snapshot)(void *ctx, bool needed, struct fail *f);
    int (*clear)(void *ctx, const struct fault_key *key, const char *actor, struct fail *f);
    int (*lifecycle)(void *ctx, enum lifecycle_kind kind, const char *detail, struct fail *f);
    struct stamp (*now)(void *ctx);
    void (*stopped)(void *ctx); /* link_stop() is through */
};

struct link_env {
    struct event_base *base; /* borrowed, as all of these */
    const struct clock *clock;
    const struct rng *rng;
    struct spool *spool;
};

struct link;

struct link *link_new(const struct link_settings *s, const struct link_env *env, const struct link_hooks *hooks);
void link_free(struct link *l); /* NULL is fine. A session that is up ends without DISCONNECT */

/* A command that was carried out before the agent started. */
void link_note_command(struct link *l, uint64_t id);

/* The spool has something new. Cheap; the work is done from the loop. */
void link_wake(struct link *l);

/* Ends the session orderly and connects anew: certificates and addresses are read again. */
void link_reconnect(struct link *l);

/* The spool was opened anew. NULL: there is none for now; the link rests. */
void link_use_spool(struct link *l, struct spool *spool);

/* Sends what is there, for two seconds at most, says goodbye, and calls hooks.stopped from the loop. */
void link_stop(struct link *l);

#endif
