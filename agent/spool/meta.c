/* meta.c: the epoch file: its format, how it is read and replaced. See meta.h.
 *
 * One copy, all numbers little-endian:  magic 8 · version 2 · 0 2 · length 4 · body · CRC-32C of all before 4
 * Body:  epoch 8 · session 4 · evicted 8 · expired 8 · refused 8 · corrupt 8 · for each lane: first 8 · next
 * 8 · floor 8 · head 8 · head bytes 8 · count 4 · count losses of: first 8 · last 8 · cause 1 · faults 4 ·
 * healths 4 · others 4 · boot 8 · monotonic ms 8 · wall ms 8 · quality 1; from version 2 on: files epoch 8 · epochs begun 4
 * · for each lane: base 8. Magic, version, length and the place of the checksum hold for every version. */
#include "meta.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "bytes.h"
#include "crc32c.h"

enum { VERSION = 2, HEAD_BYTES = 16, LOSS_BYTES = 54 };

#define TEMP_NAME META_NAME ".new"

static const uint8_t magic[8] = {'F', 'L', 'e', 'p', 'o', 'c', 'h', '\n'};

static_assert(
    HEAD_BYTES + 56 + LANE_COUNT * (52 + LOSSES_MAX * LOSS_BYTES) + 4 <= META_COPY_BYTES, "a copy is a block");

/* Writes to or reads from a block, one field after the other, so that the format is said once. */
struct field {
    uint8_t *at, *end;
    bool is_write;
    bool is_short;
};

static uint64_t pass(struct field *io, uint64_t v, unsigned bytes)
{
    if ((size_t)(io->end - io->at) < bytes) {
        io->is_short = true;
        return 0;
    }
    if (io->is_write)
        put_le(io->at, v, bytes);
    else
        v = get_le(io->at, bytes);
    io->at += bytes;
    return v;
}

static void pass_loss(struct field *io, struct loss_entry *e)
{
    e->loss.first = pass(io, e->loss.first, 8);
    e->loss.last = pass(io, e->loss.last, 8);
    e->loss.cause = (enum loss_cause)pass(io, e->loss.cause, 1);
    e->loss.faults = (uint32_t)pass(io, e->loss.faults, 4);
    e->loss.healths = (uint32_t)pass(io, e->loss.healths, 4);
    e->loss.others = (uint32_t)pass(io, e->loss.others, 4);
    e->stamp.boot = pass(io, e->stamp.boot, 8);
    e->stamp.mono.ms = (int64_t)pass(io, (uint64_t)e->stamp.mono.ms, 8);
    e->stamp.wall.ms = (int64_t)pass(io, (uint64_t)e->stamp.wall.ms, 8);
    e->stamp.quality = (enum clock_quality)pass(io, e->stamp.quality, 1);
    if (!io->is_write)
        e->given = true; /* perhaps it was, before the restart */
}

static void pass_lane(struct field *io, struct meta_lane *l)
{
    l->first = pass(io, l->first, 8);
    l->next = pass(io, l->next, 8);
    l->floor = pass(io, l->floor, 8);
    l->head = pass(io, l->head, 8);
    l->head_bytes = (int64_t)pass(io, (uint64_t)l->head_bytes, 8);
    l->losses.count = (size_t)pass(io, l->losses.count, 4);
    if (l->losses.count > LOSSES_MAX) {
        io->is_short = true;
        l->losses.count = 0;
    }
    for (size_t i = 0; i < l->losses.count; i++)
        pass_loss(io, &l->losses.entries[i]);
}

static void pass_body(struct field *io, unsigned version, struct meta *m)
{
    m->epoch = pass(io, m->epoch, 8);
    m->session = (uint32_t)pass(io, m->session, 4);
    m->evicted_count = pass(io, m->evicted_count, 8);
    m->expired_count = pass(io, m->expired_count, 8);
    m->refused_count = pass(io, m->refused_count, 8);
    m->corrupt_count = pass(io, m->corrupt_count, 8);
    for (size_t i = 0; i < LANE_COUNT; i++)
        pass_lane(io, &m->lanes[i]);
    if (version < 2) {
        m->files_epoch = m->epoch;
        return;
    }
    m->files_epoch = pass(io, m->files_epoch, 8);
    m->epochs_begun = (uint32_t)pass(io, m->epochs_begun, 4);
    for (size_t i = 0; i < LANE_COUNT; i++)
        m->lanes[i].base = pass(io, m->lanes[i].base, 8);
}

