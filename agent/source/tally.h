/* tally.h: samples of named measures gathered into min, mean, max and last, until a health record takes them. Pure. */
#ifndef FAULTLINE_TALLY_H
#define FAULTLINE_TALLY_H

#include <stddef.h>

#include "bounds.h"
#include "fail.h"
#include "record.h"

enum {
    /* What all measures of one health record may take when encoded, so that it stays within BOUND_RECORD_BYTES with
     * room for its other fields. */
    TALLY_BYTES = BOUND_RECORD_BYTES - 512,
};

struct tally {
    struct measure measures[BOUND_HEALTH_MEASURES]; /* name and unit point into texts[] */
    struct {
        char name[BOUND_NAME + 1];
        char unit[BOUND_UNIT + 1];
    } texts[BOUND_HEALTH_MEASURES];
    size_t count;
    size_t bytes;
};

/* Forgets everything. A tally must not be copied (it points into itself). */
void tally_reset(struct tally *t);

/* Adds one finite sample; name 1 to BOUND_NAME bytes, unit at most BOUND_UNIT (checked by the caller).
 * FAIL_FULL: no room for one more name; FAIL_INPUT: the name is there with another unit. */
must_check int tally_add(struct tally *t, const char *name, double value, const char *unit, struct fail *f);

/* The measure called name; NULL when it has no sample. Borrowed until the next call. */
const struct measure *tally_find(const struct tally *t, const char *name);

#endif
