/* refusal.h: why the collector does not take something from a device, as counted, logged and told. */
#ifndef FAULTLINE_REFUSAL_H
#define FAULTLINE_REFUSAL_H

enum refusal {
    REFUSAL_NONE,
    /* Whole messages. They are acknowledged all the same: a poison message must not come back for ever. */
    REFUSAL_TOPIC,   /* not an up topic, or the shard is not the device's */
    REFUSAL_INPUT,   /* not the wire format, or a value out of range */
    REFUSAL_LIMIT,   /* above a cap of bounds.h */
    REFUSAL_NEWER,   /* another protocol version */
    REFUSAL_UNKNOWN, /* device not in the registry, which is closed */
    REFUSAL_BLOCKED, /* device blocked in the registry */
    REFUSAL_EPOCHS,  /* another new spool so soon */
    /* Single records; final, the lane goes on behind them. */
    REFUSAL_CHILD,      /* behind a gateway, not in the registry, which is closed for children */
    REFUSAL_CHILDREN,   /* too many devices behind one gateway */
    REFUSAL_CONDITIONS, /* too many different faults on one device */
    REFUSAL_COUNT
};

/* "topic", "input", …: a stable word; never NULL. */
const char *refusal_word(enum refusal refusal);

#endif
