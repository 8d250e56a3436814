/* snapshot: the hash keeps its word for ever; both ends compute it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "snapshot.h"

static struct fault_report confirmed(const char *bus, const char *code)
{
    return (struct fault_report){.key = {.bus = bus,
                                     .reporter_kind = REPORTER_J1939_NAME,
                                     .reporter = UINT64_C(0x0123456789abcdef),
                                     .ns = "j1939",
                                     .code = code,
                                     .mode = 3,
                                     .component = ""},
        .to = FAULT_CONFIRMED};
}

/* Value computed from the text of snapshot.h with another program. */
static void the_hash_never_changes(void **state)
{
    struct fault_report r = confirmed("can0", "789");
    (void)state;

    assert_true(snapshot_hash_add(SNAPSHOT_HASH_START, &r) == UINT64_C(0xa1feae85a0022771));
}

static void texts_cannot_run_into_each_other(void **state)
{
    struct fault_report a = confirmed("can0", "789"), b = confirmed("can0", "789"), c = confirmed("can", "789");
    (void)state;

    b.key.ns = "";
    b.key.code = "j1939789";
    c.key.ns = "0j1939";
    assert_false(snapshot_hash_add(SNAPSHOT_HASH_START, &a) == snapshot_hash_add(SNAPSHOT_HASH_START, &b));
    assert_false(snapshot_hash_add(SNAPSHOT_HASH_START, &a) == snapshot_hash_add(SNAPSHOT_HASH_START, &c));
}

static void order_and_state_matter(void **state)
{
    struct fault_report a = confirmed("can0", "1"), b = confirmed("can0", "2"), healed = a;
    uint64_t ab, ba;
    (void)state;

    healed.to = FAULT_HEALED;
    ab = snapshot_hash_add(snapshot_hash_add(SNAPSHOT_HASH_START, &a), &b);
    ba = snapshot_hash_add(snapshot_hash_add(SNAPSHOT_HASH_START, &b), &a);
    assert_false(ab == ba);
    assert_false(snapshot_hash_add(SNAPSHOT_HASH_START, &a) == snapshot_hash_add(SNAPSHOT_HASH_START, &healed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_never_changes),
        cmocka_unit_test(texts_cannot_run_into_each_other),
        cmocka_unit_test(order_and_state_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
