/* model_cut.h: the disk that a power cut leaves of a model disk: what was synced, and of the rest whatever subset the caller
 * wants, torn where the caller wants. */
#ifndef FAULTLINE_TEST_MODEL_CUT_H
#define FAULTLINE_TEST_MODEL_CUT_H

#include "model_disk.h"

enum model_cut_how {
    CUT_NONE,    /* nothing unsynced is kept */
    CUT_ALL,     /* all of it */
    CUT_ONLY,    /* only number `which` */
    CUT_BUT,     /* all but number `which` */
    CUT_HEAD,    /* all before `which`, and of it the first `bytes` */
    CUT_REST,    /* all before `which`, and of it what lies behind `bytes` */
    CUT_ZEROS,   /* all before `which`; of it the first `bytes`, then zeros */
    CUT_GARBAGE, /* all before `which`; of it the first `bytes`, then garbage */
    CUT_MIX,     /* of everything, each 512 bytes and each name by the toss of a coin */
    CUT_COUNT
};

struct model_cut {
    enum model_cut_how how;
    size_t which, bytes;
    uint64_t seed;
};

static inline void model_keep_part(struct model_bytes *b, const struct model_write *w, struct model_cut *cut)
{
    size_t head = cut->bytes < w->n ? cut->bytes : w->n;
    uint8_t *bytes = malloc(w->n + 1);

    memcpy(bytes, w->bytes, w->n);
    for (size_t i = head; i < w->n; i++)
        bytes[i] = cut->how == CUT_GARBAGE ? (uint8_t)model_random(&cut->seed) : 0;
    if (cut->how == CUT_REST && head < w->n)
        model_put(b, w->at + (int64_t)head, w->bytes + head, w->n - head);
    else if (cut->how == CUT_HEAD && head)
        model_put(b, w->at, bytes, head);
    else if (cut->how == CUT_ZEROS || cut->how == CUT_GARBAGE)
        model_put(b, w->at, bytes, w->n);
    free(bytes);
}

static inline void model_keep_mixed(struct model_bytes *b, const struct model_write *w, uint64_t *seed)
{
    for (size_t at = 0; at < w->n; at += 512) {
        if (model_random(seed) & 1)
            model_put(b, w->at + (int64_t)at, w->bytes + at, w->n - at < 512 ? w->n - at : 512);
    }
}

static inline bool model_keeps(struct model_cut *cut, size_t i)
{
    switch (cut->how) {
    case CUT_ALL:
        return true;
    case CUT_ONLY:
        return i == cut->which;
    case CUT_BUT:
        return i != cut->which;
    case CUT_HEAD:
    case CUT_REST:
    case CUT_ZEROS:
    case CUT_GARBAGE:
        return i < cut->which;
    case CUT_MIX:
        return model_random(&cut->seed) & 1;
    default:
        return false;
    }
}

/* The disk after a power cut now. d stays as it is. */
static inline struct model_disk *model_crash(const struct model_disk *d, struct model_cut cut)
{
    struct model_disk *after = model_new();

    after->file_count = d->file_count;
    after->names = d->safe_names;
    for (int i = 0; i < d->file_count; i++) {
        if (d->safe[i].n && model_is_named(d, i))
            model_put(&after->now[i], 0, d->safe[i].at, d->safe[i].n);
    }
    for (size_t i = 0; i < d->unsynced_count; i++) {
        const struct model_unsynced *u = &d->unsynced[i];
        bool keeps = model_keeps(&cut, i);

        if (u->is_name && keeps)
            model_apply_change(&after->names, &u->change);
        else if (!u->is_name && cut.how == CUT_MIX && u->write.n)
            model_keep_mixed(&after->now[u->write.file], &u->write, &cut.seed);
        else if (!u->is_name && keeps)
            model_apply_write(&after->now[u->write.file], &u->write);
        else if (!u->is_name && i == cut.which && u->write.n)
            model_keep_part(&after->now[u->write.file], &u->write, &cut);
    }
    after->safe_names = after->names;
    for (int i = 0; i < after->file_count; i++) {
        if (after->now[i].n)
            model_put(&after->safe[i], 0, after->now[i].at, after->now[i].n);
    }
    return after;
}

#endif
