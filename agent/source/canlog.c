/* canlog.c: a stream of bytes to CAN frames. See canlog.h. */
#include "canlog.h"

#include <string.h>

void canlog_init(struct canlog *c, void (*malformed)(void *ctx, uint64_t line, const char *why), void *ctx)
{
    memset(c, 0, sizeof *c);
    c->malformed = malformed;
    c->ctx = ctx;
}

static void count_malformed(struct canlog *c, const char *why)
{
    c->stats.malformed++;
    if (c->malformed)
        c->malformed(c->ctx, c->lines.number, why);
}

/* A live frame without time is never a duplicate: a controller may well send the same bytes twice. */
static bool is_duplicate(const struct can_frame_read *a, const struct can_frame_read *b)
{
    return a->timed && b->timed && a->time_us == b->time_us && a->id == b->id && a->length == b->length &&
           memcmp(a->data, b->data, sizeof a->data) == 0 && strcmp(a->interface, b->interface) == 0;
}

/* True when the line holds a frame that counts. line is NULL when it was too long. */
static bool take_line(struct canlog *c, const char *line, size_t n, struct can_frame_read *ret)
{
    struct can_frame_read f;
    const char *why = "the line is too long";
    enum canline kind = line ? canline_parse(line, n, &f, &why) : CANLINE_MALFORMED;

    c->stats.lines++;
    if (kind == CANLINE_MALFORMED)
        count_malformed(c, why);
    c->stats.ignored += kind == CANLINE_IGNORED;
    if (kind != CANLINE_FRAME)
        return false;
    if (is_duplicate(&f, &c->last)) {
        c->stats.duplicates++;
        return false;
    }
    c->stats.frames++;
    *ret = c->last = f;
    return true;
}

bool canlog_next(struct canlog *c, const char **data, size_t *n, struct can_frame_read *ret)
{
    const char *line;
    size_t bytes;

    while (lines_next(&c->lines, data, n, &line, &bytes))
        if (take_line(c, line, bytes, ret))
            return true;
    return false;
}

bool canlog_last(struct canlog *c, struct can_frame_read *ret)
{
    const char *line;
    size_t bytes;

    return lines_last(&c->lines, &line, &bytes) && take_line(c, line, bytes, ret);
}

int64_t canlog_passed(struct canlog_time *t, int64_t time_us)
{
    enum { JITTER_US = 1000000 };

    if (!t->started)
        *t = (struct canlog_time){.started = true, .latest_us = time_us};
    if (time_us > t->latest_us)
        t->passed_us += time_us - t->latest_us;
    if (time_us > t->latest_us || t->latest_us - time_us >= JITTER_US)
        t->latest_us = time_us;
    return t->passed_us;
}
