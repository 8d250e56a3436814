/* guard: what is refused, with which status, wherever the bytes are cut; and what passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "guard.h"

#define GET "GET /a HTTP/1.1\r\n"
#define HOST "Host: x\r\n"
#define POST "POST /a HTTP/1.1\r\n" HOST

struct form {
    const char *name, *bytes;
    size_t n; /* 0 = strlen */
    int status;
};

static const struct form refused[] = {
    {"no Host", GET "\r\n", 0, 400},
    {"no Host, old", "GET /a HTTP/1.0\r\n\r\n", 0, 400},
    {"two Hosts", GET HOST HOST "\r\n", 0, 400},
    {"empty Host", GET "Host:\r\n\r\n", 0, 400},
    {"Host with a path", GET "Host: a/b\r\n\r\n", 0, 400},
    {"two different lengths", POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 0, 400},
    {"two equal lengths", POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 0, 400},
    {"a list of lengths", POST "Content-Length: 3, 3\r\n\r\nabc", 0, 400},
    {"signed length", POST "Content-Length: +3\r\n\r\nabc", 0, 400},
    {"hex length", POST "Content-Length: 0x3\r\n\r\nabc", 0, 400},
    {"empty length", POST "Content-Length:\r\n\r\n", 0, 400},
    {"length beyond 64 bits", POST "Content-Length: 18446744073709551619\r\n\r\nabc", 0, 400},
    {"length and encoding", POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"encoding and length", POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 0, 400},
    {"xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"chunked twice", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"two encodings", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"identity and chunked", POST "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n", 0, 400},
    {"chunked with an old version", "POST /a HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 0, 400},
    {"chunked with GET", GET HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400},
    {"chunked", POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 411},
    {"body with GET", GET HOST "Content-Length: 3\r\n\r\nabc", 0, 400},
    {"blank before the colon", GET HOST "Content-Length : 3\r\n\r\n", 0, 400},
    {"tab before the colon", GET HOST "X\t: 3\r\n\r\n", 0, 400},
    {"blank in a name", GET HOST "X Y: 3\r\n\r\n", 0, 400},
    {"empty name", GET HOST ": 3\r\n\r\n", 0, 400},
    {"no colon", GET HOST "X\r\n\r\n", 0, 400},
    {"folded with a blank", GET HOST "X: a\r\n b\r\n\r\n", 0, 400},
    {"folded with a tab", GET HOST "X: a\r\n\tb\r\n\r\n", 0, 400},
    {"blank first line of headers", GET " " HOST "\r\n", 0, 400},
    {"bare line feed in the headers", GET "Host: x\n\r\n", 0, 400},
    {"bare line feed as the end", GET HOST "\n", 0, 400},
    {"bare line feed in the request line", "GET /a HTTP/1.1\n" HOST "\r\n", 0, 400},
    {"bare carriage return", GET HOST "X: a\rb\r\n\r\n", 0, 400},
    {"two carriage returns", GET HOST "X: a\r\r\n\r\n", 0, 400},
    {"NUL in a value", GET "Host: x\0y\r\n\r\n", sizeof GET - 1 + 9 + 4, 400},
    {"NUL in a name", GET HOST "X\0Y: a\r\n\r\n", sizeof GET - 1 + sizeof HOST - 1 + 8 + 2, 400},
    {"control byte in a value", GET HOST "X: \x1b[1m\r\n\r\n", 0, 400},
    {"delete in a value", GET HOST "X: \x7f\r\n\r\n", 0, 400},
    {"byte above ASCII in a name", GET HOST "X\xc3\xa9: a\r\n\r\n", 0, 400},
    {"two tokens", GET HOST "Authorization: a\r\nAuthorization: b\r\n\r\n", 0, 400},
    {"empty first line", "\r\n" GET HOST "\r\n", 0, 400},
    {"no version", "GET /a\r\n" HOST "\r\n", 0, 400},
    {"two blanks", "GET  /a HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"blank behind the version", "GET /a HTTP/1.1 \r\n" HOST "\r\n", 0, 400},
    {"tab for a blank", "GET\t/a HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"another protocol", "GET /a HTTPS/1.1\r\n" HOST "\r\n", 0, 400},
    {"lower-case protocol", "GET /a http/1.1\r\n" HOST "\r\n", 0, 400},
    {"version 2", "GET /a HTTP/2.0\r\n" HOST "\r\n", 0, 505},
    {"version 1.2", "GET /a HTTP/1.2\r\n" HOST "\r\n", 0, 505},
    {"unknown method", "TRACE /a HTTP/1.1\r\n" HOST "\r\n", 0, 501},
    {"CONNECT", "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n", 0, 501},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, 501},
    {"lower-case method", "get /a HTTP/1.1\r\n" HOST "\r\n", 0, 501},
    {"absolute target", "GET http://x/a HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"star target", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"authority in the target", "GET //evil/a HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"fragment in the target", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"byte above ASCII in the target", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 0, 400},
    {"Expect", POST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n", 0, 417},
    {"body above the cap", POST "Content-Length: 101\r\n\r\n", 0, 413},
};

static const struct form passed[] = {
    {"plain", GET HOST "\r\n", 0, 0},
    {"old", "GET /a HTTP/1.0\r\n" HOST "\r\n", 0, 0},
    {"HEAD", "HEAD /a HTTP/1.1\r\n" HOST "\r\n", 0, 0},
    {"query and escapes", "GET /a/%E7%A9%BA?b=c&d=%20 HTTP/1.1\r\n" HOST "\r\n", 0, 0},
    {"address as Host", GET "Host: [::1]:8480\r\n\r\n", 0, 0},
    {"no blank before a value", GET "Host:x\r\nX:\r\n\r\n", 0, 0},
    {"tab and text above ASCII in a value", GET HOST "X: a\tb \xc3\xa9\r\n\r\n", 0, 0},
    {"length nought", GET HOST "Content-Length: 0\r\n\r\n", 0, 0},
    {"body", POST "Content-Length: 3\r\n\r\nabc", 0, 0},
    {"body of any bytes", POST "content-length: 4\r\n\r\n\0\n\r\n", sizeof POST - 1 + 21 + 4, 0},
    {"no body", POST "\r\n", 0, 0},
    {"body at the cap",
        POST "Content-Length: 100\r\n\r\n"
             "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
        0, 0},
};

static enum guard_verdict feed_in_pieces(struct guard *g, const struct form *form, size_t piece)
{
    size_t n = form->n ? form->n : strlen(form->bytes);
    enum guard_verdict verdict = GUARD_MORE;

    guard_init(g, 100);
    for (size_t at = piece; verdict == GUARD_MORE; at += piece) {
        verdict = guard_feed(g, form->bytes, at < n ? at : n);
        if (at >= n)
            break;
    }
    return verdict;
}

static void ambiguous_requests_are_refused_wherever_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        for (size_t piece = 1; piece <= 64; piece *= 4) {
            struct guard g;

            if (feed_in_pieces(&g, &refused[i], piece) != GUARD_REFUSED || g.status != refused[i].status)
                fail_msg(
                    "%s in pieces of %zu: status %d (%s)", refused[i].name, piece, g.status, g.why ? g.why : "passed");
        }
}

static void plain_requests_pass_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++)
        for (size_t piece = 1; piece <= 256; piece *= 4) {
            struct guard g;

            if (feed_in_pieces(&g, &passed[i], piece) != GUARD_WHOLE)
                fail_msg(
                    "%s in pieces of %zu: status %d (%s)", passed[i].name, piece, g.status, g.why ? g.why : "more");
            assert_int_equal(g.whole, passed[i].n ? passed[i].n : strlen(passed[i].bytes));
        }
}

static void what_follows_a_request_is_not_part_of_it(void **state)
{
    static const char two[] = POST "Content-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n" HOST "\r\n";
    struct guard g;
    (void)state;

    guard_init(&g, 100);
    assert_int_equal(guard_feed(&g, two, sizeof two - 1), GUARD_WHOLE);
    assert_memory_equal(two + g.whole, "GET /b", 6);
}

static void long_heads_are_refused_before_they_end(void **state)
{
    static char bytes[GUARD_HEAD_BYTES + 10];
    struct guard g;
    (void)state;

    memset(bytes, 'a', sizeof bytes);
    guard_init(&g, 100);
    assert_int_equal(guard_feed(&g, bytes, GUARD_HEAD_BYTES), GUARD_MORE);
    assert_int_equal(guard_feed(&g, bytes, GUARD_HEAD_BYTES + 1), GUARD_REFUSED);
    assert_int_equal(g.status, 414);
    memcpy(bytes, GET HOST "X: ", sizeof(GET HOST "X: ") - 1);
    guard_init(&g, 100);
    assert_int_equal(guard_feed(&g, bytes, GUARD_HEAD_BYTES), GUARD_MORE);
    assert_int_equal(guard_feed(&g, bytes, GUARD_HEAD_BYTES + 1), GUARD_REFUSED);
    assert_int_equal(g.status, 431);
}

static int status_of(char *bytes)
{
    struct guard g;

    guard_init(&g, 100);
    return guard_feed(&g, bytes, strlen(bytes)) == GUARD_REFUSED ? g.status : 0;
}

static void counts_and_lengths_have_their_limits(void **state)
{
    char bytes[8192], target[GUARD_TARGET_BYTES + 2];
    (void)state;

    for (int extra = 0; extra <= 1; extra++) {
        int n = snprintf(bytes, sizeof bytes, GET HOST);
        for (int i = 1; i < GUARD_HEADER_COUNT + extra; i++)
            n += snprintf(bytes + n, sizeof bytes - (size_t)n, "X-%d: 1\r\n", i);
        snprintf(bytes + n, sizeof bytes - (size_t)n, "\r\n");
        assert_int_equal(status_of(bytes), extra ? 431 : 0);

        memset(target, 'a', sizeof target);
        target[0] = '/';
        target[GUARD_TARGET_BYTES + extra] = '\0';
        snprintf(bytes, sizeof bytes, "GET %s HTTP/1.1\r\n" HOST "\r\n", target);
        assert_int_equal(status_of(bytes), extra ? 414 : 0);

        snprintf(bytes, sizeof bytes, GET HOST "%.*s: 1\r\n\r\n", GUARD_NAME_BYTES + extra, target + 1);
        assert_int_equal(status_of(bytes), extra ? 400 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ambiguous_requests_are_refused_wherever_they_are_cut),
        cmocka_unit_test(plain_requests_pass_whole),
        cmocka_unit_test(what_follows_a_request_is_not_part_of_it),
        cmocka_unit_test(long_heads_are_refused_before_they_end),
        cmocka_unit_test(counts_and_lengths_have_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
