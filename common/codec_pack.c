/* codec_pack.c: the structs of record.h to bytes by protobuf-c. See codec_pb.h. */
#include <assert.h>
#include <stdalign.h>

#include "bounds.h"
#include "cleanup.h"
#include "codec_fields.h"
#include "codec_pb.h"

/* protobuf-c's structs are not const, though packing only reads them. */
static char *pb_text(const char *text)
{
    union {
        const char *in;
        char *out;
    } cast = {.in = text};

    return cast.out;
}

/* For TEXT. */
#define LEND(field) to->field = pb_text(from->field);

/* ---------------------------------------------------------------- to protobuf-c */

/* Holds protobuf-c's structs while one message is packed. The largest is a snapshot of 64 faults at 232 + 8 bytes. */
struct scratch {
    struct arena arena;
    alignas(max_align_t) unsigned char bytes[20 * 1024];
};

static void *scratch_take(struct arena *scratch, size_t n)
{
    void *p = arena_take(scratch, n);

    assert(p); /* counts were checked before; see struct scratch */
    return p;
}

#define TO_PB(name, message, type, FIELDS)                                                                             \
    static void name##_to_pb(struct arena *scratch, const struct type *from, PB(message) *to)                          \
    {                                                                                                                  \
        (void)scratch;                                                                                                 \
        FIELDS(LEND, COPY)                                                                                             \
    }

/* protobuf-c wants an array of pointers to messages. */
#define LIST_TO_PB(name, message, init, type)                                                                          \
    static PB(message) **name##s_to_pb(struct arena *scratch, const struct type *from, size_t count)                   \
    {                                                                                                                  \
        PB(message) **list = scratch_take(scratch, count * sizeof(void *));                                            \
        PB(message) *to = scratch_take(scratch, count * sizeof *to);                                                   \
                                                                                                                       \
        for (size_t i = 0; i < count; i++) {                                                                           \
            faultline__v1__##init##__init(&to[i]);                                                                     \
            name##_to_pb(scratch, &from[i], &to[i]);                                                                   \
            list[i] = &to[i];                                                                                          \
        }                                                                                                              \
        return list;                                                                                                   \
    }

TO_PB(key, Fault, fault_key, KEY_FIELDS)
TO_PB(value, Value, frame_value, VALUE_FIELDS)
TO_PB(measure, Measure, measure, MEASURE_FIELDS)
TO_PB(part, Part, part, PART_FIELDS)
TO_PB(firmware, Firmware, firmware, FIRMWARE_FIELDS)
TO_PB(lifecycle, Lifecycle, lifecycle, LIFECYCLE_FIELDS)
TO_PB(loss, Loss, loss, LOSS_FIELDS)
TO_PB(lane, LaneReceipt, lane_receipt, LANE_FIELDS)
TO_PB(verdict, Verdict, verdict, VERDICT_FIELDS)
LIST_TO_PB(value, Value, value, frame_value)
LIST_TO_PB(measure, Measure, measure, measure)
LIST_TO_PB(part, Part, part, part)
LIST_TO_PB(firmware, Firmware, firmware, firmware)
LIST_TO_PB(lane, LaneReceipt, lane_receipt, lane_receipt)
LIST_TO_PB(verdict, Verdict, verdict, verdict)

static void stamp_to_pb(const struct stamp *from, PB(Stamp) *to)
{
    faultline__v1__stamp__init(to);
    to->boot = from->boot;
    to->monotonic_ms = (uint64_t)from->mono.ms;
    to->wall_ms = from->wall.ms;
    to->quality = (PB(ClockQuality))from->quality;
}

static void fault_to_pb(struct arena *scratch, const struct fault_report *from, PB(Fault) *to)
{
    key_to_pb(scratch, &from->key, to);
    FAULT_FIELDS(LEND, COPY)
    to->lamps = from->lamps == LAMPS_NONE ? 0 : (uint32_t)from->lamps + 1;
    to->source_occurrences = from->source_occurrences == OCCURRENCES_NONE ? 0 : (uint32_t)from->source_occurrences + 1;
    to->n_frame = from->frame_count;
    to->frame = values_to_pb(scratch, from->frame, from->frame_count);
    to->raw.len = from->raw_bytes;
    to->raw.data = (uint8_t *)pb_text((const char *)from->raw);
}

LIST_TO_PB(fault, Fault, fault, fault_report)

static void snapshot_to_pb(struct arena *scratch, const struct snapshot *from, PB(Snapshot) *to)
{
    SNAPSHOT_FIELDS(LEND, COPY)
    to->n_faults = from->fault_count;
    to->faults = faults_to_pb(scratch, from->faults, from->fault_count);
}

static void health_to_pb(struct arena *scratch, const struct health *from, PB(Health) *to)
{
    HEALTH_FIELDS(LEND, COPY)
    to->n_measures = from->measure_count;
    to->measures = measures_to_pb(scratch, from->measures, from->measure_count);
}

static void inventory_to_pb(struct arena *scratch, const struct inventory *from, PB(Inventory) *to)
{
    INVENTORY_FIELDS(LEND, COPY)
    to->n_firmware = from->firmware_count;
    to->firmware = firmwares_to_pb(scratch, from->firmware, from->firmware_count);
    to->n_parts = from->part_count;
    to->parts = parts_to_pb(scratch, from->parts, from->part_count);
}

