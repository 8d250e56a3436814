/* show_event.c: the events of the stream, one line each. See show.h. */
#include "show.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "fields.h"
#include "table.h"

/* A line under way: what is put together goes through table_put_safely() at the end. */
struct line {
    const struct cli *cli;
    const json_t *data; /* of the event */
    FILE *out;
};

static const char *word_of(const struct line *l, const char *key)
{
    return message_word(l->cli->options.lang, field_text(l->data, key));
}

#define PUT(l, message, ...) message_print((l)->out, (l)->cli->options.lang, message, __VA_ARGS__)

static void ticket_line(const struct line *l)
{
    const char *change = field_text(l->data, "change"), *ticket = field_text(l->data, "ticket");
    char fault[FIELD_FAULT_BYTES], number[FIELD_NUMBER_BYTES], when[FIELD_TIME_BYTES];

    if (strcmp(change, "opened") == 0)
        PUT(l, MESSAGE_EVENT_OPENED, ticket, word_of(l, "class"), field_fault(l->data, fault),
            field_text(l->data, "device"));
    else if (strcmp(change, "joined") == 0)
        PUT(l, MESSAGE_EVENT_JOINED, ticket, field_number(l->data, "occurrences", number), field_fault(l->data, fault),
            field_text(l->data, "device"));
    else if (strcmp(change, "class_raised") == 0)
        PUT(l, MESSAGE_EVENT_RAISED, ticket, word_of(l, "from"), word_of(l, "class"), field_fault(l->data, fault),
            field_text(l->data, "device"));
    else if (strcmp(change, "clock_breached") == 0)
        PUT(l, MESSAGE_EVENT_BREACHED, ticket, word_of(l, "clock"), field_minute(l->data, "due_at", when));
    else
        PUT(l, MESSAGE_EVENT_OTHER, ticket, change);
    if ((strcmp(change, "opened") == 0 || strcmp(change, "class_raised") == 0) && *field_text(l->data, "due_at"))
        PUT(l, MESSAGE_EVENT_DUE, field_minute(l->data, "due_at", when));
    if (json_object_get(l->data, "fault_to_ticket_ms"))
        PUT(l, MESSAGE_EVENT_LATENCY, field_number(l->data, "fault_to_ticket_ms", number));
}

static void condition_line(const struct line *l)
{
    char fault[FIELD_FAULT_BYTES], number[FIELD_NUMBER_BYTES];

    if (json_object_get(l->data, "left_out")) {
        PUT(l, MESSAGE_EVENT_LEFT_OUT, field_number(l->data, "left_out", number));
        return;
    }
    PUT(l, MESSAGE_EVENT_CONDITION, field_fault(l->data, fault), field_text(l->data, "device"), word_of(l, "from"),
        word_of(l, "to"));
    if (json_is_true(json_object_get(l->data, "flapping")))
        fprintf(l->out, " (%s)", message_text(l->cli->options.lang, MESSAGE_FLAPPING));
}

static void device_line(const struct line *l)
{
    const char *change = field_text(l->data, "change");

    /* "new" is a ticket's word too. */
    PUT(l, MESSAGE_EVENT_DEVICE, field_text(l->data, "device"),
        strcmp(change, "new") == 0 ? message_word(l->cli->options.lang, "enrolled") : word_of(l, "change"));
}

static void loss_line(const struct line *l)
{
    char first[FIELD_NUMBER_BYTES], last[FIELD_NUMBER_BYTES];

    PUT(l, MESSAGE_EVENT_LOSS, field_text(l->data, "device"), word_of(l, "lane"), field_number(l->data, "first", first),
        field_number(l->data, "last", last), word_of(l, "cause"));
}

static void put_line(const struct line *l, const char *kind)
{
    if (strcmp(kind, "ticket") == 0)
        ticket_line(l);
    else if (strcmp(kind, "condition") == 0)
        condition_line(l);
    else if (strcmp(kind, "device") == 0)
        device_line(l);
    else if (strcmp(kind, "loss") == 0)
        loss_line(l);
    else
        fputs(kind, l->out);
}

static bool is_red(const char *kind, const json_t *data)
{
    const char *change = field_text(data, "change");

    return strcmp(kind, "ticket") == 0 && (strcmp(change, "opened") == 0 || strcmp(change, "class_raised") == 0 ||
                                              strcmp(change, "clock_breached") == 0);
}

void show_event(const struct cli *c, const char *kind, const json_t *event)
{
    autofree char *text = NULL;
    size_t n;
    char when[FIELD_TIME_BYTES];
    struct line l = {.cli = c, .data = json_object_get(event, "data"), .out = open_memstream(&text, &n)};
    bool is_gap = strcmp(kind, "gap") == 0;

    if (!l.out)
        abort();
    if (is_gap)
        PUT(&l, MESSAGE_EVENT_GAP, field_text(event, "after"));
    else
        put_line(&l, kind);
    fclose(l.out);
    bool is_coloured = c->coloured && is_red(kind, l.data);
    fprintf(c->out, "%s  %s", is_gap ? "            " : field_moment(event, "at", when), is_coloured ? "\x1b[31m" : "");
    table_put_safely(c->out, text);
    fprintf(c->out, "%s\n", is_coloured ? "\x1b[0m" : "");
}
