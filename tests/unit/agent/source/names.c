/* names: who sends from which address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "names.h"

enum { ENGINE = 0x14EB8F4, LOW = 0x100, HIGH = 0x7000000 };

static struct names n;

static int fresh(void **state)
{
    (void)state;
    names_init(&n);
    return 0;
}

static struct names_change claim(uint8_t address, uint64_t name, int64_t ms)
{
    if (address < NAMES_NO_ADDRESS)
        names_settle(&n, address, (struct mono){ms});
    return names_claim(&n, address, name, (struct mono){ms});
}

static struct ecu *at(uint8_t address, int64_t ms)
{
    names_settle(&n, address, (struct mono){ms});
    return names_at(&n, address);
}

static void a_claim_makes_the_name_the_identity(void **state)
{
    const struct ecu *moved = claim(0, ENGINE, 0).moved;
    (void)state;

    assert_ptr_equal(moved, at(0, 10));
    assert_int_equal(at(0, 10)->kind, REPORTER_J1939_NAME);
    assert_true(at(0, 10)->id == ENGINE);
}

static void an_ecu_without_a_claim_is_its_address(void **state)
{
    struct ecu *e = at(3, 0);
    (void)state;

    assert_int_equal(e->kind, REPORTER_CAN_ADDRESS);
    assert_int_equal(e->id, 3);
    assert_ptr_equal(at(3, 99999), e);
    assert_null(at(NAMES_NO_ADDRESS, 0));
    assert_null(at(NAMES_GLOBAL, 0));
}

static void a_claim_nobody_contests_is_the_talkers_own(void **state)
{
    struct ecu *e = at(0, 0);
    (void)state;

    claim(0, ENGINE, 1000);
    assert_null(at(0, 1249));
    assert_ptr_equal(at(0, 1250), e);
    assert_int_equal(e->kind, REPORTER_J1939_NAME);
    assert_true(e->id == ENGINE);
}

static void what_was_reported_keeps_its_identity(void **state)
{
    struct ecu *e = at(0, 0);
    (void)state;

    e->reported = true;
    claim(0, ENGINE, 1000);
    assert_ptr_equal(at(0, 2000), e);
    assert_true(e->named && e->name == ENGINE);
    assert_int_equal(e->kind, REPORTER_CAN_ADDRESS);
    assert_int_equal(e->id, 0);
}

static void the_loser_who_cannot_claim_was_the_talker(void **state)
{
    struct ecu *engine = at(0, 0);
    (void)state;

    engine->reported = true;
    claim(0, 0, 15498);
    struct names_change change = claim(NAMES_NO_ADDRESS, ENGINE, 15513);
    assert_ptr_equal(change.lost, engine);
    assert_true(engine->named && engine->name == ENGINE);
    assert_int_equal(engine->address, NAMES_NO_ADDRESS);
    assert_int_equal(engine->last_address, 0);
    assert_ptr_equal(change.moved, at(0, 15514));
    assert_true(at(0, 15514)->named && at(0, 15514)->name == 0);
    assert_ptr_equal(names_find(&n, REPORTER_CAN_ADDRESS, 0), engine);
}

static void the_loser_may_move_to_another_address(void **state)
{
    struct ecu *engine = at(0, 0);
    (void)state;

    engine->reported = true;
    claim(0, LOW, 1000);
    claim(0x80, ENGINE, 1100);
    assert_ptr_equal(at(0x80, 1100), engine);
    assert_true(at(0, 1100)->name == LOW);
}

static void answers_to_a_request_are_no_contest(void **state)
{
    struct ecu *engine = at(0, 0);
    (void)state;

    names_asked(&n, (struct mono){900});
    claim(0, ENGINE, 1000);
    claim(0xf9, HIGH, 1010);            /* a tool that had not talked yet */
    claim(NAMES_NO_ADDRESS, LOW, 1020); /* somebody without an address */
    assert_ptr_equal(at(0, 1300), engine);
    assert_true(engine->name == ENGINE);
    assert_true(at(0xf9, 1300)->name == HIGH);
}

