/* wireschema.c: the table. See wireschema.h. A field number missing here is an unknown field to the scan. */
#include "wireschema.h"

#include "bounds.h"
#include "cleanup.h"
#include "record.h"

#define NUMBER(name, max)                                                                                              \
    {                                                                                                                  \
        name, K_NUMBER, 0, false, 0, max                                                                               \
    }
#define NEEDED(name, max)                                                                                              \
    {                                                                                                                  \
        name, K_NUMBER, 0, true, 0, max                                                                                \
    }
#define ENUM(name, count) NUMBER(name, (count)-1)
#define SWITCH(name) NUMBER(name, 1)
#define COUNT32(name) NUMBER(name, UINT32_MAX)
#define COUNT64(name) NUMBER(name, BOUND_EXACT)
#define RANDOM64(name)                                                                                                 \
    {                                                                                                                  \
        name, K_FIXED64, 0, false, 0, 0                                                                                \
    }
#define RANDOM64_NEEDED(name)                                                                                          \
    {                                                                                                                  \
        name, K_FIXED64, 0, true, 0, 0                                                                                 \
    }
#define DOUBLE(name)                                                                                                   \
    {                                                                                                                  \
        name, K_DOUBLE, 0, false, 0, 0                                                                                 \
    }
#define TEXT(name, max)                                                                                                \
    {                                                                                                                  \
        name, K_TEXT, A_CLEAN, false, 0, max                                                                           \
    }
#define TEXT_NEEDED(name, max, alphabet)                                                                               \
    {                                                                                                                  \
        name, K_TEXT, alphabet, true, 0, max                                                                           \
    }
#define TEXT_OF(name, max, alphabet)                                                                                   \
    {                                                                                                                  \
        name, K_TEXT, alphabet, false, 0, max                                                                          \
    }
#define BYTES(name, max)                                                                                               \
    {                                                                                                                  \
        name, K_BYTES, 0, false, 0, max                                                                                \
    }
#define ONE(name, message)                                                                                             \
    {                                                                                                                  \
        name, K_MESSAGE, message, false, 0, BOUND_UPLINK_BYTES                                                         \
    }
#define LIST(name, message, count)                                                                                     \
    {                                                                                                                  \
        name, K_MESSAGE, message, false, count, BOUND_UPLINK_BYTES                                                     \
    }

/* Signed numbers travel as zigzag: v ≥ 0 is 2v, v < 0 is -2v - 1. */
#define ZIGZAG_INT8_MAX 255
#define ZIGZAG_WALL_MAX (2 * BOUND_EXACT)

static const struct field stamp[] = {
    [1] = RANDOM64("boot"),
    [2] = COUNT64("monotonic_ms"),
    [3] = NUMBER("wall_ms", ZIGZAG_WALL_MAX),
    [4] = ENUM("quality", CLOCK_SYNCED + 1),
};

static const struct field uplink[] = {
    [1] = NEEDED("protocol", WIRE_PROTOCOL),
    [2] = RANDOM64_NEEDED("epoch"),
    [3] = NEEDED("session", UINT32_MAX),
    [4] = ONE("anchor", M_STAMP),
    [5] = {"records", K_MESSAGE, M_RECORD, false, BOUND_UPLINK_RECORDS, BOUND_RECORD_BYTES},
    [6] = SWITCH("death"),
};

static const struct field record[] = {
    [1] = ENUM("lane", LANE_COUNT),
    [2] = NEEDED("number", BOUND_EXACT - 1),
    [3] = ONE("stamp", M_STAMP),
    [4] = TEXT_OF("behind", BOUND_DEVICE_ID, A_NAME),
    [10] = ONE("fault", M_FAULT),
    [11] = ONE("snapshot", M_SNAPSHOT),
    [12] = ONE("health", M_HEALTH),
    [13] = ONE("inventory", M_INVENTORY),
    [14] = ONE("lifecycle", M_LIFECYCLE),
    [15] = ONE("loss", M_LOSS),
};

