/* appwire_rules.c: the rules that a request must keep in both directions. See appwire_rules.h. */
#include "appwire_rules.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char code_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
static const char ns_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";

int appwire_malformed(struct verdict_on *v, const char *key, const char *rule)
{
    *v->refusal = (struct appwire_answer){.reason = APPWIRE_MALFORMED, .text = v->f->text};
    return fail_set(v->f, FAIL_INPUT, "%s: %s", key, rule);
}

int appwire_too_many(struct verdict_on *v, const char *key, const char *what, uint64_t limit, uint64_t value)
{
    *v->refusal = (struct appwire_answer){.reason = APPWIRE_LIMIT, .text = v->f->text, .limit = limit, .value = value};
    return fail_set(v->f, FAIL_LIMIT, "%s: %" PRIu64 " %s where at most %" PRIu64 " fit", key, value, what, limit);
}

/* How many bytes the UTF-8 character at s takes; 0 when there is none, or it is a control byte (Unicode 15,
 * table 3-7). */
static size_t character_bytes(const unsigned char *s)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

    if (n == 1)
        return s[0] >= 0x20 && s[0] != 0x7f;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool c1_control = s[0] == 0xc2 && s[1] < 0xa0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xed && s[1] >= 0xa0;
    bool beyond = s[0] == 0xf4 && s[1] >= 0x90;
    return c1_control || overlong || surrogate || beyond ? 0 : n;
}

bool appwire_is_clean(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    while (*s) {
        size_t n = character_bytes(s);

        if (!n)
            return false;
        s += n;
    }
    return true;
}

/* A text of min … max bytes, made of `allowed` only (NULL: any characters). */
static int check_text(
    struct verdict_on *v, const char *key, const char *text, size_t min, size_t max, const char *allowed)
{
    size_t n = strlen(text);

    if (n < min)
        return appwire_malformed(v, key, "empty");
    if (n > max)
        return appwire_too_many(v, key, "bytes", max, n);
    if (allowed && text[strspn(text, allowed)])
        return appwire_malformed(v, key, "a byte other than letters, digits and . _ - (in ns also :)");
    if (!appwire_is_clean(text))
        return appwire_malformed(v, key, "a control byte, or not UTF-8");
    return 0;
}

static int check_value(struct verdict_on *v, const char *key, const struct frame_value *value)
{
    if (check_text(v, key, value->name, 1, BOUND_NAME, NULL) != 0 ||
        check_text(v, key, value->unit, 0, BOUND_UNIT, NULL) != 0)
        return -1;
    return isfinite(value->value) ? 0 : appwire_malformed(v, key, "not a finite number");
}

static int check_fault(struct verdict_on *v, const struct appwire_request *r)
{
    if (check_text(v, "code", r->code, 1, BOUND_CODE, code_bytes) != 0 ||
        check_text(v, "ns", r->ns, 1, BOUND_NAMESPACE, ns_bytes) != 0 ||
        check_text(v, "component", r->component, 0, BOUND_COMPONENT, NULL) != 0 ||
        check_text(v, "subject", r->subject, 0, BOUND_COMPONENT, NULL) != 0)
        return -1;
    if (r->severity > 4)
        return appwire_malformed(v, "severity", "not 0 to 4");
    if ((unsigned)r->class_hint >= CLASS_COUNT)
        return appwire_malformed(v, "class", "not general, important or urgent");
    if (r->frame_count > BOUND_FRAME_VALUES)
        return appwire_too_many(v, "frame", "values", BOUND_FRAME_VALUES, r->frame_count);
    for (size_t i = 0; i < r->frame_count; i++)
        if (check_value(v, "frame", &r->frame[i]) != 0)
            return -1;
    return 0;
}

int appwire_check(struct verdict_on *v, const struct appwire_request *r)
{
    return r->verb == APPWIRE_MEASURE ? check_value(v, "measure", &r->measure) : check_fault(v, r);
}
