/* link_machine: back-off, resend, window, and what each receipt may and may not do; simulated time, no network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cleanup.h"
#include "link_machine.h"

enum { EPOCH = 77, FAR = 1000 };

/* ---------------------------------------------------------------- chance: none, or seeded */

struct chance {
    enum { LOWEST, SEEDED } kind;
    uint64_t seed;
};

static void fill(void *ctx, void *bytes, size_t n)
{
    struct chance *c = ctx;

    for (size_t i = 0; i < n; i++) {
        c->seed = c->seed * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)bytes)[i] = c->kind == LOWEST ? 0 : (uint8_t)(c->seed >> 33);
    }
}

static struct chance lowest = {LOWEST, 0}, seeded = {SEEDED, 1};
static const struct rng no_chance = {fill, &lowest}, dice = {fill, &seeded};

static const struct link_policy policy = {.backoff_first_ms = 1000,
    .backoff_max_ms = 600000,
    .stable_ms = 60000,
    .connect_timeout_ms = 30000,
    .ack_timeout_ms = 120000,
    .resend_first_ms = 20000,
    .resend_max_ms = 600000,
    .retry_after_max_ms = 3600000};

static struct mono at(int64_t ms)
{
    return (struct mono){ms};
}

static const uint64_t first_of_all[LANE_COUNT] = {1, 1};

static void connected_at(struct link_machine *m, const struct rng *rng, int64_t ms)
{
    static const uint64_t nothing[LANE_COUNT] = {1, 1};
    enum lane lane;

    link_machine_init(m, &policy, rng, EPOCH);
    link_machine_start(m, at(ms));
    assert_int_equal(link_machine_todo(m, at(ms), nothing, &lane), LINK_CONNECT);
    link_machine_connected(m, at(ms), first_of_all);
}

/* Sends messages of ten records of the lane that the machine names, as long as it names one; returns how many. */
static int send_all(struct link_machine *m, int64_t ms, uint64_t fault_next, uint64_t health_next)
{
    const uint64_t next[LANE_COUNT] = {fault_next, health_next};
    static int id;
    enum lane lane;
    int n = 0;

    while (link_machine_todo(m, at(ms), next, &lane) == LINK_SEND) {
        uint64_t last = m->lanes[lane].sent + 9;

        link_machine_sent(m, at(ms), lane, last < next[lane] ? last : next[lane] - 1, ++id);
        n++;
    }
    return n;
}

static void ack_all(struct link_machine *m, int64_t ms)
{
    for (size_t i = 0; i < m->window_count; i++)
        link_machine_acked(m, at(ms), m->window[i].id, 0);
}

static struct link_effect receipt(
    struct link_machine *m, int64_t ms, enum lane lane, uint64_t next, uint32_t retry_after_ms, bool resume)
{
    struct lane_receipt r = {lane, next, retry_after_ms, resume};

    return link_machine_receipt(m, at(ms), EPOCH, &r);
}

/* ---------------------------------------------------------------- connecting */

/* Fails count times in a row; returns the last pause. */
static int64_t pause_after(struct link_machine *m, int count, int64_t *now_ms)
{
    int64_t pause_ms = -1;
    enum lane lane;

    for (int i = 0; i < count; i++) {
        while (link_machine_todo(m, at(*now_ms), first_of_all, &lane) != LINK_CONNECT)
            *now_ms += link_machine_due_ms(m, at(*now_ms), first_of_all);
        link_machine_lost(m, at(*now_ms));
        pause_ms = link_machine_due_ms(m, at(*now_ms), first_of_all);
    }
    return pause_ms;
}

static void an_idle_link_waits_for_ever(void **state)
{
    struct link_machine m;
    enum lane lane;
    (void)state;

    link_machine_init(&m, &policy, &dice, EPOCH);
    assert_int_equal(link_machine_todo(&m, at(0), first_of_all, &lane), LINK_WAIT);
    assert_int_equal(link_machine_due_ms(&m, at(0), first_of_all), -1);
}

