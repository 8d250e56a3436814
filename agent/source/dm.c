/* dm.c: lamps and trouble codes of J1939-73. See dm.h. */
#include "dm.h"

#include <assert.h>

enum { SPN_NONE = 0, SPN_NONE_OF_OLD = 524287, HEAD_BYTES = 2 };

struct dm_code dm_code_from(const uint8_t b[static DM_CODE_BYTES])
{
    return (struct dm_code){.spn = b[0] | (uint32_t)b[1] << 8 | (uint32_t)(b[2] >> 5) << 16,
        .fmi = b[2] & 0x1f,
        .occurrences = b[3] & 0x7f,
        .converted = b[3] >> 7};
}

/* One frame holds one code and, mostly, two bytes of padding behind it. */
static size_t codes_in(size_t n, bool single, bool *ret_truncated)
{
    size_t count = (n - HEAD_BYTES) / DM_CODE_BYTES;

    *ret_truncated = single ? count == 0 : count == 0 || (n - HEAD_BYTES) % DM_CODE_BYTES != 0;
    return count;
}

bool dm_decode(const uint8_t *bytes, size_t n, bool single, struct dm *ret)
{
    assert(n <= BOUND_RAW_BYTES);
    if (n < HEAD_BYTES)
        return false;
    size_t count = codes_in(n, single, &ret->truncated);
    ret->lamps = (uint16_t)(bytes[0] << 8 | bytes[1]);
    ret->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct dm_code code = dm_code_from(bytes + HEAD_BYTES + i * DM_CODE_BYTES);

        if (code.spn != SPN_NONE && code.spn != SPN_NONE_OF_OLD)
            ret->codes[ret->count++] = code;
    }
    return true;
}

unsigned dm_lamp_status(uint16_t lamps, enum dm_lamp lamp)
{
    return (unsigned)lamps >> (8 + 2 * lamp) & 3;
}

unsigned dm_lamp_flash(uint16_t lamps, enum dm_lamp lamp)
{
    return (unsigned)lamps >> 2 * lamp & 3;
}
