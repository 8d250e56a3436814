/* appwire_read.c: bytes of the local socket's protocol to requests and answers. See appwire.h.
 *
 * Everything here is fed by whoever may open the socket: a packet is cut into lines and texts in place,
 * nothing is copied, nothing is taken from memory, and every text ends inside the packet. */
#include "appwire.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "appwire_rules.h"

/* The next line of a packet, NUL in place of its "\n"; NULL at the end. */
static char *next_line(char **at, const char *end)
{
    char *line = *at;
    char *stop = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;

    if (!stop)
        return NULL;
    *stop = '\0';
    *at = stop + 1;
    return line;
}

/* Cuts "key=value" at the first "="; NULL when there is none. */
static char *split(char *line, char separator)
{
    char *at = strchr(line, separator);

    if (at)
        *at++ = '\0';
    return at;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place. False: "%" without two digits, or %00. */
static bool unescape(char *text)
{
    char *to = text;

    for (; *text; text++) {
        if (*text != '%') {
            *to++ = *text;
            continue;
        }
        int high = hex_digit(text[1]);
        int low = high < 0 ? -1 : hex_digit(text[2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *to++ = (char)(high * 16 + low);
        text += 2;
    }
    *to = '\0';
    return true;
}

static bool read_number(const char *text, uint64_t max, uint64_t *ret)
{
    char *end;

    if (!*text || text[strspn(text, "0123456789")])
        return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end || value > max)
        return false;
    *ret = value;
    return true;
}

/* Decimal only: strtod() alone would also take "inf", "nan(…)" and "0x1p4". */
static bool read_double(const char *text, double *ret)
{
    char *end;

    if (!*text || text[strspn(text, "0123456789+-.eE")])
        return false;
    double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value))
        return false;
    *ret = value;
    return true;
}

/* "faultline VERSION WORD": the word, or NULL. */
static char *read_greeting(char *line, uint64_t *ret_version)
{
    static const char name[] = "faultline ";

    if (strncmp(line, name, sizeof name - 1) != 0)
        return NULL;
    char *version = line + sizeof name - 1;
    char *word = split(version, ' ');
    return word && read_number(version, UINT32_MAX, ret_version) ? word : NULL;
}

enum key {
    KEY_CODE,
    KEY_NS,
    KEY_MODE,
    KEY_COMPONENT,
    KEY_SUBJECT,
    KEY_SEVERITY,
    KEY_CLASS,
    KEY_FRAME,
    KEY_NAME,
    KEY_VALUE,
    KEY_UNIT,
    KEY_COUNT
};

enum { IN_RAISE = 1 << APPWIRE_RAISE, IN_CLEAR = 1 << APPWIRE_CLEAR, IN_MEASURE = 1 << APPWIRE_MEASURE };

static const struct {
    const char *word;
    unsigned allowed_in, required_in;
} keys[KEY_COUNT] = {
    [KEY_CODE] = {"code", IN_RAISE | IN_CLEAR, IN_RAISE | IN_CLEAR},
    [KEY_NS] = {"ns", IN_RAISE | IN_CLEAR, 0},
    [KEY_MODE] = {"mode", IN_RAISE | IN_CLEAR, 0},
    [KEY_COMPONENT] = {"component", IN_RAISE | IN_CLEAR, 0},
    [KEY_SUBJECT] = {"subject", IN_RAISE, 0},
    [KEY_SEVERITY] = {"severity", IN_RAISE, 0},
    [KEY_CLASS] = {"class", IN_RAISE, 0},
    [KEY_FRAME] = {"frame", IN_RAISE, 0},
    [KEY_NAME] = {"name", IN_MEASURE, IN_MEASURE},
    [KEY_VALUE] = {"value", IN_MEASURE, IN_MEASURE},
    [KEY_UNIT] = {"unit", IN_MEASURE, 0},
};

static enum key key_of(const char *word)
{
    enum key key = 0;

    while (key < KEY_COUNT && strcmp(keys[key].word, word) != 0)
        key++;
    return key;
}

