/* cursor: damage. Bits rot, files are cut, exchanged, copied, lost or unreadable. The spool opens, gives no record that is
 * not the original, says what was lost, loses no more than was hit, and never gives a number again. */
#include "rig.h"

enum { CORRUPT = 1 << LOSS_CORRUPT, EVICTED = 1 << LOSS_EVICTED };

static struct model_disk *whole; /* the disk before the damage */
static struct rig_oracle promised;
static char names[4][32]; /* the fault lane's three segments, then the health lane's one */
static const uint64_t records[4] = {33, 33, 4, 5};

enum { FAULT_SPAN = 1936, HEALTH_SPAN = 168, HEADER = 64 };

static int set_up(void **state)
{
    (void)state;
    rig_init(&rig, model_new());
    rig_must_open(&rig);
    rig_put_many(&rig, LANE_FAULT, 2000, 70);
    rig_put_many(&rig, LANE_HEALTH, 150, 5);
    rig_close(&rig);
    whole = model_copy(rig.disk);
    promised = rig.oracle;
    size_t n = 0;
    for (size_t i = 0; i < whole->names.n; i++) {
        if (whole->names.list[i].name[0] == 'f')
            strcpy(names[n++], whole->names.list[i].name);
        else if (whole->names.list[i].name[0] == 'h')
            strcpy(names[3], whole->names.list[i].name);
    }
    assert_int_equal(n, 3);
    for (size_t i = 0; i + 1 < n; i++)
        assert_true(strcmp(names[i], names[i + 1]) < 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_done(&rig);
    model_free(whole);
    return 0;
}

static void restore(void)
{
    rig_replace_disk(&rig, model_copy(whole));
    rig.oracle = promised;
    rig.promised_lost = 0;
}

/* Opens the damaged disk, checks all, goes on with it, and checks again. Returns how many promised records were lost. */
static uint64_t open_damaged(void)
{
    uint64_t lost[LOSS_CAUSE_COUNT] = {0};

    rig_replace_disk(&rig, model_copy(rig.disk)); /* the damage is on the disk, not in a cache */
    rig_must_open(&rig);
    rig_check(&rig, CORRUPT, lost);
    uint64_t hit = rig.promised_lost;
    assert_int_equal(stats().corrupt_count, lost[LOSS_CORRUPT]);
    rig_accept(&rig);
    rig_put(&rig, LANE_FAULT, 100);
    rig_put(&rig, LANE_HEALTH, 100);
    rig_close(&rig);
    rig_must_open(&rig);
    memset(lost, 0, sizeof lost);
    rig_check(&rig, CORRUPT, lost);
    assert_int_equal(stats().corrupt_count, lost[LOSS_CORRUPT]);
    return hit;
}

/* ---------------------------------------------------------------- rot */

static void flip(const char *name, size_t at, uint8_t bits, uint64_t max_lost)
{
    restore();
    model_file(rig.disk, name)->at[at] ^= bits;
    uint64_t lost = open_damaged();
    if (lost > max_lost)
        fail_msg("%s, byte %zu: %llu records lost", name, at, (unsigned long long)lost);
}

static void any_rotten_byte_of_a_record_costs_that_record_only(void **state)
{
    (void)state;
    for (size_t at = HEADER; at < HEADER + 5 * HEALTH_SPAN; at++)
        flip(names[3], at, (uint8_t)(1u << at % 8), 1);
    for (size_t at = HEADER; at < 65536; at += 211)
        flip(names[1], at, 0xff, 1);
    for (size_t at = HEADER; at < HEADER + 4 * FAULT_SPAN; at += 67)
        flip(names[2], at, 0x10, 1);
}

static void rot_where_nothing_was_written_costs_nothing(void **state)
{
    (void)state;
    for (size_t at = 14000; at < 65536; at += 997)
        flip(names[2], at, 0x40, 0);
}

static void rot_in_a_header_costs_nothing(void **state)
{
    (void)state;
    for (size_t at = 0; at < HEADER; at++) {
        flip(names[0], at, 0x81, 0);
        flip(names[2], at, 0x04, 0);
    }
}

static void rot_in_one_copy_of_the_epoch_file_costs_nothing(void **state)
{
    (void)state;
    for (size_t at = 0; at < 8192; at += at % 4096 < 256 ? 1 : 101)
        flip("epoch", at, 0x20, 0);
}

static void neighbours_that_rot_are_one_loss(void **state)
{
    static struct rig_read got;
    struct fail f;
    (void)state;

    restore();
    memset(model_file(rig.disk, names[0])->at + HEADER + 2 * FAULT_SPAN + 50, 0x5a, 2 * FAULT_SPAN);
    assert_int_equal(open_damaged(), 3);
    assert_int_equal(rig_read(&rig, LANE_FAULT, 3, &got, &f), 0);
    assert_int_equal(got.r.kind, RECORD_LOSS);
    assert_int_equal(got.r.loss.cause, LOSS_CORRUPT);
    assert_int_equal(got.r.loss.first, 3);
    assert_int_equal(got.r.loss.last, 5);
    assert_int_equal(got.r.stamp.quality, CLOCK_NONE);
    assert_int_equal(got.r.stamp.wall.ms, 1700000000000);
}

static void rot_that_comes_while_the_spool_is_open_is_found_when_read(void **state)
{
    uint64_t lost[LOSS_CAUSE_COUNT] = {0};
    (void)state;

    restore();
    rig_must_open(&rig);
    rig_check(&rig, 0, lost);
    model_file(rig.disk, names[0])->at[64 + 5000] ^= 1;
    model_file(rig.disk, names[2])->at[64 + 20] ^= 1;
    rig_check(&rig, CORRUPT, lost);
    assert_int_equal(lost[LOSS_CORRUPT], 2);
    assert_int_equal(stats().corrupt_count, 2);
    rig_put(&rig, LANE_FAULT, 100);
    rig_check(&rig, CORRUPT, lost);
    assert_int_equal(stats().corrupt_count, 2);
}

static void rot_within_what_is_evicted_is_told_apart(void **state)
{
    uint64_t lost[LOSS_CAUSE_COUNT] = {0};
    (void)state;

    restore();
    model_file(rig.disk, names[0])->at[64 + 5000] ^= 1;
    rig_must_open(&rig);
    rig_put_many(&rig, LANE_FAULT, 2000, 200);
    rig_check(&rig, CORRUPT | EVICTED, lost);
    assert_int_equal(lost[LOSS_CORRUPT], 1);
    assert_true(lost[LOSS_EVICTED] >= 32);
    assert_int_equal(stats().corrupt_count, 1);
    assert_int_equal(stats().evicted_count, lost[LOSS_EVICTED]);
}

/* A record with a good checksum of its own, at a place where another one belongs. */
static void a_record_of_another_segment_or_lane_or_epoch_never_passes(void **state)
{
    (void)state;
    restore();
    struct model_bytes *a = model_file(rig.disk, names[0]), *b = model_file(rig.disk, names[1]);
    memcpy(a->at + HEADER, b->at + HEADER, FAULT_SPAN);
    assert_int_equal(open_damaged(), 1);

    static struct rig other;
    rig_init(&other, model_new());
    other.rng_seed = 99;
    rig_must_open(&other);
    rig_put_many(&other, LANE_FAULT, 2000, 70);
    rig_close(&other);
    restore();
    a = model_file(rig.disk, names[0]), b = model_file(other.disk, names[0]);
    memcpy(a->at + HEADER, b->at + HEADER, a->n - HEADER);
    assert_int_equal(open_damaged(), 33);
    rig_done(&other);
}

/* ---------------------------------------------------------------- files */

static void a_segment_that_was_cut_loses_what_is_gone_and_no_number_comes_again(void **state)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 1999, 2000, 3935, 3936, 9000, 65535};
    (void)state;

    for (size_t file = 0; file < 4; file++) {
        for (size_t i = 0; i < countof(sizes); i++) {
            restore();
            struct model_bytes *b = model_file(rig.disk, names[file]);
            uint64_t left = sizes[i] <= HEADER ? 0 : (sizes[i] - HEADER) / (file == 3 ? HEALTH_SPAN : FAULT_SPAN);

            b->n = sizes[i];
            assert_int_equal(open_damaged(), left < records[file] ? records[file] - left : 0);
        }
    }
}

