/* codec_receipt: any bytes as a receipt. What is accepted encodes again and decodes to the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "common/samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static uint8_t block[BOUND_RECEIPT_ARENA_BYTES], block_again[BOUND_RECEIPT_ARENA_BYTES];
    static struct shown first, second;
    uint8_t bytes[BOUND_RECEIPT_BYTES];
    struct arena arena, arena_again;
    struct receipt r, again;
    struct fail f = {0};
    size_t used;

    arena_init(&arena, block, sizeof block);
    arena_init(&arena_again, block_again, sizeof block_again);
    if (codec_receipt_decode(data, n, &arena, &r, &f) < 0) {
        assert(f.code != FAIL_NONE && f.text[0] && arena.used == 0);
        return 0;
    }
    assert(codec_receipt_encode(&r, bytes, sizeof bytes, &used, &f) == 0);
    assert(codec_receipt_decode(bytes, used, &arena_again, &again, &f) == 0);
    first.n = second.n = 0;
    show_receipt(&first, &r);
    show_receipt(&second, &again);
    assert(strcmp(first.text, second.text) == 0);
    return 0;
}
