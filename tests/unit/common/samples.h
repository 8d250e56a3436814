/* samples.h: records for tests: seeded random ones within every bound, and a text that shows all fields of
 * one, by which two are compared. Shared by the codec's unit test, fuzz targets and bench. */
#ifndef FAULTLINE_TEST_SAMPLES_H
#define FAULTLINE_TEST_SAMPLES_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "bounds.h"
#include "record.h"

/* ---------------------------------------------------------------- a text that shows everything */

struct shown {
    char text[64 * 1024];
    size_t n;
};

static inline void __attribute__((format(printf, 2, 3))) show(struct shown *s, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    s->n += (size_t)vsnprintf(s->text + s->n, sizeof s->text - s->n, format, args);
    va_end(args);
    if (s->n >= sizeof s->text)
        abort();
}

static inline void show_key(struct shown *s, const struct fault_key *k)
{
    show(s, "key{%s|%d|%" PRIx64 "|%s|%s|%u|%s|%d}", k->bus, k->reporter_kind, k->reporter, k->ns, k->code, k->mode,
        k->component, k->ambiguous);
}

static inline void show_fault(struct shown *s, const struct fault_report *r)
{
    show_key(s, &r->key);
    show(s,
        " addr=%u subject=%s %d>%d uds=%u counter=%d sev=%u lamps=%d oc=%d n=%u flaps=%u q=%d class=%d "
        "frame[",
        r->reporter_address, r->subject, r->from, r->to, r->uds_status, r->detection_counter, r->severity, r->lamps,
        r->source_occurrences, r->occurrences, r->flaps, r->quality, r->class_hint);
    for (size_t i = 0; i < r->frame_count; i++)
        show(s, "%s=%a %s,", r->frame[i].name, r->frame[i].value, r->frame[i].unit);
    show(s, "] raw=");
    for (size_t i = 0; i < r->raw_bytes; i++)
        show(s, "%02x", r->raw[i]);
    show(s, "\n");
}

static inline void show_health(struct shown *s, const struct health *h)
{
    show(s,
        "%" PRIu64 " %a %" PRIu64 " %" PRIu64 " %u %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
        h->interval_ms, h->operating_hours, h->cycles, h->uptime_ms, h->restarts, h->restart_reason,
        h->spool_used_bytes, h->spool_limit_bytes, h->dropped_count, h->refused_count, h->flash_written_bytes);
    for (size_t i = 0; i < h->measure_count; i++) {
        const struct measure *m = &h->measures[i];

        show(s, "%s %a %a %a %a %u %s\n", m->name, m->min, m->mean, m->max, m->last, m->count, m->unit);
    }
}

static inline void show_inventory(struct shown *s, const struct inventory *v)
{
    show(s, "%s|%s|%s|%s\n", v->product_line, v->model, v->serial, v->hardware);
    for (size_t i = 0; i < v->firmware_count; i++)
        show(s, "fw %s|%s\n", v->firmware[i].component, v->firmware[i].version);
    for (size_t i = 0; i < v->part_count; i++) {
        const struct part *p = &v->parts[i];

        show(s, "part %s|%s|%s|%s|%s|%s|%s\n", p->position, p->part_no, p->serial, p->supplier, p->lot, p->made_date,
            p->source);
    }
}

static inline void show_stamp(struct shown *s, const struct stamp *t)
{
    show(s, "@%" PRIx64 " %" PRId64 " %" PRId64 " %d\n", t->boot, t->mono.ms, t->wall.ms, t->quality);
}

static inline void show_record(struct shown *s, const struct record *r)
{
    show(s, "%s %" PRIu64 " behind=%s %s ", lane_word(r->lane), r->number, r->behind, record_word(r->kind));
    show_stamp(s, &r->stamp);
    switch (r->kind) {
    case RECORD_FAULT:
        show_fault(s, &r->fault);
        break;
    case RECORD_SNAPSHOT:
        show(s, "%" PRIx64 " %u/%u\n", r->snapshot.hash, r->snapshot.part, r->snapshot.parts);
        for (size_t i = 0; i < r->snapshot.fault_count; i++)
            show_fault(s, &r->snapshot.faults[i]);
        break;
    case RECORD_HEALTH:
        show_health(s, &r->health);
        break;
    case RECORD_INVENTORY:
        show_inventory(s, &r->inventory);
        break;
    case RECORD_LIFECYCLE:
        show(s, "%d|%s|%s\n", r->lifecycle.kind, r->lifecycle.detail, r->lifecycle.version);
        break;
    case RECORD_LOSS:
        show(s, "%" PRIu64 "…%" PRIu64 " %d %u %u %u\n", r->loss.first, r->loss.last, r->loss.cause, r->loss.faults,
            r->loss.healths, r->loss.others);
        break;
    case RECORD_KIND_COUNT:
        abort();
    }
}

