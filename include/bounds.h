/* bounds.h: every cap on what comes from outside, each with its reason. A value above its bound is refused with
 * FAIL_LIMIT (or the wire's verdict) that names the bound and the value. */
#ifndef FAULTLINE_BOUNDS_H
#define FAULTLINE_BOUNDS_H

#include <stdint.h>

/* Numbers, counts and times on the wire stay within ±2^53: exact in JSON and in every SQL bigint, and the sum or
 * difference of any two cannot overflow. Random 64-bit identities (epoch, boot, NAME, hash) use all bits. */
#define BOUND_EXACT (INT64_C(1) << 53)

enum {
    /* The wire */
    BOUND_UPLINK_BYTES = 16 * 1024,        /* one MQTT message: bounds memory per message on broker and collector */
    BOUND_UPLINK_RECORDS = 64,             /* keeps the transaction of one message short */
    BOUND_WIRE_DEPTH = 4,                  /* protobuf-c recurses: 8,000 levels overflow an 8 MiB stack */
    BOUND_WIRE_UNKNOWN_BYTES = 1024,       /* room for newer minor versions, not for bombs */
    BOUND_ARENA_BYTES = 1024 * 1024,       /* decoded form of one uplink: the worst that encodes takes 0.96 MiB, an
                                          ordinary one of 16 KiB a tenth; hostile input grew 92-fold unbounded */
    BOUND_RECEIPT_ARENA_BYTES = 64 * 1024, /* decoded form of one receipt */
    BOUND_RECEIPT_BYTES = 16 * 1024,       /* downlink, same reasons */
    BOUND_RECEIPT_VERDICTS = 64,           /* one for each record of an uplink */
    BOUND_RECEIPT_COMMANDS = 16,
    BOUND_RECORD_BYTES = 4 * 1024, /* one encoded record: 1,785 raw bytes of a J1939 transfer and a full frame fit */

    /* Texts, in bytes without the NUL */
    BOUND_DEVICE_ID = 64,          /* [A-Za-z0-9_-], also the certificate's common name */
    BOUND_SUBJECT_ID = 2 * 64 + 1, /* a device id, or "<gateway>:<child>" for a device behind a gateway */
    BOUND_NAMESPACE = 32,
    BOUND_CODE = 32, /* [A-Za-z0-9._-] */
    BOUND_COMPONENT = 64,
    BOUND_BUS = 16,
    BOUND_NAME = 64, /* measure, model, part number, supplier, lot, … */
    BOUND_UNIT = 16,
    BOUND_REASON = 120,

    /* Lists in one record */
    BOUND_FRAME_VALUES = 32,    /* freeze frame */
    BOUND_RAW_BYTES = 1785,     /* J1939-21: 255 packets of 7 bytes */
    BOUND_SNAPSHOT_FAULTS = 64, /* one record; a larger snapshot takes several, see struct snapshot */
    BOUND_HEALTH_MEASURES = 48,
    BOUND_PARTS = 32,
    BOUND_FIRMWARE = 32,

    /* J1939 on the device */
    BOUND_J1939_BUSES = 8,       /* interfaces told apart in one input; frames of further ones are ignored */
    BOUND_J1939_REPORTERS = 254, /* one for each source address */
    BOUND_J1939_TRANSFERS = 64,  /* open reassemblies; the oldest gives way and is counted */
    BOUND_LINE_BYTES = 4096,     /* one line of a recording or of the frame feed */

    /* The collector's memory and rows for one device, whatever it sends */
    BOUND_DEVICE_CONDITIONS = 4096, /* different faults: four times what an agent's monitor holds */
    BOUND_DEVICE_CHILDREN = 256,    /* devices behind one gateway */
    BOUND_DEVICE_EPOCHS = 64,       /* new spools until they are admitted only now and then */

    /* Fault monitor */
    BOUND_MONITOR_FAULTS = 1024, /* per device; displaced by priority beyond, counted */

    /* Clocks: a device's wall time outside these is not a time (1970 and 2106 are the classic wrong clocks) */
    BOUND_DAY_FIRST = 16436, /* 2015-01-01, in days since 1970 */
    BOUND_DAY_END = 47847,   /* 2101-01-01, the first that is too late */
};

#endif
