/* health.c: see health.h.
 *
 * The first record comes after a random part of the interval, so that a fleet that was powered up together does not
 * report together; from there on the interval is exact. A record that was refused is not lost: its samples go into the
 * next one. */
#include "health.h"

#include <assert.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "disk.h"
#include "lifetime.h"
#include "log.h"
#include "proc.h"
#include "tally.h"

enum { SAMPLES = 12, SHORTEST_SAMPLE_MS = 1000 };

struct health_source {
    const struct source_env *env;
    const struct health_settings *settings;
    struct event *timer;
    int dir;
    struct lifetime lifetime;
    const char *restart_reason;
    struct tally tally;
    struct mono since; /* where the samples of the tally begin */
    struct mono sample_at, report_at;
};

static const struct conf_key health_keys[] = {
    {.name = "interval",
        .type = CONF_DURATION,
        .offset = offsetof(struct health_settings, interval),
        .fallback = "1h",
        .min = 1000,
        .max = 24 * 3600 * 1000,
        .help = "time between two health records"},
    {.name = "path",
        .type = CONF_TEXT,
        .offset = offsetof(struct health_settings, path),
        .size = HEALTH_PATH_BYTES,
        .fallback = "",
        .help = "folder of its counts, whose disk's free space is reported; empty: health, beside the spool"},
    {.name = NULL},
};

/* ------------------------------------------------------------------ samples */

static void add(struct health_source *h, const char *name, double value, const char *unit)
{
    struct fail f;

    if (tally_add(&h->tally, name, value, unit, &f) != 0)
        log_warn("health.sample", "name=%s text=\"%s\"", name, f.text);
}

/* A file of the kernel as text; false when there is none (a board without a sensor). */
static bool read_text(const char *path, char *buf, size_t cap)
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, buf, cap - 1) : -1;

    if (n < 0)
        return false;
    buf[n] = '\0';
    return true;
}

static void sample_file(struct health_source *h, const char *path, bool (*parse)(const char *text, double *ret),
    const char *name, const char *unit)
{
    char text[4096];
    double value;

    if (read_text(path, text, sizeof text) && parse(text, &value))
        add(h, name, value, unit);
}

static void add_figure(void *ctx, const char *name, double count)
{
    add(ctx, name, count, "");
}

static void sample(struct health_source *h)
{
    struct statvfs fs;

    h->env->sink->figures(h->env->sink->ctx, add_figure, h);
    sample_file(h, "/proc/loadavg", proc_load, "load1", "");
    sample_file(h, "/proc/meminfo", proc_memory_available, "mem_available", "B");
    sample_file(h, "/sys/class/thermal/thermal_zone0/temp", proc_temperature, "temperature", "degC");
    if (statvfs(h->settings->path, &fs) == 0)
        add(h, "disk_free", (double)fs.f_bavail * (double)fs.f_frsize, "B");
}

/* ------------------------------------------------------------------ records */

/* An application that knows the machine's hour meter knows better than our count of powered hours. */
static double operating_hours(const struct health_source *h)
{
    const struct measure *told = tally_find(&h->tally, "operating_hours");

    if (told && strcmp(told->unit, "h") == 0)
        return told->last;
    return (double)h->lifetime.operating_ms / 3600e3;
}

static void save(struct health_source *h)
{
    struct fail f;

    if (lifetime_save(h->env->disk, h->dir, &h->lifetime, &f) != 0)
        log_warn("health.save", "path=%s text=\"%s\"", h->settings->path, f.text);
}

/* The tally always begins with our own samples, so that applications cannot take their room. */
static void begin_interval(struct health_source *h, struct mono now)
{
    tally_reset(&h->tally);
    h->since = now;
    sample(h);
}

static void report(struct health_source *h)
{
    const struct stamp now = source_now(h->env);
    const struct health record = {
        .interval_ms = (uint64_t)(now.mono.ms - h->since.ms),
        .measures = h->tally.measures,
        .measure_count = h->tally.count,
        .operating_hours = operating_hours(h),
        .cycles = h->lifetime.cycles,
        .uptime_ms = (uint64_t)now.mono.ms,
        .restarts = h->lifetime.restarts < UINT32_MAX ? (uint32_t)h->lifetime.restarts : UINT32_MAX,
        .restart_reason = h->restart_reason,
    };
    struct fail f;

    save(h);
    if (h->env->sink->health(h->env->sink->ctx, &record, &now, &f) != 0)
        log_warn("health.refused", "text=\"%s\"", f.text);
    else
        begin_interval(h, now.mono);
}

