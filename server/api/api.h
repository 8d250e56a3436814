/* api.h: the collector's HTTP side: one loop thread that accepts and answers, two reader threads that ask the store.
 *
 * What it serves stands in openapi.json (served at /api/v1/openapi.json). Every route but /livez and /readyz wants
 * "Authorization: Bearer TOKEN"; without a tokens file nobody gets in. It only reads: nothing here writes to the store.
 *
 *     api_start(&settings, &store, &host, &clock_system, &api, &f)
 *     …  after each commit that added events: api_events_changed(api)
 *     …  on SIGHUP: api_reload(api)
 *     api_stop(api) */
#ifndef FAULTLINE_API_H
#define FAULTLINE_API_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "fail.h"
#include "store.h"
#include "times.h"

/* Section `http` of the collector's settings. */
struct api_settings {
    char address[160];     /* "127.0.0.1:8480", "[::1]:8480" (port 0 = any free one), "unix:/run/faultline/http.sock" */
    char tokens_file[256]; /* "" = none: only /livez and /readyz answer */
    char tls_cert[256];    /* PEM chain; "" = plain HTTP, which is refused on an address that is not loopback */
    char tls_key[256];
    bool behind_proxy;          /* a proxy in front does TLS: plain HTTP on any address, no cap per peer address */
    bool metrics_public;        /* /metrics without a token */
    int64_t request_timeout_ms; /* from the first byte of a request to its last */
    int64_t idle_timeout_ms;    /* between two requests of a connection */
    int64_t event_ping_ms;      /* a comment line on event streams */
    int64_t max_connections;
    int64_t max_connections_per_address;
    int64_t max_body_bytes;
};

/* For struct conf_section.keys; offsets are into struct api_settings. */
extern const struct conf_key api_conf_keys[];

/* One sample of /metrics. name without "faultline_" and, for a counter, without "_total"; base units in the name
 * ("_seconds", "_bytes"). label NULL = none; never a device id. Samples of one name follow each other. */
struct api_metric {
    const char *name, *help;
    enum { API_COUNTER, API_GAUGE } kind;
    const char *label, *label_value;
    double value;
};

/* What the api asks of the process around it. Called from any of its threads, several at a time; must not block.
 * NULL members are not called. */
struct api_host {
    void *ctx;
    /* Calls emit(sink, m) for each sample; m is borrowed until emit returns. */
    void (*metrics)(void *ctx, void (*emit)(void *sink, const struct api_metric *m), void *sink);
    /* NULL = ready; else one word that says what is missing ("broker"), a literal. */
    const char *(*unready)(void *ctx);
    /* Changes who may report. Blocks until the commit, unlike the others. FAIL_NOT_FOUND: no such device; FAIL_CONFLICT:
     * not now; else the store failed. */
    int (*set_registration)(void *ctx, const struct registration_change *change, struct fail *f);
};

struct api;

/* Whether the settings fit together, without opening anything. FAIL_SETTINGS, as api_start() would. */
must_check int api_check(const struct api_settings *s, struct fail *f);

/* Binds, reads the tokens file, starts the threads. Settings, the store's texts and the host are copied; clock is
 * borrowed until api_stop(). The store's schema must exist (open the writing handle first).
 * FAIL_SETTINGS: a public address without TLS or behind_proxy, a bad address, a tokens file that is broken or that
 * everybody may read, a certificate that does not fit its key. FAIL_IO: the address cannot be bound. */
must_check int api_start(const struct api_settings *settings, const struct store_settings *store,
    const struct api_host *host, const struct clock *clock, struct api **ret, struct fail *f);

/* Ends the event streams and joins the threads; blocks as long as the longest running query. NULL is fine. */
void api_stop(struct api *api);

/* Where it listens, with the port that was really bound: "127.0.0.1:40123". Valid until api_stop(). */
const char *api_address(const struct api *api);

/* New rows stand in the event table: wakes the event streams. Any thread; never blocks. */
void api_events_changed(struct api *api);

/* Reads tokens and certificate again; what is broken is logged and the old ones stay. Any thread; never blocks. */
void api_reload(struct api *api);

#endif