static void pauses_lie_below_a_doubling_bound_up_to_the_cap(void **state)
{
    static const int64_t bounds_ms[] = {
        1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 512000, 600000, 600000, 600000};
    (void)state;

    for (size_t n = 0; n < countof(bounds_ms); n++) {
        int64_t low_ms = INT64_MAX, high_ms = -1, sum_ms = 0;

        for (int run = 0; run < 400; run++) {
            struct link_machine m;
            int64_t now_ms = 0;

            link_machine_init(&m, &policy, &dice, EPOCH);
            link_machine_start(&m, at(0));
            int64_t pause_ms = pause_after(&m, (int)n + 1, &now_ms);
            assert_in_range(pause_ms, 0, bounds_ms[n] - 1);
            low_ms = pause_ms < low_ms ? pause_ms : low_ms;
            high_ms = pause_ms > high_ms ? pause_ms : high_ms;
            sum_ms += pause_ms;
        }
        /* Full jitter: the whole range is used, the middle is the mean. */
        assert_true(low_ms < bounds_ms[n] / 20);
        assert_true(high_ms > bounds_ms[n] * 19 / 20);
        assert_in_range(sum_ms / 400, bounds_ms[n] * 4 / 10, bounds_ms[n] * 6 / 10);
    }
}

static void only_a_stable_connection_starts_the_count_anew(void **state)
{
    static const struct {
        int64_t up_ms;
        bool anew;
    } cases[] = {{0, false}, {59999, false}, {60000, true}, {3600000, true}};
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        struct link_machine m;
        int64_t now_ms = 0;
        enum lane lane;

        link_machine_init(&m, &policy, &dice, EPOCH);
        link_machine_start(&m, at(0));
        pause_after(&m, 6, &now_ms);
        while (link_machine_todo(&m, at(now_ms), first_of_all, &lane) != LINK_CONNECT)
            now_ms += link_machine_due_ms(&m, at(now_ms), first_of_all);
        link_machine_connected(&m, at(now_ms), first_of_all);
        link_machine_lost(&m, at(now_ms + cases[i].up_ms));
        assert_int_equal(m.attempts, cases[i].anew ? 1 : 7);
    }
}

static void a_change_cuts_the_pause_short(void **state)
{
    struct link_machine m;
    int64_t now_ms = 0;
    (void)state;

    link_machine_init(&m, &policy, &dice, EPOCH);
    link_machine_start(&m, at(0));
    while (pause_after(&m, 1, &now_ms) < 5000)
        ;
    link_machine_hurry(&m, at(now_ms));
    assert_in_range(link_machine_due_ms(&m, at(now_ms), first_of_all), 0, 999);
    assert_in_range(pause_after(&m, 1, &now_ms), 0, 999);
}

static void a_connection_that_never_comes_is_given_up(void **state)
{
    struct link_machine m;
    enum lane lane;
    (void)state;

    link_machine_init(&m, &policy, &dice, EPOCH);
    link_machine_start(&m, at(0));
    assert_int_equal(link_machine_todo(&m, at(0), first_of_all, &lane), LINK_CONNECT);
    assert_int_equal(link_machine_due_ms(&m, at(0), first_of_all), 30000);
    assert_int_equal(link_machine_todo(&m, at(29999), first_of_all, &lane), LINK_WAIT);
    assert_int_equal(link_machine_todo(&m, at(30000), first_of_all, &lane), LINK_DROP);
    assert_int_equal(m.state, LINK_BACKING_OFF);
}

static void a_connection_without_pubacks_is_given_up(void **state)
{
    struct link_machine m;
    enum lane lane;
    const uint64_t next[LANE_COUNT] = {31, 1};
    (void)state;

    connected_at(&m, &no_chance, 0);
    assert_int_equal(send_all(&m, 5000, 31, 1), 3);
    link_machine_acked(&m, at(100000), m.window[0].id, 0); /* a sign of life moves the end */
    assert_int_equal(link_machine_todo(&m, at(219999), next, &lane), LINK_WAIT);
    assert_int_equal(link_machine_due_ms(&m, at(219999), next), 1);
    assert_int_equal(link_machine_todo(&m, at(220000), next, &lane), LINK_DROP);
}

