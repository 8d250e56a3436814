/* command: what a collector asks for is done once, answered, and refused where it must be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"

struct spy {
    unsigned resends, snapshots, clears, answers;
    bool fail_answer, fail_action;
    uint64_t next;
    char actor[40], answer[200];
};

static int act(struct spy *s, struct fail *f)
{
    return s->fail_action ? fail_set(f, FAIL_NOT_FOUND, "no such\nfault") : 0;
}

static int on_resend(void *ctx, enum lane lane, uint64_t next, struct fail *f)
{
    struct spy *s = ctx;
    (void)lane;

    s->resends++;
    s->next = next;
    return act(s, f);
}

static int on_snapshot(void *ctx, struct fail *f)
{
    struct spy *s = ctx;

    s->snapshots++;
    return act(s, f);
}

static int on_clear(void *ctx, const struct fault_key *key, const char *actor, struct fail *f)
{
    struct spy *s = ctx;
    (void)key;

    s->clears++;
    snprintf(s->actor, sizeof s->actor, "%s", actor);
    return act(s, f);
}

static int on_answer(void *ctx, const char *detail, struct fail *f)
{
    struct spy *s = ctx;

    if (s->fail_answer)
        return fail_set(f, FAIL_IO, "no spool");
    s->answers++;
    snprintf(s->answer, sizeof s->answer, "%s", detail);
    return 0;
}

static void begin(struct commands *c, struct spy *s, bool may_clear)
{
    struct command_actions actions = {s, on_resend, on_snapshot, on_clear, on_answer};

    *s = (struct spy){0};
    commands_init(c, &actions, may_clear);
}

static void each_kind_does_its_own(void **state)
{
    struct commands c;
    struct spy s;
    (void)state;

    begin(&c, &s, true);
    commands_do(&c, &(struct command){.id = 1, .kind = COMMAND_RESEND, .resend = {LANE_HEALTH, 7, 0, false}});
    assert_int_equal(s.resends, 1);
    assert_int_equal(s.next, 7);
    assert_string_equal(s.answer, "1 done");
    commands_do(&c, &(struct command){.id = 2, .kind = COMMAND_SNAPSHOT});
    assert_int_equal(s.snapshots, 1);
    commands_do(&c, &(struct command){.id = UINT64_MAX, .kind = COMMAND_CLEAR});
    assert_string_equal(s.actor, "command:18446744073709551615");
    assert_string_equal(s.answer, "18446744073709551615 done");
}

static void a_command_asked_twice_is_done_once(void **state)
{
    struct commands c;
    struct spy s;
    (void)state;

    begin(&c, &s, true);
    commands_note(&c, 8); /* before the restart */
    for (int i = 0; i < 3; i++) {
        commands_do(&c, &(struct command){.id = 8, .kind = COMMAND_SNAPSHOT});
        commands_do(&c, &(struct command){.id = 9, .kind = COMMAND_SNAPSHOT});
    }
    assert_int_equal(s.snapshots, 1);
    assert_int_equal(s.answers, 1);
}

static void what_is_not_allowed_is_refused_with_a_reason(void **state)
{
    struct commands c;
    struct spy s;
    (void)state;

    begin(&c, &s, false);
    commands_do(&c, &(struct command){.id = 1, .kind = COMMAND_CLEAR});
    assert_int_equal(s.clears, 0);
    assert_non_null(strstr(s.answer, "1 refused: "));
    assert_non_null(strstr(s.answer, "remote_clear"));
    commands_do(&c, &(struct command){.id = 2, .kind = COMMAND_SETTINGS, .settings = "spool { }"});
    assert_string_equal(s.answer, "2 refused: this version takes no settings from afar");
}

static void a_failure_is_answered_without_control_characters(void **state)
{
    struct commands c;
    struct spy s;
    (void)state;

    begin(&c, &s, true);
    s.fail_action = true;
    commands_do(&c, &(struct command){.id = 3, .kind = COMMAND_CLEAR});
    assert_string_equal(s.answer, "3 refused: no such\\x0afault");
}

static void an_answer_that_was_not_written_is_given_at_the_next_asking(void **state)
{
    struct commands c;
    struct spy s;
    (void)state;

    begin(&c, &s, true);
    s.fail_answer = true;
    commands_do(&c, &(struct command){.id = 4, .kind = COMMAND_SNAPSHOT});
    assert_int_equal(s.answers, 0);
    s.fail_answer = false;
    commands_do(&c, &(struct command){.id = 4, .kind = COMMAND_SNAPSHOT});
    assert_int_equal(s.answers, 1);
}

static void the_memory_is_bounded(void **state)
{
    struct commands c;
    struct spy s;
    (void)state;

    begin(&c, &s, true);
    for (uint64_t id = 1; id <= 10 * COMMANDS_REMEMBERED; id++)
        commands_do(&c, &(struct command){.id = id, .kind = COMMAND_SNAPSHOT});
    for (uint64_t id = 9 * COMMANDS_REMEMBERED + 1; id <= 10 * COMMANDS_REMEMBERED; id++)
        commands_do(&c, &(struct command){.id = id, .kind = COMMAND_SNAPSHOT});
    assert_int_equal(s.snapshots, 10 * COMMANDS_REMEMBERED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_does_its_own),
        cmocka_unit_test(a_command_asked_twice_is_done_once),
        cmocka_unit_test(what_is_not_allowed_is_refused_with_a_reason),
        cmocka_unit_test(a_failure_is_answered_without_control_characters),
        cmocka_unit_test(an_answer_that_was_not_written_is_given_at_the_next_asking),
        cmocka_unit_test(the_memory_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
