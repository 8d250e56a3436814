/* transport: J1939-21 transfers put back together, or dropped, by somebody who only listens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "transport.h"

enum { DM1 = 65226 };

struct bench {
    struct transport t;
    struct mono now;
    struct transport_message last;
    unsigned done;
};

static int open_bench(void **state)
{
    static struct bench b;

    b = (struct bench){.done = 0};
    transport_init(&b.t);
    *state = &b;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *b = *state;

    transport_done(&b->t);
    return 0;
}

static void control(
    struct bench *b, uint8_t kind, uint8_t from, uint8_t to, unsigned size, unsigned packets, uint32_t pgn)
{
    const uint8_t data[8] = {kind, (uint8_t)size, (uint8_t)(size >> 8), (uint8_t)packets, 0xff, (uint8_t)pgn,
        (uint8_t)(pgn >> 8), (uint8_t)(pgn >> 16)};

    b->now.ms += 10;
    transport_control(&b->t, from, to, data, b->now);
}

static void announce(struct bench *b, uint8_t from, uint8_t to, unsigned size)
{
    control(b, to == 255 ? 32 : 16, from, to, size, (size + 6) / 7, DM1);
}

static void ready_for(struct bench *b, uint8_t from, uint8_t to, unsigned count, unsigned next)
{
    control(b, 17, from, to, count | next << 8, 0xff, DM1);
}

/* Packet n holds the bytes n, n + 1, … */
static bool packet(struct bench *b, uint8_t from, uint8_t to, unsigned n)
{
    uint8_t data[8] = {(uint8_t)n};

    for (unsigned i = 1; i < 8; i++)
        data[i] = (uint8_t)(n + i - 1);
    b->now.ms += 50;
    bool complete = transport_data(&b->t, from, to, data, b->now, &b->last);
    b->done += complete;
    return complete;
}

static void packets(struct bench *b, uint8_t from, uint8_t to, unsigned first, unsigned last)
{
    for (unsigned n = first; n <= last; n++)
        packet(b, from, to, n);
}

static void a_broadcast_is_put_together(void **state)
{
    struct bench *b = *state;

    announce(b, 3, 255, 16);
    assert_false(packet(b, 3, 255, 1));
    assert_false(packet(b, 3, 255, 2));
    assert_true(packet(b, 3, 255, 3));
    assert_int_equal(b->last.pgn, DM1);
    assert_int_equal(b->last.size, 16);
    assert_memory_equal(b->last.bytes, ((uint8_t[]){1, 2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6, 7, 8, 3, 4}), 16);
    assert_false(packet(b, 3, 255, 4));
}

static void the_longest_message_has_1785_bytes(void **state)
{
    struct bench *b = *state;

    announce(b, 3, 255, 1785);
    packets(b, 3, 255, 1, 255);
    assert_int_equal(b->done, 1);
    assert_int_equal(b->last.size, 1785);
    assert_int_equal(b->last.bytes[1784], (255 + 6) & 255);
}

static void a_broadcast_and_a_directed_transfer_of_one_source_interleave(void **state)
{
    struct bench *b = *state;

    announce(b, 0, 255, 14);
    announce(b, 0, 0xf9, 20);
    packet(b, 0, 255, 1);
    ready_for(b, 0xf9, 0, 3, 1);
    packet(b, 0, 0xf9, 1);
    packet(b, 0, 0xf9, 2);
    assert_true(packet(b, 0, 255, 2));
    assert_int_equal(b->last.size, 14);
    assert_true(packet(b, 0, 0xf9, 3));
    assert_int_equal(b->last.size, 20);
}

static void a_new_announcement_replaces_the_old(void **state)
{
    struct bench *b = *state;

    announce(b, 3, 255, 20);
    packets(b, 3, 255, 1, 2);
    announce(b, 3, 255, 14);
    packets(b, 3, 255, 1, 2);
    assert_int_equal(b->done, 1);
    assert_int_equal(b->last.size, 14);
    assert_int_equal(b->t.dropped, 1);
}

static void a_packet_out_of_sequence_drops_the_transfer(void **state)
{
    static const unsigned orders[][3] = {{1, 3, 2}, {2, 1, 3}, {1, 2, 4}, {1, 0, 2}, {3, 2, 1}};
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        announce(b, 3, 255, 21);
        for (unsigned k = 0; k < 3; k++)
            packet(b, 3, 255, orders[i][k]);
    }
    assert_int_equal(b->done, 0);
}

