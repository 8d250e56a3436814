/* db_pgstate: what a collector must die of, may try again, or has to tell somebody is told apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "db_pgstate.h"

static void states_are_told_apart(void **state)
{
    static const struct {
        const char *state;
        enum fail_code code;
        int sys;
    } cases[] = {
        {"53100", FAIL_FULL, ENOSPC}, /* disk_full */
        {"53300", FAIL_PEER, 0},      /* too_many_connections */
        {"58030", FAIL_IO, EIO},      /* io_error */
        {"58P01", FAIL_IO, EIO},      /* undefined_file */
        {"XX001", FAIL_CORRUPT, 0},   /* data_corrupted */
        {"XX002", FAIL_CORRUPT, 0},   /* index_corrupted */
        {"XX000", FAIL_PEER, 0},      /* internal_error */
        {"57P01", FAIL_PEER, 0},      /* admin_shutdown */
        {"57014", FAIL_LIMIT, 0},     /* query_canceled */
        {"08006", FAIL_PEER, 0},      /* connection_failure */
        {"25006", FAIL_IO, EROFS},    /* read_only_sql_transaction */
        {"55P03", FAIL_CONFLICT, 0},  /* lock_not_available */
        {"40P01", FAIL_CONFLICT, 0},  /* deadlock_detected */
        {"40001", FAIL_CONFLICT, 0},  /* serialization_failure */
        {"23505", FAIL_CONFLICT, 0},  /* unique_violation */
        {"22021", FAIL_INPUT, 0},     /* character_not_in_repertoire */
        {"28P01", FAIL_DENIED, 0},    /* invalid_password */
        {"42501", FAIL_DENIED, 0},    /* insufficient_privilege */
        {"42P01", FAIL_CORRUPT, 0},   /* undefined_table */
        {"3D000", FAIL_NOT_FOUND, 0}, /* invalid_catalog_name */
        {"54000", FAIL_LIMIT, 0},     /* program_limit_exceeded */
        {NULL, FAIL_PEER, 0},
        {"", FAIL_PEER, 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int sys = -1;
        assert_int_equal(db_pgstate_code(cases[i].state, &sys), cases[i].code);
        assert_int_equal(sys, cases[i].sys);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(states_are_told_apart)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