static const struct field fault[] = {
    [1] = TEXT_NEEDED("ns", BOUND_NAMESPACE, A_NAME),
    [2] = TEXT_NEEDED("code", BOUND_CODE, A_CODE),
    [3] = COUNT32("mode"),
    [4] = TEXT("component", BOUND_COMPONENT),
    [5] = TEXT_OF("bus", BOUND_BUS, A_NAME),
    [6] = ENUM("reporter_kind", REPORTER_KIND_COUNT),
    [7] = RANDOM64("reporter"),
    [8] = NUMBER("reporter_address", UINT8_MAX),
    [9] = TEXT("subject", BOUND_COMPONENT),
    [10] = ENUM("from", FAULT_STATE_COUNT),
    [11] = ENUM("to", FAULT_STATE_COUNT),
    [12] = NUMBER("uds_status", UINT8_MAX),
    [13] = NUMBER("detection_counter", ZIGZAG_INT8_MAX),
    [14] = NUMBER("severity", 4),
    [15] = NUMBER("lamps", UINT16_MAX + 1),
    [16] = NUMBER("source_occurrences", 126 + 1),
    [17] = COUNT32("occurrences"),
    [18] = COUNT32("flaps"),
    [19] = ENUM("quality", QUALITY_COUNT),
    [20] = ENUM("class_hint", CLASS_COUNT),
    [21] = LIST("frame", M_VALUE, BOUND_FRAME_VALUES),
    [22] = BYTES("raw", BOUND_RAW_BYTES),
    [23] = SWITCH("ambiguous"),
};

static const struct field value[] = {
    [1] = TEXT_NEEDED("name", BOUND_NAME, A_CLEAN),
    [2] = DOUBLE("value"),
    [3] = TEXT("unit", BOUND_UNIT),
};

static const struct field snapshot[] = {
    [1] = LIST("faults", M_FAULT, BOUND_SNAPSHOT_FAULTS),
    [2] = RANDOM64("hash"),
    [3] = NUMBER("part", BOUND_MONITOR_FAULTS - 1),
    [4] = NEEDED("parts", BOUND_MONITOR_FAULTS),
};

static const struct field measure[] = {
    [1] = TEXT_NEEDED("name", BOUND_NAME, A_CLEAN),
    [2] = DOUBLE("min"),
    [3] = DOUBLE("mean"),
    [4] = DOUBLE("max"),
    [5] = DOUBLE("last"),
    [6] = COUNT32("count"),
    [7] = TEXT("unit", BOUND_UNIT),
};

static const struct field health[] = {
    [1] = COUNT64("interval_ms"),
    [2] = LIST("measures", M_MEASURE, BOUND_HEALTH_MEASURES),
    [3] = DOUBLE("operating_hours"),
    [4] = COUNT64("cycles"),
    [5] = COUNT64("uptime_ms"),
    [6] = COUNT32("restarts"),
    [7] = TEXT("restart_reason", BOUND_REASON),
    [8] = COUNT64("spool_used_bytes"),
    [9] = COUNT64("spool_limit_bytes"),
    [10] = COUNT64("dropped_count"),
    [11] = COUNT64("refused_count"),
    [12] = COUNT64("flash_written_bytes"),
};

static const struct field part[] = {
    [1] = TEXT("position", BOUND_NAME),
    [2] = TEXT("part_no", BOUND_NAME),
    [3] = TEXT("serial", BOUND_NAME),
    [4] = TEXT("supplier", BOUND_NAME),
    [5] = TEXT("lot", BOUND_NAME),
    [6] = TEXT("made_date", BOUND_NAME),
    [7] = TEXT("source", BOUND_NAME),
};

static const struct field firmware[] = {
    [1] = TEXT("component", BOUND_NAME),
    [2] = TEXT("version", BOUND_NAME),
};

static const struct field inventory[] = {
    [1] = TEXT("product_line", BOUND_NAME),
    [2] = TEXT("model", BOUND_NAME),
    [3] = TEXT("serial", BOUND_NAME),
    [4] = TEXT("hardware", BOUND_NAME),
    [5] = LIST("firmware", M_FIRMWARE, BOUND_FIRMWARE),
    [6] = LIST("parts", M_PART, BOUND_PARTS),
};