/* ------------------------------------------------------------------ time */

static int64_t sample_ms(const struct health_source *h)
{
    int64_t ms = h->settings->interval / SAMPLES;

    return ms < SHORTEST_SAMPLE_MS ? SHORTEST_SAMPLE_MS : ms;
}

/* Moves at by whole steps into the future. */
static void advance(struct mono *at, int64_t step_ms, struct mono now)
{
    if (at->ms <= now.ms)
        at->ms += ((now.ms - at->ms) / step_ms + 1) * step_ms;
}

static void arm(struct health_source *h, struct mono now)
{
    int64_t at_ms = h->sample_at.ms < h->report_at.ms ? h->sample_at.ms : h->report_at.ms;
    int64_t wait_ms = at_ms > now.ms ? at_ms - now.ms : 0;
    const struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};

    event_add(h->timer, &wait);
}

void health_tick(void *state)
{
    struct health_source *h = state;
    struct mono now = source_now(h->env).mono;

    lifetime_advance(&h->lifetime, now);
    if (now.ms >= h->sample_at.ms)
        sample(h);
    advance(&h->sample_at, sample_ms(h), now);
    if (now.ms >= h->report_at.ms)
        report(h);
    advance(&h->report_at, h->settings->interval, now);
    arm(h, now);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    health_tick(arg);
}

/* ------------------------------------------------------------------ the interface */

int health_measure(void *state, const struct frame_value *s, struct fail *f)
{
    struct health_source *h = state;

    return tally_add(&h->tally, s->name, s->value, s->unit, f);
}

/* Reads the file and writes that we run. A damaged one costs the counts, not the agent. */
static int begin_lifetime(struct health_source *h, struct fail *f)
{
    const struct source_env *env = h->env;

    if (lifetime_load(env->disk, h->dir, &h->lifetime, f) != 0) {
        if (f->code != FAIL_CORRUPT)
            return -1;
        log_warn("health.lifetime", "path=%s text=\"%s, counting anew\"", h->settings->path, f->text);
    }
    h->restart_reason = lifetime_begin(&h->lifetime, env->epoch, env->boot, source_now(env).mono);
    return lifetime_save(env->disk, h->dir, &h->lifetime, f);
}

static int health_open(const void *settings, const struct source_env *env, void **ret_state, struct fail *f)
{
    struct health_source *h = calloc(1, sizeof *h);

    if (!h)
        abort();
    h->env = env;
    h->settings = settings;
    h->dir = env->disk->open_dir(env->disk->ctx, h->settings->path);
    if (h->dir < 0) {
        fail_sys(f, "health.path: %s", h->settings->path);
        free(h);
        return -1;
    }
    if (begin_lifetime(h, f) != 0) {
        env->disk->close(env->disk->ctx, h->dir);
        free(h);
        return fail_add(f, "health.path");
    }
    h->timer = evtimer_new(env->base, on_timer, h);
    if (!h->timer)
        abort();
    const struct mono now = source_now(env).mono;
    begin_interval(h, now);
    h->sample_at.ms = now.ms + sample_ms(h);
    h->report_at.ms = now.ms + 1 + (int64_t)rng_below(env->rng, (uint64_t)h->settings->interval);
    arm(h, now);
    *ret_state = h;
    return 0;
}

/* An orderly stop: the next start knows that it was one. */
static void health_close(void *state)
{
    struct health_source *h = state;

    if (!h)
        return;
    lifetime_advance(&h->lifetime, source_now(h->env).mono);
    h->lifetime.running = false;
    save(h);
    h->env->disk->close(h->env->disk->ctx, h->dir);
    event_free(h->timer);
    free(h);
}

const struct source_type source_health = {"health", health_keys, health_open, health_close};
