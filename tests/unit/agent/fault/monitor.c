/* monitor: each rule of monitor.h, as small stories.
 *
 * A story is a line of steps "TIME ACTION": times in ms, faults are single letters.
 *   =ab   a complete list with faults a and b      ~ab   an incomplete list
 *   +a -a one observation: failing, passing         !a .a the same, debounced by the source
 *   ?     tick    #  reporter known silent          xa    a command clears a
 *   X O   a tool cleared all active / all healed    ^     a new operation cycle
 * and its outcome a line of "TIME FAULT FROM TO": U untested, P pending, C confirmed, H healed, S stale, X cleared, A aged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "monitor.h"
#include "snapshot.h"

struct bench {
    struct monitor *m;
    char told[4096];
    struct fault_report last; /* of the last change; its texts below */
    char subject[BOUND_NAME + 1];
    size_t raw_bytes;
    int refuse;    /* how many of the next changes are refused */
    unsigned held; /* observations that were answered "held": counted, not told */
};

static int tell(void *ctx, const struct fault_report *r, const struct stamp *when, const char *actor, struct fail *f)
{
    static const char states[] = "UPCHSXA";
    struct bench *b = ctx;
    size_t used = strlen(b->told);

    if (b->refuse > 0) {
        b->refuse--;
        return fail_set(f, FAIL_FULL, "no room");
    }
    snprintf(b->told + used, sizeof b->told - used, "%s%lld %s%c%c%s%s", used ? " " : "", (long long)when->mono.ms,
        r->key.code, states[r->from], states[r->to], actor[0] ? "/" : "", actor);
    b->last = *r;
    snprintf(b->subject, sizeof b->subject, "%s", r->subject);
    return 0;
}

static void bench_open(struct bench *b, const struct monitor_policy *policy)
{
    struct monitor_settings s = monitor_settings_default();

    memset(b, 0, sizeof *b);
    s.policies = policy;
    s.policy_count = policy ? 1 : 0;
    b->m = monitor_new(&s, tell, b);
}

static struct stamp at(int64_t ms)
{
    return (struct stamp){.mono = {ms}, .wall = {ms}};
}

static const struct reporter engine = {.bus = "can0", .kind = REPORTER_CAN_ADDRESS, .id = 0, .label = "ecu:0"};
static const struct evidence nothing = {.lamps = LAMPS_NONE};

static struct sighting fault_named(const char *code)
{
    return (struct sighting){.code = code, .component = "", .subject = "", .source_occurrences = OCCURRENCES_NONE};
}

static int list_of(
    struct bench *b, const struct reporter *who, const struct sighting *items, size_t count, bool complete, int64_t ms)
{
    struct fault_list l = {*who, "j1939", items, count, complete, nothing};
    struct stamp now = at(ms);
    struct fail f;

    return monitor_list(b->m, &l, &now, &f);
}

static int letters(struct bench *b, const char *names, bool complete, int64_t ms)
{
    struct sighting items[26];
    char codes[26][2];
    size_t n = strlen(names);

    for (size_t i = 0; i < n; i++) {
        codes[i][0] = names[i];
        codes[i][1] = '\0';
        items[i] = fault_named(codes[i]);
    }
    return list_of(b, &engine, items, n, complete, ms);
}

static int observe(struct bench *b, const char *code, bool failing, bool settled, int64_t ms)
{
    struct observation o = {engine, "j1939", fault_named(code), nothing, failing, settled, 0};
    struct stamp now = at(ms);
    struct fail f;

    if (monitor_observe(b->m, &o, &now, &f) == 0)
        return 0;
    b->held += f.code == FAIL_HELD;
    return f.code == FAIL_HELD ? 0 : -1;
}

static int clear_one(struct bench *b, const char *code, int64_t ms)
{
    struct fault_key key = {
        .bus = "can0", .reporter_kind = REPORTER_CAN_ADDRESS, .ns = "j1939", .code = code, .component = ""};
    struct stamp now = at(ms);
    struct fail f;

    return monitor_clear(b->m, &key, "command:17", &now, &f);
}

static int act(struct bench *b, int64_t ms, char action, const char *names)
{
    struct stamp now = at(ms);
    struct fail f;

    switch (action) {
    case '=':
    case '~':
        return letters(b, names, action == '=', ms);
    case '+':
    case '-':
        return observe(b, names, action == '+', false, ms);
    case '!':
    case '.':
        return observe(b, names, action == '!', true, ms);
    case '?':
        return monitor_tick(b->m, &now, &f);
    case '#':
        return monitor_silent(b->m, &engine, &now, &f);
    case 'x':
        return clear_one(b, names, ms);
    case 'X':
    case 'O':
        return monitor_clear_all(b->m, &engine, "j1939", action == 'X', "sa:249", &now, &f);
    default:
        assert_int_equal(action, '^');
        return monitor_cycle(b->m, &now, &f);
    }
}

/* Runs the steps; all must succeed. */
static void play(struct bench *b, const char *story)
{
    while (*story) {
        char *end, names[27];
        int64_t ms = strtoll(story, &end, 10);
        size_t n = strcspn(end + 1, " ");

        snprintf(names, sizeof names, "%.*s", (int)n, end + 1);
        assert_int_equal(act(b, ms, *end, names), 0);
        story = end + 1 + n;
        story += strspn(story, " ");
    }
}

