/* load.c: a fleet of simulated devices on one epoll: publishes uplinks, waits for receipts, prints what it saw as JSON.
 *
 *   load --port N --mode discard|report|raise [--tls DIR] [--subscribe-port N] [--devices N] [--window N]
 *        [--seconds N] [--rate N] [--prefix ID]
 *
 * discard  a subscriber inside this process throws everything away: the broker's own rate. Counts what it was given.
 * report   one fault record an uplink, pending and healed in turn: stored, no ticket. Counts receipts.
 * raise    each record confirms another fault: each opens a ticket. Counts records whose verdict is a new ticket.
 * A device keeps at most `window` records without receipt. When discarding, all devices together keep at most
 * devices × window / 2 that the subscriber has not been given: what outruns the subscriber would only fill a queue. rate 0
 * = as fast as it goes; else open loop, that many a second over all devices. Times are from publish to receipt.
 * The subscriber of discard comes in without TLS, where need be at a port of its own.
 * DIR holds PREFIX-<n>.pem and .key for each device, and device-ca.pem. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "codec.h"
#include "identity.h"
#include "reports.h"
#include "wire_client.h"

enum mode { DISCARD, REPORT, RAISE };
enum { WINDOW_MAX = 1024, LATENCIES_MAX = 8 * 1000 * 1000 };

static struct options {
    int port, subscribe_port, devices, window, seconds, warm_up, rate;
    enum mode mode;
    const char *tls, *prefix;
} options = {.devices = 200, .window = 32, .seconds = 10, .warm_up = 2, .prefix = "bench"};

struct device {
    struct wire_client client;
    char id[BOUND_DEVICE_ID + 1], topic[IDENTITY_TOPIC_BYTES];
    uint64_t epoch, next, acked; /* next number to send; all below acked have their receipt */
    int64_t sent_us[WINDOW_MAX];
    unsigned in_flight;
};

static struct device *devices;
static struct wire_client discarder;
static int64_t measure_from_us, end_us;
static uint64_t counted, discarded_count, sent_count, resent_count, payload_bytes;
static uint32_t *latencies_us;
static size_t latency_count;

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void count_one(int64_t since_us, int64_t now)
{
    if (now < measure_from_us || now >= end_us)
        return;
    counted++;
    if (latency_count < LATENCIES_MAX)
        latencies_us[latency_count++] = (uint32_t)(now - since_us);
}

/* ---------------------------------------------------------------- what a device sends */

static bool send_one(struct device *d)
{
    uint8_t record[BOUND_RECORD_BYTES], uplink[BOUND_UPLINK_BYTES];
    char code[REPORT_CODE_BYTES];
    struct fail f;
    size_t n;

    const struct stamp now = {d->epoch, clock_system.mono(NULL), clock_system.wall(NULL), CLOCK_SYNCED};
    struct record r = bench_report(d->epoch, d->next, options.mode == RAISE, now, code);
    if (codec_record_encode(&r, record, sizeof record, &n, &f)) {
        fprintf(stderr, "load: %s\n", f.text);
        exit(1);
    }
    struct uplink u = {.epoch = d->epoch, .session = 1, .anchor = now};
    size_t used = codec_uplink_begin(&u, uplink, sizeof uplink);
    used = codec_uplink_add(uplink, used, sizeof uplink, record, n);
    if (!wire_client_publish(&d->client, d->topic, uplink, used))
        return false;
    d->sent_us[d->next % WINDOW_MAX] = now_us();
    d->next++;
    d->in_flight++;
    sent_count++;
    payload_bytes += used;
    return true;
}

/* ---------------------------------------------------------------- what it hears */

static bool opened_a_ticket(const struct receipt *r, uint64_t number)
{
    for (size_t i = 0; i < r->verdict_count; i++)
        if (r->verdicts[i].number == number && r->verdicts[i].kind == VERDICT_OPENED)
            return true;
    return false;
}

static void take_lane(struct device *d, const struct receipt *r, const struct lane_receipt *lane)
{
    int64_t now = now_us();

    for (; d->acked < lane->next && d->acked < d->next; d->acked++, d->in_flight--)
        if (options.mode == REPORT || opened_a_ticket(r, d->acked))
            count_one(d->sent_us[d->acked % WINDOW_MAX], now);
    if (lane->resume) { /* what was above the hole is not stored: send again from there */
        resent_count += d->next - d->acked;
        d->next = d->acked;
        d->in_flight = 0;
    }
}