static void a_packet_heard_twice_is_taken_once(void **state)
{
    uint8_t changed[8] = {2, 9, 9, 9, 9, 9, 9, 9};
    struct bench *b = *state;

    announce(b, 3, 255, 21);
    packet(b, 3, 255, 1);
    packet(b, 3, 255, 1);
    packet(b, 3, 255, 2);
    packet(b, 3, 255, 2);
    assert_true(packet(b, 3, 255, 3));

    announce(b, 3, 255, 21);
    packets(b, 3, 255, 1, 2);
    assert_false(transport_data(&b->t, 3, 255, changed, b->now, &b->last)); /* not the same bytes: torn */
    assert_false(packet(b, 3, 255, 3));
}

static void silence_drops_the_transfer(void **state)
{
    struct bench *b = *state;

    announce(b, 3, 255, 14);
    packet(b, 3, 255, 1);
    b->now.ms += 700; /* and 50: T1 is 750 ms */
    assert_true(packet(b, 3, 255, 2));
    announce(b, 3, 255, 14);
    packet(b, 3, 255, 1);
    b->now.ms += 701;
    assert_false(packet(b, 3, 255, 2));

    announce(b, 0, 9, 14);
    packet(b, 0, 9, 1);
    b->now.ms += 1200; /* T2 is 1,250 ms */
    assert_true(packet(b, 0, 9, 2));
}

static void the_receiver_may_ask_again(void **state)
{
    struct bench *b = *state;

    announce(b, 0, 9, 28);
    ready_for(b, 9, 0, 2, 1);
    packets(b, 0, 9, 1, 2);
    ready_for(b, 9, 0, 2, 2); /* did not get packet 2 */
    packets(b, 0, 9, 2, 3);
    ready_for(b, 9, 0, 0, 0xff); /* hold */
    ready_for(b, 9, 0, 1, 4);
    assert_true(packet(b, 0, 9, 4));
    announce(b, 0, 9, 28);
    ready_for(b, 9, 0, 2, 3); /* nobody can ask for what was never sent */
    assert_false(packet(b, 0, 9, 3));
}

static void an_abort_by_either_side_drops_the_directed_transfer_only(void **state)
{
    struct bench *b = *state;

    announce(b, 0, 255, 14);
    announce(b, 0, 9, 14);
    control(b, 255, 9, 0, 0xffff, 0xff, DM1);
    packets(b, 0, 9, 1, 2);
    assert_int_equal(b->done, 0);
    announce(b, 0, 9, 14);
    control(b, 255, 0, 9, 0xffff, 0xff, DM1);
    packets(b, 0, 9, 1, 2);
    assert_int_equal(b->done, 0);
    packets(b, 0, 255, 1, 2);
    assert_int_equal(b->done, 1);
}

static void announcements_that_contradict_themselves_are_dropped(void **state)
{
    static const struct {
        unsigned size, packets;
    } wrong[] = {{0, 0}, {14, 3}, {14, 1}, {1786, 255}, {65535, 255}, {14, 0}};
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        control(b, 32, 3, 255, wrong[i].size, wrong[i].packets, DM1);
        packets(b, 3, 255, 1, 3);
    }
    control(b, 32, 3, 7, 14, 2, DM1); /* a broadcast to one */
    packets(b, 3, 7, 1, 2);
    control(b, 16, 3, 255, 14, 2, DM1); /* a request to all */
    packets(b, 3, 255, 1, 2);
    assert_int_equal(b->done, 0);
}

static void the_oldest_open_transfer_gives_way(void **state)
{
    struct bench *b = *state;

    for (unsigned source = 0; source <= BOUND_J1939_TRANSFERS; source++)
        announce(b, (uint8_t)source, 255, 14);
    assert_int_equal(b->t.dropped, 1);
    b->now.ms -= 600; /* none has timed out */
    for (unsigned source = 0; source <= BOUND_J1939_TRANSFERS; source++) {
        b->now.ms -= 100;
        packets(b, (uint8_t)source, 255, 1, 2);
    }
    assert_int_equal(b->done, BOUND_J1939_TRANSFERS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)
    const struct CMUnitTest tests[] = {
        TEST(a_broadcast_is_put_together),
        TEST(the_longest_message_has_1785_bytes),
        TEST(a_broadcast_and_a_directed_transfer_of_one_source_interleave),
        TEST(a_new_announcement_replaces_the_old),
        TEST(a_packet_out_of_sequence_drops_the_transfer),
        TEST(a_packet_heard_twice_is_taken_once),
        TEST(silence_drops_the_transfer),
        TEST(the_receiver_may_ask_again),
        TEST(an_abort_by_either_side_drops_the_directed_transfer_only),
        TEST(announcements_that_contradict_themselves_are_dropped),
        TEST(the_oldest_open_transfer_gives_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
