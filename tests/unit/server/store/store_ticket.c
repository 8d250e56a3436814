/* store_ticket: one open ticket a condition, numbers without holes, clocks that are due, lists for people; also with
 * concurrent writers. */
#include <pthread.h>

#include "catalogue.h"
#include "identity.h"
#include "store_inside.h"
#include "stores.h"

static struct ticket ticket_of(const char *device, const char *code)
{
    struct ticket t = {.number.shard = identity_shard("hub-1"),
        .state = TICKET_TRIAGED,
        .class_ = CLASS_IMPORTANT,
        .occurred = {.at = {1600000000000}, .bound_ms = 30},
        .received = {1600000000100},
        .opened = {1600000000200},
        .occurrences = 1,
        .last_seen = {1600000000300},
        .version = 1};

    snprintf(t.device, sizeof t.device, "%s", device);
    snprintf(t.key.code, sizeof t.key.code, "%s", code);
    strcpy(t.key.bus, "can0");
    strcpy(t.key.reporter, "logical");
    strcpy(t.key.ns, "hvac:格力:a");
    t.key.mode = 7;
    strcpy(t.key.component, "outdoor");
    strcpy(t.product_line, "home");
    strcpy(t.model, "KFR-35");
    return t;
}

static const struct ticket_clock clocks[] = {
    {.kind = CLOCK_TRIAGE, .state = CLOCK_MET, .start = {1}, .target_ms = 3600000, .due = {3600001}, .stopped = {2}},
    {.kind = CLOCK_FIRST_RESPONSE,
        .state = CLOCK_RUNNING,
        .start = {1},
        .target_ms = 7200000,
        .due = {7200001},
        .late_arrival = true,
        .policy_version = 3},
};

static struct ticket_number open_ticket(struct store *s, const struct ticket *t, bool expected)
{
    struct ticket_number number = {0};
    bool opened = !expected;

    assert_ok(store_open_ticket(s, t, clocks, countof(clocks), &number, &opened, f));
    assert_int_equal(opened, expected);
    return number;
}

/* As somebody at the desk would. */
static void set_state(struct store *s, struct ticket_number number, enum ticket_state state)
{
    const struct db_value values[] = {db_i64(state), db_i64(number.shard), db_i64(number.n)};

    assert_ok(db_begin(s->db, f));
    assert_ok(db_run(s->db, "UPDATE ticket SET state = $1 WHERE shard = $2 AND n = $3", values, countof(values), f));
    assert_ok(db_commit(s->db, f));
}

static void a_ticket_comes_back_with_its_clocks_and_number(void **state)
{
    struct stores *s = stores_of(state);
    struct ticket t = ticket_of("hub-1", "E6");
    struct ticket_view view = {0};

    assert_ok(store_begin(s->store, f));
    struct ticket_number number = open_ticket(s->store, &t, true);
    assert_ok(store_commit(s->store, now, f));
    assert_int_equal(number.shard, t.number.shard);
    assert_int_equal(number.n, 1);
    assert_ok(store_get_ticket(s->store, number, &view, f));
    t.number = number;
    assert_same(&view.ticket, &t);
    assert_int_equal(view.clock_count, countof(clocks));
    assert_memory_equal(view.clocks, clocks, sizeof clocks);
    assert_string_equal(view.title_en, "");
    number.n = 2;
    assert_fails(store_get_ticket(s->store, number, &view, f), FAIL_NOT_FOUND);
}

static void a_second_report_joins_the_open_ticket(void **state)
{
    struct stores *s = stores_of(state);
    struct ticket t = ticket_of("hub-1", "E6"), other = ticket_of("hub-1", "E7");
    struct ticket_view view = {0};

    assert_ok(store_begin(s->store, f));
    struct ticket_number first = open_ticket(s->store, &t, true);
    assert_int_equal(open_ticket(s->store, &t, false).n, first.n); /* within the transaction */
    assert_ok(store_commit(s->store, now, f));
    assert_ok(store_begin(s->store, f));
    assert_int_equal(open_ticket(s->store, &t, false).n, first.n);
    assert_ok(store_join_ticket(s->store, first, 5, (struct wall){99}, f));
    assert_int_equal(open_ticket(s->store, &other, true).n, first.n + 1); /* the joins took no number */
    assert_ok(store_commit(s->store, now, f));
    assert_ok(store_get_ticket(s->store, first, &view, f));
    assert_int_equal(view.ticket.occurrences, 5);
    assert_int_equal(view.ticket.last_seen.ms, 99);
    assert_int_equal(view.ticket.version, 1);
}

