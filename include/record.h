/* record.h: what a device reports, as plain C: the same structs on the agent (to encode) and on the collector (decoded).
 *
 * They mirror proto/faultline.proto one to one; see there for meaning and numbers. Texts are NUL-terminated UTF-8, never
 * NULL ("" = unknown), within the caps of bounds.h. On the agent they are borrowed from the caller for the time of a
 * call; a decoded message lives in the arena it was decoded into. */
#ifndef FAULTLINE_RECORD_H
#define FAULTLINE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "times.h"

enum { WIRE_PROTOCOL = 1 };

enum lane { LANE_FAULT = 0, LANE_HEALTH = 1, LANE_COUNT = 2 };

struct stamp {
    uint64_t boot; /* random number of the boot, 0 = unknown */
    struct mono mono;
    struct wall wall;
    enum clock_quality quality;
};

enum fault_state {
    FAULT_UNTESTED,
    FAULT_PENDING,
    FAULT_CONFIRMED,
    FAULT_HEALED,
    FAULT_STALE,
    FAULT_CLEARED,
    FAULT_AGED,
    FAULT_STATE_COUNT
};

enum reporter_kind {
    REPORTER_LOGICAL,
    REPORTER_J1939_NAME,
    REPORTER_CAN_ADDRESS,
    REPORTER_MODBUS_UNIT,
    REPORTER_MATTER_ENDPOINT,
    REPORTER_KIND_COUNT
};

enum quality { QUALITY_GOOD, QUALITY_TORN, QUALITY_TRUNCATED, QUALITY_AMBIGUOUS, QUALITY_REPLAYED, QUALITY_COUNT };

enum ticket_class { CLASS_UNSET, CLASS_GENERAL, CLASS_IMPORTANT, CLASS_URGENT, CLASS_COUNT };

/* The bits of the UDS status byte (ISO 14229-1, D.2). */
enum uds_status {
    UDS_TEST_FAILED = 0x01,
    UDS_FAILED_THIS_CYCLE = 0x02,
    UDS_PENDING = 0x04,
    UDS_CONFIRMED = 0x08,
    UDS_NOT_COMPLETED_SINCE_CLEAR = 0x10,
    UDS_FAILED_SINCE_CLEAR = 0x20,
    UDS_NOT_COMPLETED_THIS_CYCLE = 0x40,
    UDS_WARNING_INDICATOR = 0x80,
};

/* Identity of a fault on a device. */
struct fault_key {
    const char *bus;
    enum reporter_kind reporter_kind;
    uint64_t reporter;
    const char *ns;
    const char *code;
    uint32_t mode;
    const char *component;
    bool ambiguous;
};

struct frame_value {
    const char *name;
    double value;
    const char *unit;
};

enum { LAMPS_NONE = -1, OCCURRENCES_NONE = -1 };

/* One transition of a fault. */
struct fault_report {
    struct fault_key key;
    uint8_t reporter_address;
    const char *subject;
    enum fault_state from, to;
    uint8_t uds_status;
    int8_t detection_counter;
    uint8_t severity;           /* 0 … 4 */
    int32_t lamps;              /* DM1 bytes 1 and 2 (byte 1 in the high byte), or LAMPS_NONE */
    int16_t source_occurrences; /* 0 … 126, or OCCURRENCES_NONE */
    uint32_t occurrences;       /* the agent's own count of confirmations */
    uint32_t flaps;
    enum quality quality;
    enum ticket_class class_hint;
    const struct frame_value *frame;
    size_t frame_count;
    const uint8_t *raw;
    size_t raw_bytes;
};

struct snapshot {
    const struct fault_report *faults;
    size_t fault_count;
    uint64_t hash;
    uint32_t part, parts;
};

struct measure {
    const char *name;
    double min, mean, max, last;
    uint32_t count;
    const char *unit;
};

struct health {
    uint64_t interval_ms;
    const struct measure *measures;
    size_t measure_count;
    double operating_hours;
    uint64_t cycles;
    uint64_t uptime_ms;
    uint32_t restarts;
    const char *restart_reason;
    uint64_t spool_used_bytes, spool_limit_bytes;
    uint64_t dropped_count, refused_count;
    uint64_t flash_written_bytes;
};

