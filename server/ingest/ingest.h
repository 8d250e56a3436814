/* ingest.h: the thread that owns the collector's MQTT session: read, decode, batch, hand to the writer, answer.
 *
 * Invariants
 *  1. A PUBACK leaves only after the commit of what it acknowledges: while a batch is open nothing is written to the
 *     broker (libmosquitto queues PUBACKs until mqtt_write()).
 *  2. A receipt leaves only after that commit, at QoS 0 (reply.h says why).
 *  3. After a store failure nothing is written any more: the session is cut, the broker sends everything again later.
 *  4. A lost connection is made anew with full jitter; the broker keeps the session. An open batch is dropped with the
 *     connection: it was not acknowledged. */
#ifndef FAULTLINE_INGEST_H
#define FAULTLINE_INGEST_H

#include "fail.h"
#include "metrics.h"
#include "times.h"
#include "writer.h"

struct ingest_settings {
    const char *address; /* "unix:/path", "host:port", "[address]:port" */
    const char *user;
    const char *client_id;
    const char *password_file;                             /* "" = none; its first line; read at each connect */
    const char *ca_file, *cert_file, *key_file, *crl_file; /* ca_file "" = no TLS */
};

struct ingest;

/* Checks the settings and starts the thread; it connects by itself, also when the broker is away for now.
 * settings' texts, writer, clock, rng and metrics are borrowed until ingest_stop(). FAIL_SETTINGS. */
must_check int ingest_start(const struct ingest_settings *settings, struct writer *writer, const struct clock *clock,
    const struct rng *rng, struct metrics *metrics, struct ingest **ret, struct fail *f);

/* Finishes the open batch, sends its receipts, says DISCONNECT, and ends the thread. NULL is fine. Blocks for at most
 * the commit and 2 s. */
void ingest_stop(struct ingest *i);

#endif
