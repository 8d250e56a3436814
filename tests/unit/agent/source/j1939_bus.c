/* j1939_bus: frames of the published vectors in, what the sink hears out; and what no disturbance may do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "canline.h"
#include "j1939_bus.h"

/* ---- a sink that writes down what it hears */

struct ear {
    char text[16384];
    unsigned lists;
};

static void hear(struct ear *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void hear(struct ear *e, const char *format, ...)
{
    size_t used = strlen(e->text);
    va_list args;

    va_start(args, format);
    vsnprintf(e->text + used, sizeof e->text - used, format, args);
    va_end(args);
}

static void hear_reporter(struct ear *e, const struct reporter *r)
{
    if (r->kind == REPORTER_J1939_NAME)
        hear(e, "%llx@%u", (unsigned long long)r->id, r->address);
    else
        hear(e, "@%u", r->address);
}

static int on_list(void *ctx, const struct fault_list *l, const struct stamp *when, struct fail *f)
{
    struct ear *e = ctx;
    (void)when;
    (void)f;

    e->lists++;
    hear(e, "%slist ", e->text[0] ? "; " : "");
    hear_reporter(e, &l->reporter);
    if (l->evidence.lamps != LAMPS_NONE)
        hear(e, " %04X", (unsigned)l->evidence.lamps);
    for (size_t i = 0; i < l->count; i++) {
        const struct sighting *s = &l->items[i];

        hear(e, " %s/%u/%d%s%s%s%s", s->code, s->mode, s->source_occurrences, s->ambiguous ? "?" : "",
            s->network ? "~" : "", s->subject[0] ? ">" : "", s->subject);
    }
    hear(e, "%s", l->complete ? "" : " incomplete");
    return 0;
}

static int on_observe(void *ctx, const struct observation *o, const struct stamp *when, struct fail *f)
{
    (void)ctx;
    (void)o;
    (void)when;
    (void)f;
    fail_msg("the bus gives lists only");
    return 0;
}

static int on_silent(void *ctx, const struct reporter *r, const struct stamp *when, struct fail *f)
{
    struct ear *e = ctx;
    (void)when;
    (void)f;

    hear(e, "%ssilent ", e->text[0] ? "; " : "");
    hear_reporter(e, r);
    return 0;
}

static int on_moved(void *ctx, const struct reporter *r, bool lost, const struct stamp *when, struct fail *f)
{
    struct ear *e = ctx;
    (void)when;
    (void)f;

    hear(e, "%s%s ", e->text[0] ? "; " : "", lost ? "lost" : "moved");
    hear_reporter(e, r);
    return 0;
}

static int on_cleared(void *ctx, const struct reporter *r, const char *ns, bool active, const char *actor,
    const struct stamp *when, struct fail *f)
{
    struct ear *e = ctx;
    (void)when;
    (void)f;

    hear(e, "%scleared ", e->text[0] ? "; " : "");
    hear_reporter(e, r);
    hear(e, " %s %s by %s", ns, active ? "active" : "healed", actor);
    return 0;
}

static int on_health(void *ctx, const struct health *h, const struct stamp *when, struct fail *f)
{
    (void)ctx;
    (void)h;
    (void)when;
    (void)f;
    fail_msg("a bus has no health");
    return 0;
}

static int on_inventory(void *ctx, const struct inventory *i, const struct stamp *when, struct fail *f)
{
    struct ear *e = ctx;
    (void)when;
    (void)f;

    hear(e, "%s", e->text[0] ? "; " : "");
    for (size_t k = 0; k < i->part_count; k++)
        hear(e, "part %s [%s] [%s] [%s] %s", i->parts[k].position, i->parts[k].supplier, i->parts[k].part_no,
            i->parts[k].serial, i->parts[k].source);
    for (size_t k = 0; k < i->firmware_count; k++)
        hear(e, "firmware %s [%s]", i->firmware[k].component, i->firmware[k].version);
    return 0;
}

static struct ear ear;
static const struct source_sink sink = {.ctx = &ear,
    .list = on_list,
    .observe = on_observe,
    .silent = on_silent,
    .moved = on_moved,
    .cleared = on_cleared,
    .health = on_health,
    .inventory = on_inventory};
static struct j1939_bus *bus;
static struct stamp now;

static int fresh(void **state)
{
    (void)state;
    memset(&ear, 0, sizeof ear);
    now = (struct stamp){.boot = 0};
    bus = j1939_bus_new("can0", &sink);
    return 0;
}

static int done(void **state)
{
    (void)state;
    j1939_bus_free(bus);
    return 0;
}

static void send_frame(uint32_t id, const uint8_t *data, size_t n)
{
    j1939_bus_frame(bus, id, data, n, &now);
}

/* "18FECA03#00FF00000000FFFF", frames 50 ms apart. */
static void send_text(const char *packed)
{
    struct can_frame_read f;
    const char *why;
    char line[64];

    snprintf(line, sizeof line, "can0 %s", packed);
    assert_int_equal(canline_parse(line, strlen(line), &f, &why), CANLINE_FRAME);
    now.mono.ms += 50;
    send_frame(f.id, f.data, f.length);
}

/* A whole message by BAM or, to one destination, by RTS. */
static void send_message(uint8_t from, uint8_t to, uint32_t pgn, const void *bytes, size_t n)
{
    uint8_t cm[8] = {to == 255 ? 32 : 16, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)((n + 6) / 7), 0xff, (uint8_t)pgn,
        (uint8_t)(pgn >> 8), (uint8_t)(pgn >> 16)};

    send_frame(0x18EC0000u | (uint32_t)to << 8 | from, cm, 8);
    for (size_t at = 0; at < n; at += 7) {
        uint8_t dt[8] = {(uint8_t)(at / 7 + 1), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

        memcpy(dt + 1, (const uint8_t *)bytes + at, n - at < 7 ? n - at : 7);
        now.mono.ms += 50;
        send_frame(0x18EB0000u | (uint32_t)to << 8 | from, dt, 8);
    }
}

static void heard(const char *expected)
{
    assert_string_equal(ear.text, expected);
    ear.text[0] = '\0';
}

/* ---- vectors */

static void single_frames_are_lists(void **state)
{
    (void)state;
    send_text("18FECA03#00FF00000000FFFF");
    heard("list @3 00FF");
    send_text("18FECA31#C4FFCB05097EFFFF");
    heard("list @49 C4FF 1483/9/126~");
    send_text("18FECA03#00FFD007097FFFFF");
    heard("list @3 00FF 2000/9/-1~>ecu:0");
    send_text("18FECA03#04FF61021381");
    heard("list @3 04FF 609/19/1?~");
    send_text("18FECA03#04FF6102");
    heard("list @3 04FF incomplete");
    send_text("18FECA03#04");
    heard("");
}

static void a_controller_is_not_its_own_culprit(void **state)
{
    (void)state;
    send_text("18FECA03#04FFD3071F7FFFFF");
    heard("list @3 04FF 2003/31/-1~");
}

static void transfers_are_lists(void **state)
{
    (void)state;
    send_text("1CECFF00#200E0002FFCAFE00");
    send_text("1CEBFF00#0143FFBF00090854");
    heard("");
    send_text("1CEBFF00#02000908ED141F01");
    heard("list @0 43FF 191/9/8~ 84/9/8~ 5357/31/1");
    send_text("18ECFF0B#201A0004FFCAFE00");
    send_text("18EBFF0B#0104FF1503027E16");
    send_text("18EBFF0B#0203027E1703027E");
    send_text("18EBFF0B#031803027E220304");
    send_text("18EBFF0B#047E18030701FFFF");
    heard("list @11 04FF 789/2/126 790/2/126 791/2/126 792/2/126 802/4/126 792/7/1");
}

static void every_priority_is_the_same(void **state)
{
    static const char *const frames[] = {"%02XECFF0B#200A0002FFCAFE00", "%02XEBFF0B#0104FF1503027E16",
        "%02XEBFF0B#0203027EFFFFFFFF", "%02XFECA03#00FFD007097FFFFF"};
    (void)state;

    for (unsigned priority = 0; priority < 8; priority++) {
        for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
            char text[40];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(text, sizeof text, frames[i], priority << 2);
#pragma GCC diagnostic pop
            send_text(text);
        }
        heard("list @11 04FF 789/2/126 790/2/126; list @3 00FF 2000/9/-1~>ecu:0");
    }
}

