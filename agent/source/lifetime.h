/* lifetime.h: what outlives the agent: how often it started and why, how long the device has run. One small file.
 *
 * Operating time is the sum of the time since boot over all boots. The monotonic clock must count from boot
 * (CLOCK_BOOTTIME does): so the time before the agent started, and between two starts in one boot, is counted as well.
 * A power cut costs what passed since the last save. */
#ifndef FAULTLINE_LIFETIME_H
#define FAULTLINE_LIFETIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk.h"
#include "fail.h"
#include "times.h"

struct lifetime {
    uint64_t epoch; /* of the spool; restarts count from 0 in each */
    uint64_t boot;  /* random number of the boot in which it was saved; 0 = never */
    uint64_t restarts;
    uint64_t cycles;       /* boots in which the agent ran */
    uint64_t operating_ms; /* up to mono_ms of that boot */
    uint64_t mono_ms;
    bool running; /* saved by an agent that has not said that it stops */
};

enum { LIFETIME_BYTES = 512 };

/* The file's text; returns its length. */
size_t lifetime_write(const struct lifetime *l, char buf[static LIFETIME_BYTES]);

/* False, and ret untouched, when text is not exactly what lifetime_write() makes. */
bool lifetime_read(const char *text, struct lifetime *ret);

/* The agent starts, in boot (not 0) and with the spool's epoch. l is what the last one saved, all zero when there is
 * nothing. Returns why there was a start: "first start", "boot" (after an orderly stop), "restart" (orderly, same boot),
 * "power loss" (or a reset: another boot, no orderly stop), "crash" (same boot, no orderly stop). */
const char *lifetime_begin(struct lifetime *l, uint64_t epoch, uint64_t boot, struct mono now);

/* Counts the operating time up to now. */
void lifetime_advance(struct lifetime *l, struct mono now);

/* Reads and writes the file in folder dir (a handle of disk). Saving is atomic and survives a power cut; it blocks on the
 * disk. A missing file loads as all zero. FAIL_CORRUPT, FAIL_IO, FAIL_FULL. */
must_check int lifetime_load(const struct disk *disk, int dir, struct lifetime *ret, struct fail *f);
must_check int lifetime_save(const struct disk *disk, int dir, const struct lifetime *l, struct fail *f);

#endif
