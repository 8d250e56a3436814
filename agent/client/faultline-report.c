/* faultline-report.c: raise and clear faults from a shell. The exit status tells queued from refused.
 *
 * Links libfaultline, nearest.c and the C library only; everything it says stands in faultline-report.1. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bounds.h"
#include "cleanup.h"
#include "faultline.h"
#include "nearest.h"

enum {
    EXIT_QUEUED = 0,
    EXIT_OTHER = 1,
    EXIT_USAGE = 2,
    EXIT_DENIED = 5,
    EXIT_NO_AGENT = 6,
    EXIT_UNKNOWN = 7,
    EXIT_REFUSED = 8,
    EXIT_NOT_NOW = 9,
    EXIT_HELD = 10,
};

/* --wait: how long, and how often an agent is looked for. */
enum { WAIT_MS = 30 * 1000, LOOK_MS = 100 };

struct request {
    const char *code;
    bool clear, wait;
    const char *socket_path;
    struct fl_fault fault;
    struct fl_value frame[BOUND_FRAME_VALUES];
};

static const char help[] =
    "Examples:\n"
    "  faultline-report E4 --component compressor --class important\n"
    "  faultline-report E4 --component compressor --frame head_temp=118.5degC --frame rpm=1850rpm\n"
    "  faultline-report E4 --component compressor --clear\n"
    "  faultline-report P0301 --ns obd2 --severity 2 || logger \"fault P0301 not queued\"\n"
    "Usage:\n"
    "  faultline-report CODE [OPTION]…   raises fault CODE on this device, or clears it\n"
    "Options:\n"
    "  --clear                   the fault is gone\n"
    "  --component NAME          which instance is concerned; give the same one to clear it\n"
    "  --class general|important|urgent\n"
    "                            what to ask for; the collector's catalogue decides\n"
    "  --frame NAME=VALUE[UNIT]  a value at that moment, such as rpm=1850rpm; up to 32 times\n"
    "  --mode N                  failure mode within the code (default 0)\n"
    "  --ns NAMESPACE            of the code (default app)\n"
    "  --severity 0-4            0 info, 1 maintenance, 2 warning, 3 derate or trip, 4 stop or danger\n"
    "  --socket PATH             of the agent (default $FAULTLINE_SOCKET or /run/faultline/agent.sock)\n"
    "  --wait                    try for up to 30 s while there is no agent, or it is too busy\n"
    "  --version                 prints the version\n"
    "  -h, --help                prints this\n"
    "Exit status: 0 queued on disk, 1 other, 2 wrong arguments, 5 no permission, 6 no agent, 7 no answer\n"
    "(not known whether it was queued: run again), 8 refused, 9 refused for now (too many, no room, disk),\n"
    "10 counted in the agent's memory only (the fault comes and goes too often: run again later)\n"
    "More: man faultline-report\n";

/* ------------------------------------------------------------------ arguments */

static int usage(const char *what, const char *argument)
{
    fprintf(stderr, "faultline-report: %s: %s\nfaultline-report -h shows how it is used\n", argument, what);
    return EXIT_USAGE;
}

static bool read_number(const char *text, unsigned long max, uint32_t *ret)
{
    char *end;

    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno || value > max)
        return false;
    *ret = (uint32_t)value;
    return true;
}

static bool take_class(struct request *r, char *text)
{
    static const char *const words[] = {"", "general", "important", "urgent"};

    for (unsigned i = FL_CLASS_GENERAL; i < countof(words); i++)
        if (strcmp(text, words[i]) == 0) {
            r->fault.ticket_class = (enum fl_class)i;
            return true;
        }
    return false;
}

/* NAME=VALUE[UNIT]; the name is cut off in place. strtod() would take "nan" and "infinity" for numbers. */
static bool take_frame(struct request *r, char *text)
{
    char *equals = strchr(text, '='), *end;

    if (!equals || equals == text || r->fault.frame_count == BOUND_FRAME_VALUES)
        return false;
    double value = strtod(equals + 1, &end);
    if (end == equals + 1 || !strchr("0123456789.", end[-1]))
        return false;
    *equals = '\0';
    r->frame[r->fault.frame_count++] = (struct fl_value){text, value, end + strspn(end, " ")};
    return true;
}

static bool take_mode(struct request *r, char *text)
{
    return read_number(text, UINT32_MAX, &r->fault.mode);
}

static bool take_severity(struct request *r, char *text)
{
    return read_number(text, 4, &r->fault.severity);
}

static bool take_ns(struct request *r, char *text)
{
    r->fault.ns = text;
    return true;
}

static bool take_component(struct request *r, char *text)
{
    r->fault.component = text;
    return true;
}

static bool take_socket(struct request *r, char *text)
{
    r->socket_path = text;
    return *text;
}

static bool take_clear(struct request *r, char *text)
{
    (void)text;
    r->clear = true;
    return true;
}

static bool take_wait(struct request *r, char *text)
{
    (void)text;
    r->wait = true;
    return true;
}

