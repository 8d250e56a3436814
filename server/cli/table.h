/* table.h: rows for people: columns aligned by how wide a terminal shows them, so that Chinese lines up too. What a
 * device sent cannot reach the terminal as control bytes. One thread. */
#ifndef FAULTLINE_TABLE_H
#define FAULTLINE_TABLE_H

#include <stdbool.h>
#include <stdio.h>

enum ink { INK_PLAIN, INK_RED, INK_YELLOW, INK_GREEN, INK_FAINT };

enum { TABLE_COLUMNS = 12 };

struct table;

/* heads: NULL-terminated, at most TABLE_COLUMNS, borrowed until table_free(). right: a bit for each column that is
 * aligned to the right. */
struct table *table_new(const char *const *heads, unsigned right);
void table_free(struct table *t);

/* The next cell, from left to right; behind the last column a new row begins. Copies; NULL reads "". */
void table_cell(struct table *t, const char *text, enum ink ink);

/* Heads and rows, or nothing when there are no rows. Escape codes only with coloured. */
void table_print(const struct table *t, FILE *out, bool coloured);

/* Columns that text takes on a terminal. */
int table_width(const char *text);

/* Writes text with control characters (C0, C1, line ends, direction marks) shown as U+FFFD. */
void table_put_safely(FILE *out, const char *text);

#endif
