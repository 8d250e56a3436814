/* ask.h: what the collector asks of a device by itself: where numbers of the fault lane are lost for good, all that
 * stands now, so that what they said is not believed for ever.
 *
 * One command at a time, in a receipt, under an id made from the loss: a device does each once. A receipt may get lost, so
 * the command is sent again with a later receipt, but never twice within ASK_EVERY_MS, whatever is lost meanwhile: the
 * answer itself takes room in the spool that may be the one that overflows. What is wanted is known to this process
 * only; a loss that comes again because its receipt was never sent asks again. */
#ifndef FAULTLINE_ASK_H
#define FAULTLINE_ASK_H

#include "turn.h"

enum { ASK_EVERY_MS = 10 * 60 * 1000 };

/* The loss was told, for the first time or again. */
void ask_after_loss(struct workset_device *d, uint64_t epoch, const struct record *loss);

/* The device answered a command. */
void ask_answered(struct workset_device *d, const struct lifecycle *answer);

/* The open receipt is for this epoch: the command goes with it if one is due. */
void ask_send(struct turn *t, struct workset_device *d, uint64_t epoch);

#endif
