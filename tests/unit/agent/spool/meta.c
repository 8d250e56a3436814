/* meta: the epoch file comes back as it was saved, and nothing else is taken for it. */
#include "bytes.h"
#include "crc32c.h"
#include "meta.h"
#include "rig.h"

static int set_up(void **state)
{
    (void)state;
    rig_init(&rig, model_new());
    rig_must_open(&rig);
    rig_put(&rig, LANE_FAULT, 100);
    rig_close(&rig);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_done(&rig);
    return 0;
}

static struct meta full_meta(void)
{
    struct meta m = {.epoch = 0xfedcba9876543210,
        .files_epoch = 0xf123456789abcdef,
        .session = 7,
        .epochs_begun = 9,
        .evicted_count = 1,
        .expired_count = 2};

    m.refused_count = 3;
    m.corrupt_count = UINT64_MAX;
    for (size_t lane = 0; lane < LANE_COUNT; lane++) {
        struct meta_lane *l = &m.lanes[lane];

        *l = (struct meta_lane){
            .base = 4, .first = 5, .next = 900, .floor = 101 + LOSSES_MAX, .head = 800, .head_bytes = 65536};
        l->losses.count = LOSSES_MAX;
        for (uint64_t i = 0; i < LOSSES_MAX; i++)
            l->losses.entries[i] = (struct loss_entry){{101 + i, 101 + i, (enum loss_cause)(i % 3), 4, 5, 6},
                {~i, {-1 - (int64_t)i}, {1700000000000}, CLOCK_SYNCED}, true};
    }
    return m;
}

static void every_field_comes_back(void **state)
{
    struct meta m = full_meta(), back;
    struct folder d;
    struct disk table = model_table(rig.disk);
    struct fail f;
    (void)state;

    assert_int_equal(folder_open(&d, &table, "/spool", &f), 0);
    assert_int_equal(meta_save(&d, &m, &f), 0);
    memset(&back, 0, sizeof back);
    assert_int_equal(meta_load(&d, &back, &f), 0);
    assert_int_equal(back.epoch, m.epoch);
    assert_true(back.files_epoch == m.files_epoch);
    assert_int_equal(back.session, 7);
    assert_int_equal(back.epochs_begun, 9);
    assert_int_equal(back.evicted_count, 1);
    assert_int_equal(back.expired_count, 2);
    assert_int_equal(back.refused_count, 3);
    assert_true(back.corrupt_count == UINT64_MAX);
    for (size_t lane = 0; lane < LANE_COUNT; lane++) {
        const struct meta_lane *a = &m.lanes[lane], *b = &back.lanes[lane];

        assert_true(a->first == b->first && a->next == b->next && a->floor == b->floor && a->head == b->head);
        assert_int_equal(a->head_bytes, b->head_bytes);
        assert_int_equal(b->base, 4);
        assert_int_equal(b->losses.count, LOSSES_MAX);
        for (size_t i = 0; i < LOSSES_MAX; i++) {
            const struct loss_entry *x = &a->losses.entries[i], *y = &b->losses.entries[i];

            assert_true(x->loss.first == y->loss.first && x->loss.last == y->loss.last);
            assert_true(x->loss.cause == y->loss.cause && x->loss.faults == y->loss.faults);
            assert_true(x->loss.healths == y->loss.healths && x->loss.others == y->loss.others);
            assert_true(x->stamp.boot == y->stamp.boot && x->stamp.mono.ms == y->stamp.mono.ms);
            assert_true(x->stamp.wall.ms == y->stamp.wall.ms && x->stamp.quality == y->stamp.quality);
            assert_true(y->given);
        }
    }
    folder_close(&d);
}

