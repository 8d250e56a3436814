/* main.c: the collector: arguments, settings, what is started and stopped in which order, and waiting for the end. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api.h"
#include "catalogue_file.h"
#include "core.h"
#include "figures.h"
#include "ingest.h"
#include "log.h"
#include "notify.h"
#include "server_settings.h"
#include "store.h"
#include "writer.h"

struct server {
    struct server_settings settings;
    struct store_settings store_settings;
    struct metrics metrics;
    struct store *store;
    struct core *core;
    struct api *api;
    struct writer *writer;
    pthread_mutex_t changing; /* guards writer for those who change something; NULL = it does not run */
    struct ingest *ingest;
    int signals; /* signalfd */
    int failed;  /* eventfd: the writer has failed, failure is set */
    struct fail failure;
    uint64_t ticks_seen;
};

/* ---------------------------------------------------------------- what others ask of us */

static void on_committed(void *ctx, int64_t last_event)
{
    struct server *s = ctx;
    (void)last_event;

    api_events_changed(s->api);
}

static void on_failed(void *ctx, const struct fail *f)
{
    const uint64_t one = 1;
    struct server *s = ctx;

    s->failure = *f;
    if (write(s->failed, &one, sizeof one) < 0)
        abort(); /* an eventfd of our own, written once */
}

static void give_metrics(void *ctx, void (*emit)(void *sink, const struct api_metric *m), void *sink)
{
    struct server *s = ctx;

    figures_emit(&s->metrics, emit, sink);
}

static int set_registration(void *ctx, const struct registration_change *change, struct fail *f)
{
    struct server *s = ctx;
    int rc;

    pthread_mutex_lock(&s->changing);
    rc = s->writer ? writer_set_registration(s->writer, change, f)
                   : fail_set(f, FAIL_CONFLICT, "the collector starts or stops");
    pthread_mutex_unlock(&s->changing);
    return rc;
}

static const char *unready(void *ctx)
{
    struct server *s = ctx;

    return atomic_load(&s->metrics.is_connected) ? NULL : "broker";
}

/* ---------------------------------------------------------------- the parts, in the order they start */

static int start_signals(struct server *s, struct fail *f)
{
    sigset_t wanted;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &wanted, NULL); /* before any thread, so that all inherit it */
    s->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    s->failed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return s->signals < 0 || s->failed < 0 ? fail_sys(f, "signals") : 0;
}

static void stop_signals(struct server *s)
{
    close(s->signals);
    close(s->failed);
}

static int load_catalogue(struct server *s, struct fail *f)
{
    const char *path = s->settings.store.catalogue;
    size_t rows;

    if (!*path)
        return 0;
    if (catalogue_file_load(path, s->store, clock_system.wall(NULL), &rows, f))
        return -1;
    log_info("catalogue.loaded", "path=%s rows=%zu", path, rows);
    return 0;
}

static void stop_store(struct server *s)
{
    struct fail f;

    if (store_leave_lease(s->store, &f))
        log_fail(LOG_LEVEL_WARN, "store.lease_kept", &f);
    store_close(s->store);
}

static int start_store(struct server *s, struct fail *f)
{
    const struct settings_store *store = &s->settings.store;

    s->store_settings = (struct store_settings){
        .driver = (enum store_driver)store->driver, .path = store->path, .conninfo = store->conninfo};
    if (store_open(&s->store_settings, STORE_WRITE, &s->store, f))
        return -1;
    if (store_take_lease(s->store, s->settings.server.name, clock_system.wall(NULL), store->lease_ms, f) ||
        load_catalogue(s, f)) {
        stop_store(s);
        return -1;
    }
    return 0;
}

static int start_core(struct server *s, struct fail *f)
{
    const struct server_settings *from = &s->settings;
    const struct core_settings core = {
        .open_registration = from->registration.devices == 0,
        .open_children = from->registration.children == 0,
        .flap = {(uint32_t)from->conditions.flap_changes, from->conditions.flap_window_ms},
        .max_devices = from->store.cache_devices,
    };

    return core_open(&core, s->store, &clock_system, &s->metrics, &s->core, f);
}

static void stop_core(struct server *s)
{
    core_close(s->core);
}

static int start_api(struct server *s, struct fail *f)
{
    const struct api_host host = {s, give_metrics, unready, set_registration};

    return api_start(&s->settings.http, &s->store_settings, &host, &clock_system, &s->api, f);
}

static void stop_api(struct server *s)
{
    api_stop(s->api);
}

static int start_writer(struct server *s, struct fail *f)
{
    const struct writer_events events = {on_committed, on_failed, s};
    (void)f;

    pthread_mutex_lock(&s->changing);
    s->writer = writer_start(s->core, s->store, &s->metrics, &events);
    pthread_mutex_unlock(&s->changing);
    return 0;
}

static void stop_writer(struct server *s)
{
    struct writer *writer;

    pthread_mutex_lock(&s->changing);
    writer = s->writer;
    s->writer = NULL;
    pthread_mutex_unlock(&s->changing);
    writer_stop(writer);
}

static int start_ingest(struct server *s, struct fail *f)
{
    const struct settings_broker *b = &s->settings.broker;
    const struct ingest_settings ingest = {.address = b->address,
        .user = b->user,
        .client_id = b->client_id,
        .password_file = b->password_file,
        .ca_file = b->ca_file,
        .cert_file = b->cert_file,
        .key_file = b->key_file,
        .crl_file = b->crl_file};

    return ingest_start(&ingest, s->writer, &clock_system, &rng_system, &s->metrics, &s->ingest, f);
}

