/* policy: a product line's own promise goes before the general one, and the newest version before older ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy.h"

static const struct clock_policy table[] = {
    {"", CLASS_GENERAL, CLOCK_FIRST_RESPONSE, 100, 9},
    {"engine", CLASS_GENERAL, CLOCK_FIRST_RESPONSE, 200, 1},
    {"engine", CLASS_GENERAL, CLOCK_FIRST_RESPONSE, 250, 2},
    {"engine", CLASS_GENERAL, CLOCK_TRIAGE, 300, 1},
    {"home", CLASS_URGENT, CLOCK_FIRST_RESPONSE, 400, 1},
};

static void the_closest_and_newest_promise_is_found(void **state)
{
    static const struct {
        const char *product_line;
        enum ticket_class class_;
        enum clock_kind kind;
        int64_t target_ms; /* 0 = none */
    } rows[] = {
        {"engine", CLASS_GENERAL, CLOCK_FIRST_RESPONSE, 250},
        {"engine", CLASS_GENERAL, CLOCK_TRIAGE, 300},
        {"home", CLASS_GENERAL, CLOCK_FIRST_RESPONSE, 100},
        {"home", CLASS_URGENT, CLOCK_FIRST_RESPONSE, 400},
        {"", CLASS_GENERAL, CLOCK_FIRST_RESPONSE, 100},
        {"engine", CLASS_URGENT, CLOCK_FIRST_RESPONSE, 0},
        {"home", CLASS_GENERAL, CLOCK_TRIAGE, 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct clock_policy *p =
            policy_find(table, sizeof table / sizeof table[0], rows[i].product_line, rows[i].class_, rows[i].kind);

        assert_int_equal(p ? p->target_ms : 0, rows[i].target_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_closest_and_newest_promise_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
