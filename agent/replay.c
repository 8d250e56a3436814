/* replay.c: a recording through the J1939 source and the fault monitor, each change as a line. See replay.h. */
#include "replay.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "canlog.h"
#include "dm.h"
#include "j1939_net.h"

struct replay {
    struct canlog log;
    struct canlog_time time;
    struct stamp now;
    struct j1939_net net;
    struct monitor *monitor;
    bool json;
    FILE *out, *talk;
    uint64_t confirmed; /* faults confirmed at least once */
    uint64_t grumbled;
};

/* ---- one change as JSON */

static void json_text(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', out);
        putc(*text, out); /* texts are printable: canline.c and ident.c let nothing else in */
    }
    putc('"', out);
}

static const char *const lamp_words[DM_LAMP_COUNT] = {
    [DM_PROTECT] = "pl", [DM_AMBER_WARNING] = "awl", [DM_RED_STOP] = "rsl", [DM_MALFUNCTION] = "mil"};
static const char *const status_words[] = {"\"off\"", "\"on\"", "\"error\"", "null"};

static void json_lamps(FILE *out, int32_t lamps)
{
    const char *comma = "";

    if (lamps == LAMPS_NONE) {
        fputs("null", out);
        return;
    }
    putc('{', out);
    for (int i = DM_LAMP_COUNT - 1; i >= 0; i--)
        fprintf(out, "\"%s\":%s,", lamp_words[i], status_words[dm_lamp_status((uint16_t)lamps, (enum dm_lamp)i)]);
    fputs("\"flash\":{", out);
    for (int i = DM_LAMP_COUNT - 1; i >= 0; i--) {
        unsigned flash = dm_lamp_flash((uint16_t)lamps, (enum dm_lamp)i);

        if (flash > 1)
            continue;
        fprintf(out, "%s\"%s\":\"%s\"", comma, lamp_words[i], flash ? "fast" : "slow");
        comma = ",";
    }
    fputs("}}", out);
}

static const struct ecu *ecu_of(const struct replay *r, const struct fault_key *k)
{
    return j1939_net_ecu(&r->net, k->bus, k->reporter_kind, k->reporter);
}

static void json_reporter(FILE *out, const struct ecu *e, uint8_t address)
{
    if (e && e->named)
        fprintf(out, "{\"name\":\"%016" PRIx64 "\",\"sa\":%u}", e->name, address);
    else
        fprintf(out, "{\"name\":null,\"sa\":%u}", address);
}

static void write_json(const struct replay *r, const struct fault_report *t, const char *when)
{
    FILE *out = r->out;

    fprintf(out, "{\"t\":\"%s\",\"ns\":\"%s\",\"bus\":", when, t->key.ns);
    json_text(out, t->key.bus);
    fputs(",\"reporter\":", out);
    json_reporter(out, ecu_of(r, &t->key), t->reporter_address);
    fprintf(out, ",\"spn\":%s,\"fmi\":%" PRIu32 ",\"component\":", t->key.code, t->key.mode);
    json_text(out, t->key.component);
    fprintf(out, ",\"from\":\"%s\",\"to\":\"%s\"", fault_state_word(t->from), fault_state_word(t->to));
    if (t->source_occurrences == OCCURRENCES_NONE)
        fputs(",\"oc\":null", out);
    else
        fprintf(out, ",\"oc\":%d", t->source_occurrences);
    fprintf(out, ",\"occurrences\":%" PRIu32 ",\"flaps\":%" PRIu32 ",\"quality\":\"%s\",\"subject\":", t->occurrences,
        t->flaps, quality_word(t->quality));
    json_text(out, t->subject);
    fputs(",\"lamps\":", out);
    json_lamps(out, t->lamps);
    fputs("}\n", out);
}

/* ---- one change as a row for people */

static void write_head(FILE *out)
{
    fprintf(out, "%-24s %-5s %3s %-16s %6s %3s  %-9s %-9s %3s %6s %5s %-9s %s\n", "TIME", "BUS", "SA", "NAME", "SPN",
        "FMI", "FROM", "TO", "OC", "OCCURS", "FLAPS", "QUALITY", "SUBJECT");
}

