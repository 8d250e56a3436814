/* monitor.h: the fault monitor: makes states of what reporters say, and tells each change of state once.
 *
 *                seen              policy met
 *     untested ─────────► pending ───────────► confirmed ◄──────┐ heard again, still there
 *        ▲                 │   ▲                │     │          │
 *        └──── gone ───────┘   │ seen again     │     └─ silent ─┴► stale (pending ones too; they return to pending)
 *                              └──── healed ◄───┘ gone long enough
 *     any ── a tool or a command ──► cleared         healed ── aging_cycles without it ──► aged
 *     A pending fault that goes away returns to healed if it was that before, else to untested.
 *
 * Rules (each has a test)
 * 1. One sighting never confirms, unless the source has debounced it (settled) or the policy is DEBOUNCE_NONE.
 * 2. Sightings: confirmed when seen in every complete list of that reporter, at least confirm_lists of them, the first
 *    and the last at least confirm_ms apart; healed after heal_lists complete lists in a row without it. An incomplete
 *    list counts as neither.
 * 3. A reporter silent for silent_ms makes its pending and confirmed faults stale, never healed. Heard again with the
 *    fault, a fault that was confirmed is confirmed again and is the same occurrence; without it, it must heal.
 * 4. Reporter and subject are apart. A network code without a subject of its own takes the subject that the bus's other
 *    network codes and lost reporters named within group_ms.
 * 5. Each going away is a flap. Beyond flap_limit of them within flap_window_ms goings and comings are no longer told
 *    one by one: the worst state told stands until the window ends, then the true state is told and counting starts
 *    anew. A limit of 0 tells all.
 * 6. Bounded: beyond max_faults in all, max_per_reporter, or max_per_owner of those that the owner was the first to raise,
 *    the least important of them gives way (untested, aged, cleared, healed, stale, pending, confirmed, by the worse of
 *    what it is and what was told; then lower severity; then older); one that is itself the least is refused. Both are
 *    counted. After a restart a fault has no owner until somebody raises it again.
 * 7. What the callback refused stays untold and is told again, with the state of then, at the next call or tick.
 *
 * Pure: no clock, no I/O, no logging, no global. Durations use the stamps' monotonic time only; time that runs backwards
 * counts as no time. One thread. Nothing blocks, except what the callback does. Texts are copied. */
#ifndef FAULTLINE_MONITOR_H
#define FAULTLINE_MONITOR_H

#include "bounds.h"
#include "conf.h"
#include "fail.h"
#include "observation.h"

enum debounce {
    DEBOUNCE_NONE,      /* as the source says */
    DEBOUNCE_SIGHTINGS, /* by complete lists; a single observation counts as a list of its own fault */
    DEBOUNCE_COUNTER,   /* AUTOSAR's detection counter: +step_up when failing, -step_down when passing */
    DEBOUNCE_TIME       /* failing for fail_ms, passing for pass_ms, from the first observation, without needing more */
};

/* How faults of a namespace are debounced. One settings section each: policy j1939 { confirm_lists = 3 … } */
struct monitor_policy {
    char ns[BOUND_NAMESPACE + 1]; /* exact, or a prefix that ends in ':' ("hvac:"); "" = all others */
    int debounce;                 /* enum debounce */
    int64_t confirm_lists, confirm_ms, heal_lists;
    int64_t step_up, step_down; /* 1 … 255: confirmed at 127, healed at -128 */
    bool jump;                  /* a change of direction starts at 0 */
    int64_t fail_ms, pass_ms;
    int64_t silent_ms; /* 0 = silence says nothing */
    int64_t flap_limit, flap_window_ms;
    int64_t aging_cycles; /* 0 = never ages */
};

/* The keys of such a section (conf.h); the section's name is ns. Ends with a NULL name. */
extern const struct conf_key monitor_policy_keys[];

/* The policy that ns gets when nothing is set: "j1939" sightings, 3 lists over 3 s, heals after 5, silent after 5 s;
 * "modbus" and "gencomm:…" counter, four readings in a row, silent after 5 s; all others as the source says, and their
 * silence says nothing. Flaps: 10 in 10 minutes. Ages after 40 cycles. */
struct monitor_policy monitor_policy_default(const char *ns);

/* The policy among count that covers ns with the longest name, else the default. */
struct monitor_policy monitor_policy_find(const struct monitor_policy *policies, size_t count, const char *ns);

