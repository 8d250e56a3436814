/* view.c: see view.h. */
#include "view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec.h"

/* ---------------------------------------------------------------- keys */

static json_t *object(void)
{
    json_t *o = json_object();

    if (!o)
        abort();
    return o;
}

/* What is not UTF-8 came past the codec, so from a hand in the database: shown as a mark, not hidden. */
static void put_text(json_t *o, const char *key, const char *text)
{
    json_t *value = json_string(text);

    json_object_set_new(o, key, value ? value : json_string("\xef\xbf\xbd"));
}

static void put_int(json_t *o, const char *key, int64_t value)
{
    json_object_set_new(o, key, json_integer(value));
}

static void put_bool(json_t *o, const char *key, bool value)
{
    json_object_set_new(o, key, json_boolean(value));
}

/* JSON has no infinity and no NaN. */
static void put_real(json_t *o, const char *key, double value)
{
    json_t *number = json_real(value);

    json_object_set_new(o, key, number ? number : json_null());
}

static void put_time(json_t *o, const char *key, struct wall t)
{
    char text[TIMES_TEXT_BYTES];

    json_object_set_new(o, key, t.ms ? json_string(times_format(t, text)) : json_null());
}

/* 64-bit numbers that are names, not counts: JavaScript keeps only 53 bits of a number. */
static void put_hex(json_t *o, const char *key, uint64_t value)
{
    char text[17];

    snprintf(text, sizeof text, "%016" PRIx64, value);
    put_text(o, key, text);
}

static void put_decimal(json_t *o, const char *key, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    put_text(o, key, text);
}

static void put_both(json_t *o, const char *key, const char *en, const char *zh)
{
    json_t *both = object();

    put_text(both, "en", en);
    put_text(both, "zh", zh);
    json_object_set_new(o, key, both);
}

static void put_shard(json_t *o, uint8_t shard)
{
    char text[3];

    snprintf(text, sizeof text, "%02x", shard);
    put_text(o, "shard", text);
}

static void put_key(json_t *o, const struct condition_key *k)
{
    json_t *fault = object();

    put_text(fault, "ns", k->ns);
    put_text(fault, "code", k->code);
    put_int(fault, "mode", k->mode);
    put_text(fault, "component", k->component);
    put_text(fault, "bus", k->bus);
    put_text(fault, "reporter", k->reporter);
    json_object_set_new(o, "fault", fault);
}

static void put_occurred(json_t *o, struct occurred when)
{
    put_time(o, "occurred_at", when.at);
    put_int(o, "occurred_bound_ms", when.bound_ms);
}

/* ---------------------------------------------------------------- tickets */

static json_t *view_clock(const struct ticket_clock *c)
{
    json_t *o = object();

    put_text(o, "kind", clock_kind_word(c->kind));
    put_text(o, "state", clock_state_word(c->state));
    put_time(o, "started_at", c->start);
    put_int(o, "target_ms", c->target_ms);
    put_time(o, "due_at", c->due);
    put_time(o, "stopped_at", c->stopped);
    put_bool(o, "late_arrival", c->late_arrival);
    put_int(o, "policy_version", c->policy_version);
    return o;
}

json_t *view_ticket(const struct ticket_view *row)
{
    const struct ticket *t = &row->ticket;
    char number[TICKET_NUMBER_BYTES];
    json_t *o = object(), *clocks = json_array();

    put_text(o, "id", ticket_number_text(t->number, number));
    put_text(o, "state", ticket_state_word(t->state));
    put_text(o, "class", class_word(t->class_));
    put_both(o, "title", row->title_en, row->title_zh);
    put_text(o, "device", t->device);
    put_text(o, "product_line", t->product_line);
    put_text(o, "model", t->model);
    put_key(o, &t->key);
    put_occurred(o, t->occurred);
    put_time(o, "received_at", t->received);
    put_time(o, "opened_at", t->opened);
    put_time(o, "last_seen_at", t->last_seen);
    put_int(o, "occurrences", t->occurrences);
    for (size_t i = 0; i < row->clock_count; i++)
        json_array_append_new(clocks, view_clock(&row->clocks[i]));
    json_object_set_new(o, "clocks", clocks);
    put_int(o, "version", t->version);
    return o;
}

/* ---------------------------------------------------------------- devices */

