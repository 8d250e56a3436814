/* csv.h: reads comma-separated values as RFC 4180 has them, UTF-8, one row at a time, strictly.
 *
 * Fields may be quoted, with "" for a quote and line ends inside; lines end with LF or CRLF; a byte-order mark at the
 * start and empty lines are passed over. Everything else is refused with FAIL_INPUT and the line: a quote inside an
 * unquoted field, text behind a closing quote, a NUL, a quote left open. A row above CSV_ROW_BYTES or
 * CSV_FIELDS is FAIL_LIMIT. After a refused row the reader stands at the next line, so that the rest of a file can
 * still tell its errors. Blocks on the file; one thread. */
#ifndef FAULTLINE_CSV_H
#define FAULTLINE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "fail.h"

enum { CSV_ROW_BYTES = 64 * 1024, CSV_FIELDS = 64 };

struct csv {
    FILE *in;      /* borrowed */
    unsigned line; /* of the row read last, from 1; 0 before the first */
    unsigned lines_read;
    size_t count;                   /* fields of the row read last */
    const char *fields[CSV_FIELDS]; /* NUL-terminated; borrowed until the next row is read */
    char row[CSV_ROW_BYTES];
};

void csv_init(struct csv *c, FILE *in);

/* Reads the next row. ret_row false at the end of the file. FAIL_INPUT, FAIL_LIMIT (see above), FAIL_IO. */
must_check int csv_next(struct csv *c, bool *ret_row, struct fail *f);

#endif