struct monitor_settings {
    const struct monitor_policy *policies; /* copied; the defaults apply to what they leave out */
    size_t policy_count;
    size_t max_faults;       /* 1 … BOUND_MONITOR_FAULTS */
    size_t max_per_reporter; /* 1 … max_faults */
    size_t max_per_owner;    /* ≥ 1 */
    int64_t group_ms;        /* root-cause window; 5,000 is usual */
};

/* BOUND_MONITOR_FAULTS, half of it for one reporter, a quarter for one owner, 5 s, no policies. */
struct monitor_settings monitor_settings_default(void);

/* A change of state. r is borrowed for the call. actor: who cleared it ("sa:249", "command:17"; cut at 31 bytes), "" otherwise. Returns 0
 * when the change is safe with whoever it was told to, else -1 with f set (then rule 7). Must not call the monitor. */
typedef int monitor_tell(
    void *ctx, const struct fault_report *r, const struct stamp *when, const char *actor, struct fail *f);

struct monitor;

struct monitor *monitor_new(const struct monitor_settings *s, monitor_tell *tell, void *ctx);
void monitor_free(struct monitor *m); /* NULL is fine; tells nothing */

/* What sources saw. All return 0, or -1 with the callback's fail; the observation is taken in either case. monitor_observe()
 * also fails when what it says is not what was told, so that who waits for an answer does not take it for safe: with
 * FAIL_FULL when the fault is refused by rule 6, with FAIL_HELD while its coming or going is held back by rule 5 or is not
 * enough for its policy. */
must_check int monitor_list(struct monitor *m, const struct fault_list *l, const struct stamp *now, struct fail *f);
must_check int monitor_observe(struct monitor *m, const struct observation *o, const struct stamp *now, struct fail *f);
/* The reporter is known to be gone (bus-off, poll failure): its active faults are stale now. */
must_check int monitor_silent(struct monitor *m, const struct reporter *r, const struct stamp *now, struct fail *f);
/* The reporter has another address, or lost the one it had (lost = true: opens a root-cause group about r->label). */
void monitor_moved(struct monitor *m, const struct reporter *r, bool lost, const struct stamp *now);

/* A tool or a command cleared one fault (FAIL_NOT_FOUND when it is not known), or of a reporter and namespace all that
 * are active (pending, confirmed, stale) or all that are healed. */
must_check int monitor_clear(
    struct monitor *m, const struct fault_key *key, const char *actor, const struct stamp *now, struct fail *f);
must_check int monitor_clear_all(struct monitor *m, const struct reporter *r, const char *ns, bool active,
    const char *actor, const struct stamp *now, struct fail *f);

/* A new operation cycle (ignition, boot) began: healed faults age by one. */
must_check int monitor_cycle(struct monitor *m, const struct stamp *now, struct fail *f);

/* Time passed. Must be called at monitor_deadline() or later; calling it earlier is harmless. */
must_check int monitor_tick(struct monitor *m, const struct stamp *now, struct fail *f);
/* The next time anything changes without an observation; false: never. */
bool monitor_deadline(const struct monitor *m, struct mono *ret);

/* Takes in a fault as it was told before a restart (state to, counts, lamps, subject), without telling it. What was
 * active goes stale unless its reporter is heard again within silent_ms. A known fault is left as it is. */
void monitor_restore(struct monitor *m, const struct fault_report *r, const struct stamp *now);

/* Each fault that was told and is not untested: from = to = the state told; without frame and raw bytes. The order is
 * that of first sight. Borrowed for the call of each(). */
void monitor_walk(const struct monitor *m, void (*each)(void *ctx, const struct fault_report *r), void *ctx);
/* Each reporter of the namespace that was heard of an active fault and is not silent, with its address; label is "".
 * Borrowed for the call. */
void monitor_reporters(
    const struct monitor *m, const char *ns, void (*each)(void *ctx, const struct reporter *r), void *ctx);
/* How many monitor_walk() gives, and the hash over all of them (snapshot.h). */
size_t monitor_count(const struct monitor *m);
uint64_t monitor_hash(const struct monitor *m);

struct monitor_stats {
    uint64_t sightings;       /* observations that said "failing", list entries each by itself */
    uint64_t first_sightings; /* a code came into a list or began to fail: so many tickets opening at sight gives */
    uint64_t confirmations;
    uint64_t flaps;
    uint64_t displaced, refused; /* rule 6 */
    uint64_t untold;             /* times the callback refused */
    size_t faults, reporters;    /* held now */
};

void monitor_stats(const struct monitor *m, struct monitor_stats *ret);

#endif
