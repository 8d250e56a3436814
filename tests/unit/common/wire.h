/* wire.h: messages put together field by field, right or wrong, for tests of what reads them. */
#ifndef FAULTLINE_TEST_WIRE_H
#define FAULTLINE_TEST_WIRE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct wire {
    uint8_t bytes[64 * 1024];
    size_t n;
};

static inline void wire_bytes(struct wire *w, const void *bytes, size_t n)
{
    if (n > sizeof w->bytes - w->n)
        abort();
    memcpy(w->bytes + w->n, bytes, n);
    w->n += n;
}

static inline void wire_varint(struct wire *w, uint64_t v)
{
    uint8_t byte;

    for (; v >= 0x80; v >>= 7) {
        byte = (uint8_t)(v | 0x80);
        wire_bytes(w, &byte, 1);
    }
    byte = (uint8_t)v;
    wire_bytes(w, &byte, 1);
}

static inline void wire_tag(struct wire *w, uint32_t field, unsigned type)
{
    wire_varint(w, (uint64_t)field << 3 | type);
}

static inline void wire_number(struct wire *w, uint32_t field, uint64_t v)
{
    wire_tag(w, field, 0);
    wire_varint(w, v);
}

static inline void wire_fixed64(struct wire *w, uint32_t field, uint64_t v)
{
    wire_tag(w, field, 1);
    for (int i = 0; i < 8; i++, v >>= 8)
        wire_bytes(w, &(uint8_t){(uint8_t)v}, 1);
}

static inline void wire_span(struct wire *w, uint32_t field, const void *bytes, size_t n)
{
    wire_tag(w, field, 2);
    wire_varint(w, n);
    wire_bytes(w, bytes, n);
}

static inline void wire_text(struct wire *w, uint32_t field, const char *text)
{
    wire_span(w, field, text, strlen(text));
}

static inline void wire_message(struct wire *w, uint32_t field, const struct wire *message)
{
    wire_span(w, field, message->bytes, message->n);
}

/* ---------------------------------------------------------------- the least that is accepted */

enum { BODY_FAULT = 10, BODY_SNAPSHOT, BODY_HEALTH, BODY_INVENTORY, BODY_LIFECYCLE, BODY_LOSS };

static inline void wire_key(struct wire *fault)
{
    fault->n = 0;
    wire_text(fault, 1, "app");
    wire_text(fault, 2, "E6");
}

/* A record's fields but for its body. */
static inline void wire_record_head(struct wire *record, uint32_t body, uint64_t number)
{
    record->n = 0;
    if (body == BODY_HEALTH)
        wire_number(record, 1, 1);
    wire_number(record, 2, number);
}

static inline void wire_uplink_head(struct wire *uplink)
{
    uplink->n = 0;
    wire_number(uplink, 1, 1);
    wire_fixed64(uplink, 2, 0xe);
    wire_number(uplink, 3, 1);
}

static inline void wire_receipt_head(struct wire *receipt)
{
    receipt->n = 0;
    wire_number(receipt, 1, 1);
    wire_fixed64(receipt, 2, 0xe);
}

/* An uplink with one record of this body. */
static inline void wire_uplink_with(struct wire *uplink, uint32_t body, const struct wire *message)
{
    static struct wire record;

    wire_record_head(&record, body, 9);
    wire_message(&record, body, message);
    wire_uplink_head(uplink);
    wire_message(uplink, 5, &record);
}

#endif