static void write_row(const struct replay *r, const struct fault_report *t, const char *when)
{
    const struct ecu *e = ecu_of(r, &t->key);
    char name[20] = "-", oc[8] = "-";

    if (e && e->named)
        snprintf(name, sizeof name, "%016" PRIx64, e->name);
    if (t->source_occurrences != OCCURRENCES_NONE)
        snprintf(oc, sizeof oc, "%d", t->source_occurrences);
    fprintf(r->out, "%-24s %-5s %3u %-16s %6s %3" PRIu32 "  %-9s %-9s %3s %6" PRIu32 " %5" PRIu32 " %-9s %s\n", when,
        t->key.bus, t->reporter_address, name, t->key.code, t->key.mode, fault_state_word(t->from),
        fault_state_word(t->to), oc, t->occurrences, t->flaps, quality_word(t->quality), t->subject);
}

static int tell(void *ctx, const struct fault_report *t, const struct stamp *when, const char *actor, struct fail *f)
{
    struct replay *r = ctx;
    char text[TIMES_TEXT_BYTES];

    (void)actor;
    (void)f; /* a failed write shows at the end, by ferror() */
    times_format(when->wall, text);
    if (r->json)
        write_json(r, t, text);
    else
        write_row(r, t, text);
    r->confirmed += t->to == FAULT_CONFIRMED && t->from != FAULT_STALE && t->occurrences == 1;
    return 0;
}

/* ---- the sink: straight into the monitor */

static int take_list(void *ctx, const struct fault_list *l, const struct stamp *when, struct fail *f)
{
    return monitor_list(((struct replay *)ctx)->monitor, l, when, f);
}

static int take_observation(void *ctx, const struct observation *o, const struct stamp *when, struct fail *f)
{
    return monitor_observe(((struct replay *)ctx)->monitor, o, when, f);
}

static int take_silent(void *ctx, const struct reporter *who, const struct stamp *when, struct fail *f)
{
    return monitor_silent(((struct replay *)ctx)->monitor, who, when, f);
}

static int take_moved(void *ctx, const struct reporter *who, bool lost, const struct stamp *when, struct fail *f)
{
    (void)f;
    monitor_moved(((struct replay *)ctx)->monitor, who, lost, when);
    return 0;
}

static int take_cleared(void *ctx, const struct reporter *who, const char *ns, bool active, const char *actor,
    const struct stamp *when, struct fail *f)
{
    return monitor_clear_all(((struct replay *)ctx)->monitor, who, ns, active, actor, when, f);
}

/* Health and inventory are not what a replay is about. */
static int ignore_health(void *ctx, const struct health *h, const struct stamp *when, struct fail *f)
{
    (void)ctx;
    (void)h;
    (void)when;
    (void)f;
    return 0;
}

static int ignore_inventory(void *ctx, const struct inventory *i, const struct stamp *when, struct fail *f)
{
    (void)ctx;
    (void)i;
    (void)when;
    (void)f;
    return 0;
}

/* ---- the recording's time */

/* What falls due before the next frame happens at its own moment. */
static void pass_time_to(struct replay *r, struct stamp to)
{
    struct fail f;
    struct mono due;

    while (monitor_deadline(r->monitor, &due) && due.ms <= to.mono.ms) {
        struct stamp then = {.mono = due, .wall = {to.wall.ms - (to.mono.ms - due.ms)}};
        struct mono next;

        if (monitor_tick(r->monitor, &then, &f) != 0 || (monitor_deadline(r->monitor, &next) && next.ms <= due.ms))
            break;
    }
    r->now = to;
}

static void take_frame(struct replay *r, const struct can_frame_read *frame)
{
    struct stamp to = r->now;

    if (frame->timed) {
        to.mono.ms = canlog_passed(&r->time, frame->time_us) / 1000;
        to.wall.ms = frame->time_us / 1000;
    }
    pass_time_to(r, to);
    j1939_net_frame(&r->net, frame, &to);
}

