/* dm.h: the layout that J1939-73's DM1, DM2, DM6, DM12, DM23, DM27 and DM28 share: lamps and a list of trouble codes. Pure. */
#ifndef FAULTLINE_DM_H
#define FAULTLINE_DM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"

enum { DM_CODES = (BOUND_RAW_BYTES - 2) / 4, DM_CODE_BYTES = 4, DM_OCCURRENCES_UNKNOWN = 127 };

struct dm_code {
    uint32_t spn;        /* 19 bits, never 0 or 524287 in a list */
    uint8_t fmi;         /* 5 bits */
    uint8_t occurrences; /* 0 … 126 (saturated), or DM_OCCURRENCES_UNKNOWN */
    bool converted;      /* conversion bit 1: one of three older layouts, and it is not known which */
};

struct dm {
    uint16_t
        lamps; /* byte 1 in the high byte: MIL, red stop, amber warning, protect, two bits each; byte 2: flashing */
    bool truncated; /* the length does not fit a list: some of it is missing */
    size_t count;
    struct dm_code codes[DM_CODES];
};

/* Four bytes to a code, as they are. */
struct dm_code dm_code_from(const uint8_t bytes[static DM_CODE_BYTES]);

/* n ≤ BOUND_RAW_BYTES; single = from one CAN frame (padded to 8 bytes). "No code" (SPN 0, and 524287 of old) is left out.
 * False when not even the lamps are there; then *ret is untouched. */
bool dm_decode(const uint8_t *bytes, size_t n, bool single, struct dm *ret);

/* One of the lamps' two-bit fields. */
enum dm_lamp { DM_PROTECT, DM_AMBER_WARNING, DM_RED_STOP, DM_MALFUNCTION, DM_LAMP_COUNT };
unsigned dm_lamp_status(uint16_t lamps, enum dm_lamp lamp); /* 0 off, 1 on, 2 error, 3 not available */
unsigned dm_lamp_flash(uint16_t lamps, enum dm_lamp lamp);  /* 0 slow, 1 fast, 3 none */

#endif