static const struct option {
    const char *name;
    bool has_value;
    bool (*take)(struct request *r, char *value);
    const char *rule;
} options[] = {
    {"--class", true, take_class, "not general, important or urgent"},
    {"--clear", false, take_clear, NULL},
    {"--component", true, take_component, NULL},
    {"--frame", true, take_frame, "not NAME=VALUE[UNIT], or more than 32 of them"},
    {"--mode", true, take_mode, "not a number from 0 to 4294967295"},
    {"--ns", true, take_ns, NULL},
    {"--severity", true, take_severity, "not 0 to 4"},
    {"--socket", true, take_socket, "empty"},
    {"--wait", false, take_wait, NULL},
};

static int unknown_option(const char *argument)
{
    size_t n = strcspn(argument, "=");
    const char *names[countof(options)], *nearest;
    char name[32] = "";

    if (n < sizeof name)
        memcpy(name, argument, n);
    for (size_t i = 0; i < countof(options); i++)
        names[i] = options[i].name;
    nearest = nearest_word(name, names, countof(names));
    if (!nearest)
        return usage("unknown option", argument);
    fprintf(stderr, "faultline-report: %s: unknown option; did you mean %s?\n", argument, nearest);
    return EXIT_USAGE;
}

/* The option that argument names, as "--name" or "--name=value"; its value if it stands there, else NULL. */
static const struct option *find_option(const char *argument, char **ret_value)
{
    size_t n = strcspn(argument, "=");

    for (size_t i = 0; i < countof(options); i++)
        if (strlen(options[i].name) == n && strncmp(options[i].name, argument, n) == 0) {
            *ret_value = strchr(argument, '=') ? strchr(argument, '=') + 1 : NULL;
            return &options[i];
        }
    return NULL;
}

/* One argument, and the next one where it is the value of the first. */
static int take_argument(struct request *r, char ***at)
{
    char *argument = *(*at)++, *value = NULL;

    if (argument[0] != '-') {
        if (r->code)
            return usage("a second code", argument);
        r->code = argument;
        return 0;
    }
    const struct option *option = find_option(argument, &value);
    if (!option)
        return unknown_option(argument);
    if (option->has_value && !value && !(value = **at ? *(*at)++ : NULL))
        return usage("needs a value", argument);
    if (!option->has_value && value)
        return usage("takes no value", argument);
    return option->take(r, value) ? 0 : usage(option->rule, option->name);
}

static int read_arguments(struct request *r, char **at)
{
    int status = 0;

    while (*at && status == 0)
        status = take_argument(r, &at);
    if (status == 0 && !r->code)
        return usage("which fault? its code is missing", "CODE");
    return status;
}

/* "-h" and "--version" count wherever they stand. */
static bool is_talk(char **at)
{
    for (; *at; at++) {
        if (strcmp(*at, "-h") == 0 || strcmp(*at, "--help") == 0) {
            fputs(help, stdout);
            return true;
        }
        if (strcmp(*at, "--version") == 0) {
            printf("faultline-report %s\n", fl_version());
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------ the report */

static int exit_status(int result)
{
    switch (result) {
    case FL_OK:
        return EXIT_QUEUED;
    case FL_DENIED:
        return EXIT_DENIED;
    case FL_NO_AGENT:
        return EXIT_NO_AGENT;
    case FL_TIMEOUT:
    case FL_GONE:
        return EXIT_UNKNOWN;
    case FL_INVALID:
    case FL_LIMIT:
    case FL_VERSION:
        return EXIT_REFUSED;
    case FL_RATE:
    case FL_FULL:
    case FL_DISK:
        return EXIT_NOT_NOW;
    case FL_HELD:
        return EXIT_HELD;
    default:
        return EXIT_OTHER;
    }
}

static bool may_pass(int result)
{
    return result == FL_NO_AGENT || result == FL_TIMEOUT || result == FL_GONE || result == FL_RATE || result == FL_FULL;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(uint32_t ms)
{
    struct timespec length = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&length, NULL);
}

static int report(struct fl *fl, const struct request *r)
{
    const int64_t give_up_ms = now_ms() + WAIT_MS;

    for (;;) {
        int result = r->clear ? fl_clear(fl, r->code, &r->fault) : fl_raise(fl, r->code, &r->fault);
        uint32_t wait_ms = fl_retry_after_ms(fl) > LOOK_MS ? fl_retry_after_ms(fl) : LOOK_MS;

        if (!r->wait || !may_pass(result) || now_ms() + wait_ms > give_up_ms)
            return result;
        pause_ms(wait_ms);
    }
}

int main(int argc, char **argv)
{
    struct request r = {.fault = {.struct_size = sizeof r.fault}};
    struct fl *fl;

    if (argc > 0 && is_talk(argv + 1))
        return ferror(stdout) || fflush(stdout) != 0 ? EXIT_OTHER : 0;
    int status = read_arguments(&r, argv + (argc > 0));
    if (status != 0)
        return status;
    r.fault.frame = r.frame;
    const struct fl_options how = {.struct_size = sizeof how, .socket_path = r.socket_path};
    int result = fl_open(&fl, &how);
    if (result != FL_OK)
        return usage(fl_strerror(result), "--socket or FAULTLINE_SOCKET");
    result = report(fl, &r);
    if (result != FL_OK)
        fprintf(stderr, "faultline-report: %s: %s%s%s\n", r.code, fl_strerror(result), *fl_detail(fl) ? ": " : "",
            fl_detail(fl));
    fl_close(fl);
    return exit_status(result);
}
