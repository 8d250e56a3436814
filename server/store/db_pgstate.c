/* db_pgstate.c: PostgreSQL's error codes. See db_pgstate.h. */
#include "db_pgstate.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* By SQLSTATE, longest prefix first (postgresql.org/docs/15/errcodes-appendix.html). */
static const struct {
    const char *state;
    enum fail_code code;
    int sys;
} states[] = {
    {"53100", FAIL_FULL, ENOSPC},
    {"58030", FAIL_IO, EIO},
    {"57014", FAIL_LIMIT, 0}, /* statement_timeout */
    {"55P03", FAIL_CONFLICT, 0},
    {"25006", FAIL_IO, EROFS},
    {"42501", FAIL_DENIED, 0},
    {"3D000", FAIL_NOT_FOUND, 0},
    {"XX001", FAIL_CORRUPT, 0},
    {"XX002", FAIL_CORRUPT, 0},
    {"08", FAIL_PEER, 0},
    {"53", FAIL_PEER, 0},
    {"57", FAIL_PEER, 0},
    {"58", FAIL_IO, EIO},
    {"23", FAIL_CONFLICT, 0},
    {"40", FAIL_CONFLICT, 0},
    {"22", FAIL_INPUT, 0},
    {"28", FAIL_DENIED, 0},
    {"42", FAIL_CORRUPT, 0}, /* our statements are right, so the tables are not ours */
    {"54", FAIL_LIMIT, 0},
};

enum fail_code db_pgstate_code(const char *state, int *ret_sys)
{
    *ret_sys = 0;
    for (size_t i = 0; state && i < countof(states); i++)
        if (strncmp(state, states[i].state, strlen(states[i].state)) == 0) {
            *ret_sys = states[i].sys;
            return states[i].code;
        }
    return FAIL_PEER;
}