static void story(const struct monitor_policy *policy, const char *steps, const char *outcome)
{
    struct bench b;

    bench_open(&b, policy);
    play(&b, steps);
    assert_string_equal(b.told, outcome);
    monitor_free(b.m);
}

/* ---- sightings */

static void three_lists_over_three_seconds_confirm(void **state)
{
    (void)state;
    story(NULL, "0=a 1000=a 2000=a 2999=a", "0 aUP");
    story(NULL, "0=a 1000=a 2000=a 3000=a", "0 aUP 3000 aPC");
    story(NULL, "0=a 4000=a", "0 aUP");
    story(NULL, "0=a 2000=a 4000=a", "0 aUP 4000 aPC");
}

static void one_list_without_it_starts_over(void **state)
{
    (void)state;
    story(NULL, "0=a 1000=a 2000= 3000=a 4000=a 5000=a", "0 aUP 2000 aPU 3000 aUP");
}

static void five_lists_without_it_heal(void **state)
{
    (void)state;
    story(NULL, "0=a 1500=a 3000=a 4000= 4100= 4200= 4300= 4400=", "0 aUP 3000 aPC 4400 aCH");
    story(NULL, "0=a 1500=a 3000=a 4000= 4100= 4200= 4300= 4400=a 5000= 5100= 5200= 5300=", "0 aUP 3000 aPC");
}

static void a_healed_fault_that_returns_must_confirm_anew(void **state)
{
    struct bench b;
    (void)state;

    bench_open(&b, NULL);
    play(&b, "0=a 1500=a 3000=a 4000= 4100= 4200= 4300= 4400= 5000=a 6000= 7000=a 8500=a 10000=a");
    assert_string_equal(b.told, "0 aUP 3000 aPC 4400 aCH 5000 aHP 6000 aPH 7000 aHP 10000 aPC");
    assert_int_equal(b.last.occurrences, 2);
    monitor_free(b.m);
}

static void incomplete_lists_neither_confirm_nor_heal(void **state)
{
    (void)state;
    story(NULL, "0~a 1000~a 2000~a 3000~a 4000~a", "0 aUP");
    story(NULL, "0=a 1500=a 3000=a 4000~ 4100~ 4200~ 4300~ 4400~ 4500~", "0 aUP 3000 aPC");
    story(NULL, "0=a 1000~ 1500=a 3000=a", "0 aUP 3000 aPC");
}

static void a_code_twice_in_one_list_counts_once(void **state)
{
    (void)state;
    story(NULL, "0=aa 3000=aa", "0 aUP");
}

static void every_change_shows_in_the_status_byte(void **state)
{
    struct bench b;
    (void)state;

    bench_open(&b, NULL);
    play(&b, "0=a");
    assert_int_equal(b.last.uds_status, UDS_TEST_FAILED | UDS_FAILED_THIS_CYCLE | UDS_PENDING | UDS_FAILED_SINCE_CLEAR);
    play(&b, "1500=a 3000=a");
    assert_int_equal(b.last.uds_status,
        UDS_TEST_FAILED | UDS_FAILED_THIS_CYCLE | UDS_PENDING | UDS_CONFIRMED | UDS_FAILED_SINCE_CLEAR);
    assert_int_equal(b.last.detection_counter, 127);
    play(&b, "4000= 4100= 4200= 4300= 4400=");
    assert_int_equal(b.last.uds_status, UDS_FAILED_THIS_CYCLE | UDS_CONFIRMED | UDS_FAILED_SINCE_CLEAR);
    assert_int_equal(b.last.detection_counter, -128);
    play(&b, "5000xa");
    assert_int_equal(b.last.uds_status, UDS_NOT_COMPLETED_SINCE_CLEAR | UDS_NOT_COMPLETED_THIS_CYCLE);
    monitor_free(b.m);
}

/* ---- silence */

static void silence_makes_stale_never_healed(void **state)
{
    (void)state;
    story(NULL, "0=a 1500=a 3000=ab 7999? 8000?", "0 aUP 3000 aPC 3000 bUP 8000 aCS 8000 bPS");
    story(NULL, "0=a 1500=a 3000=a 8000? 90000? 900000?", "0 aUP 3000 aPC 8000 aCS");
}

static void a_reporter_that_returns_goes_on_with_the_same_occurrence(void **state)
{
    struct bench b;
    (void)state;

    bench_open(&b, NULL);
    play(&b, "0=a 1500=a 3000=ab 8000? 14000=ab");
    assert_string_equal(b.told, "0 aUP 3000 aPC 3000 bUP 8000 aCS 8000 bPS 14000 aSC 14000 bSP");
    play(&b, "15000=a");
    assert_string_equal(strstr(b.told, "15000"), "15000 bPU");
    play(&b, "20000?");
    assert_int_equal(b.last.occurrences, 1);
    monitor_free(b.m);
}

static void silence_breaks_a_run_of_sightings(void **state)
{
    (void)state;
    story(NULL, "0=a 1000=a 6000? 7000=a 8000=a 9000=a 10000=a", "0 aUP 6000 aPS 7000 aSP 10000 aPC");
}

