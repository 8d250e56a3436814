/* link: a spool, a real mosquitto and a small collector: what arrives, what is freed, and what happens when either side
 * goes away. */
#include "agent/spool/rig.h"

#include <event2/event.h>
#include <poll.h>

#include "common/broker.h"
#include "link.h"

enum { DEADLINE_MS = 20000 };

static struct {
    char dir[64], conf[96];
    int port;
    struct broker broker;
} site;

/* ---------------------------------------------------------------- a collector that only keeps watermarks */

struct collector {
    struct mqtt *m;
    bool connected, subscribed, over;
    bool silent;          /* answers nothing */
    uint64_t wrong_epoch; /* added to the epoch of its receipts */
    uint64_t reused;      /* in this epoch fault numbers from reused_from on came with other records; 0 = none */
    uint64_t reused_from;
    unsigned epochs; /* seen */
    uint64_t next[LANE_COUNT];
    unsigned uplinks, records, deaths, duplicates;
    uint32_t session;
    uint64_t epoch, first_epoch;
    struct stamp anchor;
    enum record_kind last_kind; /* of the fault lane */
    struct command commands[4];
    size_t command_count;
};

static const char topic_up[] = "fl/1/b8/hub-1/up", topic_down[] = "fl/1/b8/hub-1/down";

static void answer(struct collector *c, const bool hole[static LANE_COUNT])
{
    struct receipt r = {.epoch = c->epoch + c->wrong_epoch, .commands = c->commands, .command_count = c->command_count};
    uint8_t bytes[BOUND_RECEIPT_BYTES];
    struct fail f;
    size_t n;

    if (c->reused == c->epoch) {
        r.new_epoch = true;
        r.lanes[r.lane_count++] = (struct lane_receipt){LANE_FAULT, c->reused_from, 0, true};
    } else {
        for (enum lane lane = 0; lane < LANE_COUNT; lane++)
            r.lanes[r.lane_count++] = (struct lane_receipt){lane, c->next[lane], 0, hole[lane]};
    }
    if (codec_receipt_encode(&r, bytes, sizeof bytes, &n, &f) || mqtt_publish(c->m, topic_down, bytes, n, 0, NULL, &f))
        fail_msg("%s", f.text);
}

static void on_message(void *ctx, const char *topic, const void *payload, size_t bytes)
{
    static unsigned char memory[BOUND_ARENA_BYTES];
    struct collector *c = ctx;
    bool hole[LANE_COUNT] = {false, false};
    struct arena arena;
    struct uplink u;
    struct fail f;

    assert_string_equal(topic, topic_up);
    arena_init(&arena, memory, sizeof memory);
    if (codec_uplink_decode(payload, bytes, &arena, &u, &f))
        fail_msg("%s", f.text);
    if (u.death) { /* those of the device of the test before may come late */
        c->deaths += u.epoch == c->epoch || u.epoch == c->first_epoch;
        return;
    }
    c->uplinks++;
    c->session = u.session;
    if (u.epoch != c->epoch) {
        if (c->epochs++)
            c->next[LANE_FAULT] = c->next[LANE_HEALTH] = 1;
        else
            c->first_epoch = u.epoch;
        c->epoch = u.epoch;
    }
    c->anchor = u.anchor;
    for (size_t i = 0; i < u.record_count; i++) {
        const struct record *r = &u.records[i];
        uint64_t first = r->kind == RECORD_LOSS ? r->loss.first : r->number;

        c->records++;
        if (r->lane == LANE_FAULT)
            c->last_kind = r->kind;
        if (r->number < c->next[r->lane])
            c->duplicates++;
        else if (first > c->next[r->lane])
            hole[r->lane] = true;
        else
            c->next[r->lane] = r->number + 1;
    }
    if (!c->silent)
        answer(c, hole);
}

static void on_connected(void *ctx)
{
    ((struct collector *)ctx)->connected = true;
}

static void on_over(void *ctx, int reason, const char *text)
{
    (void)reason, (void)text;
    ((struct collector *)ctx)->over = true;
}

static void on_subscribed(void *ctx, bool granted)
{
    ((struct collector *)ctx)->subscribed = granted;
}