static void an_idle_connection_asks_for_no_wake_up(void **state)
{
    struct link_machine m;
    (void)state;

    connected_at(&m, &dice, 0);
    send_all(&m, 0, 11, 11);
    ack_all(&m, 10);
    receipt(&m, 20, LANE_FAULT, 11, 0, false);
    receipt(&m, 20, LANE_HEALTH, 11, 0, false);
    const uint64_t next[LANE_COUNT] = {11, 11};
    assert_int_equal(link_machine_due_ms(&m, at(30), next), -1);
}

/* ---------------------------------------------------------------- sending */

static void faults_go_first_and_health_never_fills_the_window(void **state)
{
    struct link_machine m;
    const uint64_t only_health[LANE_COUNT] = {1, FAR}, both[LANE_COUNT] = {FAR, FAR};
    enum lane lane;
    (void)state;

    connected_at(&m, &dice, 0);
    assert_int_equal(send_all(&m, 0, 1, FAR), LINK_WINDOW_HEALTH);
    assert_int_equal(link_machine_todo(&m, at(0), only_health, &lane), LINK_WAIT);
    assert_int_equal(link_machine_todo(&m, at(0), both, &lane), LINK_SEND);
    assert_int_equal(lane, LANE_FAULT);
    assert_int_equal(send_all(&m, 0, FAR, FAR), LINK_WINDOW - LINK_WINDOW_HEALTH);
}

static void the_window_opens_with_receipts_not_with_pubacks(void **state)
{
    struct link_machine m;
    (void)state;

    connected_at(&m, &dice, 0);
    assert_int_equal(send_all(&m, 0, FAR, 1), LINK_WINDOW);
    ack_all(&m, 1);
    assert_int_equal(send_all(&m, 1, FAR, 1), 0);
    receipt(&m, 2, LANE_FAULT, 40, 0, false); /* covers three messages and most of the fourth, which ends with 40 */
    assert_int_equal(send_all(&m, 2, FAR, 1), 3);
}

/* Sends ten faults over and over without a receipt; notes the largest distance before each repetition. */
static void note_distances(struct link_machine *m, size_t count, int64_t *highest_ms)
{
    static const int64_t bounds_ms[] = {20000, 40000, 80000, 160000, 320000, 600000, 600000};
    const uint64_t next[LANE_COUNT] = {11, 1};
    enum lane lane;
    int64_t now_ms = 0;

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(link_machine_todo(m, at(now_ms), next, &lane), LINK_SEND);
        assert_int_equal(m->lanes[LANE_FAULT].sent, 1);
        link_machine_sent(m, at(now_ms), LANE_FAULT, 10, (int)i + 1);
        link_machine_acked(m, at(now_ms), (int)i + 1, 0);
        int64_t due_ms = link_machine_due_ms(m, at(now_ms), next);
        assert_in_range(due_ms, 20000, 20000 + bounds_ms[i] - 1);
        if (highest_ms[i] < due_ms)
            highest_ms[i] = due_ms;
        assert_int_equal(link_machine_todo(m, at(now_ms + due_ms - 1), next, &lane), LINK_WAIT);
        now_ms += due_ms;
    }
}

static void silence_sends_again_at_doubling_distances(void **state)
{
    static const int64_t expected_ms[] = {20000, 40000, 80000, 160000, 320000, 600000, 600000};
    int64_t highest_ms[countof(expected_ms)] = {0};
    struct link_machine m;
    const uint64_t next[LANE_COUNT] = {11, 1};
    (void)state;

    for (int run = 0; run < 100; run++) {
        connected_at(&m, &dice, 0);
        note_distances(&m, countof(expected_ms), highest_ms);
        assert_int_equal(m.counters.resends, countof(expected_ms) - 1);
    }
    for (size_t i = 0; i < countof(expected_ms); i++)
        assert_true(highest_ms[i] > 20000 + expected_ms[i] * 9 / 10);
    /* A receipt that moves something starts at the beginning again. */
    assert_int_equal(send_all(&m, 9000000, 11, 1), 1);
    ack_all(&m, 9000000);
    assert_int_equal(receipt(&m, 9000000, LANE_FAULT, 6, 0, false).free_below, 6);
    assert_in_range(link_machine_due_ms(&m, at(9000000), next), 20000, 39999);
}

