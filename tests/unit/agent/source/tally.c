/* tally: samples become min, mean, max and last; a full health record still fits one record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "codec.h"
#include "tally.h"

/* The largest count the wire carries. */
#define LARGEST ((UINT64_C(1) << 53) - 1)

static struct tally tally;

static int add(const char *name, double value, const char *unit, struct fail *f)
{
    return tally_add(&tally, name, value, unit, f);
}

static void samples_become_their_figures(void **state)
{
    static const double samples[] = {3, -1, 4, 2};
    struct fail f;
    (void)state;

    tally_reset(&tally);
    for (size_t i = 0; i < countof(samples); i++)
        assert_int_equal(add("t", samples[i], "degC", &f), 0);
    assert_int_equal(add("p", -5, "kPa", &f), 0);
    const struct measure *m = tally_find(&tally, "t");
    assert_true(m->min == -1 && m->max == 4 && m->last == 2 && m->count == 4);
    assert_true(fabs(m->mean - 2) < 1e-12);
    m = tally_find(&tally, "p");
    assert_true(m->min == -5 && m->max == -5 && m->mean == -5 && m->count == 1);
    assert_null(tally_find(&tally, "x"));
    tally_reset(&tally);
    assert_null(tally_find(&tally, "t"));
}

/* Their sum is not finite; a record with such a mean would be refused, and all other measures with it. */
static void huge_samples_have_a_finite_mean(void **state)
{
    struct fail f;
    (void)state;

    tally_reset(&tally);
    for (int i = 0; i < 4; i++)
        assert_int_equal(add("t", i % 2 ? -DBL_MAX : DBL_MAX, "", &f), 0);
    assert_int_equal(add("t", DBL_MAX, "", &f), 0);
    assert_true(isfinite(tally_find(&tally, "t")->mean));
}

static void measure_keeps_its_unit(void **state)
{
    struct fail f;
    (void)state;

    tally_reset(&tally);
    assert_int_equal(add("t", 1, "degC", &f), 0);
    assert_int_equal(add("t", 1, "K", &f), -1);
    assert_int_equal(f.code, FAIL_INPUT);
    assert_int_equal(tally_find(&tally, "t")->count, 1);
}

static void encode(void)
{
    struct record r = {.lane = LANE_HEALTH,
        .number = LARGEST,
        .stamp = {.boot = UINT64_MAX, .mono = {LARGEST}, .wall = {4000000000000}, .quality = CLOCK_SYNCED},
        .behind = "",
        .kind = RECORD_HEALTH};
    char reason[BOUND_REASON + 1] = "";
    uint8_t buf[BOUND_RECORD_BYTES];
    struct fail f;
    size_t n;

    memset(reason, 'r', BOUND_REASON);
    r.health = (struct health){.interval_ms = LARGEST,
        .measures = tally.measures,
        .measure_count = tally.count,
        .operating_hours = 1e300,
        .cycles = LARGEST,
        .uptime_ms = LARGEST,
        .restarts = UINT32_MAX,
        .restart_reason = reason,
        .spool_used_bytes = LARGEST,
        .spool_limit_bytes = LARGEST,
        .dropped_count = LARGEST,
        .refused_count = LARGEST,
        .flash_written_bytes = LARGEST};
    if (codec_record_encode(&r, buf, sizeof buf, &n, &f) != 0)
        fail_msg("%s", f.text);
}

static void full_tally_fits_one_record(void **state)
{
    static const int name_lengths[] = {BOUND_NAME, 20, 4};
    char name[BOUND_NAME + 1];
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(name_lengths); i++) {
        int count = 0;

        tally_reset(&tally);
        do {
            snprintf(name, sizeof name, "%0*d", name_lengths[i], count);
            for (int j = 0; j < 300; j++) /* a count of two bytes */
                if (add(name, -1e300 / (j + 1), "UUUUUUUUUUUUUUUU", &f) != 0)
                    break;
        } while (tally_find(&tally, name) && ++count);
        assert_int_equal(f.code, FAIL_FULL);
        assert_in_range(count, 25, BOUND_HEALTH_MEASURES);
        encode();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_become_their_figures),
        cmocka_unit_test(huge_samples_have_a_finite_mean),
        cmocka_unit_test(measure_keeps_its_unit),
        cmocka_unit_test(full_tally_fits_one_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
