/* store_ticket.c: opening tickets and keeping them and their clocks.
 *
 * Invariants
 * 1. At most one ticket of a (shard, device, condition key) is open: the unique index ticket_open sees to it.
 * 2. Numbers of a shard count 1, 2, 3 … without holes: numbers are taken and tickets written under the lock of the
 *    shard's row in shard_ticket, in one transaction; the row says the next number again before the commit, or before
 *    another shard is locked.
 * The lock also keeps concurrent writers (PostgreSQL) from waiting for each other in a circle, as long as each goes
 * through its batch in the order of shards; one that does not is told FAIL_CONFLICT by the database. */
#include "store_inside.h"

#include <assert.h>
#include <string.h>

/* The open states, as the partial index has them. */
#define IS_OPEN "state < 6"
_Static_assert(TICKET_RESOLVED == 5 && TICKET_CLOSED == 6 && TICKET_CANCELLED == 7, "the schema repeats the states");

enum { OPEN_TRIES = 3 }; /* between losing to an open ticket and looking at it, it may be closed */

#define CLOCK_COLUMNS "kind, state, start_ms, target_ms, due_ms, stopped_ms, late_arrival, policy_version"

/* ---------------------------------------------------------------- numbers */

int store_numbers_flush(struct store *s, struct fail *f)
{
    const struct db_value values[] = {db_i64(s->numbers.next), db_i64(s->numbers.shard)};

    s->numbers.locked = false;
    if (!s->numbers.taken)
        return 0;
    s->numbers.taken = false;
    return db_run(s->db, "UPDATE shard_ticket SET next = $1 WHERE shard = $2", values, countof(values), f);
}

/* Locks the shard's row until the end of the transaction, and reads it. */
static int lock_numbers(struct store *s, uint8_t shard, struct fail *f)
{
    const struct db_value values[] = {db_i64(shard)};
    autodone struct db_rows rows = {0};

    if (s->numbers.locked && s->numbers.shard == shard)
        return 0;
    if (store_numbers_flush(s, f) < 0 ||
        db_run(s->db,
            "INSERT INTO shard_ticket (shard, next) VALUES ($1, 1) "
            "ON CONFLICT (shard) DO UPDATE SET next = shard_ticket.next",
            values, countof(values), f) < 0 ||
        store_one(s, "SELECT next FROM shard_ticket WHERE shard = $1", values, countof(values), &rows, "no row", f) < 0)
        return -1;
    s->numbers = (struct store_numbers){true, false, shard, db_get_i64(&rows, 0)};
    return 0;
}

/* ---------------------------------------------------------------- opening */

/* Writes the ticket under the next number; ret_opened is false when one is open for its key. */
static int write_ticket(struct store *s, const struct ticket *t, bool *ret_opened, struct fail *f)
{
    static const char sql[] =
        "INSERT INTO ticket (shard, n, device, " STORE_KEY_COLUMNS ", state, class, product_line, model, "
        "occurred_ms, bound_ms, received_ms, opened_ms, occurrences, last_seen_ms, version) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 1) "
        "ON CONFLICT (shard, device, " STORE_KEY_COLUMNS ") WHERE " IS_OPEN " DO NOTHING";
    const struct db_value values[] = {db_i64(t->number.shard), db_i64(s->numbers.next), db_text(t->device),
        STORE_KEY_VALUES(&t->key), db_i64(t->state), db_i64(t->class_), db_text(t->product_line), db_text(t->model),
        db_wall(t->occurred.at), db_i64(t->occurred.bound_ms), db_wall(t->received), db_wall(t->opened),
        db_i64(t->occurrences), db_wall(t->last_seen)};
    int64_t written;

    if (db_change(s->db, sql, values, countof(values), &written, f) < 0)
        return -1;
    *ret_opened = written != 0;
    return 0;
}

static int find_open(struct store *s, const struct ticket *t, int64_t *ret_n, struct fail *f)
{
    static const char sql[] = "SELECT n FROM ticket WHERE shard = $1 AND device = $2 AND bus = $3 AND reporter = $4 "
                              "AND ns = $5 AND code = $6 AND mode = $7 AND component = $8 AND " IS_OPEN;
    const struct db_value values[] = {db_i64(t->number.shard), db_text(t->device), STORE_KEY_VALUES(&t->key)};
    autodone struct db_rows rows = {0};
    bool found;

    if (db_query(s->db, sql, values, countof(values), &rows, f) < 0 || db_next(&rows, &found, f) < 0)
        return -1;
    *ret_n = found ? db_get_i64(&rows, 0) : 0;
    return 0;
}

