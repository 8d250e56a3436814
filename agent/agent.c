/* agent.c: see agent.h. */
#include "agent.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "keeper.h"
#include "link.h"
#include "log.h"
#include "mqtt_tls.h"
#include "notify.h"
#include "recall.h"
#include "scribe.h"
#include "sources.h"

enum { SPOOL_RETRY_MS = 10 * 1000 };

struct agent {
    const struct settings *settings;
    struct event_base *base;
    struct event *terminate, *interrupt, *hang_up, *watchdog;
    int64_t watchdog_ms; /* how often the service manager is told; 0 = never */
    char id[BOUND_DEVICE_ID + 1];
    char certificate[MQTT_TLS_SERIAL_BYTES]; /* its serial number; "" = there is none */
    uint64_t boot;
    struct keeper *keeper;
    struct scribe *scribe;
    struct link *link;
    struct source_env source_env;
    struct sources *sources;
    struct recalled last; /* what the spool held at the start */
    bool is_told;         /* that the agent has started, and what is new since the last time */
};

/* ---------------------------------------------------------------- who the device is */

/* A number that is the same until the device is powered up again: the kernel's, or by chance for this process. */
static uint64_t boot_number(void)
{
    char text[64] = "", digits[17] = "";
    FILE *in = fopen("/proc/sys/kernel/random/boot_id", "re");
    uint64_t boot = 0;

    if (in && fgets(text, sizeof text, in)) {
        for (size_t i = 0, n = 0; text[i] && n < 16; i++)
            if (text[i] != '-')
                digits[n++] = text[i];
        boot = strtoull(digits, NULL, 16);
    }
    if (in)
        fclose(in);
    while (boot == 0)
        boot = rng_u64(&rng_system);
    return boot;
}

static int read_identity(const struct settings *s, char id[static BOUND_DEVICE_ID + 1],
    char certificate[static MQTT_TLS_SERIAL_BYTES], struct fail *f)
{
    if (!*s->broker.ca_file) {
        strcpy(id, s->device.id);
        certificate[0] = '\0';
        return 0;
    }
    if (mqtt_tls_identity(s->broker.cert_file, id, certificate, f))
        return -1;
    if (*s->device.id && strcmp(s->device.id, id) != 0)
        return fail_set(f, FAIL_SETTINGS, "device.id is \"%s\", but the certificate %s is of \"%s\"", s->device.id,
            s->broker.cert_file, id);
    return 0;
}

/* ---------------------------------------------------------------- what the parts ask of each other */

static int on_snapshot(void *ctx, bool needed, struct fail *f)
{
    struct agent *a = ctx;

    if (needed && scribe_inventory(a->scribe, f))
        return -1;
    return scribe_snapshot(a->scribe, needed, f);
}

static int on_clear(void *ctx, const struct fault_key *key, const char *actor, struct fail *f)
{
    struct agent *a = ctx;

    return scribe_clear(a->scribe, key, actor, f);
}

static int on_lifecycle(void *ctx, enum lifecycle_kind kind, const char *detail, struct fail *f)
{
    struct agent *a = ctx;

    return scribe_lifecycle(a->scribe, kind, detail, f);
}

static struct stamp on_now(void *ctx)
{
    const struct agent *a = ctx;

    return scribe_now(a->scribe);
}

static void on_stopped(void *ctx)
{
    struct agent *a = ctx;

    event_base_loopbreak(a->base);
}

static void on_written(void *ctx)
{
    struct agent *a = ctx;

    if (a->link)
        link_wake(a->link);
}

static void on_spool_failed(void *ctx)
{
    struct agent *a = ctx;

    keeper_failed(a->keeper);
}

static int on_measure(void *ctx, const struct frame_value *sample, struct fail *f)
{
    struct agent *a = ctx;

    return sources_measure(a->sources, sample, f);
}

/* ---------------------------------------------------------------- signals */

