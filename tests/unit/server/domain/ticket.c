/* ticket: the printed number can be read back and nothing else can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ticket.h"

static void numbers_round_trip(void **state)
{
    static const struct {
        struct ticket_number number;
        const char *text;
    } rows[] = {{{0x3f, 17}, "FL-3F-000017"}, {{0, 1}, "FL-00-000001"}, {{255, 999999}, "FL-FF-999999"},
        {{10, 123456789012}, "FL-0A-123456789012"}};
    char text[TICKET_NUMBER_BYTES];
    struct ticket_number back;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(ticket_number_text(rows[i].number, text), rows[i].text);
        assert_true(ticket_number_parse(text, &back));
        assert_int_equal(back.shard, rows[i].number.shard);
        assert_int_equal(back.n, rows[i].number.n);
    }
    assert_true(ticket_number_parse("fl-3f-000017", &back));
    assert_int_equal(back.shard, 0x3f);
}

static void other_texts_are_no_numbers(void **state)
{
    static const char *const wrong[] = {"", "FL", "FL-", "FL-3", "FL-3F", "FL-3F-", "FL-3F-17", "FL-3F-000000",
        "FL-3G-000017", "FL-3F-00001x", "FL-3F-000017 ", "XX-3F-000017", "FL-3F-0000000000000000017", "FL-3F--00017",
        "FL_3F-000017"};
    struct ticket_number n = {9, 9};
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(ticket_number_parse(wrong[i], &n));
    assert_int_equal(n.n, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_round_trip),
        cmocka_unit_test(other_texts_are_no_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
