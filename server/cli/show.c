/* show.c: see show.h. */
#include "show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "table.h"

enum { TEXT_BYTES = 256, SOON_MS = 60 * 60 * 1000 };

/* ---------------------------------------------------------------- values */

static const char *head(const struct cli *c, enum message m)
{
    return message_text(c->options.lang, m);
}

static const char *word_of(const struct cli *c, const json_t *o, const char *key)
{
    return message_word(c->options.lang, field_text(o, key));
}

static const char *yes_or_no(const struct cli *c, const json_t *o, const char *key)
{
    return head(c, json_is_true(json_object_get(o, key)) ? MESSAGE_YES : MESSAGE_NO);
}

static const char *title_of(const struct cli *c, const json_t *ticket)
{
    const json_t *title = json_object_get(ticket, "title"), *fault = json_object_get(ticket, "fault");
    const char *text = field_text(title, c->options.lang == LANGUAGE_ZH ? "zh" : "en");

    if (!*text)
        text = field_text(title, c->options.lang == LANGUAGE_ZH ? "en" : "zh");
    return *text ? text : field_text(fault, "code");
}

static void cell(struct table *t, const char *text)
{
    table_cell(t, text, INK_PLAIN);
}

static void number_cell(struct table *t, const json_t *o, const char *key)
{
    char text[FIELD_NUMBER_BYTES];

    cell(t, field_number(o, key, text));
}

static void real_cell(struct table *t, const json_t *o, const char *key)
{
    const json_t *value = json_object_get(o, key);
    char text[32] = "";

    if (json_is_number(value))
        snprintf(text, sizeof text, "%.10g", json_number_value(value));
    cell(t, text);
}

static void time_cell(struct table *t, const json_t *o, const char *key)
{
    char text[FIELD_TIME_BYTES];

    cell(t, field_minute(o, key, text));
}

static void class_cell(const struct cli *c, struct table *t, const json_t *o)
{
    const char *class_ = field_text(o, "class");

    table_cell(t, message_word(c->options.lang, class_),
        strcmp(class_, "urgent") == 0      ? INK_RED
        : strcmp(class_, "important") == 0 ? INK_YELLOW
                                           : INK_PLAIN);
}

/* ---------------------------------------------------------------- clocks */

static void put_message(char *text, size_t size, const struct cli *c, enum message m, const char *a, const char *b)
{
    FILE *out = fmemopen(text, size, "w");

    text[0] = '\0';
    if (!out)
        abort();
    message_print(out, c->options.lang, m, a, b);
    fclose(out);
    text[size - 1] = '\0';
}

static const char *span_text(const struct cli *c, int64_t ms, char *text, size_t size)
{
    char large[24], small[24];
    int64_t minutes = ms / 60000;

    if (minutes >= 24 * 60) {
        snprintf(large, sizeof large, "%" PRId64, minutes / (24 * 60));
        snprintf(small, sizeof small, "%" PRId64, minutes / 60 % 24);
        put_message(text, size, c, MESSAGE_DAYS_HOURS, large, small);
    } else if (minutes >= 60) {
        snprintf(large, sizeof large, "%" PRId64, minutes / 60);
        snprintf(small, sizeof small, "%02" PRId64, minutes % 60);
        put_message(text, size, c, MESSAGE_HOURS_MINUTES, large, small);
    } else {
        snprintf(small, sizeof small, "%" PRId64, minutes);
        put_message(text, size, c, MESSAGE_MINUTES, small, NULL);
    }
    return text;
}

/* "2026-01-01 10:00 (1h 20m left)" for a clock that still matters, else its state. */
static void due_cell(const struct cli *c, struct table *t, const json_t *clock)
{
    const char *state = field_text(clock, "state");
    char when[FIELD_TIME_BYTES], span[TEXT_BYTES], left[TEXT_BYTES], text[2 * TEXT_BYTES];
    struct wall due;

    if ((strcmp(state, "running") != 0 && strcmp(state, "breached") != 0) ||
        !times_parse(field_text(clock, "due_at"), &due)) {
        table_cell(t, word_of(c, clock, "state"), strcmp(state, "met") == 0 ? INK_GREEN : INK_PLAIN);
        return;
    }
    int64_t ms = due.ms - c->clock->wall(c->clock->ctx).ms;
    put_message(left, sizeof left, c, ms < 0 ? MESSAGE_LATE : MESSAGE_LEFT,
        span_text(c, ms < 0 ? -ms : ms, span, sizeof span), NULL);
    snprintf(text, sizeof text, "%s (%s)", field_minute(clock, "due_at", when), left);
    table_cell(t, text, ms < 0 ? INK_RED : ms < SOON_MS ? INK_YELLOW : INK_PLAIN);
}