static void exchange(struct model_disk *d, const char *a, const char *b)
{
    struct model_name *x = model_must_find(d, a), *y = model_must_find(d, b);
    int file = x->file;

    x->file = y->file;
    y->file = file;
}

static void exchanged_names_cost_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = i + 1; k < 4; k++) {
            restore();
            exchange(rig.disk, names[i], names[k]);
            assert_int_equal(open_damaged(), 0);
        }
    }
}

static void copy_file(const char *from, const char *to, size_t bytes)
{
    struct model_disk *d = rig.disk;
    const struct model_bytes *b = model_file(d, from);

    model_change_names(d, "", to, d->file_count);
    model_write_now(d, d->file_count, 0, b->at, bytes);
    d->file_count++;
}

static void copies_of_segments_cost_nothing_and_go(void **state)
{
    static const char *const places[] = {"f-0000000000000002.seg", "h-0000000000000001.seg", "f-0000000000000050.seg"};
    (void)state;

    for (size_t file = 0; file < 3; file++) {
        for (size_t i = 0; i < countof(places); i++) {
            restore();
            if (!model_find(&rig.disk->names, places[i]))
                copy_file(names[file], places[i], i ? 65536 : 9000);
            assert_int_equal(open_damaged(), 0);
            assert_in_range(rig.disk->names.n, 5, 6);
        }
    }
}

