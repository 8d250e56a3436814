/* validate.c: see validate.h. */
#include "validate.h"

static int check_loss(const struct record *r, struct fail *f)
{
    if (r->loss.first > r->loss.last)
        return fail_set(f, FAIL_INPUT, "loss: first %llu is above last %llu", (unsigned long long)r->loss.first,
            (unsigned long long)r->loss.last);
    if (r->loss.last != r->number)
        return fail_set(f, FAIL_INPUT, "loss: last %llu is not the record's number %llu",
            (unsigned long long)r->loss.last, (unsigned long long)r->number);
    return 0;
}

/* Frames and raw bytes belong to the transition; a snapshot's faults are keys and states. */
static int check_snapshot(const struct snapshot *s, struct fail *f)
{
    if (s->part >= s->parts)
        return fail_set(f, FAIL_INPUT, "snapshot: part %u of %u", s->part, s->parts);
    for (size_t i = 0; i < s->fault_count; i++)
        if (s->faults[i].frame_count || s->faults[i].raw_bytes)
            return fail_set(f, FAIL_INPUT, "snapshot: faults[%zu]: frame and raw must be empty", i);
    return 0;
}

int validate_record(const struct record *r, struct fail *f)
{
    enum lane lane = r->kind == RECORD_HEALTH ? LANE_HEALTH : LANE_FAULT;

    if (r->kind == RECORD_LOSS)
        return check_loss(r, f);
    if (r->lane != lane)
        return fail_set(f, FAIL_INPUT, "lane: %s does not belong on lane %u", record_word(r->kind), r->lane);
    if (r->kind == RECORD_SNAPSHOT)
        return check_snapshot(&r->snapshot, f);
    return 0;
}

int validate_uplink(const struct uplink *u, struct fail *f)
{
    uint64_t last[LANE_COUNT] = {0};

    if (u->death && u->record_count)
        return fail_set(f, FAIL_INPUT, "death: with %zu records", u->record_count);
    for (size_t i = 0; i < u->record_count; i++) {
        const struct record *r = &u->records[i];

        if (validate_record(r, f) < 0)
            return fail_add(f, "records[%zu]", i);
        if (r->number <= last[r->lane])
            return fail_set(f, FAIL_INPUT, "records[%zu]: number: not above %llu before it in its lane", i,
                (unsigned long long)last[r->lane]);
        last[r->lane] = r->number;
    }
    return 0;
}

int validate_receipt(const struct receipt *r, struct fail *f)
{
    if (r->lane_count == LANE_COUNT && r->lanes[0].lane == r->lanes[1].lane)
        return fail_set(f, FAIL_INPUT, "lanes: the same lane twice");
    return 0;
}
