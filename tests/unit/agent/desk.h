/* desk.h: a scribe at work for tests: event loop, spool on a model disk, counted hooks. */
#ifndef TEST_DESK_H
#define TEST_DESK_H

#include "agent/spool/rig.h"

#include <event2/event.h>

#include "scribe.h"

struct desk {
    struct rig rig;
    struct event_base *base;
    struct scribe *scribe;
    struct monitor_settings monitor;
    unsigned written, failed, measured;
};

static inline void desk_written(void *ctx)
{
    ((struct desk *)ctx)->written++;
}

static inline void desk_failed(void *ctx)
{
    ((struct desk *)ctx)->failed++;
}

static inline int desk_measure(void *ctx, const struct frame_value *sample, struct fail *f)
{
    (void)sample;
    ((struct desk *)ctx)->measured++;
    return fail_set(f, FAIL_NOT_FOUND, "there is no health source");
}

static inline struct scribe *desk_scribe(struct desk *d, const struct clock *clock)
{
    static const struct inventory device = {.product_line = "home", .model = "M1", .serial = "S1", .hardware = ""};
    struct scribe_env env = {d->base, clock, 7};
    struct scribe_hooks hooks = {d, desk_written, desk_failed, desk_measure};

    return scribe_new(&d->monitor, &device, 3600000, &env, &hooks);
}

static inline void desk_open(struct desk *d)
{
    memset(d, 0, sizeof *d);
    rig_init(&d->rig, calloc(1, sizeof(struct model_disk)));
    rig_must_open(&d->rig);
    d->base = event_base_new();
    d->monitor = monitor_settings_default();
    d->scribe = desk_scribe(d, &d->rig.clock);
    scribe_use_spool(d->scribe, d->rig.spool);
}

static inline void desk_close(struct desk *d)
{
    scribe_free(d->scribe);
    rig_done(&d->rig);
    event_base_free(d->base);
}

static inline struct observation desk_observation(const char *code, bool failing)
{
    return (struct observation){.reporter = {.bus = "", .kind = REPORTER_LOGICAL, .label = ""},
        .ns = "app",
        .sighting = {.code = code, .component = "", .source_occurrences = OCCURRENCES_NONE, .subject = ""},
        .evidence = {.lamps = LAMPS_NONE},
        .failing = failing,
        .settled = true};
}

static inline int desk_observe(struct desk *d, const char *code, bool failing, struct fail *f)
{
    struct observation o = desk_observation(code, failing);
    struct stamp now = scribe_now(d->scribe);
    const struct source_sink *sink = scribe_sink(d->scribe);

    return sink->observe(sink->ctx, &o, &now, f);
}

/* The record numbered n of a lane; fails the test when it is not there. */
static inline const struct record *desk_record(struct desk *d, enum lane lane, uint64_t n)
{
    static struct rig_read got;
    struct fail f;

    if (rig_read(&d->rig, lane, n, &got, &f) != 0)
        fail_msg("%s %llu: %s", lane_word(lane), (unsigned long long)n, f.text);
    return &got.r;
}

#endif