struct part {
    const char *position, *part_no, *serial, *supplier, *lot, *made_date, *source;
};

struct firmware {
    const char *component, *version;
};

struct inventory {
    const char *product_line, *model, *serial, *hardware;
    const struct firmware *firmware;
    size_t firmware_count;
    const struct part *parts;
    size_t part_count;
};

enum lifecycle_kind {
    LIFECYCLE_BOOT,
    LIFECYCLE_STOP,
    LIFECYCLE_CONFIGURED,
    LIFECYCLE_RENEWED,
    LIFECYCLE_COMMAND,
    LIFECYCLE_KIND_COUNT
};

struct lifecycle {
    enum lifecycle_kind kind;
    const char *detail, *version;
};

enum loss_cause { LOSS_EVICTED, LOSS_EXPIRED, LOSS_CORRUPT, LOSS_CAUSE_COUNT };

/* Numbers first … last of the record's lane will never come; stands at number last. */
struct loss {
    uint64_t first, last;
    enum loss_cause cause;
    uint32_t faults, healths, others;
};

enum record_kind {
    RECORD_FAULT,
    RECORD_SNAPSHOT,
    RECORD_HEALTH,
    RECORD_INVENTORY,
    RECORD_LIFECYCLE,
    RECORD_LOSS,
    RECORD_KIND_COUNT
};

struct record {
    enum lane lane;
    uint64_t number; /* from 1 */
    struct stamp stamp;
    const char *behind; /* "" = the device itself */
    enum record_kind kind;
    union {
        struct fault_report fault;
        struct snapshot snapshot;
        struct health health;
        struct inventory inventory;
        struct lifecycle lifecycle;
        struct loss loss;
    };
    const uint8_t *encoded; /* decoded records: the record's own bytes in the message (borrowed from it); else NULL */
    size_t encoded_bytes;
};

struct uplink {
    uint64_t epoch; /* never 0 */
    uint32_t session;
    struct stamp anchor;
    bool death;
    struct record *records;
    size_t record_count;
};

enum verdict_kind {
    VERDICT_STORED,
    VERDICT_OPENED,
    VERDICT_JOINED,
    VERDICT_SUPPRESSED,
    VERDICT_REFUSED,
    VERDICT_DUPLICATE,
    VERDICT_KIND_COUNT
};

struct verdict {
    enum lane lane;
    uint64_t number;
    enum verdict_kind kind;
    const char *ticket, *rule, *reason;
    uint64_t limit, value;
    uint32_t retry_after_ms;
};

struct lane_receipt {
    enum lane lane;
    uint64_t next; /* everything below is committed */
    uint32_t retry_after_ms;
    bool resume; /* a hole: send again from next */
};

enum command_kind { COMMAND_RESEND, COMMAND_SNAPSHOT, COMMAND_CLEAR, COMMAND_SETTINGS, COMMAND_KIND_COUNT };

struct command {
    uint64_t id;
    enum command_kind kind;
    struct lane_receipt resend; /* COMMAND_RESEND: lane and next */
    struct fault_key clear;     /* COMMAND_CLEAR */
    const char *settings;       /* COMMAND_SETTINGS */
};

struct receipt {
    uint64_t epoch;
    struct lane_receipt lanes[LANE_COUNT];
    size_t lane_count;
    const struct verdict *verdicts;
    size_t verdict_count;
    struct wall wall;
    const struct command *commands;
    size_t command_count;
    bool new_epoch; /* numbers were used twice: the device shall go on in a new epoch */
};

/* The words used in settings, tables, JSON and logs: "confirmed", "urgent", "evicted", … Never NULL. */
const char *lane_word(enum lane lane);
const char *fault_state_word(enum fault_state state);
const char *reporter_kind_word(enum reporter_kind kind);
const char *quality_word(enum quality quality);
const char *class_word(enum ticket_class class_);
const char *loss_word(enum loss_cause cause);
const char *record_word(enum record_kind kind);
const char *verdict_word(enum verdict_kind kind);

/* "general", "important", "urgent" to the class; false for other words. */
bool class_from_word(const char *word, enum ticket_class *ret_class);
bool fault_state_from_word(const char *word, enum fault_state *ret_state);

#endif
