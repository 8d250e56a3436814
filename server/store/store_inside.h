/* store_inside.h: what the files of the store share, and nobody else: the handle, and columns to C and back. */
#ifndef FAULTLINE_STORE_INSIDE_H
#define FAULTLINE_STORE_INSIDE_H

#include "db.h"
#include "store.h"
#include "store_rows.h"

/* The day being added to: batches are sorted by device, so a backlog of health reports costs one row and not one write
 * a report. */
struct store_pending {
    bool used;
    struct health_day row; /* points into what follows */
    char device[BOUND_SUBJECT_ID + 1];
    struct measure_day measures[HEALTH_DAY_MEASURES];
};

/* The ticket numbers of the shard that tickets are being opened in: its row is locked, the next number is here. */
struct store_numbers {
    bool locked, taken; /* taken: next is not what the row says */
    uint8_t shard;
    int64_t next;
};

struct store {
    struct db *db;
    enum store_mode mode;
    bool in_transaction;
    char owner[BOUND_DEVICE_ID + 1]; /* of the lease; "" = none taken */
    int64_t lease_epoch, lease_ttl_ms;
    int64_t transitions; /* added in this transaction */
    struct store_pending pending;
    struct store_rows *rows[STORE_SLOT_COUNT]; /* waiting to be written; NULL = none ever did */
    struct store_numbers numbers;
};

/* Writes the pending day of health. */
must_check int store_health_flush(struct store *s, struct fail *f);

/* Writes the next ticket number and lets go of the shard, as far as this handle is concerned. */
must_check int store_numbers_flush(struct store *s, struct fail *f);

/* Runs sql with the values: one row wanted. FAIL_NOT_FOUND (and text) when there is none. */
must_check int store_one(struct store *s, const char *sql, const struct db_value *values, size_t n, struct db_rows *ret,
    const char *missing, struct fail *f);

/* A query put together from fragments; fragments hold one "$%d" each, for the value that comes with them. */
struct store_query {
    char text[3072];
    size_t used;
    struct db_value values[32];
    size_t n;
};

void store_query_add(struct store_query *q, const char *fragment);
void store_query_value(struct store_query *q, const char *fragment, struct db_value value);
must_check int store_query_run(struct store *s, const struct store_query *q, struct db_rows *ret, struct fail *f);

static inline struct db_value db_wall(struct wall at)
{
    return db_i64(at.ms);
}

static inline struct wall store_get_wall(const struct db_rows *rows, int column)
{
    return (struct wall){db_get_i64(rows, column)};
}

#define store_copy(rows, column, field) db_copy_text(rows, column, field, sizeof(field))

/* Columns of a condition key, always in this order. */
#define STORE_KEY_COLUMNS "bus, reporter, ns, code, mode, component"
#define STORE_KEY_VALUES(key)                                                                                          \
    db_text((key)->bus), db_text((key)->reporter), db_text((key)->ns), db_text((key)->code), db_i64((key)->mode),      \
        db_text((key)->component)
void store_get_key(const struct db_rows *rows, int column, struct condition_key *ret);

#endif