static const json_t *clock_of(const json_t *ticket, const char *kind)
{
    const json_t *clock;
    size_t i;

    json_array_foreach(json_object_get(ticket, "clocks"), i, clock)
        if (strcmp(field_text(clock, "kind"), kind) == 0)
            return clock;
    return NULL;
}

/* ---------------------------------------------------------------- tickets */

static void finish_table(const struct cli *c, struct table *t)
{
    table_print(t, c->out, c->coloured);
    table_free(t);
}

void show_tickets(const struct cli *c, const json_t *items)
{
    const char *const heads[] = {head(c, MESSAGE_TICKET), head(c, MESSAGE_CLASS), head(c, MESSAGE_STATE),
        head(c, MESSAGE_TITLE), head(c, MESSAGE_DEVICE), head(c, MESSAGE_FIRST_RESPONSE), head(c, MESSAGE_OPENED),
        head(c, MESSAGE_OCCURRENCES), NULL};
    struct table *t = table_new(heads, 1u << 7);
    const json_t *o;
    size_t i;

    json_array_foreach(items, i, o) {
        cell(t, field_text(o, "id"));
        class_cell(c, t, o);
        cell(t, word_of(c, o, "state"));
        cell(t, title_of(c, o));
        cell(t, field_text(o, "device"));
        due_cell(c, t, clock_of(o, "first_response"));
        time_cell(t, o, "opened_at");
        number_cell(t, o, "occurrences");
    }
    finish_table(c, t);
}

/* "Name   value" lines; nothing for an empty value. */
static void put_field(const struct cli *c, enum message name, const char *value)
{
    enum { NAME_WIDTH = 20 };
    const char *text = head(c, name);

    if (!*value)
        return;
    fprintf(c->out, "%s%*s", text, NAME_WIDTH > table_width(text) ? NAME_WIDTH - table_width(text) : 1, "");
    table_put_safely(c->out, value);
    putc('\n', c->out);
}

static void put_time_field(const struct cli *c, enum message name, const json_t *o, const char *key)
{
    char text[FIELD_TIME_BYTES];

    put_field(c, name, field_minute(o, key, text));
}

static void put_number_field(const struct cli *c, enum message name, const json_t *o, const char *key)
{
    char text[FIELD_NUMBER_BYTES];

    put_field(c, name, field_number(o, key, text));
}

static void put_heading(const struct cli *c, enum message m)
{
    fprintf(c->out, "\n%s\n", head(c, m));
}

static void show_clocks(const struct cli *c, const json_t *clocks)
{
    const char *const heads[] = {head(c, MESSAGE_CLOCK), head(c, MESSAGE_STATE), head(c, MESSAGE_STARTED),
        head(c, MESSAGE_DUE), head(c, MESSAGE_STOPPED), NULL};
    struct table *t = table_new(heads, 0);
    const json_t *o;
    size_t i;

    if (json_array_size(clocks))
        put_heading(c, MESSAGE_HEAD_CLOCKS);
    json_array_foreach(clocks, i, o) {
        cell(t, word_of(c, o, "kind"));
        cell(t, word_of(c, o, "state"));
        time_cell(t, o, "started_at");
        due_cell(c, t, o);
        time_cell(t, o, "stopped_at");
    }
    finish_table(c, t);
}

void show_ticket(const struct cli *c, const json_t *ticket)
{
    const json_t *fault = json_object_get(ticket, "fault");
    char text[FIELD_FAULT_BYTES];

    put_field(c, MESSAGE_TICKET, field_text(ticket, "id"));
    put_field(c, MESSAGE_TITLE, title_of(c, ticket));
    put_field(c, MESSAGE_CLASS, word_of(c, ticket, "class"));
    put_field(c, MESSAGE_STATE, word_of(c, ticket, "state"));
    put_field(c, MESSAGE_DEVICE, field_text(ticket, "device"));
    put_field(c, MESSAGE_PRODUCT_LINE, field_text(ticket, "product_line"));
    put_field(c, MESSAGE_MODEL, field_text(ticket, "model"));
    put_field(c, MESSAGE_FAULT, field_fault(fault, text));
    put_field(c, MESSAGE_COMPONENT, field_text(fault, "component"));
    put_field(c, MESSAGE_REPORTER, field_text(fault, "reporter"));
    put_time_field(c, MESSAGE_OCCURRED, ticket, "occurred_at");
    put_time_field(c, MESSAGE_RECEIVED, ticket, "received_at");
    put_time_field(c, MESSAGE_OPENED, ticket, "opened_at");
    put_number_field(c, MESSAGE_OCCURRENCES, ticket, "occurrences");
    show_clocks(c, json_object_get(ticket, "clocks"));
}

