/* spool_segment: any bytes in place of the newest segment of the fault lane, or of the one before. The spool opens, each
 * number comes once, as a record or as loss, it goes on, and says the same when it is opened again.
 *
 * Byte 0: bit 0: the checksums are made good, so that what lies behind them is reached; bit 1: the bytes stand in the
 * older of two segments; bit 2: the file is as short as the bytes, else it is filled up with zeros. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/spool/model_disk.h"
#include "bytes.h"
#include "bounds.h"
#include "codec.h"
#include "crc32c.h"
#include "segment.h"
#include "spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A header with this epoch's checksum was written by the spool, which begins no segment that late. */
enum { SEGMENT_BYTES = 64 * 1024, FIRST_MAX = 2000 };

static struct wall fixed_wall(void *ctx)
{
    (void)ctx;
    return (struct wall){1700000000000};
}

static struct mono fixed_mono(void *ctx)
{
    (void)ctx;
    return (struct mono){1000};
}

static enum clock_quality fixed_quality(void *ctx)
{
    (void)ctx;
    return CLOCK_KEPT;
}

static void fixed_fill(void *ctx, void *bytes, size_t n)
{
    (void)ctx;
    memset(bytes, 0x5a, n);
}

static const struct clock fixed_clock = {fixed_wall, fixed_mono, fixed_quality, NULL};
static const struct rng fixed_rng = {fixed_fill, NULL};
static const struct spool_settings settings = {"/spool", 256 * 1024, SEGMENT_BYTES, 3600000, 256 * 1024};

static struct spool *open_spool(struct model_disk *d, struct disk *table)
{
    struct spool *s;
    struct fail f;

    *table = model_table(d);
    if (spool_open(&settings, table, &fixed_clock, &fixed_rng, &s, &f) != 0)
        abort();
    return s;
}

static void put(struct spool *s, size_t raw_bytes)
{
    static const uint8_t raw[BOUND_RAW_BYTES];
    struct record r = {.lane = LANE_FAULT, .behind = "", .kind = RECORD_FAULT};
    struct fail f;

    r.fault = (struct fault_report){.key = {.bus = "", .ns = "app", .code = "1", .component = ""},
        .subject = "",
        .lamps = LAMPS_NONE,
        .source_occurrences = OCCURRENCES_NONE,
        .raw = raw,
        .raw_bytes = raw_bytes};
    if (spool_append(s, &r, &f) != 0 || spool_sync(s, &f) != 0)
        abort();
}

/* Reads all, twice the same. Returns how many numbers are lost. */
static uint64_t read_all(struct spool *s)
{
    static uint8_t bytes[BOUND_RECORD_BYTES];
    uint64_t lost = 0, next = spool_next(s, LANE_FAULT);
    size_t n;
    struct fail f;

    assert(spool_oldest(s, LANE_FAULT) <= spool_first(s, LANE_FAULT) && spool_first(s, LANE_FAULT) <= next);
    for (uint64_t number = spool_first(s, LANE_FAULT), at; number < next; number = at + 1) {
        if (spool_read(s, LANE_FAULT, number, bytes, sizeof bytes, &n, &at, &f) != 0)
            abort();
        assert(at >= number && at < next && n > 0);
        lost += at - number;
    }
    assert(spool_read(s, LANE_FAULT, next, bytes, sizeof bytes, &n, &next, &f) != 0 && f.code == FAIL_NOT_FOUND);
    return lost;
}

/* A disk with two segments of faults. */
static struct model_disk *sound_disk(char older[32], char newer[32])
{
    struct model_disk *d = model_new();
    struct disk table;
    struct spool *s = open_spool(d, &table);

    while (d->names.n < 3)
        put(s, BOUND_RAW_BYTES);
    spool_close(s);
    for (size_t i = 0; i < d->names.n; i++) {
        const char *name = d->names.list[i].name;

        if (name[0] == 'f')
            strcpy(strstr(name, "-0000000000000001.") ? older : newer, name);
    }
    struct model_disk *copy = model_copy(d);
    model_free(d);
    return copy;
}

static void make_checksums_good(struct model_disk *d, struct model_bytes *b, const char *name)
{
    static const uint8_t magic[] = "FLspool\n";
    const struct segment_hints hints[LANE_COUNT] = {{UINT32_MAX, 0}, {UINT32_MAX, 0}};
    struct disk table = model_table(d);
    struct folder folder = {.disk = &table, .dir = MODEL_DIR};
    struct segment s;
    struct segment_record r;
    struct fail f;

    if (b->n < SEGMENT_HEADER_BYTES)
        return;
    memcpy(b->at, magic, 8);
    put_le(b->at + 8, 1, 2);
    put_le(b->at + 16, 0x5a5a5a5a5a5a5a5a, 8);
    if (get_le(b->at + 24, 8) > FIRST_MAX)
        put_le(b->at + 24, FIRST_MAX, 8);
    put_le(b->at + 60, crc32c(0, b->at, 60), 4);
    if (segment_identify(&folder, 0x5a5a5a5a5a5a5a5a, name, hints, &s, &f) != 0)
        return;
    for (size_t at = SEGMENT_HEADER_BYTES; at + SEGMENT_RECORD_HEADER_BYTES <= b->n; at += segment_span(r.n)) {
        if (!segment_get_header(&s, b->at + at, &r) || at + segment_span(r.n) > b->n)
            return;
        put_le(b->at + at, crc32c(s.salt, b->at + at + 4, SEGMENT_RECORD_HEADER_BYTES - 4 + r.n), 4);
    }
}

static void replace(struct model_disk *d, const char *name, uint8_t how, const uint8_t *data, size_t n)
{
    struct model_bytes *b = model_file(d, name);

    b->n = 0;
    if (n)
        model_put(b, 0, data, n);
    if (how & 1)
        make_checksums_good(d, b, name);
    if (!(how & 4) && b->n < SEGMENT_BYTES)
        model_put(b, SEGMENT_BYTES - 1, (const uint8_t[]){0}, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct model_disk *sound;
    static char older[32], newer[32];
    struct disk table;
    struct spool_stats before, after;

    if (!sound)
        sound = sound_disk(older, newer);
    if (n < 1 || n > SEGMENT_BYTES)
        return 0;
    struct model_disk *damaged = model_copy(sound);
    replace(damaged, data[0] & 2 ? older : newer, data[0], data + 1, n - 1);
    struct model_disk *d = model_copy(damaged);
    model_free(damaged);

    struct spool *s = open_spool(d, &table);
    uint64_t next = spool_next(s, LANE_FAULT), lost = read_all(s);
    spool_stats(s, &before);
    spool_close(s);
    s = open_spool(d, &table);
    spool_stats(s, &after);
    assert(spool_next(s, LANE_FAULT) == next && read_all(s) == lost && after.corrupt_count == before.corrupt_count);
    put(s, 10);
    assert(spool_next(s, LANE_FAULT) == next + 1);
    read_all(s);
    spool_close(s);
    model_free(d);
    return 0;
}