static void stop_ingest(struct server *s)
{
    ingest_stop(s->ingest);
}

static const struct stage {
    const char *name;
    int (*start)(struct server *s, struct fail *f);
    void (*stop)(struct server *s);
} stages[] = {
    {"signals", start_signals, stop_signals},
    {"store", start_store, stop_store},
    {"ingest core", start_core, stop_core},
    {"http", start_api, stop_api},
    {"writer", start_writer, stop_writer},
    {"broker", start_ingest, stop_ingest},
};

static void stop_stages(struct server *s, size_t count)
{
    while (count-- > 0)
        stages[count].stop(s);
}

static int start_stages(struct server *s, struct fail *f)
{
    for (size_t i = 0; i < countof(stages); i++)
        if (stages[i].start(s, f)) {
            stop_stages(s, i);
            return fail_add(f, "%s", stages[i].name);
        }
    return 0;
}

/* ---------------------------------------------------------------- until the end */

/* True when it is time to stop. */
static bool take_signal(struct server *s)
{
    struct signalfd_siginfo info;

    if (read(s->signals, &info, sizeof info) != sizeof info)
        return false;
    if (info.ssi_signo != SIGHUP)
        return true;
    log_info("server.reload", "what=tokens,certificate");
    api_reload(s->api);
    return false;
}

/* The service manager hears that we live as long as the writer gets round: a stuck disk is a restart. */
static void feed_watchdog(struct server *s)
{
    uint64_t ticks = metrics_get(&s->metrics.ticks);

    if (ticks == s->ticks_seen)
        return;
    s->ticks_seen = ticks;
    notify_send("WATCHDOG=1");
}

/* The exit status. What the writer's thread wrote before it wrote to the descriptor is ours to read only behind the read. */
static int take_failure(struct server *s)
{
    uint64_t count;

    if (read(s->failed, &count, sizeof count) != sizeof count)
        abort(); /* it was readable, and nobody else reads it */
    return fail_exit_status(s->failure.code);
}

static int run(struct server *s)
{
    int64_t watchdog_ms = notify_watchdog_ms();
    struct pollfd fds[] = {{s->signals, POLLIN, 0}, {s->failed, POLLIN, 0}};

    for (;;) {
        int rc = poll(fds, countof(fds), watchdog_ms > 0 ? (int)(watchdog_ms / 2) : -1);

        if (rc < 0 && errno != EINTR)
            abort(); /* a descriptor of ours is broken */
        if (rc > 0 && fds[1].revents)
            return take_failure(s);
        if (rc > 0 && fds[0].revents && take_signal(s))
            return 0;
        if (watchdog_ms > 0)
            feed_watchdog(s);
    }
}

static int serve(struct server *s)
{
    struct fail f = {0};
    int status;

    umask(027);
    if (start_stages(s, &f)) {
        log_error("server.failed", "code=%s reason=\"%s\"", fail_word(f.code), f.text);
        return fail_exit_status(f.code);
    }
    log_info(
        "server.ready", "name=%s version=%s http=%s", s->settings.server.name, FAULTLINE_VERSION, api_address(s->api));
    notify_send("READY=1");
    status = run(s);
    notify_send("STOPPING=1");
    stop_stages(s, countof(stages));
    log_info("server.stopped", "status=%d", status);
    return status;
}

/* ---------------------------------------------------------------- arguments */

#define DEFAULT_SETTINGS "/etc/faultline/server.conf"

static const char help[] =
    "Examples:\n"
    "  faultline-server --config /etc/faultline/server.conf\n"
    "  faultline-server --config server.conf --check        are the settings right?\n"
    "Usage:\n"
    "  faultline-server [--config FILE] [--check]\n"
    "Options:\n"
    "  -c, --config FILE   settings; " DEFAULT_SETTINGS " when left out\n"
    "      --check         reads the settings, prints what is in force, and ends\n"
    "      --version       prints the version\n"
    "  -h, --help          prints this\n"
    "Exit status: 0 fine, 64 wrong arguments, 65 wrong catalogue, 69 PostgreSQL went away, 70 damaged store,\n"
    "73 disk full, 74 disk failed, 75 another collector has the store, 78 wrong settings.\n"
    "More: man faultline-server\n";

static int wrong_usage(void)
{
    fputs("faultline-server: wrong arguments; faultline-server --help tells more\n", stderr);
    return fail_exit_status(FAIL_USAGE);
}

static int load_settings(struct server *s, const char *path)
{
    static const enum log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG};
    struct fail f = {0};

    if (server_settings_read(path, &s->settings, &f)) {
        fprintf(stderr, "faultline-server: %s\n", f.text);
        return fail_exit_status(f.code);
    }
    log_set_level(levels[s->settings.server.log_level]);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
        {"version", no_argument, NULL, 'V'}, {"help", no_argument, NULL, 'h'}, {0}};
    static struct server server = {.changing = PTHREAD_MUTEX_INITIALIZER};
    const char *path = DEFAULT_SETTINGS;
    bool check = false;
    int option, status;

    log_begin();
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1)
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case 'k':
            check = true;
            break;
        case 'V':
            puts("faultline-server " FAULTLINE_VERSION);
            return 0;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            return wrong_usage();
        }
    if (optind < argc)
        return wrong_usage();
    status = load_settings(&server, path);
    if (status)
        return status;
    if (check) {
        server_settings_print(stdout, &server.settings);
        return 0;
    }
    return serve(&server);
}
