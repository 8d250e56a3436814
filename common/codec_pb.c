/* codec_pb.c: the only file that knows protobuf-c: the structs of record.h to and from those of the generated
 * code. See codec_pb.h.
 *
 * One list of fields a message drives both directions: TEXT are strings, PLAIN are numbers, enums and
 * switches. */
#include "codec_pb.h"

#include <assert.h>
#include <stdalign.h>

#include "bounds.h"
#include "faultline.pb-c.h"

#define PB(message) Faultline__V1__##message

#define KEY_FIELDS(TEXT, PLAIN)                                                                                        \
    TEXT(ns)                                                                                                           \
    TEXT(code) TEXT(component) TEXT(bus) PLAIN(mode) PLAIN(reporter_kind) PLAIN(reporter) PLAIN(ambiguous)

#define FAULT_FIELDS(TEXT, PLAIN)                                                                                      \
    TEXT(subject)                                                                                                      \
    PLAIN(reporter_address)                                                                                            \
    PLAIN(from)                                                                                                        \
    PLAIN(to)                                                                                                          \
    PLAIN(uds_status) PLAIN(detection_counter) PLAIN(severity) PLAIN(occurrences) PLAIN(flaps) PLAIN(quality)          \
        PLAIN(class_hint)

#define VALUE_FIELDS(TEXT, PLAIN) TEXT(name) PLAIN(value) TEXT(unit)

#define SNAPSHOT_FIELDS(TEXT, PLAIN) PLAIN(hash) PLAIN(part) PLAIN(parts)

#define MEASURE_FIELDS(TEXT, PLAIN) TEXT(name) PLAIN(min) PLAIN(mean) PLAIN(max) PLAIN(last) PLAIN(count) TEXT(unit)

#define HEALTH_FIELDS(TEXT, PLAIN)                                                                                     \
    PLAIN(interval_ms)                                                                                                 \
    PLAIN(operating_hours)                                                                                             \
    PLAIN(cycles)                                                                                                      \
    PLAIN(uptime_ms)                                                                                                   \
    PLAIN(restarts) TEXT(restart_reason) PLAIN(spool_used_bytes) PLAIN(spool_limit_bytes) PLAIN(dropped_count)         \
        PLAIN(refused_count) PLAIN(flash_written_bytes)

#define PART_FIELDS(TEXT, PLAIN)                                                                                       \
    TEXT(position) TEXT(part_no) TEXT(serial) TEXT(supplier) TEXT(lot) TEXT(made_date) TEXT(source)

#define FIRMWARE_FIELDS(TEXT, PLAIN) TEXT(component) TEXT(version)

#define INVENTORY_FIELDS(TEXT, PLAIN) TEXT(product_line) TEXT(model) TEXT(serial) TEXT(hardware)

#define LIFECYCLE_FIELDS(TEXT, PLAIN) PLAIN(kind) TEXT(detail) TEXT(version)

#define LOSS_FIELDS(TEXT, PLAIN) PLAIN(first) PLAIN(last) PLAIN(cause) PLAIN(faults) PLAIN(healths) PLAIN(others)

#define LANE_FIELDS(TEXT, PLAIN) PLAIN(lane) PLAIN(next) PLAIN(retry_after_ms) PLAIN(resume)

#define VERDICT_FIELDS(TEXT, PLAIN)                                                                                    \
    PLAIN(lane)                                                                                                        \
    PLAIN(number)                                                                                                      \
    PLAIN(kind) TEXT(ticket) TEXT(rule) TEXT(reason) PLAIN(limit) PLAIN(value) PLAIN(retry_after_ms)

/* Used inside functions that have `to` and `from`. The scan keeps every number within the type it narrows to.
 */
#define COPY(field) to->field = (__typeof__(to->field))from->field;
#define BORROW(field) to->field = from->field;
#define LEND(field) to->field = pb_text(from->field);

/* protobuf-c's structs are not const, though packing only reads them. */
static char *pb_text(const char *text)
{
    union {
        const char *in;
        char *out;
    } cast = {.in = text};

    return cast.out;
}

/* ---------------------------------------------------------------- to protobuf-c */

/* Holds protobuf-c's structs while one message is packed. The largest is a snapshot of 64 faults at 232 + 8
 * bytes. */
enum { SCRATCH_BYTES = 20 * 1024 };

static void *scratch_take(struct arena *scratch, size_t n)
{
    void *p = arena_take(scratch, n);

    assert(p); /* counts were checked before; see SCRATCH_BYTES */
    return p;
}

#define TO_PB(name, message, type, FIELDS)                                                                             \
    static void name##_to_pb(struct arena *scratch, const struct type *from, PB(message) * to)                         \
    {                                                                                                                  \
        (void)scratch;                                                                                                 \
        FIELDS(LEND, COPY)                                                                                             \
    }

