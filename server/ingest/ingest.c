/* ingest.c: see ingest.h.
 *
 *            message               gather_ms passed, or full
 *   IDLE ────────────────► OPEN ───────────────────────► COMMIT ──ok──► receipts, PUBACKs ──► IDLE
 *    ▲ read, write, misc     │ read only                   │ failed
 *    │                       │ connection lost             ▼
 *    └──── batch dropped ◄───┘                           cut, nothing is acknowledged
 */
#include "ingest.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "address.h"
#include "identity.h"
#include "log.h"
#include "mqtt.h"

enum {
    BATCH_MS = 5,           /* a batch waits so long for more, or twice as long as the commit before it took */
    BATCH_MOST_MS = 50,     /* and never longer */
    BEHIND_MS = 1000,       /* batches full for this long: more comes than can be taken */
    QUIET_MS = 100,         /* so long without a message: what the broker had kept for us is through */
    TRANSIT_MS = 60 * 1000, /* longest that a message is under way while we are connected */
    KEEPALIVE_S = 30,
    RECEIVE_MAXIMUM = 2 * BATCH_UPLINKS, /* as max_inflight_messages of the broker: the next batch is on its way */
    RETRY_MIN_MS = 500,
    RETRY_MAX_MS = 30 * 1000,
    STABLE_MS = 60 * 1000,  /* a connection this old resets the back-off */
    CONNECT_MS = 15 * 1000, /* from the first packet to the granted subscription */
    GOODBYE_MS = 2000,
    PASSWORD_BYTES = 256,
};

static const char up_filter[] = "fl/1/+/+/up";

struct ingest {
    struct ingest_settings settings;
    struct address address;
    struct writer *writer;
    const struct clock *clock;
    const struct rng *rng;
    struct metrics *metrics;
    pthread_t thread;
    int wake; /* eventfd: stop was asked for */
    atomic_bool stopping;
    /* the thread's own */
    struct mqtt *mqtt; /* NULL = not even trying */
    bool is_up;        /* subscribed */
    bool is_over;      /* the session ended */
    bool has_failed;   /* the store */
    struct batch *batch;
    struct mono batch_began, full_since, heard, connecting, connected, retry_at;
    bool was_full;
    int64_t gather_ms; /* a batch waits so long for more */
    unsigned retries;
    bool in_backlog; /* what comes may have waited at the broker since away_since */
    struct wall away_since;
};

static struct mono mono_now(const struct ingest *i)
{
    return i->clock->mono(i->clock->ctx);
}

static struct wall wall_now(const struct ingest *i)
{
    return i->clock->wall(i->clock->ctx);
}

/* ---------------------------------------------------------------- batches */

static void send_replies(struct ingest *i)
{
    char topic[IDENTITY_TOPIC_BYTES];
    struct fail f;

    for (size_t k = 0; k < i->batch->reply_count; k++) {
        const struct batch_reply *r = &i->batch->replies[k];

        if (mqtt_publish(i->mqtt, identity_topic_down(r->device, topic), r->bytes, r->n, 0, NULL, &f))
            metrics_add(&i->metrics->receipts_failed, 1);
        else
            metrics_add(&i->metrics->receipts, 1);
    }
}

/* Batches that are full one after the other mean that the broker has more than we can take. */
static void judge_load(struct ingest *i)
{
    bool full = batch_is_full(i->batch);
    struct mono now = mono_now(i);

    if (full && !i->was_full)
        i->full_since = now;
    i->was_full = full;
    i->batch->behind = full && now.ms - i->full_since.ms >= BEHIND_MS;
}

/* Gathering twice as long as committing takes makes large batches where commits are dear: a record costs half in a
 * batch of 900 of what it costs in one of 300, and on a slow disk most of the time goes into taking in. */
static void set_pace(struct ingest *i, int64_t commit_ms)
{
    int64_t gather_ms = 2 * commit_ms;

    i->gather_ms = gather_ms < BATCH_MS ? BATCH_MS : gather_ms > BATCH_MOST_MS ? BATCH_MOST_MS : gather_ms;
}

static void commit(struct ingest *i)
{
    struct mono began = mono_now(i);
    struct fail f;

    judge_load(i);
    if (writer_apply(i->writer, i->batch, &f))
        i->has_failed = true;
    else
        send_replies(i);
    set_pace(i, mono_now(i).ms - began.ms);
    batch_reset(i->batch);
}

static void refuse_topic(struct ingest *i, const char *topic)
{
    char text[IDENTITY_TOPIC_BYTES];

    metrics_add(&i->metrics->uplinks, 1);
    metrics_add(&i->metrics->refused[REFUSAL_TOPIC], 1);
    log_warn("uplink.refused", "reason=topic topic=\"%s\"", log_text(topic, text, sizeof text));
}

