/* message.h: one message of a device against the registry, its epochs and sessions, and the watermarks of its lanes. */
#ifndef FAULTLINE_MESSAGE_H
#define FAULTLINE_MESSAGE_H

#include "turn.h"

/* Applies the message, adds to the device's receipt. Fails only as the store does. */
must_check int message_apply(struct turn *t, const struct batch_item *item, struct fail *f);

#endif
