/* monitor_policy.c: how each namespace is debounced unless it is set otherwise, and the settings keys. See monitor.h. */
#include <string.h>

#include "monitor.h"

static const char *const debounce_words[] = {"none", "sightings", "counter", "time", NULL};

#define FIELD(name) #name, .offset = offsetof(struct monitor_policy, name)
#define NUMBER(name_, low, high, default_, help_)                                                                      \
    {                                                                                                                  \
        .name = FIELD(name_), .type = CONF_NUMBER, .fallback = (default_), .min = (low), .max = (high),                \
        .help = (help_)                                                                                                \
    }
#define DURATION(name_, low, high, default_, help_)                                                                    \
    {                                                                                                                  \
        .name = FIELD(name_), .type = CONF_DURATION, .fallback = (default_), .min = (low), .max = (high),              \
        .help = (help_)                                                                                                \
    }

enum { HOUR_MS = 3600 * 1000 };

const struct conf_key monitor_policy_keys[] = {
    {.name = FIELD(debounce),
        .type = CONF_WORD,
        .fallback = "sightings",
        .words = debounce_words,
        .help = "how a fault of this namespace is confirmed and healed"},
    NUMBER(confirm_lists, 2, 1000, "3", "sightings: complete lists in a row with the fault before it is confirmed"),
    DURATION(confirm_ms, 0, HOUR_MS, "3s", "sightings: and at least this long from the first to the last of them"),
    NUMBER(heal_lists, 1, 1000, "5", "sightings: complete lists in a row without it before it is healed"),
    NUMBER(step_up, 1, 255, "32", "counter: step of a failing reading; confirmed at 127"),
    NUMBER(step_down, 1, 255, "32", "counter: step of a passing reading; healed at -128"),
    {.name = FIELD(jump), .type = CONF_SWITCH, .fallback = "yes", .help = "counter: a change of direction starts at 0"},
    DURATION(fail_ms, 1, 24 * HOUR_MS, "3s", "time: failing this long is confirmed"),
    DURATION(pass_ms, 0, 24 * HOUR_MS, "5s", "time: passing this long is healed"),
    DURATION(silent_ms, 0, 24 * HOUR_MS, "5s", "a reporter silent this long makes its faults stale; 0 = never"),
    NUMBER(flap_limit, 0, 100000, "10", "more goings than this in a window are not told one by one; 0 = all are told"),
    DURATION(flap_window_ms, 1000, 24 * HOUR_MS, "10m", "the window of flap_limit"),
    NUMBER(aging_cycles, 0, 1000, "40", "a healed fault leaves after this many operation cycles without it; 0 = never"),
    {.name = NULL},
};

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

struct monitor_policy monitor_policy_default(const char *ns)
{
    struct monitor_policy p = {.debounce = DEBOUNCE_NONE,
        .confirm_lists = 3,
        .confirm_ms = 3000,
        .heal_lists = 5,
        .step_up = 32,
        .step_down = 32,
        .jump = true,
        .fail_ms = 3000,
        .pass_ms = 5000,
        .flap_limit = 10,
        .flap_window_ms = 600 * 1000,
        .aging_cycles = 40};

    strncpy(p.ns, ns, sizeof p.ns - 1);
    if (strcmp(ns, "j1939") == 0) {
        p.debounce = DEBOUNCE_SIGHTINGS;
        p.silent_ms = 5000;
    } else if (strcmp(ns, "modbus") == 0 || has_prefix(ns, "gencomm:")) {
        p.debounce = DEBOUNCE_COUNTER;
        p.silent_ms = 5000;
    }
    return p;
}

static bool covers(const struct monitor_policy *p, const char *ns)
{
    size_t n = strlen(p->ns);

    if (n == 0 || strcmp(p->ns, ns) == 0)
        return true;
    return p->ns[n - 1] == ':' && has_prefix(ns, p->ns);
}

struct monitor_policy monitor_policy_find(const struct monitor_policy *policies, size_t count, const char *ns)
{
    const struct monitor_policy *best = NULL;

    for (size_t i = 0; i < count; i++)
        if (covers(&policies[i], ns) && (!best || strlen(policies[i].ns) > strlen(best->ns)))
            best = &policies[i];
    return best ? *best : monitor_policy_default(ns);
}