static void each_part_of_the_key_opens_its_own_ticket(void **state)
{
    struct stores *s = stores_of(state);
    struct ticket rows[8];

    for (size_t i = 0; i < countof(rows); i++)
        rows[i] = ticket_of("hub-1", "E6");
    strcpy(rows[1].key.bus, "");
    strcpy(rows[2].key.reporter, "x");
    strcpy(rows[3].key.ns, "app");
    strcpy(rows[4].key.code, "E60");
    rows[5].key.mode = 8;
    strcpy(rows[6].key.component, "indoor");
    strcpy(rows[7].device, "hub-1:ac");
    assert_ok(store_begin(s->store, f));
    for (size_t i = 0; i < countof(rows); i++)
        assert_int_equal(open_ticket(s->store, &rows[i], true).n, (int64_t)i + 1);
    for (size_t i = 0; i < countof(rows); i++)
        assert_int_equal(open_ticket(s->store, &rows[i], false).n, (int64_t)i + 1);
    rows[0].number.shard ^= 1;
    assert_int_equal(open_ticket(s->store, &rows[0], true).n, 1); /* each shard counts for itself */
    assert_ok(store_commit(s->store, now, f));
}

static void each_shard_counts_on_when_they_take_turns(void **state)
{
    static const struct {
        uint8_t shard;
        int64_t n;
        bool new_transaction;
    } cases[] = {{1, 1, true}, {1, 2, false}, {2, 1, false}, {1, 3, false}, {2, 2, true}, {1, 4, false}, {3, 1, true}};
    struct stores *s = stores_of(state);

    for (size_t i = 0; i < countof(cases); i++) {
        char code[4] = {'E', (char)('0' + i), 0};
        struct ticket t = ticket_of("hub-1", code);
        t.number.shard = cases[i].shard;
        if (cases[i].new_transaction) {
            if (i)
                assert_ok(store_commit(s->store, now, f));
            assert_ok(store_begin(s->store, f));
        }
        assert_int_equal(open_ticket(s->store, &t, true).n, cases[i].n);
    }
    assert_ok(store_commit(s->store, now, f));
}

static void a_rolled_back_ticket_leaves_no_hole_in_the_numbers(void **state)
{
    struct stores *s = stores_of(state);
    struct ticket t = ticket_of("hub-1", "E6");
    struct store_counts counts;

    assert_ok(store_begin(s->store, f));
    assert_int_equal(open_ticket(s->store, &t, true).n, 1);
    store_rollback(s->store);
    assert_ok(store_count(s->store, &counts, f));
    assert_int_equal(counts.tickets_open, 0);
    assert_ok(store_begin(s->store, f));
    assert_int_equal(open_ticket(s->store, &t, true).n, 1);
    assert_ok(store_commit(s->store, now, f));
}

static void a_closed_ticket_makes_room_for_a_new_one(void **state)
{
    struct stores *s = stores_of(state);
    struct ticket t = ticket_of("hub-1", "E6");

    assert_ok(store_begin(s->store, f));
    struct ticket_number first = open_ticket(s->store, &t, true);
    assert_ok(store_commit(s->store, now, f));
    set_state(s->store, first, TICKET_RESOLVED);
    assert_ok(store_begin(s->store, f));
    open_ticket(s->store, &t, false); /* resolved is still open */
    assert_ok(store_commit(s->store, now, f));
    set_state(s->store, first, TICKET_CLOSED);
    assert_ok(store_begin(s->store, f));
    assert_int_equal(open_ticket(s->store, &t, true).n, first.n + 1);
    assert_ok(store_commit(s->store, now, f));
}

/* ---------------------------------------------------------------- concurrent writers */

