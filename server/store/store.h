/* store.h: the only door to SQL: plain C rows in and out, the same on SQLite and PostgreSQL.
 *
 * One handle belongs to one thread. A writing handle is held by the collector's writer thread alone (for SQLite nothing
 * else may write or checkpoint the file); reading handles are read-only. All functions block on the database.
 *
 * Rules of the schema: every key starts with the shard; the logs are append-only without a
 * unique index, duplicates are settled by the lane's `next`; no triggers, no serial columns, no advisory locks; queries
 * that span the fleet aggregate per shard first. One open ticket per (shard, device, condition key), by a partial
 * unique index.
 *
 * Texts are valid UTF-8 (the codec saw to it; PostgreSQL refuses others with FAIL_INPUT). Callbacks must not call the
 * store with the same handle.
 *
 * Fails: FAIL_SETTINGS (SQLite: a database of something else), FAIL_NEWER (the schema is newer than this program), FAIL_CONFLICT (the shards' lease is another collector's, or
 * a writer stands in the way), FAIL_CORRUPT, FAIL_FULL, FAIL_IO, FAIL_PEER (PostgreSQL went away), FAIL_NOT_FOUND;
 * reading handles also FAIL_LIMIT (a query took longer than 2 s). After FAIL_CORRUPT, FAIL_FULL, FAIL_IO or FAIL_PEER
 * the handle must be closed: everything else fails with the same code. What was not committed is gone; only when
 * store_commit() itself failed so may the transaction be found committed later (a lost answer, a failed sync), so it
 * counts as not committed, and the lanes' `next` settles what comes again. After any other failure within a
 * transaction store_commit() fails with it, and the handle can be used again. */
#ifndef FAULTLINE_STORE_H
#define FAULTLINE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalogue.h"
#include "condition.h"
#include "fail.h"
#include "record.h"
#include "ticket.h"
#include "times.h"

enum store_driver { STORE_SQLITE, STORE_POSTGRESQL };

struct store_settings {
    enum store_driver driver;
    const char *path;     /* SQLite: the database file */
    const char *conninfo; /* PostgreSQL: libpq connection string; secrets come from a passfile or the socket's peer */
};

enum store_mode {
    STORE_WRITE, /* creates or upgrades the schema; SQLite: takes the file's lock, FAIL_CONFLICT when held, and checks the
                    whole of a file that is not large (DB_CHECKED_BYTES) */
    STORE_READ,
};

struct store;

must_check int store_open(const struct store_settings *s, enum store_mode mode, struct store **ret, struct fail *f);
void store_close(struct store *s); /* rolls back what is open; NULL is fine */

/* ---------------------------------------------------------------- transactions and the lease */

must_check int store_begin(struct store *s, struct fail *f);
/* Durable when it returns 0 (SQLite WAL with synchronous=FULL, PostgreSQL synchronous_commit=on). Fails with
 * FAIL_CONFLICT, and commits nothing, when the lease is no longer ours; PostgreSQL: FAIL_PEER when nothing was asked for
 * 10 s in between, since the server then frees what a frozen collector has locked. */
must_check int store_commit(struct store *s, struct wall now, struct fail *f);
void store_rollback(struct store *s);

/* Takes the lease of all shards for the collector called `owner` (1 … BOUND_DEVICE_ID bytes): at once when it is free,
 * expired (not renewed for ttl_ms) or was ours; else FAIL_CONFLICT names the holder. Each commit checks and renews it,
 * so an idle collector commits an empty transaction well within ttl_ms. A handle that never took it is not checked
 * (imports). Not within a transaction. */
must_check int store_take_lease(struct store *s, const char *owner, struct wall now, int64_t ttl_ms, struct fail *f);

/* Lets the lease expire at once, so that another collector need not wait for it; before an orderly end. Does nothing when
 * it is not ours. Not within a transaction. */
must_check int store_leave_lease(struct store *s, struct fail *f);

/* Housekeeping when there is nothing else to do (SQLite: truncating checkpoint). */
must_check int store_idle(struct store *s, struct fail *f);

/* ---------------------------------------------------------------- rows */

enum { STORE_PAGE_MAX = 500 }; /* rows of one list */

enum registration { DEVICE_KNOWN, DEVICE_BLOCKED, REGISTRATION_COUNT };
/* "known", "blocked". */
const char *store_registration_word(enum registration r);

/* Who may report, by somebody's word. */
struct registration_change {
    const char *device, *who /* "user:<name>" */, *reason;
    enum registration registration;
};

