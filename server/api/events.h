/* events.h: server-sent events: each client gets every row of the event table behind the one it names, then the new ones
 * as they are committed. Belongs to the HTTP loop thread; the table is read by pool jobs.
 *
 * Each client has its own place in the table. One job at a time reads behind the place of one client that is behind and
 * serves all that stand at the same place; the live ones do. A slow client gets the next events when it has taken the
 * last ones: it lags, and costs no memory. An event that is no longer kept (the table is trimmed) is told as
 * "event: gap". */
#ifndef FAULTLINE_EVENTS_H
#define FAULTLINE_EVENTS_H

#include <stdint.h>

#include "http.h"
#include "pool.h"

struct event_base;
struct events;

struct events *events_new(struct event_base *base, struct pool *pool, unsigned max_streams, int64_t ping_ms);

/* Ends all streams and takes no more. Jobs may still come back from the pool. */
void events_stop(struct events *e);
void events_free(struct events *e); /* behind pool_stop(); NULL is fine */

/* Answers x with a stream, for ever. last_event_id: of the last event the client has, "" = only new ones. False when
 * there are too many streams: x is still to be answered. */
must_check bool events_subscribe(struct events *e, struct http_exchange *x, const char *last_event_id);

/* The table grew. */
void events_wake(struct events *e);

/* Every client has to come again (their tokens may be gone). */
void events_end_all(struct events *e);

unsigned events_count(const struct events *e);

#endif