static void a_directed_list_counts_like_a_broadcast_one(void **state)
{
    static const uint8_t list[] = {0x04, 0xff, 0x60, 0, 3, 0x7e, 0x3d, 3, 3, 0x7e};
    (void)state;

    send_message(0x31, 0xf9, 65226, list, sizeof list);
    heard("list @49 04FF 96/3/126 829/3/126");
    send_message(0x31, 0xf9, 65227, list, sizeof list); /* DM2 answers a question */
    heard("");
}

static void a_list_that_takes_long_keeps_its_sender_alive(void **state)
{
    static uint8_t list[2 + 4 * 40] = {0x04, 0xff};
    (void)state;

    for (uint8_t i = 0; i < 40; i++)
        list[2 + 4 * i] = (uint8_t)(i + 1);
    send_message(3, 255, 65226, list, sizeof list);
    assert_int_equal(ear.lists, 2);
    assert_memory_equal(ear.text, "list @3 incomplete; list @3 04FF 1/0/0 2/0/0", 44);
}

static void a_claim_is_the_reporters_identity_and_an_intruder_changes_nothing(void **state)
{
    (void)state;
    send_text("18FECA00#43FFBF000908FFFF");
    heard("list @0 43FF 191/9/8~");
    send_text("18EEFF00#0000000000000000");
    send_text("18FECA00#00FF00000000FFFF"); /* whose? */
    heard("");
    send_text("18EEFFFE#F4B84E0100000000");
    heard("lost @0; moved 0@0");
    assert_true(j1939_bus_ecu(bus, REPORTER_CAN_ADDRESS, 0)->name == 0x14EB8F4);
    send_text("18FECA00#00FF00000000FFFF");
    heard("list 0@0 00FF");
    send_text("18EEFF55#10F7450100450001");
    heard("moved 10045000145f710@85");
    send_text("18FECA55#00FF00000000FFFF");
    heard("list 10045000145f710@85 00FF");
}