json_t *view_device(const struct device_row *row)
{
    json_t *o = object();

    put_text(o, "id", row->device);
    put_shard(o, row->shard);
    put_text(o, "gateway", row->gateway);
    put_text(o, "registration", store_registration_word(row->registration));
    put_text(o, "product_line", row->product_line);
    put_text(o, "model", row->model);
    put_text(o, "serial", row->serial);
    put_text(o, "hardware", row->hardware);
    put_text(o, "firmware", row->firmware);
    put_time(o, "enrolled_at", row->enrolled);
    put_time(o, "last_seen_at", row->last_seen);
    put_bool(o, "online", row->online);
    put_text(o, "offline_reason", row->online ? "" : store_offline_word(row->offline));
    put_hex(o, "epoch", row->epoch);
    put_int(o, "session", row->session);
    put_int(o, "spool_resets", row->spool_resets);
    put_bool(o, "cloned", row->cloned);
    return o;
}

json_t *view_part(const struct part *row, struct wall installed, struct wall removed)
{
    json_t *o = object();

    put_text(o, "position", row->position);
    put_text(o, "part_no", row->part_no);
    put_text(o, "serial", row->serial);
    put_text(o, "supplier", row->supplier);
    put_text(o, "lot", row->lot);
    put_text(o, "made_date", row->made_date);
    put_text(o, "source", row->source);
    put_time(o, "installed_at", installed);
    put_time(o, "removed_at", removed);
    return o;
}

static json_t *view_measure(const struct measure_day *row)
{
    json_t *o = object();

    put_text(o, "name", row->name);
    put_text(o, "unit", row->unit);
    put_real(o, "last", row->last);
    put_time(o, "at", row->at);
    put_int(o, "count", (int64_t)row->count);
    if (row->count) {
        put_real(o, "min", row->min);
        put_real(o, "mean", row->sum / (double)row->count);
        put_real(o, "max", row->max);
    }
    return o;
}

json_t *view_health(const struct health_day *row)
{
    json_t *o = object(), *measures = json_array();

    put_occurred(o, row->when);
    put_int(o, "reports", (int64_t)row->reports);
    put_int(o, "covered_ms", (int64_t)row->covered_ms);
    put_real(o, "operating_hours", row->operating_hours);
    put_int(o, "cycles", (int64_t)row->cycles);
    put_int(o, "uptime_ms", (int64_t)row->uptime_ms);
    put_int(o, "restarts", row->restarts);
    put_text(o, "restart_reason", row->restart_reason);
    put_int(o, "spool_used_bytes", (int64_t)row->spool_used_bytes);
    put_int(o, "spool_limit_bytes", (int64_t)row->spool_limit_bytes);
    put_int(o, "dropped_count", (int64_t)row->dropped_count);
    put_int(o, "refused_count", (int64_t)row->refused_count);
    put_int(o, "flash_written_bytes", (int64_t)row->flash_written_bytes);
    for (size_t i = 0; i < row->measure_count; i++)
        json_array_append_new(measures, view_measure(&row->measures[i]));
    json_object_set_new(o, "measures", measures);
    return o;
}

json_t *view_loss(const struct loss_row *row)
{
    json_t *o = object();

    put_hex(o, "epoch", row->epoch);
    put_text(o, "lane", lane_word(row->lane));
    put_decimal(o, "first", row->first);
    put_decimal(o, "last", row->last);
    put_text(o, "cause", row->cause);
    put_text(o, "detail", row->detail);
    put_int(o, "faults", row->faults);
    put_int(o, "healths", row->healths);
    put_int(o, "others", row->others);
    put_time(o, "received_at", row->received);
    return o;
}

/* ---------------------------------------------------------------- conditions and transitions */

json_t *view_condition(uint8_t shard, const char *device, const struct condition *row)
{
    json_t *o = object();

    put_text(o, "device", device);
    put_shard(o, shard);
    put_key(o, &row->key);
    put_text(o, "state", fault_state_word(row->state));
    put_bool(o, "flapping", row->flapping);
    put_text(o, "class", class_word(row->class_));
    put_int(o, "severity", row->severity);
    put_text(o, "subject", row->subject);
    put_int(o, "occurrences", row->occurrences);
    put_int(o, "flaps", row->flaps);
    put_time(o, "first_seen_at", row->first_seen);
    put_time(o, "last_seen_at", row->last_seen);
    put_time(o, "state_since", row->state_since);
    return o;
}

static void put_raw(json_t *o, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char hex[2 * BOUND_RAW_BYTES + 1];

    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * n] = '\0';
    put_text(o, "raw", hex);
}