/* The shard of a device whose id is all that is known: its own, or its gateway's. */
uint8_t store_shard_of(const char *device);

enum offline_reason { OFFLINE_UNKNOWN, OFFLINE_STOPPED, OFFLINE_LOST, OFFLINE_SILENT, OFFLINE_REASON_COUNT };
/* "unknown", "stopped", "lost", "silent". */
const char *store_offline_word(enum offline_reason why);

struct device_row {
    uint8_t shard;
    char device[BOUND_SUBJECT_ID + 1];
    char gateway[BOUND_DEVICE_ID + 1]; /* "" = reports by itself; else the device it stands behind,
                                          whose shard it shares; device is then "<gateway>:<child>" */
    enum registration registration;
    char product_line[BOUND_NAME + 1], model[BOUND_NAME + 1], serial[BOUND_NAME + 1], hardware[BOUND_NAME + 1];
    char firmware[BOUND_NAME + 1]; /* of the main component */
    struct wall enrolled, last_seen;
    bool online;
    uint64_t epoch;              /* the newest one */
    uint32_t session;            /* the newest one of that epoch */
    uint32_t spool_resets;       /* epochs seen beyond the first */
    bool cloned;                 /* two epochs alternated */
    int64_t health_ms;           /* between its health reports; 0 = not known */
    enum offline_reason offline; /* while it is not online */
};

/* The watermark: all of the lane below next is stored. */
struct lane_row {
    uint64_t epoch;
    enum lane lane;
    uint64_t next;
    uint64_t tail; /* hash of the record next - 1 as it came; 0 = not known */
};

struct transition_row {
    uint8_t shard;
    const char *device;      /* the subject device */
    const char *reported_by; /* the device whose epoch and number these are */
    uint64_t epoch, number;
    const struct condition_key *key;
    enum fault_state from, to;
    enum quality quality;
    struct occurred occurred;
    struct wall received;
    const uint8_t *record; /* as it came, freeze frame and raw bytes included */
    size_t record_bytes;
};

/* Any other record of the fault lane, kept as it came. */
struct report_row {
    uint8_t shard;
    const char *device, *reported_by;
    uint64_t epoch, number;
    enum lane lane;
    enum record_kind kind;
    struct occurred occurred;
    struct wall received;
    const uint8_t *record;
    size_t record_bytes;
};

struct loss_row {
    uint8_t shard;
    char device[BOUND_SUBJECT_ID + 1];
    uint64_t epoch;
    enum lane lane;
    uint64_t first, last;
    char cause[16]; /* loss_word(), or "refused" */
    char detail[BOUND_REASON + 1];
    uint32_t faults, healths, others;
    struct wall received;
};

enum { HEALTH_DAY_MEASURES = 96 }; /* twice what one report may hold; the one not seen for longest gives way */

/* A measure in one day. */
struct measure_day {
    char name[BOUND_NAME + 1], unit[BOUND_UNIT + 1];
    struct wall at; /* of the last value, maybe on an earlier day */
    uint64_t count; /* samples in the day; 0 = none: min, max and sum mean nothing */
    double min, max, sum, last;
};

/* The health of a device in one day of UTC. */
struct health_day {
    uint8_t shard;
    int64_t day;          /* days since 1970-01-01 */
    uint64_t reports;     /* in the day */
    uint64_t covered_ms;  /* their intervals */
    struct occurred when; /* of the latest report; what follows is from it, see struct health */
    double operating_hours;
    uint64_t cycles, uptime_ms;
    uint32_t restarts;
    char restart_reason[BOUND_REASON + 1];
    uint64_t spool_used_bytes, spool_limit_bytes, dropped_count, refused_count, flash_written_bytes;
    const struct measure_day *measures; /* borrowed until the callback returns */
    size_t measure_count;
};

struct event_row { /* for live views; ascending id, given by the writer */
    int64_t id;
    uint8_t shard;
    struct wall at;
    char kind[16];    /* "condition", "ticket", "device", "loss" */
    const char *json; /* one object; when reading borrowed until the callback returns */
};

struct audit_row {
    uint8_t shard;
    struct wall at;
    const char *who;  /* "device:<id>", "rule:<name>", "user:<name>" */
    const char *what; /* "ticket.opened", "device.blocked", … */
    const char *object, *detail;
};

/* ---------------------------------------------------------------- reading one device (the writer's working set) */

/* FAIL_NOT_FOUND when there is none. */
must_check int store_get_device(
    struct store *s, uint8_t shard, const char *device, struct device_row *ret, struct fail *f);

