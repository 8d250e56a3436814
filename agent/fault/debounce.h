/* debounce.h: the rules that make a state of one fault's evidence. Inside agent/fault only.
 *
 * Each function takes one piece of evidence about one fault and changes its state and counts; telling the change is the
 * monitor's work. now runs forward; where it does not, no time has passed. */
#ifndef FAULTLINE_DEBOUNCE_H
#define FAULTLINE_DEBOUNCE_H

#include "faults.h"

/* It came into a list or began to fail: ret_came is true when it was not there before. */
void debounce_seen(struct fault *f, bool settled, struct mono now, bool *ret_came);
/* An incomplete list shows it: enough to suspect it, too little to count. */
void debounce_glimpsed(struct fault *f, struct mono now, bool *ret_came);
/* A complete list lacks it, or it passes: ret_went is true when it was there before. */
void debounce_gone(struct fault *f, bool settled, struct mono now, bool *ret_went);
/* The reporter is silent. */
void debounce_silent(struct fault *f);
void debounce_cleared(struct fault *f, const char *actor);
void debounce_cycle(struct fault *f);

/* Time passed. debounce_due(): the next moment at which debounce_tick() changes something; false: never. */
void debounce_tick(struct fault *f, struct mono now);
bool debounce_due(const struct fault *f, struct mono *ret);

/* More than the flap limit within a window that is still running: goings and comings are held back. */
bool debounce_flapping(const struct fault *f, struct mono now);

/* Never negative. */
int64_t debounce_elapsed(struct mono since, struct mono now);

#endif
