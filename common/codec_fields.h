/* codec_fields.h: the fields of each message that are the same in record.h and in the generated code, as lists that drive
 * both directions: TEXT are strings, PLAIN are numbers, enums and switches. Private to codec_pack.c and codec_unpack.c. */
#ifndef FAULTLINE_CODEC_FIELDS_H
#define FAULTLINE_CODEC_FIELDS_H

#include "faultline.pb-c.h"

#define PB(message) Faultline__V1__##message

/* clang-format off */
#define KEY_FIELDS(TEXT, PLAIN) \
    TEXT(ns) TEXT(code) TEXT(component) TEXT(bus) PLAIN(mode) PLAIN(reporter_kind) PLAIN(reporter) PLAIN(ambiguous)

#define FAULT_FIELDS(TEXT, PLAIN) \
    TEXT(subject) PLAIN(reporter_address) PLAIN(from) PLAIN(to) PLAIN(uds_status) PLAIN(detection_counter) \
    PLAIN(severity) PLAIN(occurrences) PLAIN(flaps) PLAIN(quality) PLAIN(class_hint)

#define VALUE_FIELDS(TEXT, PLAIN) TEXT(name) PLAIN(value) TEXT(unit)

#define SNAPSHOT_FIELDS(TEXT, PLAIN) PLAIN(hash) PLAIN(part) PLAIN(parts)

#define MEASURE_FIELDS(TEXT, PLAIN) \
    TEXT(name) PLAIN(min) PLAIN(mean) PLAIN(max) PLAIN(last) PLAIN(count) TEXT(unit)

#define HEALTH_FIELDS(TEXT, PLAIN) \
    PLAIN(interval_ms) PLAIN(operating_hours) PLAIN(cycles) PLAIN(uptime_ms) PLAIN(restarts) TEXT(restart_reason) \
    PLAIN(spool_used_bytes) PLAIN(spool_limit_bytes) PLAIN(dropped_count) PLAIN(refused_count) \
    PLAIN(flash_written_bytes)

#define PART_FIELDS(TEXT, PLAIN) \
    TEXT(position) TEXT(part_no) TEXT(serial) TEXT(supplier) TEXT(lot) TEXT(made_date) TEXT(source)

#define FIRMWARE_FIELDS(TEXT, PLAIN) TEXT(component) TEXT(version)

#define INVENTORY_FIELDS(TEXT, PLAIN) TEXT(product_line) TEXT(model) TEXT(serial) TEXT(hardware)

#define LIFECYCLE_FIELDS(TEXT, PLAIN) PLAIN(kind) TEXT(detail) TEXT(version)

#define LOSS_FIELDS(TEXT, PLAIN) PLAIN(first) PLAIN(last) PLAIN(cause) PLAIN(faults) PLAIN(healths) PLAIN(others)

#define LANE_FIELDS(TEXT, PLAIN) PLAIN(lane) PLAIN(next) PLAIN(retry_after_ms) PLAIN(resume)

#define VERDICT_FIELDS(TEXT, PLAIN) \
    PLAIN(lane) PLAIN(number) PLAIN(kind) TEXT(ticket) TEXT(rule) TEXT(reason) PLAIN(limit) PLAIN(value) \
    PLAIN(retry_after_ms)
/* clang-format on */

/* For PLAIN, inside functions that have `to` and `from`. The scan keeps every number within the type it narrows to. */
#define COPY(field) to->field = (__typeof__(to->field))from->field;

#endif
