/* link.c: see link.h. Each turn of the loop ends in pump(), which does what the machine says and sets the one timer. */
#include "link.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "identity.h"
#include "log.h"
#include "receiver.h"
#include "resolver.h"
#include "uplink.h"

enum {
    CONNECT_TIMEOUT_MS = 60 * 1000, /* a slow mobile link takes its time for a full handshake */
    ACK_TIMEOUT_MS = 120 * 1000,
    BACKOFF_FIRST_MS = 1000,
    STABLE_MS = 60 * 1000,
    RESEND_FIRST_MS = 20 * 1000,
    RETRY_AFTER_MAX_MS = 60 * 60 * 1000,
    RECEIVE_MAXIMUM = 20,
    LATE_MS = 60 * 1000,      /* woken so much later than asked for: the machine slept, and with it the connection */
    STOP_FLUSH_MS = 2 * 1000, /* what an orderly stop may take */
};

struct link {
    struct link_settings settings;
    struct link_env env;
    struct link_hooks hooks;
    struct link_machine machine;
    struct receiver receiver;
    struct resolver *resolver;
    struct mqtt *mqtt; /* NULL = no session */
    struct event *readable, *writable, *timer;
    struct mono due; /* when the timer was to fire; 0 = it is not set */
    bool unusable; /* the session must be ended: refused, over, without its subscription, or of an epoch that is over */
    bool stopping;
    struct mono stop_by;
    uint32_t session;
    char topic_up[IDENTITY_TOPIC_BYTES], topic_down[IDENTITY_TOPIC_BYTES];
    struct uplink_buffer uplink;
};

static void pump(struct link *l);

static struct mono now(const struct link *l)
{
    return l->env.clock->mono(l->env.clock->ctx);
}

/* ---------------------------------------------------------------- what the session tells */

static void on_connected(void *ctx)
{
    struct link *l = ctx;
    struct fail f;

    if (mqtt_subscribe(l->mqtt, l->topic_down, 1, &f)) {
        log_fail(LOG_LEVEL_WARN, "link.subscribe_failed", &f);
        l->unusable = true;
    }
}

/* Only now is the link up: a receipt that is sent before the subscription stands reaches nobody. */
static void on_subscribed(void *ctx, bool granted)
{
    struct link *l = ctx;
    uint64_t first[LANE_COUNT];
    struct fail f;

    if (!granted) {
        log_warn("link.subscribe_refused", "topic=%s", l->topic_down);
        l->unusable = true;
        return;
    }
    if (l->hooks.snapshot(l->hooks.ctx, false, &f))
        log_fail(LOG_LEVEL_WARN, "link.snapshot_failed", &f);
    for (enum lane lane = 0; lane < LANE_COUNT; lane++)
        first[lane] = spool_first(l->env.spool, lane);
    link_machine_connected(&l->machine, now(l), first);
    log_info("link.connected", "device=%s session=%u epoch=%016" PRIx64, l->settings.device_id, (unsigned)l->session,
        l->machine.epoch);
}

static void on_over(void *ctx, int reason, const char *text)
{
    struct link *l = ctx;
    char reason_text[200];

    l->unusable = true;
    if (reason != 0)
        log_warn("link.lost", "reason=\"%s\"", log_text(text, reason_text, sizeof reason_text));
}

static void on_published(void *ctx, int id, int reason)
{
    struct link *l = ctx;

    if (reason >= 0x80)
        log_warn("link.publish_refused", "reason=0x%02x", (unsigned)reason);
    link_machine_acked(&l->machine, now(l), id, reason);
}

static void on_message(void *ctx, const char *topic, const void *payload, size_t bytes)
{
    struct link *l = ctx;

    if (strcmp(topic, l->topic_down) == 0 && receiver_take(&l->receiver, payload, bytes))
        l->unusable = true;
}

static const struct mqtt_events session_events = {
    on_connected, on_over, on_over, on_subscribed, on_published, on_message};

/* ---------------------------------------------------------------- a session's life */

static void free_event(struct event **event)
{
    if (*event)
        event_free(*event);
    *event = NULL;
}

static void log_session(const struct link *l)
{
    const struct link_counters *c = &l->machine.counters;

    log_info("link.disconnected",
        "session=%u messages=%" PRIu64 " receipts=%" PRIu64 " resends=%" PRIu64 " refused_messages=%" PRIu64
        " foreign_receipts=%" PRIu64 " impossible_receipts=%" PRIu64,
        (unsigned)l->session, c->messages, c->receipts, c->resends, c->refused_messages, c->receipts_foreign,
        c->receipts_beyond);
}

static void end_session(struct link *l)
{
    if (l->machine.state == LINK_CONNECTED)
        log_session(l);
    resolver_cancel(l->resolver);
    /* First the events, then the descriptor: another file may get its number. */
    free_event(&l->readable);
    free_event(&l->writable);
    mqtt_free(l->mqtt);
    l->mqtt = NULL;
    l->unusable = false;
    link_machine_lost(&l->machine, now(l));
}

