/* reports.h: the records that the benchmarks send: a fault as a J1939 controller reports it. */
#ifndef FAULTLINE_BENCH_REPORTS_H
#define FAULTLINE_BENCH_REPORTS_H

#include <stdbool.h>
#include <stdio.h>

#include "cleanup.h"
#include "codec.h"

enum { REPORT_CODE_BYTES = 16 };

/* Record `number` of a device. When raising each record confirms another fault, and so opens a ticket; else eight faults
 * are pending and healed in turn, and open none. code is borrowed by the record. */
static inline struct record bench_report(
    uint64_t epoch, uint64_t number, bool raise, struct stamp stamp, char code[static REPORT_CODE_BYTES])
{
    static const struct frame_value frame[] = {{"engine_speed", 1425.5, "rpm"}, {"coolant_temperature", 96.0, "degC"}};
    struct record r = {.lane = LANE_FAULT, .number = number, .stamp = stamp, .behind = "", .kind = RECORD_FAULT};

    snprintf(code, REPORT_CODE_BYTES, "%u", raise ? (unsigned)number : (unsigned)(number / 2 % 8) + 100u);
    r.fault = (struct fault_report){
        .key = {"can0", REPORTER_J1939_NAME, epoch, "j1939", code, 2, "", false},
        .subject = "",
        .from = raise        ? FAULT_PENDING
                : number % 2 ? FAULT_UNTESTED
                             : FAULT_PENDING,
        .to = raise        ? FAULT_CONFIRMED
              : number % 2 ? FAULT_PENDING
                           : FAULT_HEALED,
        .uds_status = UDS_TEST_FAILED | UDS_PENDING,
        .severity = 2,
        .lamps = LAMPS_NONE,
        .source_occurrences = 1,
        .occurrences = 1,
        .frame = frame,
        .frame_count = countof(frame),
    };
    return r;
}

#endif
