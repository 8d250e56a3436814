/* codec.c: the guards that codec.h promises, around codec_pb.h.
 *
 * Decoding: size, wire scan, unpack into the arena, rules across fields. Encoding: count caps, rules across
 * fields, pack, and the same wire scan over what was packed, so that nothing leaves that the other side would
 * refuse. */
#include "codec.h"

#include <assert.h>
#include <string.h>

#include "bounds.h"
#include "cleanup.h"
#include "codec_pb.h"
#include "validate.h"
#include "wirescan.h"

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---------------------------------------------------------------- encode */

static int check_count(const char *name, size_t count, size_t max, struct fail *f)
{
    if (count > max)
        return fail_set(f, FAIL_LIMIT, "%s: %zu, at most %zu allowed", name, count, max);
    return 0;
}

static int check_record_counts(const struct record *r, struct fail *f)
{
    switch (r->kind) {
    case RECORD_FAULT:
        return check_count("fault: frame", r->fault.frame_count, BOUND_FRAME_VALUES, f);
    case RECORD_SNAPSHOT:
        return check_count("snapshot: faults", r->snapshot.fault_count, BOUND_SNAPSHOT_FAULTS, f);
    case RECORD_HEALTH:
        return check_count("health: measures", r->health.measure_count, BOUND_HEALTH_MEASURES, f);
    case RECORD_INVENTORY:
        if (check_count("inventory: firmware", r->inventory.firmware_count, BOUND_FIRMWARE, f) < 0)
            return -1;
        return check_count("inventory: parts", r->inventory.part_count, BOUND_PARTS, f);
    default:
        return 0;
    }
}

static int check_room(size_t n, size_t cap, struct fail *f)
{
    return n > cap ? fail_set(f, FAIL_LIMIT, "%zu bytes encoded, at most %zu allowed", n, cap) : 0;
}

int codec_record_encode(const struct record *r, uint8_t *buf, size_t cap, size_t *ret_bytes, struct fail *f)
{
    size_t n;

    if (check_record_counts(r, f) < 0 || validate_record(r, f) < 0)
        return -1;
    cap = min_size(cap, BOUND_RECORD_BYTES);
    n = codec_pb_pack_record(r, buf, cap);
    if (check_room(n, cap, f) < 0 || wirescan_record(buf, n, f) < 0)
        return -1;
    *ret_bytes = n;
    return 0;
}

size_t codec_uplink_begin(const struct uplink *u, uint8_t *buf, size_t cap)
{
    size_t n = codec_pb_pack_uplink_head(u, buf, cap);

    return n > cap ? 0 : n;
}

static size_t put_varint(uint8_t *to, uint64_t v)
{
    size_t n = 0;

    for (; v >= 0x80; v >>= 7)
        to[n++] = (uint8_t)(v | 0x80);
    to[n++] = (uint8_t)v;
    return n;
}

size_t codec_uplink_add(uint8_t *buf, size_t used, size_t cap, const uint8_t *record, size_t record_bytes)
{
    uint8_t head[1 + 5] = {5 << 3 | 2}; /* field 5, length-delimited; then the length as a varint */

    if (record_bytes > BOUND_RECORD_BYTES)
        return 0;
    size_t head_bytes = 1 + put_varint(head + 1, record_bytes);
    if (used + head_bytes + record_bytes > min_size(cap, BOUND_UPLINK_BYTES))
        return 0;
    memcpy(buf + used, head, head_bytes);
    memcpy(buf + used + head_bytes, record, record_bytes);
    return used + head_bytes + record_bytes;
}

/* Fields stand in the order of their numbers; lane 0 is left out. */
size_t codec_record_renumber(uint8_t *bytes, size_t n, uint64_t number)
{
    enum { TAG_LANE = 1 << 3, TAG_NUMBER = 2 << 3 };
    size_t at = bytes[0] == TAG_LANE ? 3 : 1, end = at;

    assert(bytes[at - 1] == TAG_NUMBER);
    while (bytes[end++] & 0x80)
        ;
    uint8_t *rest = bytes + at + put_varint(bytes + at, number);
    memmove(rest, bytes + end, n - end);
    return (size_t)(rest - bytes) + n - end;
}

