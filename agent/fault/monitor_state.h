/* monitor_state.h: what the fault monitor holds. Inside agent/fault only: monitor.c changes it, monitor_standing.c reads it. */
#ifndef FAULTLINE_MONITOR_STATE_H
#define FAULTLINE_MONITOR_STATE_H

#include "faults.h"
#include "groups.h"
#include "monitor.h"

struct monitor {
    struct faults faults;
    struct groups groups;
    struct monitor_policy *policies;
    size_t policy_count;
    int64_t group_ms;
    monitor_tell *tell;
    void *ctx;
    bool owing; /* something was refused; told again at retell */
    struct mono retell;
    struct monitor_stats stats;
};

#endif