enum { WRITERS = 4, INCIDENTS = 60 };

struct writer {
    struct store *store;
    pthread_barrier_t *start;
    int64_t n[INCIDENTS];
    int opened;
};

/* All writers open a ticket for the same incidents in the same order at the same time, one transaction each. */
static void *open_all(void *arg)
{
    struct writer *w = arg;
    struct fail f;
    char code[16];

    pthread_barrier_wait(w->start);
    for (int i = 0; i < INCIDENTS; i++) {
        struct ticket_number number = {0};
        bool opened = false;
        snprintf(code, sizeof code, "E%d", i);
        const struct ticket t = ticket_of("hub-1", code);
        if (store_begin(w->store, &f) < 0 ||
            store_open_ticket(w->store, &t, clocks, countof(clocks), &number, &opened, &f) < 0 ||
            store_commit(w->store, now, &f) < 0) {
            fprintf(stderr, "%s\n", f.text);
            return NULL;
        }
        w->n[i] = number.n;
        w->opened += opened;
    }
    return w;
}

static void concurrent_writers_open_one_ticket_an_incident(void **state)
{
    struct stores *s = stores_of(state);
    struct writer writers[WRITERS] = {0};
    pthread_t threads[WRITERS];
    pthread_barrier_t start;
    bool seen[INCIDENTS + 1] = {false};
    int opened = 0;

    pthread_barrier_init(&start, NULL, WRITERS);
    for (int i = 0; i < WRITERS; i++) {
        writers[i].store = open_again(s, STORE_WRITE);
        writers[i].start = &start;
        assert_int_equal(pthread_create(&threads[i], NULL, open_all, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        void *done;
        pthread_join(threads[i], &done);
        assert_non_null(done);
        opened += writers[i].opened;
        store_close(writers[i].store);
    }
    pthread_barrier_destroy(&start);
    assert_int_equal(opened, INCIDENTS);
    for (int k = 0; k < INCIDENTS; k++) {
        int64_t n = writers[0].n[k];
        for (int i = 1; i < WRITERS; i++)
            assert_int_equal(writers[i].n[k], n);
        assert_in_range(n, 1, INCIDENTS); /* no number was lost */
        assert_false(seen[n]);
        seen[n] = true;
    }
}

/* ---------------------------------------------------------------- clocks */

struct due {
    int64_t n[8];
    struct ticket_clock clocks[8];
    size_t count;
};

static bool collect_due(void *ctx, struct ticket_number number, const struct ticket_clock *c)
{
    struct due *d = ctx;

    d->n[d->count] = number.n;
    d->clocks[d->count++] = *c;
    return true;
}

static void running_clocks_are_due_soonest_first(void **state)
{
    struct stores *s = stores_of(state);
    static const int64_t due_at[] = {300, 100, 200};
    struct due got = {0};
    uint8_t shard = 0;

    assert_ok(store_begin(s->store, f));
    for (size_t i = 0; i < countof(due_at); i++) {
        char code[4] = {'E', (char)('0' + i), 0};
        const struct ticket t = ticket_of("hub-1", code);
        struct ticket_number number = open_ticket(s->store, &t, true);
        struct ticket_clock c = clocks[1];
        c.due.ms = due_at[i];
        assert_ok(store_put_clock(s->store, number, &c, f));
        shard = number.shard;
    }
    assert_ok(store_commit(s->store, now, f));
    assert_ok(store_each_due_clock(s->store, shard, (struct wall){200}, collect_due, &got, f));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[0], 2);
    assert_int_equal(got.n[1], 3);
    assert_true(got.clocks[0].late_arrival);
    assert_int_equal(got.clocks[0].policy_version, 3);

    got.clocks[0].state = CLOCK_BREACHED;
    assert_ok(store_begin(s->store, f));
    assert_ok(store_put_clock(s->store, (struct ticket_number){shard, 2}, &got.clocks[0], f));
    assert_ok(store_commit(s->store, now, f));
    memset(&got, 0, sizeof got);
    assert_ok(store_each_due_clock(s->store, shard, (struct wall){INT64_MAX}, collect_due, &got, f));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[1], 1);
    memset(&got, 0, sizeof got);
    assert_ok(store_each_due_clock(s->store, shard ^ 1, (struct wall){INT64_MAX}, collect_due, &got, f));
    assert_int_equal(got.count, 0);
    struct store_counts counts;
    assert_ok(store_count(s->store, &counts, f));
    assert_int_equal(counts.clocks_breached, 1);
    assert_int_equal(counts.tickets_open, 3);
}