/* The list functions call each() once a row, in key order, until it returns false; the row is borrowed until it returns. */
must_check int store_each_lane(struct store *s, uint8_t shard, const char *device,
    bool (*each)(void *ctx, const struct lane_row *row), void *ctx, struct fail *f);
must_check int store_each_condition(struct store *s, uint8_t shard, const char *device,
    bool (*each)(void *ctx, const struct condition *row), void *ctx, struct fail *f);
/* The open tickets of a device (at most one for each condition). */
must_check int store_each_open_ticket(struct store *s, uint8_t shard, const char *device,
    bool (*each)(void *ctx, const struct ticket *row), void *ctx, struct fail *f);

enum { STORE_LOOK_BACK = 1000 }; /* rows of a log that a look for records reads */

/* The records first … last of an epoch's fault lane as they came, in no order, as far as they are about `device` and
 * among its newest STORE_LOOK_BACK rows of each log. Sees what this transaction wrote. */
must_check int store_each_record(struct store *s, uint8_t shard, const char *device, uint64_t epoch, uint64_t first,
    uint64_t last, bool (*each)(void *ctx, uint64_t number, const uint8_t *record, size_t record_bytes), void *ctx,
    struct fail *f);

/* ---------------------------------------------------------------- writing; all within store_begin … store_commit
 * Rows are copied and written several at a time, and PostgreSQL sends them in a pipeline: a failure may be told only by
 * store_commit(). Reading with the same handle finds them all the same. */

must_check int store_put_device(struct store *s, const struct device_row *row, struct fail *f);
must_check int store_put_lane(
    struct store *s, uint8_t shard, const char *device, const struct lane_row *row, struct fail *f);
must_check int store_put_condition(
    struct store *s, uint8_t shard, const char *device, const struct condition *row, struct fail *f);
must_check int store_add_transition(struct store *s, const struct transition_row *row, struct fail *f);
must_check int store_add_report(struct store *s, const struct report_row *row, struct fail *f);
must_check int store_add_loss(struct store *s, const struct loss_row *row, struct fail *f);
must_check int store_add_event(struct store *s, const struct event_row *row, struct fail *f);
must_check int store_add_audit(struct store *s, const struct audit_row *row, struct fail *f);

/* Health is kept as one row a device and day of UTC: a rollup, and the latest values; not a row a report for ever. */
must_check int store_put_health(
    struct store *s, uint8_t shard, const char *device, struct occurred when, const struct health *h, struct fail *f);

/* Replaces what is installed now: parts that are new get installed = when, parts no longer listed removed = when. A part
 * is the same as before when its position is, and nothing else known of both differs. */
must_check int store_put_inventory(struct store *s, uint8_t shard, const char *device, struct occurred when,
    const struct inventory *i, struct fail *f);

/* Opens a ticket, unless one is open for its key: then ret_opened is false and ret_number that ticket's. Gives the
 * number (shard's next n) and writes ticket and clocks. Waits for the database's answer, also with concurrent writers. */
must_check int store_open_ticket(struct store *s, const struct ticket *t, const struct ticket_clock *clocks,
    size_t clock_count, struct ticket_number *ret_number, bool *ret_opened, struct fail *f);
/* A confirmed condition met an open ticket: count and last_seen. The ticket's version stays. */
must_check int store_join_ticket(
    struct store *s, struct ticket_number number, uint32_t occurrences, struct wall last_seen, struct fail *f);
/* Its class rose. Counts as a new version. */
must_check int store_raise_ticket(
    struct store *s, struct ticket_number number, enum ticket_class class_, struct fail *f);
/* What the device is has become known only now. Counts as a new version. */
must_check int store_place_ticket(
    struct store *s, struct ticket_number number, const char *product_line, const char *model, struct fail *f);
must_check int store_put_clock(
    struct store *s, struct ticket_number number, const struct ticket_clock *c, struct fail *f);

/* Running clocks of a shard that are due at or before now, soonest first. */
must_check int store_each_due_clock(struct store *s, uint8_t shard, struct wall now,
    bool (*each)(void *ctx, struct ticket_number number, const struct ticket_clock *c), void *ctx, struct fail *f);

/* Old events go (live views only need the recent ones): below id. */
must_check int store_drop_events(struct store *s, int64_t below_id, struct fail *f);
must_check int store_last_event(struct store *s, int64_t *ret_id, struct fail *f); /* 0 = none */

/* Silence for which a device counts as gone: `intervals` times its health interval, or `others_ms` when it has none; in
 * no case less than least_ms. */