static void a_message_on_its_way_is_not_sent_again(void **state)
{
    struct link_machine m;
    const uint64_t next[LANE_COUNT] = {11, 1};
    enum lane lane;
    (void)state;

    connected_at(&m, &no_chance, 0);
    assert_int_equal(send_all(&m, 0, 11, 1), 1);
    assert_int_equal(link_machine_todo(&m, at(119999), next, &lane), LINK_WAIT); /* no PUBACK yet */
}

static void a_reconnect_starts_at_the_first_record_without_a_receipt(void **state)
{
    struct link_machine m;
    enum lane lane;
    const uint64_t first[LANE_COUNT] = {21, 1};
    (void)state;

    connected_at(&m, &dice, 0);
    send_all(&m, 0, 51, 31);
    receipt(&m, 1, LANE_FAULT, 21, 0, false);
    link_machine_lost(&m, at(2));
    assert_int_equal(m.window_count, 0);
    while (link_machine_todo(&m, at(5000), first_of_all, &lane) != LINK_CONNECT)
        ;
    link_machine_connected(&m, at(5000), first);
    assert_int_equal(m.lanes[LANE_FAULT].sent, 21);
    assert_int_equal(m.lanes[LANE_HEALTH].sent, 1);
    assert_int_equal(send_all(&m, 5000, 51, 31), 3 + 3);
    /* What the connection before had sent may be receipted by this one. */
    assert_int_equal(receipt(&m, 5001, LANE_FAULT, 51, 0, false).free_below, 51);
}

static void a_refused_message_is_kept_and_tried_after_growing_pauses(void **state)
{
    static const int reasons[] = {0x80, 0x83, 0x87, 0x90, 0x97};
    struct link_machine m;
    const uint64_t next[LANE_COUNT] = {11, 11};
    int64_t now_ms = 0;
    (void)state;

    connected_at(&m, &dice, 0);
    for (size_t i = 0; i < countof(reasons); i++) {
        assert_int_equal(send_all(&m, now_ms, 11, 11), 2);
        int id = m.window[0].id, other = m.window[1].id;
        link_machine_acked(&m, at(now_ms), id, reasons[i]);
        link_machine_acked(&m, at(now_ms), other, reasons[i]); /* the same trouble, not the next step */
        assert_int_equal(m.counters.refused_messages, i + 1);
        assert_int_equal(m.lanes[LANE_FAULT].first, 1);
        assert_int_equal(send_all(&m, now_ms, 11, 11), 0);
        int64_t due_ms = link_machine_due_ms(&m, at(now_ms), next);
        assert_in_range(due_ms, 1000, 1000 + (1000 << i) - 1);
        now_ms += due_ms;
    }
    assert_int_equal(send_all(&m, now_ms, 11, 11), 2);
    ack_all(&m, now_ms);
    assert_int_equal(m.refusals, 0);
}

static void no_subscriber_is_not_a_refusal(void **state)
{
    struct link_machine m;
    (void)state;

    connected_at(&m, &dice, 0);
    send_all(&m, 0, 11, 1);
    link_machine_acked(&m, at(1), m.window[0].id, 0x10);
    assert_int_equal(m.counters.refused_messages, 0);
    assert_int_equal(m.window_count, 1); /* and not safe either */
}

