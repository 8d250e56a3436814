/* proc: what the kernel writes is read, anything else is no value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cleanup.h"
#include "proc.h"

struct example {
    const char *text;
    bool fine;
    double value;
};

static void check(bool (*parse)(const char *text, double *ret), const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double value = 77;

        if (parse(examples[i].text, &value) != examples[i].fine)
            fail_msg("\"%s\"", examples[i].text);
        assert_true(value == (examples[i].fine ? examples[i].value : 77));
    }
}

static void load_is_the_first_number(void **state)
{
    static const struct example examples[] = {{"0.52 0.58 0.59 1/467 12345\n", true, 0.52},
        {"12.00 1 1 1/1 1", true, 12}, {"", false, 0}, {" 0.5 ", false, 0}, {"nan 0 0", false, 0},
        {"inf 0 0", false, 0}, {"-1 0 0", false, 0}, {"0.5x 0 0", false, 0}, {"0x1p4 0 0", false, 0},
        {"1e999 0 0", false, 0}};
    (void)state;
    check(proc_load, examples, countof(examples));
}

static void memory_is_the_available_one_in_bytes(void **state)
{
    static const struct example examples[] = {
        {"MemTotal:        8048520 kB\nMemFree:          200000 kB\nMemAvailable:    6123456 kB\nBuffers: 1 kB\n", true,
            6123456.0 * 1024},
        {"MemTotal: 8 kB\nMemAvailable: 0 kB\n", true, 0},
        {"MemTotal:        8048520 kB\nMemFree:          200000 kB\n", false, 0}, /* kernels before 3.14 */
        {"", false, 0}, {"MemTotal: 8 kB\nMemAvailable:", false, 0}, {"MemTotal: 8 kB\nMemAvailable: x kB\n", false, 0},
        {"MemTotal: 8 kB\nMemAvailable: -1 kB\n", false, 0}, {"x\nHugeMemAvailable: 5 kB\n", false, 0}};
    (void)state;
    check(proc_memory_available, examples, countof(examples));
}

static void temperature_is_one_a_board_can_have(void **state)
{
    static const struct example examples[] = {{"45123\n", true, 45.123}, {"-12000\n", true, -12},
        {"45123", true, 45.123}, {"0\n", false, 0}, {"", false, 0}, {"\n", false, 0}, {"255000\n", false, 0},
        {"-273150\n", false, 0}, {"hot\n", false, 0}};
    (void)state;
    check(proc_temperature, examples, countof(examples));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_is_the_first_number),
        cmocka_unit_test(memory_is_the_available_one_in_bytes),
        cmocka_unit_test(temperature_is_one_a_board_can_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
