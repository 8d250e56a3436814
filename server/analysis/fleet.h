/* fleet.h: from devices, installed parts and events to cells and flags: the join that every later statistic stands on.
 *
 * The unit is the installed item (part instance), not the device: its exposure begins when it was installed or the device
 * went into service, whichever is later, and ends when it was removed or at the cut-off. A replaced part starts anew as
 * another item. Names of devices, parts, suppliers, lots and cases are numbers here; the caller keeps the words. Pure. */
#ifndef FAULTLINE_FLEET_H
#define FAULTLINE_FLEET_H

#include "cleanup.h"
#include "fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLEET_UNCONFIRMED UINT32_MAX /* part of an event without a confirmed cause: no trouble found, other */

struct fleet_item {
    uint32_t device, part, supplier, lot;
    double installed, removed; /* days; removed infinite: still in */
};

struct fleet_event {
    uint32_t device;
    uint32_t part;     /* the confirmed cause, or FLEET_UNCONFIRMED */
    uint32_t incident; /* number of the case; reports of one case have the same */
    double day;
};

struct fleet {
    const double *in_service; /* [devices] day; infinite: not yet */
    size_t devices;
    const struct fleet_item *items;
    size_t item_count;
    const struct fleet_event *events; /* in the order of arrival */
    size_t event_count;
    size_t incidents; /* numbers of cases are below this */
    double cutoff;    /* day: what happened later is not known yet */
};

struct fleet_usage {
    double days;    /* in service until removal or cut-off, ≥ 0 */
    uint8_t failed; /* 1: a confirmed failure of this item */
};

struct fleet_totals {
    double days;
    size_t confirmed;   /* items failed */
    size_t unconfirmed; /* reports without a confirmed cause */
    size_t duplicates;  /* further confirmed reports of a case that counted already */
    size_t unmatched;   /* confirmed, but no such item was removed from the device that day: counted nowhere */
    size_t late;        /* after the cut-off */
};

/* A confirmed event counts once a case; it belongs to the item of that part number that was removed from the device on
 * the day of the event, of several the first one that has not failed yet. Into ret_usage[item_count]. FAIL_INPUT names
 * "items[3].removed: before installed". O(n log n), scratch 4 bytes an item. */
must_check int fleet_attribute(
    const struct fleet *fleet, struct fleet_usage *ret_usage, struct fleet_totals *ret, struct fail *f);

enum fleet_by { FLEET_BY_SUPPLIER, FLEET_BY_LOT };

/* One part × supplier, or part × supplier × lot, against all other items of the same part number. */
struct fleet_cell {
    uint32_t part, supplier, lot; /* lot: 0 in cells by supplier */
    double failures, days;
    double rest_failures, rest_days;
    bool compared;       /* false: the cell or its rest has no days; ratio … attributable are 0 then, p is 1 */
    double ratio;        /* of the rates; infinite when only the rest has no failure, NaN when neither has one */
    double lower;        /* one-sided exact lower limit of it (Clopper-Pearson, conditional on the sum) */
    double p;            /* exact, conditional: as many or more failures by chance */
    double p_adjusted;   /* Benjamini-Hochberg over all cells of the call, those not compared included with p = 1 */
    double expected;     /* days × the rate of the rest */
    double attributable; /* failures - expected */
};

/* The cells in increasing order of part, supplier and lot, into ret_cells[n]; *ret_count says how many. level: one-sided
 * confidence of lower, in (0,1). O(n log n), scratch about 200 bytes an item. */
must_check int fleet_cells(const struct fleet_item *items, const struct fleet_usage *usage, size_t n, enum fleet_by by,
    double level, struct fleet_cell *ret_cells, size_t *ret_count, struct fail *f);

#endif
