/* appwire.c: the words of the local socket's protocol, and requests and answers to bytes. See appwire.h.
 *
 * Both directions hold a request against the same rules (appwire_rules.h), so a packet that was written here
 * is never refused by the reader for its form. */
#include "appwire.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "appwire_rules.h"

static const char *const verbs[APPWIRE_VERB_COUNT] = {"raise", "clear", "measure"};
static const char *const reasons[APPWIRE_REASON_COUNT] = {
    "none", "malformed", "version", "limit", "rate", "full", "disk", "held"};

const char *appwire_verb_word(enum appwire_verb verb)
{
    return verbs[verb];
}

const char *appwire_reason_word(enum appwire_reason reason)
{
    return reasons[reason];
}

struct writer {
    char *buf;
    size_t cap, used;
    bool full;
};

static void put(struct writer *w, const char *bytes, size_t n)
{
    if (w->full || n > w->cap - w->used) {
        w->full = true;
        return;
    }
    memcpy(w->buf + w->used, bytes, n);
    w->used += n;
}

static void put_text(struct writer *w, const char *text)
{
    put(w, text, strlen(text));
}

/* '%' always, and the space where it separates. */
static void put_escaped(struct writer *w, const char *text, bool escape_space)
{
    for (; *text; text++)
        if (*text == '%')
            put(w, "%25", 3);
        else if (*text == ' ' && escape_space)
            put(w, "%20", 3);
        else
            put(w, text, 1);
}

static void put_line(struct writer *w, const char *key, const char *value)
{
    if (!*value)
        return;
    put_text(w, key);
    put(w, "=", 1);
    put_escaped(w, value, false);
    put(w, "\n", 1);
}

static void put_number(struct writer *w, const char *key, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    if (value)
        put_line(w, key, text);
}

/* printf() writes the decimal point of the calling program's locale, which may be several bytes; the wire has
 * ".". */
static void put_double(struct writer *w, double value)
{
    char text[64];
    bool was_point = false;

    snprintf(text, sizeof text, "%.17g", value);
    for (const char *at = text; *at; at++) {
        bool is_point = !strchr("0123456789+-e", *at);

        if (!is_point)
            put(w, at, 1);
        else if (!was_point)
            put(w, ".", 1);
        was_point = is_point;
    }
}

static void put_frame(struct writer *w, const struct frame_value *value)
{
    put_text(w, "frame=");
    put_escaped(w, value->name, true);
    put(w, " ", 1);
    put_double(w, value->value);
    if (*value->unit) {
        put(w, " ", 1);
        put_escaped(w, value->unit, true);
    }
    put(w, "\n", 1);
}

static void put_measure(struct writer *w, const struct frame_value *measure)
{
    put_line(w, "name", measure->name);
    put_text(w, "value=");
    put_double(w, measure->value);
    put(w, "\n", 1);
    put_line(w, "unit", measure->unit);
}

static void put_fault(struct writer *w, const struct appwire_request *r)
{
    put_line(w, "ns", r->ns);
    put_line(w, "code", r->code);
    put_number(w, "mode", r->mode);
    put_line(w, "component", r->component);
    if (r->verb == APPWIRE_CLEAR)
        return;
    put_line(w, "subject", r->subject);
    put_number(w, "severity", r->severity);
    if (r->class_hint != CLASS_UNSET)
        put_line(w, "class", class_word(r->class_hint));
    for (size_t i = 0; i < r->frame_count; i++)
        put_frame(w, &r->frame[i]);
}

int appwire_request_encode(const struct appwire_request *r, char *buf, size_t cap, size_t *ret_bytes, struct fail *f)
{
    struct appwire_answer refusal;
    struct verdict_on v = {&refusal, f};
    struct writer w = {buf, cap, 0, false};

    if (appwire_check(&v, r) != 0)
        return -1;
    put_text(&w, "faultline 1 ");
    put_text(&w, verbs[r->verb]);
    put(&w, "\n", 1);
    if (r->verb == APPWIRE_MEASURE)
        put_measure(&w, &r->measure);
    else
        put_fault(&w, r);
    if (w.full)
        return fail_set(f, FAIL_LIMIT, "request: longer than %zu bytes", cap);
    *ret_bytes = w.used;
    return 0;
}

size_t appwire_answer_encode(const struct appwire_answer *a, char *buf, size_t cap)
{
    struct writer w = {buf, cap, 0, false};

    if (a->reason == APPWIRE_NONE) {
        put_text(&w, "faultline 1 accepted\n");
        put_number(&w, "number", a->number);
        return w.used;
    }
    put_text(&w, "faultline 1 refused\n");
    put_line(&w, "reason", reasons[a->reason]);
    put_number(&w, "limit", a->limit);
    put_number(&w, "value", a->value);
    put_number(&w, "retry_after_ms", a->retry_after_ms);
    size_t before_text = w.used;
    put_line(&w, "text", a->text);
    return w.full ? before_text : w.used;
}