/* Takes one body message, sets it and names it in the union. */
#define BODY_TO_PB(member, MESSAGE)                                                                                    \
    do {                                                                                                               \
        to->member = scratch_take(scratch, sizeof *to->member);                                                        \
        faultline__v1__##member##__init(to->member);                                                                   \
        to->body_case = FAULTLINE__V1__RECORD__BODY_##MESSAGE;                                                         \
        member##_to_pb(scratch, &from->member, to->member);                                                            \
    } while (0)

static void body_to_pb(struct arena *scratch, const struct record *from, PB(Record) *to)
{
    switch (from->kind) {
    case RECORD_FAULT:
        BODY_TO_PB(fault, FAULT);
        return;
    case RECORD_SNAPSHOT:
        BODY_TO_PB(snapshot, SNAPSHOT);
        return;
    case RECORD_HEALTH:
        BODY_TO_PB(health, HEALTH);
        return;
    case RECORD_INVENTORY:
        BODY_TO_PB(inventory, INVENTORY);
        return;
    case RECORD_LIFECYCLE:
        BODY_TO_PB(lifecycle, LIFECYCLE);
        return;
    case RECORD_LOSS:
        BODY_TO_PB(loss, LOSS);
        return;
    case RECORD_KIND_COUNT:
        break;
    }
    assert(false);
}

static void command_to_pb(struct arena *scratch, const struct command *from, PB(Command) *to)
{
    to->id = from->id;
    switch (from->kind) {
    case COMMAND_RESEND:
        to->what_case = FAULTLINE__V1__COMMAND__WHAT_RESEND;
        to->resend = scratch_take(scratch, sizeof *to->resend);
        faultline__v1__lane_receipt__init(to->resend);
        lane_to_pb(scratch, &from->resend, to->resend);
        return;
    case COMMAND_SNAPSHOT:
        to->what_case = FAULTLINE__V1__COMMAND__WHAT_SNAPSHOT;
        to->snapshot = true;
        return;
    case COMMAND_CLEAR:
        to->what_case = FAULTLINE__V1__COMMAND__WHAT_CLEAR;
        to->clear = scratch_take(scratch, sizeof *to->clear);
        faultline__v1__fault__init(to->clear);
        key_to_pb(scratch, &from->clear, to->clear);
        return;
    case COMMAND_SETTINGS:
        to->what_case = FAULTLINE__V1__COMMAND__WHAT_SETTINGS;
        to->settings = scratch_take(scratch, sizeof *to->settings);
        faultline__v1__settings__init(to->settings);
        to->settings->text = pb_text(from->settings);
        return;
    case COMMAND_KIND_COUNT:
        break;
    }
    assert(false);
}

LIST_TO_PB(command, Command, command, command)

/* ---------------------------------------------------------------- pack */

static size_t pack(const ProtobufCMessage *message, uint8_t *buf, size_t cap)
{
    size_t n = protobuf_c_message_get_packed_size(message);

    return n > cap ? n : protobuf_c_message_pack(message, buf);
}

size_t codec_pb_pack_record(const struct record *r, uint8_t *buf, size_t cap)
{
    PB(Stamp) stamp;
    PB(Record) record;
    struct scratch scratch uncleared;

    arena_init(&scratch.arena, scratch.bytes, sizeof scratch.bytes);
    faultline__v1__record__init(&record);
    stamp_to_pb(&r->stamp, &stamp);
    record.lane = (PB(Lane))r->lane;
    record.number = r->number;
    record.stamp = &stamp;
    record.behind = pb_text(r->behind);
    body_to_pb(&scratch.arena, r, &record);
    return pack(&record.base, buf, cap);
}

size_t codec_pb_pack_uplink_head(const struct uplink *u, uint8_t *buf, size_t cap)
{
    PB(Stamp) anchor;
    PB(Uplink) uplink;

    faultline__v1__uplink__init(&uplink);
    stamp_to_pb(&u->anchor, &anchor);
    uplink.protocol = WIRE_PROTOCOL;
    uplink.epoch = u->epoch;
    uplink.session = u->session;
    uplink.anchor = &anchor;
    uplink.death = u->death;
    return pack(&uplink.base, buf, cap);
}

size_t codec_pb_pack_receipt(const struct receipt *r, uint8_t *buf, size_t cap)
{
    PB(Receipt) receipt;
    struct scratch scratch uncleared;

    arena_init(&scratch.arena, scratch.bytes, sizeof scratch.bytes);
    faultline__v1__receipt__init(&receipt);
    receipt.protocol = WIRE_PROTOCOL;
    receipt.epoch = r->epoch;
    receipt.wall_ms = r->wall.ms;
    receipt.new_epoch = r->new_epoch;
    receipt.n_lanes = r->lane_count;
    receipt.lanes = lanes_to_pb(&scratch.arena, r->lanes, r->lane_count);
    receipt.n_verdicts = r->verdict_count;
    receipt.verdicts = verdicts_to_pb(&scratch.arena, r->verdicts, r->verdict_count);
    receipt.n_commands = r->command_count;
    receipt.commands = commands_to_pb(&scratch.arena, r->commands, r->command_count);
    return pack(&receipt.base, buf, cap);
}