static void a_returned_reporter_without_the_fault_must_heal_it(void **state)
{
    (void)state;
    story(NULL, "0=a 1500=a 3000=a 8000? 9000= 9100= 9200= 9300= 9400=", "0 aUP 3000 aPC 8000 aCS 9400 aSH");
    story(NULL, "0=a 1500=a 3000=a 4000= 5000= 10000? 11000= 12000= 13000= 14000=", "0 aUP 3000 aPC 10000 aCS");
}

static void any_list_of_a_reporter_breaks_its_silence(void **state)
{
    (void)state;
    story(NULL, "0=a 1500=a 3000=a 7000~ 9000? 11000~ 15999? 16000?", "0 aUP 3000 aPC 16000 aCS");
}

static void a_known_loss_is_stale_at_once(void **state)
{
    (void)state;
    story(NULL, "0=a 1500=a 3000=a 3100# 9000?", "0 aUP 3000 aPC 3100 aCS");
}

/* ---- other debouncing */

static void settled_observations_are_taken_as_they_are(void **state)
{
    (void)state;
    story(NULL, "0!a 10!a 20.a 30.a 40!a", "0 aUC 20 aCH 40 aHC");
    story(NULL, "0.a", "");
}

static void a_counter_confirms_and_heals_at_its_ends(void **state)
{
    struct monitor_policy p = monitor_policy_default("gencomm:7x");
    (void)state;

    assert_int_equal(p.debounce, DEBOUNCE_COUNTER);
    snprintf(p.ns, sizeof p.ns, "j1939");
    story(&p, "0+a 1+a 2+a 3+a 4-a 5-a 6-a 7-a", "0 aUP 3 aPC 7 aCH");
    story(&p, "0+a 1+a 2+a 3-a 4+a 5+a 6+a 7+a", "0 aUP 3 aPU 4 aUP 7 aPC");
    story(&p, "0+a 1+a 2+a 3+a 4-a 5-a 6-a 7+a 8-a 9-a 10-a", "0 aUP 3 aPC");
    p.jump = false;
    story(&p, "0+a 1+a 2+a 3-a 4+a 5+a", "0 aUP 5 aPC");
}

static void time_needs_no_further_observation(void **state)
{
    struct monitor_policy p = monitor_policy_default("j1939");
    (void)state;

    p.debounce = DEBOUNCE_TIME;
    p.fail_ms = 500;
    p.pass_ms = 200;
    p.silent_ms = 0;
    story(&p, "0+a 499? 500? 1000-a 1199? 1200?", "0 aUP 500 aPC 1200 aCH");
    story(&p, "0+a 400-a 450+a 900? 950?", "0 aUP 400 aPU 450 aUP 950 aPC");
    story(&p, "0+a 500+a 600-a 700+a 800-a 999? 1000?", "0 aUP 500 aPC 1000 aCH");
}

static void time_says_when_it_must_be_asked(void **state)
{
    struct monitor_policy p = monitor_policy_default("j1939");
    struct mono due;
    struct bench b;
    (void)state;

    p.debounce = DEBOUNCE_TIME;
    bench_open(&b, &p);
    assert_false(monitor_deadline(b.m, &due));
    play(&b, "100+a");
    assert_true(monitor_deadline(b.m, &due));
    assert_int_equal(due.ms, 3100);
    play(&b, "3100?");
    assert_true(monitor_deadline(b.m, &due));
    assert_int_equal(due.ms, 5100); /* silence */
    play(&b, "5100?");
    assert_false(monitor_deadline(b.m, &due));
    monitor_free(b.m);
}

static void a_namespace_takes_the_longest_policy_that_covers_it(void **state)
{
    struct monitor_policy p[3] = {
        {.ns = "", .heal_lists = 1}, {.ns = "hvac:", .heal_lists = 2}, {.ns = "hvac:gree:", .heal_lists = 3}};
    (void)state;

    assert_int_equal(monitor_policy_find(p, 3, "hvac:gree:u-match").heal_lists, 3);
    assert_int_equal(monitor_policy_find(p, 3, "hvac:haier:x").heal_lists, 2);
    assert_int_equal(monitor_policy_find(p, 3, "hvac").heal_lists, 1);
    assert_int_equal(monitor_policy_find(p + 1, 2, "j1939").heal_lists, 5);
    assert_int_equal(monitor_policy_find(NULL, 0, "app").debounce, DEBOUNCE_NONE);
}

static void the_default_keys_are_the_default_policy(void **state)
{
    const struct monitor_policy p = monitor_policy_default("j1939");
    (void)state;

    for (const struct conf_key *k = monitor_policy_keys; k->name; k++) {
        int64_t set, scale = 1;
        char *end;

        if (k->type == CONF_WORD || k->type == CONF_SWITCH)
            continue;
        set = strtoll(k->fallback, &end, 10);
        if (k->type == CONF_DURATION)
            scale = *end == 's' ? 1000 : 60000;
        if (strcmp(k->name, "confirm_lists") == 0)
            assert_int_equal(k->min, 2); /* one sighting never confirms */
        assert_in_range(set * scale, k->min, k->max);
        assert_memory_equal(&(int64_t){set * scale}, (const char *)&p + k->offset, sizeof set);
    }
}

