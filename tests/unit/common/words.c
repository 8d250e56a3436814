/* words: every value has one word, no two share one, and what is read back is the value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cleanup.h"
#include "record.h"

/* The words stand in databases, settings and other people's scripts: they do not change. */
#define ASSERT_WORDS(word_of, count, ...)                                                                              \
    do {                                                                                                               \
        static const char *const expected[] = {__VA_ARGS__};                                                           \
        assert_int_equal(countof(expected), count);                                                                    \
        for (unsigned i = 0; i < countof(expected); i++) {                                                             \
            assert_string_equal(word_of(i), expected[i]);                                                              \
            for (unsigned k = 0; k < i; k++)                                                                           \
                assert_string_not_equal(word_of(i), word_of(k));                                                       \
        }                                                                                                              \
    } while (0)

static void words_never_change(void **state)
{
    (void)state;
    ASSERT_WORDS(lane_word, LANE_COUNT, "fault", "health");
    ASSERT_WORDS(
        fault_state_word, FAULT_STATE_COUNT, "untested", "pending", "confirmed", "healed", "stale", "cleared", "aged");
    ASSERT_WORDS(
        reporter_kind_word, REPORTER_KIND_COUNT, "logical", "j1939_name", "can_addr", "modbus_unit", "matter_ep");
    ASSERT_WORDS(quality_word, QUALITY_COUNT, "good", "torn", "truncated", "ambiguous", "replayed");
    ASSERT_WORDS(class_word, CLASS_COUNT, "unset", "general", "important", "urgent");
    ASSERT_WORDS(loss_word, LOSS_CAUSE_COUNT, "evicted", "expired", "corrupt");
    ASSERT_WORDS(record_word, RECORD_KIND_COUNT, "fault", "snapshot", "health", "inventory", "lifecycle", "loss");
    ASSERT_WORDS(verdict_word, VERDICT_KIND_COUNT, "stored", "opened", "joined", "suppressed", "refused", "duplicate");
}

static void words_read_back(void **state)
{
    enum ticket_class class_;
    enum fault_state fault;
    (void)state;

    for (unsigned i = CLASS_GENERAL; i < CLASS_COUNT; i++) {
        assert_true(class_from_word(class_word(i), &class_));
        assert_int_equal(class_, i);
    }
    for (unsigned i = 0; i < FAULT_STATE_COUNT; i++) {
        assert_true(fault_state_from_word(fault_state_word(i), &fault));
        assert_int_equal(fault, i);
    }
}

static void other_words_are_refused(void **state)
{
    static const char *const wrong[] = {"", "unset", "Urgent", "urgent ", "urgen", "none"};
    enum ticket_class class_ = CLASS_GENERAL;
    enum fault_state fault = FAULT_AGED;
    (void)state;

    for (size_t i = 0; i < countof(wrong); i++) {
        assert_false(class_from_word(wrong[i], &class_));
        assert_false(fault_state_from_word(wrong[i], &fault));
    }
    assert_int_equal(class_, CLASS_GENERAL);
    assert_int_equal(fault, FAULT_AGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_never_change),
        cmocka_unit_test(words_read_back),
        cmocka_unit_test(other_words_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
