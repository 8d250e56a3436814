/* peers.h: the applications that are connected to the agent's socket: who they are, whose turn it is, how much each may
 * ask. It moves packets and knows nothing of what is in them.
 *
 * Fair: each connection in turn gives one packet; a connection may ask rate_per_s times a second (burst at once), all
 * connections of one user together four times that; when there are too many connections, the user who holds most of
 * them loses the one that was quiet longest. On the agent's loop and thread; nothing blocks but peers_open(). */
#ifndef FAULTLINE_PEERS_H
#define FAULTLINE_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fail.h"
#include "times.h"

struct event_base;

enum {
    PEERS_PATH_BYTES = 108, /* sun_path of sockaddr_un */
    PEERS_GROUP_BYTES = 33,
    PEERS_MAX = 64,       /* connections, at most */
    PEERS_USER_SHARE = 4, /* a user's rate is that of so many connections */
};

struct peers_settings {
    char path[PEERS_PATH_BYTES];
    char group[PEERS_GROUP_BYTES]; /* of the socket; "" = the process's own */
    mode_t mode;                   /* of the socket */
    int64_t max_connections;       /* 1 … PEERS_MAX */
    int64_t rate_per_s, burst;     /* requests of one connection */
};

struct peer;
struct peers;

struct peer_name {
    pid_t pid;
    uid_t uid;
};

/* Listens at s->path (s is borrowed for the life of the result), in a folder that is made if its parent exists. A socket
 * left by an agent that died is replaced. on_packets(ctx) is called from the loop when peers_next() has something.
 * FAIL_CONFLICT: another process listens there, or the path is no socket; FAIL_SETTINGS: no such group; FAIL_IO. */
must_check int peers_open(const struct peers_settings *s, struct event_base *base, const struct clock *clock,
    void (*on_packets)(void *ctx), void *ctx, struct peers **ret, struct fail *f);

/* Closes all connections and removes the socket. NULL is fine. */
void peers_close(struct peers *p);

/* Takes the next packet into buf. ret_bytes is the packet's own length, also when that is more than cap and the rest is
 * lost. ret_wait_ms > 0: this peer asks too often, and may ask again then. ret_peer stays valid until peers_sweep().
 * False: nothing (more) to read. */
bool peers_next(
    struct peers *p, char *buf, size_t cap, size_t *ret_bytes, struct peer **ret_peer, uint32_t *ret_wait_ms);

/* Answers, also a peer that has closed its side of the connection; one that does not read its answers is dropped. */
void peers_answer(struct peer *peer, const char *bytes, size_t n);

/* Frees the peers that went away since the last call. Call after each run of peers_next(). */
void peers_sweep(struct peers *p);

struct peer_name peers_name(const struct peer *peer);

#endif
