/* identity: the shard and topic functions keep their word for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "identity.h"

static void shards_never_change(void **state)
{
    (void)state;
    assert_int_equal(identity_shard("hub-1"), 0xb8);
    assert_int_equal(identity_shard("a"), 0xed);
    assert_int_equal(identity_shard("engine-7"), 0x5b);
    assert_int_equal(identity_shard("AC_0001"), 0xa8);
    assert_int_equal(identity_shard("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), 0x95);
}

static void ids_of_other_bytes_or_lengths_are_refused(void **state)
{
    char long_id[BOUND_DEVICE_ID + 2];
    (void)state;

    memset(long_id, 'a', sizeof long_id - 1);
    long_id[sizeof long_id - 1] = '\0';
    assert_false(identity_is_valid(long_id));
    long_id[BOUND_DEVICE_ID] = '\0';
    assert_true(identity_is_valid(long_id));
    assert_false(identity_is_valid(""));
    assert_false(identity_is_valid("a/b"));
    assert_false(identity_is_valid("a+"));
    assert_false(identity_is_valid("#"));
    assert_false(identity_is_valid("\xe7\xa9\xba"));
}

static void topics_round_trip(void **state)
{
    char topic[IDENTITY_TOPIC_BYTES], id[BOUND_DEVICE_ID + 1];
    uint8_t shard;
    (void)state;

    assert_string_equal(identity_topic_up("hub-1", topic), "fl/1/b8/hub-1/up");
    assert_true(identity_from_topic(topic, &shard, id));
    assert_int_equal(shard, 0xb8);
    assert_string_equal(id, "hub-1");
    assert_string_equal(identity_topic_down("hub-1", topic), "fl/1/b8/hub-1/down");
}

static void topics_of_any_other_form_are_refused(void **state)
{
    static const char *const wrong[] = {"", "fl/1/b8/hub-1/down", "fl/1/b9/hub-1/up", "fl/1/B8/hub-1/up",
        "fl/2/b8/hub-1/up", "fl/1/b8/hub-1/up/", "fl/1/b8/hub-1/x/up", "fl/1/b8//up", "fl/1/b8/up",
        "fl/1/b8/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/up"};
    char id[BOUND_DEVICE_ID + 1];
    uint8_t shard;
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(identity_from_topic(wrong[i], &shard, id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_never_change),
        cmocka_unit_test(ids_of_other_bytes_or_lengths_are_refused),
        cmocka_unit_test(topics_round_trip),
        cmocka_unit_test(topics_of_any_other_form_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
