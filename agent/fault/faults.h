/* faults.h: the fault monitor's table: what is kept of each fault and of each reporter that has one.
 *
 * Inside agent/fault only. The table knows identity, room and importance; the rules stand in debounce.c. */
#ifndef FAULTLINE_FAULTS_H
#define FAULTLINE_FAULTS_H

#include <sys/queue.h>

#define HASH_FUNCTION HASH_FNV /* a loop, where the default is half a KiB for each place that asks */
#include <uthash.h>

#include "monitor.h"

/* Identity of a fault, padded with zeros so that it can be compared and hashed as bytes. */
struct fault_id {
    uint64_t reporter;
    uint32_t mode;
    uint8_t reporter_kind, ambiguous;
    char bus[BOUND_BUS + 1], ns[BOUND_NAMESPACE + 1], code[BOUND_CODE + 1], component[BOUND_COMPONENT + 1];
};

enum { FAULT_ACTOR_BYTES = 32 };

struct fault {
    struct fault_id id;
    UT_hash_handle hh;
    struct fault_reporter *by;
    uint64_t owner; /* 0 = nobody */
    TAILQ_ENTRY(fault) of_reporter;

    enum fault_state state; /* as the rules see it now */
    enum fault_state told;  /* as the callback last heard */
    enum fault_state rest;  /* healed or untested: what a pending fault that goes away returns to */
    bool was_confirmed;     /* in this occurrence; outlives stale */
    bool present;           /* in the last complete list, or failing at the last observation */
    bool listed;            /* seen in the list at hand */
    bool gap;               /* its reporter was silent since the last evidence: nothing in between is known */
    bool failed_since_clear, failed_this_cycle, tested_since_clear, tested_this_cycle;
    bool network;

    int64_t run, absent; /* complete lists in a row with it, without it */
    struct mono since;   /* start of that run, or of failing or passing */
    struct mono came;    /* when it last appeared */
    int counter;         /* fault detection counter, -128 … 127 */
    int64_t aging;       /* cycles healed */
    uint32_t occurrences, flaps;
    struct mono flap_window;

    char subject[BOUND_NAME + 1];
    char actor[FAULT_ACTOR_BYTES]; /* who cleared it */
    int32_t lamps;
    int16_t source_occurrences;
    uint8_t severity;
    enum ticket_class class_hint;
    enum quality quality;
};

TAILQ_HEAD(fault_tail, fault);

struct reporter_id {
    uint64_t id;
    uint8_t kind;
    char bus[BOUND_BUS + 1], ns[BOUND_NAMESPACE + 1];
};

/* A reporter in one namespace; exists as long as it has a fault. */
struct fault_reporter {
    struct reporter_id id;
    UT_hash_handle hh;
    struct fault_tail faults;
    size_t fault_count;
    struct monitor_policy policy;
    struct mono heard;
    bool silent;
    uint8_t address;
};

struct faults {
    struct fault *all; /* in the order of first sight */
    struct fault_reporter *reporters;
    size_t max_faults, max_per_reporter, max_per_owner;
    uint64_t displaced, refused;
};

struct fault_id faults_id(const struct fault_key *key);
struct fault_key faults_key(const struct fault *f);
struct reporter_id faults_reporter_id(const struct reporter *r, const char *ns);

struct fault *faults_find(const struct faults *t, const struct fault_id *id);
struct fault_reporter *faults_find_reporter(const struct faults *t, const struct reporter_id *id);

/* A new untested fault, its reporter made with policy when it has none yet. NULL when there is no room for a fault of
 * this severity (counted). May displace another fault. */
struct fault *faults_add(
    struct faults *t, const struct fault_id *id, uint64_t owner, uint8_t severity, const struct monitor_policy *policy);
void faults_clear(struct faults *t);

/* How much it matters that the fault is kept: higher is more. */
int faults_rank(enum fault_state state);

#endif