static void take_receipt(struct wire_client *c, const uint8_t *payload, size_t n)
{
    static unsigned char memory[BOUND_ARENA_BYTES];
    struct device *d = c->user;
    struct arena arena;
    struct receipt r;
    struct fail f;

    arena_init(&arena, memory, sizeof memory);
    if (codec_receipt_decode(payload, n, &arena, &r, &f)) {
        fprintf(stderr, "load: receipt: %s\n", f.text);
        exit(1);
    }
    for (size_t i = 0; i < r.lane_count; i++)
        if (r.lanes[i].lane == LANE_FAULT && r.epoch == d->epoch)
            take_lane(d, &r, &r.lanes[i]);
}

static void take_discarded(struct wire_client *c, const uint8_t *payload, size_t n)
{
    int64_t now = now_us();
    (void)c;
    (void)payload;
    (void)n;

    discarded_count++;
    count_one(now, now);
}

static void take_puback(struct wire_client *c, int reason)
{
    struct device *d = c->user;

    if (reason >= 0x80) {
        fprintf(stderr, "load: the broker refused a publish: 0x%02x\n", (unsigned)reason);
        exit(1);
    }
    if (options.mode == DISCARD)
        d->in_flight--;
}

/* ---------------------------------------------------------------- the run */

static void watch(int epoll, struct wire_client *c)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static void open_device(struct device *d, int number, int epoll)
{
    char down[IDENTITY_TOPIC_BYTES];

    snprintf(d->id, sizeof d->id, "%s-%d", options.prefix, number);
    identity_topic_up(d->id, d->topic);
    d->epoch = rng_u64(&rng_system) | 1;
    d->next = d->acked = 1;
    d->client.user = d;
    d->client.on_message = take_receipt;
    d->client.on_puback = take_puback;
    SSL_CTX *tls = options.tls ? wire_client_tls(options.tls, d->id) : NULL;
    wire_client_open(&d->client, options.port, tls, d->id, identity_topic_down(d->id, down), 0);
    SSL_CTX_free(tls);
    watch(epoll, &d->client);
}

static bool all_ready(void)
{
    for (int i = 0; i < options.devices; i++)
        if (!devices[i].client.ready)
            return false;
    return options.mode != DISCARD || discarder.ready;
}

static void send_what_fits(struct device *d)
{
    uint64_t most = (uint64_t)options.devices * (unsigned)options.window / 2;

    while (d->in_flight < (unsigned)options.window && (options.mode != DISCARD || sent_count - discarded_count < most))
        if (!send_one(d))
            return;
}

/* The subscriber took some: whose turn it is may send again. */
static void refill_after_discard(void)
{
    static int turn;

    for (int i = 0; i < options.devices; i++) {
        struct device *d = &devices[turn++ % options.devices];
        uint64_t before = sent_count;

        send_what_fits(d);
        wire_client_flush(&d->client);
        if (sent_count == before && d->in_flight < (unsigned)options.window)
            return;
    }
}

/* Open loop: as many as the rate asks for by now, device after device. */
static void send_at_rate(int64_t start_us)
{
    static int turn;
    uint64_t due = (uint64_t)((now_us() - start_us) * options.rate / 1000000);

    while (sent_count - resent_count < due) {
        struct device *d = &devices[turn++ % options.devices];

        if (d->in_flight >= WINDOW_MAX - 1 || !send_one(d)) {
            fprintf(stderr, "load: the rate cannot be kept\n");
            exit(1);
        }
        wire_client_flush(&d->client);
    }
}

static void pump(int epoll, int wait_ms)
{
    struct epoll_event events[256];
    int n = epoll_wait(epoll, events, countof(events), wait_ms);

    for (int i = 0; i < n; i++) {
        struct wire_client *c = events[i].data.ptr;

        wire_client_read(c);
        if (options.rate == 0 && now_us() < end_us)
            c == &discarder ? refill_after_discard() : send_what_fits(c->user);
        wire_client_flush(c);
    }
}

static void connect_all(int epoll)
{
    int64_t give_up = now_us() + 60 * 1000000LL;

    devices = calloc((size_t)options.devices, sizeof *devices);
    for (int i = 0; i < options.devices; i++)
        open_device(&devices[i], i, epoll);
    if (options.mode == DISCARD) {
        discarder.on_message = take_discarded;
        wire_client_open(&discarder, options.subscribe_port ? options.subscribe_port : options.port, NULL, "discarder",
            "fl/1/+/+/up", 1);
        watch(epoll, &discarder);
    }
    while (!all_ready()) {
        if (now_us() > give_up) {
            fprintf(stderr, "load: not all devices were connected within a minute\n");
            exit(1);
        }
        pump(epoll, 100);
    }
}