/* What went wrong was told by on_over(). A session that still stands is ended orderly, without its last will. */
static void settle(struct link *l, int rc)
{
    if (!rc && l->unusable)
        mqtt_disconnect(l->mqtt);
    if (rc || l->unusable)
        end_session(l);
    pump(l);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    struct link *l = ctx;
    struct fail f;
    (void)fd, (void)what;

    settle(l, mqtt_read(l->mqtt, &f));
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
    struct link *l = ctx;
    struct fail f;
    (void)fd, (void)what;

    settle(l, mqtt_write(l->mqtt, &f));
}

static struct uplink head_of(struct link *l)
{
    return (struct uplink){.epoch = l->machine.epoch, .session = l->session, .anchor = l->hooks.now(l->hooks.ctx)};
}

/* Counts the session. When the disk does not let us, the number is only not durable: what waits in the spool must get
 * out all the same, and the collector's receipts may be what makes room. */
static void count_session(struct link *l)
{
    struct fail f;
    uint32_t session;

    if (spool_next_session(l->env.spool, &session, &f) == 0) {
        l->session = session;
        return;
    }
    log_fail(LOG_LEVEL_WARN, "link.session_not_counted", &f);
    l->session++;
}

static int open_session(struct link *l, const char *address, struct fail *f)
{
    const struct link_settings *s = &l->settings;

    count_session(l);
    struct uplink head = head_of(l);
    uplink_will(&l->uplink, &head);
    struct mqtt_settings m = {.host = s->host,
        .address = address,
        .port = s->port,
        .tls = *s->tls.ca_file ? &s->tls : NULL,
        .client_id = s->device_id,
        .username = "",
        .password = "",
        .keepalive_s = s->keepalive_s,
        .receive_maximum = RECEIVE_MAXIMUM,
        .will_topic = l->topic_up,
        .will = l->uplink.bytes,
        .will_bytes = l->uplink.used};
    if (mqtt_new(&m, &session_events, l, &l->mqtt, f) || mqtt_connect(l->mqtt, f))
        return -1;
    l->readable = event_new(l->env.base, mqtt_fd(l->mqtt), EV_READ | EV_PERSIST, on_readable, l);
    l->writable = event_new(l->env.base, mqtt_fd(l->mqtt), EV_WRITE, on_writable, l);
    if (!l->readable || !l->writable)
        abort();
    event_add(l->readable, NULL);
    return 0;
}

static void connect_to(struct link *l, const char *address)
{
    struct fail f;

    if (open_session(l, address, &f) == 0)
        return;
    log_fail(LOG_LEVEL_WARN, "link.connect_failed", &f);
    end_session(l);
}

static void on_resolved(void *ctx, const char *address, const char *why)
{
    struct link *l = ctx;

    if (l->machine.state != LINK_CONNECTING || l->mqtt)
        return;
    if (address) {
        connect_to(l, address);
    } else {
        log_warn("link.connect_failed", "host=%s reason=\"%s\"", l->settings.host, why);
        end_session(l);
    }
    pump(l);
}

static void connect_now(struct link *l)
{
    if (l->settings.port == 0 || resolver_is_address(l->settings.host))
        connect_to(l, NULL);
    else
        resolver_start(l->resolver, l->settings.host, l->machine.attempts);
}

/* ---------------------------------------------------------------- pump */

/* False: nothing was sent, and asking again now would not help. */
static bool send_lane(struct link *l, enum lane lane)
{
    struct uplink head = head_of(l);
    struct fail f;
    int id;

    if (uplink_fill(&l->uplink, &head, l->env.spool, lane, l->machine.lanes[lane].sent, &f)) {
        log_fail(LOG_LEVEL_WARN, "link.spool_unreadable", &f);
        return false;
    }
    if (l->uplink.records == 0)
        return false;
    if (mqtt_publish(l->mqtt, l->topic_up, l->uplink.bytes, l->uplink.used, 1, &id, &f)) {
        log_fail(LOG_LEVEL_WARN, "link.publish_failed", &f);
        end_session(l);
        return false;
    }
    link_machine_sent(&l->machine, now(l), lane, l->uplink.last, id);
    log_debug("link.sent", "lane=%s last=%" PRIu64 " records=%zu bytes=%zu", lane_word(lane), l->uplink.last,
        l->uplink.records, l->uplink.used);
    return true;
}

/* Does what the machine says until it says to wait. */
static void obey(struct link *l)
{
    uint64_t next[LANE_COUNT];
    enum lane lane;

    for (;;) {
        receiver_next_numbers(l->env.spool, next);
        switch (link_machine_todo(&l->machine, now(l), next, &lane)) {
        case LINK_CONNECT:
            connect_now(l);
            break;
        case LINK_DROP:
            log_warn("link.given_up", "reason=\"the broker does not answer\"");
            end_session(l);
            break;
        case LINK_SEND:
            if (!send_lane(l, lane))
                return;
            break;
        case LINK_WAIT:
            return;
        }
    }
}