static void collector_turn(struct collector *c, int timeout_ms)
{
    struct pollfd fd = {mqtt_fd(c->m), (short)(POLLIN | (mqtt_wants_write(c->m) ? POLLOUT : 0)), 0};
    struct fail f;

    if (poll(&fd, 1, timeout_ms) <= 0)
        return;
    if (fd.revents & (POLLIN | POLLHUP | POLLERR) && mqtt_read(c->m, &f))
        return;
    if (mqtt_wants_write(c->m) && mqtt_write(c->m, &f))
        return;
}

static void collector_connect(struct collector *c)
{
    static const struct mqtt_events events = {on_connected, on_over, on_over, on_subscribed, NULL, on_message};
    struct mqtt_settings s = {.host = "127.0.0.1",
        .port = site.port,
        .client_id = "collector",
        .username = "",
        .password = "",
        .keepalive_s = 60,
        .receive_maximum = 100,
        .will_topic = ""};
    struct fail f;

    mqtt_free(c->m);
    c->m = NULL;
    c->connected = c->subscribed = c->over = false;
    if (mqtt_new(&s, &events, c, &c->m, &f) || mqtt_connect(c->m, &f))
        fail_msg("%s", f.text);
    while (!c->connected)
        collector_turn(c, 100);
    assert_int_equal(mqtt_subscribe(c->m, topic_up, 1, &f), 0);
    while (!c->subscribed)
        collector_turn(c, 100);
}

/* ---------------------------------------------------------------- the device */

struct device {
    struct rig rig;
    struct event_base *base;
    struct link *link;
    const char *host; /* NULL = 127.0.0.1 */
    struct collector collector;
    bool stopped;
    unsigned snapshots, asked, clears;
    char answer[200];
};

static int put_record(struct device *d, struct record *r, struct fail *f)
{
    r->lane = LANE_FAULT;
    r->behind = "";
    r->stamp = (struct stamp){7, {1}, {1700000000000}, CLOCK_SYNCED};
    if (spool_append(d->rig.spool, r, f) || spool_sync(d->rig.spool, f))
        return -1;
    link_wake(d->link);
    return 0;
}

static int on_snapshot(void *ctx, bool needed, struct fail *f)
{
    struct device *d = ctx;
    struct record r = {.kind = RECORD_SNAPSHOT, .snapshot = {.parts = 1}};

    d->snapshots++;
    d->asked += needed;
    return put_record(d, &r, f);
}

static int on_clear(void *ctx, const struct fault_key *key, const char *actor, struct fail *f)
{
    (void)key, (void)actor, (void)f;
    ((struct device *)ctx)->clears++;
    return 0;
}

static int on_lifecycle(void *ctx, enum lifecycle_kind kind, const char *detail, struct fail *f)
{
    struct device *d = ctx;
    struct record r = {.kind = RECORD_LIFECYCLE, .lifecycle = {kind, detail, "0"}};

    snprintf(d->answer, sizeof d->answer, "%s", detail);
    return put_record(d, &r, f);
}

static struct stamp on_now(void *ctx)
{
    (void)ctx;
    return (struct stamp){7, clock_system.mono(NULL), clock_system.wall(NULL), CLOCK_SYNCED};
}

static void on_stopped(void *ctx)
{
    ((struct device *)ctx)->stopped = true;
}

static void device_start(struct device *d)
{
    struct link_settings s = {.host = d->host ? d->host : "127.0.0.1",
        .port = site.port,
        .tls = {"", "", "", ""},
        .device_id = "hub-1",
        .keepalive_s = 60,
        .backoff_max_ms = 2000,
        .resend_max_ms = 20000,
        .remote_clear = true};
    struct link_env env = {d->base, &clock_system, &rng_system, d->rig.spool};
    struct link_hooks hooks = {d, on_snapshot, on_clear, on_lifecycle, on_now, on_stopped};

    d->stopped = false;
    d->link = link_new(&s, &env, &hooks);
}

static void device_open(struct device *d)
{
    memset(d, 0, sizeof *d);
    d->collector.next[LANE_FAULT] = d->collector.next[LANE_HEALTH] = 1;
    collector_connect(&d->collector);
    rig_init(&d->rig, calloc(1, sizeof(struct model_disk)));
    d->rig.rng_seed = rng_u64(&rng_system); /* an epoch of its own for each test */
    rig_must_open(&d->rig);
    d->base = event_base_new();
}