/* One try: a new ticket, or the open one, or (n = 0) an open one that was closed in between. */
static int open_or_find(struct store *s, const struct ticket *t, int64_t *ret_n, bool *ret_opened, struct fail *f)
{
    if (lock_numbers(s, t->number.shard, f) < 0 || write_ticket(s, t, ret_opened, f) < 0)
        return -1;
    if (!*ret_opened)
        return find_open(s, t, ret_n, f);
    *ret_n = s->numbers.next++;
    s->numbers.taken = true;
    return 0;
}

int store_open_ticket(struct store *s, const struct ticket *t, const struct ticket_clock *clocks, size_t clock_count,
    struct ticket_number *ret_number, bool *ret_opened, struct fail *f)
{
    int64_t n = 0;
    bool opened = false;

    assert(s->in_transaction && t->state < TICKET_CLOSED);
    for (int i = 0; n == 0 && i < OPEN_TRIES; i++)
        if (open_or_find(s, t, &n, &opened, f) < 0)
            return -1;
    if (n == 0)
        return fail_set(f, FAIL_CONFLICT, "tickets of %s are opened and closed at the same time", t->device);
    const struct ticket_number number = {.shard = t->number.shard, .n = n};
    for (size_t i = 0; opened && i < clock_count; i++)
        if (store_put_clock(s, number, &clocks[i], f) < 0)
            return -1;
    *ret_number = number;
    *ret_opened = opened;
    return 0;
}

int store_join_ticket(
    struct store *s, struct ticket_number number, uint32_t occurrences, struct wall last_seen, struct fail *f)
{
    static const char sql[] = "UPDATE ticket SET occurrences = $1, last_seen_ms = $2 WHERE shard = $3 AND n = $4";
    const struct db_value values[] = {db_i64(occurrences), db_wall(last_seen), db_i64(number.shard), db_i64(number.n)};

    return db_run(s->db, sql, values, countof(values), f);
}

int store_raise_ticket(struct store *s, struct ticket_number number, enum ticket_class class_, struct fail *f)
{
    static const char sql[] = "UPDATE ticket SET class = $1, version = version + 1 WHERE shard = $2 AND n = $3";
    const struct db_value values[] = {db_i64(class_), db_i64(number.shard), db_i64(number.n)};

    return db_run(s->db, sql, values, countof(values), f);
}

int store_place_ticket(
    struct store *s, struct ticket_number number, const char *product_line, const char *model, struct fail *f)
{
    static const char sql[] = "UPDATE ticket SET product_line = $1, model = $2, version = version + 1 "
                              "WHERE shard = $3 AND n = $4";
    const struct db_value values[] = {db_text(product_line), db_text(model), db_i64(number.shard), db_i64(number.n)};

    return db_run(s->db, sql, values, countof(values), f);
}

/* ---------------------------------------------------------------- clocks */

int store_put_clock(struct store *s, struct ticket_number number, const struct ticket_clock *c, struct fail *f)
{
    static const struct store_table table = {STORE_CLOCKS,
        "INSERT INTO ticket_clock (shard, n, " CLOCK_COLUMNS ") VALUES",
        " ON CONFLICT (shard, n, kind) DO UPDATE SET "
        "state = excluded.state, start_ms = excluded.start_ms, target_ms = excluded.target_ms, "
        "due_ms = excluded.due_ms, stopped_ms = excluded.stopped_ms, late_arrival = excluded.late_arrival, "
        "policy_version = excluded.policy_version",
        10, 3};
    const struct db_value values[] = {db_i64(number.shard), db_i64(number.n), db_i64(c->kind), db_i64(c->state),
        db_wall(c->start), db_i64(c->target_ms), db_wall(c->due), db_wall(c->stopped), db_i64(c->late_arrival),
        db_i64(c->policy_version)};

    return store_rows_add(s, &table, values, f);
}

static void get_clock(const struct db_rows *rows, int column, struct ticket_clock *ret)
{
    ret->kind = (enum clock_kind)db_get_i64(rows, column);
    ret->state = (enum clock_state)db_get_i64(rows, column + 1);
    ret->start = store_get_wall(rows, column + 2);
    ret->target_ms = db_get_i64(rows, column + 3);
    ret->due = store_get_wall(rows, column + 4);
    ret->stopped = store_get_wall(rows, column + 5);
    ret->late_arrival = db_get_i64(rows, column + 6) != 0;
    ret->policy_version = (uint32_t)db_get_i64(rows, column + 7);
}

