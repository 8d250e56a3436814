/* codec: what encoding and decoding one message costs, beside a memcpy of the same bytes.
 *   build/bench/codec   prints one line a case: bytes on the wire, ns per message */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "codec.h"

enum { ROUNDS = 50000, REPEATS = 7 };

static uint8_t message[BOUND_UPLINK_BYTES], copy[BOUND_UPLINK_BYTES];
static size_t message_bytes;
static struct arena arena;

static const struct stamp now = {
    .boot = 0x9f1c2a7753e0b4d8, .mono.ms = 86400000 * 3, .wall.ms = 1578416551120, .quality = CLOCK_SYNCED};

/* A confirmed J1939 fault as a source gives it, without freeze frame. */
static const struct fault_report fault = {
    .key = {.bus = "can0",
        .reporter_kind = REPORTER_J1939_NAME,
        .reporter = 0x80fe7a0001c4d2a1,
        .ns = "j1939",
        .code = "789",
        .mode = 2,
        .component = ""},
    .reporter_address = 11,
    .subject = "",
    .from = FAULT_PENDING,
    .to = FAULT_CONFIRMED,
    .uds_status = UDS_TEST_FAILED | UDS_CONFIRMED,
    .severity = 2,
    .lamps = 0x04ff,
    .source_occurrences = 3,
    .occurrences = 1,
};

static struct measure measures[24];

static void fail_out(const struct fail *f)
{
    fprintf(stderr, "%s\n", f->text);
    exit(1);
}

/* One uplink: fault_count faults, and a health record of 24 measures when asked for. */
static void encode(size_t fault_count, bool health)
{
    struct uplink u = {.epoch = 0xfeedfacecafebeef, .session = 12, .anchor = now};
    struct record r = {.stamp = now, .behind = "", .kind = RECORD_FAULT, .fault = fault};
    uint8_t one[BOUND_RECORD_BYTES];
    struct fail f;
    size_t n;

    message_bytes = codec_uplink_begin(&u, message, sizeof message);
    for (size_t i = 0; i < fault_count; i++) {
        r.number = 1000 + i;
        if (codec_record_encode(&r, one, sizeof one, &n, &f) < 0)
            fail_out(&f);
        message_bytes = codec_uplink_add(message, message_bytes, sizeof message, one, n);
    }
    if (!health)
        return;
    struct record h = {.lane = LANE_HEALTH, .number = 77, .stamp = now, .behind = "", .kind = RECORD_HEALTH};
    h.health = (struct health){.interval_ms = 3600000,
        .measures = measures,
        .measure_count = countof(measures),
        .operating_hours = 1234.5,
        .uptime_ms = 259200000,
        .restart_reason = ""};
    if (codec_record_encode(&h, one, sizeof one, &n, &f) < 0)
        fail_out(&f);
    message_bytes = codec_uplink_add(message, message_bytes, sizeof message, one, n);
}

static void encode_small(void)
{
    encode(1, false);
}

static void encode_large(void)
{
    encode(8, true);
}

static void decode(void)
{
    struct uplink u;
    struct fail f;

    arena_reset(&arena);
    if (codec_uplink_decode(message, message_bytes, &arena, &u, &f) < 0)
        fail_out(&f);
}

static void copy_message(void)
{
    memcpy(copy, message, message_bytes);
    __asm__ volatile("" ::: "memory");
}

/* The best of several runs: what disturbs only ever adds. */
static double ns_of(void (*work)(void))
{
    double best = 1e9;

    for (int repeat = 0; repeat < REPEATS; repeat++) {
        struct timespec a, b;

        clock_gettime(CLOCK_MONOTONIC, &a);
        for (int i = 0; i < ROUNDS; i++)
            work();
        clock_gettime(CLOCK_MONOTONIC, &b);
        double ns = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / ROUNDS;
        best = ns < best ? ns : best;
    }
    return best;
}

static void run(const char *name, void (*encode_it)(void))
{
    double encode_ns = ns_of(encode_it), decode_ns = ns_of(decode), copy_ns = ns_of(copy_message);

    printf("%-28s %5zu bytes  encode %6.0f ns  decode %6.0f ns  memcpy %4.0f ns  arena %6zu bytes\n", name,
        message_bytes, encode_ns, decode_ns, copy_ns, arena.used);
}

int main(void)
{
    static const char *const names[] = {"coolant_temperature", "oil_pressure", "engine_speed", "battery_voltage"};

    arena_init(&arena, malloc(BOUND_ARENA_BYTES), BOUND_ARENA_BYTES);
    if (!arena.bytes)
        return 1;
    for (size_t i = 0; i < countof(measures); i++)
        measures[i] = (struct measure){names[i % 4], 1.5, 2.25, 9.75, 3.5, 60, i % 4 == 2 ? "rpm" : "kPa"};
    run("1 fault", encode_small);
    run("8 faults, 24 measures", encode_large);
    free(arena.bytes);
    return 0;
}
