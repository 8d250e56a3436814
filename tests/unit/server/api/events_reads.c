/* events_reads: what events.c does when commits fall into its reads, with the order of things in the test's hands: the
 * pool, the table and the connection are the test's own, and nothing runs by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "events.h"

static struct {
    struct event_base *base;
    struct events *events;
    int64_t newest;  /* event of the table */
    struct job *job; /* submitted and not run yet; NULL = none */
    bool full;       /* the queue takes nothing */
    char sent[4096]; /* to the one client */
    void (*drained)(void *ctx), (*gone)(void *ctx);
    void *client;
} desk;

/* ---------------------------------------------------------------- in place of pool.c, store_event.c and http.c */

bool pool_submit(struct pool *p, struct job *j)
{
    (void)p;
    assert_null(desk.job);
    if (desk.full)
        return false;
    desk.job = j;
    return true;
}

int store_each_event(struct store *s, int64_t after_id, int limit, bool (*each)(void *ctx, const struct event_row *row),
    void *ctx, struct fail *f)
{
    (void)s, (void)f;
    for (int64_t id = after_id + 1; id <= desk.newest && limit-- > 0; id++)
        if (!each(ctx, &(struct event_row){.id = id, .at = {1}, .kind = "ticket", .json = "{}"}))
            break;
    return 0;
}

int store_last_event(struct store *s, int64_t *ret_id, struct fail *f)
{
    (void)s, (void)f;
    *ret_id = desk.newest;
    return 0;
}

void http_stream_send(struct http_exchange *x, const char *text, size_t n)
{
    size_t used = strlen(desk.sent);
    (void)x;

    assert_true(used + n < sizeof desk.sent);
    memcpy(desk.sent + used, text, n);
    desk.sent[used + n] = '\0';
}

void http_stream_start(
    struct http_exchange *x, const char *text, size_t n, void (*drained)(void *ctx), void (*gone)(void *ctx), void *ctx)
{
    desk.drained = drained;
    desk.gone = gone;
    desk.client = ctx;
    http_stream_send(x, text, n);
}

void http_stream_end(struct http_exchange *x)
{
    (void)x;
}

/* ---------------------------------------------------------------- */

static void read_table(void)
{
    struct fail f = {0};

    assert_non_null(desk.job);
    desk.job->run(desk.job, (struct store *)&desk, &f);
}

static void hand_back(void)
{
    struct job *j = desk.job;

    desk.job = NULL;
    j->done(j);
}

static void commit(int64_t newest)
{
    desk.newest = newest;
    events_wake(desk.events);
}

static int has_sent(int64_t id)
{
    char text[32];

    snprintf(text, sizeof text, "id: %lld\n", (long long)id);
    return strstr(desk.sent, text) != NULL;
}

static int set_up(void **state)
{
    (void)state;
    memset(&desk, 0, sizeof desk);
    desk.base = event_base_new();
    desk.newest = 1;
    desk.events = events_new(desk.base, NULL, 4, 60 * 1000);
    return events_subscribe(desk.events, (struct http_exchange *)&desk, "0") ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    events_stop(desk.events);
    if (desk.job)
        hand_back();
    events_free(desk.events);
    event_base_free(desk.base);
    return 0;
}

static void an_event_that_is_committed_behind_the_read_is_read_next(void **state)
{
    (void)state;
    desk.drained(desk.client); /* the greeting left */
    read_table();
    commit(2); /* the read has seen only the first */
    hand_back();
    assert_true(has_sent(1));
    assert_false(has_sent(2));
    desk.drained(desk.client); /* nothing else will wake it */
    read_table();
    hand_back();
    assert_true(has_sent(2));
}

static void an_event_that_is_committed_before_the_read_costs_one_more_and_comes_once(void **state)
{
    (void)state;
    desk.drained(desk.client);
    commit(2);
    read_table();
    hand_back();
    assert_true(has_sent(2));
    desk.drained(desk.client);
    read_table();
    hand_back();
    assert_null(desk.job);
    const char *first = strstr(desk.sent, "id: 2\n");
    assert_null(strstr(first + 1, "id: 2\n"));
}

static void a_client_that_has_all_is_not_read_for(void **state)
{
    (void)state;
    desk.drained(desk.client);
    read_table();
    hand_back();
    desk.drained(desk.client);
    assert_null(desk.job);
    commit(2);
    read_table();
    hand_back();
    assert_true(has_sent(2));
}

static void a_full_queue_delays_and_loses_nothing(void **state)
{
    (void)state;
    desk.full = true;
    desk.drained(desk.client);
    commit(2);
    assert_null(desk.job);
    desk.full = false;
    commit(3);
    read_table();
    hand_back();
    assert_true(has_sent(1) && has_sent(2) && has_sent(3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_event_that_is_committed_behind_the_read_is_read_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_event_that_is_committed_before_the_read_costs_one_more_and_comes_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_that_has_all_is_not_read_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_queue_delays_and_loses_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
