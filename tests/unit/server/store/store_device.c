/* store_device: devices and lanes come back as they were put, in pages without hole or double. */
#include "stores.h"

static struct device_row device_1(void)
{
    struct device_row d = {.shard = 0xb8,
        .registration = DEVICE_BLOCKED,
        .enrolled = {1},
        .last_seen = {1700000000123},
        .online = true,
        .epoch = UINT64_MAX - 1,
        .session = UINT32_MAX,
        .spool_resets = 3,
        .cloned = true};

    strcpy(d.device, "hub-1:ac 'x\";--");
    strcpy(d.gateway, "hub-1");
    strcpy(d.product_line, "home");
    strcpy(d.model, "空调 KFR-35 ❄ 𠮷");
    strcpy(d.serial, "\x01\x1f\t\\%_\x7f");
    strcpy(d.hardware, "B");
    strcpy(d.firmware, "1.2.3");
    return d;
}

static void a_device_comes_back_as_it_was_put(void **state)
{
    struct stores *s = stores_of(state);
    struct device_row d = device_1(), got = {0};

    assert_fails(store_get_device(s->store, d.shard, d.device, &got, f), FAIL_NOT_FOUND);
    assert_ok(store_begin(s->store, f));
    assert_ok(store_put_device(s->store, &d, f));
    assert_ok(store_get_device(s->store, d.shard, d.device, &got, f)); /* in the transaction already */
    assert_ok(store_commit(s->store, now, f));
    memset(&got, 0, sizeof got);
    assert_ok(store_get_device(s->store, d.shard, d.device, &got, f));
    assert_same(&got, &d);
    assert_fails(store_get_device(s->store, d.shard + 1, d.device, &got, f), FAIL_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_every_driver(a_device_comes_back_as_it_was_put),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
