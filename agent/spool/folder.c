/* folder.c: writes, syncs and renames in the spool's folder, and the memory of the first that failed. See folder.h. */
#include "folder.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { READ_BLOCK = 4096 };

int folder_open(struct folder *d, const struct disk *disk, const char *path, struct fail *f)
{
    *d = (struct folder){.disk = disk};
    d->dir = disk->open_dir(disk->ctx, path);
    if (d->dir < 0)
        return fail_sys(f, "%s", path);
    if (disk->lock(disk->ctx, d->dir) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        fail_set(f, FAIL_CONFLICT, "%s: held by another process", path);
    else
        fail_sys(f, "%s: lock", path);
    disk->close(disk->ctx, d->dir);
    return -1;
}

void folder_close(struct folder *d)
{
    d->disk->close(d->disk->ctx, d->dir);
}

int folder_check(const struct folder *d, struct fail *f)
{
    if (d->failure.code == FAIL_NONE)
        return 0;
    *f = d->failure;
    return fail_add(f, "the spool has failed");
}

static int first_failure(struct folder *d, const char *what, struct fail *f)
{
    fail_sys(f, "%s", what);
    d->failure = *f;
    return -1;
}

static int open_for_writing(struct folder *d, const char *name, int flags, struct fail *f)
{
    if (folder_check(d, f) != 0)
        return -1;
    int file = d->disk->open(d->disk->ctx, d->dir, name, O_RDWR | flags);
    return file < 0 ? first_failure(d, name, f) : file;
}

int folder_create(struct folder *d, const char *name, struct fail *f)
{
    return open_for_writing(d, name, O_CREAT | O_TRUNC, f);
}

int folder_modify(struct folder *d, const char *name, struct fail *f)
{
    return open_for_writing(d, name, 0, f);
}

void folder_settle(struct folder *d, const char *name)
{
    struct fail remembered;
    int file = d->disk->open(d->disk->ctx, d->dir, name, O_RDONLY);

    if (file < 0)
        return;
    if (folder_sync(d, file, &remembered) != 0)
        assert(d->failure.code != FAIL_NONE);
    d->disk->forget(d->disk->ctx, file);
    d->disk->close(d->disk->ctx, file);
}

int folder_write(struct folder *d, int file, const void *bytes, size_t n, int64_t at, struct fail *f)
{
    const uint8_t *from = bytes;

    if (folder_check(d, f) != 0)
        return -1;
    while (n) {
        ssize_t done = d->disk->pwrite(d->disk->ctx, file, from, n, at);

        if (done < 0 && errno == EINTR)
            continue;
        if (done == 0)
            errno = EIO;
        if (done <= 0)
            return first_failure(d, "write", f);
        d->written_bytes += (uint64_t)done;
        from += done;
        at += done;
        n -= (size_t)done;
    }
    return 0;
}

int folder_sync(struct folder *d, int file_or_dir, struct fail *f)
{
    if (folder_check(d, f) != 0)
        return -1;
    d->sync_count++;
    return d->disk->sync(d->disk->ctx, file_or_dir) == 0 ? 0 : first_failure(d, "sync", f);
}

int folder_publish(struct folder *d, int file, const char *from, const char *to, struct fail *f)
{
    if (folder_sync(d, file, f) != 0)
        return fail_add(f, "%s", from);
    if (d->disk->rename(d->disk->ctx, d->dir, from, to) != 0)
        return first_failure(d, to, f);
    return folder_sync(d, d->dir, f);
}

int folder_remove(struct folder *d, const char *name, struct fail *f)
{
    if (folder_check(d, f) != 0)
        return -1;
    if (d->disk->unlink(d->disk->ctx, d->dir, name) != 0 && errno != ENOENT)
        return first_failure(d, name, f);
    return 0;
}

void folder_discard(struct folder *d, const char *name)
{
    d->disk->unlink(d->disk->ctx, d->dir, name);
}

/* As pread(2), but not interrupted. */
static ssize_t read_some(struct folder *d, int file, uint8_t *buf, size_t n, int64_t at)
{
    ssize_t got;

    do
        got = d->disk->pread(d->disk->ctx, file, buf, n, at);
    while (got < 0 && errno == EINTR);
    return got;
}

/* After an EIO: block by block, so that one bad block costs only itself. */
static ssize_t read_around_damage(struct folder *d, int file, uint8_t *buf, size_t n, int64_t at)
{
    size_t part = READ_BLOCK - (size_t)(at % READ_BLOCK);
    size_t want = part < n ? part : n;
    ssize_t got = read_some(d, file, buf, want, at);

    if (got >= 0 || errno != EIO)
        return got;
    memset(buf, FOLDER_UNREADABLE, want);
    return (ssize_t)want;
}

int folder_read(struct folder *d, int file, void *buf, size_t n, int64_t at, size_t *ret_bytes, struct fail *f)
{
    uint8_t *to = buf;
    size_t done = 0;

    while (done < n) {
        ssize_t got = read_some(d, file, to + done, n - done, at + (int64_t)done);

        if (got < 0 && errno == EIO)
            got = read_around_damage(d, file, to + done, n - done, at + (int64_t)done);
        if (got < 0)
            return fail_sys(f, "read");
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *ret_bytes = done;
    return 0;
}
