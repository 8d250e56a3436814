/* model_disk.h: a disk in memory that knows what was synced. Behind struct disk it behaves like the operating system.
 * A file's data and its name are made durable apart, as POSIX says. What a power cut leaves of it is in model_cut.h. */
#ifndef FAULTLINE_TEST_MODEL_DISK_H
#define FAULTLINE_TEST_MODEL_DISK_H

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"

enum { MODEL_FILES = 1024, MODEL_NAMES = 64, MODEL_HANDLES = 16, MODEL_UNSYNCED = 256, MODEL_DIR = 1000 };

struct model_bytes {
    uint8_t *at;
    size_t n;
};

struct model_write { /* n == 0: cut to `at` bytes */
    int file;
    int64_t at;
    size_t n;
    uint8_t *bytes;
};

struct model_name {
    char name[32];
    int file;
};

struct model_names {
    struct model_name list[MODEL_NAMES];
    size_t n;
};

struct model_change { /* "" = none: from is removed, to stands for file */
    char from[32], to[32];
    int file;
};

struct model_unsynced { /* in the order it happened */
    bool is_name;
    struct model_write write;
    struct model_change change;
};

struct model_disk {
    struct model_bytes now[MODEL_FILES], safe[MODEL_FILES];
    int file_count;
    struct model_names names, safe_names;
    struct model_unsynced unsynced[MODEL_UNSYNCED];
    size_t unsynced_count;
    int handles[MODEL_HANDLES]; /* file + 1, or 0 */
    bool is_locked;

    /* Faults: changing calls number fail_first … fail_last (from 1, counted in calls) fail with fail_errno. */
    unsigned calls, fail_first, fail_last;
    int fail_errno;
    char bad_name[32]; /* reading this file between bad_from and bad_to gives EIO */
    int64_t bad_from, bad_to;
    unsigned short_writes; /* so many writes write one byte only */
    uint64_t read_bytes;   /* given so far */

    /* Called before every changing call. */
    void (*boundary)(void *arg);
    void *arg;
};

static inline void model_put(struct model_bytes *b, int64_t at, const uint8_t *bytes, size_t n)
{
    size_t end = (size_t)at + n;

    if (end > b->n) {
        b->at = realloc(b->at, end);
        assert(b->at);
        memset(b->at + b->n, 0, end - b->n);
        b->n = end;
    }
    memcpy(b->at + at, bytes, n);
}

static inline void model_apply_write(struct model_bytes *b, const struct model_write *w)
{
    if (w->n == 0)
        b->n = (size_t)w->at < b->n ? (size_t)w->at : b->n;
    else
        model_put(b, w->at, w->bytes, w->n);
}

static inline struct model_name *model_find(struct model_names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (strcmp(names->list[i].name, name) == 0)
            return &names->list[i];
    }
    return NULL;
}

static inline void model_apply_change(struct model_names *names, const struct model_change *c)
{
    struct model_name *from = c->from[0] ? model_find(names, c->from) : NULL;

    if (from)
        *from = names->list[--names->n];
    if (!c->to[0])
        return;
    struct model_name *to = model_find(names, c->to);
    if (!to) {
        assert(names->n < MODEL_NAMES);
        to = &names->list[names->n++];
        strcpy(to->name, c->to);
    }
    to->file = c->file;
}

static inline struct model_unsynced *model_new_unsynced(struct model_disk *d)
{
    assert(d->unsynced_count < MODEL_UNSYNCED);
    struct model_unsynced *u = &d->unsynced[d->unsynced_count++];
    memset(u, 0, sizeof *u);
    return u;
}

static inline void model_change_names(struct model_disk *d, const char *from, const char *to, int file)
{
    struct model_unsynced *u = model_new_unsynced(d);

    u->is_name = true;
    u->change.file = file;
    strcpy(u->change.from, from);
    strcpy(u->change.to, to);
    model_apply_change(&d->names, &u->change);
}

static inline void model_write_now(struct model_disk *d, int file, int64_t at, const void *bytes, size_t n)
{
    struct model_unsynced *u = model_new_unsynced(d);

    u->write = (struct model_write){file, at, n, n ? malloc(n) : NULL};
    if (n)
        memcpy(u->write.bytes, bytes, n);
    model_apply_write(&d->now[file], &u->write);
}