static int check_receipt_counts(const struct receipt *r, struct fail *f)
{
    if (check_count("lanes", r->lane_count, LANE_COUNT, f) < 0 ||
        check_count("verdicts", r->verdict_count, BOUND_RECEIPT_VERDICTS, f) < 0)
        return -1;
    return check_count("commands", r->command_count, BOUND_RECEIPT_COMMANDS, f);
}

int codec_receipt_encode(const struct receipt *r, uint8_t *buf, size_t cap, size_t *ret_bytes, struct fail *f)
{
    size_t n;

    if (check_receipt_counts(r, f) < 0 || validate_receipt(r, f) < 0)
        return -1;
    cap = min_size(cap, BOUND_RECEIPT_BYTES);
    n = codec_pb_pack_receipt(r, buf, cap);
    if (check_room(n, cap, f) < 0 || wirescan_receipt(buf, n, f) < 0)
        return -1;
    *ret_bytes = n;
    return 0;
}

/* ---------------------------------------------------------------- decode */

/* Unpacking what the scan has passed can only fail for room; if protobuf-c should ever read the wire
 * differently from the scan, the message is refused just the same. */
static int arena_full(const struct arena *arena, struct fail *f)
{
    return fail_set(f, FAIL_LIMIT, "decoded form: more than the arena's %zu bytes", arena->size);
}

/* A message of another protocol may not even scan, so its number is looked at first. Writers put field 1
 * first. */
static int check_protocol(const uint8_t *bytes, size_t n, struct fail *f)
{
    enum { TAG_PROTOCOL = 1 << 3 | 0 };

    if (n >= 2 && bytes[0] == TAG_PROTOCOL && bytes[1] != WIRE_PROTOCOL)
        return fail_set(f, FAIL_NEWER, "protocol: not %d", WIRE_PROTOCOL);
    return 0;
}

static int decode_uplink(const uint8_t *bytes, size_t n, struct arena *arena, struct uplink *ret, struct fail *f)
{
    struct wire_span spans[BOUND_UPLINK_RECORDS] uncleared;
    size_t span_count;

    if (check_protocol(bytes, n, f) < 0 || wirescan_uplink(bytes, n, spans, &span_count, f) < 0)
        return -1;
    if (!codec_pb_unpack_uplink(bytes, n, arena, ret))
        return arena_full(arena, f);
    assert(ret->record_count == span_count);
    for (size_t i = 0; i < span_count; i++) {
        ret->records[i].encoded = spans[i].bytes;
        ret->records[i].encoded_bytes = spans[i].n;
    }
    return validate_uplink(ret, f);
}

static int decode_record(const uint8_t *bytes, size_t n, struct arena *arena, struct record *ret, struct fail *f)
{
    if (wirescan_record(bytes, n, f) < 0)
        return -1;
    if (!codec_pb_unpack_record(bytes, n, arena, ret))
        return arena_full(arena, f);
    ret->encoded = bytes;
    ret->encoded_bytes = n;
    return validate_record(ret, f);
}

static int decode_receipt(const uint8_t *bytes, size_t n, struct arena *arena, struct receipt *ret, struct fail *f)
{
    if (check_protocol(bytes, n, f) < 0 || wirescan_receipt(bytes, n, f) < 0)
        return -1;
    if (!codec_pb_unpack_receipt(bytes, n, arena, ret))
        return arena_full(arena, f);
    return validate_receipt(ret, f);
}

/* On failure the arena is as it was, and *ret is untouched. */
#define DECODE(type, decode)                                                                                           \
    struct type decoded;                                                                                               \
    size_t used_before = arena->used;                                                                                  \
    if (decode(bytes, n, arena, &decoded, f) < 0) {                                                                    \
        arena->used = used_before;                                                                                     \
        return -1;                                                                                                     \
    }                                                                                                                  \
    *ret = decoded;                                                                                                    \
    return 0

int codec_uplink_decode(const uint8_t *bytes, size_t n, struct arena *arena, struct uplink *ret, struct fail *f)
{
    DECODE(uplink, decode_uplink);
}

int codec_record_decode(const uint8_t *bytes, size_t n, struct arena *arena, struct record *ret, struct fail *f)
{
    DECODE(record, decode_record);
}

int codec_receipt_decode(const uint8_t *bytes, size_t n, struct arena *arena, struct receipt *ret, struct fail *f)
{
    DECODE(receipt, decode_receipt);
}
