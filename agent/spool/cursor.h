/* cursor.h: walks a segment forward, from number to number, through a window in memory. Every number of the segment
 * comes exactly once, in order: in a good record, or in a loss that spans the numbers which no good record holds. */
#ifndef FAULTLINE_CURSOR_H
#define FAULTLINE_CURSOR_H

#include "segment.h"

enum { CURSOR_WINDOW_BYTES = 16 * 1024 };

struct cursor {
    struct folder *folder;
    int file;         /* -1: cannot be opened, all is loss */
    int64_t at;       /* the next item is looked for here … */
    uint64_t number;  /* … and begins with this number */
    struct wall wall; /* of the last good record, else when the segment was made */
    int64_t last_at;  /* where the last item was found, for going back to it */
    uint64_t last_number;
    struct wall last_wall;
    int64_t window_at;
    size_t window_bytes;
    uint8_t window[CURSOR_WINDOW_BYTES];
};

enum cursor_found { CURSOR_END, CURSOR_RECORD, CURSOR_LOSS };

struct cursor_item {
    enum cursor_found found;
    uint64_t first, last;         /* numbers */
    struct segment_record record; /* CURSOR_RECORD; its bytes are borrowed until the next step */
    struct wall wall;             /* CURSOR_LOSS: about when: of the record before */
};

/* Stands before the segment's first number. FAIL_IO when the file cannot be opened for want of descriptors and the
 * like; a file that is missing or unreadable is no failure: its numbers are loss. */
must_check int cursor_open(struct cursor *c, struct folder *d, const struct segment *s, struct fail *f);
void cursor_close(struct cursor *c); /* a closed cursor is fine */

/* The next item of s, the segment the cursor was opened for. s->end and s->tail may have grown since. Nothing behind
 * `limit` is looked at. */
must_check int cursor_step(
    struct cursor *c, const struct segment *s, int64_t limit, struct cursor_item *ret, struct fail *f);

/* Stands where it stood before the last step. */
void cursor_back(struct cursor *c);

/* Reads a whole segment whose end is known and sets tail and corrupt_count. */
must_check int cursor_scan(struct folder *d, struct segment *s, struct fail *f);

/* As cursor_scan() for the newest segment of a lane, whose end is not known: sets it too. ret_is_clean: nothing but
 * space never written stands behind the last good record, so appending may go on. If not, `end` lies behind every
 * number that the damaged bytes can have held: they may have been promised, so they are not given again. */
must_check int cursor_scan_newest(struct folder *d, struct segment *s, bool *ret_is_clean, struct fail *f);

#endif
