/* codec_unpack.c: bytes to the structs of record.h by protobuf-c. See codec_pb.h. */
#include <assert.h>

#include "codec_fields.h"
#include "codec_pb.h"

/* For TEXT: what was unpacked lives in the arena, as long as the result. */
#define BORROW(field) to->field = from->field;

/* ---------------------------------------------------------------- from protobuf-c: false = the arena is full
 */

#define FROM_PB(name, message, type, FIELDS)                                                                           \
    static bool name##_from_pb(struct arena *arena, const PB(message) *from, struct type *to)                          \
    {                                                                                                                  \
        (void)arena;                                                                                                   \
        FIELDS(BORROW, COPY)                                                                                           \
        return true;                                                                                                   \
    }

/* NULL = the arena is full; an empty list is not NULL. */
#define LIST_FROM_PB(name, message, type)                                                                              \
    static struct type *name##s_from_pb(struct arena *arena, PB(message) *const *from, size_t count)                   \
    {                                                                                                                  \
        struct type *to = arena_take(arena, count * sizeof *to);                                                       \
                                                                                                                       \
        for (size_t i = 0; to && i < count; i++)                                                                       \
            if (!name##_from_pb(arena, from[i], &to[i]))                                                               \
                return NULL;                                                                                           \
        return to;                                                                                                     \
    }

FROM_PB(key, Fault, fault_key, KEY_FIELDS)
FROM_PB(value, Value, frame_value, VALUE_FIELDS)
FROM_PB(measure, Measure, measure, MEASURE_FIELDS)
FROM_PB(part, Part, part, PART_FIELDS)
FROM_PB(firmware, Firmware, firmware, FIRMWARE_FIELDS)
FROM_PB(lifecycle, Lifecycle, lifecycle, LIFECYCLE_FIELDS)
FROM_PB(loss, Loss, loss, LOSS_FIELDS)
FROM_PB(lane, LaneReceipt, lane_receipt, LANE_FIELDS)
FROM_PB(verdict, Verdict, verdict, VERDICT_FIELDS)
LIST_FROM_PB(value, Value, frame_value)
LIST_FROM_PB(measure, Measure, measure)
LIST_FROM_PB(part, Part, part)
LIST_FROM_PB(firmware, Firmware, firmware)
LIST_FROM_PB(verdict, Verdict, verdict)

static struct stamp stamp_from_pb(const PB(Stamp) *from)
{
    if (!from)
        return (struct stamp){0};
    return (struct stamp){
        .boot = from->boot,
        .mono.ms = (int64_t)from->monotonic_ms,
        .wall.ms = from->wall_ms,
        .quality = (enum clock_quality)from->quality,
    };
}

static bool fault_from_pb(struct arena *arena, const PB(Fault) *from, struct fault_report *to)
{
    key_from_pb(arena, from, &to->key);
    FAULT_FIELDS(BORROW, COPY)
    to->lamps = from->lamps ? (int32_t)from->lamps - 1 : LAMPS_NONE;
    to->source_occurrences = (int16_t)(from->source_occurrences ? (int)from->source_occurrences - 1 : OCCURRENCES_NONE);
    to->frame_count = from->n_frame;
    to->frame = values_from_pb(arena, from->frame, from->n_frame);
    to->raw = from->raw.data;
    to->raw_bytes = from->raw.len;
    return to->frame;
}
LIST_FROM_PB(fault, Fault, fault_report)

static bool snapshot_from_pb(struct arena *arena, const PB(Snapshot) *from, struct snapshot *to)
{
    SNAPSHOT_FIELDS(BORROW, COPY)
    to->fault_count = from->n_faults;
    to->faults = faults_from_pb(arena, from->faults, from->n_faults);
    return to->faults;
}

static bool health_from_pb(struct arena *arena, const PB(Health) *from, struct health *to)
{
    HEALTH_FIELDS(BORROW, COPY)
    to->measure_count = from->n_measures;
    to->measures = measures_from_pb(arena, from->measures, from->n_measures);
    return to->measures;
}

static bool inventory_from_pb(struct arena *arena, const PB(Inventory) *from, struct inventory *to)
{
    INVENTORY_FIELDS(BORROW, COPY)
    to->firmware_count = from->n_firmware;
    to->firmware = firmwares_from_pb(arena, from->firmware, from->n_firmware);
    to->part_count = from->n_parts;
    to->parts = parts_from_pb(arena, from->parts, from->n_parts);
    return to->firmware && to->parts;
}

static bool record_from_pb(struct arena *arena, const PB(Record) *from, struct record *to)
{
    *to = (struct record){.lane = (enum lane)from->lane, .number = from->number, .behind = from->behind};
    to->stamp = stamp_from_pb(from->stamp);
    switch (from->body_case) {
    case FAULTLINE__V1__RECORD__BODY_FAULT:
        to->kind = RECORD_FAULT;
        return fault_from_pb(arena, from->fault, &to->fault);
    case FAULTLINE__V1__RECORD__BODY_SNAPSHOT:
        to->kind = RECORD_SNAPSHOT;
        return snapshot_from_pb(arena, from->snapshot, &to->snapshot);
    case FAULTLINE__V1__RECORD__BODY_HEALTH:
        to->kind = RECORD_HEALTH;
        return health_from_pb(arena, from->health, &to->health);
    case FAULTLINE__V1__RECORD__BODY_INVENTORY:
        to->kind = RECORD_INVENTORY;
        return inventory_from_pb(arena, from->inventory, &to->inventory);
    case FAULTLINE__V1__RECORD__BODY_LIFECYCLE:
        to->kind = RECORD_LIFECYCLE;
        return lifecycle_from_pb(arena, from->lifecycle, &to->lifecycle);
    case FAULTLINE__V1__RECORD__BODY_LOSS:
        to->kind = RECORD_LOSS;
        return loss_from_pb(arena, from->loss, &to->loss);
    default:
        assert(false); /* the scan asks for a body */
        return false;
    }
}
LIST_FROM_PB(record, Record, record)

static bool command_from_pb(struct arena *arena, const PB(Command) *from, struct command *to)
{
    *to = (struct command){.id = from->id, .settings = ""};
    switch (from->what_case) {
    case FAULTLINE__V1__COMMAND__WHAT_RESEND:
        to->kind = COMMAND_RESEND;
        return lane_from_pb(arena, from->resend, &to->resend);
    case FAULTLINE__V1__COMMAND__WHAT_SNAPSHOT:
        to->kind = COMMAND_SNAPSHOT;
        return true;
    case FAULTLINE__V1__COMMAND__WHAT_CLEAR:
        to->kind = COMMAND_CLEAR;
        return key_from_pb(arena, from->clear, &to->clear);
    case FAULTLINE__V1__COMMAND__WHAT_SETTINGS:
        to->kind = COMMAND_SETTINGS;
        to->settings = from->settings->text;
        return true;
    default:
        assert(false); /* the scan asks for a kind */
        return false;
    }
}
LIST_FROM_PB(command, Command, command)

/* ---------------------------------------------------------------- unpack */

static void *allocate(void *arena, size_t n)
{
    return arena_take(arena, n);
}

static void keep(void *arena, void *p)
{
    (void)arena;
    (void)p;
}

static ProtobufCMessage *unpack(
    const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t n, struct arena *arena)
{
    ProtobufCAllocator allocator = {allocate, keep, arena};

    return protobuf_c_message_unpack(descriptor, &allocator, n, bytes);
}

bool codec_pb_unpack_uplink(const uint8_t *bytes, size_t n, struct arena *arena, struct uplink *ret)
{
    const PB(Uplink) *from = (const PB(Uplink) *)unpack(&faultline__v1__uplink__descriptor, bytes, n, arena);

    if (!from)
        return false;
    *ret = (struct uplink){
        .epoch = from->epoch,
        .session = from->session,
        .anchor = stamp_from_pb(from->anchor),
        .death = from->death,
        .records = records_from_pb(arena, from->records, from->n_records),
        .record_count = from->n_records,
    };
    return ret->records;
}

bool codec_pb_unpack_record(const uint8_t *bytes, size_t n, struct arena *arena, struct record *ret)
{
    const PB(Record) *from = (const PB(Record) *)unpack(&faultline__v1__record__descriptor, bytes, n, arena);

    return from && record_from_pb(arena, from, ret);
}

bool codec_pb_unpack_receipt(const uint8_t *bytes, size_t n, struct arena *arena, struct receipt *ret)
{
    const PB(Receipt) *from = (const PB(Receipt) *)unpack(&faultline__v1__receipt__descriptor, bytes, n, arena);

    if (!from)
        return false;
    *ret = (struct receipt){
        .epoch = from->epoch,
        .wall.ms = from->wall_ms,
        .new_epoch = from->new_epoch,
        .lane_count = from->n_lanes,
        .verdicts = verdicts_from_pb(arena, from->verdicts, from->n_verdicts),
        .verdict_count = from->n_verdicts,
        .commands = commands_from_pb(arena, from->commands, from->n_commands),
        .command_count = from->n_commands,
    };
    for (size_t i = 0; i < from->n_lanes; i++)
        lane_from_pb(arena, from->lanes[i], &ret->lanes[i]);
    return ret->verdicts && ret->commands;
}