struct silence {
    struct wall now;
    int64_t least_ms, intervals, others_ms;
};
/* The devices of a shard that are online and, as stored, silent for too long. What is stored may lag a minute. */
must_check int store_each_silent(struct store *s, uint8_t shard, const struct silence *silence,
    bool (*each)(void *ctx, const char *device), void *ctx, struct fail *f);

/* ---------------------------------------------------------------- reference tables (small; loaded whole) */

must_check int store_each_policy(
    struct store *s, bool (*each)(void *ctx, const struct clock_policy *row), void *ctx, struct fail *f);
must_check int store_each_catalogue(
    struct store *s, bool (*each)(void *ctx, const struct catalogue_row *row), void *ctx, struct fail *f);
must_check int store_put_catalogue(struct store *s, const struct catalogue_row *row, struct fail *f);

/* ---------------------------------------------------------------- lists for people (reading handles)
 * Keyset pages: rows behind the `after` row, at most limit; filters that are NULL or negative do not filter. */

struct ticket_filter {
    const char *device; /* its shard is taken from the id */
    int state;          /* enum ticket_state, -1 = any */
    bool only_open;
    int class_; /* enum ticket_class, -1 = any */
    const char *product_line;
    struct wall after_opened; /* page: newest first, behind (after_opened, after_number); ms 0 = from the start */
    struct ticket_number after_number;
    int limit; /* 1 … 500 */
};
struct ticket_view {
    struct ticket ticket;
    struct ticket_clock clocks[CLOCK_KIND_COUNT];
    size_t clock_count;
    char title_en[BOUND_REASON + 1], title_zh[BOUND_REASON + 1]; /* "" when the catalogue does not know the code */
};
must_check int store_list_tickets(struct store *s, const struct ticket_filter *filter,
    bool (*each)(void *ctx, const struct ticket_view *row), void *ctx, struct fail *f);
must_check int store_get_ticket(struct store *s, struct ticket_number number, struct ticket_view *ret, struct fail *f);

struct device_filter {
    const char *product_line, *model;
    int online;      /* 0, 1, -1 = any */
    int after_shard; /* page: (shard, device) ascending, behind these; -1 = from the start */
    const char *after_device;
    int limit;
};
must_check int store_list_devices(struct store *s, const struct device_filter *filter,
    bool (*each)(void *ctx, const struct device_row *row), void *ctx, struct fail *f);

struct condition_filter {
    const char *device; /* its shard is taken from the id */
    int state;          /* enum fault_state, -1 = any */
    bool flapping;      /* only those */
    int after_shard;    /* page: (shard, device, key) ascending */
    const char *after_device;
    const struct condition_key *after_key;
    int limit;
};
must_check int store_list_conditions(struct store *s, const struct condition_filter *filter,
    bool (*each)(void *ctx, uint8_t shard, const char *device, const struct condition *row), void *ctx, struct fail *f);

must_check int store_list_transitions(struct store *s, uint8_t shard, const char *device, int limit,
    bool (*each)(void *ctx, const struct transition_row *row), void *ctx, struct fail *f); /* newest first */
must_check int store_list_losses(struct store *s, uint8_t shard, const char *device, int limit,
    bool (*each)(void *ctx, const struct loss_row *row), void *ctx, struct fail *f);
must_check int store_list_reports(struct store *s, uint8_t shard, const char *device, int limit,
    bool (*each)(void *ctx, const struct report_row *row), void *ctx, struct fail *f);
must_check int store_list_audit(struct store *s, uint8_t shard, const char *object, int limit,
    bool (*each)(void *ctx, const struct audit_row *row), void *ctx, struct fail *f);
/* Newest day first: the first one holds the latest value of every measure. */
must_check int store_each_health_day(struct store *s, uint8_t shard, const char *device, int limit,
    bool (*each)(void *ctx, const struct health_day *row), void *ctx, struct fail *f);
must_check int store_each_part(struct store *s, uint8_t shard, const char *device,
    bool (*each)(void *ctx, const struct part *row, struct wall installed, struct wall removed), void *ctx,
    struct fail *f);

must_check int store_each_event(struct store *s, int64_t after_id, int limit,
    bool (*each)(void *ctx, const struct event_row *row), void *ctx, struct fail *f);

/* How many rows, for /metrics and operators. */
struct store_counts {
    int64_t devices, devices_online, conditions_confirmed, tickets_open, clocks_breached, transitions;
};
must_check int store_count(struct store *s, struct store_counts *ret, struct fail *f);

#endif
