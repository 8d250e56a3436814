/* bytes.h: numbers to little-endian bytes and back, for the spool's file formats. */
#ifndef FAULTLINE_BYTES_H
#define FAULTLINE_BYTES_H

#include <stdint.h>

static inline void put_le(uint8_t *at, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

static inline uint64_t get_le(const uint8_t *at, unsigned bytes)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)at[i] << (8 * i);
    return v;
}

#endif