/* ---------------------------------------------------------------- struct disk */

static inline bool model_fails(struct model_disk *d)
{
    if (d->boundary)
        d->boundary(d->arg);
    d->calls++;
    if (d->calls < d->fail_first || d->calls > d->fail_last)
        return false;
    errno = d->fail_errno;
    return true;
}

static inline int model_handle(struct model_disk *d, int file)
{
    for (int i = 0; i < MODEL_HANDLES; i++) {
        if (d->handles[i] == 0) {
            d->handles[i] = file + 1;
            return i;
        }
    }
    errno = EMFILE;
    return -1;
}

static inline int model_open_dir(void *ctx, const char *path)
{
    (void)ctx, (void)path;
    return MODEL_DIR;
}

static inline int model_open(void *ctx, int dir, const char *name, int flags)
{
    struct model_disk *d = ctx;
    struct model_name *found = model_find(&d->names, name);
    (void)dir;

    if ((flags & O_ACCMODE) != O_RDONLY && model_fails(d))
        return -1;
    if (found) {
        int file = found->file;

        if (flags & O_TRUNC)
            model_write_now(d, file, 0, NULL, 0);
        return model_handle(d, file);
    }
    if (!(flags & O_CREAT)) {
        errno = ENOENT;
        return -1;
    }
    assert(d->file_count < MODEL_FILES);
    model_change_names(d, "", name, d->file_count);
    return model_handle(d, d->file_count++);
}

static inline ssize_t model_pread(void *ctx, int handle, void *buf, size_t n, int64_t at)
{
    struct model_disk *d = ctx;
    int file = d->handles[handle] - 1;
    const struct model_bytes *b = &d->now[file];
    struct model_name *bad = d->bad_name[0] ? model_find(&d->names, d->bad_name) : NULL;

    if (bad && bad->file == file && at < d->bad_to && at + (int64_t)n > d->bad_from) {
        errno = EIO;
        return -1;
    }
    if ((size_t)at >= b->n)
        return 0;
    size_t left = b->n - (size_t)at;
    size_t got = n < left ? n : left;
    memcpy(buf, b->at + at, got);
    d->read_bytes += got;
    return (ssize_t)got;
}

static inline ssize_t model_pwrite(void *ctx, int handle, const void *buf, size_t n, int64_t at)
{
    struct model_disk *d = ctx;

    if (model_fails(d))
        return -1;
    if (d->short_writes) {
        d->short_writes--;
        n = 1;
    }
    model_write_now(d, d->handles[handle] - 1, at, buf, n);
    return (ssize_t)n;
}

/* Takes what the handle's sync covers out of the list; into the safe copy when it succeeds. A sync that fails has lost
 * its writes for ever, though reading still shows them: what Linux does. */
static inline int model_sync(void *ctx, int handle)
{
    struct model_disk *d = ctx;
    bool fails = model_fails(d);
    size_t kept = 0;

    for (size_t i = 0; i < d->unsynced_count; i++) {
        struct model_unsynced *u = &d->unsynced[i];
        bool is_covered =
            u->is_name ? handle == MODEL_DIR : handle != MODEL_DIR && u->write.file == d->handles[handle] - 1;

        if (!is_covered) {
            d->unsynced[kept++] = *u;
            continue;
        }
        if (!fails && u->is_name)
            model_apply_change(&d->safe_names, &u->change);
        else if (!fails)
            model_apply_write(&d->safe[u->write.file], &u->write);
        free(u->write.bytes);
    }
    d->unsynced_count = kept;
    return fails ? -1 : 0;
}

/* What a failed sync lost is seen to be gone. */
static inline void model_forget(void *ctx, int handle)
{
    struct model_disk *d = ctx;
    int file = d->handles[handle] - 1;

    d->now[file].n = 0;
    if (d->safe[file].n)
        model_put(&d->now[file], 0, d->safe[file].at, d->safe[file].n);
    for (size_t i = 0; i < d->unsynced_count; i++) {
        if (!d->unsynced[i].is_name && d->unsynced[i].write.file == file)
            model_apply_write(&d->now[file], &d->unsynced[i].write);
    }
}

