/* workset.h: the writer's working set: the devices it met lately, as the store has them, and what changed since.
 *
 * It saves reading four tables for each message. It is true because nobody else writes (the shards' lease fences other
 * writers); whoever changes rows by another way, or sees a transaction fail, drops it with workset_clear().
 * Bounded: the devices met longest ago go first, between transactions. The writer's thread only. */
#ifndef FAULTLINE_WORKSET_H
#define FAULTLINE_WORKSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "occurred.h"
#include "refusal.h"
#include "store.h"

struct workset_lane {
    struct lane_row row;
    bool dirty;
    bool agreed; /* since it was read from the store the device sent of it nothing beyond next: it freed no more */
};

struct workset_condition {
    struct condition c;
    struct ticket_number ticket; /* n 0 = none is open */
    uint32_t ticket_occurrences;
    enum ticket_class ticket_class;
    uint64_t snapshot; /* the last snapshot that named it, see struct workset_snapshot */
    bool dirty;
    bool listed;                          /* in the list of those that may be active */
    struct workset_condition *next;       /* all of the device */
    struct workset_condition *next_dirty; /* those to be written */
    struct workset_condition *next_active;
};

/* A snapshot of which not all parts have come yet. */
struct workset_snapshot {
    uint64_t n; /* counts the snapshots begun */
    uint64_t epoch, hash;
    uint32_t next_part; /* 0 = none is under way */
};

/* The session in which a device was found to use numbers twice; see reuse.h. */
struct workset_reuse {
    uint64_t epoch; /* 0 = none was */
    uint32_t session;
    enum lane lane;
    uint64_t next; /* from here on its records are others */
};

/* What a device is asked for; see ask.h. */
struct workset_ask {
    uint64_t epoch, id; /* id 0 = nothing */
    uint64_t done;      /* the last id that it answered */
    struct wall sent;   /* ms 0 = never */
};

struct workset_device {
    struct device_row row;
    bool row_dirty;
    struct wall last_seen_stored;
    struct workset_lane *lanes; /* all epochs; owned */
    size_t lane_count, lane_room;
    struct workset_condition *conditions, *dirty;
    struct workset_condition *active; /* holds every pending or confirmed one, and some that were */
    size_t condition_count;
    struct workset_snapshot snapshot;
    struct workset_reuse reuse;
    struct wall looked; /* when its records were last looked for in the logs; ms 0 = never */
    struct workset_ask ask;
    int64_t last_interval_ms;      /* of the latest health report; 0 = none came yet */
    bool met;                      /* it heard where all its lanes stand since it was read from the store */
    struct fix fix;                /* of the previous uplink */
    struct wall floor[LANE_COUNT]; /* the latest record of the lane happened no earlier */
    int32_t child_count;           /* -1 = not counted yet */
    struct wall last_new_epoch;
    uint32_t refused_count; /* refused and not yet in the loss ledger */
    enum refusal refused_last;
    struct wall refused_noted;
};

struct workset;

struct workset *workset_new(size_t max_devices);
void workset_free(struct workset *w);
void workset_clear(struct workset *w);

/* The device, from memory or from the store. FAIL_NOT_FOUND when the store has none. Borrowed until workset_trim(). */
must_check int workset_get(struct workset *w, struct store *store, uint8_t shard, const char *device,
    struct workset_device **ret, struct fail *f);

/* A device that the store has not: stores its row at once. */
must_check int workset_add(
    struct workset *w, struct store *store, const struct device_row *row, struct workset_device **ret, struct fail *f);

/* The lane's watermark; a lane that was never seen starts at 1. */
struct workset_lane *workset_lane(struct workset_device *d, uint64_t epoch, enum lane lane);
bool workset_knows_epoch(const struct workset_device *d, uint64_t epoch);
size_t workset_epoch_count(const struct workset_device *d);

/* The condition, NULL when there is none. */
struct workset_condition *workset_find(struct workset *w, struct workset_device *d, const struct condition_key *key);
struct workset_condition *workset_add_condition(
    struct workset *w, struct workset_device *d, const struct condition_key *key);

/* To be called by whoever changed the device's row or lanes: what is dirty is written by workset_flush(). */
void workset_touch(struct workset *w, struct workset_device *d);
/* The same for one of its conditions, whatever state it is in now. */
void workset_touch_condition(struct workset *w, struct workset_device *d, struct workset_condition *c);

/* Writes all that is dirty, device by device in the order of first touch. */
must_check int workset_flush(struct workset *w, struct store *store, struct fail *f);

/* Calls each() for all devices in memory until it fails; it must not add any. */
must_check int workset_each(
    struct workset *w, int (*each)(void *ctx, struct workset_device *d, struct fail *f), void *ctx, struct fail *f);

/* Lets go of what is beyond the bound, but not of devices whose refusals wait for the ledger. Not between a touch and
 * its flush. */
void workset_trim(struct workset *w);

size_t workset_count(const struct workset *w);

#endif
