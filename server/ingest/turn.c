/* turn.c: see turn.h. */
#include "turn.h"

#include <stdio.h>

bool turn_has_lane(const struct uplink *u, enum lane lane)
{
    for (size_t i = 0; i < u->record_count; i++)
        if (u->records[i].lane == lane)
            return true;
    return false;
}

int turn_audit(struct turn *t, const struct workset_device *d, const char *what, const char *object, const char *detail,
    struct fail *f)
{
    char who[BOUND_SUBJECT_ID + 8];
    const struct audit_row row = {d->row.shard, t->now, who, what, object, detail};

    snprintf(who, sizeof who, "device:%s", d->row.device);
    return store_add_audit(t->store, &row, f);
}