static void on_terminate(evutil_socket_t number, short what, void *ctx)
{
    struct agent *a = ctx;
    struct fail f;
    (void)what;

    log_info("agent.stopping", "signal=%d", (int)number);
    notify_send("STOPPING=1");
    sources_close(a->sources);
    a->sources = NULL;
    if (scribe_lifecycle(a->scribe, LIFECYCLE_STOP, "", &f))
        log_fail(LOG_LEVEL_ERROR, "agent.stop_unrecorded", &f);
    link_stop(a->link);
}

/* The certificate may have been renewed, but must still be this device's. */
static int reread_identity(const struct agent *a, char certificate[static MQTT_TLS_SERIAL_BYTES], struct fail *f)
{
    char id[BOUND_DEVICE_ID + 1];

    if (read_identity(a->settings, id, certificate, f))
        return -1;
    if (strcmp(id, a->id) != 0)
        return fail_set(f, FAIL_SETTINGS, "the new certificate is of \"%s\", this device is \"%s\"", id, a->id);
    return 0;
}

static void on_hang_up(evutil_socket_t number, short what, void *ctx)
{
    struct agent *a = ctx;
    char certificate[MQTT_TLS_SERIAL_BYTES];
    struct fail f;
    (void)number, (void)what;

    if (reread_identity(a, certificate, &f)) {
        log_fail(LOG_LEVEL_ERROR, "agent.reload_refused", &f);
        return;
    }
    log_info("agent.reloaded", "certificate=%s", certificate);
    if (strcmp(certificate, a->certificate) != 0) {
        strcpy(a->certificate, certificate);
        if (scribe_lifecycle(a->scribe, LIFECYCLE_RENEWED, certificate, &f))
            log_fail(LOG_LEVEL_ERROR, "agent.renewal_unrecorded", &f);
    }
    link_reconnect(a->link);
}

static void on_watchdog(evutil_socket_t fd, short what, void *ctx)
{
    struct agent *a = ctx;
    struct timeval wait = {a->watchdog_ms / 1000, (int)(a->watchdog_ms % 1000) * 1000};
    (void)fd, (void)what;

    notify_send("WATCHDOG=1");
    event_add(a->watchdog, &wait);
}

static struct event *on_signal(struct agent *a, int number, event_callback_fn act)
{
    struct event *event = evsignal_new(a->base, number, act, a);

    if (!event || event_add(event, NULL) != 0)
        abort();
    return event;
}

static void watch_signals(struct agent *a)
{
    a->terminate = on_signal(a, SIGTERM, on_terminate);
    a->interrupt = on_signal(a, SIGINT, on_terminate);
    a->hang_up = on_signal(a, SIGHUP, on_hang_up);
    a->watchdog = event_new(a->base, -1, 0, on_watchdog, a);
    if (!a->watchdog)
        abort();
    a->watchdog_ms = notify_watchdog_ms() / 2;
    if (a->watchdog_ms)
        on_watchdog(-1, 0, a);
}

/* ---------------------------------------------------------------- start */

static void make_scribe(struct agent *a)
{
    struct part parts[BOUND_PARTS];
    struct firmware firmware[BOUND_FIRMWARE];
    struct monitor_settings settings = settings_monitor(a->settings);
    struct inventory device = settings_inventory(a->settings, parts, firmware);
    struct scribe_env env = {a->base, &clock_system, a->boot};
    struct scribe_hooks hooks = {a, on_written, on_spool_failed, on_measure};

    a->scribe = scribe_new(&settings, &device, a->settings->spool.retention_ms, &env, &hooks);
}

static void make_link(struct agent *a)
{
    struct link_settings settings = settings_link(a->settings, a->id);
    struct link_env env = {a->base, &clock_system, &rng_system, keeper_spool(a->keeper)};
    struct link_hooks hooks = {a, on_snapshot, on_clear, on_lifecycle, on_now, on_stopped};

    a->link = link_new(&settings, &env, &hooks);
}

static void on_recalled_fault(void *ctx, const struct fault_report *r)
{
    struct agent *a = ctx;
    struct stamp now = scribe_now(a->scribe);

    monitor_restore(scribe_monitor(a->scribe), r, &now);
}

static void on_recalled_command(void *ctx, uint64_t id)
{
    struct agent *a = ctx;

    link_note_command(a->link, id);
}

