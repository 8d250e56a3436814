/* main.c: the agent's command line, and its start and end. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "log.h"
#include "replay.h"
#include "settings.h"

#define DEFAULT_SETTINGS "/etc/faultline/agent.conf"

static const char help[] =
    "Examples:\n"
    "  faultline-agent --config /etc/faultline/agent.conf\n"
    "  faultline-agent --config agent.conf --check          are the settings right?\n"
    "  faultline-agent --replay j1939 engine.candump        what would this recording have told?\n"
    "  candump -L can0 | faultline-agent --replay j1939 - --json\n"
    "Usage:\n"
    "  faultline-agent [--config FILE] [--check]\n"
    "  faultline-agent --replay j1939 FILE [--json] [--config FILE]\n"
    "Options:\n"
    "  -c, --config FILE   settings; " DEFAULT_SETTINGS " when left out\n"
    "      --check         reads the settings, prints what is in force, and ends\n"
    "      --replay KIND FILE\n"
    "                      runs one source and the fault monitor over a recording (- is standard input),\n"
    "                      without network or spool; KIND is j1939. With --config: its policies\n"
    "      --json          with --replay: one JSON object a line\n"
    "      --version       prints the version\n"
    "  -h, --help          prints this\n"
    "Exit status: 0 fine, 64 wrong arguments, 65 unreadable recording, 73 the spool's disk is full,\n"
    "74 its disk failed, 75 another agent holds the spool, 78 wrong settings.\n"
    "More: man faultline-agent\n";

struct options {
    const char *config; /* NULL = not given */
    bool check;
    const char *replay_kind, *replay_file;
    bool json;
};

static int fail_usage(struct fail *f, const char *text)
{
    return fail_set(f, FAIL_USAGE, "%s; faultline-agent --help tells more", text);
}

static int check_options(const struct options *o, int left_over, struct fail *f)
{
    if (left_over)
        return fail_usage(f, "too many arguments");
    if (o->replay_kind && !o->replay_file)
        return fail_usage(f, "--replay needs KIND and FILE");
    if (o->replay_kind && strcmp(o->replay_kind, "j1939") != 0)
        return fail_usage(f, "--replay knows the kind j1939");
    if (o->json && !o->replay_kind)
        return fail_usage(f, "--json goes with --replay");
    if (o->check && o->replay_kind)
        return fail_usage(f, "--check and --replay exclude each other");
    return 0;
}

enum early { GO_ON, DONE };

static int read_options(int argc, char **argv, struct options *ret, enum early *ret_early, struct fail *f)
{
    enum { CHECK = 256, REPLAY, JSON, VERSION };
    static const struct option known[] = {{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, CHECK},
        {"replay", required_argument, NULL, REPLAY}, {"json", no_argument, NULL, JSON},
        {"version", no_argument, NULL, VERSION}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option;

    *ret_early = GO_ON;
    while ((option = getopt_long(argc, argv, "c:h", known, NULL)) != -1)
        switch (option) {
        case 'c':
            ret->config = optarg;
            break;
        case CHECK:
            ret->check = true;
            break;
        case REPLAY:
            ret->replay_kind = optarg;
            if (optind < argc)
                ret->replay_file = argv[optind++];
            break;
        case JSON:
            ret->json = true;
            break;
        case VERSION:
            puts("faultline-agent " FAULTLINE_VERSION);
            *ret_early = DONE;
            return 0;
        case 'h':
            fputs(help, stdout);
            *ret_early = DONE;
            return 0;
        default:
            return fail_usage(f, "unknown option or missing value"); /* getopt_long() has named it */
        }
    return check_options(ret, argc - optind, f);
}

static int replay(const struct options *o, struct fail *f)
{
    static struct settings s;

    if (o->config && settings_read(o->config, &s, f))
        return -1;
    return replay_j1939(o->replay_file, o->json, s.policies, s.policy_count, stdout, stderr, f);
}

static int serve(const struct options *o, struct fail *f)
{
    static struct settings s;
    struct agent *a;

    if (settings_read(o->config ? o->config : DEFAULT_SETTINGS, &s, f))
        return -1;
    if (o->check) {
        settings_print(stdout, &s);
        return 0;
    }
    log_set_level(settings_log_level(&s));
    if (agent_open(&s, &a, f))
        return -1;
    agent_run(a);
    agent_close(a);
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = {0};
    enum early early;
    struct fail f;

    log_begin();
    int rc = read_options(argc, argv, &o, &early, &f);
    if (rc == 0 && early == GO_ON)
        rc = o.replay_kind ? replay(&o, &f) : serve(&o, &f);
    if (rc == 0)
        return 0;
    fprintf(stderr, "faultline-agent: %s\n", f.text);
    return fail_exit_status(f.code);
}
