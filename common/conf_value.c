/* conf_value.c: see conf_value.h. */
#include "conf_value.h"

#include <stdio.h>
#include <string.h>

struct unit {
    const char *word;
    int64_t factor;
};

/* From large to small, so that the first that divides a value is the one to print. */
static const struct unit durations[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0}};
static const struct unit sizes[] = {{"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"", 1}, {NULL, 0}};
static const struct unit numbers[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(enum conf_type type)
{
    return type == CONF_DURATION ? durations : type == CONF_SIZE ? sizes : numbers;
}

const char *conf_value_number(enum conf_type type, int64_t value, char text[static CONF_VALUE_BYTES])
{
    const struct unit *unit = units_of(type);

    while (unit[1].word && (value == 0 || value % unit->factor != 0))
        unit++;
    snprintf(text, CONF_VALUE_BYTES, "%lld%s", (long long)(value / unit->factor), unit->word);
    return text;
}

/* Digits with an optional '-', then the unit in *ret_unit; false when there is no number or it overflows. */
static bool read_digits(const char *text, int64_t *ret, const char **ret_unit)
{
    bool negative = *text == '-';
    int64_t v = 0;

    text += negative;
    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_sub_overflow(v, *text - '0', &v)) /* downwards: INT64_MIN has no positive twin */
            return false;
    if (!negative && __builtin_sub_overflow(0, v, &v))
        return false;
    *ret = v;
    *ret_unit = text;
    return true;
}

static bool read_number(enum conf_type type, const char *text, int64_t *ret)
{
    const char *word;
    int64_t v;

    if (!read_digits(text, &v, &word))
        return false;
    if (type == CONF_DURATION && v == 0 && !*word)
        word = "ms"; /* 0 needs no unit */
    for (const struct unit *unit = units_of(type); unit->word; unit++)
        if (strcmp(unit->word, word) == 0)
            return !__builtin_mul_overflow(v, unit->factor, ret);
    return false;
}

static int set_number(const struct conf_key *key, const char *text, void *field, struct fail *f)
{
    static const char *const forms[] = {
        [CONF_NUMBER] = "a number",
        [CONF_DURATION] = "a duration: digits and ms, s, m, h or d",
        [CONF_SIZE] = "a size: digits, and K, M or G if not bytes",
    };
    char value[CONF_VALUE_BYTES], min[CONF_VALUE_BYTES], max[CONF_VALUE_BYTES];
    int64_t v;

    if (!read_number(key->type, text, &v))
        return fail_set(f, FAIL_SETTINGS, "\"%s\" is not %s", text, forms[key->type]);
    conf_value_number(key->type, key->min, min);
    conf_value_number(key->type, key->max, max);
    if (v < key->min || v > key->max)
        return fail_set(f, FAIL_SETTINGS, "%s is %s %s (allowed: %s to %s)", conf_value_number(key->type, v, value),
            v < key->min ? "below" : "above", v < key->min ? min : max, min, max);
    memcpy(field, &v, sizeof v);
    return 0;
}

static int set_text(const struct conf_key *key, const char *text, char *field, struct fail *f)
{
    size_t n = strlen(text);

    if (n >= key->size)
        return fail_set(f, FAIL_SETTINGS, "%zu bytes, at most %zu allowed", n, key->size - 1);
    if ((int64_t)n < key->min)
        return n ? fail_set(f, FAIL_SETTINGS, "%zu bytes, at least %lld needed", n, (long long)key->min)
                 : fail_set(f, FAIL_SETTINGS, "must not be empty");
    memcpy(field, text, n + 1);
    return 0;
}

static int refuse_word(const char *text, const char *const *words, size_t count, struct fail *f)
{
    const char *nearest = conf_value_nearest(text, words, count);
    char list[CONF_LIST_BYTES];

    conf_value_list(words, count, list);
    if (nearest)
        return fail_set(f, FAIL_SETTINGS, "unknown word \"%s\", did you mean %s? %s", text, nearest, list);
    return fail_set(f, FAIL_SETTINGS, "unknown word \"%s\" %s", text, list);
}

static int set_word(const struct conf_key *key, const char *text, void *field, struct fail *f)
{
    size_t count = 0;

    for (; key->words[count]; count++)
        if (strcmp(key->words[count], text) == 0) {
            int index = (int)count;

            memcpy(field, &index, sizeof index);
            return 0;
        }
    return refuse_word(text, key->words, count, f);
}

static int set_switch(const char *text, void *field, struct fail *f)
{
    static const char *const words[] = {"no", "yes"};

    for (size_t i = 0; i < countof(words); i++)
        if (strcmp(words[i], text) == 0) {
            *(bool *)field = i == 1;
            return 0;
        }
    return refuse_word(text, words, countof(words), f);
}

int conf_value_set(const struct conf_key *key, const char *text, void *item, struct fail *f)
{
    char *field = (char *)item + key->offset;

    switch (key->type) {
    case CONF_TEXT:
        return set_text(key, text, field, f);
    case CONF_WORD:
        return set_word(key, text, field, f);
    case CONF_SWITCH:
        return set_switch(text, field, f);
    case CONF_NUMBER:
    case CONF_DURATION:
    case CONF_SIZE:
        break;
    }
    return set_number(key, text, field, f);
}

/* ---------------------------------------------------------------- did you mean */

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

/* Levenshtein's distance, row by row. */
static size_t edits(const char *a, const char *b)
{
    enum { LONGEST = 32 };
    size_t n = strlen(b), row[LONGEST + 1];

    if (n > LONGEST)
        return SIZE_MAX;
    for (size_t k = 0; k <= n; k++)
        row[k] = k;
    for (size_t i = 1; *a; a++, i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t k = 1; k <= n; k++) {
            size_t above = row[k];

            row[k] = min3(above + 1, row[k - 1] + 1, diagonal + (*a != b[k - 1]));
            diagonal = above;
        }
    }
    return row[n];
}

const char *conf_value_nearest(const char *word, const char *const *words, size_t count)
{
    const char *nearest = NULL;
    size_t least = 3; /* three edits make another word */

    for (size_t i = 0; i < count; i++) {
        size_t n = edits(word, words[i]);

        if (n < least && n < strlen(words[i])) {
            least = n;
            nearest = words[i];
        }
    }
    return nearest;
}

const char *conf_value_list(const char *const *words, size_t count, char text[static CONF_LIST_BYTES])
{
    size_t n = (size_t)snprintf(text, CONF_LIST_BYTES, "(allowed: ");

    for (size_t i = 0; i < count && n < CONF_LIST_BYTES; i++)
        n += (size_t)snprintf(text + n, CONF_LIST_BYTES - n, "%s%s", words[i], i + 1 < count ? ", " : ")");
    return text;
}
