/* threads: ingest and writer against a real broker on a Unix socket: acknowledged only after the commit, whatever ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "common/broker.h"

#include "codec.h"
#include "identity.h"
#include "ingest.h"
#include "mqtt.h"
#include "store.h"
#include "writer.h"

enum { DEADLINE_MS = 20000, EPOCH = 0xe1 };

struct site {
    char folder[32], socket[64], database[64], conf[64], address[80];
    struct broker broker;
    struct metrics metrics;
    struct store *store;
    struct core *core;
    struct writer *writer;
    struct ingest *ingest;
    atomic_int failed; /* code of the writer's failure */
    atomic_llong events;
};

struct device {
    struct mqtt *mqtt;
    char id[BOUND_DEVICE_ID + 1];
    bool is_up;
    unsigned pubacks;
    uint64_t next;             /* by the latest receipt */
    enum verdict_kind verdict; /* the first one of the latest receipt with any */
    char ticket[32];
};

/* ---------------------------------------------------------------- the site */

static void on_committed(void *ctx, int64_t last_event)
{
    atomic_store(&((struct site *)ctx)->events, last_event);
}

static void on_failed(void *ctx, const struct fail *f)
{
    atomic_store(&((struct site *)ctx)->failed, f->code);
}

static void start_collector(struct site *s)
{
    const struct store_settings store = {.driver = STORE_SQLITE, .path = s->database};
    const struct core_settings core = {
        .open_registration = true, .open_children = true, .flap = {10, 3600000}, .max_devices = 100};
    const struct ingest_settings ingest = {.address = s->address,
        .user = "coll",
        .client_id = "coll",
        .password_file = "",
        .ca_file = "",
        .cert_file = "",
        .key_file = "",
        .crl_file = ""};
    const struct writer_events events = {on_committed, on_failed, s};
    struct fail f = {0};

    atomic_store(&s->failed, FAIL_NONE);
    if (store_open(&store, STORE_WRITE, &s->store, &f) ||
        store_take_lease(s->store, "test", clock_system.wall(NULL), 60000, &f) ||
        core_open(&core, s->store, &clock_system, &s->metrics, &s->core, &f))
        fail_msg("%s", f.text);
    s->writer = writer_start(s->core, s->store, &s->metrics, &events);
    if (ingest_start(&ingest, s->writer, &clock_system, &rng_system, &s->metrics, &s->ingest, &f))
        fail_msg("%s", f.text);
    /* Before its first subscription the broker keeps nothing for it. */
    for (long long end = test_now_ms() + DEADLINE_MS; !atomic_load(&s->metrics.is_connected); poll(NULL, 0, 5))
        assert_true(test_now_ms() < end);
}

static void stop_collector(struct site *s)
{
    ingest_stop(s->ingest);
    writer_stop(s->writer);
    core_close(s->core);
    store_close(s->store);
    s->ingest = NULL;
    s->writer = NULL;
    s->core = NULL;
    s->store = NULL;
}

static void write_broker_settings(const struct site *s)
{
    FILE *conf = fopen(s->conf, "w");

    assert_non_null(conf);
    fprintf(conf,
        "listener 0 %s\nallow_anonymous true\nmax_inflight_messages 1000\nmax_queued_messages 100000\n"
        "persistence true\npersistence_location %s/\nlog_type information\nconnection_messages false\n",
        s->socket, s->folder);
    fclose(conf);
}

static int setup(void **state)
{
    struct site *s = calloc(1, sizeof *s);

    strcpy(s->folder, "/tmp/faultline-ing-XXXXXX");
    if (!mkdtemp(s->folder))
        return -1;
    /* The broker gives up root by itself, and must write there. */
    if (chmod(s->folder, 0777))
        return -1;
    snprintf(s->socket, sizeof s->socket, "%s/s", s->folder);
    snprintf(s->database, sizeof s->database, "%s/db", s->folder);
    snprintf(s->conf, sizeof s->conf, "%s/conf", s->folder);
    snprintf(s->address, sizeof s->address, "unix:%s", s->socket);
    write_broker_settings(s);
    if (broker_start(&s->broker, s->conf))
        return -1;
    start_collector(s);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct site *s = *state;

    stop_collector(s);
    broker_stop(&s->broker, SIGTERM);
    test_remove_tree(s->folder);
    free(s);
    return 0;
}