/* ---- flapping */

static void each_going_away_is_a_flap(void **state)
{
    struct bench b;
    (void)state;

    bench_open(&b, NULL);
    play(&b, "0=a 1000= 2000=a 3000=");
    assert_int_equal(b.last.flaps, 2);
    play(&b, "700000=a");
    assert_int_equal(b.last.flaps, 0); /* the window is over */
    monitor_free(b.m);
}

static void flapping_is_held_back_until_its_window_ends(void **state)
{
    struct monitor_policy p = monitor_policy_default("j1939");
    struct mono due;
    struct bench b;
    (void)state;

    p.flap_limit = 2;
    p.flap_window_ms = 10000;
    p.silent_ms = 0;
    bench_open(&b, &p);
    play(&b, "0=a 1000= 2000=a 3000= 4000=a 5000= 6000=a 7000=");
    assert_string_equal(b.told, "0 aUP 1000 aPU 2000 aUP 3000 aPU 4000 aUP");
    assert_int_equal(monitor_count(b.m), 1);
    assert_true(monitor_deadline(b.m, &due));
    assert_int_equal(due.ms, 11000);
    play(&b, "11000?");
    assert_string_equal(strstr(b.told, "11000"), "11000 aPU");
    monitor_free(b.m);

    p.flap_limit = 0;
    story(&p, "0=a 1= 2=a 3= 4=a 5= 6=a 7=", "0 aUP 1 aPU 2 aUP 3 aPU 4 aUP 5 aPU 6 aUP 7 aPU");
}

/* Who was told "accepted" need not tell again after a power cut: the monitor's memory is gone then. */
static void what_is_only_in_memory_is_not_called_safe(void **state)
{
    static const struct {
        int debounce;
        const char *before, *step;
        bool held;
    } cases[] = {
        {DEBOUNCE_NONE, "0!a 1.a 2!a", "3.a", true},           /* flapping: the end waits for the window */
        {DEBOUNCE_NONE, "0!a 1.a 2!a 3.a", "4!a", false},      /* and here it is as it was told */
        {DEBOUNCE_NONE, "0!a 1.a 2!a 3.a", "100002.a", false}, /* the window is over */
        {DEBOUNCE_NONE, "", "0.a", false},
        {DEBOUNCE_COUNTER, "0+a 1+a 2+a 3+a", "4-a", true}, /* one reading does not heal */
        {DEBOUNCE_COUNTER, "", "0+a", false},               /* pending is told */
        {DEBOUNCE_TIME, "0+a 3000?", "4000-a", true},
        {DEBOUNCE_TIME, "0+a 3000? 4000-a 9000?", "9001-a", false},
    };
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        struct monitor_policy p = monitor_policy_default("j1939");
        struct bench b;

        p.debounce = cases[i].debounce;
        p.flap_limit = 1;
        p.flap_window_ms = 100000;
        p.silent_ms = 0;
        bench_open(&b, &p);
        play(&b, cases[i].before);
        b.held = 0;
        play(&b, cases[i].step);
        assert_int_equal(b.held, cases[i].held);
        monitor_free(b.m);
    }
}

static void what_gets_worse_is_told_even_while_flapping(void **state)
{
    struct monitor_policy p = monitor_policy_default("j1939");
    (void)state;

    p.flap_limit = 1;
    p.silent_ms = 60000;
    story(&p, "0=a 1000= 2000=a 3000= 4000=a 5500=a 7000=a 8000#", "0 aUP 1000 aPU 2000 aUP 7000 aPC 8000 aCS");
}

/* ---- subject */

static void a_network_code_names_the_silent_controller(void **state)
{
    const struct reporter cluster = {.bus = "can0", .kind = REPORTER_CAN_ADDRESS, .id = 0x31, .label = "ecu:49"};
    const struct reporter gearbox = {.bus = "can0", .kind = REPORTER_CAN_ADDRESS, .id = 3, .label = "ecu:3"};
    struct sighting vague = fault_named("1483"), clear = fault_named("2000"), other = fault_named("96");
    struct bench b;
    (void)state;

    vague.network = clear.network = true;
    clear.subject = "ecu:0";
    bench_open(&b, NULL);
    assert_int_equal(list_of(&b, &cluster, &vague, 1, true, 0), 0);
    assert_string_equal(b.subject, "");
    assert_int_equal(list_of(&b, &gearbox, &clear, 1, true, 1300), 0);
    assert_string_equal(b.subject, "ecu:0");
    for (int64_t ms = 1500; ms <= 3000; ms += 1500)
        assert_int_equal(list_of(&b, &cluster, &vague, 1, true, ms), 0);
    assert_string_equal(b.told, "0 1483UP 1300 2000UP 3000 1483PC");
    assert_string_equal(b.subject, "ecu:0"); /* named a moment later, and still about the same controller */

    struct sighting both[2] = {vague, other};
    assert_int_equal(list_of(&b, &gearbox, both, 2, true, 6300), 0);
    assert_string_equal(b.subject, ""); /* told last: 96 is no network code and has no part in it */
    monitor_free(b.m);
}

