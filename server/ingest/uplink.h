/* uplink.h: one message of a device against the registry, its epochs and sessions, and the watermarks of its lanes. */
#ifndef FAULTLINE_UPLINK_H
#define FAULTLINE_UPLINK_H

#include "turn.h"

/* Applies the message, adds to the device's receipt. Fails only as the store does. */
must_check int uplink_apply(struct turn *t, const struct batch_item *item, struct fail *f);

#endif
