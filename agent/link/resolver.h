/* resolver.h: a host name to an address without stopping the loop.
 *
 * The system's resolver blocks for many seconds when there is no network, and applications wait for the agent's answer
 * at most one second. So each question runs in a short-lived thread of its own, which touches nothing but the question;
 * there is never more than one. All functions belong to the loop's thread; none blocks. */
#ifndef FAULTLINE_RESOLVER_H
#define FAULTLINE_RESOLVER_H

#include <stdbool.h>

struct event_base; /* libevent */

/* From the loop, once for each resolver_start() that was not cancelled. address: numeric; NULL = none, and why tells. */
typedef void resolver_done(void *ctx, const char *address, const char *why);

struct resolver;

struct resolver *resolver_new(struct event_base *base, resolver_done *done, void *ctx);
void resolver_free(struct resolver *r); /* NULL is fine; a thread that is still asking ends by itself */

/* Asks for an address of host; turn picks one when there are several (0 = the system's favourite). While a cancelled
 * question is still being asked its answer is taken. */
void resolver_start(struct resolver *r, const char *host, unsigned turn);
void resolver_cancel(struct resolver *r);

/* host is an address already. */
bool resolver_is_address(const char *host);

#endif
