/* codec_pb.h: bytes to and from the structs of record.h, without any judgement of them. Private to common:
 * codec.c holds the guards, and calls these only for what passed them. Nothing is allocated outside the
 * arena. */
#ifndef FAULTLINE_CODEC_PB_H
#define FAULTLINE_CODEC_PB_H

#include "arena.h"
#include "record.h"

/* Return the bytes needed; nothing is written when that is above cap. The lists must be within the caps of
 * bounds.h. */
size_t codec_pb_pack_record(const struct record *r, uint8_t *buf, size_t cap);
size_t codec_pb_pack_uplink_head(const struct uplink *u, uint8_t *buf, size_t cap); /* without u->records */
size_t codec_pb_pack_receipt(const struct receipt *r, uint8_t *buf, size_t cap);

/* For bytes that passed the wire scan. False when the arena is full; *ret is then half set. record.encoded is
 * NULL. */
bool codec_pb_unpack_uplink(const uint8_t *bytes, size_t n, struct arena *arena, struct uplink *ret);
bool codec_pb_unpack_record(const uint8_t *bytes, size_t n, struct arena *arena, struct record *ret);
bool codec_pb_unpack_receipt(const uint8_t *bytes, size_t n, struct arena *arena, struct receipt *ret);

#endif
