/* health.h: the source that reports how the device itself is: load, memory, temperature, disk, hours, restarts, and the
 * samples that applications add. Twelve samples an interval, one health record at its end. */
#ifndef FAULTLINE_HEALTH_H
#define FAULTLINE_HEALTH_H

#include "source.h"

enum { HEALTH_PATH_BYTES = 256 };

struct health_settings {
    int64_t interval; /* ms */
    char path[HEALTH_PATH_BYTES];
};

extern const struct source_type source_health;

/* Adds a sample to the next record (struct source_sink.measure). state: what source_health.open() gave.
 * FAIL_FULL: no room for another name; FAIL_INPUT: another unit than before. A measure "operating_hours" in "h" takes the
 * place of the agent's own count. */
must_check int health_measure(void *state, const struct frame_value *sample, struct fail *f);

/* Does what is due now: samples, reports, saves. The source's own timer calls it; calling it earlier is harmless. */
void health_tick(void *state);

#endif