/* Nobody listens: what waits, three messages, goes again as one, at distances that double even when chance is kind. */
static void without_a_subscriber_the_distances_double_for_sure(void **state)
{
    static const int64_t bounds_ms[] = {20000, 40000, 80000, 160000, 320000, 600000, 600000};
    const uint64_t next[LANE_COUNT] = {31, 1};
    (void)state;

    for (int run = 0; run < 100; run++) {
        struct link_machine m;
        int64_t now_ms = 0;

        connected_at(&m, run ? &dice : &no_chance, 0);
        for (size_t i = 0; i < countof(bounds_ms); i++) {
            assert_int_equal(send_all(&m, now_ms, 31, 1), i == 0 ? 3 : 1);
            while (m.window_count && !m.window[m.window_count - 1].acked)
                for (size_t k = 0; k < m.window_count; k++)
                    link_machine_acked(&m, at(now_ms), m.window[k].id, 0x10);
            assert_int_equal(send_all(&m, now_ms, 31, 1), 0);
            int64_t due_ms = link_machine_due_ms(&m, at(now_ms), next);
            assert_in_range(due_ms, 20000 + bounds_ms[i] / 2, 20000 + bounds_ms[i] - 1);
            now_ms += due_ms;
        }
        assert_int_equal(send_all(&m, now_ms, 31, 1), 1);
        link_machine_acked(&m, at(now_ms), m.window[0].id, 0); /* somebody is back */
        assert_int_equal(send_all(&m, now_ms, 31, 1), 2);
    }
}

static void what_is_new_goes_at_once_though_nobody_listened(void **state)
{
    struct link_machine m;
    (void)state;

    connected_at(&m, &dice, 0);
    send_all(&m, 0, 11, 1);
    link_machine_acked(&m, at(0), m.window[0].id, 0x10);
    assert_int_equal(send_all(&m, 5, 12, 1), 1);
    link_machine_acked(&m, at(5), m.window[1].id, 0);
    receipt(&m, 6, LANE_FAULT, 1, 0, true); /* somebody is back, and misses what was before it */
    assert_int_equal(m.lanes[LANE_FAULT].sent, 1);
    assert_int_equal(send_all(&m, 6, 12, 1), 2);
}

/* ---------------------------------------------------------------- receipts */

static void a_receipt_frees_what_it_covers_once(void **state)
{
    struct link_machine m;
    (void)state;

    connected_at(&m, &dice, 0);
    send_all(&m, 0, 31, 1);
    assert_int_equal(receipt(&m, 1, LANE_FAULT, 11, 0, false).free_below, 11);
    assert_int_equal(receipt(&m, 2, LANE_FAULT, 11, 0, false).free_below, 0); /* the same again */
    assert_int_equal(receipt(&m, 3, LANE_FAULT, 5, 0, false).free_below, 0);  /* an old one */
    assert_int_equal(m.lanes[LANE_FAULT].first, 11);
    assert_int_equal(m.lanes[LANE_FAULT].sent, 31);
    assert_int_equal(receipt(&m, 4, LANE_FAULT, 31, 0, false).free_below, 31);
    assert_int_equal(m.window_count, 0);
}

static void receipts_that_cannot_be_ours_change_nothing(void **state)
{
    static const struct {
        uint64_t epoch, next;
        bool resume;
        uint32_t retry_after_ms;
    } cases[] = {
        {EPOCH + 1, 11, false, 0}, {0, 11, false, 0},         /* another epoch */
        {EPOCH + 1, 5, true, 60000},                          /* another epoch's hole */
        {EPOCH, 32, false, 0}, {EPOCH, UINT64_MAX, false, 0}, /* never sent */
        {EPOCH, 0, true, 0},                                  /* numbers start at 1 */
    };
    struct link_machine m, before;
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        struct lane_receipt r = {LANE_FAULT, cases[i].next, cases[i].retry_after_ms, cases[i].resume};

        connected_at(&m, &dice, 0);
        send_all(&m, 0, 31, 1);
        before = m;
        struct link_effect effect = link_machine_receipt(&m, at(1), cases[i].epoch, &r);
        assert_int_equal(effect.free_below, 0);
        assert_int_equal(effect.rewind_to, 0);
        assert_int_equal(m.counters.receipts_foreign + m.counters.receipts_beyond, 1);
        assert_int_equal(m.counters.receipts_foreign, cases[i].epoch != EPOCH);
        m.counters = before.counters;
        assert_memory_equal(&m, &before, sizeof m);
    }
}