static void the_root_cause_window_ends_and_stays_on_its_bus(void **state)
{
    const struct reporter here = {.bus = "can0", .kind = REPORTER_CAN_ADDRESS, .id = 3, .label = "ecu:3"};
    const struct reporter there = {.bus = "can1", .kind = REPORTER_CAN_ADDRESS, .id = 3, .label = "ecu:3"};
    struct sighting vague = fault_named("639");
    struct stamp lost = at(0);
    struct bench b;
    (void)state;

    vague.network = true;
    bench_open(&b, NULL);
    monitor_moved(b.m, &engine, true, &lost);
    assert_int_equal(list_of(&b, &there, &vague, 1, true, 1000), 0);
    assert_string_equal(b.subject, "");
    monitor_moved(b.m, &engine, true, &lost); /* nor afterwards */
    for (int64_t ms = 2000; ms <= 4000; ms += 1000)
        assert_int_equal(list_of(&b, &there, &vague, 1, true, ms), 0);
    assert_string_equal(b.told, "1000 639UP 4000 639PC");
    assert_string_equal(b.subject, "");
    assert_int_equal(list_of(&b, &here, &vague, 1, true, 5000), 0);
    assert_string_equal(b.subject, "ecu:0");
    assert_int_equal(list_of(&b, &here, NULL, 0, true, 6000), 0);
    assert_int_equal(list_of(&b, &here, &vague, 1, true, 7000), 0);
    assert_string_equal(b.subject, "");
    monitor_free(b.m);
}

/* ---- clears, cycles */

static void a_clear_is_told_with_its_actor(void **state)
{
    struct stamp now = at(9000);
    struct bench b;
    struct fail f;
    struct fault_key unknown = {
        .bus = "can0", .reporter_kind = REPORTER_CAN_ADDRESS, .ns = "j1939", .code = "z", .component = ""};
    (void)state;

    bench_open(&b, NULL);
    play(&b, "0=ab 1500=ab 3000=ab 4000xa 5000=a");
    assert_string_equal(b.told, "0 aUP 0 bUP 3000 aPC 3000 bPC 4000 aCX/command:17 5000 aXP");
    play(&b, "5100= 5200= 5300= 5400= 5500=c 6000X");
    assert_string_equal(strstr(b.told, "5100"), "5100 aPU 5400 bCH 5500 cUP 6000 cPX/sa:249");
    play(&b, "7000O");
    assert_string_equal(strstr(b.told, "7000"), "7000 bHX/sa:249");
    assert_int_equal(monitor_clear(b.m, &unknown, "command:1", &now, &f), -1);
    assert_int_equal(f.code, FAIL_NOT_FOUND);
    monitor_free(b.m);
}

static void a_suspicion_after_a_clear_leaves_no_second_clear(void **state)
{
    (void)state;
    story(NULL, "0!a 100xa 1000=a 2000=", "0 aUC 100 aCX/command:17 1000 aXP 2000 aPU");
}

static void a_healed_fault_ages_by_cycles_without_it(void **state)
{
    struct monitor_policy p = monitor_policy_default("j1939");
    (void)state;

    p.aging_cycles = 2;
    story(&p, "0!a 1.a 2^ 3^ 4^ 5!a", "0 aUC 1 aCH 4 aHA 5 aAC");
    story(&p, "0!a 1.a 2^ 3^ 4!a 5.a 6^ 7^", "0 aUC 1 aCH 4 aHC 5 aCH");
}

/* ---- room */

static struct reporter unit(uint64_t id)
{
    return (struct reporter){.bus = "can0", .kind = REPORTER_CAN_ADDRESS, .id = id, .label = ""};
}

static enum fail_code raise(struct bench *b, uint64_t reporter, unsigned code, uint8_t severity, bool settled)
{
    char text[12];
    struct observation o = {unit(reporter), "j1939", fault_named(text), nothing, true, settled, 0};
    struct stamp now = at(0);
    struct fail f;

    snprintf(text, sizeof text, "%u", code);
    o.sighting.severity = severity;
    return monitor_observe(b->m, &o, &now, &f) == 0 ? FAIL_NONE : f.code;
}

static void the_least_important_fault_gives_way(void **state)
{
    struct monitor_settings s = monitor_settings_default();
    struct monitor_stats stats;
    struct bench b = {.told = ""};
    (void)state;

    s.max_faults = 3;
    s.max_per_reporter = 2;
    b.m = monitor_new(&s, tell, &b);
    assert_int_equal(raise(&b, 1, 10, 0, false), FAIL_NONE);
    assert_int_equal(raise(&b, 1, 11, 2, true), FAIL_NONE);
    assert_int_equal(raise(&b, 1, 12, 1, false), FAIL_NONE); /* 10 gives way: pending, of lower severity */
    assert_int_equal(raise(&b, 1, 13, 1, false), FAIL_FULL); /* no more important than 12 */
    monitor_stats(b.m, &stats);
    assert_int_equal(stats.displaced, 1);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(raise(&b, 2, 20, 0, true), FAIL_NONE);
    assert_int_equal(raise(&b, 3, 30, 2, false), FAIL_NONE); /* 12 gives way */
    assert_int_equal(raise(&b, 4, 40, 0, false), FAIL_FULL); /* nothing gives way; nothing is left behind */
    monitor_stats(b.m, &stats);
    assert_int_equal(stats.displaced, 2);
    assert_int_equal(stats.refused, 2);
    assert_int_equal(stats.faults, 3);
    assert_int_equal(stats.reporters, 3);
    assert_string_equal(b.told, "0 10UP 0 11UC 0 12UP 0 20UC 0 30UP");
    monitor_free(b.m);
}

