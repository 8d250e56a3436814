/* recall: after a restart the agent knows what it told before, from the spool alone. */
#include "agent/desk.h"

#include "recall.h"

enum { KNOWN_MAX = 64 };

struct known {
    size_t count;
    struct {
        char code[BOUND_CODE + 1], subject[BOUND_COMPONENT + 1];
        enum fault_state state;
        uint32_t occurrences;
    } faults[KNOWN_MAX];
    size_t command_count;
    uint64_t commands[KNOWN_MAX];
    struct recalled last;
    unsigned unreadable;
};

static void on_fault(void *ctx, const struct fault_report *r)
{
    struct known *k = ctx;

    assert_true(k->count < KNOWN_MAX);
    snprintf(k->faults[k->count].code, sizeof k->faults[0].code, "%s", r->key.code);
    snprintf(k->faults[k->count].subject, sizeof k->faults[0].subject, "%s", r->subject);
    k->faults[k->count].occurrences = r->occurrences;
    k->faults[k->count++].state = r->to;
}

static void on_command(void *ctx, uint64_t id)
{
    struct known *k = ctx;

    k->commands[k->command_count++] = id;
}

static void restart_and_recall(struct desk *d, struct known *k)
{
    struct recall_takers takers = {k, on_fault, on_command};

    memset(k, 0, sizeof *k);
    scribe_use_spool(d->scribe, NULL);
    rig_close(&d->rig);
    rig_must_open(&d->rig);
    recall_read(d->rig.spool, &takers, &k->last, &k->unreadable);
    scribe_use_spool(d->scribe, d->rig.spool);
}

static void put(struct desk *d, struct record *r)
{
    struct fail f;

    r->lane = LANE_FAULT;
    r->stamp = scribe_now(d->scribe);
    if (spool_append(d->rig.spool, r, &f) || spool_sync(d->rig.spool, &f))
        fail_msg("%s", f.text);
}

static void put_fault(struct desk *d, const char *behind, const char *code, enum fault_state to)
{
    struct record r = {.behind = behind,
        .kind = RECORD_FAULT,
        .fault = {.key = {.bus = "", .ns = "app", .code = code, .component = ""},
            .subject = "pump",
            .to = to,
            .occurrences = 3,
            .lamps = LAMPS_NONE,
            .source_occurrences = OCCURRENCES_NONE}};

    put(d, &r);
}

static void an_empty_spool_tells_nothing(void **state)
{
    struct desk d;
    struct known k;
    (void)state;

    desk_open(&d);
    restart_and_recall(&d, &k);
    assert_int_equal(k.count, 0);
    assert_int_equal(k.command_count, 0);
    assert_int_equal(k.last.boot, 0);
    assert_string_equal(k.last.configured, "");
    desk_close(&d);
}

static void each_fault_stands_as_it_was_last_told(void **state)
{
    struct desk d;
    struct known k;
    (void)state;

    desk_open(&d);
    put_fault(&d, "", "E1", FAULT_PENDING);
    put_fault(&d, "", "E2", FAULT_CONFIRMED);
    put_fault(&d, "", "E1", FAULT_CONFIRMED);
    put_fault(&d, "", "E2", FAULT_HEALED);
    put_fault(&d, "", "E3", FAULT_PENDING);
    put_fault(&d, "", "E3", FAULT_UNTESTED);       /* never confirmed: forgotten */
    put_fault(&d, "child", "E4", FAULT_CONFIRMED); /* another device's */
    restart_and_recall(&d, &k);
    assert_int_equal(k.count, 2);
    assert_string_equal(k.faults[0].code, "E1");
    assert_int_equal(k.faults[0].state, FAULT_CONFIRMED);
    assert_int_equal(k.faults[0].occurrences, 3);
    assert_string_equal(k.faults[0].subject, "pump");
    assert_int_equal(k.faults[1].state, FAULT_HEALED);
    assert_int_equal(k.unreadable, 0);
    desk_close(&d);
}