/* ---------------------------------------------------------------- devices */

void show_devices(const struct cli *c, const json_t *items)
{
    const char *const heads[] = {head(c, MESSAGE_DEVICE), head(c, MESSAGE_PRODUCT_LINE), head(c, MESSAGE_MODEL),
        head(c, MESSAGE_FIRMWARE), head(c, MESSAGE_ONLINE), head(c, MESSAGE_LAST_SEEN), NULL};
    struct table *t = table_new(heads, 0);
    const json_t *o;
    size_t i;

    json_array_foreach(items, i, o) {
        cell(t, field_text(o, "id"));
        cell(t, field_text(o, "product_line"));
        cell(t, field_text(o, "model"));
        cell(t, field_text(o, "firmware"));
        table_cell(t, yes_or_no(c, o, "online"), json_is_true(json_object_get(o, "online")) ? INK_GREEN : INK_FAINT);
        time_cell(t, o, "last_seen_at");
    }
    finish_table(c, t);
}

static void show_parts(const struct cli *c, const json_t *parts)
{
    const char *const heads[] = {head(c, MESSAGE_POSITION), head(c, MESSAGE_PART_NO), head(c, MESSAGE_SERIAL),
        head(c, MESSAGE_SUPPLIER), head(c, MESSAGE_LOT), head(c, MESSAGE_INSTALLED), head(c, MESSAGE_REMOVED), NULL};
    struct table *t = table_new(heads, 0);
    const json_t *o;
    size_t i;

    if (json_array_size(parts))
        put_heading(c, MESSAGE_HEAD_PARTS);
    json_array_foreach(parts, i, o) {
        cell(t, field_text(o, "position"));
        cell(t, field_text(o, "part_no"));
        cell(t, field_text(o, "serial"));
        cell(t, field_text(o, "supplier"));
        cell(t, field_text(o, "lot"));
        time_cell(t, o, "installed_at");
        time_cell(t, o, "removed_at");
    }
    finish_table(c, t);
}

static void show_measures(const struct cli *c, const json_t *measures)
{
    const char *const heads[] = {head(c, MESSAGE_MEASURE), head(c, MESSAGE_LAST), head(c, MESSAGE_MINIMUM),
        head(c, MESSAGE_MEAN), head(c, MESSAGE_MAXIMUM), head(c, MESSAGE_UNIT), NULL};
    struct table *t = table_new(heads, 0x1e);
    const json_t *o;
    size_t i;

    if (json_array_size(measures))
        put_heading(c, MESSAGE_HEAD_HEALTH);
    json_array_foreach(measures, i, o) {
        cell(t, field_text(o, "name"));
        real_cell(t, o, "last");
        real_cell(t, o, "min");
        real_cell(t, o, "mean");
        real_cell(t, o, "max");
        cell(t, field_text(o, "unit"));
    }
    finish_table(c, t);
}

static void show_losses(const struct cli *c, const json_t *losses)
{
    const char *const heads[] = {
        head(c, MESSAGE_LANE), head(c, MESSAGE_RANGE), head(c, MESSAGE_CAUSE), head(c, MESSAGE_RECEIVED), NULL};
    struct table *t = table_new(heads, 0);
    const json_t *o;
    size_t i;

    if (json_array_size(losses))
        put_heading(c, MESSAGE_HEAD_LOSSES);
    json_array_foreach(losses, i, o) {
        char range[64];

        snprintf(range, sizeof range, "%s - %s", field_text(o, "first"), field_text(o, "last"));
        cell(t, word_of(c, o, "lane"));
        cell(t, range);
        cell(t, word_of(c, o, "cause"));
        time_cell(t, o, "received_at");
    }
    finish_table(c, t);
}