static enum fail_code report(struct bench *b, uint64_t owner, const char *code, bool failing)
{
    struct observation o = {
        {.bus = "", .kind = REPORTER_LOGICAL, .label = ""}, "app", fault_named(code), nothing, failing, true, owner};
    struct stamp now = at(0);
    struct fail f;

    return monitor_observe(b->m, &o, &now, &f) == 0 ? FAIL_NONE : f.code;
}

static void no_user_takes_the_room_of_all(void **state)
{
    struct monitor_settings s = monitor_settings_default();
    struct bench b = {.told = ""};
    (void)state;

    s.max_faults = 6;
    s.max_per_reporter = 5;
    s.max_per_owner = 2;
    b.m = monitor_new(&s, tell, &b);
    assert_int_equal(report(&b, 1, "a", true), FAIL_NONE);
    assert_int_equal(report(&b, 1, "b", true), FAIL_NONE);
    assert_int_equal(report(&b, 1, "c", true), FAIL_FULL); /* though there is room */
    assert_int_equal(report(&b, 1, "a", true), FAIL_NONE); /* known ones are */
    assert_int_equal(report(&b, 2, "d", true), FAIL_NONE);
    assert_int_equal(report(&b, 2, "a", true), FAIL_NONE); /* still 1's */
    assert_int_equal(report(&b, 2, "e", true), FAIL_NONE);
    assert_int_equal(report(&b, 2, "f", true), FAIL_FULL);
    b.told[0] = '\0';
    assert_int_equal(report(&b, 1, "b", false), FAIL_NONE); /* over: gives way to one of its own user */
    assert_int_equal(report(&b, 1, "c", true), FAIL_NONE);
    assert_int_equal(report(&b, 0, "g", true), FAIL_NONE); /* of nobody */
    assert_int_equal(report(&b, 3, "h", true), FAIL_FULL); /* the reporter's bound */
    assert_string_equal(b.told, "0 bCH 0 cUC 0 gUC");
    monitor_free(b.m);
}

static void a_restored_fault_counts_for_who_raises_it_again(void **state)
{
    struct fault_report r = {.key = {.bus = "", .ns = "app", .code = "a", .component = ""},
        .subject = "",
        .to = FAULT_CONFIRMED,
        .lamps = LAMPS_NONE,
        .source_occurrences = OCCURRENCES_NONE};
    struct monitor_settings s = monitor_settings_default();
    struct bench b = {.told = ""};
    struct stamp now = at(0);
    (void)state;

    s.max_per_owner = 1;
    b.m = monitor_new(&s, tell, &b);
    monitor_restore(b.m, &r, &now);
    assert_int_equal(report(&b, 1, "a", true), FAIL_NONE);
    assert_int_equal(report(&b, 1, "b", true), FAIL_FULL);
    monitor_free(b.m);
}

/* The table is full with two faults in different states: a new one takes the place of the one that is settled. */
static void what_is_settled_goes_first(void **state)
{
    static const struct {
        const char *steps, *gone;
        bool and_a_pending_one;
    } cases[] = {
        {"0!a 1# 2!b 3.b", "b", false}, /* a stale, b healed */
        {"0!a 1#", "a", true},          /* a stale */
        {"0!a 1.a", "a", true},         /* a healed */
    };
    struct fault_key key = {.bus = "can0", .reporter_kind = REPORTER_CAN_ADDRESS, .ns = "j1939", .component = ""};
    struct stamp now = at(4);
    struct fail f;
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        struct monitor_settings s = monitor_settings_default();
        struct bench b = {.told = ""};

        s.max_faults = s.max_per_reporter = 2;
        b.m = monitor_new(&s, tell, &b);
        play(&b, cases[i].steps);
        if (cases[i].and_a_pending_one)
            assert_int_equal(raise(&b, 7, 1, 0, false), FAIL_NONE);
        assert_int_equal(raise(&b, 8, 2, 0, false), FAIL_NONE);
        key.code = cases[i].gone;
        assert_int_equal(monitor_clear(b.m, &key, "", &now, &f), -1);
        assert_int_equal(f.code, FAIL_NOT_FOUND);
        monitor_free(b.m);
    }
}

