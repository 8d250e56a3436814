/* fleet.c: events to the items that failed, and days in service: fleet_attribute(). The cells are in fleet_cells.c. */
#include "fleet.h"

#include "check.h"
#include "room.h"

#include <math.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- arguments */

static int check_devices(const struct fleet *fleet, struct fail *f)
{
    for (size_t i = 0; i < fleet->devices; i++)
        if (!(fleet->in_service[i] > (double)-INFINITY))
            return fail_set(f, FAIL_INPUT, "in_service[%zu]: not a day", i);
    return 0;
}

static int check_items(const struct fleet *fleet, struct fail *f)
{
    for (size_t i = 0; i < fleet->item_count; i++) {
        const struct fleet_item *item = &fleet->items[i];

        if (item->device >= fleet->devices)
            return fail_set(f, FAIL_INPUT, "items[%zu].device: there are only %zu devices", i, fleet->devices);
        if (!isfinite(item->installed))
            return fail_set(f, FAIL_INPUT, "items[%zu].installed: not a day", i);
        if (isnan(item->removed) || item->removed < item->installed)
            return fail_set(f, FAIL_INPUT, "items[%zu].removed: before installed", i);
    }
    return 0;
}

static int check_events(const struct fleet *fleet, struct fail *f)
{
    for (size_t i = 0; i < fleet->event_count; i++) {
        const struct fleet_event *event = &fleet->events[i];

        if (event->device >= fleet->devices)
            return fail_set(f, FAIL_INPUT, "events[%zu].device: there are only %zu devices", i, fleet->devices);
        if (event->incident >= fleet->incidents)
            return fail_set(f, FAIL_INPUT, "events[%zu].incident: there are only %zu", i, fleet->incidents);
        if (!isfinite(event->day))
            return fail_set(f, FAIL_INPUT, "events[%zu].day: not a day", i);
    }
    return 0;
}

/* ---------------------------------------------------------------- whose failure was it */

static int compare_place(const struct fleet_item *a, uint32_t device, uint32_t part, double day)
{
    if (a->device != device)
        return a->device < device ? -1 : 1;
    if (a->part != part)
        return a->part < part ? -1 : 1;
    return (a->removed > day) - (a->removed < day);
}

static int compare_items(const void *a, const void *b, void *items)
{
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    const struct fleet_item *item = &((const struct fleet_item *)items)[k];
    int order = compare_place(&((const struct fleet_item *)items)[i], item->device, item->part, item->removed);

    return order ? order : (i > k) - (i < k);
}

/* The items by device, part and day of removal. */
static uint32_t *by_removal(const struct fleet *fleet)
{
    uint32_t *order = room(fleet->item_count, sizeof *order);

    for (size_t i = 0; i < fleet->item_count; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, fleet->item_count, sizeof *order, compare_items, (void *)(uintptr_t)fleet->items);
    return order;
}

/* The first place in the order that is not before the event. */
static size_t place_of(const struct fleet *fleet, const uint32_t *order, const struct fleet_event *event)
{
    size_t lo = 0, hi = fleet->item_count;

    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;

        if (compare_place(&fleet->items[order[middle]], event->device, event->part, event->day) < 0)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

/* Marks the item; false when there is none that has not failed yet. */
static bool attribute(
    const struct fleet *fleet, const uint32_t *order, const struct fleet_event *event, struct fleet_usage *usage)
{
    for (size_t at = place_of(fleet, order, event); at < fleet->item_count; at++) {
        if (compare_place(&fleet->items[order[at]], event->device, event->part, event->day) != 0)
            return false;
        if (!usage[order[at]].failed) {
            usage[order[at]].failed = 1;
            return true;
        }
    }
    return false;
}

static void attribute_all(const struct fleet *fleet, struct fleet_usage *usage, struct fleet_totals *totals)
{
    autofree uint32_t *order = by_removal(fleet);
    autofree uint8_t *counted = room(fleet->incidents, 1);

    for (size_t i = 0; i < fleet->event_count; i++) {
        const struct fleet_event *event = &fleet->events[i];

        if (event->day > fleet->cutoff) {
            totals->late++;
        } else if (event->part == FLEET_UNCONFIRMED) {
            totals->unconfirmed++;
        } else if (counted[event->incident]) {
            totals->duplicates++;
        } else if (attribute(fleet, order, event, usage)) {
            counted[event->incident] = 1;
            totals->confirmed++;
        } else {
            totals->unmatched++;
        }
    }
}

int fleet_attribute(const struct fleet *fleet, struct fleet_usage *ret_usage, struct fleet_totals *ret, struct fail *f)
{
    struct fleet_totals totals = {0};

    if (check_one(CHECK_FINITE, "cutoff", fleet->cutoff, f) || check_devices(fleet, f) || check_items(fleet, f) ||
        check_events(fleet, f))
        return -1;
    for (size_t i = 0; i < fleet->item_count; i++) {
        const struct fleet_item *item = &fleet->items[i];
        double from = fmax(item->installed, fleet->in_service[item->device]);

        ret_usage[i] = (struct fleet_usage){.days = fmax(0, fmin(item->removed, fleet->cutoff) - from)};
        totals.days += ret_usage[i].days;
    }
    attribute_all(fleet, ret_usage, &totals);
    *ret = totals;
    return 0;
}
