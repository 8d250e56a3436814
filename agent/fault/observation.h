/* observation.h: what a source saw, in the terms all sources share: who says it, of what fault, on what evidence.
 *
 * Texts are NUL-terminated UTF-8 within the caps of bounds.h, never NULL ("" = none), borrowed for the time of a call.
 * Only data; the fault monitor (monitor.h) makes states of it. */
#ifndef FAULTLINE_OBSERVATION_H
#define FAULTLINE_OBSERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* Who says something. bus, kind and id are its identity; the address is evidence and may change. */
struct reporter {
    const char *bus;
    enum reporter_kind kind;
    uint64_t id;       /* by kind: NAME, source address, unit; 0 for REPORTER_LOGICAL */
    uint8_t address;   /* its address now, 0 where there is none */
    const char *label; /* what others' network codes call it ("ecu:0"); "" = nothing */
};

/* One fault as a reporter names it, without saying whether it is there. */
struct sighting {
    const char *code;
    uint32_t mode;
    const char *component;
    bool ambiguous;
    int16_t source_occurrences; /* 0 … 126, or OCCURRENCES_NONE */
    uint8_t severity;           /* 0 … 4 */
    enum ticket_class class_hint;
    const char *subject; /* what is broken, when that is not the reporter and the code alone tells it */
    bool network;        /* a code about missing or broken communication: root-cause grouping applies */
};

/* What came with it. */
struct evidence {
    int32_t lamps; /* DM1 bytes 1 and 2 (byte 1 in the high byte), or LAMPS_NONE */
    enum quality quality;
    const struct frame_value *frame; /* at most BOUND_FRAME_VALUES */
    size_t frame_count;
    const uint8_t *raw; /* at most BOUND_RAW_BYTES */
    size_t raw_bytes;
};

/* The list of everything a reporter holds active in one namespace (a DM1). When complete is false some of it is
 * missing: what is in it was seen, what is not in it is not absent. */
struct fault_list {
    struct reporter reporter;
    const char *ns;
    const struct sighting *items;
    size_t count;
    bool complete;
    struct evidence evidence;
};

/* One fault, there or not. settled: the source debounced it already (an application's raise and clear, OBD, UDS), so it
 * is taken as it is whatever the namespace's policy says. */
struct observation {
    struct reporter reporter;
    const char *ns;
    struct sighting sighting;
    struct evidence evidence;
    bool failing;
    bool settled;
    uint64_t owner; /* the user on this device on whose account it is held; 0 = nobody's */
};

#endif