/* The collector still believes it to be there. */
static void an_end_that_was_not_told_does_not_give_way(void **state)
{
    struct monitor_policy p = monitor_policy_default("j1939");
    struct monitor_settings s = monitor_settings_default();
    struct bench b = {.told = ""};
    (void)state;

    p.flap_limit = 1;
    p.flap_window_ms = 100000;
    p.silent_ms = 0;
    s.policies = &p;
    s.policy_count = 1;
    s.max_faults = s.max_per_reporter = 2;
    b.m = monitor_new(&s, tell, &b);
    play(&b, "0!a 1.a 2!a 3.a 4!b");
    assert_string_equal(b.told, "0 aUC 1 aCH 2 aHC 4 bUC"); /* the second end is held back */
    assert_int_equal(raise(&b, 8, 2, 0, false), FAIL_FULL);
    play(&b, "100001?");
    assert_string_equal(b.told, "0 aUC 1 aCH 2 aHC 4 bUC 100001 aCH");
    assert_int_equal(raise(&b, 8, 2, 0, false), FAIL_NONE);
    monitor_free(b.m);
}

static void a_flood_of_codes_stays_within_its_room(void **state)
{
    struct monitor_stats stats;
    unsigned refused = 0;
    struct bench b;
    (void)state;

    bench_open(&b, NULL);
    assert_int_equal(raise(&b, 9, 1, 0, true), FAIL_NONE);
    for (unsigned i = 0; i < 3000; i++) {
        b.told[0] = '\0';
        refused += raise(&b, i % 5, i, 0, false) == FAIL_FULL;
    }
    monitor_stats(b.m, &stats);
    assert_int_equal(refused, stats.refused);
    assert_true(refused > 0);
    assert_int_equal(stats.faults, BOUND_MONITOR_FAULTS);
    assert_int_equal(stats.displaced + stats.refused, 3001 - BOUND_MONITOR_FAULTS);
    b.told[0] = '\0';
    assert_int_equal(raise(&b, 9, 1, 0, true), FAIL_NONE);
    assert_string_equal(b.told, ""); /* still known, still confirmed */
    monitor_free(b.m);
}

/* ---- telling */

static void a_refused_change_is_told_again(void **state)
{
    struct stamp now = at(0), later = at(1500);
    struct sighting a = fault_named("a");
    struct fault_list l = {engine, "j1939", &a, 1, true, nothing};
    struct mono due;
    struct fail f;
    struct bench b;
    (void)state;

    bench_open(&b, NULL);
    b.refuse = 1;
    assert_int_equal(monitor_list(b.m, &l, &now, &f), -1);
    assert_int_equal(f.code, FAIL_FULL);
    assert_int_equal(monitor_count(b.m), 0);
    assert_true(monitor_deadline(b.m, &due));
    assert_int_equal(due.ms, 1000);
    b.refuse = 1;
    now = at(1000);
    assert_int_equal(monitor_tick(b.m, &now, &f), -1);
    assert_int_equal(monitor_list(b.m, &l, &later, &f), 0);
    play(&b, "3000=a");
    assert_string_equal(b.told, "1500 aUP 3000 aPC");
    monitor_free(b.m);
}

static void whoever_refuses_one_is_not_asked_again_at_once(void **state)
{
    struct monitor_stats stats;
    struct bench b;
    (void)state;

    bench_open(&b, NULL);
    b.refuse = 1;
    assert_int_equal(letters(&b, "abc", true, 0), -1);
    assert_string_equal(b.told, "");
    play(&b, "1000?");
    assert_string_equal(b.told, "1000 aUP 1000 bUP 1000 cUP");
    monitor_stats(b.m, &stats);
    assert_int_equal(stats.untold, 1);
    monitor_free(b.m);
}

static void a_refused_clear_keeps_its_actor(void **state)
{
    struct fault_key key = {
        .bus = "can0", .reporter_kind = REPORTER_CAN_ADDRESS, .ns = "j1939", .code = "a", .component = ""};
    struct stamp now = at(100);
    struct fail f;
    struct bench b;
    (void)state;

    bench_open(&b, NULL);
    play(&b, "0!a");
    b.refuse = 1;
    assert_int_equal(monitor_clear(b.m, &key, "command:17", &now, &f), -1);
    play(&b, "1100?");
    assert_string_equal(b.told, "0 aUC 1100 aCX/command:17");
    monitor_free(b.m);
}

/* ---- snapshot, restart */

static void count_states(void *ctx, const struct fault_report *r)
{
    unsigned *counts = ctx;

    assert_int_equal(r->from, r->to);
    assert_null(r->raw);
    assert_null(r->frame);
    counts[r->to]++;
}

static void the_snapshot_is_what_was_told(void **state)
{
    unsigned counts[FAULT_STATE_COUNT] = {0};
    struct bench b;
    uint64_t before;
    (void)state;

    bench_open(&b, NULL);
    assert_true(monitor_hash(b.m) == SNAPSHOT_HASH_START);
    play(&b, "0=ab 1500=ab 3000=a 4000=ac");
    monitor_walk(b.m, count_states, counts);
    assert_int_equal(counts[FAULT_CONFIRMED], 1);
    assert_int_equal(counts[FAULT_PENDING], 1);
    assert_int_equal(counts[FAULT_UNTESTED], 0);
    assert_int_equal(monitor_count(b.m), 2);
    before = monitor_hash(b.m);
    play(&b, "5000=ac");
    assert_true(monitor_hash(b.m) == before);
    play(&b, "7000=ac");
    assert_false(monitor_hash(b.m) == before);
    monitor_free(b.m);
}

