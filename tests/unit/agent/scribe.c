/* scribe: what a source was told is safe is in the spool; what cannot be written is refused, and told later. */
#include "agent/desk.h"

#include "snapshot.h"

static void what_was_taken_survives_a_power_cut(void **state)
{
    struct desk d;
    struct fail f;
    (void)state;

    desk_open(&d);
    assert_int_equal(desk_observe(&d, "E4", true, &f), 0);
    const struct source_sink *sink = scribe_sink(d.scribe);
    assert_int_equal(sink->number(sink->ctx), 1);
    assert_int_equal(d.written, 1);
    assert_int_equal(d.rig.disk->unsynced_count, 0); /* nothing hangs in the air */
    const struct record *r = desk_record(&d, LANE_FAULT, 1);
    assert_int_equal(r->kind, RECORD_FAULT);
    assert_string_equal(r->fault.key.code, "E4");
    assert_int_equal(r->fault.to, FAULT_CONFIRMED);
    assert_int_equal(r->stamp.boot, 7);
    desk_close(&d);
}

static void what_changes_nothing_writes_nothing(void **state)
{
    struct desk d;
    struct fail f;
    (void)state;

    desk_open(&d);
    assert_int_equal(desk_observe(&d, "E4", true, &f), 0);
    assert_int_equal(desk_observe(&d, "E4", true, &f), 0);
    const struct source_sink *sink = scribe_sink(d.scribe);
    assert_int_equal(sink->number(sink->ctx), 0);
    assert_int_equal(spool_next(d.rig.spool, LANE_FAULT), 2);
    desk_close(&d);
}

static void many_deliveries_take_one_sync(void **state)
{
    struct desk d;
    struct fail f;
    char code[8];
    (void)state;

    desk_open(&d);
    const struct source_sink *sink = scribe_sink(d.scribe);
    struct spool_stats before, after;
    assert_int_equal(desk_observe(&d, "first", true, &f), 0); /* makes the segment, which takes syncs of its own */
    spool_stats(d.rig.spool, &before);
    sink->hold(sink->ctx);
    for (int i = 0; i < 20; i++) {
        snprintf(code, sizeof code, "E%d", i);
        assert_int_equal(desk_observe(&d, code, true, &f), 0);
    }
    assert_int_equal(d.written, 1); /* not yet safe, not yet told */
    assert_int_equal(sink->release(sink->ctx, &f), 0);
    spool_stats(d.rig.spool, &after);
    assert_int_equal(after.sync_count - before.sync_count, 1);
    assert_int_equal(d.written, 2);
    assert_int_equal(sink->release(sink->ctx, &f), 0); /* nothing to do */
    assert_int_equal(d.written, 2);
    desk_close(&d);
}

static void a_failed_disk_refuses_until_there_is_another_spool(void **state)
{
    struct desk d;
    struct fail f;
    (void)state;

    desk_open(&d);
    d.rig.disk->fail_first = d.rig.disk->calls + 1;
    d.rig.disk->fail_last = UINT32_MAX;
    d.rig.disk->fail_errno = EIO;
    assert_int_equal(desk_observe(&d, "E4", true, &f), -1);
    assert_int_equal(d.failed, 1);
    assert_int_equal(desk_observe(&d, "E5", true, &f), -1);
    assert_int_equal(d.failed, 1); /* told once */
    assert_int_equal(d.written, 0);

    d.rig.disk->fail_last = 0;
    scribe_use_spool(d.scribe, NULL);
    assert_int_equal(desk_observe(&d, "E6", true, &f), -1);
    rig_close(&d.rig);
    rig_must_open(&d.rig);
    scribe_use_spool(d.scribe, d.rig.spool);
    assert_int_equal(desk_record(&d, LANE_FAULT, 1)->kind, RECORD_INVENTORY);
    assert_int_equal(desk_record(&d, LANE_FAULT, 2)->kind, RECORD_SNAPSHOT);
    struct stamp now = scribe_now(d.scribe);
    now.mono.ms += 3600000;
    assert_int_equal(monitor_tick(scribe_monitor(d.scribe), &now, &f), 0); /* what was refused is told now */
    assert_int_equal(spool_next(d.rig.spool, LANE_FAULT), 6);
    desk_close(&d);
}

/* Observes within hold and release, as the application socket does. */
static int request(struct desk *d, const char *code, struct fail *f)
{
    const struct source_sink *sink = scribe_sink(d->scribe);

    sink->hold(sink->ctx);
    int rc = desk_observe(d, code, true, f);
    return sink->release(sink->ctx, f) || rc ? -1 : 0;
}

