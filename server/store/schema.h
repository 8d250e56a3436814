/* schema.h: the numbered schema files, built into the program, and bringing a database up to them. */
#ifndef FAULTLINE_SCHEMA_H
#define FAULTLINE_SCHEMA_H

#include <stddef.h>

#include "db.h"

/* One schema file. Once released it is never changed: what comes later is a new file. */
struct schema_step {
    const char *name; /* of the file */
    const char *sql;
};

/* Step i brings a database from version i to i + 1. */
extern const struct schema_step schema_steps[];
extern const size_t schema_step_count;

/* Brings the database of a writing handle to version `count`, in one transaction, or leaves it as it was.
 * FAIL_NEWER: it is of a later version already; FAIL_CORRUPT: a step it has gone through was another text. */
must_check int schema_upgrade(struct db *db, const struct schema_step *steps, size_t count, struct fail *f);

/* For reading handles: FAIL_NOT_FOUND when the database is older or empty, else as above. */
must_check int schema_check(struct db *db, const struct schema_step *steps, size_t count, struct fail *f);

#endif
