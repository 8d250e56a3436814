/* agent.h: the parts of the agent put together: sources → scribe → spool → link → collector, and what happens when one
 * of them fails. */
#ifndef FAULTLINE_AGENT_H
#define FAULTLINE_AGENT_H

#include "fail.h"
#include "settings.h"

struct agent;

/* Opens everything; s is borrowed until agent_close(). Blocks on the disk. Fails as the first part that could not be
 * opened, with all others closed again. */
must_check int agent_open(const struct settings *s, struct agent **ret, struct fail *f);

/* Works until SIGTERM or SIGINT have been dealt with. */
void agent_run(struct agent *a);

void agent_close(struct agent *a); /* NULL is fine */

#endif