static void a_report_repeated_after_a_failed_sync_is_safe_only_when_it_is_written(void **state)
{
    struct desk d;
    struct fail f;
    (void)state;

    desk_open(&d);
    assert_int_equal(request(&d, "E3", &f), 0); /* the segment is there now: what follows fails in the sync */
    d.rig.disk->fail_first = d.rig.disk->calls + 1;
    d.rig.disk->fail_last = UINT32_MAX;
    d.rig.disk->fail_errno = EIO;
    assert_int_equal(request(&d, "E4", &f), -1);
    assert_int_equal(d.failed, 1);
    assert_int_equal(request(&d, "E4", &f), -1); /* it is not there, though nothing changes */
    scribe_use_spool(d.scribe, NULL);
    assert_int_equal(request(&d, "E4", &f), -1);

    d.rig.disk->fail_last = 0;
    rig_close(&d.rig);
    rig_must_open(&d.rig);
    scribe_use_spool(d.scribe, d.rig.spool);
    assert_int_equal(request(&d, "E4", &f), 0);
    const struct record *r = desk_record(&d, LANE_FAULT, spool_next(d.rig.spool, LANE_FAULT) - 1);
    assert_int_equal(r->kind, RECORD_SNAPSHOT);
    assert_int_equal(r->snapshot.fault_count, 2);
    assert_int_equal(d.rig.disk->unsynced_count, 0);
    desk_close(&d);
}

static void what_was_refused_is_told_by_itself(void **state)
{
    struct desk d;
    struct fail f;
    (void)state;

    desk_open(&d);
    scribe_free(d.scribe);
    d.scribe = desk_scribe(&d, &clock_system); /* timers need time that passes */
    assert_int_equal(desk_observe(&d, "E4", true, &f), -1);
    scribe_use_spool(d.scribe, d.rig.spool);
    while (d.written == 0)
        assert_int_equal(event_base_loop(d.base, EVLOOP_ONCE), 0);
    assert_string_equal(desk_record(&d, LANE_FAULT, 1)->fault.key.code, "E4");
    desk_close(&d);
}

static void a_remembered_fault_whose_reporter_stays_silent_goes_stale(void **state)
{
    struct monitor_policy policy = monitor_policy_default("j1939");
    struct fault_report known = {
        .key = {.bus = "can0", .reporter_kind = REPORTER_CAN_ADDRESS, .ns = "j1939", .code = "789", .component = ""},
        .subject = "",
        .to = FAULT_CONFIRMED,
        .uds_status = UDS_TEST_FAILED | UDS_CONFIRMED,
        .lamps = LAMPS_NONE,
        .source_occurrences = OCCURRENCES_NONE};
    struct desk d;
    (void)state;

    desk_open(&d);
    scribe_free(d.scribe);
    strcpy(policy.ns, "j1939");
    policy.silent_ms = 20;
    d.monitor.policies = &policy;
    d.monitor.policy_count = 1;
    d.scribe = desk_scribe(&d, &clock_system);
    struct stamp now = scribe_now(d.scribe);
    monitor_restore(scribe_monitor(d.scribe), &known, &now);
    scribe_use_spool(d.scribe, d.rig.spool);
    while (d.written == 0)
        assert_int_equal(event_base_loop(d.base, EVLOOP_ONCE), 0); /* 1 = nothing to wait for */
    assert_int_equal(desk_record(&d, LANE_FAULT, 1)->fault.to, FAULT_STALE);
    desk_close(&d);
}

static void a_snapshot_that_waits_is_not_repeated(void **state)
{
    struct desk d;
    struct fail f;
    (void)state;

    desk_open(&d);
    assert_int_equal(scribe_snapshot(d.scribe, false, &f), 0); /* empty, and said so */
    assert_int_equal(spool_next(d.rig.spool, LANE_FAULT), 2);
    assert_int_equal(desk_record(&d, LANE_FAULT, 1)->snapshot.fault_count, 0);
    assert_int_equal(scribe_snapshot(d.scribe, false, &f), 0);
    assert_int_equal(spool_next(d.rig.spool, LANE_FAULT), 2);
    assert_int_equal(scribe_snapshot(d.scribe, true, &f), 0); /* somebody asked */
    assert_int_equal(spool_next(d.rig.spool, LANE_FAULT), 3);
    assert_int_equal(desk_observe(&d, "E4", true, &f), 0);
    assert_int_equal(scribe_snapshot(d.scribe, false, &f), 0); /* something changed */
    assert_int_equal(spool_next(d.rig.spool, LANE_FAULT), 5);
    assert_int_equal(desk_record(&d, LANE_FAULT, 4)->snapshot.fault_count, 1);
    assert_int_equal(spool_free_below(d.rig.spool, LANE_FAULT, 5, &f), 0);
    assert_int_equal(
        scribe_snapshot(d.scribe, false, &f), 0); /* the last one has arrived: this is another connection */
    assert_int_equal(spool_next(d.rig.spool, LANE_FAULT), 6);
    desk_close(&d);
}