static void put_online(const struct cli *c, const json_t *device)
{
    const char *why = field_text(device, "offline_reason");
    char text[TEXT_BYTES];

    snprintf(text, sizeof text, "%s%s%s%s", yes_or_no(c, device, "online"), *why ? " (" : "",
        *why ? word_of(c, device, "offline_reason") : "", *why ? ")" : "");
    put_field(c, MESSAGE_ONLINE, text);
}

void show_registration(const struct cli *c, const json_t *device)
{
    message_print(
        c->out, c->options.lang, MESSAGE_EVENT_DEVICE, field_text(device, "id"), word_of(c, device, "registration"));
    putc('\n', c->out);
}

void show_device(const struct cli *c, const json_t *device, const json_t *conditions)
{
    put_field(c, MESSAGE_DEVICE, field_text(device, "id"));
    put_field(c, MESSAGE_GATEWAY, field_text(device, "gateway"));
    put_field(c, MESSAGE_PRODUCT_LINE, field_text(device, "product_line"));
    put_field(c, MESSAGE_MODEL, field_text(device, "model"));
    put_field(c, MESSAGE_SERIAL, field_text(device, "serial"));
    put_field(c, MESSAGE_HARDWARE, field_text(device, "hardware"));
    put_field(c, MESSAGE_FIRMWARE, field_text(device, "firmware"));
    put_field(c, MESSAGE_REGISTRATION, word_of(c, device, "registration"));
    put_online(c, device);
    put_time_field(c, MESSAGE_ENROLLED, device, "enrolled_at");
    put_time_field(c, MESSAGE_LAST_SEEN, device, "last_seen_at");
    put_number_field(c, MESSAGE_SPOOL_RESETS, device, "spool_resets");
    put_field(c, MESSAGE_CLONED, yes_or_no(c, device, "cloned"));
    show_parts(c, json_object_get(device, "parts"));
    show_measures(c, json_object_get(json_object_get(device, "health"), "measures"));
    if (json_array_size(conditions))
        put_heading(c, MESSAGE_HEAD_CONDITIONS);
    show_conditions(c, conditions);
    show_losses(c, json_object_get(device, "losses"));
}

/* ---------------------------------------------------------------- audit */

void show_audit(const struct cli *c, const json_t *items)
{
    const char *const heads[] = {
        head(c, MESSAGE_AT), head(c, MESSAGE_WHO), head(c, MESSAGE_WHAT), head(c, MESSAGE_DETAIL), NULL};
    struct table *t = table_new(heads, 0);
    const json_t *o;
    size_t i;

    json_array_foreach(items, i, o) {
        time_cell(t, o, "at");
        cell(t, field_text(o, "who"));
        cell(t, field_text(o, "what"));
        cell(t, field_text(o, "detail"));
    }
    finish_table(c, t);
}

/* ---------------------------------------------------------------- conditions */

static void condition_state_cell(const struct cli *c, struct table *t, const json_t *o)
{
    char text[TEXT_BYTES];
    const char *word = word_of(c, o, "state");

    if (json_is_true(json_object_get(o, "flapping")))
        snprintf(text, sizeof text, "%s, %s", word, head(c, MESSAGE_FLAPPING));
    else
        snprintf(text, sizeof text, "%s", word);
    table_cell(t, text, strcmp(field_text(o, "state"), "confirmed") == 0 ? INK_RED : INK_PLAIN);
}

void show_conditions(const struct cli *c, const json_t *items)
{
    const char *const heads[] = {head(c, MESSAGE_DEVICE), head(c, MESSAGE_FAULT), head(c, MESSAGE_COMPONENT),
        head(c, MESSAGE_STATE), head(c, MESSAGE_CLASS), head(c, MESSAGE_SEVERITY), head(c, MESSAGE_OCCURRENCES),
        head(c, MESSAGE_FLAPS), head(c, MESSAGE_SINCE), head(c, MESSAGE_LAST_SEEN), NULL};
    struct table *t = table_new(heads, 7u << 5);
    const json_t *o;
    size_t i;

    json_array_foreach(items, i, o) {
        const json_t *fault = json_object_get(o, "fault");
        char text[FIELD_FAULT_BYTES];

        cell(t, field_text(o, "device"));
        cell(t, field_fault(fault, text));
        cell(t, field_text(fault, "component"));
        condition_state_cell(c, t, o);
        class_cell(c, t, o);
        number_cell(t, o, "severity");
        number_cell(t, o, "occurrences");
        number_cell(t, o, "flaps");
        time_cell(t, o, "state_since");
        time_cell(t, o, "last_seen_at");
    }
    finish_table(c, t);
}