static void run(int epoll)
{
    int64_t start = now_us();

    measure_from_us = start + options.warm_up * 1000000LL;
    end_us = measure_from_us + options.seconds * 1000000LL;
    for (int i = 0; i < options.devices && options.rate == 0; i++) {
        send_what_fits(&devices[i]);
        wire_client_flush(&devices[i].client);
    }
    while (now_us() < end_us) {
        if (options.rate)
            send_at_rate(start);
        pump(epoll, options.rate ? 1 : 100);
    }
}

/* Warm-up included: what processor times are divided by. */
static uint64_t all_counted(void)
{
    uint64_t count = discarded_count;

    for (int i = 0; i < options.devices && options.mode != DISCARD; i++)
        count += devices[i].acked - 1;
    return count;
}

static bool all_answered(void)
{
    if (options.mode == DISCARD)
        return true; /* a rate is asked for, and the broker alone promises nothing */
    for (int i = 0; i < options.devices; i++)
        if (devices[i].acked < devices[i].next)
            return false;
    return true;
}

static void flush_all(void)
{
    for (int i = 0; i < options.devices; i++)
        wire_client_flush(&devices[i].client);
    if (options.mode == DISCARD)
        wire_client_flush(&discarder);
}

/* Nothing more is sent; what is under way is waited for, so that nothing counted as sent is left to guess. */
static void drain(int epoll)
{
    int64_t give_up = now_us() + 30 * 1000000LL;

    while (!all_answered()) {
        if (now_us() > give_up) {
            fprintf(stderr, "load: not all was answered: %llu of %llu\n", (unsigned long long)all_counted(),
                (unsigned long long)sent_count);
            exit(1);
        }
        flush_all();
        pump(epoll, 100);
    }
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static double percentile_ms(double p)
{
    if (!latency_count)
        return 0;
    return latencies_us[(size_t)((double)(latency_count - 1) * p)] / 1000.0;
}

static void print_result(void)
{
    qsort(latencies_us, latency_count, sizeof *latencies_us, by_value);
    printf("{\"per_second\": %.0f, \"seconds\": %d, \"records\": %llu, \"devices\": %d, \"payload_bytes\": %.0f, "
           "\"resent\": %llu, "
           "\"p50_ms\": %.2f, \"p99_ms\": %.2f, \"p999_ms\": %.2f}\n",
        (double)counted / options.seconds, options.seconds, (unsigned long long)all_counted(), options.devices,
        sent_count ? (double)payload_bytes / (double)sent_count : 0, (unsigned long long)resent_count,
        percentile_ms(0.5), percentile_ms(0.99), percentile_ms(0.999));
}

static enum mode mode_of(const char *word)
{
    return strcmp(word, "discard") == 0 ? DISCARD : strcmp(word, "raise") == 0 ? RAISE : REPORT;
}

static void read_options(int argc, char **argv)
{
    static const struct option names[] = {{"port", 1, 0, 'p'}, {"subscribe-port", 1, 0, 'u'}, {"mode", 1, 0, 'm'},
        {"tls", 1, 0, 't'}, {"devices", 1, 0, 'd'}, {"window", 1, 0, 'w'}, {"seconds", 1, 0, 's'}, {"rate", 1, 0, 'r'},
        {"prefix", 1, 0, 'x'}, {0, 0, 0, 0}};
    static int *const numbers[] = {['p'] = &options.port,
        ['u'] = &options.subscribe_port,
        ['d'] = &options.devices,
        ['w'] = &options.window,
        ['s'] = &options.seconds,
        ['r'] = &options.rate};
    int c;

    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (c == 'm')
            options.mode = mode_of(optarg);
        else if (c == 't')
            options.tls = optarg;
        else if (c == 'x')
            options.prefix = optarg;
        else if (c != '?')
            *numbers[c] = atoi(optarg);
        else
            exit(2);
    }
    if (!options.port || options.window < 1 || options.window >= WINDOW_MAX)
        exit(2);
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    latencies_us = malloc(sizeof *latencies_us * LATENCIES_MAX);
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    connect_all(epoll);
    run(epoll);
    drain(epoll);
    print_result();
    return 0;
}
