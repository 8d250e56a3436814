/* losses.h: the numbers of a lane that were given up for good and whose segments are gone: a chain of ranges without
 * holes, oldest first, each standing for one loss record. Numbers that fail their check inside a segment that is still
 * there are not in it: the segment itself shows them. Pure: no disk, no clock. */
#ifndef FAULTLINE_LOSSES_H
#define FAULTLINE_LOSSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

enum { LOSSES_MAX = 32 };

struct loss_entry {
    struct loss loss;
    struct stamp stamp; /* when it was given up; boot 0 when not known */
    bool given;         /* was read, perhaps sent: its range and counts stay as they are */
};

struct losses {
    struct loss_entry entries[LOSSES_MAX];
    size_t count;
};

/* Adds a range that begins right behind the chain's end; after a jump the chain begins anew (what lies below the jump
 * was freed). Merges with the last range when that has the same cause and was not given yet. When the chain is full
 * its two oldest ranges become one. */
void losses_append(struct losses *l, const struct loss *loss, const struct stamp *stamp);

/* Adds a range that ends right before the chain's first number. */
void losses_prepend(struct losses *l, const struct loss *loss, const struct stamp *stamp);

/* The range that holds number, or NULL. */
struct loss_entry *losses_find(struct losses *l, uint64_t number);

/* Adds one record of a kind to the counts. */
void losses_count(struct loss *loss, enum record_kind kind);

#endif
