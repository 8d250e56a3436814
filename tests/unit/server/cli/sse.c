/* sse: events come whole, however the bytes are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sse.h"

static char heard[512];
static int room;

static bool hear(void *ctx, const char *kind, const char *data)
{
    (void)ctx;
    size_t n = strlen(heard);
    snprintf(heard + n, sizeof heard - n, "[%s|%s]", kind, data);
    return --room > 0;
}

static bool feed(const char *text, size_t piece)
{
    static struct sse s;
    size_t n = strlen(text);

    sse_init(&s);
    heard[0] = '\0';
    room = 100;
    for (size_t at = 0; at < n; at += piece)
        if (!sse_feed(&s, text + at, n - at < piece ? n - at : piece, hear, NULL))
            return false;
    return true;
}

static void events_come_whole_however_they_are_cut(void **state)
{
    static const char stream[] =
        ": hello\n\nid: 1\nevent: ticket\ndata: {\"a\":1}\n\n: ping\n\ndata:x\r\n\r\nevent: gap\ndata: y\n\nevent: cut";
    (void)state;

    for (size_t piece = 1; piece < sizeof stream; piece += 3) {
        assert_true(feed(stream, piece));
        assert_string_equal(heard, "[ticket|{\"a\":1}][|x][gap|y]");
    }
}

static void a_line_beyond_the_bound_is_left_out_and_the_next_is_read(void **state)
{
    char *text = malloc(2 * SSE_LINE_BYTES);
    (void)state;

    memset(text, 'a', 2 * SSE_LINE_BYTES);
    memcpy(text, "data: ", 6);
    strcpy(text + SSE_LINE_BYTES + 10, "\n\ndata: b\n\n");
    assert_true(feed(text, 1000));
    assert_string_equal(heard, "[|b]");
    free(text);
}

static void the_listener_may_end_it(void **state)
{
    static struct sse s;
    (void)state;

    sse_init(&s);
    heard[0] = '\0';
    room = 1;
    assert_false(sse_feed(&s, "data: a\n\ndata: b\n\n", 18, hear, NULL));
    assert_string_equal(heard, "[|a]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_whole_however_they_are_cut),
        cmocka_unit_test(a_line_beyond_the_bound_is_left_out_and_the_next_is_read),
        cmocka_unit_test(the_listener_may_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
