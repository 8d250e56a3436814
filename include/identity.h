/* identity.h: device ids, shards and topics: the part of the wire contract that never changes. */
#ifndef FAULTLINE_IDENTITY_H
#define FAULTLINE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "bounds.h"

/* A device id: 1 to 64 of [A-Za-z0-9_-]. */
bool identity_is_valid(const char *id);

/* The shard of an id, 0 to 255: FNV-1a over its bytes, 32 bits, folded to 8 by xor of its four bytes.
 * Fixed for ever. "hub-1" is 0xb8, see tests/unit/common/identity.c for more. */
uint8_t identity_shard(const char *id);

enum { IDENTITY_TOPIC_BYTES = 16 + BOUND_DEVICE_ID };

/* "fl/1/b8/hub-1/up" and ".../down". id must be valid. Return topic. */
const char *identity_topic_up(const char *id, char topic[static IDENTITY_TOPIC_BYTES]);
const char *identity_topic_down(const char *id, char topic[static IDENTITY_TOPIC_BYTES]);

/* Takes an "up" topic apart. False unless it is exactly of that form, the id is valid and the shard is the id's own. */
bool identity_from_topic(const char *topic, uint8_t *ret_shard, char ret_id[static BOUND_DEVICE_ID + 1]);

#endif