static void a_receipt_for_what_waits_unsent_is_refused(void **state)
{
    struct link_machine m;
    (void)state;

    connected_at(&m, &dice, 0);
    send_all(&m, 0, FAR, 1); /* 160 numbers fit the window */
    assert_int_equal(receipt(&m, 1, LANE_FAULT, 162, 0, false).free_below, 0);
    assert_int_equal(receipt(&m, 1, LANE_FAULT, 161, 0, false).free_below, 161);
}

static void a_receipt_for_numbers_never_given_contradicts(void **state)
{
    static const struct {
        uint64_t epoch, fault_next, health_next;
        bool contradicts;
    } cases[] = {
        {EPOCH, 31, 11, false}, {EPOCH, 1, 1, false},         /* all that was given; nothing */
        {EPOCH, 32, 11, true}, {EPOCH, 31, UINT64_MAX, true}, /* one lane is enough */
        {EPOCH + 1, 32, 12, false},                           /* of somebody else */
    };
    const uint64_t next[LANE_COUNT] = {31, 11};
    struct link_machine m;
    (void)state;

    for (size_t i = 0; i < countof(cases); i++) {
        struct lane_receipt lanes[] = {
            {LANE_FAULT, cases[i].fault_next, 0, false}, {LANE_HEALTH, cases[i].health_next, 0, false}};

        connected_at(&m, &dice, 0);
        assert_int_equal(
            link_machine_contradicts(&m, cases[i].epoch, lanes, countof(lanes), next), cases[i].contradicts);
        assert_int_equal(m.counters.receipts_beyond, cases[i].contradicts);
        link_machine_lost(&m, at(1));
        assert_false(link_machine_contradicts(&m, cases[i].epoch, lanes, countof(lanes), next));
    }
}

static void a_new_epoch_forgets_all_numbers_but_not_the_back_off(void **state)
{
    const uint64_t next[LANE_COUNT] = {11, 1};
    struct lane_receipt old = {LANE_FAULT, 11, 0, false};
    struct link_machine m;
    (void)state;

    connected_at(&m, &dice, 0);
    send_all(&m, 0, 101, 1);
    link_machine_new_epoch(&m, EPOCH + 1);
    assert_int_equal(link_machine_receipt(&m, at(1), EPOCH, &old).free_below, 0);
    assert_int_equal(link_machine_receipt(&m, at(1), EPOCH + 1, &old).free_below, 0); /* not sent in this one */
    link_machine_lost(&m, at(2));
    assert_int_equal(m.attempts, 1);
    assert_in_range(link_machine_due_ms(&m, at(2), next), 0, 999);
}

static void a_hole_is_filled_once_for_many_complaints(void **state)
{
    struct link_machine m;
    (void)state;

    connected_at(&m, &dice, 0);
    send_all(&m, 0, 101, 1);
    ack_all(&m, 0);
    assert_int_equal(receipt(&m, 1, LANE_FAULT, 11, 0, true).free_below, 11);
    assert_int_equal(m.lanes[LANE_FAULT].sent, 11);
    assert_int_equal(send_all(&m, 1, 101, 1), 9);
    for (int i = 0; i < 8; i++) /* each message behind the hole complains */
        assert_int_equal(receipt(&m, 2, LANE_FAULT, 11, 0, true).rewind_to, 0);
    assert_int_equal(m.lanes[LANE_FAULT].sent, 101);
    assert_int_equal(send_all(&m, 2, 101, 1), 0);
    /* A new hole is a new question. */
    receipt(&m, 3, LANE_FAULT, 41, 0, true);
    assert_int_equal(m.lanes[LANE_FAULT].sent, 41);
}

static void a_hole_left_unfilled_is_tried_again_after_silence(void **state)
{
    struct link_machine m;
    (void)state;

    connected_at(&m, &no_chance, 0);
    send_all(&m, 0, 31, 1);
    receipt(&m, 0, LANE_FAULT, 11, 0, true);
    send_all(&m, 0, 31, 1);
    ack_all(&m, 0);
    assert_int_equal(send_all(&m, 20000, 31, 1), 2);
    receipt(&m, 20001, LANE_FAULT, 11, 0, true);
    assert_int_equal(m.lanes[LANE_FAULT].sent, 11); /* asked anew, answered anew */
}