static void device_close(struct device *d)
{
    link_free(d->link);
    rig_done(&d->rig);
    event_base_free(d->base);
    mqtt_free(d->collector.m);
}

static void turn(struct device *d)
{
    event_base_loop(d->base, EVLOOP_NONBLOCK);
    if (d->collector.over)
        usleep(1000); /* no descriptor to wait for */
    else
        collector_turn(&d->collector, 1);
}

#define await(d, condition)                                                                                            \
    do {                                                                                                               \
        long long end_ms_ = test_now_ms() + DEADLINE_MS;                                                               \
        while (!(condition)) {                                                                                         \
            if (test_now_ms() > end_ms_)                                                                               \
                fail_msg("%s did not come true", #condition);                                                          \
            turn(d);                                                                                                   \
        }                                                                                                              \
    } while (0)

static bool all_is_free(const struct device *d)
{
    for (enum lane lane = 0; lane < LANE_COUNT; lane++)
        if (spool_first(d->rig.spool, lane) != spool_next(d->rig.spool, lane))
            return false;
    return d->snapshots > 0;
}

/* ---------------------------------------------------------------- tests */

static void what_lies_in_the_spool_arrives_in_order_and_is_freed(void **state)
{
    struct device d;
    (void)state;

    device_open(&d);
    rig_put_many(&d.rig, LANE_FAULT, 300, 400);
    rig_put_many(&d.rig, LANE_HEALTH, 400, 200);
    device_start(&d);
    await(&d, all_is_free(&d));
    assert_int_equal(d.collector.next[LANE_FAULT], 402); /* and the snapshot of the birth */
    assert_int_equal(d.collector.next[LANE_HEALTH], 201);
    assert_int_equal(d.collector.duplicates, 0);
    assert_true(d.collector.uplinks < 50); /* many records a message */
    assert_true(d.collector.epoch == spool_epoch(d.rig.spool));
    assert_int_equal(d.collector.anchor.boot, 7);

    rig_put(&d.rig, LANE_FAULT, 100); /* later, one by one */
    link_wake(d.link);
    await(&d, all_is_free(&d));
    device_close(&d);
}

static void a_host_name_is_looked_up(void **state)
{
    struct device d;
    (void)state;

    device_open(&d);
    d.host = "localhost"; /* perhaps ::1 first, where nobody listens: the next attempt takes the next address */
    device_start(&d);
    await(&d, all_is_free(&d));
    device_close(&d);
}

static void without_a_receipt_nothing_is_freed(void **state)
{
    struct device d;
    (void)state;

    device_open(&d);
    d.collector.silent = true;
    rig_put_many(&d.rig, LANE_FAULT, 100, 10);
    device_start(&d);
    await(&d, d.collector.records == 11);
    assert_int_equal(spool_first(d.rig.spool, LANE_FAULT), 1);
    device_close(&d);
}

static void a_receipt_of_another_epoch_frees_nothing(void **state)
{
    struct device d;
    (void)state;

    device_open(&d);
    d.collector.wrong_epoch = 1;
    rig_put_many(&d.rig, LANE_FAULT, 100, 10);
    device_start(&d);
    await(&d, d.collector.records == 11);
    d.collector.wrong_epoch = 0;
    link_reconnect(d.link);
    await(&d, d.snapshots == 2); /* receipts of the first connection have been read by now */
    assert_int_equal(spool_first(d.rig.spool, LANE_FAULT), 1);
    await(&d, all_is_free(&d));
    assert_true(d.collector.duplicates >= 11);
    device_close(&d);
}

static void the_will_names_the_session_and_goodbye_takes_it_back(void **state)
{
    struct device d;
    (void)state;

    device_open(&d);
    device_start(&d);
    await(&d, all_is_free(&d));
    assert_int_equal(d.collector.session, 1);
    link_stop(d.link);
    await(&d, d.stopped);
    link_free(d.link);
    device_start(&d);
    await(&d, d.collector.session == 2);
    await(&d, all_is_free(&d));
    assert_int_equal(d.collector.deaths, 0);
    link_free(d.link); /* as a crash would */
    d.link = NULL;
    await(&d, d.collector.deaths == 1);
    assert_int_equal(d.collector.session, 2);
    device_close(&d);
}

static void a_stop_waits_for_the_receipt_of_its_last_record(void **state)
{
    struct device d;
    struct fail f;
    (void)state;

    device_open(&d);
    device_start(&d);
    await(&d, all_is_free(&d));
    assert_int_equal(on_lifecycle(&d, LIFECYCLE_STOP, "", &f), 0);
    link_stop(d.link);
    await(&d, d.stopped);
    assert_true(all_is_free(&d));
    device_close(&d);
}

static void a_stop_without_a_broker_is_through_at_once(void **state)
{
    struct device d;
    (void)state;

    device_open(&d);
    device_start(&d);
    link_stop(d.link);
    long long end_ms = test_now_ms() + 1000;
    while (!d.stopped && test_now_ms() < end_ms)
        turn(&d);
    assert_true(d.stopped);
    device_close(&d);
}

static void a_killed_broker_is_found_again(void **state)
{
    struct device d;
    (void)state;

    device_open(&d);
    device_start(&d);
    await(&d, all_is_free(&d));
    broker_stop(&site.broker, SIGKILL);
    rig_put_many(&d.rig, LANE_FAULT, 100, 5);
    link_wake(d.link);
    await(&d, d.collector.over);
    assert_int_equal(broker_start(&site.broker, site.conf), 0);
    collector_connect(&d.collector);
    await(&d, d.collector.session >= 2 && all_is_free(&d));
    assert_int_equal(d.collector.next[LANE_FAULT], spool_next(d.rig.spool, LANE_FAULT));
    device_close(&d);
}

static void a_restored_collector_gets_again_what_it_lost(void **state)
{
    struct device d;
    (void)state;

    device_open(&d);
    rig_put_many(&d.rig, LANE_FAULT, 100, 50);
    device_start(&d);
    await(&d, all_is_free(&d));
    d.collector.next[LANE_FAULT] = 11; /* its backup is older */
    rig_put(&d.rig, LANE_FAULT, 100);
    link_wake(d.link);
    await(&d, d.collector.next[LANE_FAULT] == spool_next(d.rig.spool, LANE_FAULT));
    await(&d, all_is_free(&d));
    device_close(&d);
}

/* Waits until all of a second epoch is there: so many records of the fault lane, the last two of them snapshots (of the
 * switch, and of the birth that followed). */
static void await_second_epoch(struct device *d, uint64_t old, unsigned records)
{
    await(d, d->collector.epochs == 2 && all_is_free(d));
    assert_true(spool_epoch(d->rig.spool) != old && d->collector.epoch == spool_epoch(d->rig.spool));
    assert_int_equal(d->collector.session, 1);
    assert_int_equal(d->collector.deaths, 0);
    assert_int_equal(d->collector.next[LANE_FAULT], records + 1);
    assert_int_equal(d->collector.last_kind, RECORD_SNAPSHOT);
}

static void a_restored_spool_goes_on_in_a_new_epoch(void **state)
{
    struct device d;
    uint64_t old;
    (void)state;

    device_open(&d);
    rig_put_many(&d.rig, LANE_FAULT, 100, 5);
    rig_put_many(&d.rig, LANE_HEALTH, 100, 7);
    old = spool_epoch(d.rig.spool);
    d.collector.next[LANE_FAULT] = 1000; /* what the collector had before the disk was put back */
    d.collector.next[LANE_HEALTH] = 4;   /* a lane that looks as if it fitted */
    device_start(&d);
    await_second_epoch(&d, old, 5 + 3); /* and the snapshot of the first connection */
    assert_int_equal(d.collector.next[LANE_HEALTH], 8);
    device_close(&d);
}

static void numbers_used_twice_go_over_into_a_new_epoch(void **state)
{
    struct device d;
    struct fail f;
    (void)state;

    device_open(&d);
    rig_put_many(&d.rig, LANE_FAULT, 100, 20);
    d.collector.next[LANE_FAULT] = 18; /* another device with this spool sent 15 to 17 */
    assert_int_equal(spool_free_below(d.rig.spool, LANE_FAULT, 17, &f), 0);
    d.collector.reused = spool_epoch(d.rig.spool);
    d.collector.reused_from = 15;
    device_start(&d);
    await_second_epoch(&d, d.collector.reused, 6 + 3); /* 15 to 20: not what is the same on both sides */
    device_close(&d);
}

static void commands_are_done_once_and_answered(void **state)
{
    struct device d;
    (void)state;

    device_open(&d);
    device_start(&d);
    await(&d, all_is_free(&d));
    unsigned before = d.snapshots;
    d.collector.commands[0] = (struct command){.id = 5, .kind = COMMAND_SNAPSHOT};
    d.collector.commands[1] = (struct command){
        .id = 6, .kind = COMMAND_CLEAR, .clear = {.bus = "", .ns = "app", .code = "E4", .component = ""}};
    d.collector.command_count = 2;
    rig_put(&d.rig, LANE_FAULT, 100);
    link_wake(d.link);
    await(&d, d.clears == 1 && all_is_free(&d));
    assert_int_equal(d.snapshots, before + 1);
    assert_int_equal(d.asked, 1);
    assert_string_equal(d.answer, "6 done");

    d.collector.commands[0] =
        (struct command){.id = 7, .kind = COMMAND_RESEND, .resend = {.lane = LANE_FAULT, .next = 2}};
    d.collector.command_count = 1;
    unsigned seen = d.collector.duplicates;
    rig_put(&d.rig, LANE_FAULT, 100);
    link_wake(d.link);
    await(&d, strcmp(d.answer, "7 done") == 0 && all_is_free(&d));
    assert_true(d.collector.duplicates >= seen + 3);
    device_close(&d);
}

static void without_a_spool_the_link_rests(void **state)
{
    struct device d;
    (void)state;

    device_open(&d);
    device_start(&d);
    await(&d, all_is_free(&d));
    link_use_spool(d.link, NULL);
    rig_close(&d.rig);
    await(&d, d.collector.deaths == 1);
    rig_must_open(&d.rig);
    link_use_spool(d.link, d.rig.spool);
    await(&d, d.collector.session == 2 && all_is_free(&d));
    device_close(&d);
}

static int open_site(void **state)
{
    (void)state;
    snprintf(site.dir, sizeof site.dir, "/tmp/faultline-link-XXXXXX");
    if (!mkdtemp(site.dir))
        return -1;
    site.port = test_free_port();
    snprintf(site.conf, sizeof site.conf, "%s/mosquitto.conf", site.dir);
    FILE *out = fopen(site.conf, "w");
    if (!out)
        return -1;
    fprintf(out,
        "log_dest stderr\nlog_type error\nlog_type information\nuser root\nmax_keepalive 600\n"
        "listener %d 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n",
        site.port);
    fclose(out);
    return broker_start(&site.broker, site.conf);
}

static int close_site(void **state)
{
    (void)state;
    broker_stop(&site.broker, SIGTERM);
    test_remove_tree(site.dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lies_in_the_spool_arrives_in_order_and_is_freed),
        cmocka_unit_test(a_host_name_is_looked_up),
        cmocka_unit_test(without_a_receipt_nothing_is_freed),
        cmocka_unit_test(a_receipt_of_another_epoch_frees_nothing),
        cmocka_unit_test(the_will_names_the_session_and_goodbye_takes_it_back),
        cmocka_unit_test(a_stop_waits_for_the_receipt_of_its_last_record),
        cmocka_unit_test(a_stop_without_a_broker_is_through_at_once),
        cmocka_unit_test(a_killed_broker_is_found_again),
        cmocka_unit_test(a_restored_collector_gets_again_what_it_lost),
        cmocka_unit_test(a_restored_spool_goes_on_in_a_new_epoch),
        cmocka_unit_test(numbers_used_twice_go_over_into_a_new_epoch),
        cmocka_unit_test(commands_are_done_once_and_answered),
        cmocka_unit_test(without_a_spool_the_link_rests),
    };

    return cmocka_run_group_tests(tests, open_site, close_site);
}