/* ---------------------------------------------------------------- a device */

static void on_connected(void *ctx)
{
    struct device *d = ctx;
    char topic[IDENTITY_TOPIC_BYTES];
    struct fail f;

    if (mqtt_subscribe(d->mqtt, identity_topic_down(d->id, topic), 1, &f))
        fail_msg("%s", f.text);
}

static void on_subscribed(void *ctx, bool granted)
{
    ((struct device *)ctx)->is_up = granted;
}

static void on_over(void *ctx, int reason, const char *text)
{
    (void)reason;
    (void)text;
    ((struct device *)ctx)->is_up = false;
}

static void on_published(void *ctx, int id, int reason)
{
    (void)id;
    assert_true(reason < 0x80);
    ((struct device *)ctx)->pubacks++;
}

static void on_receipt(void *ctx, const char *topic, const void *payload, size_t n)
{
    static unsigned char memory[BOUND_RECEIPT_ARENA_BYTES];
    struct device *d = ctx;
    struct arena arena;
    struct receipt r;
    struct fail f;
    (void)topic;

    arena_init(&arena, memory, sizeof memory);
    if (codec_receipt_decode(payload, n, &arena, &r, &f))
        fail_msg("%s", f.text);
    if (r.verdict_count) {
        d->verdict = r.verdicts[0].kind;
        snprintf(d->ticket, sizeof d->ticket, "%s", r.verdicts[0].ticket);
    }
    for (size_t i = 0; i < r.lane_count; i++)
        if (r.lanes[i].lane == LANE_FAULT && r.lanes[i].next > d->next)
            d->next = r.lanes[i].next;
}

static void pump(struct device *d)
{
    struct pollfd fd = {mqtt_fd(d->mqtt), POLLIN | (mqtt_wants_write(d->mqtt) ? POLLOUT : 0), 0};
    struct fail f;

    if (poll(&fd, 1, 20) <= 0)
        return;
    if ((fd.revents & POLLIN) && mqtt_read(d->mqtt, &f))
        return;
    if ((fd.revents & POLLOUT) && mqtt_write(d->mqtt, &f))
        return;
}

