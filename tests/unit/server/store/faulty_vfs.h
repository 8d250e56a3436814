/* faulty_vfs.h: SQLite on a file layer that counts what is written and synced, and fails where a test wants it to. It
 * stands in front of the usual one and becomes the default. */
#ifndef FAULTLINE_TEST_FAULTY_VFS_H
#define FAULTLINE_TEST_FAULTY_VFS_H

#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

static struct {
    int writes, syncs;  /* so far, of all files */
    int write_fails_at; /* the write that makes it so many fails, and all after it; 0 = none */
    int sync_fails_at;
    bool read_only; /* files open for reading only */
    sqlite3_vfs *real;
    sqlite3_vfs vfs;
} faulty;

struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
};

static inline sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct faulty_file *)file)->real;
}

static int faulty_close(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int faulty_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), to, n, at);
}

static int faulty_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    faulty.writes++;
    if (faulty.write_fails_at && faulty.writes >= faulty.write_fails_at)
        return SQLITE_FULL;
    return real_of(f)->pMethods->xWrite(real_of(f), from, n, at);
}

static int faulty_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int faulty_sync(sqlite3_file *f, int flags)
{
    faulty.syncs++;
    if (faulty.sync_fails_at && faulty.syncs >= faulty.sync_fails_at)
        return SQLITE_IOERR_FSYNC;
    return real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int faulty_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int faulty_lock(sqlite3_file *f, int kind)
{
    return real_of(f)->pMethods->xLock(real_of(f), kind);
}

static int faulty_unlock(sqlite3_file *f, int kind)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), kind);
}

static int faulty_reserved(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int faulty_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int faulty_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int faulty_traits(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int faulty_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **to)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, to);
}

static int faulty_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void faulty_shm_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int faulty_shm_unmap(sqlite3_file *f, int delete)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), delete);
}

static const sqlite3_io_methods faulty_methods = {
    .iVersion = 2,
    .xClose = faulty_close,
    .xRead = faulty_read,
    .xWrite = faulty_write,
    .xTruncate = faulty_truncate,
    .xSync = faulty_sync,
    .xFileSize = faulty_size,
    .xLock = faulty_lock,
    .xUnlock = faulty_unlock,
    .xCheckReservedLock = faulty_reserved,
    .xFileControl = faulty_control,
    .xSectorSize = faulty_sector,
    .xDeviceCharacteristics = faulty_traits,
    .xShmMap = faulty_shm_map,
    .xShmLock = faulty_shm_lock,
    .xShmBarrier = faulty_shm_barrier,
    .xShmUnmap = faulty_shm_unmap,
};

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct faulty_file *f = (struct faulty_file *)file;
    (void)vfs;

    f->real = (sqlite3_file *)(f + 1);
    if (faulty.read_only && (flags & SQLITE_OPEN_READWRITE))
        flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    int rc = faulty.real->xOpen(faulty.real, name, f->real, flags, out);
    f->base.pMethods = f->real->pMethods ? &faulty_methods : NULL;
    return rc;
}

static inline void install_faulty_vfs(void)
{
    faulty.real = sqlite3_vfs_find(NULL);
    faulty.vfs = *faulty.real;
    faulty.vfs.pNext = NULL;
    faulty.vfs.zName = "faulty";
    faulty.vfs.szOsFile = (int)sizeof(struct faulty_file) + faulty.real->szOsFile;
    faulty.vfs.xOpen = faulty_open;
    sqlite3_vfs_register(&faulty.vfs, 1);
}

#endif