/* protobuf-c wants an array of pointers to messages. */
#define LIST_TO_PB(name, message, init, type)                                                                          \
    static PB(message) * *name##s_to_pb(struct arena *scratch, const struct type *from, size_t count)                  \
    {                                                                                                                  \
        PB(message) **list = scratch_take(scratch, count * sizeof *list);                                              \
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

static void stamp_to_pb(const struct stamp *from, PB(Stamp) * to)
{
    faultline__v1__stamp__init(to);
    to->boot = from->boot;
    to->monotonic_ms = (uint64_t)from->mono.ms;
    to->wall_ms = from->wall.ms;
    to->quality = (PB(ClockQuality))from->quality;
}

static void fault_to_pb(struct arena *scratch, const struct fault_report *from, PB(Fault) * to)
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

static void snapshot_to_pb(struct arena *scratch, const struct snapshot *from, PB(Snapshot) * to)
{
    SNAPSHOT_FIELDS(LEND, COPY)
    to->n_faults = from->fault_count;
    to->faults = faults_to_pb(scratch, from->faults, from->fault_count);
}

static void health_to_pb(struct arena *scratch, const struct health *from, PB(Health) * to)
{
    HEALTH_FIELDS(LEND, COPY)
    to->n_measures = from->measure_count;
    to->measures = measures_to_pb(scratch, from->measures, from->measure_count);
}

static void inventory_to_pb(struct arena *scratch, const struct inventory *from, PB(Inventory) * to)
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

static void body_to_pb(struct arena *scratch, const struct record *from, PB(Record) * to)
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

static void command_to_pb(struct arena *scratch, const struct command *from, PB(Command) * to)
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

/* The buffer needs no clearing, which would cost as much as the packing. */
#define SCRATCH(name)                                                                                                  \
    alignas(max_align_t) unsigned char name##_bytes[SCRATCH_BYTES] __attribute__((uninitialized));                     \
    struct arena name;                                                                                                 \
    arena_init(&name, name##_bytes, sizeof name##_bytes)

static size_t pack(const ProtobufCMessage *message, uint8_t *buf, size_t cap)
{
    size_t n = protobuf_c_message_get_packed_size(message);

    return n > cap ? n : protobuf_c_message_pack(message, buf);
}

size_t codec_pb_pack_record(const struct record *r, uint8_t *buf, size_t cap)
{
    PB(Stamp) stamp;
    PB(Record) record;

    SCRATCH(scratch);
    faultline__v1__record__init(&record);
    stamp_to_pb(&r->stamp, &stamp);
    record.lane = (PB(Lane))r->lane;
    record.number = r->number;
    record.stamp = &stamp;
    record.behind = pb_text(r->behind);
    body_to_pb(&scratch, r, &record);
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

    SCRATCH(scratch);
    faultline__v1__receipt__init(&receipt);
    receipt.protocol = WIRE_PROTOCOL;
    receipt.epoch = r->epoch;
    receipt.wall_ms = r->wall.ms;
    receipt.n_lanes = r->lane_count;
    receipt.lanes = lanes_to_pb(&scratch, r->lanes, r->lane_count);
    receipt.n_verdicts = r->verdict_count;
    receipt.verdicts = verdicts_to_pb(&scratch, r->verdicts, r->verdict_count);
    receipt.n_commands = r->command_count;
    receipt.commands = commands_to_pb(&scratch, r->commands, r->command_count);
    return pack(&receipt.base, buf, cap);
}

/* ---------------------------------------------------------------- from protobuf-c: false = the arena is full
 */

#define FROM_PB(name, message, type, FIELDS)                                                                           \
    static bool name##_from_pb(struct arena *arena, const PB(message) * from, struct type * to)                        \
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

static struct stamp stamp_from_pb(const PB(Stamp) * from)
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

static bool fault_from_pb(struct arena *arena, const PB(Fault) * from, struct fault_report *to)
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

static bool snapshot_from_pb(struct arena *arena, const PB(Snapshot) * from, struct snapshot *to)
{
    SNAPSHOT_FIELDS(BORROW, COPY)
    to->fault_count = from->n_faults;
    to->faults = faults_from_pb(arena, from->faults, from->n_faults);
    return to->faults;
}

static bool health_from_pb(struct arena *arena, const PB(Health) * from, struct health *to)
{
    HEALTH_FIELDS(BORROW, COPY)
    to->measure_count = from->n_measures;
    to->measures = measures_from_pb(arena, from->measures, from->n_measures);
    return to->measures;
}

static bool inventory_from_pb(struct arena *arena, const PB(Inventory) * from, struct inventory *to)
{
    INVENTORY_FIELDS(BORROW, COPY)
    to->firmware_count = from->n_firmware;
    to->firmware = firmwares_from_pb(arena, from->firmware, from->n_firmware);
    to->part_count = from->n_parts;
    to->parts = parts_from_pb(arena, from->parts, from->n_parts);
    return to->firmware && to->parts;
}

static bool record_from_pb(struct arena *arena, const PB(Record) * from, struct record *to)
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

static bool command_from_pb(struct arena *arena, const PB(Command) * from, struct command *to)
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