static void put_fault_report(json_t *o, const struct fault_report *r)
{
    json_t *frame = json_array();

    put_int(o, "severity", r->severity);
    put_int(o, "uds_status", r->uds_status);
    json_object_set_new(o, "source_occurrences",
        r->source_occurrences == OCCURRENCES_NONE ? json_null() : json_integer(r->source_occurrences));
    json_object_set_new(o, "lamps", r->lamps == LAMPS_NONE ? json_null() : json_integer(r->lamps));
    for (size_t i = 0; i < r->frame_count; i++) {
        json_t *value = object();

        put_text(value, "name", r->frame[i].name);
        put_real(value, "value", r->frame[i].value);
        put_text(value, "unit", r->frame[i].unit);
        json_array_append_new(frame, value);
    }
    json_object_set_new(o, "frame", frame);
    put_raw(o, r->raw, r->raw_bytes);
}

json_t *view_transition(const struct transition_row *row)
{
    char memory[64 * 1024];
    struct arena arena;
    struct record record;
    struct fail f;
    json_t *o = object();

    put_text(o, "device", row->device);
    put_text(o, "reported_by", row->reported_by);
    put_hex(o, "epoch", row->epoch);
    put_decimal(o, "number", row->number);
    put_key(o, row->key);
    put_text(o, "from", fault_state_word(row->from));
    put_text(o, "to", fault_state_word(row->to));
    put_text(o, "quality", quality_word(row->quality));
    put_occurred(o, row->occurred);
    put_time(o, "received_at", row->received);
    /* A record that settles a snapshot's difference is no fault record of its own. */
    arena_init(&arena, memory, sizeof memory);
    if (row->record_bytes && codec_record_decode(row->record, row->record_bytes, &arena, &record, &f) == 0 &&
        record.kind == RECORD_FAULT)
        put_fault_report(o, &record.fault);
    return o;
}

static void put_lifecycle(json_t *o, const struct report_row *row)
{
    static const char *const words[LIFECYCLE_KIND_COUNT] = {"boot", "stop", "configured", "renewed", "command"};
    char memory[64 * 1024];
    struct arena arena;
    struct record record;
    struct fail f;

    arena_init(&arena, memory, sizeof memory);
    if (codec_record_decode(row->record, row->record_bytes, &arena, &record, &f) || record.kind != RECORD_LIFECYCLE)
        return;
    put_text(o, "lifecycle", words[record.lifecycle.kind]);
    put_text(o, "detail", record.lifecycle.detail);
    put_text(o, "agent_version", record.lifecycle.version);
}

json_t *view_report(const struct report_row *row)
{
    json_t *o = object();

    put_text(o, "device", row->device);
    put_text(o, "reported_by", row->reported_by);
    put_hex(o, "epoch", row->epoch);
    put_decimal(o, "number", row->number);
    put_text(o, "kind", record_word(row->kind));
    put_occurred(o, row->occurred);
    put_time(o, "received_at", row->received);
    if (row->kind == RECORD_LIFECYCLE)
        put_lifecycle(o, row);
    return o;
}

json_t *view_audit(const struct audit_row *row)
{
    json_t *o = object();

    put_time(o, "at", row->at);
    put_text(o, "who", row->who);
    put_text(o, "what", row->what);
    put_text(o, "object", row->object);
    put_text(o, "detail", row->detail);
    return o;
}

/* ---------------------------------------------------------------- reference tables, events */

json_t *view_catalogue(const struct catalogue_row *row)
{
    json_t *o = object();

    put_text(o, "product_line", row->product_line);
    put_text(o, "model", row->model);
    put_text(o, "ns", row->ns);
    put_text(o, "code", row->code);
    json_object_set_new(o, "mode", row->mode < 0 ? json_null() : json_integer(row->mode));
    put_both(o, "title", row->title_en, row->title_zh);
    put_text(o, "class", class_word(row->class_));
    put_text(o, "part_no", row->part_no);
    put_int(o, "severity", row->severity);
    put_both(o, "action", row->action_en, row->action_zh);
    return o;
}

json_t *view_policy(const struct clock_policy *row)
{
    json_t *o = object();

    put_text(o, "product_line", row->product_line);
    put_text(o, "class", class_word(row->class_));
    put_text(o, "clock", clock_kind_word(row->kind));
    put_int(o, "target_ms", row->target_ms);
    put_int(o, "version", row->version);
    return o;
}

json_t *view_event(const struct event_row *row)
{
    json_t *o = object(), *data = json_loads(row->json, 0, NULL);

    put_decimal(o, "id", (uint64_t)row->id);
    put_time(o, "at", row->at);
    put_text(o, "kind", row->kind);
    put_shard(o, row->shard);
    json_object_set_new(o, "data", data ? data : json_null());
    return o;
}