static int take_frame(struct verdict_on *v, char *value, struct appwire_request *r)
{
    char *number = split(value, ' ');
    char *unit = number ? split(number, ' ') : NULL;

    if (r->frame_count == BOUND_FRAME_VALUES)
        return appwire_too_many(v, "frame", "values", BOUND_FRAME_VALUES, BOUND_FRAME_VALUES + 1);
    struct frame_value *frame = &r->frame[r->frame_count];
    if (!number || !read_double(number, &frame->value) || (unit && strchr(unit, ' ')))
        return appwire_malformed(v, "frame", "not \"NAME VALUE [UNIT]\" with a finite decimal value");
    if (!unescape(value) || (unit && !unescape(unit)))
        return appwire_malformed(v, "frame", "% without two hexadecimal digits");
    frame->name = value;
    frame->unit = unit ? unit : "";
    r->frame_count++;
    return 0;
}

static int take_number(
    struct verdict_on *v, enum key key, const char *value, uint64_t max, const char *rule, uint64_t *ret)
{
    return read_number(value, max, ret) ? 0 : appwire_malformed(v, keys[key].word, rule);
}

static int take_text(struct appwire_request *r, enum key key, const char *value)
{
    const char **const at[KEY_COUNT] = {[KEY_CODE] = &r->code,
        [KEY_NS] = &r->ns,
        [KEY_COMPONENT] = &r->component,
        [KEY_SUBJECT] = &r->subject,
        [KEY_NAME] = &r->measure.name,
        [KEY_UNIT] = &r->measure.unit};

    *at[key] = value;
    return 0;
}

static int take(struct verdict_on *v, enum key key, char *value, struct appwire_request *r)
{
    uint64_t number = 0;

    if (key == KEY_FRAME)
        return take_frame(v, value, r);
    if (!unescape(value))
        return appwire_malformed(v, keys[key].word, "% without two hexadecimal digits");
    switch (key) {
    case KEY_MODE:
        if (take_number(v, key, value, UINT32_MAX, "not 0 to 4294967295", &number) != 0)
            return -1;
        r->mode = (uint32_t)number;
        return 0;
    case KEY_SEVERITY:
        if (take_number(v, key, value, 4, "not 0 to 4", &number) != 0)
            return -1;
        r->severity = (uint8_t)number;
        return 0;
    case KEY_CLASS:
        if (class_from_word(value, &r->class_hint))
            return 0;
        return appwire_malformed(v, "class", "not general, important or urgent");
    case KEY_VALUE:
        return read_double(value, &r->measure.value) ? 0 : appwire_malformed(v, "value", "not a finite decimal number");
    default:
        return take_text(r, key, value);
    }
}

/* All lines after the greeting. */
static int take_lines(struct verdict_on *v, char *at, const char *end, struct appwire_request *r)
{
    unsigned seen = 0;
    char *line;

    while ((line = next_line(&at, end))) {
        char *value = split(line, '=');
        enum key key = value ? key_of(line) : KEY_COUNT;

        if (!value)
            return appwire_malformed(v, "request", "a line that is not key=value");
        if (key == KEY_COUNT || !(keys[key].allowed_in & 1u << r->verb))
            return appwire_malformed(v, "request", "a key that this verb does not have");
        if (seen & 1u << key && key != KEY_FRAME)
            return appwire_malformed(v, keys[key].word, "given twice");
        seen |= 1u << key;
        if (take(v, key, value, r) != 0)
            return -1;
    }
    for (enum key key = 0; key < KEY_COUNT; key++)
        if (keys[key].required_in & 1u << r->verb && !(seen & 1u << key))
            return appwire_malformed(v, keys[key].word, "missing");
    return 0;
}

static int read_verb(struct verdict_on *v, char *greeting, enum appwire_verb *ret)
{
    uint64_t version = 0;
    const char *word = read_greeting(greeting, &version);

    if (!word)
        return appwire_malformed(v, "request", "does not begin with \"faultline VERSION VERB\"");
    if (version != APPWIRE_VERSION) {
        *v->refusal = (struct appwire_answer){
            .reason = APPWIRE_NEWER, .text = v->f->text, .limit = APPWIRE_VERSION, .value = version};
        return fail_set(v->f, FAIL_NEWER, "version %" PRIu64 " is not spoken here, version 1 is", version);
    }
    for (enum appwire_verb verb = 0; verb < APPWIRE_VERB_COUNT; verb++)
        if (strcmp(word, appwire_verb_word(verb)) == 0) {
            *ret = verb;
            return 0;
        }
    return appwire_malformed(v, "request", "the verb is none of raise, clear, measure");
}

