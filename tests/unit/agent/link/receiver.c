/* receiver: what receipts do to the spool, and when a new epoch begins; the spool on a model disk, no network. */
#include "agent/spool/rig.h"

#include "receiver.h"

enum { SENT = 20 };

static const struct link_policy policy = {.backoff_first_ms = 1000,
    .backoff_max_ms = 600000,
    .stable_ms = 60000,
    .connect_timeout_ms = 30000,
    .ack_timeout_ms = 120000,
    .resend_first_ms = 20000,
    .resend_max_ms = 600000,
    .retry_after_max_ms = 3600000};

static struct {
    struct link_machine machine;
    struct link_env env;
    struct link_hooks hooks;
    struct receiver receiver;
    unsigned snapshots, clears;
    bool no_snapshot;
} device;

static int on_snapshot(void *ctx, bool needed, struct fail *f)
{
    (void)ctx;
    assert_true(needed);
    if (device.no_snapshot)
        return fail_set(f, FAIL_IO, "no");
    device.snapshots++;
    rig_put(&rig, LANE_FAULT, 100);
    return 0;
}

static int on_clear(void *ctx, const struct fault_key *key, const char *actor, struct fail *f)
{
    (void)ctx, (void)key, (void)actor, (void)f;
    device.clears++;
    return 0;
}

static int on_lifecycle(void *ctx, enum lifecycle_kind kind, const char *detail, struct fail *f)
{
    (void)ctx, (void)kind, (void)detail, (void)f;
    return 0;
}

/* Connected, with SENT records of each lane in the spool, all sent. */
static int set_up(void **state)
{
    const uint64_t first[LANE_COUNT] = {1, 1}, next[LANE_COUNT] = {SENT + 1, SENT + 1};
    enum lane lane;

    rig_set_up(state);
    rig_put_many(&rig, LANE_FAULT, 100, SENT);
    rig_put_many(&rig, LANE_HEALTH, 100, SENT);
    memset(&device, 0, sizeof device);
    device.env = (struct link_env){.clock = &rig.clock, .rng = &rig.rng, .spool = rig.spool};
    device.hooks = (struct link_hooks){.snapshot = on_snapshot, .clear = on_clear, .lifecycle = on_lifecycle};
    link_machine_init(&device.machine, &policy, &rig.rng, spool_epoch(rig.spool));
    receiver_init(&device.receiver, &device.env, &device.hooks, &device.machine, true);
    link_machine_start(&device.machine, rig.clock.mono(&rig.time));
    assert_int_equal(link_machine_todo(&device.machine, rig.clock.mono(&rig.time), first, &lane), LINK_CONNECT);
    link_machine_connected(&device.machine, rig.clock.mono(&rig.time), first);
    while (link_machine_todo(&device.machine, rig.clock.mono(&rig.time), next, &lane) == LINK_SEND)
        link_machine_sent(&device.machine, rig.clock.mono(&rig.time), lane, SENT, (int)lane + 1);
    return 0;
}

static bool take(const struct receipt *r)
{
    uint8_t bytes[BOUND_RECEIPT_BYTES];
    struct fail f;
    size_t n;

    must(codec_receipt_encode(r, bytes, sizeof bytes, &n, &f), &f);
    return receiver_take(&device.receiver, bytes, n);
}

static struct receipt receipt(uint64_t fault_next, uint64_t health_next)
{
    return (struct receipt){.epoch = spool_epoch(rig.spool),
        .lanes = {{LANE_FAULT, fault_next, 0, false}, {LANE_HEALTH, health_next, 0, false}},
        .lane_count = 2};
}

static void a_receipt_frees_each_lane_by_itself(void **state)
{
    struct receipt r = receipt(11, 3);
    (void)state;

    assert_false(take(&r));
    assert_int_equal(spool_first(rig.spool, LANE_FAULT), 11);
    assert_int_equal(spool_first(rig.spool, LANE_HEALTH), 3);
    assert_int_equal(device.snapshots, 0);
}

static void what_is_no_receipt_or_not_ours_does_nothing(void **state)
{
    struct command clear = {
        .id = 9, .kind = COMMAND_CLEAR, .clear = {.bus = "", .ns = "app", .code = "E4", .component = ""}};
    struct receipt r = receipt(1000, 1000);
    (void)state;

    assert_false(receiver_take(&device.receiver, "\x08\x07", 2));
    r.epoch++;
    r.new_epoch = true;
    r.commands = &clear;
    r.command_count = 1;
    assert_false(take(&r));
    assert_int_equal(device.clears + device.snapshots, 0);
    check_nothing_lost();
}

/* The health lane looks as if it fitted, and must not be believed either. */
static void a_receipt_for_numbers_never_given_begins_a_new_epoch(void **state)
{
    uint64_t old = spool_epoch(rig.spool);
    struct receipt r = receipt(SENT + 2, 3);
    (void)state;

    assert_true(take(&r));
    assert_true(spool_epoch(rig.spool) != old && device.machine.epoch == spool_epoch(rig.spool));
    assert_int_equal(spool_next(rig.spool, LANE_FAULT), SENT + 2); /* with the snapshot */
    assert_int_equal(spool_next(rig.spool, LANE_HEALTH), SENT + 1);
    assert_int_equal(spool_first(rig.spool, LANE_HEALTH), 1);
    assert_int_equal(device.snapshots, 1);
    assert_false(take(&r)); /* once more, of the old epoch */
    assert_int_equal(stats().epochs_begun, 1);
}

static void numbers_used_twice_go_over_from_where_they_differ(void **state)
{
    static const struct {
        uint64_t freed, differs, moved;
    } cases[] = {{1, 6, SENT - 5}, {11, 6, SENT - 5}, {6, 6, SENT - 5}};
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        struct receipt before = receipt(cases[i].freed, 1);
        struct receipt r = {.new_epoch = true,
            .epoch = spool_epoch(rig.spool),
            .lanes = {{LANE_FAULT, cases[i].differs, 0, true}},
            .lane_count = 1};

        assert_false(take(&before));
        assert_true(take(&r));
        assert_int_equal(spool_next(rig.spool, LANE_FAULT), cases[i].moved + 2);
        assert_int_equal(spool_next(rig.spool, LANE_HEALTH), SENT + 1);
        rig_tear_down(state);
        set_up(state);
    }
}

static void without_a_snapshot_the_old_epoch_goes_on(void **state)
{
    struct receipt r = receipt(SENT + 2, 3);
    uint64_t old = spool_epoch(rig.spool);
    (void)state;

    device.no_snapshot = true;
    assert_false(take(&r));
    assert_true(spool_epoch(rig.spool) == old);
    check_nothing_lost();
    assert_int_equal(spool_first(rig.spool, LANE_HEALTH), 1);
    device.no_snapshot = false;
    assert_true(take(&r));
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, rig_tear_down)
    const struct CMUnitTest tests[] = {
        test(a_receipt_frees_each_lane_by_itself),
        test(what_is_no_receipt_or_not_ours_does_nothing),
        test(a_receipt_for_numbers_never_given_begins_a_new_epoch),
        test(numbers_used_twice_go_over_from_where_they_differ),
        test(without_a_snapshot_the_old_epoch_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
