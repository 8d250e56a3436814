/* catalogue_file.h: the catalogue as people keep it, a CSV file, into the store's reference table.
 *
 * Columns, in any order: product_line, model, namespace, code, mode, title_en, title_zh, class, part_no, confirm, heal,
 * action_en, action_zh. namespace, code, title_en and title_zh are required; an empty product_line, model or mode means
 * any; class is general, important, urgent, or none (recorded, never a ticket). confirm and heal are notes for people:
 * how the device is to debounce the code. */
#ifndef FAULTLINE_CATALOGUE_FILE_H
#define FAULTLINE_CATALOGUE_FILE_H

#include <stddef.h>

#include "fail.h"
#include "store.h"
#include "times.h"

/* Reads path into the store in one transaction, all or nothing; reading the same file twice changes nothing, and rows
 * that are only in the store stay. Each wrong line is logged (catalogue.line) with its reason before the whole is
 * refused with FAIL_INPUT; FAIL_NOT_FOUND when there is no such file; else as store_commit(). Blocks; call it from the
 * thread that owns the writing handle. */
must_check int catalogue_file_load(
    const char *path, struct store *store, struct wall now, size_t *ret_rows, struct fail *f);

#endif
