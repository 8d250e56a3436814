/* resolver: the answer comes from the loop, once, and only to who still waits for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "cleanup.h"
#include "resolver.h"

struct asker {
    struct event_base *base;
    unsigned answers;
    char address[64], why[64];
};

static void on_done(void *ctx, const char *address, const char *why)
{
    struct asker *a = ctx;

    a->answers++;
    snprintf(a->address, sizeof a->address, "%s", address ? address : "");
    snprintf(a->why, sizeof a->why, "%s", why);
    event_base_loopbreak(a->base);
}

static void wait_for_answer(struct asker *a)
{
    struct timeval deadline = {20, 0};

    event_base_loopexit(a->base, &deadline);
    event_base_dispatch(a->base);
}

static void a_known_name_has_an_address(void **state)
{
    struct asker a = {.base = event_base_new()};
    struct resolver *r = resolver_new(a.base, on_done, &a);
    (void)state;

    for (unsigned turn = 0; turn < 4; turn++) {
        resolver_start(r, "localhost", turn);
        assert_int_equal(a.answers, turn); /* never from inside the call */
        wait_for_answer(&a);
        assert_int_equal(a.answers, turn + 1);
        assert_true(strcmp(a.address, "127.0.0.1") == 0 || strcmp(a.address, "::1") == 0);
        assert_true(resolver_is_address(a.address));
    }
    resolver_free(r);
    event_base_free(a.base);
}

static void an_impossible_name_has_a_reason(void **state)
{
    struct asker a = {.base = event_base_new()};
    struct resolver *r = resolver_new(a.base, on_done, &a);
    (void)state;

    resolver_start(r, "no..name", 0);
    wait_for_answer(&a);
    assert_int_equal(a.answers, 1);
    assert_string_equal(a.address, "");
    assert_true(strlen(a.why) > 0);
    resolver_free(r);
    event_base_free(a.base);
}

static void a_cancelled_question_is_answered_to_nobody(void **state)
{
    struct asker a = {.base = event_base_new()};
    struct resolver *r = resolver_new(a.base, on_done, &a);
    struct timeval soon = {0, 50000};
    (void)state;

    resolver_start(r, "localhost", 0);
    resolver_cancel(r);
    event_base_loopexit(a.base, &soon);
    event_base_dispatch(a.base);
    assert_int_equal(a.answers, 0);
    resolver_start(r, "localhost", 0);
    resolver_cancel(r);
    resolver_start(r, "localhost", 0); /* wanted after all: one answer */
    wait_for_answer(&a);
    assert_int_equal(a.answers, 1);
    resolver_start(r, "localhost", 0);
    resolver_free(r); /* while it is being asked */
    event_base_free(a.base);
}

static void addresses_are_told_from_names(void **state)
{
    (void)state;
    assert_true(resolver_is_address("127.0.0.1"));
    assert_true(resolver_is_address("2001:db8::1"));
    assert_false(resolver_is_address("localhost"));
    assert_false(resolver_is_address("127.0.0.1.example"));
    assert_false(resolver_is_address(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_name_has_an_address),
        cmocka_unit_test(an_impossible_name_has_a_reason),
        cmocka_unit_test(a_cancelled_question_is_answered_to_nobody),
        cmocka_unit_test(addresses_are_told_from_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
