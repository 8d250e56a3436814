/* harness.h: the ingest core on a real store, each driver in turn, with a clock that stands still until it is told, and devices that
 * send what a test says. All that goes in and out are the bytes of the wire. */
#ifndef FAULTLINE_TEST_HARNESS_H
#define FAULTLINE_TEST_HARNESS_H

#include "server/store/stores.h"

#include "batch.h"
#include "codec.h"
#include "core.h"
#include "identity.h"
#include "live.h"
#include "store.h"

enum { H_MINUTE = 60 * 1000, H_HOUR = 60 * H_MINUTE, H_RECORDS = 128 };

struct harness {
    struct stores *stores;
    struct wall now;
    struct clock clock;
    struct metrics metrics;
    struct store *store;
    struct core_settings settings;
    struct core *core;
    struct batch *batch;
    /* the receipt answered last, and the arena it lives in */
    struct receipt receipt;
    struct arena arena;
    unsigned char memory[BOUND_RECEIPT_ARENA_BYTES];
    struct fail f;
};

#define H_OK(h, call)                                                                                                  \
    do {                                                                                                               \
        if ((call) != 0) {                                                                                             \
            print_error("%s: %s\n", #call, (h)->f.text);                                                               \
            fail();                                                                                                    \
        }                                                                                                              \
    } while (0)

static inline struct wall h_wall(void *ctx)
{
    return ((struct harness *)ctx)->now;
}

static inline struct mono h_mono(void *ctx)
{
    return (struct mono){((struct harness *)ctx)->now.ms - 1700000000000};
}

static inline void h_open_core(struct harness *h)
{
    H_OK(h, store_take_lease(h->store, "test", h->now, 24LL * H_HOUR, &h->f));
    H_OK(h, core_open(&h->settings, h->store, &h->clock, &h->metrics, &h->core, &h->f));
}

/* The process ends without a word and another one starts. */
static inline void h_restart(struct harness *h)
{
    core_close(h->core);
    store_close(h->store);
    H_OK(h, store_open(&h->stores->settings, STORE_WRITE, &h->store, &h->f));
    h_open_core(h);
}

static inline int h_setup(void **state, enum store_driver driver)
{
    static struct harness harness;
    struct harness *h = &harness;

    memset(h, 0, sizeof *h);
    if (open_case(state, driver))
        return -1;
    h->stores = *state;
    *state = h;
    if (driver == STORE_POSTGRESQL && !stores.server[0])
        return 0; /* the case skips itself */
    h->store = h->stores->store;
    h->now.ms = now.ms + 1000LL * H_HOUR;
    h->clock = (struct clock){h_wall, h_mono, NULL, h};
    h->settings = (struct core_settings){
        .open_registration = true, .open_children = true, .flap = {6, H_HOUR}, .max_devices = 1000};
    h->batch = batch_new();
    h_open_core(h);
    return 0;
}

static inline int h_sqlite(void **state)
{
    return h_setup(state, STORE_SQLITE);
}

static inline int h_postgresql(void **state)
{
    return h_setup(state, STORE_POSTGRESQL);
}

static inline int h_teardown(void **state)
{
    struct harness *h = *state;

    core_close(h->core);
    store_close(h->store);
    batch_free(h->batch);
    return 0;
}

/* The harness of a case; skips the case where there is no PostgreSQL. */
static inline struct harness *h_of(void **state)
{
    struct harness *h = *state;

    if (!h->store)
        skip();
    return h;
}

#define H_EVERY_DRIVER(test)                                                                                           \
    {#test " (SQLite)", test, h_sqlite, h_teardown, NULL},                                                             \
    {                                                                                                                  \
#test " (PostgreSQL)", test, h_postgresql, h_teardown, NULL                                                    \
    }

/* ---------------------------------------------------------------- what a device sends */

static inline struct stamp h_stamp(const struct harness *h, int64_t ago_ms)
{
    return (struct stamp){1, {200LL * H_HOUR - ago_ms}, {h->now.ms - ago_ms}, CLOCK_SYNCED};
}

static inline struct record h_fault(
    const struct harness *h, uint64_t number, const char *code, enum fault_state from, enum fault_state to)
{
    struct record r = {
        .lane = LANE_FAULT, .number = number, .stamp = h_stamp(h, 0), .behind = "", .kind = RECORD_FAULT};

    r.fault = (struct fault_report){.key = {.bus = "", .ns = "app", .code = code, .component = ""},
        .subject = "",
        .from = from,
        .to = to,
        .lamps = LAMPS_NONE,
        .source_occurrences = OCCURRENCES_NONE};
    return r;
}

/* Pending to confirmed. */
static inline struct record h_confirm(const struct harness *h, uint64_t number, const char *code)
{
    return h_fault(h, number, code, FAULT_PENDING, FAULT_CONFIRMED);
}

static inline struct record h_heal(const struct harness *h, uint64_t number, const char *code)
{
    return h_fault(h, number, code, FAULT_CONFIRMED, FAULT_HEALED);
}

static inline struct record h_health(const struct harness *h, uint64_t number)
{
    static const struct measure measures[] = {{"t", 1, 2, 3, 2, 10, "degC"}};
    struct record r = {
        .lane = LANE_HEALTH, .number = number, .stamp = h_stamp(h, 0), .behind = "", .kind = RECORD_HEALTH};

    r.health = (struct health){.interval_ms = H_HOUR, .measures = measures, .measure_count = 1, .restart_reason = ""};
    return r;
}

static inline struct record h_loss(
    const struct harness *h, enum lane lane, uint64_t first, uint64_t last, enum loss_cause cause)
{
    struct record r = {.lane = lane, .number = last, .stamp = h_stamp(h, 0), .behind = "", .kind = RECORD_LOSS};

    r.loss = (struct loss){first, last, cause, (uint32_t)(last - first + 1), 0, 0};
    return r;
}

static inline struct record h_lifecycle(const struct harness *h, uint64_t number, enum lifecycle_kind kind)
{
    struct record r = {
        .lane = LANE_FAULT, .number = number, .stamp = h_stamp(h, 0), .behind = "", .kind = RECORD_LIFECYCLE};

    r.lifecycle = (struct lifecycle){kind, "", "0.1"};
    return r;
}

static inline struct record h_inventory(
    const struct harness *h, uint64_t number, const char *product_line, const char *model)
{
    struct record r = {
        .lane = LANE_FAULT, .number = number, .stamp = h_stamp(h, 0), .behind = "", .kind = RECORD_INVENTORY};

    r.inventory = (struct inventory){product_line, model, "SN1", "A", NULL, 0, NULL, 0};
    return r;
}

static inline size_t h_encode(struct harness *h, const struct uplink *u, uint8_t *bytes)
{
    size_t n = codec_uplink_begin(u, bytes, BOUND_UPLINK_BYTES);

    for (size_t i = 0; i < u->record_count; i++) {
        uint8_t record[BOUND_RECORD_BYTES];
        size_t size;

        H_OK(h, codec_record_encode(&u->records[i], record, sizeof record, &size, &h->f));
        n = codec_uplink_add(bytes, n, BOUND_UPLINK_BYTES, record, size);
        assert_true(n > 0);
    }
    return n;
}

/* Adds one uplink to the batch. */
static inline void h_add(
    struct harness *h, const char *device, uint64_t epoch, uint32_t session, struct record *records, size_t count)
{
    struct uplink u = {
        .epoch = epoch, .session = session, .anchor = h_stamp(h, 0), .records = records, .record_count = count};
    uint8_t bytes[BOUND_UPLINK_BYTES];

    batch_add(h->batch, identity_shard(device), device, bytes, h_encode(h, &u, bytes), h->now,
        (struct wall){h->now.ms - H_MINUTE});
}

static inline void h_add_death(struct harness *h, const char *device, uint64_t epoch, uint32_t session)
{
    struct uplink u = {.epoch = epoch, .session = session, .anchor = h_stamp(h, 0), .death = true};
    uint8_t bytes[BOUND_UPLINK_BYTES];

    batch_add(h->batch, identity_shard(device), device, bytes, h_encode(h, &u, bytes), h->now, h->now);
}

/* ---------------------------------------------------------------- and what it hears */

static inline void h_take_receipt(struct harness *h, size_t i)
{
    assert_true(i < h->batch->reply_count);
    arena_init(&h->arena, h->memory, sizeof h->memory);
    H_OK(h, codec_receipt_decode(h->batch->replies[i].bytes, h->batch->replies[i].n, &h->arena, &h->receipt, &h->f));
}

/* Applies the batch; the last receipt is in h->receipt. */
static inline void h_apply(struct harness *h)
{
    H_OK(h, core_apply(h->core, h->batch, &h->f));
    if (h->batch->reply_count)
        h_take_receipt(h, h->batch->reply_count - 1);
    else
        h->receipt = (struct receipt){0};
}

/* One uplink, applied alone. */
static inline void h_send(struct harness *h, const char *device, uint64_t epoch, struct record *records, size_t count)
{
    batch_reset(h->batch);
    h_add(h, device, epoch, 1, records, count);
    h_apply(h);
}

#define H_SEND(h, device, epoch, ...)                                                                                  \
    do {                                                                                                               \
        struct record sent_[] = {__VA_ARGS__};                                                                         \
        h_send(h, device, epoch, sent_, countof(sent_));                                                               \
    } while (0)

static inline const struct lane_receipt *h_lane(struct harness *h, enum lane lane)
{
    for (size_t i = 0; i < h->receipt.lane_count; i++)
        if (h->receipt.lanes[i].lane == lane)
            return &h->receipt.lanes[i];
    fail_msg("the receipt says nothing about lane %s", lane_word(lane));
    abort();
}

static inline const struct verdict *h_verdict(struct harness *h, uint64_t number)
{
    for (size_t i = 0; i < h->receipt.verdict_count; i++)
        if (h->receipt.verdicts[i].number == number)
            return &h->receipt.verdicts[i];
    fail_msg("no verdict about %d", (int)number);
    abort();
}

/* ---------------------------------------------------------------- what is stored */

static inline struct device_row h_device(struct harness *h, const char *device)
{
    char gateway[BOUND_SUBJECT_ID + 1];
    struct device_row row;

    snprintf(gateway, sizeof gateway, "%s", device);
    gateway[strcspn(gateway, ":")] = '\0';
    H_OK(h, store_get_device(h->store, identity_shard(gateway), device, &row, &h->f));
    return row;
}

struct h_numbers {
    uint64_t numbers[H_RECORDS], epochs[H_RECORDS];
    int64_t bounds[H_RECORDS];
    struct wall at[H_RECORDS];
    enum fault_state to[H_RECORDS];
    size_t count;
};

static inline bool h_take_transition(void *ctx, const struct transition_row *row)
{
    struct h_numbers *x = ctx;

    assert_true(x->count < H_RECORDS);
    x->numbers[x->count] = row->number;
    x->epochs[x->count] = row->epoch;
    x->bounds[x->count] = row->occurred.bound_ms;
    x->at[x->count] = row->occurred.at;
    x->to[x->count++] = row->to;
    return true;
}

/* All stored transitions of a device. */
static inline struct h_numbers h_transitions(struct harness *h, const char *device)
{
    struct h_numbers x = {.count = 0};
    uint8_t shard = h_device(h, device).shard;

    H_OK(h, store_list_transitions(h->store, shard, device, H_RECORDS, h_take_transition, &x, &h->f));
    return x;
}

struct h_tickets {
    struct ticket_view rows[16];
    size_t count;
};

static inline bool h_take_ticket(void *ctx, const struct ticket_view *row)
{
    struct h_tickets *x = ctx;

    assert_true(x->count < 16);
    x->rows[x->count++] = *row;
    return true;
}

static inline struct h_tickets h_tickets(struct harness *h, const char *device)
{
    const struct ticket_filter filter = {.device = device, .state = -1, .class_ = -1, .limit = 16};
    struct h_tickets x = {.count = 0};

    H_OK(h, store_list_tickets(h->store, &filter, h_take_ticket, &x, &h->f));
    return x;
}

struct h_losses {
    struct loss_row rows[16];
    size_t count;
};

static inline bool h_take_loss(void *ctx, const struct loss_row *row)
{
    struct h_losses *x = ctx;

    assert_true(x->count < 16);
    x->rows[x->count++] = *row;
    return true;
}

static inline struct h_losses h_losses(struct harness *h, const char *device)
{
    struct h_losses x = {.count = 0};

    H_OK(h, store_list_losses(h->store, identity_shard(device), device, 16, h_take_loss, &x, &h->f));
    return x;
}

struct h_condition {
    const char *code;
    struct condition c;
    bool found;
};

static inline bool h_take_condition(void *ctx, const struct condition *row)
{
    struct h_condition *x = ctx;

    if (strcmp(row->key.code, x->code) == 0) {
        x->c = *row;
        x->found = true;
    }
    return true;
}

static inline struct condition h_condition(struct harness *h, const char *device, const char *code)
{
    struct h_condition x = {.code = code};

    H_OK(h, store_each_condition(h->store, h_device(h, device).shard, device, h_take_condition, &x, &h->f));
    assert_true(x.found);
    return x.c;
}

struct h_audits {
    const char *what;
    size_t count;
};

static inline bool h_take_audit(void *ctx, const struct audit_row *row)
{
    struct h_audits *x = ctx;

    x->count += strcmp(row->what, x->what) == 0;
    return true;
}

/* How many rows about the object say this; device: in whose shard. */
static inline size_t h_audits_of(struct harness *h, const char *device, const char *object, const char *what)
{
    struct h_audits x = {.what = what};

    H_OK(h, store_list_audit(h->store, identity_shard(device), object, 100, h_take_audit, &x, &h->f));
    return x.count;
}

static inline size_t h_audits(struct harness *h, const char *device, const char *what)
{
    return h_audits_of(h, device, device, what);
}

struct h_events {
    const char *needle;
    size_t count;
    char last[1024];
};

static inline bool h_take_event(void *ctx, const struct event_row *row)
{
    struct h_events *x = ctx;

    if (strstr(row->json, x->needle)) {
        x->count++;
        snprintf(x->last, sizeof x->last, "%s", row->json);
    }
    return true;
}

/* Events whose JSON has this text. */
static inline struct h_events h_events(struct harness *h, const char *needle)
{
    struct h_events x = {.needle = needle};

    H_OK(h, store_each_event(h->store, 0, 500, h_take_event, &x, &h->f));
    return x;
}

#endif