static bool lane_is_sound(const struct meta_lane *l)
{
    uint64_t expected = l->losses.count ? l->losses.entries[0].loss.first : l->floor;

    for (size_t i = 0; i < l->losses.count; i++) {
        const struct loss_entry *e = &l->losses.entries[i];

        if (e->loss.first != expected || e->loss.last < e->loss.first || e->loss.cause >= LOSS_CAUSE_COUNT ||
            e->stamp.quality > CLOCK_SYNCED)
            return false;
        expected = e->loss.last + 1;
    }
    return expected == l->floor && l->base < l->first && l->floor >= 1 && l->first <= l->next && l->floor <= l->next &&
           l->head <= l->next && l->head_bytes >= 0;
}

static void encode(const struct meta *m, uint8_t copy[static META_COPY_BYTES])
{
    struct meta writable = *m;
    struct field io = {copy + HEAD_BYTES, copy + META_COPY_BYTES - 4, true, false};

    memset(copy, 0, META_COPY_BYTES);
    pass_body(&io, VERSION, &writable);
    assert(!io.is_short);
    size_t length = (size_t)(io.at - copy) + 4;
    memcpy(copy, magic, sizeof magic);
    put_le(copy + 8, VERSION, 2);
    put_le(copy + 12, length, 4);
    put_le(io.at, crc32c(0, copy, length - 4), 4);
}

static int decode(uint8_t copy[static META_COPY_BYTES], struct meta *ret, struct fail *f)
{
    uint64_t length = get_le(copy + 12, 4);
    unsigned version = (unsigned)get_le(copy + 8, 2);

    if (memcmp(copy, magic, sizeof magic) != 0 || length < HEAD_BYTES + 4 || length > META_COPY_BYTES ||
        get_le(copy + length - 4, 4) != crc32c(0, copy, length - 4))
        return fail_set(f, FAIL_CORRUPT, META_NAME ": checksum");
    if (version < 1 || version > VERSION)
        return fail_set(f, FAIL_NEWER, META_NAME ": version %u", version);
    struct meta m = {0};
    struct field io = {copy + HEAD_BYTES, copy + length - 4, false, false};
    pass_body(&io, version, &m);
    if (io.is_short || m.epoch == 0 || m.files_epoch == 0 || !lane_is_sound(&m.lanes[0]) || !lane_is_sound(&m.lanes[1]))
        return fail_set(f, FAIL_CORRUPT, META_NAME ": content");
    *ret = m;
    return 0;
}

static int read_file(struct folder *d, uint8_t bytes[static META_BYTES], struct fail *f)
{
    size_t got;
    int file = d->disk->open(d->disk->ctx, d->dir, META_NAME, O_RDONLY);

    if (file < 0)
        return errno == ENOENT ? fail_set(f, FAIL_NOT_FOUND, META_NAME) : fail_sys(f, META_NAME);
    int rc = folder_read(d, file, bytes, META_BYTES, 0, &got, f);
    d->disk->close(d->disk->ctx, file);
    return rc;
}

int meta_load(struct folder *d, struct meta *ret, struct fail *f)
{
    uint8_t bytes[META_BYTES] = {0};
    struct fail first, second;

    if (read_file(d, bytes, f) != 0)
        return -1;
    if (decode(bytes, ret, &first) == 0 || decode(bytes + META_COPY_BYTES, ret, &second) == 0)
        return 0;
    *f = first.code == FAIL_NEWER ? first : second;
    return -1;
}

int meta_save(struct folder *d, const struct meta *m, struct fail *f)
{
    uint8_t bytes[META_BYTES];

    encode(m, bytes);
    memcpy(bytes + META_COPY_BYTES, bytes, META_COPY_BYTES);
    int file = folder_create(d, TEMP_NAME, f);
    if (file < 0)
        return fail_add(f, META_NAME);
    int rc = folder_write(d, file, bytes, sizeof bytes, 0, f);
    if (rc == 0)
        rc = folder_publish(d, file, TEMP_NAME, META_NAME, f);
    d->disk->close(d->disk->ctx, file);
    if (rc == 0)
        return 0;
    folder_discard(d, TEMP_NAME);
    return fail_add(f, META_NAME);
}