static void a_lost_segment_is_loss_of_its_range(void **state)
{
    (void)state;

    for (size_t file = 0; file < 4; file++) {
        restore();
        model_change_names(rig.disk, names[file], "", 0);
        assert_int_equal(open_damaged(), records[file]);
    }
}

static void an_unreadable_segment_or_block_is_loss_of_its_range(void **state)
{
    (void)state;

    for (size_t file = 0; file < 4; file++) {
        for (int part = 0; part < 2; part++) {
            uint64_t lost[LOSS_CAUSE_COUNT] = {0};

            restore();
            strcpy(rig.disk->bad_name, names[file]);
            rig.disk->bad_from = part ? 4096 : 0;
            rig.disk->bad_to = part ? 8192 : 65536;
            rig_must_open(&rig);
            rig_check(&rig, CORRUPT, lost);
            if (part)
                assert_in_range(rig.promised_lost, file == 3 ? 0 : 2, 3);
            else
                assert_int_equal(rig.promised_lost, records[file]);
        }
    }
}

static void files_that_are_not_ours_are_left_alone(void **state)
{
    static const char *const strangers[] = {"README", "f-1.seg", "f-00000000000000zz.seg", "x-0000000000000001.seg",
        "f-0000000000000000.seg", "f-ffffffffffffffff.seg", "h-0000000000100000.seg", "lost+found"};
    (void)state;

    restore();
    for (size_t i = 0; i < countof(strangers); i++)
        copy_file("epoch", strangers[i], 100);
    assert_int_equal(open_damaged(), 0);
    for (size_t i = 0; i < countof(strangers); i++)
        assert_non_null(model_find(&rig.disk->names, strangers[i]));
}

static void noise_in_place_of_a_segment_is_loss_of_its_range(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t s = seed;

        restore();
        struct model_bytes *b = model_file(rig.disk, names[seed % 3]);
        for (size_t i = 0; i < b->n; i++)
            b->at[i] = (uint8_t)model_random(&s);
        assert_int_equal(open_damaged(), records[seed % 3]);
    }
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        test(any_rotten_byte_of_a_record_costs_that_record_only),
        test(rot_where_nothing_was_written_costs_nothing),
        test(rot_in_a_header_costs_nothing),
        test(rot_in_one_copy_of_the_epoch_file_costs_nothing),
        test(neighbours_that_rot_are_one_loss),
        test(rot_that_comes_while_the_spool_is_open_is_found_when_read),
        test(rot_within_what_is_evicted_is_told_apart),
        test(a_record_of_another_segment_or_lane_or_epoch_never_passes),
        test(a_segment_that_was_cut_loses_what_is_gone_and_no_number_comes_again),
        test(exchanged_names_cost_nothing),
        test(copies_of_segments_cost_nothing_and_go),
        test(a_lost_segment_is_loss_of_its_range),
        test(an_unreadable_segment_or_block_is_loss_of_its_range),
        test(files_that_are_not_ours_are_left_alone),
        test(noise_in_place_of_a_segment_is_loss_of_its_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