/* ---------------------------------------------------------------- lists */

struct page {
    struct ticket_view rows[64];
    size_t count;
};

static bool collect(void *ctx, const struct ticket_view *row)
{
    struct page *p = ctx;

    assert_true(p->count < countof(p->rows));
    p->rows[p->count++] = *row;
    return true;
}

static const struct ticket_filter all = {.state = -1, .class_ = -1, .limit = 500};

/* 24 tickets, twelve a moment, in three shards. */
static void make_tickets(struct store *s)
{
    assert_ok(store_begin(s, f));
    for (int i = 0; i < 24; i++) {
        char code[8];
        snprintf(code, sizeof code, "E%d", i);
        struct ticket t = ticket_of(i % 2 ? "hub-1" : "hub-1:ac", code);
        t.opened.ms = 1000 + i / 12;
        t.class_ = i % 4 ? CLASS_GENERAL : CLASS_URGENT;
        if (i % 3)
            t.number.shard = (uint8_t)(i % 3);
        if (i % 8 == 0)
            strcpy(t.product_line, "engine");
        open_ticket(s, &t, true);
    }
    assert_ok(store_commit(s, now, f));
}

static void pages_of_tickets_have_no_hole_and_no_double_under_equal_times(void **state)
{
    struct stores *s = stores_of(state);
    struct page *whole = calloc(1, sizeof *whole), *paged = calloc(1, sizeof *paged);

    make_tickets(s->store);
    assert_ok(store_list_tickets(s->store, &all, collect, whole, f));
    assert_int_equal(whole->count, 24);
    for (size_t i = 1; i < whole->count; i++)
        assert_true(whole->rows[i - 1].ticket.opened.ms >= whole->rows[i].ticket.opened.ms);
    for (;;) {
        struct ticket_filter filter = all;
        size_t before = paged->count;
        filter.limit = 5;
        if (before > 0) {
            filter.after_opened = paged->rows[before - 1].ticket.opened;
            filter.after_number = paged->rows[before - 1].ticket.number;
        }
        assert_ok(store_list_tickets(s->store, &filter, collect, paged, f));
        if (paged->count == before)
            break;
    }
    assert_memory_equal(paged, whole, sizeof *whole);
    for (size_t i = 0; i < whole->count; i++)
        assert_memory_equal(whole->rows[i].clocks, clocks, sizeof clocks);
    free(whole);
    free(paged);
}

static void filters_of_tickets_go_together(void **state)
{
    struct stores *s = stores_of(state);
    static const struct {
        struct ticket_filter filter;
        size_t count;
    } cases[] = {{{.state = -1, .class_ = -1, .limit = 500}, 24},
        {{.state = -1, .class_ = CLASS_URGENT, .limit = 500}, 6},
        {{.state = TICKET_CLOSED, .class_ = -1, .limit = 500}, 1},
        {{.state = TICKET_TRIAGED, .class_ = -1, .limit = 500}, 23},
        {{.state = -1, .class_ = -1, .only_open = true, .limit = 500}, 23},
        {{.state = TICKET_CLOSED, .class_ = -1, .only_open = true, .limit = 500}, 0},
        {{.state = -1, .class_ = -1, .product_line = "engine", .limit = 500}, 3},
        {{.state = -1, .class_ = -1, .device = "hub-1:ac", .limit = 500}, 4},
        {{.state = -1, .class_ = CLASS_URGENT, .device = "hub-1:ac", .product_line = "home", .limit = 500}, 1},
        {{.state = -1, .class_ = -1, .limit = 7}, 7}};

    make_tickets(s->store);
    set_state(s->store, (struct ticket_number){1, 1}, TICKET_CLOSED);
    for (size_t i = 0; i < countof(cases); i++) {
        struct page *got = calloc(1, sizeof *got);
        assert_ok(store_list_tickets(s->store, &cases[i].filter, collect, got, f));
        assert_int_equal(got->count, cases[i].count);
        free(got);
    }
}

