/* store_rows.h: rows that are written several at a time.
 *
 * Statements cost more than rows: rows of a table wait here until a few of them make one INSERT (a tenth less processor
 * time on SQLite, several times less on PostgreSQL). They are copied. Whoever reads a table within the transaction
 * settles it first. Nothing waits across a commit or rollback. */
#ifndef FAULTLINE_STORE_ROWS_H
#define FAULTLINE_STORE_ROWS_H

#include "db.h"

/* The tables written so. */
enum store_slot {
    STORE_LANES,
    STORE_CONDITIONS,
    STORE_TRANSITIONS,
    STORE_REPORTS,
    STORE_CLOCKS,
    STORE_AUDIT,
    STORE_EVENTS,
    STORE_SLOT_COUNT
};

struct store_table {
    enum store_slot slot;
    const char *insert;   /* "INSERT INTO table (columns) VALUES" */
    const char *conflict; /* " ON CONFLICT … DO UPDATE SET …"; "" = the table has no key */
    size_t columns;
    size_t key_columns; /* the first ones; 0 = the table has no key */
};

/* One table's waiting rows. */
struct store_rows;

/* Adds a row of table->columns values; writes the waiting ones when they are enough. */
must_check int store_rows_add(
    struct store *s, const struct store_table *table, const struct db_value *values, struct fail *f);

/* Writes the waiting rows of one table, of all. */
must_check int store_rows_settle(struct store *s, enum store_slot slot, struct fail *f);
must_check int store_rows_settle_all(struct store *s, struct fail *f);

void store_rows_forget(struct store *s); /* drops all that wait */
void store_rows_free(struct store *s);

#endif
