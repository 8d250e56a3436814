/* fields.c: see fields.h. */
#include "fields.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "times.h"

const char *field_text(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text ? text : "";
}

const char *field_number(const json_t *o, const char *key, char text[static FIELD_NUMBER_BYTES])
{
    snprintf(text, FIELD_NUMBER_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(o, key)));
    return text;
}

static bool local(const json_t *o, const char *key, struct tm *ret_tm, int *ret_ms)
{
    struct wall t;

    if (!times_parse(field_text(o, key), &t))
        return false;
    time_t seconds = (time_t)(t.ms / 1000);
    *ret_ms = (int)(t.ms % 1000);
    return localtime_r(&seconds, ret_tm) != NULL;
}

const char *field_minute(const json_t *o, const char *key, char text[static FIELD_TIME_BYTES])
{
    struct tm tm;
    int ms;

    text[0] = '\0';
    if (local(o, key, &tm, &ms))
        strftime(text, FIELD_TIME_BYTES, "%Y-%m-%d %H:%M", &tm);
    return text;
}

const char *field_moment(const json_t *o, const char *key, char text[static FIELD_TIME_BYTES])
{
    struct tm tm;
    int ms;

    text[0] = '\0';
    if (local(o, key, &tm, &ms)) {
        size_t n = strftime(text, FIELD_TIME_BYTES, "%H:%M:%S", &tm);
        snprintf(text + n, FIELD_TIME_BYTES - n, ".%03d", ms);
    }
    return text;
}

const char *field_fault(const json_t *o, char text[static FIELD_FAULT_BYTES])
{
    char mode[FIELD_NUMBER_BYTES];
    bool has_mode = json_integer_value(json_object_get(o, "mode")) != 0;

    snprintf(text, FIELD_FAULT_BYTES, "%s %s%s%s", field_text(o, "ns"), field_text(o, "code"), has_mode ? "/" : "",
        has_mode ? field_number(o, "mode", mode) : "");
    return text;
}