static void records_that_were_freed_count_as_long_as_they_are_kept(void **state)
{
    struct desk d;
    struct known k;
    struct fail f;
    (void)state;

    desk_open(&d);
    put_fault(&d, "", "E1", FAULT_CONFIRMED);
    assert_int_equal(spool_free_below(d.rig.spool, LANE_FAULT, 2, &f), 0);
    restart_and_recall(&d, &k);
    assert_int_equal(k.count, 1);
    desk_close(&d);
}

static void a_snapshot_is_where_the_faults_begin(void **state)
{
    struct desk d;
    struct known k;
    struct fail f;
    (void)state;

    desk_open(&d);
    put_fault(&d, "", "OLD", FAULT_CONFIRMED); /* not known to the monitor: the snapshot does not have it */
    assert_int_equal(desk_observe(&d, "E1", true, &f), 0);
    assert_int_equal(desk_observe(&d, "E2", true, &f), 0);
    assert_int_equal(scribe_snapshot(d.scribe, true, &f), 0);
    assert_int_equal(desk_observe(&d, "E2", false, &f), 0);
    restart_and_recall(&d, &k);
    assert_int_equal(k.count, 2);
    assert_string_equal(k.faults[0].code, "E1");
    assert_int_equal(k.faults[1].state, FAULT_HEALED);
    desk_close(&d);
}

static void what_was_done_is_remembered(void **state)
{
    struct desk d;
    struct known k;
    struct fail f;
    (void)state;

    desk_open(&d);
    assert_int_equal(scribe_lifecycle(d.scribe, LIFECYCLE_CONFIGURED, "aaaa", &f), 0);
    assert_int_equal(scribe_lifecycle(d.scribe, LIFECYCLE_CONFIGURED, "bbbb", &f), 0);
    assert_int_equal(scribe_lifecycle(d.scribe, LIFECYCLE_COMMAND, "17 done", &f), 0);
    assert_int_equal(scribe_lifecycle(d.scribe, LIFECYCLE_COMMAND, "18446744073709551615 refused: no", &f), 0);
    restart_and_recall(&d, &k);
    assert_string_equal(k.last.configured, "bbbb");
    assert_int_equal(k.command_count, 2);
    assert_true(k.commands[0] == 17 && k.commands[1] == UINT64_MAX);
    assert_int_equal(k.last.boot, 7);
    desk_close(&d);
}

static void on_restored(void *ctx, const struct fault_report *r)
{
    struct desk *d = ctx;
    struct stamp now = scribe_now(d->scribe);

    monitor_restore(scribe_monitor(d->scribe), r, &now);
}

static void on_no_command(void *ctx, uint64_t id)
{
    (void)ctx, (void)id;
}

/* The whole way: raised, restarted, still there, and clearing it heals the same occurrence. */
static void a_fault_outlives_the_process(void **state)
{
    struct desk d;
    struct fail f;
    struct recalled last;
    unsigned unreadable;
    struct recall_takers takers = {&d, on_restored, on_no_command};
    (void)state;

    desk_open(&d);
    assert_int_equal(desk_observe(&d, "E4", true, &f), 0);
    scribe_free(d.scribe);
    rig_close(&d.rig);
    rig_must_open(&d.rig);
    d.scribe = desk_scribe(&d, &d.rig.clock);
    recall_read(d.rig.spool, &takers, &last, &unreadable);
    scribe_use_spool(d.scribe, d.rig.spool);
    assert_int_equal(scribe_snapshot(d.scribe, false, &f), 0);
    const struct record *r = desk_record(&d, LANE_FAULT, 2);
    assert_int_equal(r->snapshot.fault_count, 1);
    assert_int_equal(r->snapshot.faults[0].to, FAULT_CONFIRMED);
    assert_int_equal(desk_observe(&d, "E4", false, &f), 0);
    r = desk_record(&d, LANE_FAULT, 3);
    assert_int_equal(r->fault.from, FAULT_CONFIRMED);
    assert_int_equal(r->fault.to, FAULT_HEALED);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_spool_tells_nothing),
        cmocka_unit_test(each_fault_stands_as_it_was_last_told),
        cmocka_unit_test(records_that_were_freed_count_as_long_as_they_are_kept),
        cmocka_unit_test(a_snapshot_is_where_the_faults_begin),
        cmocka_unit_test(what_was_done_is_remembered),
        cmocka_unit_test(a_fault_outlives_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
