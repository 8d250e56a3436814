/* query.c: see query.h. */
#include "query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_utf8(const char *text, size_t n)
{
    json_t *string = json_stringn(text, n); /* takes nothing else */
    bool is = string != NULL;

    json_decref(string);
    return is;
}

bool query_decode(const char *from, size_t n, bool plus_is_blank, char *ret, size_t size)
{
    size_t used = 0;

    if (size == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        int c = (unsigned char)from[i];

        if (c == '%') {
            if (n - i < 3 || hex_digit(from[i + 1]) < 0 || hex_digit(from[i + 2]) < 0)
                return false;
            c = hex_digit(from[i + 1]) * 16 + hex_digit(from[i + 2]);
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f || used + 1 >= size)
            return false;
        ret[used++] = (char)c;
    }
    ret[used] = '\0';
    return is_utf8(ret, used);
}

static bool is_known(const char *name, const char *const *known)
{
    for (; *known; known++)
        if (strcmp(name, *known) == 0)
            return true;
    return false;
}

/* One "name=value"; what is decoded goes to q->text at *used. */
static int add_item(struct query *q, size_t *used, const char *item, size_t n, const char *const *known, struct fail *f)
{
    const char *equals = memchr(item, '=', n);
    size_t name_bytes = equals ? (size_t)(equals - item) : n;
    size_t value_bytes = equals ? n - name_bytes - 1 : 0;
    char *name = q->text + *used;

    if (!query_decode(item, name_bytes, true, name, sizeof q->text - *used))
        return fail_set(f, FAIL_INPUT, "broken parameter name");
    *used += strlen(name) + 1;
    if (!is_known(name, known))
        return fail_set(f, FAIL_INPUT, "unknown parameter \"%s\"", name);
    if (query_get(q, name) || q->count == QUERY_PARAMETERS)
        return fail_set(f, FAIL_INPUT, "parameter \"%s\" stands twice", name);
    char *value = q->text + *used;
    if (!query_decode(equals ? equals + 1 : "", value_bytes, true, value, sizeof q->text - *used))
        return fail_set(f, FAIL_INPUT, "parameter \"%s\" holds a byte that may not be there", name);
    *used += strlen(value) + 1;
    q->items[q->count].name = name;
    q->items[q->count++].value = value;
    return 0;
}

int query_parse(const char *text, const char *const *known, struct query *ret, struct fail *f)
{
    size_t used = 0;

    ret->count = 0;
    while (*text) {
        size_t n = strcspn(text, "&");

        if (n && add_item(ret, &used, text, n, known, f) != 0)
            return -1;
        text += n + (text[n] == '&');
    }
    return 0;
}

const char *query_get(const struct query *q, const char *name)
{
    for (size_t i = 0; i < q->count; i++)
        if (strcmp(q->items[i].name, name) == 0)
            return q->items[i].value;
    return NULL;
}

int query_switch(const struct query *q, const char *name, int *ret, struct fail *f)
{
    const char *value = query_get(q, name);

    if (!value)
        *ret = -1;
    else if (strcmp(value, "true") == 0)
        *ret = 1;
    else if (strcmp(value, "false") == 0)
        *ret = 0;
    else
        return fail_set(f, FAIL_INPUT, "%s: allowed are true, false", name);
    return 0;
}

int query_word(const struct query *q, const char *name, const char *(*word)(int), int count, int *ret, struct fail *f)
{
    const char *value = query_get(q, name);
    char allowed[160] = "";

    *ret = -1;
    if (!value)
        return 0;
    for (int i = 0; i < count; i++) {
        if (strcmp(value, word(i)) == 0) {
            *ret = i;
            return 0;
        }
        size_t n = strlen(allowed);
        snprintf(allowed + n, sizeof allowed - n, "%s%s", i ? ", " : "", word(i));
    }
    return fail_set(f, FAIL_INPUT, "%s: allowed are %s", name, allowed);
}

int query_limit(const struct query *q, int *ret, struct fail *f)
{
    const char *value = query_get(q, "limit");
    char *end;

    *ret = QUERY_LIMIT_USUAL;
    if (!value)
        return 0;
    unsigned long limit = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || limit < 1 || limit > QUERY_LIMIT_MAX)
        return fail_set(f, FAIL_INPUT, "limit: allowed are 1 to %d", QUERY_LIMIT_MAX);
    *ret = (int)limit;
    return 0;
}

/* ---------------------------------------------------------------- cursors */

char *cursor_make(const char *list, json_t *key)
{
    char *hex = NULL;

    json_array_insert_new(key, 0, json_string(list));
    char *text = json_dumps(key, JSON_COMPACT);
    json_decref(key);
    if (!text || !(hex = malloc(strlen(text) * 2 + 1)))
        abort();
    for (size_t i = 0; text[i]; i++)
        sprintf(hex + 2 * i, "%02x", (unsigned char)text[i]);
    free(text);
    return hex;
}

static json_t *decode_cursor(const char *hex)
{
    size_t n = strlen(hex);
    char *text = malloc(n / 2 + 1);
    json_t *key = NULL;

    if (!text)
        abort();
    for (size_t i = 0; i < n / 2; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

        text[i] = high < 0 || low < 0 ? '\0' : (char)(high * 16 + low);
    }
    if (n % 2 == 0)
        key = json_loadb(text, n / 2, 0, NULL);
    free(text);
    return key;
}

int cursor_get(const struct query *q, const char *list, json_t **ret, struct fail *f)
{
    const char *value = query_get(q, "cursor");

    *ret = NULL;
    if (!value)
        return 0;
    json_t *key = decode_cursor(value);
    const char *of = json_string_value(json_array_get(key, 0));
    if (!of || strcmp(of, list) != 0) {
        json_decref(key);
        return fail_set(f, FAIL_INPUT, "cursor: not one of this list");
    }
    *ret = key;
    return 0;
}