static void known_before(
    void *ctx, const char *ns, void (*each)(void *each_ctx, const struct reporter *r), void *each_ctx)
{
    const struct reporter here = {"can0", REPORTER_J1939_NAME, 0x14EB8F4, 0, ""};
    const struct reporter elsewhere = {"can1", REPORTER_J1939_NAME, 0x777, 3, ""};

    assert_ptr_equal(ctx, &ear);
    assert_string_equal(ns, "j1939");
    each(each_ctx, &here);
    each(each_ctx, &elsewhere);
}

static void a_restart_does_not_make_another_reporter_of_an_ecu(void **state)
{
    struct source_sink knowing = sink;
    (void)state;

    knowing.known = known_before;
    j1939_bus_free(bus);
    bus = j1939_bus_new("can0", &knowing);
    send_text("18FECA00#43FFBF000908FFFF");
    heard("list 14eb8f4@0 43FF 191/9/8~");
    send_text("18FECA03#00FF00000000FFFF");
    heard("list @3 00FF");
}

static void an_acknowledged_clear_is_told_with_who_asked(void **state)
{
    (void)state;
    send_text("1CE8FF3D#00FFFFFFF9D3FE00");
    heard("cleared @61 j1939 active by sa:249");
    send_text("18E8FF3D#00FFFFFFFACCFE00");
    heard("cleared @61 j1939 healed by sa:250");
    send_text("1CE8FF3D#01FFFFFFF9D3FE00"); /* refused */
    send_text("1CE8FF3D#00FFFFFFF9CAFE00"); /* of something else */
    heard("");
}

static void parts_and_firmware_are_told_when_new(void **state)
{
    static const char component[] = "CMMNS*6C u07D0810*79123456*\0", ecu[] = "P5 *S6**ECM*ACME*";
    (void)state;

    send_message(0, 255, 65259, component, sizeof component - 1);
    heard("part can0:component:0 [CMMNS] [6C u07D0810] [79123456] j1939:65259");
    send_message(0, 255, 65259, component, sizeof component - 1);
    heard("");
    send_message(0, 255, 64965, ecu, sizeof ecu - 1);
    heard("part can0:ecu:0 [ACME] [P5] [S6] j1939:64965");
    send_message(0, 255, 65242, "\x01PBT5*", 6);
    heard("firmware can0:ecu:0 [PBT5]");
    send_text("18FEEB00#4142434445464748"); /* no star: no identification */
    heard("");
}

static void a_lost_bus_silences_who_had_codes(void **state)
{
    (void)state;
    send_text("18FECA03#00FF00000000FFFF");
    send_text("18FECA31#C4FFCB05097EFFFF");
    ear.text[0] = '\0';
    j1939_bus_gone(bus, &now);
    heard("silent @49");
}

/* ---- properties */

static uint32_t seed;

static uint32_t random_u32(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    return seed ^= seed << 5;
}

static const char *const v6[] = {"18ECFF0B#201A0004FFCAFE00", "18EBFF0B#0104FF1503027E16", "18EBFF0B#0203027E1703027E",
    "18EBFF0B#031803027E220304", "18EBFF0B#047E18030701FFFF"};
enum { V6_FRAMES = 5 };

static const char v6_list[] = "list @11 04FF 789/2/126 790/2/126 791/2/126 792/2/126 802/4/126 792/7/1";