static void copy_into(void *ctx, const struct fault_report *r)
{
    struct stamp now = at(0);

    monitor_restore(ctx, r, &now);
}

static void a_restart_goes_on_where_it_was(void **state)
{
    struct bench old, new;
    (void)state;

    bench_open(&old, NULL);
    bench_open(&new, NULL);
    play(&old, "0=ab 1500=ab 3000=ab 4000=abc");
    monitor_walk(old.m, copy_into, new.m);
    assert_true(monitor_hash(old.m) == monitor_hash(new.m));
    play(&new, "1000=a 2000=a 2500=a 2600=a 2700=a");
    assert_string_equal(new.told, "1000 cPU 2700 bCH");
    play(&new, "7700?");
    assert_int_equal(new.last.occurrences, 1);
    assert_string_equal(strstr(new.told, "7700"), "7700 aCS");
    monitor_free(old.m);
    monitor_free(new.m);
}

static void write_reporter(void *ctx, const struct reporter *r)
{
    char *text = ctx;

    sprintf(text + strlen(text), "%s:%u@%u ", r->bus, (unsigned)r->id, r->address);
}

static void who_was_heard_of_an_active_fault_is_known(void **state)
{
    const struct reporter moved = {.bus = "can0", .kind = REPORTER_CAN_ADDRESS, .id = 0, .address = 9, .label = ""};
    struct stamp now = at(4000);
    struct bench b;
    char text[64] = "";
    (void)state;

    bench_open(&b, NULL);
    play(&b, "0=a");
    monitor_moved(b.m, &moved, false, &now);
    monitor_reporters(b.m, "app", write_reporter, text);
    assert_string_equal(text, "");
    monitor_reporters(b.m, "j1939", write_reporter, text);
    assert_string_equal(text, "can0:0@9 ");
    play(&b, "9000?"); /* silent: somebody else may be there */
    monitor_reporters(b.m, "j1939", write_reporter, text);
    assert_string_equal(text, "can0:0@9 ");
    monitor_free(b.m);
}

static void time_that_runs_backwards_is_no_time(void **state)
{
    (void)state;
    story(NULL, "5000=a 4000=a 3000=a 2000=a 5500=a", "5000 aUP");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_lists_over_three_seconds_confirm),
        cmocka_unit_test(one_list_without_it_starts_over),
        cmocka_unit_test(five_lists_without_it_heal),
        cmocka_unit_test(a_healed_fault_that_returns_must_confirm_anew),
        cmocka_unit_test(incomplete_lists_neither_confirm_nor_heal),
        cmocka_unit_test(a_code_twice_in_one_list_counts_once),
        cmocka_unit_test(every_change_shows_in_the_status_byte),
        cmocka_unit_test(silence_makes_stale_never_healed),
        cmocka_unit_test(a_reporter_that_returns_goes_on_with_the_same_occurrence),
        cmocka_unit_test(silence_breaks_a_run_of_sightings),
        cmocka_unit_test(a_returned_reporter_without_the_fault_must_heal_it),
        cmocka_unit_test(any_list_of_a_reporter_breaks_its_silence),
        cmocka_unit_test(a_known_loss_is_stale_at_once),
        cmocka_unit_test(settled_observations_are_taken_as_they_are),
        cmocka_unit_test(a_counter_confirms_and_heals_at_its_ends),
        cmocka_unit_test(time_needs_no_further_observation),
        cmocka_unit_test(time_says_when_it_must_be_asked),
        cmocka_unit_test(a_namespace_takes_the_longest_policy_that_covers_it),
        cmocka_unit_test(the_default_keys_are_the_default_policy),
        cmocka_unit_test(each_going_away_is_a_flap),
        cmocka_unit_test(flapping_is_held_back_until_its_window_ends),
        cmocka_unit_test(what_is_only_in_memory_is_not_called_safe),
        cmocka_unit_test(what_gets_worse_is_told_even_while_flapping),
        cmocka_unit_test(a_network_code_names_the_silent_controller),
        cmocka_unit_test(the_root_cause_window_ends_and_stays_on_its_bus),
        cmocka_unit_test(a_clear_is_told_with_its_actor),
        cmocka_unit_test(a_healed_fault_ages_by_cycles_without_it),
        cmocka_unit_test(the_least_important_fault_gives_way),
        cmocka_unit_test(no_user_takes_the_room_of_all),
        cmocka_unit_test(a_restored_fault_counts_for_who_raises_it_again),
        cmocka_unit_test(what_is_settled_goes_first),
        cmocka_unit_test(an_end_that_was_not_told_does_not_give_way),
        cmocka_unit_test(a_flood_of_codes_stays_within_its_room),
        cmocka_unit_test(a_refused_change_is_told_again),
        cmocka_unit_test(whoever_refuses_one_is_not_asked_again_at_once),
        cmocka_unit_test(a_refused_clear_keeps_its_actor),
        cmocka_unit_test(a_suspicion_after_a_clear_leaves_no_second_clear),
        cmocka_unit_test(the_snapshot_is_what_was_told),
        cmocka_unit_test(a_restart_goes_on_where_it_was),
        cmocka_unit_test(who_was_heard_of_an_active_fault_is_known),
        cmocka_unit_test(time_that_runs_backwards_is_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