int store_each_due_clock(struct store *s, uint8_t shard, struct wall now,
    bool (*each)(void *ctx, struct ticket_number number, const struct ticket_clock *c), void *ctx, struct fail *f)
{
    static const char sql[] = "SELECT n, " CLOCK_COLUMNS " FROM ticket_clock "
                              "WHERE shard = $1 AND state = 0 AND due_ms <= $2 ORDER BY due_ms, n, kind";
    const struct db_value values[] = {db_i64(shard), db_wall(now)};
    struct ticket_clock clock;
    autodone struct db_rows rows = {0};
    bool found;

    _Static_assert(CLOCK_RUNNING == 0, "the schema repeats the state");
    if (store_rows_settle(s, STORE_CLOCKS, f) < 0 || db_query(s->db, sql, values, countof(values), &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        get_clock(&rows, 1, &clock);
        if (!each(ctx, (struct ticket_number){.shard = shard, .n = db_get_i64(&rows, 0)}, &clock))
            return 0;
    }
    return -1;
}

/* ---------------------------------------------------------------- reading */

#define TICKET_COLUMNS                                                                                                 \
    "shard, n, device, " STORE_KEY_COLUMNS ", state, class, product_line, model, occurred_ms, bound_ms, "              \
    "received_ms, opened_ms, occurrences, last_seen_ms, version"
enum { TICKET_COLUMN_COUNT = 20 };

static void get_ticket(const struct db_rows *rows, struct ticket *ret)
{
    ret->number = (struct ticket_number){.shard = (uint8_t)db_get_i64(rows, 0), .n = db_get_i64(rows, 1)};
    store_copy(rows, 2, ret->device);
    store_get_key(rows, 3, &ret->key);
    ret->state = (enum ticket_state)db_get_i64(rows, 9);
    ret->class_ = (enum ticket_class)db_get_i64(rows, 10);
    store_copy(rows, 11, ret->product_line);
    store_copy(rows, 12, ret->model);
    ret->occurred = (struct occurred){.at = store_get_wall(rows, 13), .bound_ms = db_get_i64(rows, 14)};
    ret->received = store_get_wall(rows, 15);
    ret->opened = store_get_wall(rows, 16);
    ret->occurrences = (uint32_t)db_get_i64(rows, 17);
    ret->last_seen = store_get_wall(rows, 18);
    ret->version = db_get_i64(rows, 19);
}

int store_each_open_ticket(struct store *s, uint8_t shard, const char *device,
    bool (*each)(void *ctx, const struct ticket *row), void *ctx, struct fail *f)
{
    static const char sql[] = "SELECT " TICKET_COLUMNS " FROM ticket WHERE shard = $1 AND device = $2 AND " IS_OPEN
                              " ORDER BY " STORE_KEY_COLUMNS;
    const struct db_value values[] = {db_i64(shard), db_text(device)};
    struct ticket row;
    autodone struct db_rows rows = {0};
    bool found;

    if (db_query(s->db, sql, values, countof(values), &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        get_ticket(&rows, &row);
        if (!each(ctx, &row))
            return 0;
    }
    return -1;
}

/* The title as catalogue_find() chooses it: candidates are "" or equal, -1 or equal, so descending order does it. */
#define TITLE(language)                                                                                                \
    "COALESCE((SELECT k.title_" language " FROM catalogue k WHERE k.ns = t.ns AND k.code IN ('', t.code) "             \
    "AND k.mode IN (-1, t.mode) AND k.model IN ('', t.model) AND k.product_line IN ('', t.product_line) "              \
    "ORDER BY k.code DESC, k.mode DESC, k.model DESC, k.product_line DESC LIMIT 1), '')"

/* Tickets of the inner query with titles and clocks: one row a clock, or one with kind -1. */
#define VIEW_BEGIN                                                                                                     \
    "SELECT t.shard, t.n, t.device, t.bus, t.reporter, t.ns, t.code, t.mode, t.component, t.state, t.class, "          \
    "t.product_line, t.model, t.occurred_ms, t.bound_ms, t.received_ms, t.opened_ms, t.occurrences, t.last_seen_ms, "  \
    "t.version, " TITLE("en") ", " TITLE(                                                                              \
        "zh") ", "                                                                                                     \
              "COALESCE(c.kind, -1), c.state, c.start_ms, c.target_ms, c.due_ms, c.stopped_ms, c.late_arrival, "       \
              "c.policy_version FROM (SELECT " TICKET_COLUMNS " FROM ticket WHERE "
#define VIEW_END                                                                                                       \
    ") t LEFT JOIN ticket_clock c ON c.shard = t.shard AND c.n = t.n "                                                 \
    "ORDER BY t.opened_ms DESC, t.shard DESC, t.n DESC, c.kind"

static bool is_row_of(const struct db_rows *rows, const struct ticket_view *view)
{
    return db_get_i64(rows, 0) == view->ticket.number.shard && db_get_i64(rows, 1) == view->ticket.number.n;
}

static void add_clock(const struct db_rows *rows, struct ticket_view *view)
{
    const int first = TICKET_COLUMN_COUNT + 2;

    if (db_get_i64(rows, first) >= 0 && view->clock_count < countof(view->clocks))
        get_clock(rows, first, &view->clocks[view->clock_count++]);
}

static void start_view(const struct db_rows *rows, struct ticket_view *view)
{
    memset(view, 0, sizeof *view);
    get_ticket(rows, &view->ticket);
    store_copy(rows, TICKET_COLUMN_COUNT, view->title_en);
    store_copy(rows, TICKET_COLUMN_COUNT + 1, view->title_zh);
}

/* Puts the rows of each ticket together. */
static int each_view(
    struct db_rows *rows, bool (*each)(void *ctx, const struct ticket_view *row), void *ctx, struct fail *f)
{
    struct ticket_view view = {0};
    bool found;

    while (db_next(rows, &found, f) == 0) {
        bool same = found && view.ticket.number.n != 0 && is_row_of(rows, &view);
        if (!same && view.ticket.number.n != 0 && !each(ctx, &view))
            return 0;
        if (!found)
            return 0;
        if (!same)
            start_view(rows, &view);
        add_clock(rows, &view);
    }
    return -1;
}

static void add_filter(struct store_query *q, const struct ticket_filter *filter)
{
    if (filter->device) {
        store_query_value(q, " AND shard = $%d", db_i64(store_shard_of(filter->device)));
        store_query_value(q, " AND device = $%d", db_text(filter->device));
    }
    if (filter->only_open)
        store_query_add(q, " AND " IS_OPEN);
    if (filter->state >= 0)
        store_query_value(q, " AND state = $%d", db_i64(filter->state));
    if (filter->class_ >= 0)
        store_query_value(q, " AND class = $%d", db_i64(filter->class_));
    if (filter->product_line)
        store_query_value(q, " AND product_line = $%d", db_text(filter->product_line));
    if (filter->after_opened.ms != 0) {
        store_query_value(q, " AND (opened_ms, shard, n) < ($%d,", db_wall(filter->after_opened));
        store_query_value(q, " $%d,", db_i64(filter->after_number.shard));
        store_query_value(q, " $%d)", db_i64(filter->after_number.n));
    }
}

int store_list_tickets(struct store *s, const struct ticket_filter *filter,
    bool (*each)(void *ctx, const struct ticket_view *row), void *ctx, struct fail *f)
{
    struct store_query q = {0};
    autodone struct db_rows rows = {0};

    assert(filter->limit >= 1 && filter->limit <= STORE_PAGE_MAX);
    store_query_add(&q, VIEW_BEGIN "shard >= 0");
    add_filter(&q, filter);
    store_query_value(&q, " ORDER BY opened_ms DESC, shard DESC, n DESC LIMIT $%d" VIEW_END, db_i64(filter->limit));
    if (store_rows_settle(s, STORE_CLOCKS, f) < 0 || store_query_run(s, &q, &rows, f) < 0)
        return -1;
    return each_view(&rows, each, ctx, f);
}

static bool keep_view(void *ctx, const struct ticket_view *row)
{
    *(struct ticket_view *)ctx = *row;
    return false;
}

int store_get_ticket(struct store *s, struct ticket_number number, struct ticket_view *ret, struct fail *f)
{
    static const char sql[] = VIEW_BEGIN "shard = $1 AND n = $2" VIEW_END;
    const struct db_value values[] = {db_i64(number.shard), db_i64(number.n)};
    struct ticket_view view = {0};
    autodone struct db_rows rows = {0};

    if (store_rows_settle(s, STORE_CLOCKS, f) < 0 || db_query(s->db, sql, values, countof(values), &rows, f) < 0 ||
        each_view(&rows, keep_view, &view, f) < 0)
        return -1;
    if (view.ticket.number.n == 0)
        return fail_set(f, FAIL_NOT_FOUND, "no such ticket");
    *ret = view;
    return 0;
}