/* The transfer with packets dropped, repeated and swapped gives its list or nothing. */
static void a_disturbed_transfer_gives_its_own_list_or_none(void **state)
{
    unsigned whole = 0, none = 0;
    (void)state;

    seed = 6;
    for (unsigned round = 0; round < 5000; round++) {
        const char *frames[3 * V6_FRAMES];
        unsigned n = 0;

        for (unsigned i = 0; i < V6_FRAMES; i++)
            for (unsigned copies = random_u32() % 8, k = 0; k < (copies == 0 ? 0 : copies == 1 ? 2u : 1u); k++)
                frames[n++] = v6[i];
        if (n > 1 && random_u32() % 3 == 0) {
            unsigned a = random_u32() % n, b = random_u32() % n;
            const char *swap = frames[a];

            frames[a] = frames[b];
            frames[b] = swap;
        }
        for (unsigned i = 0; i < n; i++)
            send_text(frames[i]);
        if (ear.text[0] == '\0')
            none++;
        else if (strncmp(ear.text, v6_list, sizeof v6_list - 1) == 0)
            whole++;
        else
            fail_msg("round %u: %s", round, ear.text);
        ear.text[0] = '\0';
        now.mono.ms += 1000;
    }
    assert_true(whole > 500 && none > 500);
}

/* Random frames from anybody, except what would be a list or a transfer of the same sender, between the frames. */
static void strange_frames_between_change_nothing(void **state)
{
    (void)state;

    seed = 7;
    for (unsigned round = 0; round < 300; round++) {
        for (unsigned i = 0; i < V6_FRAMES; i++) {
            for (unsigned k = random_u32() % 20; k > 0; k--) {
                uint32_t words[2] = {random_u32(), random_u32()};
                uint32_t id = random_u32() & 0x1fffffff, pgn = id >> 8 & 0x3ffff;
                uint8_t data[8];

                if ((id & 255) == 0x0b || pgn == 65226 || pgn >> 8 == 0xe8 || pgn >> 8 == 0xee)
                    continue;
                memcpy(data, words, sizeof data);
                send_frame(id, data, random_u32() % 9);
            }
            send_text(v6[i]);
        }
        assert_non_null(strstr(ear.text, v6_list));
        assert_int_equal(ear.lists, 1);
        memset(&ear, 0, sizeof ear);
    }
}

/* Any bytes at all: nothing is read past its end (the sanitizers look), nothing grows without bound. */
static void noise_on_the_interesting_groups_is_survived(void **state)
{
    static const uint32_t ids[] = {0x18ECFF00, 0x18EBFF00, 0x18EC0500, 0x18EB0500, 0x18FECA00, 0x18EEFF00, 0x18EEFFFE,
        0x18EAFFFE, 0x18E8FF00, 0x18FEEB00, 0x18FEDA00, 0x18FDC500};
    (void)state;

    seed = 8;
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t words[2] = {random_u32(), random_u32()};
        uint8_t data[8];

        memcpy(data, words, sizeof data);
        data[0] = (uint8_t)((uint8_t[]){16, 17, 19, 32, 255, 1, 2, data[0]}[data[1] % 8]);
        if (data[2] % 2)
            memcpy(data + 1, (uint8_t[]){14, 0, 2, 0xff, 0xca, 0xfe, 0}, 7);
        now.mono.ms += random_u32() % 40;
        send_frame(ids[random_u32() % (sizeof ids / sizeof ids[0])] + random_u32() % 3, data,
            random_u32() % 8 ? 8 : random_u32() % 9);
        if (i % 16 == 0)
            ear.text[0] = '\0';
    }
    struct j1939_stats s;
    j1939_bus_stats(bus, &s);
    assert_in_range(s.dm1, 100, 200000);
    assert_in_range(s.transfers, 10, 200000);
    assert_in_range(s.contested, 1, 200000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)
    const struct CMUnitTest tests[] = {
        TEST(single_frames_are_lists),
        TEST(a_controller_is_not_its_own_culprit),
        TEST(transfers_are_lists),
        TEST(every_priority_is_the_same),
        TEST(a_directed_list_counts_like_a_broadcast_one),
        TEST(a_list_that_takes_long_keeps_its_sender_alive),
        TEST(a_claim_is_the_reporters_identity_and_an_intruder_changes_nothing),
        TEST(a_restart_does_not_make_another_reporter_of_an_ecu),
        TEST(an_acknowledged_clear_is_told_with_who_asked),
        TEST(parts_and_firmware_are_told_when_new),
        TEST(a_lost_bus_silences_who_had_codes),
        TEST(a_disturbed_transfer_gives_its_own_list_or_none),
        TEST(strange_frames_between_change_nothing),
        TEST(noise_on_the_interesting_groups_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