static void on_message(void *ctx, const char *topic, const void *payload, size_t n)
{
    struct ingest *i = ctx;
    struct wall now = wall_now(i);
    char device[BOUND_DEVICE_ID + 1];
    uint8_t shard;

    i->heard = mono_now(i);
    if (i->has_failed)
        return;
    if (!identity_from_topic(topic, &shard, device)) {
        refuse_topic(i, topic);
        return;
    }
    if (batch_is_full(i->batch))
        commit(i);
    if (!i->batch->count)
        i->batch_began = i->heard;
    batch_add(
        i->batch, shard, device, payload, n, now, i->in_backlog ? i->away_since : (struct wall){now.ms - TRANSIT_MS});
}

/* ---------------------------------------------------------------- the session */

static void on_connected(void *ctx)
{
    struct ingest *i = ctx;
    struct fail f;

    i->connected = i->heard = mono_now(i);
    i->in_backlog = true;
    metrics_add(&i->metrics->connects, 1);
    if (mqtt_subscribe(i->mqtt, up_filter, 1, &f))
        log_fail(LOG_LEVEL_WARN, "broker.subscribe", &f);
}

static void on_subscribed(void *ctx, bool granted)
{
    struct ingest *i = ctx;

    if (!granted) {
        log_error("broker.subscribe", "filter=%s reason=\"the broker's access list does not grant it\"", up_filter);
        i->is_over = true;
        return;
    }
    i->is_up = true;
    atomic_store(&i->metrics->is_connected, true);
    log_info("broker.connected", "address=%s", i->settings.address);
}

static void on_over(void *ctx, int reason, const char *text)
{
    struct ingest *i = ctx;

    if (!atomic_load(&i->stopping))
        log_warn("broker.lost", "address=%s reason=%d text=\"%s\"", i->settings.address, reason, text);
    i->is_over = true;
}

static int read_password(const char *path, char *ret, size_t size, struct fail *f)
{
    FILE *file = fopen(path, "re");

    if (!file)
        return fail_sys(f, "%s", path);
    if (!fgets(ret, (int)size, file))
        *ret = '\0';
    fclose(file);
    ret[strcspn(ret, "\r\n")] = '\0';
    if (!*ret)
        return fail_set(f, FAIL_SETTINGS, "%s: its first line is no password", path);
    return 0;
}

static int new_session(struct ingest *i, struct mqtt **ret, struct fail *f)
{
    static const struct mqtt_events events = {
        .connected = on_connected,
        .refused = on_over,
        .disconnected = on_over,
        .subscribed = on_subscribed,
        .message = on_message,
    };
    const struct ingest_settings *s = &i->settings;
    const struct mqtt_tls tls = {s->ca_file, s->cert_file, s->key_file, s->crl_file};
    char password[PASSWORD_BYTES] = "";
    int rc;

    if (*s->password_file && read_password(s->password_file, password, sizeof password, f))
        return -1;
    const struct mqtt_settings mqtt = {
        .host = i->address.host,
        .port = i->address.port,
        .tls = *s->ca_file ? &tls : NULL,
        .client_id = s->client_id,
        .username = s->user,
        .password = password,
        .keepalive_s = KEEPALIVE_S,
        .keep_session = true,
        .deferred_ack = true,
        .receive_maximum = RECEIVE_MAXIMUM,
        .will_topic = "",
    };
    rc = mqtt_new(&mqtt, &events, i, ret, f);
    explicit_bzero(password, sizeof password);
    return rc;
}

/* Full jitter: anywhere between a short while and a bound that doubles. */
static void retry_later(struct ingest *i)
{
    int64_t most = i->retries < 6 ? (int64_t)RETRY_MIN_MS << i->retries : RETRY_MAX_MS;

    i->retries++;
    i->retry_at.ms = mono_now(i).ms + RETRY_MIN_MS / 5 + (int64_t)rng_below(i->rng, (uint64_t)most);
}

static void end_session(struct ingest *i)
{
    if (i->is_up) {
        i->away_since.ms = wall_now(i).ms - TRANSIT_MS;
        if (mono_now(i).ms - i->connected.ms >= STABLE_MS)
            i->retries = 0;
    }
    atomic_store(&i->metrics->is_connected, false);
    mqtt_free(i->mqtt);
    i->mqtt = NULL;
    i->is_up = i->is_over = false;
    batch_reset(i->batch);
    retry_later(i);
}

static void begin_session(struct ingest *i)
{
    struct fail f;

    i->connecting = mono_now(i);
    if ((!i->mqtt && new_session(i, &i->mqtt, &f)) || mqtt_connect(i->mqtt, &f)) {
        log_warn("broker.unreachable", "address=%s reason=\"%s\"", i->settings.address, f.text);
        end_session(i);
    }
}

/* ---------------------------------------------------------------- the loop */

/* While answers wait for the socket no more is taken in: that is the bound of what waits. */
static short interest(const struct ingest *i)
{
    if (i->batch->count)
        return POLLIN;
    if (!mqtt_wants_write(i->mqtt))
        return POLLIN;
    return i->is_up ? POLLOUT : POLLIN | POLLOUT;
}

