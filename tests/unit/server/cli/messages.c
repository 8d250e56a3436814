/* messages: both languages are complete and agree on their holes; every word of the JSON has its Chinese. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "messages.h"
#include "record.h"
#include "ticket.h"

static size_t holes(const char *text)
{
    size_t n = 0;

    for (; (text = strstr(text, "{}")); text += 2)
        n++;
    return n;
}

static bool has_chinese(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0xe4 && (unsigned char)*text <= 0xe9)
            return true;
    return false;
}

static void every_message_stands_in_both_languages(void **state)
{
    (void)state;
    for (unsigned m = 0; m < MESSAGE_COUNT; m++) {
        const char *en = message_text(LANGUAGE_EN, (enum message)m), *zh = message_text(LANGUAGE_ZH, (enum message)m);

        if (!en || !zh || !*en || !*zh)
            fail_msg("message %u is missing", m);
        if (holes(en) != holes(zh))
            fail_msg("\"%s\" and \"%s\" differ in their holes", en, zh);
        if (has_chinese(en))
            fail_msg("\"%s\" is not English", en);
        if (strpbrk(en, "abcdefghijklmnopqrstuvwxyz") && !has_chinese(zh) && m != MESSAGE_EVENT_OTHER)
            fail_msg("\"%s\" is not Chinese", zh);
    }
}

static void assert_translated(const char *word)
{
    if (strcmp(word, "unset") != 0 && !has_chinese(message_word(LANGUAGE_ZH, word)))
        fail_msg("\"%s\" has no Chinese", word);
    assert_false(has_chinese(message_word(LANGUAGE_EN, word)));
}

static void every_word_of_a_table_has_its_chinese(void **state)
{
    static const char *const others[] = {"known", "blocked", "unblocked", "new", "inventory", "offline", "online",
        "spool_reset", "cloned", "numbers_reused", "stopped", "lost", "silent", "unknown", "refused", "enrolled"};
    (void)state;

    for (unsigned i = 0; i < TICKET_STATE_COUNT; i++)
        assert_translated(ticket_state_word((enum ticket_state)i));
    for (unsigned i = 0; i < CLASS_COUNT; i++)
        assert_translated(class_word((enum ticket_class)i));
    for (unsigned i = 0; i < FAULT_STATE_COUNT; i++)
        assert_translated(fault_state_word((enum fault_state)i));
    for (unsigned i = 0; i < CLOCK_KIND_COUNT; i++)
        assert_translated(clock_kind_word((enum clock_kind)i));
    for (unsigned i = 0; i < CLOCK_STATE_COUNT; i++)
        assert_translated(clock_state_word((enum clock_state)i));
    for (unsigned i = 0; i < LANE_COUNT; i++)
        assert_translated(lane_word((enum lane)i));
    for (unsigned i = 0; i < LOSS_CAUSE_COUNT; i++)
        assert_translated(loss_word((enum loss_cause)i));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_translated(others[i]);
    assert_string_equal(message_word(LANGUAGE_ZH, "E6"), "E6");
}

static void holes_are_filled_in_order(void **state)
{
    char text[128] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    (void)state;

    message_print(out, LANGUAGE_EN, MESSAGE_BAD_VALUE, "limit", "{}", "1");
    fclose(out);
    assert_string_equal(text, "--limit: \"{}\" is not allowed; allowed: 1");
}

static void the_language_follows_the_locale(void **state)
{
    (void)state;
    assert_int_equal(language_from_locale("zh_CN.UTF-8"), LANGUAGE_ZH);
    assert_int_equal(language_from_locale("zh"), LANGUAGE_ZH);
    assert_int_equal(language_from_locale("en_GB.UTF-8"), LANGUAGE_EN);
    assert_int_equal(language_from_locale("C"), LANGUAGE_EN);
    assert_int_equal(language_from_locale(NULL), LANGUAGE_EN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_stands_in_both_languages),
        cmocka_unit_test(every_word_of_a_table_has_its_chinese),
        cmocka_unit_test(holes_are_filled_in_order),
        cmocka_unit_test(the_language_follows_the_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
