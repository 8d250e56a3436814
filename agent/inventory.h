/* inventory.h: what the device is made of, put together from the settings and from what sources read. Pure.
 *
 * Parts are told apart by their position, firmware by its component. Who reads one later overrides what is known of it,
 * text by text; an empty text overrides nothing. */
#ifndef FAULTLINE_INVENTORY_H
#define FAULTLINE_INVENTORY_H

#include <stdbool.h>

#include "record.h"

struct inventory_book;

struct inventory_book *inventory_new(void);
void inventory_free(struct inventory_book *b); /* NULL is fine */

/* Takes in what is new in i; copies. Texts are cut at their bound, what is beyond BOUND_PARTS or BOUND_FIRMWARE is left
 * out and *ret_left_out says how many. True when anything changed. */
bool inventory_merge(struct inventory_book *b, const struct inventory *i, unsigned *ret_left_out);

/* All of it; borrowed until the next merge. */
const struct inventory *inventory_all(const struct inventory_book *b);

#endif
