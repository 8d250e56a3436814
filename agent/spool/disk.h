/* disk.h: the file operations of the spool as a small table, so that the whole spool runs on a model disk that loses,
 * reorders and tears what was not synced. Every function returns -1 with errno as its system call does; disk_system is
 * the operating system. Paths are names inside the spool's folder, without '/'. */
#ifndef FAULTLINE_DISK_H
#define FAULTLINE_DISK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct disk {
    int (*open_dir)(void *ctx, const char *path); /* makes the folder (0700, durably) if missing; a handle */
    int (*open)(void *ctx, int dir, const char *name, int flags); /* openat(2), mode 0600; a handle */
    ssize_t (*pread)(void *ctx, int file, void *buf, size_t n, int64_t at);
    ssize_t (*pwrite)(void *ctx, int file, const void *buf, size_t n, int64_t at);
    int (*sync)(void *ctx, int file_or_dir); /* fdatasync(2) for files, fsync(2) for the folder */
    void (*forget)(void *ctx, int file); /* drops what the cache holds of the file: the next read is the disk's word */
    int64_t (*size)(void *ctx, int file);
    int (*rename)(void *ctx, int dir, const char *from, const char *to);
    int (*unlink)(void *ctx, int dir, const char *name);
    /* Calls each with every name but "." and ".."; stops at, and returns, what each returned when that is not 0. */
    int (*list)(void *ctx, int dir, int (*each)(void *arg, const char *name), void *arg);
    int (*lock)(void *ctx, int dir); /* exclusive, not waiting; EWOULDBLOCK when held; given back when dir is closed */
    void (*close)(void *ctx, int file_or_dir);
    void *ctx;
};

extern const struct disk disk_system;

#endif
