/* turn.c: see turn.h. */
#include "turn.h"

#include <stdio.h>

const char *turn_who(const struct workset_device *d, char text[static TURN_WHO_BYTES])
{
    snprintf(text, TURN_WHO_BYTES, "device:%s", d->row.device);
    return text;
}

int turn_audit(struct turn *t, const struct workset_device *d, const char *what, const char *object, const char *detail,
    struct fail *f)
{
    char who[TURN_WHO_BYTES];
    const struct audit_row row = {d->row.shard, t->now, turn_who(d, who), what, object, detail};

    return store_add_audit(t->store, &row, f);
}
