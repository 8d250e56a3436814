/* check: arguments are refused by name and index, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "check.h"

static void each_demand_knows_its_edges(void **state)
{
    static const struct {
        enum check what;
        double good[3], bad[4];
    } rows[] = {
        {CHECK_FINITE, {-1, 0, 1e308}, {HUGE_VAL, -HUGE_VAL, (double)NAN, (double)NAN}},
        {CHECK_NOT_NEGATIVE, {0, 1e-300, 5}, {-1e-300, HUGE_VAL, (double)NAN, -1}},
        {CHECK_POSITIVE, {5e-324, 1, 1e300}, {0, -1, HUGE_VAL, (double)NAN}},
        {CHECK_COUNT, {0, 7, 0x1p53}, {-1, 0.5, 0x1p54, (double)NAN}},
        {CHECK_PROBABILITY, {0, 0.5, 1}, {-1e-9, 1.0000001, (double)NAN, HUGE_VAL}},
        {CHECK_LEVEL, {1e-9, 0.95, 0.999999}, {0, 1, 95, (double)NAN}},
        {CHECK_STATUS, {0, 1, 1}, {2, 0.5, -1, (double)NAN}},
        {CHECK_NUMBER, {-HUGE_VAL, 0, HUGE_VAL}, {(double)NAN, (double)NAN, (double)NAN, (double)NAN}},
    };
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(rows); i++) {
        assert_int_equal(check_all(rows[i].what, "x", rows[i].good, 3, &f), 0);
        for (size_t k = 0; k < 4; k++)
            assert_int_equal(check_one(rows[i].what, "x", rows[i].bad[k], &f), -1);
    }
}

static void the_first_wrong_element_is_named(void **state)
{
    struct fail f;
    (void)state;

    assert_int_equal(check_all(CHECK_COUNT, "events", (const double[]){1, 2, -3, -4}, 4, &f), -1);
    assert_string_equal(f.text, "events[2]: -3 is not a whole number of at least 0");
    assert_int_equal(f.code, FAIL_INPUT);
    assert_int_equal(check_one(CHECK_LEVEL, "level", 95, &f), -1);
    assert_string_equal(f.text, "level: 95 is not a number between 0 and 1");
}

static void orders_are_checked_between_and_within_arrays(void **state)
{
    static const double entry[] = {0, 2, 4}, time[] = {1, 2, 3};
    struct fail f;
    (void)state;

    assert_int_equal(check_after("time", time, "entry", entry, 1, &f), 0);
    assert_int_equal(check_after("time", time, "entry", entry, 3, &f), -1);
    assert_string_equal(f.text, "time[1]: not after entry[1]");
    assert_int_equal(check_after("time", time + 2, "entry", entry + 2, 1, &f), -1);
    assert_string_equal(f.text, "time[0]: before entry[0]");
    assert_int_equal(check_increasing("ages", time, 3, true, &f), 0);
    assert_int_equal(check_increasing("ages", (const double[]){1, 1}, 2, false, &f), 0);
    assert_int_equal(check_increasing("ages", (const double[]){1, 1}, 2, true, &f), -1);
    assert_string_equal(f.text, "ages[1]: equal to ages[0]");
    assert_int_equal(check_increasing("ages", (const double[]){1, 0}, 2, false, &f), -1);
    assert_string_equal(f.text, "ages[1]: before ages[0]");
    assert_int_equal(check_increasing("ages", (const double[]){1, (double)NAN}, 2, false, &f), -1);
    assert_int_equal(check_length("time", 1, 2, &f), -1);
    assert_string_equal(f.text, "time: 1 given, at least 2 needed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_demand_knows_its_edges),
        cmocka_unit_test(the_first_wrong_element_is_named),
        cmocka_unit_test(orders_are_checked_between_and_within_arrays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