static void snapshots_of_any_size_come_in_parts_that_fit(void **state)
{
    static const struct {
        unsigned faults;
        size_t text;
    } cases[] = {{64, 1}, {65, 1}, {512, 1}, {500, 64}, {300, 20}};
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        struct desk d;
        struct fail f;
        char code[BOUND_CODE + 1], component[BOUND_COMPONENT + 1];
        uint64_t hash = SNAPSHOT_HASH_START;
        unsigned seen = 0, parts = 0;

        desk_open(&d);
        const struct source_sink *sink = scribe_sink(d.scribe);
        sink->hold(sink->ctx);
        for (unsigned n = 0; n < cases[i].faults; n++) {
            struct stamp now = scribe_now(d.scribe);
            snprintf(code, sizeof code, "%u", n);
            snprintf(component, sizeof component, "%.*s", (int)cases[i].text,
                "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww");
            struct observation o = desk_observation(code, true);
            o.sighting.component = o.sighting.subject = component;
            assert_int_equal(sink->observe(sink->ctx, &o, &now, &f), 0);
        }
        assert_int_equal(sink->release(sink->ctx, &f), 0);
        uint64_t from = spool_next(d.rig.spool, LANE_FAULT);
        if (scribe_snapshot(d.scribe, true, &f))
            fail_msg("%s", f.text);
        uint32_t said = 0;
        uint64_t said_hash = 0;
        for (uint64_t n = from; n < spool_next(d.rig.spool, LANE_FAULT); n++) {
            const struct record *r = desk_record(&d, LANE_FAULT, n);

            assert_int_equal(r->kind, RECORD_SNAPSHOT);
            assert_int_equal(r->snapshot.part, parts++);
            said = r->snapshot.parts;
            said_hash = r->snapshot.hash;
            for (size_t k = 0; k < r->snapshot.fault_count; k++) {
                hash = snapshot_hash_add(hash, &r->snapshot.faults[k]);
                seen++;
            }
        }
        assert_int_equal(seen, cases[i].faults);
        assert_int_equal(said, parts);
        assert_true(said_hash == hash);
        desk_close(&d);
    }
}

static void health_tells_how_the_spool_is(void **state)
{
    struct desk d;
    struct fail f;
    struct health h = {.interval_ms = 1000, .restart_reason = "", .uptime_ms = 5};
    (void)state;

    desk_open(&d);
    scribe_use_spool(d.scribe, NULL);
    assert_int_equal(desk_observe(&d, "E4", true, &f), -1);
    scribe_use_spool(d.scribe, d.rig.spool);
    const struct source_sink *sink = scribe_sink(d.scribe);
    struct stamp now = scribe_now(d.scribe);
    assert_int_equal(sink->health(sink->ctx, &h, &now, &f), 0);
    const struct record *r = desk_record(&d, LANE_HEALTH, 1);
    assert_int_equal(r->health.uptime_ms, 5);
    assert_int_equal(r->health.spool_limit_bytes, d.rig.settings.max_bytes);
    assert_true(r->health.spool_used_bytes > 0);
    assert_int_equal(r->health.refused_count, 1);
    assert_int_equal(sink->measure(sink->ctx, &(struct frame_value){"x", 1, ""}, &f), -1);
    assert_int_equal(f.code, FAIL_NOT_FOUND);
    desk_close(&d);
}

struct figures {
    size_t n;
    struct {
        const char *name;
        double count;
    } list[16];
};

static void note_figure(void *ctx, const char *name, double count)
{
    struct figures *all = ctx;

    all->list[all->n].name = name;
    all->list[all->n++].count = count;
}

static double figure(const struct scribe *s, const char *name)
{
    const struct source_sink *sink = scribe_sink(s);
    struct figures all = {0};

    sink->figures(sink->ctx, note_figure, &all);
    for (size_t i = 0; i < all.n; i++)
        if (strcmp(all.list[i].name, name) == 0)
            return all.list[i].count;
    return -1;
}

