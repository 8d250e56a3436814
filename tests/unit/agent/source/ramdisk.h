/* ramdisk.h: the part of struct disk that a small state file needs, in memory, failing on command. What was not synced
 * is gone after ramdisk_power_cut(). */
#ifndef TESTS_RAMDISK_H
#define TESTS_RAMDISK_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "disk.h"

enum { RAMDISK_FILES = 4, RAMDISK_BYTES = 1024 };

struct ramdisk_file {
    bool named;
    char name[32];
    size_t size;
    char bytes[RAMDISK_BYTES];
    bool synced;
};

static struct {
    struct ramdisk_file now[RAMDISK_FILES], safe[RAMDISK_FILES];
    int fail_in; /* the n-th call from now fails with EIO; 0 = none */
    unsigned calls, saves;
} ramdisk;

static bool ramdisk_fails(void)
{
    ramdisk.calls++;
    if (ramdisk.fail_in && --ramdisk.fail_in == 0) {
        errno = EIO;
        return true;
    }
    return false;
}

static int ramdisk_find(const char *name)
{
    for (int i = 0; i < RAMDISK_FILES; i++)
        if (ramdisk.now[i].named && strcmp(ramdisk.now[i].name, name) == 0)
            return i;
    return -1;
}

static int ramdisk_open_dir(void *ctx, const char *path)
{
    (void)ctx;
    (void)path;
    return ramdisk_fails() ? -1 : 100;
}

static int ramdisk_open(void *ctx, int dir, const char *name, int flags)
{
    int at = ramdisk_find(name);
    (void)ctx;
    (void)dir;

    if (ramdisk_fails())
        return -1;
    if (at < 0 && !(flags & O_CREAT)) {
        errno = ENOENT;
        return -1;
    }
    for (int i = 0; at < 0 && i < RAMDISK_FILES; i++)
        if (!ramdisk.now[i].named) {
            ramdisk.now[i] = (struct ramdisk_file){.named = true};
            strcpy(ramdisk.now[i].name, name);
            at = i;
        }
    if (flags & O_TRUNC)
        ramdisk.now[at].size = 0;
    return at;
}

static ssize_t ramdisk_pread(void *ctx, int file, void *buf, size_t n, int64_t at)
{
    const struct ramdisk_file *f = &ramdisk.now[file];
    size_t left = f->size - (size_t)at;
    (void)ctx;

    if (ramdisk_fails())
        return -1;
    memcpy(buf, f->bytes + at, left < n ? left : n);
    return (ssize_t)(left < n ? left : n);
}

static ssize_t ramdisk_pwrite(void *ctx, int file, const void *buf, size_t n, int64_t at)
{
    struct ramdisk_file *f = &ramdisk.now[file];
    (void)ctx;

    if (ramdisk_fails())
        return -1;
    memcpy(f->bytes + at, buf, n);
    f->size = (size_t)at + n;
    f->synced = false;
    return (ssize_t)n;
}

/* A file's sync makes its bytes safe, the folder's sync its names. */
static int ramdisk_sync(void *ctx, int what)
{
    (void)ctx;
    if (ramdisk_fails())
        return -1;
    if (what == 100) {
        memcpy(ramdisk.safe, ramdisk.now, sizeof ramdisk.safe);
        for (int i = 0; i < RAMDISK_FILES; i++)
            if (!ramdisk.safe[i].synced)
                ramdisk.safe[i].size = 0;
        ramdisk.saves++;
    } else {
        ramdisk.now[what].synced = true;
    }
    return 0;
}

static int ramdisk_rename(void *ctx, int dir, const char *from, const char *to)
{
    int at = ramdisk_find(to);
    (void)ctx;
    (void)dir;

    if (ramdisk_fails())
        return -1;
    if (at >= 0)
        ramdisk.now[at].named = false;
    strcpy(ramdisk.now[ramdisk_find(from)].name, to);
    return 0;
}

static void ramdisk_close(void *ctx, int what)
{
    (void)ctx;
    (void)what;
}

static void ramdisk_power_cut(void)
{
    memcpy(ramdisk.now, ramdisk.safe, sizeof ramdisk.now);
}

static const struct disk ramdisk_disk = {.open_dir = ramdisk_open_dir,
    .open = ramdisk_open,
    .pread = ramdisk_pread,
    .pwrite = ramdisk_pwrite,
    .sync = ramdisk_sync,
    .rename = ramdisk_rename,
    .close = ramdisk_close};

#endif