static inline int64_t model_size(void *ctx, int handle)
{
    struct model_disk *d = ctx;

    return (int64_t)d->now[d->handles[handle] - 1].n;
}

static inline int model_rename(void *ctx, int dir, const char *from, const char *to)
{
    struct model_disk *d = ctx;
    struct model_name *found = model_find(&d->names, from);
    (void)dir;

    if (model_fails(d))
        return -1;
    assert(found);
    model_change_names(d, from, to, found->file);
    return 0;
}

static inline int model_unlink(void *ctx, int dir, const char *name)
{
    struct model_disk *d = ctx;
    (void)dir;

    if (!model_find(&d->names, name)) {
        errno = ENOENT;
        return -1;
    }
    if (model_fails(d))
        return -1;
    model_change_names(d, name, "", 0);
    return 0;
}

static inline int model_list(void *ctx, int dir, int (*each)(void *arg, const char *name), void *arg)
{
    struct model_disk *d = ctx;
    int rc = 0;
    (void)dir;

    for (size_t i = 0; i < d->names.n && rc == 0; i++)
        rc = each(arg, d->names.list[i].name);
    return rc;
}

static inline int model_lock(void *ctx, int dir)
{
    struct model_disk *d = ctx;
    (void)dir;

    if (d->is_locked) {
        errno = EWOULDBLOCK;
        return -1;
    }
    d->is_locked = true;
    return 0;
}

static inline void model_close(void *ctx, int handle)
{
    struct model_disk *d = ctx;

    if (handle == MODEL_DIR)
        d->is_locked = false;
    else
        d->handles[handle] = 0;
}

static inline struct disk model_table(struct model_disk *d)
{
    return (struct disk){model_open_dir, model_open, model_pread, model_pwrite, model_sync, model_forget, model_size,
        model_rename, model_unlink, model_list, model_lock, model_close, d};
}

/* ---------------------------------------------------------------- life and copies */

static inline struct model_disk *model_new(void)
{
    struct model_disk *d = calloc(1, sizeof *d);

    assert(d);
    return d;
}

static inline void model_free(struct model_disk *d)
{
    for (int i = 0; i < d->file_count; i++) {
        free(d->now[i].at);
        free(d->safe[i].at);
    }
    for (size_t i = 0; i < d->unsynced_count; i++)
        free(d->unsynced[i].write.bytes);
    free(d);
}

static inline int model_open_handles(const struct model_disk *d)
{
    int count = 0;

    for (int i = 0; i < MODEL_HANDLES; i++)
        count += d->handles[i] != 0;
    return count;
}

static inline uint64_t model_random(uint64_t *seed) /* splitmix64 */
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* Whether any name, now, synced or on its way, stands for the file. */
static inline bool model_is_named(const struct model_disk *d, int file)
{
    for (size_t i = 0; i < d->names.n; i++) {
        if (d->names.list[i].file == file)
            return true;
    }
    for (size_t i = 0; i < d->safe_names.n; i++) {
        if (d->safe_names.list[i].file == file)
            return true;
    }
    for (size_t i = 0; i < d->unsynced_count; i++) {
        if (d->unsynced[i].is_name && d->unsynced[i].change.file == file)
            return true;
    }
    return false;
}

/* A copy of all that is visible, with nothing unsynced. */
static inline struct model_disk *model_copy(const struct model_disk *d)
{
    struct model_disk *copy = model_new();

    copy->file_count = d->file_count;
    copy->names = copy->safe_names = d->names;
    for (int i = 0; i < d->file_count; i++) {
        if (!d->now[i].n || !model_is_named(d, i))
            continue;
        model_put(&copy->now[i], 0, d->now[i].at, d->now[i].n);
        model_put(&copy->safe[i], 0, d->now[i].at, d->now[i].n);
    }
    return copy;
}

static inline struct model_name *model_must_find(struct model_disk *d, const char *name)
{
    struct model_name *found = model_find(&d->names, name);

    if (!found)
        abort();
    return found;
}

/* A file's visible bytes, for tests that damage them. */
static inline struct model_bytes *model_file(struct model_disk *d, const char *name)
{
    return &d->now[model_must_find(d, name)->file];
}

#endif
