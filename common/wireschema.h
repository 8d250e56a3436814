/* wireschema.h: proto/faultline.proto as a table, with what the schema language cannot say: ranges, caps,
 * alphabets, what must be there. Private to common; read by wirescan.c. */
#ifndef FAULTLINE_WIRESCHEMA_H
#define FAULTLINE_WIRESCHEMA_H

#include <stdbool.h>
#include <stdint.h>

enum kind { K_NONE, K_NUMBER, K_FIXED64, K_DOUBLE, K_TEXT, K_BYTES, K_MESSAGE };

/* Alphabets of texts. */
enum alphabet {
    A_CLEAN, /* UTF-8 without control characters: people will see it */
    A_LINES, /* the same with line ends and tabs */
    A_CODE,  /* [A-Za-z0-9._-] */
    A_NAME,  /* the same and ':' */
};

enum message {
    M_STAMP,
    M_UPLINK,
    M_RECORD,
    M_FAULT,
    M_VALUE,
    M_SNAPSHOT,
    M_MEASURE,
    M_HEALTH,
    M_PART,
    M_FIRMWARE,
    M_INVENTORY,
    M_LIFECYCLE,
    M_LOSS,
    M_RECEIPT,
    M_LANE_RECEIPT,
    M_VERDICT,
    M_COMMAND,
    M_SETTINGS,
};

struct field {
    const char *name;
    uint8_t kind;
    uint8_t sub;   /* K_TEXT: enum alphabet; K_MESSAGE: enum message */
    bool required; /* there, and neither 0 nor empty; in a oneof: not 0 or empty when it is the one */
    uint16_t list; /* how often it may stand; 0 = once */
    uint64_t max;  /* K_NUMBER: highest raw varint (signed ones: zigzag); K_TEXT, K_BYTES, K_MESSAGE: bytes */
};

struct schema {
    const struct field *fields;
    uint32_t count; /* highest field number + 1 */
    uint32_t oneof; /* the field numbers of which exactly one must stand, as bits */
    const char *union_name;
};

enum { FIELD_NUMBERS = 24 };

/* By enum message. */
extern const struct schema wireschema[];

#endif
