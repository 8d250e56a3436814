/* lingers.h: sockets that are done but may not be closed yet.
 *
 * Closing a socket with unread bytes resets the connection and may destroy the last answer on its way (RFC 9112, 9.6).
 * So after a refusal the socket is kept a little, its input thrown away, until the client has closed as well.
 * Belongs to the thread of the event base; nothing blocks. */
#ifndef FAULTLINE_LINGERS_H
#define FAULTLINE_LINGERS_H

struct event_base;
struct lingers;

struct lingers *lingers_new(struct event_base *base);
void lingers_free(struct lingers *l); /* closes those that are left; NULL is fine */

/* Keeps a copy of fd, which the caller is about to shut down for writing and to close. */
void lingers_add(struct lingers *l, int fd);
unsigned lingers_count(const struct lingers *l);

#endif
