/* sink.h: a sink for tests of sources: keeps what it was given, fails when told to. */
#ifndef TESTS_SINK_H
#define TESTS_SINK_H

#include <string.h>

#include "bounds.h"
#include "source.h"

struct sink {
    struct source_sink table;
    unsigned holds, releases, observed, measured, healths;
    bool held;
    uint64_t number;
    struct fail refuse, fail_release; /* .code != FAIL_NONE: what the next calls answer */
    void (*at_release)(void);
    /* the last observation, texts copied */
    char ns[64], code[64], component[80], subject[80], frame_name[80], frame_unit[32];
    struct observation last;
    struct stamp when;
    double frame_value;
    /* the last sample, and the last health record */
    char sample_name[80];
    double sample;
    struct health health;
    struct measure measures[BOUND_HEALTH_MEASURES];
    char names[BOUND_HEALTH_MEASURES][BOUND_NAME + 1];
    char reason[BOUND_REASON + 1];
};

static int sink_fails(const struct fail *how, struct fail *f)
{
    if (how->code == FAIL_NONE)
        return 0;
    *f = *how;
    return -1;
}

static void sink_hold(void *ctx)
{
    struct sink *s = ctx;

    assert_false(s->held);
    s->held = true;
    s->holds++;
}

static int sink_release(void *ctx, struct fail *f)
{
    struct sink *s = ctx;

    assert_true(s->held);
    s->held = false;
    s->releases++;
    if (s->at_release)
        s->at_release();
    return sink_fails(&s->fail_release, f);
}

static uint64_t sink_number(void *ctx)
{
    return ((struct sink *)ctx)->number;
}

static int sink_observe(void *ctx, const struct observation *o, const struct stamp *when, struct fail *f)
{
    struct sink *s = ctx;

    assert_true(s->held);
    s->observed++;
    s->number++;
    s->last = *o;
    s->when = *when;
    strcpy(s->ns, o->ns);
    strcpy(s->code, o->sighting.code);
    strcpy(s->component, o->sighting.component);
    strcpy(s->subject, o->sighting.subject);
    if (o->evidence.frame_count) {
        const struct frame_value *last = &o->evidence.frame[o->evidence.frame_count - 1];

        strcpy(s->frame_name, last->name);
        strcpy(s->frame_unit, last->unit);
        s->frame_value = last->value;
    }
    return sink_fails(&s->refuse, f);
}

static int sink_measure(void *ctx, const struct frame_value *sample, struct fail *f)
{
    struct sink *s = ctx;

    s->measured++;
    strcpy(s->sample_name, sample->name);
    s->sample = sample->value;
    return sink_fails(&s->refuse, f);
}

static int sink_health(void *ctx, const struct health *h, const struct stamp *when, struct fail *f)
{
    struct sink *s = ctx;

    s->healths++;
    s->health = *h;
    s->when = *when;
    for (size_t i = 0; i < h->measure_count; i++) {
        s->measures[i] = h->measures[i];
        strcpy(s->names[i], h->measures[i].name);
        s->measures[i].name = s->names[i];
    }
    strcpy(s->reason, h->restart_reason);
    return sink_fails(&s->refuse, f);
}

static void sink_figures(void *ctx, void (*each)(void *each_ctx, const char *name, double count), void *each_ctx)
{
    each(each_ctx, "sync_groups", ((struct sink *)ctx)->releases);
}

static void sink_init(struct sink *s)
{
    memset(s, 0, sizeof *s);
    s->table = (struct source_sink){.ctx = s,
        .hold = sink_hold,
        .release = sink_release,
        .number = sink_number,
        .observe = sink_observe,
        .measure = sink_measure,
        .health = sink_health,
        .figures = sink_figures};
}

/* Time that stands still until the test moves it. */
static int64_t test_ms;

static struct mono test_mono(void *ctx)
{
    (void)ctx;
    return (struct mono){test_ms};
}

static struct wall test_wall(void *ctx)
{
    (void)ctx;
    return (struct wall){1750000000000 + test_ms};
}

static enum clock_quality test_quality(void *ctx)
{
    (void)ctx;
    return CLOCK_SYNCED;
}

static const struct clock test_clock = {test_wall, test_mono, test_quality, NULL};

#endif
