/* db_pgstate.h: what PostgreSQL's error codes mean to us. Pure. */
#ifndef FAULTLINE_DB_PGSTATE_H
#define FAULTLINE_DB_PGSTATE_H

#include "fail.h"

/* The kind of failure a SQLSTATE is (NULL = none was given: FAIL_PEER), and the errno that goes with it, or 0. */
enum fail_code db_pgstate_code(const char *state, int *ret_sys);

#endif
