/* report.c: a fault of the monitor in the form in which it is reported. See report.h. */
#include "report.h"

#include <string.h>

#include "debounce.h"

static bool any_lamp_on(int32_t lamps)
{
    if (lamps == LAMPS_NONE)
        return false;
    for (unsigned shift = 8; shift < 16; shift += 2)
        if ((((uint32_t)lamps >> shift) & 3) == 1)
            return true;
    return false;
}

static uint8_t uds_status(const struct fault *f)
{
    bool confirmed = f->was_confirmed || f->state == FAULT_HEALED;
    unsigned bits = (f->present ? UDS_TEST_FAILED : 0) | (f->failed_this_cycle ? UDS_FAILED_THIS_CYCLE : 0) |
                    (f->state == FAULT_PENDING || f->state == FAULT_CONFIRMED ? UDS_PENDING : 0) |
                    (confirmed ? UDS_CONFIRMED : 0) | (f->tested_since_clear ? 0 : UDS_NOT_COMPLETED_SINCE_CLEAR) |
                    (f->failed_since_clear ? UDS_FAILED_SINCE_CLEAR : 0) |
                    (f->tested_this_cycle ? 0 : UDS_NOT_COMPLETED_THIS_CYCLE) |
                    (f->present && any_lamp_on(f->lamps) ? UDS_WARNING_INDICATOR : 0);

    return (uint8_t)bits;
}

static uint32_t flaps_now(const struct fault *f, struct mono now)
{
    return debounce_elapsed(f->flap_window, now) < f->by->policy.flap_window_ms ? f->flaps : 0;
}

static struct fault_report report_of(const struct fault *f)
{
    return (struct fault_report){.key = faults_key(f),
        .reporter_address = f->by->address,
        .subject = f->subject,
        .from = f->told,
        .to = f->state,
        .uds_status = uds_status(f),
        .detection_counter = (int8_t)f->counter,
        .severity = f->severity,
        .lamps = f->lamps,
        .source_occurrences = f->source_occurrences,
        .occurrences = f->occurrences,
        .quality = f->quality,
        .class_hint = f->class_hint};
}

struct fault_report report_change(const struct fault *f, struct mono now, const struct evidence *e)
{
    struct fault_report r = report_of(f);

    r.flaps = flaps_now(f, now);
    if (e) {
        r.frame = e->frame;
        r.frame_count = e->frame_count;
        r.raw = e->raw;
        r.raw_bytes = e->raw_bytes;
    }
    return r;
}

struct fault_report report_standing(const struct fault *f)
{
    struct fault_report r = report_of(f);

    r.flaps = f->flaps;
    r.from = r.to = f->told;
    return r;
}

void report_restore(struct fault *f, const struct fault_report *r)
{
    f->state = f->told = r->to;
    f->present = r->uds_status & UDS_TEST_FAILED;
    f->was_confirmed = r->to == FAULT_CONFIRMED || (r->to == FAULT_STALE && (r->uds_status & UDS_CONFIRMED));
    f->failed_since_clear = r->uds_status & UDS_FAILED_SINCE_CLEAR;
    f->tested_since_clear = !(r->uds_status & UDS_NOT_COMPLETED_SINCE_CLEAR);
    f->gap = true;
    f->occurrences = r->occurrences;
    f->lamps = r->lamps;
    f->severity = r->severity;
    f->class_hint = r->class_hint;
    f->source_occurrences = r->source_occurrences;
    f->quality = r->quality;
    strncpy(f->subject, r->subject, sizeof f->subject - 1);
}