static int64_t wait_ms(const struct ingest *i)
{
    int64_t now = mono_now(i).ms, wait;

    if (i->has_failed)
        wait = RETRY_MAX_MS;
    else if (!i->mqtt)
        wait = i->retry_at.ms - now;
    else if (i->batch->count)
        wait = i->batch_began.ms + i->gather_ms - now;
    else {
        wait = mqtt_misc_due_ms(i->mqtt);
        if (i->in_backlog && wait > QUIET_MS)
            wait = QUIET_MS;
        if (!i->is_up && wait > i->connecting.ms + CONNECT_MS - now)
            wait = i->connecting.ms + CONNECT_MS - now;
    }
    return wait < 0 ? 0 : wait > RETRY_MAX_MS ? RETRY_MAX_MS : wait;
}

/* Everything that writes to the broker happens here, with no batch open. */
static int write_out(struct ingest *i, bool writable, struct fail *f)
{
    if (i->batch->count)
        return 0;
    if ((writable || mqtt_wants_write(i->mqtt)) && mqtt_write(i->mqtt, f))
        return -1;
    if (mqtt_misc_due_ms(i->mqtt) <= 0 && mqtt_misc(i->mqtt, f))
        return -1;
    if (i->is_up && mono_now(i).ms - i->heard.ms >= QUIET_MS)
        i->in_backlog = false;
    return 0;
}

static bool batch_is_due(const struct ingest *i)
{
    return i->batch->count && (batch_is_full(i->batch) || mono_now(i).ms - i->batch_began.ms >= i->gather_ms);
}

static void serve(struct ingest *i, short revents)
{
    struct fail f;

    if (!i->is_up && mono_now(i).ms - i->connecting.ms >= CONNECT_MS)
        on_over(i, -1, "no answer");
    if (!i->is_over && (revents & (POLLIN | POLLHUP | POLLERR)) && mqtt_read(i->mqtt, &f))
        i->is_over = true;
    if (!i->is_over && !i->has_failed && batch_is_due(i))
        commit(i);
    if (!i->is_over && !i->has_failed && write_out(i, revents & POLLOUT, &f))
        i->is_over = true;
    if (i->is_over || i->has_failed)
        end_session(i);
}

static void turn(struct ingest *i)
{
    struct pollfd fds[] = {{i->wake, POLLIN, 0}, {i->mqtt ? mqtt_fd(i->mqtt) : -1, 0, 0}};

    if (i->mqtt)
        fds[1].events = interest(i);
    if (poll(fds, 2, (int)wait_ms(i)) < 0 && errno != EINTR)
        abort(); /* a descriptor of ours is broken */
    if (i->mqtt)
        serve(i, fds[1].revents);
    else if (!i->has_failed && mono_now(i).ms >= i->retry_at.ms)
        begin_session(i);
}

/* What is in hand is committed and answered, then the broker hears that we go. */
static void say_goodbye(struct ingest *i)
{
    struct mono began = mono_now(i);
    struct fail f;

    if (i->batch->count)
        commit(i);
    if (i->has_failed)
        return;
    mqtt_disconnect(i->mqtt);
    while (!i->is_over && mono_now(i).ms - began.ms < GOODBYE_MS) {
        struct pollfd fd = {mqtt_fd(i->mqtt), POLLOUT, 0};

        if (mqtt_write(i->mqtt, &f) || i->is_over || poll(&fd, 1, QUIET_MS) < 0)
            break;
    }
}

static void *ingest_main(void *arg)
{
    struct ingest *i = arg;

    begin_session(i);
    while (!atomic_load(&i->stopping))
        turn(i);
    if (i->mqtt && i->is_up)
        say_goodbye(i);
    atomic_store(&i->metrics->is_connected, false);
    mqtt_free(i->mqtt);
    return NULL;
}

/* ---------------------------------------------------------------- for the other threads */

static void release(struct ingest *i)
{
    if (i->wake >= 0)
        close(i->wake);
    batch_free(i->batch);
    free(i);
}

int ingest_start(const struct ingest_settings *settings, struct writer *writer, const struct clock *clock,
    const struct rng *rng, struct metrics *metrics, struct ingest **ret, struct fail *f)
{
    struct ingest *i = calloc(1, sizeof *i);

    if (!i)
        abort();
    i->settings = *settings;
    i->writer = writer;
    i->clock = clock;
    i->rng = rng;
    i->metrics = metrics;
    i->batch = batch_new();
    i->gather_ms = BATCH_MS;
    i->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (i->wake < 0)
        fail_sys(f, "eventfd");
    if (i->wake < 0 || address_parse(settings->address, &i->address, f) || new_session(i, &i->mqtt, f)) {
        release(i);
        return -1;
    }
    if (pthread_create(&i->thread, NULL, ingest_main, i))
        abort(); /* no memory for a thread */
    *ret = i;
    return 0;
}

void ingest_stop(struct ingest *i)
{
    const uint64_t one = 1;

    if (!i)
        return;
    atomic_store(&i->stopping, true);
    if (write(i->wake, &one, sizeof one) < 0 && errno != EAGAIN)
        abort(); /* an eventfd of our own */
    pthread_join(i->thread, NULL);
    release(i);
}