static bool all_is_told(const struct link *l)
{
    return l->machine.state != LINK_CONNECTED ||
           (l->machine.window_count == 0 && l->machine.lanes[LANE_FAULT].sent >= spool_next(l->env.spool, LANE_FAULT));
}

/* True when the stop is through. */
static bool stop_if_told(struct link *l)
{
    if (!l->stopping || (!all_is_told(l) && now(l).ms < l->stop_by.ms))
        return false;
    if (l->mqtt) {
        mqtt_disconnect(l->mqtt);
        end_session(l);
    }
    l->stopping = false;
    l->machine.state = LINK_IDLE;
    event_del(l->timer);
    l->hooks.stopped(l->hooks.ctx);
    return true;
}

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

static void set_timer(struct link *l)
{
    uint64_t next[LANE_COUNT];

    receiver_next_numbers(l->env.spool, next);
    int64_t ms = link_machine_due_ms(&l->machine, now(l), next);
    if (l->mqtt)
        ms = sooner(ms, mqtt_misc_due_ms(l->mqtt));
    if (l->stopping)
        ms = sooner(ms, l->stop_by.ms - now(l).ms);
    event_del(l->timer);
    l->due = (struct mono){0};
    if (ms < 0)
        return;
    struct timeval wait = {ms / 1000, (int)(ms % 1000) * 1000};
    l->due = (struct mono){now(l).ms + ms};
    event_add(l->timer, &wait);
}

static void pump(struct link *l)
{
    struct fail f;

    if (l->env.spool)
        obey(l);
    if (l->mqtt && mqtt_wants_write(l->mqtt) && l->machine.state == LINK_CONNECTED && mqtt_write(l->mqtt, &f))
        end_session(l);
    if (stop_if_told(l))
        return;
    if (l->mqtt && mqtt_wants_write(l->mqtt))
        event_add(l->writable, NULL);
    set_timer(l);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct link *l = ctx;
    struct fail f;
    int rc = 0;
    (void)fd, (void)what;

    if (l->mqtt && l->due.ms && now(l).ms - l->due.ms > LATE_MS) {
        log_info("link.woken_late", "late_ms=%" PRId64, now(l).ms - l->due.ms);
        rc = -1;
    } else if (l->mqtt && mqtt_misc_due_ms(l->mqtt) == 0) {
        rc = mqtt_misc(l->mqtt, &f);
    }
    settle(l, rc);
}

/* ---------------------------------------------------------------- from outside */

static struct link_policy policy_of(const struct link_settings *s)
{
    return (struct link_policy){.backoff_first_ms = BACKOFF_FIRST_MS,
        .backoff_max_ms = s->backoff_max_ms,
        .stable_ms = STABLE_MS,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .ack_timeout_ms = ACK_TIMEOUT_MS,
        .resend_first_ms = RESEND_FIRST_MS,
        .resend_max_ms = s->resend_max_ms,
        .retry_after_max_ms = RETRY_AFTER_MAX_MS};
}

struct link *link_new(const struct link_settings *s, const struct link_env *env, const struct link_hooks *hooks)
{
    struct link *l = calloc(1, sizeof *l);

    if (!l)
        abort();
    l->settings = *s;
    l->env = *env;
    l->hooks = *hooks;
    identity_topic_up(s->device_id, l->topic_up);
    identity_topic_down(s->device_id, l->topic_down);
    receiver_init(&l->receiver, &l->env, &l->hooks, &l->machine, s->remote_clear);
    l->resolver = resolver_new(env->base, on_resolved, l);
    l->timer = event_new(env->base, -1, 0, on_timer, l);
    if (!l->timer)
        abort();
    link_use_spool(l, env->spool);
    return l;
}

void link_free(struct link *l)
{
    if (!l)
        return;
    end_session(l);
    resolver_free(l->resolver);
    free_event(&l->timer);
    free(l);
}

void link_note_command(struct link *l, uint64_t id)
{
    commands_note(&l->receiver.commands, id);
}

void link_wake(struct link *l)
{
    event_active(l->timer, EV_TIMEOUT, 0);
}

void link_reconnect(struct link *l)
{
    if (l->mqtt) {
        mqtt_disconnect(l->mqtt);
        end_session(l);
    }
    link_machine_hurry(&l->machine, now(l));
    link_wake(l);
}

void link_use_spool(struct link *l, struct spool *spool)
{
    struct link_policy policy = policy_of(&l->settings);

    if (l->mqtt)
        end_session(l);
    l->env.spool = spool;
    link_machine_init(&l->machine, &policy, l->env.rng, spool ? spool_epoch(spool) : 0);
    if (!spool)
        return;
    link_machine_start(&l->machine, now(l));
    link_wake(l);
}

void link_stop(struct link *l)
{
    l->stopping = true;
    l->stop_by = (struct mono){now(l).ms + STOP_FLUSH_MS};
    link_wake(l);
}
