/* crc32c.h: the checksum of everything the spool stores: CRC-32C (Castagnoli), polynomial 0x1EDC6F41, reflected
 * 0x82F63B78, start and final xor 0xFFFFFFFF, as in RFC 3720. Finds every burst up to 32 bits and, in the lengths used
 * here, every change of up to 5 bits. crc32c(0, "123456789", 9) is 0xE3069283. */
#ifndef FAULTLINE_CRC32C_H
#define FAULTLINE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from crc; 0 starts. crc32c(crc32c(0, a, n), b, m) is the checksum of a and b in a row. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t n);

#endif
