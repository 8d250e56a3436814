/* replay.h: faultline-agent --replay: one source and the fault monitor over a recording, without network or spool. */
#ifndef FAULTLINE_REPLAY_H
#define FAULTLINE_REPLAY_H

#include <stdbool.h>
#include <stdio.h>

#include "monitor.h"

/* Reads a J1939 recording (j1939.h says the syntax; path "-" is standard input) and writes each change of a fault's
 * state to out: json = one object a line,
 *   {"t":"2020-01-07T17:02:31.120Z","ns":"j1939","bus":"can0","reporter":{"name":"00000000014eb8f4","sa":0},"spn":789,
 *    "fmi":2,"component":"","from":"pending","to":"confirmed","oc":126,"occurrences":1,"flaps":0,"quality":"good",
 *    "subject":"","lamps":{"mil":"off","rsl":"on","awl":"off","pl":null,"flash":{"rsl":"slow"}}}
 * else a table for people. name, oc, lamps and single lamps are null where unknown. t is the frame's time, or the moment a
 * reporter had been silent for too long. Time is the recording's. Then a line of counts goes to summary (standard error),
 * among them the naive openings: the tickets that opening one whenever a code appears would have given.
 *
 * policies as monitor.h; NULL = the defaults. Every change is written: flap_limit is taken as 0.
 *
 * Blocks until the end of the recording. Returns 0, or -1: FAIL_NOT_FOUND, FAIL_IO (reading, or writing to out),
 * FAIL_INPUT when there was not one frame in it. */
must_check int replay_j1939(const char *path, bool json, const struct monitor_policy *policies, size_t policy_count,
    FILE *out, FILE *summary, struct fail *f);

#endif