/* Tells that the agent has started, and what is new since it stopped. */
static int tell_start(struct agent *a, struct fail *f)
{
    char hash[SETTINGS_HASH_BYTES];

    settings_hash(a->settings, hash);
    if (scribe_lifecycle(a->scribe, LIFECYCLE_BOOT, "", f) || scribe_inventory(a->scribe, f))
        return -1;
    if (a->last.boot != a->boot && a->last.boot != 0 && scribe_cycle(a->scribe, f))
        return -1;
    if (strcmp(a->last.configured, hash) != 0 && scribe_lifecycle(a->scribe, LIFECYCLE_CONFIGURED, hash, f))
        return -1;
    a->is_told = true;
    return 0;
}

/* Goes on where the agent stopped. With a disk that takes nothing, what stands in the spool is sent all the same, and the
 * start is told when the spool is back. */
static void resume(struct agent *a)
{
    struct recall_takers takers = {a, on_recalled_fault, on_recalled_command};
    struct fail f;
    unsigned unreadable;

    recall_read(keeper_spool(a->keeper), &takers, &a->last, &unreadable);
    log_info("agent.resumed", "faults=%zu unreadable=%u", monitor_count(scribe_monitor(a->scribe)), unreadable);
    scribe_use_spool(a->scribe, keeper_spool(a->keeper));
    if (tell_start(a, &f))
        log_fail(LOG_LEVEL_ERROR, "agent.start_unrecorded", &f);
}

static void on_spool_changed(void *ctx, struct spool *spool)
{
    struct agent *a = ctx;
    struct fail f;

    scribe_use_spool(a->scribe, spool);
    if (spool && !a->is_told && tell_start(a, &f))
        log_fail(LOG_LEVEL_ERROR, "agent.start_unrecorded", &f);
    link_use_spool(a->link, spool);
}

static int open_spool(struct agent *a, struct fail *f)
{
    struct spool_settings settings = settings_spool(a->settings);
    struct keeper_env env = {.base = a->base,
        .disk = &disk_system,
        .clock = &clock_system,
        .rng = &rng_system,
        .retry_first_ms = SPOOL_RETRY_MS,
        .ctx = a,
        .changed = on_spool_changed};

    return keeper_open(&settings, &env, &a->keeper, f);
}

static int open_sources(struct agent *a, struct fail *f)
{
    a->source_env = (struct source_env){.base = a->base,
        .clock = &clock_system,
        .rng = &rng_system,
        .disk = &disk_system,
        .boot = a->boot,
        .epoch = spool_epoch(keeper_spool(a->keeper)),
        .sink = scribe_sink(a->scribe)};
    return sources_open(a->settings, &a->source_env, &a->sources, f);
}

static struct event_base *make_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (!base)
        abort();
    return base;
}

int agent_open(const struct settings *s, struct agent **ret, struct fail *f)
{
    struct agent *a = calloc(1, sizeof *a);

    if (!a)
        abort();
    a->settings = s;
    a->base = make_base();
    a->boot = boot_number();
    if (read_identity(s, a->id, a->certificate, f) || open_spool(a, f))
        goto failed;
    make_scribe(a);
    make_link(a);
    resume(a);
    if (open_sources(a, f))
        goto failed;
    watch_signals(a);
    *ret = a;
    return 0;

failed:
    agent_close(a);
    return -1;
}

void agent_run(struct agent *a)
{
    log_info("agent.ready", "device=%s version=%s broker=%s port=%d", a->id, FAULTLINE_VERSION,
        a->settings->broker.at.host, a->settings->broker.at.port);
    notify_send("READY=1");
    event_base_dispatch(a->base);
}

static void free_event(struct event *event)
{
    if (event)
        event_free(event);
}

void agent_close(struct agent *a)
{
    if (!a)
        return;
    sources_close(a->sources);
    link_free(a->link);
    scribe_free(a->scribe);
    keeper_close(a->keeper);
    free_event(a->terminate);
    free_event(a->interrupt);
    free_event(a->hang_up);
    free_event(a->watchdog);
    event_base_free(a->base);
    free(a);
}
