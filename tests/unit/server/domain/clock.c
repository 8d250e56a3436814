/* clock: promises start when the fault happened, and a breach is never taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ticket.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };

static const int64_t nine = 1700000000000;

static struct ticket_clock started(int64_t occurred_ms, int64_t bound_ms, int64_t now_ms)
{
    const struct clock_policy policy = {.target_ms = 4 * HOUR, .version = 3};
    struct ticket_clock c;

    clock_start(&c, CLOCK_FIRST_RESPONSE, &policy, (struct occurred){{occurred_ms}, bound_ms}, (struct wall){now_ms});
    return c;
}

static void a_live_fault_runs_until_its_due(void **state)
{
    struct ticket_clock c = started(nine, 100, nine + 1000);
    (void)state;

    assert_int_equal(c.state, CLOCK_RUNNING);
    assert_int_equal(c.start.ms, nine + 100);
    assert_int_equal(c.due.ms, nine + 100 + 4 * HOUR);
    assert_int_equal(c.policy_version, 3);
    assert_false(c.late_arrival);
    assert_false(clock_tick(&c, c.due));
    assert_true(clock_tick(&c, (struct wall){c.due.ms + 1}));
    assert_int_equal(c.state, CLOCK_BREACHED);
    assert_false(clock_tick(&c, (struct wall){c.due.ms + HOUR}));
}

static void what_arrives_days_late_gets_no_fresh_promise(void **state)
{
    struct ticket_clock c = started(nine, 1000, nine + 72LL * HOUR);
    (void)state;

    assert_int_equal(c.start.ms, nine + 1000);
    assert_int_equal(c.state, CLOCK_BREACHED);
    assert_true(c.late_arrival);
}

static void an_unsure_moment_starts_at_its_latest_but_never_after_now(void **state)
{
    (void)state;
    assert_int_equal(started(nine, 10 * HOUR, nine + HOUR).start.ms, nine + HOUR);
    assert_int_equal(started(nine, INT64_MAX, nine + HOUR).start.ms, nine + HOUR);
    assert_int_equal(started(nine + HOUR, 0, nine).start.ms, nine);
    assert_int_equal(started(nine, 30 * MINUTE, nine + HOUR).start.ms, nine + 30 * MINUTE);
}

static void stopping_in_time_meets_and_later_is_late(void **state)
{
    struct ticket_clock c = started(nine, 0, nine);
    (void)state;

    clock_stop(&c, c.due);
    assert_int_equal(c.state, CLOCK_MET);
    clock_stop(&c, (struct wall){c.due.ms + HOUR});
    assert_int_equal(c.stopped.ms, c.due.ms);
    assert_int_equal(c.state, CLOCK_MET);
    assert_false(clock_tick(&c, (struct wall){c.due.ms + HOUR}));

    c = started(nine, 0, nine);
    clock_stop(&c, (struct wall){c.due.ms + 1});
    assert_int_equal(c.state, CLOCK_MET_LATE);

    c = started(nine, 0, nine);
    clock_tick(&c, (struct wall){c.due.ms + 1});
    clock_stop(&c, c.due);
    assert_int_equal(c.state, CLOCK_MET_LATE);
}

static void without_a_policy_nothing_is_promised(void **state)
{
    struct ticket_clock c;
    (void)state;

    clock_start(&c, CLOCK_TRIAGE, NULL, (struct occurred){{nine}, 0}, (struct wall){nine});
    assert_int_equal(c.state, CLOCK_NO_TARGET);
    assert_int_equal(c.target_ms, 0);
    assert_false(clock_tick(&c, (struct wall){nine + 1000LL * HOUR}));
    clock_stop(&c, (struct wall){nine + HOUR});
    assert_int_equal(c.state, CLOCK_NO_TARGET);
    assert_int_equal(c.stopped.ms, nine + HOUR);
}

static bool raised(struct ticket_clock *c, int64_t target_ms, int64_t occurred_ms, int64_t now_ms)
{
    const struct clock_policy urgent = {.target_ms = target_ms, .version = 4};

    return clock_raise(c, &urgent, (struct occurred){{occurred_ms}, 0}, (struct wall){now_ms});
}

static void a_risen_class_promises_from_the_repeat_on_and_never_later(void **state)
{
    struct ticket_clock c = started(nine, 0, nine);
    (void)state;

    assert_true(raised(&c, HOUR, nine + 2 * HOUR, nine + 2 * HOUR));
    assert_int_equal(c.state, CLOCK_RUNNING);
    assert_int_equal(c.start.ms, nine);
    assert_int_equal(c.due.ms, nine + 3 * HOUR);
    assert_int_equal(c.policy_version, 4);
    c = started(nine, 0, nine);
    assert_false(raised(&c, HOUR, nine + 3 * HOUR + 1, nine + 3 * HOUR + 1));
    assert_int_equal(c.due.ms, nine + 4 * HOUR);
    assert_int_equal(c.policy_version, 3);
    assert_false(clock_raise(&c, NULL, (struct occurred){{nine}, 0}, (struct wall){nine}));
}

static void a_repeat_that_arrives_late_gets_no_fresh_promise_either(void **state)
{
    struct ticket_clock c = started(nine, 0, nine);
    (void)state;

    assert_true(raised(&c, HOUR, nine + HOUR, nine + 3 * HOUR));
    assert_int_equal(c.state, CLOCK_BREACHED);
    assert_true(c.late_arrival);
}

static void a_risen_class_leaves_what_is_settled(void **state)
{
    struct ticket_clock met = started(nine, 0, nine), breached = met, nothing;
    (void)state;

    clock_stop(&met, (struct wall){nine + HOUR});
    assert_false(raised(&met, 1, nine + 2 * HOUR, nine + 2 * HOUR));
    assert_int_equal(met.state, CLOCK_MET);
    clock_tick(&breached, (struct wall){nine + 5 * HOUR});
    assert_false(raised(&breached, 9 * HOUR, nine + 5 * HOUR, nine + 5 * HOUR));
    assert_int_equal(breached.state, CLOCK_BREACHED);
    clock_start(&nothing, CLOCK_TRIAGE, NULL, (struct occurred){{nine}, 0}, (struct wall){nine});
    assert_true(raised(&nothing, HOUR, nine + HOUR, nine + HOUR));
    assert_int_equal(nothing.due.ms, nine + 2 * HOUR);
}

static void words_are_stable(void **state)
{
    (void)state;
    assert_string_equal(clock_kind_word(CLOCK_FIRST_RESPONSE), "first_response");
    assert_string_equal(clock_state_word(CLOCK_MET_LATE), "met_late");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_fault_runs_until_its_due),
        cmocka_unit_test(what_arrives_days_late_gets_no_fresh_promise),
        cmocka_unit_test(an_unsure_moment_starts_at_its_latest_but_never_after_now),
        cmocka_unit_test(stopping_in_time_meets_and_later_is_late),
        cmocka_unit_test(without_a_policy_nothing_is_promised),
        cmocka_unit_test(a_risen_class_promises_from_the_repeat_on_and_never_later),
        cmocka_unit_test(a_repeat_that_arrives_late_gets_no_fresh_promise_either),
        cmocka_unit_test(a_risen_class_leaves_what_is_settled),
        cmocka_unit_test(words_are_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
