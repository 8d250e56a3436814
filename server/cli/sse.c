/* sse.c: see sse.h. */
#include "sse.h"

#include <string.h>

void sse_init(struct sse *s)
{
    s->line_bytes = 0;
    s->too_long = s->has_data = false;
    s->kind[0] = s->data[0] = '\0';
}

static const char *value_of(const char *line, const char *field)
{
    size_t n = strlen(field);

    if (strncmp(line, field, n) != 0 || line[n] != ':')
        return NULL;
    return line + n + 1 + (line[n + 1] == ' ');
}

static void take_line(struct sse *s)
{
    const char *value;

    if ((value = value_of(s->line, "event")) && strlen(value) < sizeof s->kind)
        strcpy(s->kind, value);
    else if ((value = value_of(s->line, "data"))) {
        strcpy(s->data, value); /* the collector's events have one data line */
        s->has_data = true;
    }
}

/* Returns what each() said; true when there was nothing to say. */
static bool end_line(struct sse *s, bool (*each)(void *ctx, const char *kind, const char *data), void *ctx)
{
    bool go_on = true;

    s->line[s->line_bytes] = '\0';
    if (s->line_bytes == 0 && !s->too_long) {
        if (s->has_data)
            go_on = each(ctx, s->kind, s->data);
        s->has_data = false;
        s->kind[0] = '\0';
    } else if (!s->too_long) {
        take_line(s);
    }
    s->line_bytes = 0;
    s->too_long = false;
    return go_on;
}

bool sse_feed(
    struct sse *s, const char *bytes, size_t n, bool (*each)(void *ctx, const char *kind, const char *data), void *ctx)
{
    for (; n; bytes++, n--) {
        if (*bytes == '\n') {
            if (!end_line(s, each, ctx))
                return false;
        } else if (*bytes == '\r') {
            continue;
        } else if (s->line_bytes + 1 < sizeof s->line) {
            s->line[s->line_bytes++] = *bytes;
        } else {
            s->too_long = true;
        }
    }
    return true;
}
