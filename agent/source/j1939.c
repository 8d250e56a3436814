/* j1939.c: the J1939 source: an input's frames to its buses. See j1939.h. */
#include "j1939.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>

#include "input.h"
#include "j1939_net.h"
#include "log.h"

struct j1939 {
    const struct j1939_settings *settings;
    struct j1939_net net;
    struct input *input;
};

#define FIELD(name) offsetof(struct j1939_settings, name), sizeof(((struct j1939_settings *)0)->name)

static const struct conf_key j1939_keys[] = {
    {"input", CONF_TEXT, FIELD(input), .fallback = NULL, .min = 1,
        .help = "where frames come from: file:PATH[?speed=0|1], stdin, tcp:127.0.0.1:PORT, can:INTERFACE"},
    {"bus", CONF_TEXT, FIELD(bus), .fallback = "",
        .help = "what the bus is called in reports; empty = as the interface is called in the input"},
    {.name = NULL},
};

static void take_frame(void *ctx, const struct can_frame_read *f, const struct stamp *when)
{
    struct j1939 *s = ctx;

    j1939_net_frame(&s->net, f, when);
}

static void bus_gone(void *ctx, const struct stamp *when)
{
    struct j1939 *s = ctx;

    j1939_net_gone(&s->net, when);
}

static void source_close(void *state)
{
    struct j1939 *s = state;

    if (!s)
        return;
    input_close(s->input);
    j1939_net_done(&s->net);
    free(s);
}

static void log_counts(const struct j1939 *s)
{
    struct canlog_stats lines = input_stats(s->input);
    struct j1939_stats j;

    j1939_net_stats(&s->net, &j);
    log_info("j1939.closed",
        "source=%s frames=%" PRIu64 " malformed=%" PRIu64 " dm1=%" PRIu64 " truncated=%" PRIu64
        " transfers_dropped=%" PRIu64 " refused=%" PRIu64,
        s->settings->name, lines.frames, lines.malformed, j.dm1, j.truncated, j.transfers_dropped, j.refused);
}

static void close_and_log(void *state)
{
    if (state)
        log_counts(state);
    source_close(state);
}

static int source_open(const void *settings, const struct source_env *env, void **ret_state, struct fail *f)
{
    const struct j1939_settings *set = settings;
    struct input_spec spec;

    if (input_spec_parse(set->input, &spec, f) != 0)
        return fail_add(f, "j1939 %s", set->name);
    struct j1939 *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    const struct input_sink sink = {.ctx = s, .name = set->name, .frame = take_frame, .gone = bus_gone};
    s->settings = set;
    j1939_net_init(&s->net, set->bus, env->sink);
    if (input_open(&spec, env, &sink, &s->input, f) != 0) {
        source_close(s);
        return fail_add(f, "j1939 %s", set->name);
    }
    *ret_state = s;
    return 0;
}

const struct source_type source_j1939 = {
    .kind = "j1939",
    .keys = j1939_keys,
    .open = source_open,
    .close = close_and_log,
};