static void grumble(void *ctx, uint64_t line, const char *why)
{
    enum { ENOUGH = 5 };
    struct replay *r = ctx;

    if (r->grumbled++ < ENOUGH)
        fprintf(r->talk, "line %" PRIu64 ": %s\n", line, why);
}

static int read_all(struct replay *r, FILE *in, const char *path, struct fail *f)
{
    struct can_frame_read frame;
    char bytes[16384];
    size_t got;

    while ((got = fread(bytes, 1, sizeof bytes, in)) > 0) {
        const char *data = bytes;

        while (canlog_next(&r->log, &data, &got, &frame))
            take_frame(r, &frame);
    }
    if (ferror(in))
        return fail_sys(f, "reading %s", path);
    if (canlog_last(&r->log, &frame))
        take_frame(r, &frame);
    if (r->log.stats.frames == 0)
        return fail_set(f, FAIL_INPUT, "%s: not one CAN frame in %" PRIu64 " lines", path, r->log.stats.lines);
    return 0;
}

static void write_summary(const struct replay *r)
{
    struct canlog_stats lines = r->log.stats;
    struct monitor_stats m;
    struct j1939_stats j;

    monitor_stats(r->monitor, &m);
    j1939_net_stats(&r->net, &j);
    fprintf(r->talk,
        "lines=%" PRIu64 " frames=%" PRIu64 " ignored=%" PRIu64 " duplicates=%" PRIu64 " malformed=%" PRIu64
        " transfers=%" PRIu64 " transfers_dropped=%" PRIu64 " dm1=%" PRIu64 " truncated=%" PRIu64 " contested=%" PRIu64
        " codes=%" PRIu64 " naive_openings=%" PRIu64 " confirmed=%" PRIu64 " flaps=%" PRIu64 "\n",
        lines.lines, lines.frames, lines.ignored, lines.duplicates, lines.malformed, j.transfers, j.transfers_dropped,
        j.dm1, j.truncated, j.contested, m.faults + m.displaced, m.first_sightings, r->confirmed, m.flaps);
}

static struct monitor *make_monitor(struct replay *r, const struct monitor_policy *policies, size_t count)
{
    struct monitor_settings s = monitor_settings_default();
    struct monitor_policy j1939 =
        policies ? monitor_policy_find(policies, count, "j1939") : monitor_policy_default("j1939");

    j1939.flap_limit = 0;
    s.policies = &j1939;
    s.policy_count = 1;
    return monitor_new(&s, tell, r);
}

static int replay(struct replay *r, FILE *in, const char *path, struct fail *f)
{
    if (!r->json)
        write_head(r->out);
    if (read_all(r, in, path, f) != 0)
        return -1;
    write_summary(r);
    if (fflush(r->out) != 0 || ferror(r->out))
        return fail_sys(f, "writing the changes");
    return 0;
}

int replay_j1939(const char *path, bool json, const struct monitor_policy *policies, size_t policy_count, FILE *out,
    FILE *summary, struct fail *f)
{
    struct replay r = {.json = json, .out = out, .talk = summary};
    const struct source_sink sink = {.ctx = &r,
        .list = take_list,
        .observe = take_observation,
        .silent = take_silent,
        .moved = take_moved,
        .cleared = take_cleared,
        .health = ignore_health,
        .inventory = ignore_inventory};
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(path, "re");

    if (!in && errno == ENOENT)
        return fail_set(f, FAIL_NOT_FOUND, "%s: no such file", path);
    if (!in)
        return fail_sys(f, "%s", path);
    canlog_init(&r.log, grumble, &r);
    j1939_net_init(&r.net, "", &sink);
    r.monitor = make_monitor(&r, policies, policy_count);
    int result = replay(&r, in, path, f);
    monitor_free(r.monitor);
    j1939_net_done(&r.net);
    if (!is_stdin)
        fclose(in);
    return result;
}