static void the_agents_own_counts_are_figures_of_health(void **state)
{
    struct desk d;
    struct fail f;
    char code[16];
    (void)state;

    desk_open(&d);
    scribe_free(d.scribe);
    d.monitor.max_faults = d.monitor.max_per_reporter = 4;
    d.scribe = desk_scribe(&d, &d.rig.clock);
    scribe_use_spool(d.scribe, d.rig.spool);
    for (int i = 0; i < 6; i++) { /* two beyond, refused because the others are worse or alike */
        snprintf(code, sizeof code, "%d", i);
        assert_int_equal(desk_observe(&d, code, true, &f), i < 4 ? 0 : -1);
    }
    assert_int_equal(desk_observe(&d, "0", false, &f), 0); /* healed: gives way */
    assert_int_equal(desk_observe(&d, "7", true, &f), 0);
    assert_int_equal(spool_new_epoch(d.rig.spool, &d.rig.rng, &f), 0);
    assert_true(figure(d.scribe, "faults_refused") == 2);
    assert_true(figure(d.scribe, "faults_displaced") == 1);
    assert_true(figure(d.scribe, "epochs_begun") == 1);
    scribe_use_spool(d.scribe, NULL);
    assert_true(figure(d.scribe, "faults_refused") == 2);
    desk_close(&d);
}

static void the_inventory_is_written_when_it_changes(void **state)
{
    struct desk d;
    struct fail f;
    struct part part = {"engine", "P1", "", "ACME", "", "", "j1939:65259"};
    struct inventory i = {
        .product_line = "", .model = "", .serial = "", .hardware = "", .parts = &part, .part_count = 1};
    (void)state;

    desk_open(&d);
    const struct source_sink *sink = scribe_sink(d.scribe);
    struct stamp now = scribe_now(d.scribe);
    assert_int_equal(scribe_inventory(d.scribe, &f), 0);
    assert_string_equal(desk_record(&d, LANE_FAULT, 1)->inventory.model, "M1");
    assert_int_equal(sink->inventory(sink->ctx, &i, &now, &f), 0);
    assert_int_equal(sink->inventory(sink->ctx, &i, &now, &f), 0);
    assert_int_equal(spool_next(d.rig.spool, LANE_FAULT), 3);
    const struct record *r = desk_record(&d, LANE_FAULT, 2);
    assert_string_equal(r->inventory.model, "M1");
    assert_string_equal(r->inventory.parts[0].supplier, "ACME");
    desk_close(&d);
}

static void a_command_clears_what_is_known(void **state)
{
    struct desk d;
    struct fail f;
    struct fault_key key = {.bus = "", .reporter_kind = REPORTER_LOGICAL, .ns = "app", .code = "E4", .component = ""};
    (void)state;

    desk_open(&d);
    assert_int_equal(scribe_clear(d.scribe, &key, "command:1", &f), -1);
    assert_int_equal(f.code, FAIL_NOT_FOUND);
    assert_int_equal(desk_observe(&d, "E4", true, &f), 0);
    assert_int_equal(scribe_clear(d.scribe, &key, "command:2", &f), 0);
    assert_int_equal(desk_record(&d, LANE_FAULT, 2)->fault.to, FAULT_CLEARED);
    desk_close(&d);
}

static void a_snapshot_of_an_old_epoch_does_not_do(void **state)
{
    struct desk d;
    struct fail f;
    (void)state;

    desk_open(&d);
    assert_int_equal(desk_observe(&d, "E4", true, &f), 0);
    assert_int_equal(scribe_snapshot(d.scribe, true, &f), 0);
    uint64_t next = spool_next(d.rig.spool, LANE_FAULT);
    assert_int_equal(scribe_snapshot(d.scribe, false, &f), 0);
    assert_int_equal(spool_next(d.rig.spool, LANE_FAULT), next);
    assert_int_equal(spool_free_below(d.rig.spool, LANE_FAULT, next - 1, &f), 0);
    assert_int_equal(spool_new_epoch(d.rig.spool, &d.rig.rng, &f), 0);
    next = spool_next(d.rig.spool, LANE_FAULT);
    assert_int_equal(scribe_snapshot(d.scribe, false, &f), 0); /* its number was of the old one */
    assert_int_equal(spool_next(d.rig.spool, LANE_FAULT), next + 1);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_taken_survives_a_power_cut),
        cmocka_unit_test(what_changes_nothing_writes_nothing),
        cmocka_unit_test(many_deliveries_take_one_sync),
        cmocka_unit_test(a_failed_disk_refuses_until_there_is_another_spool),
        cmocka_unit_test(a_report_repeated_after_a_failed_sync_is_safe_only_when_it_is_written),
        cmocka_unit_test(what_was_refused_is_told_by_itself),
        cmocka_unit_test(a_remembered_fault_whose_reporter_stays_silent_goes_stale),
        cmocka_unit_test(a_snapshot_that_waits_is_not_repeated),
        cmocka_unit_test(snapshots_of_any_size_come_in_parts_that_fit),
        cmocka_unit_test(health_tells_how_the_spool_is),
        cmocka_unit_test(the_agents_own_counts_are_figures_of_health),
        cmocka_unit_test(the_inventory_is_written_when_it_changes),
        cmocka_unit_test(a_snapshot_of_an_old_epoch_does_not_do),
        cmocka_unit_test(a_command_clears_what_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
