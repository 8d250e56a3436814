/* codec_uplink: any bytes as an uplink. What is accepted keeps every rule: each record encodes again, its own bytes and
 * the new ones decode to the same, and so does the uplink put together from them. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "common/samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint8_t block[BOUND_ARENA_BYTES], block_again[BOUND_ARENA_BYTES], block_one[BOUND_ARENA_BYTES];
static struct shown first, second;

static void same(const struct record *a, const struct record *b)
{
    first.n = second.n = 0;
    show_record(&first, a);
    show_record(&second, b);
    assert(strcmp(first.text, second.text) == 0);
}

static size_t encode_again(const struct record *r, uint8_t *bytes, size_t cap)
{
    struct arena arena;
    struct record back;
    struct fail f;
    size_t n;

    assert(codec_record_encode(r, bytes, cap, &n, &f) == 0);
    arena_init(&arena, block_one, sizeof block_one);
    assert(codec_record_decode(bytes, n, &arena, &back, &f) == 0);
    same(r, &back);
    arena_reset(&arena);
    assert(codec_record_decode(r->encoded, r->encoded_bytes, &arena, &back, &f) == 0);
    same(r, &back);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    uint8_t bytes[BOUND_UPLINK_BYTES], one[BOUND_RECORD_BYTES];
    struct arena arena, arena_again;
    struct uplink u, again;
    struct fail f = {0};

    arena_init(&arena, block, sizeof block);
    arena_init(&arena_again, block_again, sizeof block_again);
    if (codec_uplink_decode(data, n, &arena, &u, &f) < 0) {
        assert(f.code != FAIL_NONE && f.text[0] && arena.used == 0);
        return 0;
    }
    size_t used = codec_uplink_begin(&u, bytes, sizeof bytes);
    for (size_t i = 0; i < u.record_count; i++) {
        assert(u.records[i].encoded >= data && u.records[i].encoded + u.records[i].encoded_bytes <= data + n);
        used = codec_uplink_add(bytes, used, sizeof bytes, one, encode_again(&u.records[i], one, sizeof one));
        assert(used); /* what arrived fits, and encodes no longer than it was */
    }
    assert(codec_uplink_decode(bytes, used, &arena_again, &again, &f) == 0);
    assert(again.epoch == u.epoch && again.session == u.session && again.death == u.death);
    assert(again.record_count == u.record_count);
    for (size_t i = 0; i < u.record_count; i++)
        same(&u.records[i], &again.records[i]);
    return 0;
}
