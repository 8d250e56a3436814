/* snapshot.c: the hash over a snapshot. See snapshot.h. */
#include "snapshot.h"

static uint64_t add_byte(uint64_t h, uint8_t byte)
{
    return (h ^ byte) * UINT64_C(0x100000001b3);
}

static uint64_t add_text(uint64_t h, const char *text)
{
    do
        h = add_byte(h, (uint8_t)*text);
    while (*text++);
    return h;
}

static uint64_t add_number(uint64_t h, uint64_t n, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        h = add_byte(h, (uint8_t)(n >> 8 * i));
    return h;
}

uint64_t snapshot_hash_add(uint64_t h, const struct fault_report *r)
{
    h = add_text(h, r->key.bus);
    h = add_text(h, r->key.ns);
    h = add_text(h, r->key.code);
    h = add_text(h, r->key.component);
    h = add_number(h, r->key.reporter_kind, 1);
    h = add_number(h, r->key.reporter, 8);
    h = add_number(h, r->key.mode, 4);
    h = add_number(h, r->key.ambiguous, 1);
    return add_number(h, r->to, 1);
}