static inline void show_receipt(struct shown *s, const struct receipt *r)
{
    show(s, "%" PRIx64 " %" PRId64 " %d\n", r->epoch, r->wall.ms, r->new_epoch);
    for (size_t i = 0; i < r->lane_count; i++)
        show(s, "lane %d %" PRIu64 " %u %d\n", r->lanes[i].lane, r->lanes[i].next, r->lanes[i].retry_after_ms,
            r->lanes[i].resume);
    for (size_t i = 0; i < r->verdict_count; i++) {
        const struct verdict *v = &r->verdicts[i];

        show(s, "verdict %d %" PRIu64 " %d %s|%s|%s %" PRIu64 " %" PRIu64 " %u\n", v->lane, v->number, v->kind,
            v->ticket, v->rule, v->reason, v->limit, v->value, v->retry_after_ms);
    }
    for (size_t i = 0; i < r->command_count; i++) {
        const struct command *c = &r->commands[i];

        show(s, "command %" PRIx64 " %d ", c->id, c->kind);
        if (c->kind == COMMAND_RESEND)
            show(s, "%d %" PRIu64, c->resend.lane, c->resend.next);
        if (c->kind == COMMAND_CLEAR)
            show_key(s, &c->clear);
        if (c->kind == COMMAND_SETTINGS)
            show(s, "%s", c->settings);
        show(s, "\n");
    }
}

/* ---------------------------------------------------------------- seeded random records */

/* splitmix64 (Steele, Lea, Flood 2014). */
struct seed {
    uint64_t state;
};