static void a_lower_name_takes_the_address_a_higher_one_must_wait(void **state)
{
    struct names_change change;
    struct ecu *engine;
    (void)state;

    claim(0, ENGINE, 0);
    engine = at(0, 0);
    claim(0, HIGH, 1000);
    assert_null(at(0, 1100));
    claim(0, ENGINE, 1100); /* defends itself */
    assert_ptr_equal(at(0, 1400), engine);
    claim(0, HIGH, 2000);
    assert_true(at(0, 2250)->name == HIGH); /* nobody defended it */
    assert_int_equal(engine->address, NAMES_NO_ADDRESS);
    change = claim(0, LOW, 3000);
    assert_true(change.lost->name == HIGH && change.moved->name == LOW);
    assert_true(at(0, 3000)->name == LOW);
}

static void an_unnamed_talker_defends_itself_with_a_lower_name(void **state)
{
    struct ecu *engine = at(0, 0);
    (void)state;

    claim(0, HIGH, 1000);
    claim(0, ENGINE, 1010);
    assert_ptr_equal(at(0, 1010), engine);
    assert_true(engine->named && engine->name == ENGINE);
}

static void a_name_takes_its_identity_along(void **state)
{
    struct ecu *e;
    (void)state;

    claim(0x80, HIGH, 0);
    e = at(0x80, 0);
    claim(NAMES_NO_ADDRESS, HIGH, 100);
    assert_int_equal(e->address, NAMES_NO_ADDRESS);
    claim(0x81, HIGH, 200);
    assert_ptr_equal(at(0x81, 200), e);
    assert_ptr_not_equal(at(0x80, 200), e);
}

static void who_held_an_address_before_a_restart_holds_it_until_a_claim(void **state)
{
    struct ecu *engine;
    (void)state;

    names_assume(&n, 0, REPORTER_J1939_NAME, ENGINE);
    names_assume(&n, 3, REPORTER_CAN_ADDRESS, 7); /* first reported from 7, and moved since */
    names_assume(&n, 0, REPORTER_J1939_NAME, HIGH);
    names_assume(&n, NAMES_NO_ADDRESS, REPORTER_J1939_NAME, LOW);
    engine = at(0, 0);
    assert_int_equal(engine->kind, REPORTER_J1939_NAME);
    assert_true(engine->named && engine->name == ENGINE && engine->id == ENGINE && engine->reported);
    assert_int_equal(at(3, 0)->id, 7);
    claim(0, LOW, 100);
    assert_true(at(0, 100)->name == LOW);
    assert_int_equal(engine->address, NAMES_NO_ADDRESS);
}

static void a_flood_of_names_stays_within_its_room(void **state)
{
    (void)state;
    for (uint64_t name = 5000; name > 1000; name--)
        claim((uint8_t)(name % NAMES_NO_ADDRESS), name, 5000 - (int64_t)name);
    for (unsigned a = 0; a < NAMES_NO_ADDRESS; a++)
        assert_int_equal(at((uint8_t)a, 100000)->address, a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fresh)
    const struct CMUnitTest tests[] = {
        TEST(a_claim_makes_the_name_the_identity),
        TEST(an_ecu_without_a_claim_is_its_address),
        TEST(a_claim_nobody_contests_is_the_talkers_own),
        TEST(what_was_reported_keeps_its_identity),
        TEST(the_loser_who_cannot_claim_was_the_talker),
        TEST(the_loser_may_move_to_another_address),
        TEST(answers_to_a_request_are_no_contest),
        TEST(a_lower_name_takes_the_address_a_higher_one_must_wait),
        TEST(an_unnamed_talker_defends_itself_with_a_lower_name),
        TEST(a_name_takes_its_identity_along),
        TEST(who_held_an_address_before_a_restart_holds_it_until_a_claim),
        TEST(a_flood_of_names_stays_within_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
