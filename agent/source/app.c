/* app.c: requests of applications become observations; what the sink says of them becomes the answer. See app.h.
 *
 * One run of drain(): take what has come, in turns, at most BATCH packets; hand each to the sink; release the sink (one
 * sync); only then answer all. Nothing is kept from one run to the next. */
#include "app.h"

#include <stdlib.h>
#include <string.h>

#include "appwire.h"
#include "log.h"

enum { BATCH = 32 };

/* When it is worth asking again: there may be room, a flapping fault may have come to rest. 0 = who knows. */
static const uint32_t retry_ms[APPWIRE_REASON_COUNT] = {[APPWIRE_FULL] = 5000, [APPWIRE_HELD] = 60 * 1000};

/* A packet that was taken, on its way to its answer. */
struct pending {
    struct peer *peer;
    bool needs_sync;
    struct appwire_answer answer;
    struct fail why; /* answer.text may point here */
};

struct app {
    const struct source_env *env;
    bool debounce;
    struct peers_settings peers_settings;
    struct peers *peers;
    struct pending pending[BATCH];
    char packet[APPWIRE_BYTES];
};

static const char *const mode_words[] = {"0600", "0660", "0666", NULL};
static const mode_t modes[] = {0600, 0660, 0666};

static const struct conf_key app_keys[] = {
    {.name = "socket",
        .type = CONF_TEXT,
        .offset = offsetof(struct app_settings, path),
        .size = PEERS_PATH_BYTES,
        .fallback = APPWIRE_SOCKET,
        .min = 1,
        .help = "socket of the agent for applications; clients find another one by FAULTLINE_SOCKET"},
    {.name = "group",
        .type = CONF_TEXT,
        .offset = offsetof(struct app_settings, group),
        .size = PEERS_GROUP_BYTES,
        .fallback = "",
        .help = "group that may use the socket; empty: the agent's own"},
    {.name = "mode",
        .type = CONF_WORD,
        .offset = offsetof(struct app_settings, mode),
        .fallback = "0660",
        .words = mode_words,
        .help = "permissions of the socket: 0600, 0660 or 0666"},
    {.name = "max_connections",
        .type = CONF_NUMBER,
        .offset = offsetof(struct app_settings, max_connections),
        .fallback = "32",
        .min = 1,
        .max = PEERS_MAX,
        .help = "applications connected at the same time; beyond, the quietest of the user with most is disconnected"},
    {.name = "rate",
        .type = CONF_NUMBER,
        .offset = offsetof(struct app_settings, rate),
        .fallback = "50",
        .min = 1,
        .max = 100000,
        .help = "requests a second of one connection in the long run; all of one user: four times that"},
    {.name = "burst",
        .type = CONF_NUMBER,
        .offset = offsetof(struct app_settings, burst),
        .fallback = "1000",
        .min = 1,
        .max = 1000000,
        .help = "requests of one connection at once"},
    {.name = "debounce",
        .type = CONF_SWITCH,
        .offset = offsetof(struct app_settings, debounce),
        .fallback = "no",
        .help = "yes: the policy of the namespace confirms and heals; no: applications are taken at their word"},
    {.name = NULL},
};

/* ------------------------------------------------------------------ what the sink says, as an answer */

static enum appwire_reason reason_of(const struct fail *f)
{
    switch (f->code) {
    case FAIL_INPUT:
    case FAIL_NOT_FOUND:
        return APPWIRE_MALFORMED;
    case FAIL_LIMIT:
        return APPWIRE_LIMIT;
    case FAIL_FULL:
        /* With an errno it is the disk that is full, and the spool has failed. */
        return f->sys ? APPWIRE_DISK : APPWIRE_FULL;
    case FAIL_HELD:
        return APPWIRE_HELD;
    default:
        return APPWIRE_DISK;
    }
}

static void refuse(struct pending *p)
{
    enum appwire_reason reason = reason_of(&p->why);

    p->answer = (struct appwire_answer){.reason = reason, .text = p->why.text, .retry_after_ms = retry_ms[reason]};
}

/* ------------------------------------------------------------------ requests */

