/* recover.h: from whatever stands in the folder to two lanes that keep the spool's promises. */
#ifndef FAULTLINE_RECOVER_H
#define FAULTLINE_RECOVER_H

#include "queue.h"

/* Files that nothing needs once the epoch file is saved. */
struct leftovers {
    char (*names)[SEGMENT_NAME_BYTES]; /* owned: free() */
    size_t count;
};

/* Fills the queues of both lanes (queue_init() was called) and brings *m up to what the segments say. Nothing is removed:
 * the caller saves *m, then discards *ret. found_at is the time written into losses that are found now. The disk may
 * refuse every write: then the folder has failed, and what is there can be read. FAIL_NEWER, FAIL_IO. */
must_check int recover_lanes(struct folder *d, struct meta *m, struct queue queues[LANE_COUNT], struct wall found_at,
    struct leftovers *ret, struct fail *f);

/* Whether there is a segment of any epoch. */
must_check int recover_has_segments(struct folder *d, bool *ret, struct fail *f);

#endif
