/* crc32c: the checksum is CRC-32C, and goes on where it stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "crc32c.h"

/* RFC 3720, B.4, and the check value of the catalogue of parametrised CRC algorithms. */
static void known_answers_are_met(void **state)
{
    uint8_t zeros[32] = {0}, ones[32], rising[32], falling[32];
    (void)state;

    memset(ones, 0xff, sizeof ones);
    for (uint8_t i = 0; i < 32; i++) {
        rising[i] = i;
        falling[i] = (uint8_t)(31 - i);
    }
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(0, zeros, 32), 0x8a9136aa);
    assert_int_equal(crc32c(0, ones, 32), 0x62a8ab43);
    assert_int_equal(crc32c(0, rising, 32), 0x46dd794e);
    assert_int_equal(crc32c(0, falling, 32), 0x113fdb5c);
    assert_int_equal(crc32c(0, "", 0), 0);
}

static void parts_in_a_row_are_the_whole(void **state)
{
    static const char text[] = "123456789";
    (void)state;

    for (size_t i = 0; i <= 9; i++)
        assert_int_equal(crc32c(crc32c(0, text, i), text + i, 9 - i), 0xe3069283);
}

static uint32_t bit_by_bit(const uint8_t *at, size_t n)
{
    uint32_t crc = UINT32_MAX;

    while (n--) {
        crc ^= *at++;
        for (int i = 0; i < 8; i++)
            crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

static void every_length_and_alignment_agrees_with_the_definition(void **state)
{
    uint8_t bytes[80];
    (void)state;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i + 7 * i + 131);
    for (size_t from = 0; from < 8; from++) {
        for (size_t n = 0; from + n <= sizeof bytes; n++)
            assert_int_equal(crc32c(0, bytes + from, n), bit_by_bit(bytes + from, n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers_are_met),
        cmocka_unit_test(every_length_and_alignment_agrees_with_the_definition),
        cmocka_unit_test(parts_in_a_row_are_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
