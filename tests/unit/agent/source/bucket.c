/* bucket: so many a second, so many at once, and the wait it tells is the right one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bucket.h"

static struct mono at(int64_t ms)
{
    return (struct mono){ms};
}

static bool take(struct bucket *b, int64_t rate, int64_t burst, int64_t ms)
{
    bucket_fill(b, rate, burst, at(ms));
    if (bucket_wait_ms(b, rate))
        return false;
    bucket_take(b);
    return true;
}

static void burst_then_rate(void **state)
{
    struct bucket b;
    unsigned taken = 0;
    (void)state;

    bucket_init(&b, 5, at(1000));
    for (int64_t ms = 1000; ms < 11000; ms++)
        taken += take(&b, 20, 5, ms);
    assert_in_range(taken, 5 + 199, 5 + 200);
}

static void told_wait_is_enough_and_not_too_long(void **state)
{
    static const int64_t rates[] = {1, 3, 7, 50, 1000};
    (void)state;

    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct bucket b;

        bucket_init(&b, 1, at(0));
        assert_true(take(&b, rates[i], 1, 0));
        uint32_t wait_ms = bucket_wait_ms(&b, rates[i]);
        assert_int_equal(wait_ms, (1000 + rates[i] - 1) / rates[i]);
        if (wait_ms > 1)
            assert_false(take(&b, rates[i], 1, wait_ms - 1));
        assert_true(take(&b, rates[i], 1, wait_ms));
    }
}

static void long_pause_fills_it_and_no_more(void **state)
{
    struct bucket b;
    unsigned taken = 0;
    (void)state;

    bucket_init(&b, 1000000, at(0));
    while (take(&b, 100000, 1000000, 0))
        taken++;
    assert_int_equal(taken, 1000000);
    taken = 0;
    while (take(&b, 100000, 1000000, INT64_MAX / 2))
        taken++;
    assert_int_equal(taken, 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burst_then_rate),
        cmocka_unit_test(told_wait_is_enough_and_not_too_long),
        cmocka_unit_test(long_pause_fills_it_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