static inline uint64_t seed_u64(struct seed *s)
{
    uint64_t z = s->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline uint64_t seed_below(struct seed *s, uint64_t below)
{
    return seed_u64(s) % below;
}

/* 0, the highest and small numbers come often: that is where encodings differ. */
static inline uint64_t seed_number(struct seed *s, uint64_t max)
{
    switch (seed_below(s, 4)) {
    case 0:
        return 0;
    case 1:
        return max;
    case 2:
        return seed_below(s, max < 300 ? max + 1 : 300);
    default:
        return max == UINT64_MAX ? seed_u64(s) : seed_below(s, max + 1);
    }
}

static inline double seed_double(struct seed *s)
{
    static const double some[] = {0, 1, -1, 0.1, 1e308, -1e308, 5e-324, 20.5};

    return some[seed_below(s, sizeof some / sizeof some[0])];
}

static inline const char *seed_code(struct seed *s, struct arena *a, size_t min, size_t max, const char *letters)
{
    char text[2048];
    size_t n = min + seed_number(s, max - min);

    for (size_t i = 0; i < n; i++)
        text[i] = letters[seed_below(s, strlen(letters))];
    return arena_text(a, text, n);
}

#define SEED_CODE "abcXYZ019._-"
#define SEED_NAME SEED_CODE ":"

static inline const char *seed_text(struct seed *s, struct arena *a, size_t min, size_t max)
{
    static const char *const pieces[] = {"a", "Z", " ", "~", "é", "空", "𝄞", "\"", "\\"};
    char text[2048];
    size_t n = 0, want = min + seed_number(s, max - min);

    while (n < want) {
        const char *piece = pieces[seed_below(s, sizeof pieces / sizeof pieces[0])];

        if (n + strlen(piece) > want)
            piece = ".";
        memcpy(text + n, piece, strlen(piece));
        n += strlen(piece);
    }
    return arena_text(a, text, n);
}

static inline struct stamp seed_stamp(struct seed *s)
{
    int64_t wall = (int64_t)seed_number(s, BOUND_EXACT);

    return (struct stamp){.boot = seed_u64(s),
        .mono.ms = (int64_t)seed_number(s, BOUND_EXACT),
        .wall.ms = seed_below(s, 2) ? wall : -wall,
        .quality = (enum clock_quality)seed_below(s, 3)};
}

static inline struct fault_key seed_key(struct seed *s, struct arena *a)
{
    return (struct fault_key){
        .bus = seed_code(s, a, 0, BOUND_BUS, SEED_NAME),
        .reporter_kind = (enum reporter_kind)seed_below(s, REPORTER_KIND_COUNT),
        .reporter = seed_number(s, UINT64_MAX),
        .ns = seed_code(s, a, 1, BOUND_NAMESPACE, SEED_NAME),
        .code = seed_code(s, a, 1, BOUND_CODE, SEED_CODE),
        .mode = (uint32_t)seed_number(s, UINT32_MAX),
        .component = seed_text(s, a, 0, BOUND_COMPONENT),
        .ambiguous = seed_below(s, 2),
    };
}

static inline struct fault_report seed_fault(struct seed *s, struct arena *a, size_t max_frame, size_t max_raw)
{
    struct fault_report r = {
        .key = seed_key(s, a),
        .reporter_address = (uint8_t)seed_number(s, 255),
        .subject = seed_text(s, a, 0, BOUND_COMPONENT),
        .from = (enum fault_state)seed_below(s, FAULT_STATE_COUNT),
        .to = (enum fault_state)seed_below(s, FAULT_STATE_COUNT),
        .uds_status = (uint8_t)seed_number(s, 255),
        .detection_counter = (int8_t)(seed_number(s, 255) - 128),
        .severity = (uint8_t)seed_below(s, 5),
        .lamps = (int32_t)seed_number(s, 0x10000) - 1,
        .source_occurrences = (int16_t)((int)seed_number(s, 127) - 1),
        .occurrences = (uint32_t)seed_number(s, UINT32_MAX),
        .flaps = (uint32_t)seed_number(s, UINT32_MAX),
        .quality = (enum quality)seed_below(s, QUALITY_COUNT),
        .class_hint = (enum ticket_class)seed_below(s, CLASS_COUNT),
        .frame_count = seed_number(s, max_frame),
        .raw_bytes = seed_number(s, max_raw),
    };
    struct frame_value *frame = arena_take(a, r.frame_count * sizeof *frame);
    uint8_t *raw = arena_take(a, r.raw_bytes);

    for (size_t i = 0; i < r.frame_count; i++)
        frame[i] =
            (struct frame_value){seed_text(s, a, 1, BOUND_NAME / 4), seed_double(s), seed_text(s, a, 0, BOUND_UNIT)};
    for (size_t i = 0; i < r.raw_bytes; i++)
        raw[i] = (uint8_t)seed_u64(s);
    r.frame = frame;
    r.raw = raw;
    return r;
}

static inline struct snapshot seed_snapshot(struct seed *s, struct arena *a)
{
    struct snapshot shot = {.fault_count = seed_number(s, 8), .hash = seed_u64(s)};
    struct fault_report *faults = arena_take(a, shot.fault_count * sizeof *faults);

    for (size_t i = 0; i < shot.fault_count; i++)
        faults[i] = seed_fault(s, a, 0, 0);
    shot.faults = faults;
    shot.parts = 1 + (uint32_t)seed_below(s, BOUND_MONITOR_FAULTS);
    shot.part = (uint32_t)seed_below(s, shot.parts);
    return shot;
}

static inline struct health seed_health(struct seed *s, struct arena *a)
{
    struct health h = {
        .interval_ms = seed_number(s, BOUND_EXACT),
        .measure_count = seed_number(s, 24),
        .operating_hours = seed_double(s),
        .cycles = seed_number(s, BOUND_EXACT),
        .uptime_ms = seed_number(s, BOUND_EXACT),
        .restarts = (uint32_t)seed_number(s, UINT32_MAX),
        .restart_reason = seed_text(s, a, 0, BOUND_REASON),
        .spool_used_bytes = seed_number(s, BOUND_EXACT),
        .spool_limit_bytes = seed_number(s, BOUND_EXACT),
        .dropped_count = seed_number(s, BOUND_EXACT),
        .refused_count = seed_number(s, BOUND_EXACT),
        .flash_written_bytes = seed_number(s, BOUND_EXACT),
    };
    struct measure *measures = arena_take(a, h.measure_count * sizeof *measures);

    for (size_t i = 0; i < h.measure_count; i++)
        measures[i] = (struct measure){seed_text(s, a, 1, BOUND_NAME), seed_double(s), seed_double(s), seed_double(s),
            seed_double(s), (uint32_t)seed_number(s, UINT32_MAX), seed_text(s, a, 0, BOUND_UNIT)};
    h.measures = measures;
    return h;
}

static inline struct inventory seed_inventory(struct seed *s, struct arena *a)
{
    struct inventory v = {
        .product_line = seed_text(s, a, 0, BOUND_NAME),
        .model = seed_text(s, a, 0, BOUND_NAME),
        .serial = seed_text(s, a, 0, BOUND_NAME),
        .hardware = seed_text(s, a, 0, BOUND_NAME),
        .firmware_count = seed_number(s, 6),
        .part_count = seed_number(s, 6),
    };
    struct firmware *firmware = arena_take(a, v.firmware_count * sizeof *firmware);
    struct part *parts = arena_take(a, v.part_count * sizeof *parts);

    for (size_t i = 0; i < v.firmware_count; i++)
        firmware[i] = (struct firmware){seed_text(s, a, 0, BOUND_NAME), seed_text(s, a, 0, BOUND_NAME)};
    for (size_t i = 0; i < v.part_count; i++)
        parts[i] = (struct part){seed_text(s, a, 0, BOUND_NAME), seed_text(s, a, 0, BOUND_NAME),
            seed_text(s, a, 0, BOUND_NAME), seed_text(s, a, 0, BOUND_NAME), seed_text(s, a, 0, BOUND_NAME),
            seed_text(s, a, 0, BOUND_NAME), seed_text(s, a, 0, BOUND_NAME)};
    v.firmware = firmware;
    v.parts = parts;
    return v;
}

/* A record of the given kind that keeps every rule. Texts and lists come from the arena, which must be large.
 */
static inline struct record seed_record(struct seed *s, struct arena *a, enum record_kind kind, uint64_t number)
{
    struct record r = {.lane = kind == RECORD_HEALTH ? LANE_HEALTH : LANE_FAULT,
        .number = number,
        .stamp = seed_stamp(s),
        .behind = seed_code(s, a, 0, BOUND_DEVICE_ID, SEED_NAME),
        .kind = kind};

    switch (kind) {
    case RECORD_FAULT:
        r.fault = seed_fault(s, a, 16, 300);
        break;
    case RECORD_SNAPSHOT:
        r.snapshot = seed_snapshot(s, a);
        break;
    case RECORD_HEALTH:
        r.health = seed_health(s, a);
        break;
    case RECORD_INVENTORY:
        r.inventory = seed_inventory(s, a);
        break;
    case RECORD_LIFECYCLE:
        r.lifecycle = (struct lifecycle){(enum lifecycle_kind)seed_below(s, LIFECYCLE_KIND_COUNT),
            seed_text(s, a, 0, BOUND_REASON), seed_text(s, a, 0, BOUND_NAME)};
        break;
    case RECORD_LOSS:
        r.lane = (enum lane)seed_below(s, LANE_COUNT);
        r.loss = (struct loss){1 + seed_below(s, number), number, (enum loss_cause)seed_below(s, LOSS_CAUSE_COUNT),
            (uint32_t)seed_number(s, UINT32_MAX), (uint32_t)seed_number(s, UINT32_MAX), 7};
        break;
    case RECORD_KIND_COUNT:
        abort();
    }
    return r;
}

static inline struct receipt seed_receipt(struct seed *s, struct arena *a)
{
    struct receipt r = {.epoch = seed_u64(s) | 1,
        .new_epoch = seed_u64(s) & 1,
        .lane_count = seed_below(s, LANE_COUNT + 1),
        .verdict_count = seed_number(s, 20),
        .command_count = seed_number(s, BOUND_RECEIPT_COMMANDS),
        .wall.ms = (int64_t)seed_number(s, BOUND_EXACT)};
    struct verdict *verdicts = arena_take(a, r.verdict_count * sizeof *verdicts);
    struct command *commands = arena_take(a, r.command_count * sizeof *commands);

    for (size_t i = 0; i < r.lane_count; i++)
        r.lanes[i] = (struct lane_receipt){
            (enum lane)i, 1 + seed_number(s, BOUND_EXACT - 1), (uint32_t)seed_number(s, UINT32_MAX), seed_below(s, 2)};
    for (size_t i = 0; i < r.verdict_count; i++)
        verdicts[i] = (struct verdict){(enum lane)seed_below(s, LANE_COUNT), 1 + seed_number(s, BOUND_EXACT - 2),
            (enum verdict_kind)seed_below(s, VERDICT_KIND_COUNT), seed_text(s, a, 0, BOUND_NAME),
            seed_text(s, a, 0, BOUND_NAME), seed_text(s, a, 0, BOUND_REASON), seed_number(s, BOUND_EXACT),
            seed_number(s, BOUND_EXACT), (uint32_t)seed_number(s, UINT32_MAX)};
    for (size_t i = 0; i < r.command_count; i++)
        commands[i] = (struct command){.id = seed_u64(s) | 1,
            .kind = (enum command_kind)seed_below(s, COMMAND_KIND_COUNT),
            .resend = {.lane = (enum lane)seed_below(s, LANE_COUNT), .next = 1 + seed_number(s, BOUND_EXACT - 1)},
            .clear = seed_key(s, a),
            .settings = seed_text(s, a, 1, 200)};
    r.verdicts = verdicts;
    r.commands = commands;
    return r;
}

#endif