/* Opens, expects the failure, and that nothing in the folder has changed. */
static void expect_refusal(enum fail_code code)
{
    struct model_disk *before = model_copy(rig.disk);
    struct fail f;

    assert_int_equal(rig_open(&rig, &f), -1);
    assert_int_equal(f.code, code);
    assert_int_equal(rig.disk->names.n, before->names.n);
    for (size_t i = 0; i < before->names.n; i++) {
        struct model_bytes *a = &before->now[before->names.list[i].file];
        struct model_bytes *b = model_file(rig.disk, before->names.list[i].name);

        assert_int_equal(a->n, b->n);
        assert_memory_equal(a->at, b->at, a->n);
    }
    model_free(before);
}

static void a_file_rotten_in_both_copies_is_refused_and_left(void **state)
{
    struct model_bytes *b = model_file(rig.disk, META_NAME);
    (void)state;

    b->at[20] ^= 1;
    b->at[META_COPY_BYTES + 60] ^= 0x80;
    expect_refusal(FAIL_CORRUPT);
}

static void a_cut_file_is_refused_and_left(void **state)
{
    (void)state;
    model_file(rig.disk, META_NAME)->n = 40;
    expect_refusal(FAIL_CORRUPT);
    model_file(rig.disk, META_NAME)->n = 0;
    expect_refusal(FAIL_CORRUPT);
}

static void segments_without_an_epoch_file_are_refused_and_left(void **state)
{
    (void)state;
    model_change_names(rig.disk, META_NAME, "", 0);
    expect_refusal(FAIL_CORRUPT);
}

static void change(size_t at, uint64_t v, unsigned bytes)
{
    struct model_bytes *b = model_file(rig.disk, META_NAME);

    for (size_t copy = 0; copy < META_BYTES; copy += META_COPY_BYTES) {
        size_t length = (size_t)get_le(b->at + copy + 12, 4);

        put_le(b->at + copy + at, v, bytes);
        put_le(b->at + copy + length - 4, crc32c(0, b->at + copy, length - 4), 4);
    }
}

static void a_newer_version_is_refused_by_name_and_left(void **state)
{
    (void)state;
    change(8, 3, 2);
    expect_refusal(FAIL_NEWER);
}

/* Version 1 ends before the files' epoch. */
static void a_file_of_version_1_is_read(void **state)
{
    struct model_bytes *b = model_file(rig.disk, META_NAME);
    uint64_t epoch = rig.oracle.epoch;
    (void)state;

    rig_must_open(&rig);
    rig_put_many(&rig, LANE_FAULT, 100, 10);
    rig_close(&rig);
    b = model_file(rig.disk, META_NAME);
    for (size_t copy = 0; copy < META_BYTES; copy += META_COPY_BYTES)
        put_le(b->at + copy + 12, get_le(b->at + copy + 12, 4) - 28, 4);
    change(8, 1, 2);
    rig_must_open(&rig);
    assert_true(spool_epoch(rig.spool) == epoch);
    check_nothing_lost();
}

/* A good checksum over content that cannot be. */
static void impossible_content_is_refused(void **state)
{
    static const struct {
        size_t at;
        uint64_t value;
        unsigned bytes;
    } wrong[] = {{16, 0, 8}, {60, 0, 8}, {60, 99, 8}, {68, 0, 8}, {76, 0, 8}, {76, 99, 8}, {84, 99, 8},
        {92, UINT64_MAX, 8}, {100, 1, 4}, {100, UINT32_MAX, 4}};
    struct model_bytes *b = model_file(rig.disk, META_NAME);
    uint8_t good[META_BYTES];
    (void)state;

    memcpy(good, b->at, sizeof good);
    for (size_t i = 0; i < countof(wrong); i++) {
        change(wrong[i].at, wrong[i].value, wrong[i].bytes);
        expect_refusal(FAIL_CORRUPT);
        memcpy(b->at, good, sizeof good);
    }
    rig_must_open(&rig);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        test(every_field_comes_back),
        test(a_file_rotten_in_both_copies_is_refused_and_left),
        test(a_cut_file_is_refused_and_left),
        test(segments_without_an_epoch_file_are_refused_and_left),
        test(a_newer_version_is_refused_by_name_and_left),
        test(a_file_of_version_1_is_read),
        test(impossible_content_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
