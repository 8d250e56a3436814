/* catalogue.h: what is known about fault codes: titles, class, part; and the look-up of the row that fits
 * best.
 *
 * Pure. Any thread, as long as nobody changes the catalogue meanwhile. */
#ifndef FAULTLINE_CATALOGUE_H
#define FAULTLINE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "condition.h"
#include "record.h"

struct catalogue_row {
    char product_line[BOUND_NAME + 1], model[BOUND_NAME + 1]; /* "" = any */
    char ns[BOUND_NAMESPACE + 1], code[BOUND_CODE + 1];       /* code "" = any of the namespace */
    int64_t mode;                                             /* -1 = any */
    char title_en[BOUND_REASON + 1], title_zh[BOUND_REASON + 1];
    enum ticket_class class_; /* CLASS_UNSET = recorded, never a ticket */
    char part_no[BOUND_NAME + 1];
    uint8_t severity; /* 0 = as reported */
    char action_en[256], action_zh[256];
    char confirm[BOUND_REASON + 1], heal[BOUND_REASON + 1]; /* for people: how the device debounces it */
};

/* All rows, sorted for the look-up. */
struct catalogue {
    struct catalogue_row *rows; /* owned */
    size_t count, room;
};

void catalogue_init(struct catalogue *c);
void catalogue_done(struct catalogue *c);
void catalogue_add(struct catalogue *c, const struct catalogue_row *row); /* copies */
/* Must be called after the last catalogue_add() and before the first catalogue_find(). */
void catalogue_sort(struct catalogue *c);

/* The row that says most about this fault on this product: a row for the very code before one for its
 * namespace, then one for the mode, then one for the model, then one for the product line. NULL when none
 * fits. Borrowed from c. */
const struct catalogue_row *catalogue_find(
    const struct catalogue *c, const char *product_line, const char *model, const struct condition_key *key);

/* The class of a fault: the catalogue's, else what the application asked for, else general; never
 * CLASS_UNSET. row may be NULL. */
enum ticket_class catalogue_class(const struct catalogue_row *row, enum ticket_class hint);

/* False when the catalogue says that this fault is recorded and never becomes a ticket. row may be NULL. */
bool catalogue_opens_tickets(const struct catalogue_row *row);

/* The catalogue's severity, else the reported one. row may be NULL. */
uint8_t catalogue_severity(const struct catalogue_row *row, uint8_t reported);

#endif