static bool count_open(void *ctx, const struct ticket *row)
{
    (void)row;
    ++*(int *)ctx;
    return true;
}

static void the_open_tickets_of_a_device_are_found(void **state)
{
    struct stores *s = stores_of(state);
    uint8_t shard = identity_shard("hub-1");
    int open = 0;

    make_tickets(s->store);
    set_state(s->store, (struct ticket_number){shard, 1}, TICKET_CANCELLED); /* of hub-1:ac */
    assert_ok(store_each_open_ticket(s->store, shard, "hub-1:ac", count_open, &open, f));
    assert_int_equal(open, 3);
}

static void the_title_is_that_of_the_row_the_catalogue_chooses(void **state)
{
    struct stores *s = stores_of(state);
    static const struct catalogue_row rows[] = {
        {.ns = "app", .code = "", .mode = -1, .title_en = "any code", .title_zh = "任意"},
        {.ns = "app", .code = "E6", .mode = -1, .title_en = "code"},
        {.ns = "app", .code = "E6", .mode = -1, .product_line = "home", .title_en = "line"},
        {.ns = "app", .code = "E6", .mode = -1, .model = "KFR-35", .title_en = "model"},
        {.ns = "app", .code = "E6", .mode = 7, .title_en = "mode"},
        {.ns = "app", .code = "E6", .mode = 7, .product_line = "engine", .title_en = "mode and line"},
        {.ns = "app", .code = "E6", .mode = 8, .model = "KFR-35", .title_en = "other mode"},
        {.ns = "obd2", .code = "E6", .mode = 7, .title_en = "other namespace"}};
    struct catalogue catalogue;

    /* Both choose the same from any of the rows. */
    for (unsigned subset = 0; subset < 1u << countof(rows); subset += 1 + subset % 3) {
        struct ticket t = ticket_of("hub-1", subset % 5 ? "E6" : "E9");
        struct ticket_view view = {0};
        snprintf(t.key.component, sizeof t.key.component, "%u", subset);
        strcpy(t.key.ns, "app");
        catalogue_init(&catalogue);
        assert_ok(store_begin(s->store, f));
        for (size_t i = 0; i < countof(rows); i++)
            if (subset & 1u << i) {
                catalogue_add(&catalogue, &rows[i]);
                assert_ok(store_put_catalogue(s->store, &rows[i], f));
            }
        struct ticket_number number = open_ticket(s->store, &t, true);
        assert_ok(store_get_ticket(s->store, number, &view, f));
        store_rollback(s->store);
        catalogue_sort(&catalogue);
        const struct catalogue_row *row = catalogue_find(&catalogue, t.product_line, t.model, &t.key);
        assert_string_equal(view.title_en, row ? row->title_en : "");
        assert_string_equal(view.title_zh, row ? row->title_zh : "");
        catalogue_done(&catalogue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_every_driver(a_ticket_comes_back_with_its_clocks_and_number),
        on_every_driver(a_second_report_joins_the_open_ticket),
        on_every_driver(each_part_of_the_key_opens_its_own_ticket),
        on_every_driver(each_shard_counts_on_when_they_take_turns),
        on_every_driver(a_rolled_back_ticket_leaves_no_hole_in_the_numbers),
        on_every_driver(a_closed_ticket_makes_room_for_a_new_one),
        {"concurrent_writers_open_one_ticket_an_incident (PostgreSQL)", concurrent_writers_open_one_ticket_an_incident,
            open_pg, close_case, NULL},
        on_every_driver(running_clocks_are_due_soonest_first),
        on_every_driver(pages_of_tickets_have_no_hole_and_no_double_under_equal_times),
        on_every_driver(filters_of_tickets_go_together),
        on_every_driver(the_open_tickets_of_a_device_are_found),
        on_every_driver(the_title_is_that_of_the_row_the_catalogue_chooses),
    };
    return cmocka_run_group_tests(tests, start_stores, stop_stores);
}