static const struct field lifecycle[] = {
    [1] = ENUM("kind", LIFECYCLE_KIND_COUNT),
    [2] = TEXT("detail", BOUND_REASON),
    [3] = TEXT("version", BOUND_NAME),
};

static const struct field loss[] = {
    [1] = NEEDED("first", BOUND_EXACT - 1),
    [2] = NEEDED("last", BOUND_EXACT - 1),
    [3] = ENUM("cause", LOSS_CAUSE_COUNT),
    [4] = COUNT32("faults"),
    [5] = COUNT32("healths"),
    [6] = COUNT32("others"),
};

static const struct field receipt[] = {
    [1] = NEEDED("protocol", WIRE_PROTOCOL),
    [2] = RANDOM64_NEEDED("epoch"),
    [3] = LIST("lanes", M_LANE_RECEIPT, LANE_COUNT),
    [4] = LIST("verdicts", M_VERDICT, BOUND_RECEIPT_VERDICTS),
    [5] = NUMBER("wall_ms", ZIGZAG_WALL_MAX),
    [6] = LIST("commands", M_COMMAND, BOUND_RECEIPT_COMMANDS),
    [7] = SWITCH("new_epoch"),
};

static const struct field lane_receipt[] = {
    [1] = ENUM("lane", LANE_COUNT),
    [2] = NEEDED("next", BOUND_EXACT),
    [3] = COUNT32("retry_after_ms"),
    [4] = SWITCH("resume"),
};

static const struct field verdict[] = {
    [1] = ENUM("lane", LANE_COUNT),
    [2] = NEEDED("number", BOUND_EXACT - 1),
    [3] = ENUM("kind", VERDICT_KIND_COUNT),
    [4] = TEXT("ticket", BOUND_NAME),
    [5] = TEXT("rule", BOUND_NAME),
    [6] = TEXT("reason", BOUND_REASON),
    [7] = COUNT64("limit"),
    [8] = COUNT64("value"),
    [9] = COUNT32("retry_after_ms"),
};

static const struct field command[] = {
    [1] = RANDOM64_NEEDED("id"),
    [2] = ONE("resend", M_LANE_RECEIPT),
    [3] = NEEDED("snapshot", 1),
    [4] = ONE("clear", M_FAULT),
    [5] = ONE("settings", M_SETTINGS),
};

static const struct field settings[] = {
    [1] = TEXT_NEEDED("text", BOUND_RECEIPT_BYTES, A_LINES),
};

_Static_assert(countof(fault) <= FIELD_NUMBERS && FIELD_NUMBERS <= 32, "field numbers fit the bit masks");

#define FIELDS(table) .fields = (table), .count = countof(table)

const struct schema wireschema[] = {
    [M_STAMP] = {FIELDS(stamp)},
    [M_UPLINK] = {FIELDS(uplink)},
    [M_RECORD] = {FIELDS(record), .oneof = 0x3fu << 10, .union_name = "body"},
    [M_FAULT] = {FIELDS(fault)},
    [M_VALUE] = {FIELDS(value)},
    [M_SNAPSHOT] = {FIELDS(snapshot)},
    [M_MEASURE] = {FIELDS(measure)},
    [M_HEALTH] = {FIELDS(health)},
    [M_PART] = {FIELDS(part)},
    [M_FIRMWARE] = {FIELDS(firmware)},
    [M_INVENTORY] = {FIELDS(inventory)},
    [M_LIFECYCLE] = {FIELDS(lifecycle)},
    [M_LOSS] = {FIELDS(loss)},
    [M_RECEIPT] = {FIELDS(receipt)},
    [M_LANE_RECEIPT] = {FIELDS(lane_receipt)},
    [M_VERDICT] = {FIELDS(verdict)},
    [M_COMMAND] = {FIELDS(command), .oneof = 0xfu << 2, .union_name = "what"},
    [M_SETTINGS] = {FIELDS(settings)},
};
