/* wirescan.h: checks a message in wire form before anything is unpacked. Private to common.
 *
 * protobuf-c has no limit on depth or memory, no UTF-8 check, cuts texts at a NUL byte, merges fields given
 * twice and narrows numbers silently. After this scan none of that can happen: every field is known by a
 * table and within its range, each single field stands once, each list is within its cap, texts are clean
 * UTF-8, doubles are finite, what is required is there, and unknown fields (room for newer minor versions)
 * stay within BOUND_WIRE_UNKNOWN_BYTES.
 *
 * Pure; any thread. FAIL_INPUT or FAIL_LIMIT, the text names the field: "records[3]: fault: code: ...". */
#ifndef FAULTLINE_WIRESCAN_H
#define FAULTLINE_WIRESCAN_H

#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "fail.h"

struct wire_span {
    const uint8_t *bytes; /* borrowed from the message */
    size_t n;
};

/* ret_records and ret_count tell where each record's own bytes are. */
must_check int wirescan_uplink(const uint8_t *bytes, size_t n,
    struct wire_span ret_records[static BOUND_UPLINK_RECORDS], size_t *ret_count, struct fail *f);
must_check int wirescan_record(const uint8_t *bytes, size_t n, struct fail *f);
must_check int wirescan_receipt(const uint8_t *bytes, size_t n, struct fail *f);

#endif
