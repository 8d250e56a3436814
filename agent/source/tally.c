/* tally.c: see tally.h. */
#include "tally.h"

#include <string.h>

/* Fields, lengths and numbers of one encoded measure around its two texts: four doubles of 9 bytes, two lengths, the
 * count and the message's own header, rounded up. */
enum { MEASURE_BYTES = 4 * 9 + 2 * 2 + 6 + 4 };

void tally_reset(struct tally *t)
{
    t->count = 0;
    t->bytes = 0;
}

static size_t index_of(const struct tally *t, const char *name)
{
    size_t i = 0;

    while (i < t->count && strcmp(t->measures[i].name, name) != 0)
        i++;
    return i;
}

static int begin(struct tally *t, const char *name, const char *unit, struct fail *f)
{
    size_t bytes = strlen(name) + strlen(unit) + MEASURE_BYTES;
    size_t i = t->count;

    if (i == BOUND_HEALTH_MEASURES || t->bytes + bytes > TALLY_BYTES)
        return fail_set(f, FAIL_FULL, "measure: %zu names are all that one health record holds", i);
    memcpy(t->texts[i].name, name, strlen(name) + 1);
    memcpy(t->texts[i].unit, unit, strlen(unit) + 1);
    t->measures[i] = (struct measure){.name = t->texts[i].name, .unit = t->texts[i].unit};
    t->bytes += bytes;
    t->count++;
    return 0;
}

int tally_add(struct tally *t, const char *name, double value, const char *unit, struct fail *f)
{
    size_t i = index_of(t, name);

    if (i == t->count) {
        if (begin(t, name, unit, f) != 0)
            return -1;
    } else if (strcmp(t->measures[i].unit, unit) != 0) {
        return fail_set(f, FAIL_INPUT, "unit: not the one this measure had before in the interval");
    }
    struct measure *m = &t->measures[i];
    m->min = m->count && m->min < value ? m->min : value;
    m->max = m->count && m->max > value ? m->max : value;
    m->last = value;
    m->count++;
    /* Not by way of a sum: that of two finite numbers need not be one. */
    m->mean = m->mean / m->count * (m->count - 1) + value / m->count;
    return 0;
}

const struct measure *tally_find(const struct tally *t, const char *name)
{
    size_t i = index_of(t, name);

    return i < t->count ? &t->measures[i] : NULL;
}