int appwire_request_decode(
    char *packet, size_t n, struct appwire_request *ret, struct appwire_answer *ret_refusal, struct fail *f)
{
    struct verdict_on v = {ret_refusal, f};
    struct appwire_request r = {
        .ns = "app", .code = "", .component = "", .subject = "", .measure = {.name = "", .unit = ""}};
    char *at = packet;

    if (n > APPWIRE_BYTES)
        return appwire_too_many(&v, "request", "bytes", APPWIRE_BYTES, n);
    if (n == 0 || packet[n - 1] != '\n' || memchr(packet, '\0', n))
        return appwire_malformed(&v, "request", "not lines of text that end with a line end");
    if (read_verb(&v, next_line(&at, packet + n), &r.verb) != 0 || take_lines(&v, at, packet + n, &r) != 0 ||
        appwire_check(&v, &r) != 0)
        return -1;
    *ret = r;
    return 0;
}

static enum appwire_reason reason_from_word(const char *word)
{
    enum appwire_reason reason = APPWIRE_MALFORMED;

    while (reason < APPWIRE_REASON_COUNT && strcmp(appwire_reason_word(reason), word) != 0)
        reason++;
    return reason;
}

/* One line of an answer; an unknown key is skipped. False when a known one has a value that cannot be. */
static bool take_answer_line(char *line, struct appwire_answer *a)
{
    char *value = split(line, '=');
    uint64_t retry = a->retry_after_ms;
    bool fine = true;

    if (!value || !unescape(value))
        return false;
    if (strcmp(line, "number") == 0)
        fine = read_number(value, UINT64_MAX, &a->number);
    else if (strcmp(line, "limit") == 0)
        fine = read_number(value, UINT64_MAX, &a->limit);
    else if (strcmp(line, "value") == 0)
        fine = read_number(value, UINT64_MAX, &a->value);
    else if (strcmp(line, "retry_after_ms") == 0)
        fine = read_number(value, UINT32_MAX, &retry);
    else if (strcmp(line, "reason") == 0)
        a->reason = reason_from_word(value);
    else if (strcmp(line, "text") == 0)
        a->text = value;
    a->retry_after_ms = (uint32_t)retry;
    return fine;
}

int appwire_answer_decode(char *packet, size_t n, struct appwire_answer *ret, struct fail *f)
{
    struct appwire_answer a = {.text = ""};
    uint64_t version = 0;
    char *at = packet, *line;

    if (n == 0 || packet[n - 1] != '\n' || memchr(packet, '\0', n))
        return fail_set(f, FAIL_INPUT, "answer: not lines of text");
    const char *word = read_greeting(next_line(&at, packet + n), &version);
    if (!word)
        return fail_set(f, FAIL_INPUT, "answer: does not begin with \"faultline VERSION WORD\"");
    bool refused = strcmp(word, "refused") == 0;
    if (!refused && strcmp(word, "accepted") != 0)
        return fail_set(f, FAIL_INPUT, "answer: neither accepted nor refused");
    if (!refused && version != APPWIRE_VERSION)
        return fail_set(f, FAIL_NEWER, "answer: of version %" PRIu64, version);
    while ((line = next_line(&at, packet + n)))
        if (!take_answer_line(line, &a))
            return fail_set(f, FAIL_INPUT, "answer: a line that is not key=value, or a value that cannot be");
    /* A reason that a later agent knows and we do not is still a refusal. */
    if (refused != (a.reason != APPWIRE_NONE) || a.reason == APPWIRE_REASON_COUNT)
        a.reason = refused ? APPWIRE_MALFORMED : APPWIRE_NONE;
    if (!appwire_is_clean(a.text))
        a.text = "";
    *ret = a;
    return 0;
}