#define UNTIL(d, condition)                                                                                            \
    do {                                                                                                               \
        for (long long end_ = test_now_ms() + DEADLINE_MS; !(condition); pump(d))                                      \
            if (test_now_ms() > end_)                                                                                  \
                fail_msg("waited in vain for %s", #condition);                                                         \
    } while (0)

static void open_device(struct site *s, struct device *d, const char *id)
{
    static const struct mqtt_events events = {on_connected, on_over, on_over, on_subscribed, on_published, on_receipt};
    const struct mqtt_settings settings = {.host = s->socket,
        .client_id = id,
        .username = "",
        .password = "",
        .keepalive_s = 60,
        .receive_maximum = 100,
        .will_topic = ""};
    struct fail f;

    memset(d, 0, sizeof *d);
    snprintf(d->id, sizeof d->id, "%s", id);
    if (mqtt_new(&settings, &events, d, &d->mqtt, &f) || mqtt_connect(d->mqtt, &f))
        fail_msg("%s", f.text);
    UNTIL(d, d->is_up);
}

static void publish(struct device *d, const char *topic, const void *bytes, size_t n)
{
    struct fail f;

    if (mqtt_publish(d->mqtt, topic, bytes, n, 1, NULL, &f) || mqtt_write(d->mqtt, &f))
        fail_msg("%s", f.text);
}

/* The device confirms a fault of its own for each number. */
static void report(struct device *d, uint64_t number)
{
    uint8_t record[BOUND_RECORD_BYTES], bytes[BOUND_UPLINK_BYTES];
    char code[16], topic[IDENTITY_TOPIC_BYTES];
    struct stamp now = {1, clock_system.mono(NULL), clock_system.wall(NULL), CLOCK_SYNCED};
    struct record r = {.lane = LANE_FAULT, .number = number, .stamp = now, .behind = "", .kind = RECORD_FAULT};
    struct uplink u = {.epoch = EPOCH, .session = 1, .anchor = now};
    struct fail f;
    size_t n;

    snprintf(code, sizeof code, "E%d", (int)number);
    r.fault = (struct fault_report){.key = {.bus = "", .ns = "app", .code = code, .component = ""},
        .subject = "",
        .from = FAULT_PENDING,
        .to = FAULT_CONFIRMED,
        .lamps = LAMPS_NONE,
        .source_occurrences = OCCURRENCES_NONE};
    if (codec_record_encode(&r, record, sizeof record, &n, &f))
        fail_msg("%s", f.text);
    publish(d, identity_topic_up(d->id, topic), bytes,
        codec_uplink_add(bytes, codec_uplink_begin(&u, bytes, sizeof bytes), sizeof bytes, record, n));
}

/* ---------------------------------------------------------------- what the database holds */

static int64_t ask(struct site *s, const char *sql)
{
    sqlite3_stmt *statement;
    sqlite3 *db;
    int64_t value;

    assert_int_equal(sqlite3_open_v2(s->database, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}

/* ---------------------------------------------------------------- tests */

static void a_report_becomes_a_ticket_and_the_device_hears_its_number(void **state)
{
    struct site *s = *state;
    struct device d;

    open_device(s, &d, "hub-1");
    report(&d, 1);
    UNTIL(&d, d.next == 2);
    assert_int_equal(d.verdict, VERDICT_OPENED);
    assert_string_equal(d.ticket, "FL-B8-000001");
    assert_int_equal(ask(s, "SELECT count(*) FROM ticket WHERE device = 'hub-1' AND shard = 184"), 1);
    UNTIL(&d, atomic_load(&s->events) > 0);
    mqtt_free(d.mqtt);
}

static void thousands_of_reports_are_stored_once_each(void **state)
{
    struct site *s = *state;
    struct device d;
    enum { REPORTS = 3000 };

    open_device(s, &d, "hub-1");
    for (uint64_t i = 1; i <= REPORTS; i++) {
        report(&d, i);
        UNTIL(&d, i - d.pubacks < 100);
    }
    UNTIL(&d, d.next == REPORTS + 1);
    assert_int_equal(ask(s, "SELECT count(DISTINCT number) FROM transition"), REPORTS);
    assert_int_equal(ask(s, "SELECT count(*) FROM transition"), REPORTS);
    assert_int_equal(ask(s, "SELECT count(*) FROM ticket"), REPORTS);
    assert_true(metrics_get(&s->metrics.batches) < REPORTS);
    mqtt_free(d.mqtt);
}

static void steal_lease(struct site *s, const char *owner)
{
    char sql[96];
    sqlite3 *db;

    snprintf(sql, sizeof sql, "UPDATE lease SET owner = '%s', expires_ms = 0", owner);
    assert_int_equal(sqlite3_open(s->database, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void what_was_not_committed_was_not_acknowledged_and_comes_again(void **state)
{
    struct site *s = *state;
    struct device d;

    open_device(s, &d, "hub-1");
    report(&d, 1);
    UNTIL(&d, d.next == 2);
    steal_lease(s, "another");
    for (uint64_t i = 2; i <= 50; i++)
        report(&d, i);
    UNTIL(&d, d.pubacks == 50); /* the broker has them: only it can bring them back */
    UNTIL(&d, atomic_load(&s->failed) == FAIL_CONFLICT);
    assert_int_equal(d.next, 2);
    assert_int_equal(ask(s, "SELECT count(*) FROM transition"), 1);
    stop_collector(s);
    start_collector(s);
    UNTIL(&d, d.next == 51);
    assert_int_equal(ask(s, "SELECT count(*) FROM transition"), 50);
    assert_int_equal(ask(s, "SELECT count(*) FROM ticket"), 50);
    mqtt_free(d.mqtt);
}

static void what_comes_while_the_collector_is_away_waits_for_it(void **state)
{
    struct site *s = *state;
    struct device d;

    open_device(s, &d, "hub-1");
    report(&d, 1);
    UNTIL(&d, d.next == 2);
    stop_collector(s);
    for (uint64_t i = 2; i <= 20; i++)
        report(&d, i);
    UNTIL(&d, d.pubacks == 20);
    start_collector(s);
    UNTIL(&d, d.next == 21);
    assert_int_equal(ask(s, "SELECT count(*) FROM transition"), 20);
    mqtt_free(d.mqtt);
}

static void a_poison_message_is_acknowledged_and_does_not_come_back(void **state)
{
    struct site *s = *state;
    struct device d;

    open_device(s, &d, "hub-1");
    publish(&d, "fl/1/b8/hub-1/up", "\xff\xff\xff", 3);
    publish(&d, "fl/1/00/hub-1/up", "x", 1); /* the shard of another device */
    publish(&d, "fl/1/b8/hub-1/up", "", 0);
    report(&d, 1);
    UNTIL(&d, d.next == 2);
    uint64_t refused = metrics_get(&s->metrics.refused[REFUSAL_INPUT]);
    assert_int_equal(metrics_get(&s->metrics.refused[REFUSAL_TOPIC]), 1);
    assert_true(refused >= 1);
    stop_collector(s);
    start_collector(s);
    report(&d, 2);
    UNTIL(&d, d.next == 3);
    assert_int_equal(metrics_get(&s->metrics.refused[REFUSAL_INPUT]), refused);
    assert_int_equal(metrics_get(&s->metrics.refused[REFUSAL_TOPIC]), 1);
    mqtt_free(d.mqtt);
}

static void changes_go_through_the_writer_beside_the_reports(void **state)
{
    struct site *s = *state;
    struct registration_change change = {"nobody", "user:chief", "test", DEVICE_BLOCKED};
    struct device d;
    struct fail f;

    open_device(s, &d, "hub-1");
    report(&d, 1);
    UNTIL(&d, d.next == 2);
    assert_int_equal(writer_set_registration(s->writer, &change, &f), -1);
    assert_int_equal(f.code, FAIL_NOT_FOUND);
    assert_int_equal(atomic_load(&s->failed), FAIL_NONE); /* a mistake of a person does not end the collector */
    change.device = "hub-1";
    assert_int_equal(writer_set_registration(s->writer, &change, &f), 0);
    report(&d, 2);
    UNTIL(&d, metrics_get(&s->metrics.refused[REFUSAL_BLOCKED]) == 1);
    change.registration = DEVICE_KNOWN;
    assert_int_equal(writer_set_registration(s->writer, &change, &f), 0);
    report(&d, 2);
    UNTIL(&d, d.next == 3);
    mqtt_free(d.mqtt);
}

static void a_broker_that_restarts_is_found_again(void **state)
{
    struct site *s = *state;
    struct device d;

    open_device(s, &d, "hub-1");
    report(&d, 1);
    UNTIL(&d, d.next == 2);
    mqtt_free(d.mqtt);
    broker_stop(&s->broker, SIGKILL);
    for (long long end = test_now_ms() + DEADLINE_MS; atomic_load(&s->metrics.is_connected); poll(NULL, 0, 5))
        assert_true(test_now_ms() < end);
    unlink(s->socket);
    assert_int_equal(broker_start(&s->broker, s->conf), 0);
    open_device(s, &d, "hub-1");
    /* Nobody may be listening yet, and the broker has lost its memory: a device sends until it has its receipt. */
    for (long long end = test_now_ms() + DEADLINE_MS, again = 0; d.next < 3; pump(&d)) {
        assert_true(test_now_ms() < end);
        if (test_now_ms() >= again) {
            report(&d, 2);
            again = test_now_ms() + 100;
        }
    }
    assert_int_equal(ask(s, "SELECT count(*) FROM transition"), 2);
    mqtt_free(d.mqtt);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_report_becomes_a_ticket_and_the_device_hears_its_number),
        TEST(thousands_of_reports_are_stored_once_each),
        TEST(what_was_not_committed_was_not_acknowledged_and_comes_again),
        TEST(what_comes_while_the_collector_is_away_waits_for_it),
        TEST(a_poison_message_is_acknowledged_and_does_not_come_back),
        TEST(changes_go_through_the_writer_beside_the_reports),
        TEST(a_broker_that_restarts_is_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