static void a_restored_collector_takes_the_spool_back(void **state)
{
    struct link_machine m;
    (void)state;

    connected_at(&m, &dice, 0);
    send_all(&m, 0, 101, 1);
    receipt(&m, 1, LANE_FAULT, 101, 0, false);
    send_all(&m, 2, 111, 1);
    struct link_effect effect = receipt(&m, 3, LANE_FAULT, 41, 0, true);
    assert_int_equal(effect.rewind_to, 41);
    assert_int_equal(effect.free_below, 0);
    link_machine_rewound(&m, LANE_FAULT, 61); /* the retention window reaches no further */
    assert_int_equal(m.lanes[LANE_FAULT].first, 61);
    assert_int_equal(m.lanes[LANE_FAULT].sent, 61);
    assert_int_equal(send_all(&m, 4, 111, 1), 5);
    assert_int_equal(receipt(&m, 5, LANE_FAULT, 111, 0, false).free_below, 111);
}

static void retry_after_pauses_one_lane_and_sends_again_what_was_not_kept(void **state)
{
    struct link_machine m;
    const uint64_t next[LANE_COUNT] = {31, 31};
    (void)state;

    connected_at(&m, &no_chance, 0);
    send_all(&m, 0, 31, 31);
    ack_all(&m, 0);
    assert_int_equal(receipt(&m, 1, LANE_HEALTH, 11, 5000, false).free_below, 11);
    assert_int_equal(m.lanes[LANE_HEALTH].sent, 11);
    assert_int_equal(receipt(&m, 1, LANE_FAULT, 31, 0, false).free_below, 31);
    assert_int_equal(send_all(&m, 5000, 41, 31), 1); /* a fault; health still rests */
    ack_all(&m, 5000);
    receipt(&m, 5000, LANE_FAULT, 41, 0, false);
    assert_int_equal(link_machine_due_ms(&m, at(5000), next), 1);
    assert_int_equal(send_all(&m, 5001, 41, 31), 2);
}

static void pauses_asked_for_are_capped_and_spread(void **state)
{
    (void)state;

    for (int kind = 0; kind < 2; kind++) {
        struct chance chance = {kind ? SEEDED : LOWEST, 5};
        struct rng rng = {fill, &chance};
        struct link_machine m;

        connected_at(&m, &rng, 0);
        send_all(&m, 0, 11, 1);
        receipt(&m, 0, LANE_FAULT, 1, UINT32_MAX, false);
        assert_in_range(m.lanes[LANE_FAULT].hold.ms, 3600000, 3600000 * 3 / 2);
        if (kind)
            assert_true(m.lanes[LANE_FAULT].hold.ms > 3600000);
    }
}

/* ---------------------------------------------------------------- all together */

/* A collector that keeps a watermark, a network that loses uplinks and receipts and cuts the connection: in the end
 * everything was kept in order, and nothing was freed that was not kept. */
