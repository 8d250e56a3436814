/* dialogue: a device's link machine and the collector talk over a slow line: whatever is lost, what is sent stays near what
 * there was to send. */
#include "harness.h"

#include "link_machine.h"

enum { STEP_MS = 10, WAY_MS = 100, LETTERS = 4096, RECORDS = 1500, EPOCH = 0xd1 };

static const struct link_policy policy = {
    .backoff_first_ms = 1000,
    .backoff_max_ms = 60 * 1000,
    .stable_ms = 60 * 1000,
    .connect_timeout_ms = 60 * 1000,
    .ack_timeout_ms = 60 * 1000,
    .resend_first_ms = 10 * 1000,
    .resend_max_ms = 10 * 60 * 1000,
    .retry_after_max_ms = 60 * 60 * 1000,
};

/* A message of one record, on its way. */
struct letter {
    int64_t due_ms;
    enum lane lane;
    uint64_t number;
    int id;
};

struct answer {
    int64_t due_ms;
    uint8_t bytes[512];
    size_t n;
};

struct dialogue {
    struct harness *h;
    struct link_machine m;
    uint64_t first[LANE_COUNT], next[LANE_COUNT];
    struct letter up[LETTERS], acks[LETTERS];
    struct answer down[LETTERS];
    size_t up_head, up_tail, ack_head, ack_tail, down_head, down_tail;
    int64_t start_ms;
    int last_id;
    size_t sent;
};

static void no_chance(void *ctx, void *bytes, size_t n)
{
    (void)ctx;
    memset(bytes, 0, n);
}

static struct mono at(const struct dialogue *d)
{
    return h_mono(d->h);
}

static void device_sends(struct dialogue *d)
{
    enum lane lane;

    for (;;) {
        switch (link_machine_todo(&d->m, at(d), d->next, &lane)) {
        case LINK_CONNECT:
            link_machine_connected(&d->m, at(d), d->first);
            break;
        case LINK_SEND: {
            uint64_t number = d->m.lanes[lane].sent;

            d->up[d->up_tail++ % LETTERS] = (struct letter){at(d).ms + WAY_MS, lane, number, ++d->last_id};
            link_machine_sent(&d->m, at(d), lane, number, d->last_id);
            d->sent++;
            break;
        }
        default:
            return;
        }
    }
}

static void collector_hears(struct dialogue *d)
{
    batch_reset(d->h->batch);
    while (d->up_head < d->up_tail && d->up[d->up_head % LETTERS].due_ms <= at(d).ms) {
        struct letter l = d->up[d->up_head++ % LETTERS];
        struct record r = l.lane == LANE_FAULT ? h_lifecycle(d->h, l.number, LIFECYCLE_BOOT) : h_health(d->h, l.number);

        r.stamp = (struct stamp){1, {(int64_t)l.number}, {d->start_ms + (int64_t)l.number}, CLOCK_SYNCED};
        h_add(d->h, "hub-1", EPOCH, 1, &r, 1);
        d->acks[d->ack_tail] = l;
        d->acks[d->ack_tail++ % LETTERS].due_ms = at(d).ms + WAY_MS;
        d->ack_tail %= LETTERS;
    }
    if (!d->h->batch->count)
        return;
    H_OK(d->h, core_apply(d->h->core, d->h->batch, &d->h->f));
    for (size_t i = 0; i < d->h->batch->reply_count; i++) {
        struct answer *a = &d->down[d->down_tail++ % LETTERS];

        a->due_ms = at(d).ms + WAY_MS;
        a->n = d->h->batch->replies[i].n;
        memcpy(a->bytes, d->h->batch->replies[i].bytes, a->n);
    }
}

static void take_answer(struct dialogue *d, const struct answer *a)
{
    struct harness *h = d->h;

    arena_init(&h->arena, h->memory, sizeof h->memory);
    H_OK(h, codec_receipt_decode(a->bytes, a->n, &h->arena, &h->receipt, &h->f));
    for (size_t i = 0; i < h->receipt.lane_count; i++) {
        const struct lane_receipt *r = &h->receipt.lanes[i];
        struct link_effect e = link_machine_receipt(&d->m, at(d), h->receipt.epoch, r);

        if (e.free_below)
            d->first[r->lane] = e.free_below;
        if (e.rewind_to) {
            d->first[r->lane] = e.rewind_to;
            link_machine_rewound(&d->m, r->lane, e.rewind_to);
        }
    }
}

static void device_hears(struct dialogue *d)
{
    while (d->ack_head != d->ack_tail && d->acks[d->ack_head].due_ms <= at(d).ms) {
        link_machine_acked(&d->m, at(d), d->acks[d->ack_head].id, 0);
        d->ack_head = (d->ack_head + 1) % LETTERS;
    }
    while (d->down_head < d->down_tail && d->down[d->down_head % LETTERS].due_ms <= at(d).ms)
        take_answer(d, &d->down[d->down_head++ % LETTERS]);
}

static void line_is_lost(struct dialogue *d)
{
    link_machine_lost(&d->m, at(d));
    d->ack_head = d->ack_tail;
    d->down_head = d->down_tail;
}

/* Health of an outage goes out, and now and then something happens. The line is lost when all of it has arrived and no
 * receipt has come back, so that both lanes begin with duplicates. */
static void a_lost_line_does_not_make_the_lanes_call_for_each_other_without_end(void **state)
{
    enum { STEPS = 1000, FAULT_EVERY = 20, LOST_AT = 100 };
    static struct dialogue dialogue;
    static const struct rng rng = {no_chance, NULL};
    struct dialogue *d = &dialogue;

    *d = (struct dialogue){.h = h_of(state), .first = {1, 1}, .next = {1, RECORDS}};
    d->start_ms = d->h->now.ms;
    link_machine_init(&d->m, &policy, &rng, EPOCH);
    link_machine_start(&d->m, at(d));
    for (int step = 0; step < STEPS; step++, d->h->now.ms += STEP_MS) {
        d->next[LANE_FAULT] += step % FAULT_EVERY == 0;
        device_hears(d);
        device_sends(d);
        if (step == LOST_AT)
            line_is_lost(d);
        collector_hears(d);
    }
    assert_true(d->first[LANE_FAULT] > STEPS / FAULT_EVERY / 2);
    assert_true(d->first[LANE_HEALTH] > STEPS / FAULT_EVERY);
    assert_true(metrics_get(&d->h->metrics.duplicates) <= 2 * LINK_WINDOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"a_lost_line_does_not_make_the_lanes_call_for_each_other_without_end",
            a_lost_line_does_not_make_the_lanes_call_for_each_other_without_end, h_sqlite, h_teardown, NULL},
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