static int observe(struct app *a, const struct appwire_request *r, uid_t uid, struct fail *f)
{
    const struct stamp now = source_now(a->env);
    const struct observation o = {
        .reporter = {.bus = "", .kind = REPORTER_LOGICAL, .label = ""},
        .ns = r->ns,
        .sighting = {.code = r->code,
            .mode = r->mode,
            .component = r->component,
            .source_occurrences = OCCURRENCES_NONE,
            .severity = r->severity,
            .class_hint = r->class_hint,
            .subject = r->subject},
        .evidence = {.lamps = LAMPS_NONE, .frame = r->frame, .frame_count = r->frame_count},
        .failing = r->verb == APPWIRE_RAISE,
        .settled = !a->debounce,
        .owner = (uint64_t)uid + 1,
    };

    return a->env->sink->observe(a->env->sink->ctx, &o, &now, f);
}

static void serve(struct app *a, const struct appwire_request *r, struct pending *p)
{
    const struct source_sink *sink = a->env->sink;
    int rc = r->verb == APPWIRE_MEASURE ? sink->measure(sink->ctx, &r->measure, &p->why)
                                        : observe(a, r, peers_name(p->peer).uid, &p->why);

    p->answer = (struct appwire_answer){.text = ""};
    if (rc != 0) {
        refuse(p);
    } else if (r->verb != APPWIRE_MEASURE) {
        p->needs_sync = true;
        p->answer.number = sink->number(sink->ctx);
    }
}

/* Takes and serves the next packet; false when there is none. The sink is held before the first one is served. */
static bool take(struct app *a, struct pending *p, bool first)
{
    struct appwire_request r;
    uint32_t wait_ms;
    size_t n;

    p->needs_sync = false;
    if (!peers_next(a->peers, a->packet, sizeof a->packet, &n, &p->peer, &wait_ms))
        return false;
    if (first)
        a->env->sink->hold(a->env->sink->ctx);
    if (wait_ms) {
        p->answer = (struct appwire_answer){
            .reason = APPWIRE_RATE, .text = "too many requests of this application or user", .retry_after_ms = wait_ms};
    } else if (appwire_request_decode(a->packet, n, &r, &p->answer, &p->why) == 0) {
        serve(a, &r, p);
    }
    return true;
}

/* ------------------------------------------------------------------ answers */

static void log_refusal(const struct pending *p)
{
    const struct peer_name who = peers_name(p->peer);
    char text[512];

    log_warn("app.refused", "reason=%s pid=%d uid=%u text=\"%s\"", appwire_reason_word(p->answer.reason), (int)who.pid,
        (unsigned)who.uid, log_text(p->answer.text, text, sizeof text));
}

static void answer(const struct pending *p)
{
    char packet[APPWIRE_ANSWER_BYTES];

    if (p->answer.reason != APPWIRE_NONE && p->answer.reason != APPWIRE_HELD)
        log_refusal(p);
    peers_answer(p->peer, packet, appwire_answer_encode(&p->answer, packet, sizeof packet));
}

static void drain(void *ctx)
{
    struct app *a = ctx;
    const struct source_sink *sink = a->env->sink;
    struct fail f;
    size_t count = 0;

    while (count < BATCH && take(a, &a->pending[count], count == 0))
        count++;
    bool unsafe = count && sink->release(sink->ctx, &f) != 0;
    for (size_t i = 0; i < count; i++) {
        struct pending *p = &a->pending[i];

        if (unsafe && p->needs_sync) {
            p->why = f;
            refuse(p);
        }
        answer(p);
    }
    peers_sweep(a->peers);
}

/* ------------------------------------------------------------------ the interface */

static void app_close(void *state)
{
    struct app *a = state;

    if (!a)
        return;
    peers_close(a->peers);
    free(a);
}

static int app_open(const void *settings, const struct source_env *env, void **ret_state, struct fail *f)
{
    const struct app_settings *s = settings;
    struct app *a = calloc(1, sizeof *a);

    if (!a)
        abort();
    a->env = env;
    a->debounce = s->debounce;
    a->peers_settings = (struct peers_settings){
        .mode = modes[s->mode], .max_connections = s->max_connections, .rate_per_s = s->rate, .burst = s->burst};
    memcpy(a->peers_settings.path, s->path, sizeof s->path);
    memcpy(a->peers_settings.group, s->group, sizeof s->group);
    if (peers_open(&a->peers_settings, env->base, env->clock, drain, a, &a->peers, f) != 0) {
        free(a);
        return fail_add(f, "application socket");
    }
    log_info("app.listening", "path=%s", s->path);
    *ret_state = a;
    return 0;
}

const struct source_type source_app = {"app", app_keys, app_open, app_close};