static void whatever_is_lost_everything_arrives_and_nothing_is_freed_early(void **state)
{
    (void)state;

    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct chance chance = {SEEDED, seed};
        struct rng rng = {fill, &chance};
        struct link_machine m;
        const uint64_t next[LANE_COUNT] = {401, 301};
        uint64_t spool_first[LANE_COUNT] = {1, 1}, kept[LANE_COUNT] = {1, 1};
        int64_t now_ms = 0;
        int id = 0;

        link_machine_init(&m, &policy, &rng, EPOCH);
        link_machine_start(&m, at(0));
        for (int step = 0; spool_first[0] < next[0] || spool_first[1] < next[1]; step++) {
            enum lane lane;

            assert_true(step < 100000);
            switch (link_machine_todo(&m, at(now_ms), next, &lane)) {
            case LINK_CONNECT:
                if (rng_below(&rng, 3) == 0)
                    link_machine_lost(&m, at(now_ms));
                else
                    link_machine_connected(&m, at(now_ms), spool_first);
                break;
            case LINK_SEND: {
                uint64_t from = m.lanes[lane].sent, last = from + rng_below(&rng, 20);
                uint64_t chance_of = rng_below(&rng, 10);

                last = last < next[lane] ? last : next[lane] - 1;
                link_machine_sent(&m, at(now_ms), lane, last, ++id);
                if (chance_of == 0)
                    break; /* lost without a PUBACK */
                link_machine_acked(&m, at(now_ms), id, chance_of == 1 ? 0x97 : chance_of == 2 ? 0x10 : 0);
                if (chance_of <= 2)
                    break; /* refused, or acknowledged and lost at the broker */
                bool hole = from > kept[lane];
                if (!hole && kept[lane] <= last)
                    kept[lane] = last + 1;
                if (chance_of <= 4)
                    break; /* kept, but the receipt is lost */
                struct lane_receipt r = {lane, kept[lane], chance_of == 5 ? 3000 : 0, hole};
                struct link_effect effect = link_machine_receipt(&m, at(now_ms), EPOCH, &r);
                assert_true(effect.free_below <= kept[lane]);
                if (effect.free_below)
                    spool_first[lane] = effect.free_below;
                assert_int_equal(effect.rewind_to, 0);
                assert_int_equal(m.lanes[lane].first, spool_first[lane]);
                break;
            }
            case LINK_DROP:
                break;
            case LINK_WAIT: {
                int64_t due_ms = link_machine_due_ms(&m, at(now_ms), next);

                assert_true(due_ms > 0); /* neither spinning nor asleep for ever */
                now_ms += due_ms;
                if (rng_below(&rng, 20) == 0)
                    link_machine_lost(&m, at(now_ms));
                break;
            }
            }
            assert_true(m.window_count <= LINK_WINDOW);
        }
        assert_int_equal(kept[0], next[0]);
        assert_int_equal(kept[1], next[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_link_waits_for_ever),
        cmocka_unit_test(pauses_lie_below_a_doubling_bound_up_to_the_cap),
        cmocka_unit_test(only_a_stable_connection_starts_the_count_anew),
        cmocka_unit_test(a_change_cuts_the_pause_short),
        cmocka_unit_test(a_connection_that_never_comes_is_given_up),
        cmocka_unit_test(a_connection_without_pubacks_is_given_up),
        cmocka_unit_test(an_idle_connection_asks_for_no_wake_up),
        cmocka_unit_test(faults_go_first_and_health_never_fills_the_window),
        cmocka_unit_test(the_window_opens_with_receipts_not_with_pubacks),
        cmocka_unit_test(silence_sends_again_at_doubling_distances),
        cmocka_unit_test(a_message_on_its_way_is_not_sent_again),
        cmocka_unit_test(a_reconnect_starts_at_the_first_record_without_a_receipt),
        cmocka_unit_test(a_refused_message_is_kept_and_tried_after_growing_pauses),
        cmocka_unit_test(no_subscriber_is_not_a_refusal),
        cmocka_unit_test(without_a_subscriber_the_distances_double_for_sure),
        cmocka_unit_test(what_is_new_goes_at_once_though_nobody_listened),
        cmocka_unit_test(a_receipt_frees_what_it_covers_once),
        cmocka_unit_test(receipts_that_cannot_be_ours_change_nothing),
        cmocka_unit_test(a_receipt_for_what_waits_unsent_is_refused),
        cmocka_unit_test(a_receipt_for_numbers_never_given_contradicts),
        cmocka_unit_test(a_new_epoch_forgets_all_numbers_but_not_the_back_off),
        cmocka_unit_test(a_hole_is_filled_once_for_many_complaints),
        cmocka_unit_test(a_hole_left_unfilled_is_tried_again_after_silence),
        cmocka_unit_test(a_restored_collector_takes_the_spool_back),
        cmocka_unit_test(retry_after_pauses_one_lane_and_sends_again_what_was_not_kept),
        cmocka_unit_test(pauses_asked_for_are_capped_and_spread),
        cmocka_unit_test(whatever_is_lost_everything_arrives_and_nothing_is_freed_early),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
