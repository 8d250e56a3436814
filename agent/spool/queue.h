/* queue.h: one lane on disk: its segments in order, the group of records not yet synced, and the place of its reader.
 * What must outlive the process stands in the epoch file's struct meta, which the spool owns and both lanes share. */
#ifndef FAULTLINE_QUEUE_H
#define FAULTLINE_QUEUE_H

#include "cursor.h"
#include "meta.h"

/* A group is written at once when it is synced. What is larger is synced in parts, earlier than asked. */
enum { QUEUE_GROUP_BYTES = 16 * 1024 };

struct queue {
    struct folder *folder;
    struct meta *meta;
    enum lane lane;
    struct segment *segments; /* ascending; segments[i].end is segments[i + 1].first */
    size_t count;
    int active_file; /* of the newest segment when it takes appends, else -1 */
    uint8_t group[QUEUE_GROUP_BYTES];
    size_t group_bytes;
    uint64_t group_count;
    struct cursor cursor;
    uint64_t cursor_first; /* of the segment the cursor is in, 0 = none */
};

/* What stands at a number. */
struct queue_item {
    bool is_loss;
    uint64_t number;              /* it stands here */
    struct segment_record record; /* else; bytes are borrowed until the next call */
    struct loss loss;             /* is_loss */
    struct stamp stamp;           /* is_loss */
};

void queue_init(struct queue *q, struct folder *d, struct meta *m, enum lane lane);
void queue_done(struct queue *q);

/* Takes a segment behind all others. */
void queue_add_segment(struct queue *q, const struct segment *s);

uint64_t queue_next(const struct queue *q);
uint64_t queue_oldest(const struct queue *q);

/* Whether a record of n bytes fits into the newest segment. */
bool queue_fits(const struct queue *q, size_t n);

/* Adds to the group; r->number is queue_next(). The record must fit. */
must_check int queue_append(struct queue *q, const struct segment_record *r, struct fail *f);

/* Makes the group durable: one write, one sync. */
must_check int queue_sync(struct queue *q, struct fail *f);

/* Ends the newest segment and makes the next. The group must be synced. The caller saves the meta before it appends. */
must_check int queue_roll(struct queue *q, int64_t bytes, struct wall now, struct fail *f);

/* FAIL_NOT_FOUND: not readable (yet, or any more). A loss that was found this way stays as it is. */
must_check int queue_read(struct queue *q, uint64_t number, struct queue_item *ret, struct fail *f);

/* Notes which segments became wholly free now, and which are not so any more. */
void queue_settle(struct queue *q, struct mono now);

/* Whether segment i exists, is not taking appends, and no receipt is missing for it. */
bool queue_is_freed(const struct queue *q, size_t i);

/* Accounts in *m for segment i as gone, as if all before it were: what was not freed becomes loss, stamped `now`. The
 * queue itself stays as it is until queue_forget(). */
must_check int queue_give_up(const struct queue *q, size_t i, struct meta *m, const struct stamp *now, struct fail *f);

/* Removes the n oldest segments, from memory and from the disk. The meta that accounts for them is durable already. */
must_check int queue_forget(struct queue *q, size_t n, struct fail *f);

#endif
