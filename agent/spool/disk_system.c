/* disk_system.c: struct disk over the operating system's calls. See disk.h. */
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

enum { DIR_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

/* A new folder is an entry of its parent: without this sync a power cut takes the folder and all that is in it. */
static int sync_parent(int dir)
{
    autoclose int parent = openat(dir, "..", DIR_FLAGS);

    return parent < 0 ? -1 : fsync(parent);
}

static int system_open_dir(void *ctx, const char *path)
{
    bool is_new = mkdir(path, 0700) == 0;
    (void)ctx;

    if (!is_new && errno != EEXIST)
        return -1;
    autoclose int dir = open(path, DIR_FLAGS);
    if (dir >= 0 && is_new && sync_parent(dir) != 0)
        return -1;
    return take_fd(&dir);
}

static int system_open(void *ctx, int dir, const char *name, int flags)
{
    (void)ctx;
    return openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static ssize_t system_pread(void *ctx, int file, void *buf, size_t n, int64_t at)
{
    (void)ctx;
    return pread(file, buf, n, at);
}

static ssize_t system_pwrite(void *ctx, int file, const void *buf, size_t n, int64_t at)
{
    (void)ctx;
    return pwrite(file, buf, n, at);
}

static int system_sync(void *ctx, int file_or_dir)
{
    struct stat st;
    (void)ctx;

    if (fstat(file_or_dir, &st) != 0)
        return -1;
    return S_ISDIR(st.st_mode) ? fsync(file_or_dir) : fdatasync(file_or_dir);
}

/* After a sync that failed Linux keeps the pages, marked clean: they read well and are on no disk. */
static void system_forget(void *ctx, int file)
{
    (void)ctx;
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
}

static int64_t system_size(void *ctx, int file)
{
    struct stat st;
    (void)ctx;

    return fstat(file, &st) == 0 ? (int64_t)st.st_size : -1;
}

static int system_rename(void *ctx, int dir, const char *from, const char *to)
{
    (void)ctx;
    return renameat(dir, from, dir, to);
}

static int system_unlink(void *ctx, int dir, const char *name)
{
    (void)ctx;
    return unlinkat(dir, name, 0);
}

static int system_list(void *ctx, int dir, int (*each)(void *arg, const char *name), void *arg)
{
    struct dirent *entry;
    int rc = 0;
    (void)ctx;

    /* An own description: the reading position of dir itself stays where it is. */
    int again = openat(dir, ".", DIR_FLAGS);
    DIR *stream = again < 0 ? NULL : fdopendir(again);
    if (!stream) {
        if (again >= 0)
            close(again);
        return -1;
    }
    while (rc == 0 && (errno = 0, entry = readdir(stream))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = each(arg, entry->d_name);
    }
    if (rc == 0 && errno != 0)
        rc = -1;
    int sys = errno;
    closedir(stream);
    errno = sys;
    return rc;
}

static int system_lock(void *ctx, int dir)
{
    (void)ctx;
    return flock(dir, LOCK_EX | LOCK_NB);
}

static void system_close(void *ctx, int file_or_dir)
{
    (void)ctx;
    close(file_or_dir);
}

const struct disk disk_system = {
    .open_dir = system_open_dir,
    .open = system_open,
    .pread = system_pread,
    .pwrite = system_pwrite,
    .sync = system_sync,
    .forget = system_forget,
    .size = system_size,
    .rename = system_rename,
    .unlink = system_unlink,
    .list = system_list,
    .lock = system_lock,
    .close = system_close,
};
