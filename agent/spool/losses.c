/* losses.c: the chain of ranges given up. See losses.h. */
#include "losses.h"

#include <string.h>

static uint32_t add_capped(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* b lies right behind a. The later stamp is kept: the range was complete then. */
static void merge(struct loss_entry *a, const struct loss_entry *b)
{
    a->loss.last = b->loss.last;
    a->loss.cause = b->loss.cause;
    a->loss.faults = add_capped(a->loss.faults, b->loss.faults);
    a->loss.healths = add_capped(a->loss.healths, b->loss.healths);
    a->loss.others = add_capped(a->loss.others, b->loss.others);
    a->stamp = b->stamp;
}

static void remove_at(struct losses *l, size_t i)
{
    l->count--;
    memmove(&l->entries[i], &l->entries[i + 1], (l->count - i) * sizeof l->entries[0]);
}

static void make_room(struct losses *l)
{
    if (l->count < LOSSES_MAX)
        return;
    merge(&l->entries[0], &l->entries[1]);
    remove_at(l, 1);
}

void losses_append(struct losses *l, const struct loss *loss, const struct stamp *stamp)
{
    struct loss_entry entry = {.loss = *loss, .stamp = *stamp};
    struct loss_entry *end = l->count ? &l->entries[l->count - 1] : NULL;

    if (end && end->loss.last + 1 != loss->first) {
        l->count = 0;
        end = NULL;
    }
    if (end && end->loss.cause == loss->cause && !end->given) {
        merge(end, &entry);
        return;
    }
    make_room(l);
    l->entries[l->count++] = entry;
}

void losses_prepend(struct losses *l, const struct loss *loss, const struct stamp *stamp)
{
    make_room(l);
    memmove(&l->entries[1], &l->entries[0], l->count * sizeof l->entries[0]);
    l->entries[0] = (struct loss_entry){.loss = *loss, .stamp = *stamp};
    l->count++;
}

struct loss_entry *losses_find(struct losses *l, uint64_t number)
{
    for (size_t i = 0; i < l->count; i++) {
        if (number >= l->entries[i].loss.first && number <= l->entries[i].loss.last)
            return &l->entries[i];
    }
    return NULL;
}

void losses_count(struct loss *loss, enum record_kind kind)
{
    uint32_t *count = kind == RECORD_FAULT ? &loss->faults : kind == RECORD_HEALTH ? &loss->healths : &loss->others;

    *count = add_capped(*count, 1);
}
