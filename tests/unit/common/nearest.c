/* nearest: one or two slips find the word, more find nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cleanup.h"
#include "nearest.h"

static void slips_lead_to_the_word(void **state)
{
    static const char *const words[] = {"ticket", "device", "list", "ls"};
    static const struct {
        const char *typed, *meant;
    } rows[] = {{"ticket", "ticket"}, {"tiket", "ticket"}, {"tikcet", "ticket"}, {"tickeeet", "ticket"},
        {"divice", "device"}, {"lit", "list"}, {"s", "ls"}, {"tikeets", NULL}, {"xy", NULL}, {"", NULL},
        {"ticketticketticketticketticketticket", NULL}};
    (void)state;

    for (size_t i = 0; i < countof(rows); i++) {
        const char *nearest = nearest_word(rows[i].typed, words, countof(words));

        if (rows[i].meant)
            assert_string_equal(nearest, rows[i].meant);
        else
            assert_null(nearest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(slips_lead_to_the_word)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
