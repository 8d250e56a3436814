/* codec.h: records, uplinks and receipts to bytes and back, as proto/faultline.proto defines them.
 *
 * The only door to protobuf-c. Decoding is guarded: size cap, a scan of the wire bytes for depth,
 * list counts, unknown bytes, ranges, texts, enums and what is required before anything is unpacked, all memory from the
 * caller's arena, and the rules across fields afterwards. Encoding applies the same rules, so what encodes also decodes.
 * Texts are UTF-8 without control characters; ns, bus and behind are [A-Za-z0-9._:-], code is [A-Za-z0-9._-]; ns, code,
 * the names of values and measures, epoch, session, numbers and command ids are never empty or 0; numbers and times are
 * within BOUND_EXACT. Nothing here keeps state, blocks, or allocates outside the arena. Any thread.
 *
 * Fails: FAIL_INPUT (not the wire format, or a value out of range: the text names the field), FAIL_LIMIT (a cap of
 * bounds.h: the text names the field), FAIL_NEWER (protocol other than 1): "records[3]: fault: code: 33 bytes, at most
 * 32 allowed". The arena is then as it was. */
#ifndef FAULTLINE_CODEC_H
#define FAULTLINE_CODEC_H

#include "arena.h"
#include "bounds.h"
#include "fail.h"
#include "record.h"

/* Encodes one record into buf (r->encoded is not read). FAIL_LIMIT when it needs more than cap or BOUND_RECORD_BYTES, or
 * breaks a cap of bounds.h. */
must_check int codec_record_encode(const struct record *r, uint8_t *buf, size_t cap, size_t *ret_bytes, struct fail *f);

/* An uplink is put together from records that are already encoded, so a spooled record is never encoded twice:
 * codec_uplink_begin() writes all but the records (u->records is not read), then each codec_uplink_add() appends one.
 * Both return the new length, or 0 when the result would exceed cap. */
size_t codec_uplink_begin(const struct uplink *u, uint8_t *buf, size_t cap);
size_t codec_uplink_add(uint8_t *buf, size_t used, size_t cap, const uint8_t *record, size_t record_bytes);

/* Gives a record of codec_record_encode() another number, not above the one it has: n bytes become at most as many.
 * Returns how many. The range of a loss record is not touched. */
size_t codec_record_renumber(uint8_t *bytes, size_t n, uint64_t number);

/* Decodes and checks an uplink. An arena of BOUND_ARENA_BYTES always has room for what the codec encoded; several
 * messages may share a larger one. ret points into the arena and, for record.encoded, into bytes. A single bad record
 * refuses the whole message: a correct agent never sends one.
 * Beyond ranges it promises: records ascend by number within each lane, lane and kind fit together (health and its
 * losses on LANE_HEALTH, all else on LANE_FAULT), death goes without records, loss.last equals the record's number. */
must_check int codec_uplink_decode(
    const uint8_t *bytes, size_t n, struct arena *arena, struct uplink *ret, struct fail *f);

/* Decodes one record that codec_record_encode() made (spool, tests). */
must_check int codec_record_decode(
    const uint8_t *bytes, size_t n, struct arena *arena, struct record *ret, struct fail *f);

must_check int codec_receipt_encode(
    const struct receipt *r, uint8_t *buf, size_t cap, size_t *ret_bytes, struct fail *f);
must_check int codec_receipt_decode(
    const uint8_t *bytes, size_t n, struct arena *arena, struct receipt *ret, struct fail *f);

#endif
