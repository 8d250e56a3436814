/* powercut.c: loaded before an agent (LD_PRELOAD), it remembers what its spool has not synced yet, so that a test can take
 * it back after kill -9 and so make a power cut of it. kill -9 alone loses nothing: the kernel keeps what was written.
 *
 * POWERCUT_DIR is the folder that is watched, POWERCUT_JOURNAL the file that tells (lines are appended), POWERCUT_STASH a
 * folder on the same file system for what was replaced or removed. Lines of the journal:
 *   create NAME          a name that was not there
 *   rename FROM TO ID    ID = the stashed file that stood at TO; it is not there when nothing did
 *   unlink NAME ID
 *   folder               the folder was synced: all names above are safe
 *   write INODE          bytes that are not safe yet
 *   sync INODE SIZE      the file was synced at this size */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int journal = -1;
static unsigned stashed;

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    char line[256];
    int sys = errno;
    va_list args;

    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (journal < 0)
        journal = open(getenv("POWERCUT_JOURNAL"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (write(journal, line, (size_t)n) != n)
        abort();
    errno = sys;
}

static int is_watched(int dir)
{
    char link[64], path[PATH_MAX];
    const char *watched = getenv("POWERCUT_DIR");

    snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    ssize_t n = watched ? readlink(link, path, sizeof path - 1) : -1;
    return n > 0 && (size_t)n == strlen(watched) && memcmp(path, watched, (size_t)n) == 0;
}

/* A file of the watched folder itself. */
static int is_watched_file(int file)
{
    char link[64], path[PATH_MAX];
    const char *watched = getenv("POWERCUT_DIR");
    size_t length = watched ? strlen(watched) : 0;

    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t n = watched ? readlink(link, path, sizeof path - 1) : -1;
    return n > (ssize_t)length && memcmp(path, watched, length) == 0 && path[length] == '/';
}

/* Keeps what stands at a name; returns its number in the stash, 0 when there was nothing. */
static unsigned stash(int dir, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%d-%u", getenv("POWERCUT_STASH"), (int)getpid(), stashed + 1);
    return linkat(dir, name, AT_FDCWD, path, 0) == 0 ? ++stashed : 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int openat(int dir, const char *name, int flags, ...)
{
    va_list args;

    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    int is_new = flags & O_CREAT && is_watched(dir) && faccessat(dir, name, F_OK, 0) != 0;
    int file = REAL(openat)(dir, name, flags, mode);
    if (is_new && file >= 0)
        tell("create %s\n", name);
    return file;
}

ssize_t pwrite(int file, const void *bytes, size_t n, off_t at)
{
    struct stat st;

    if (is_watched_file(file) && fstat(file, &st) == 0)
        tell("write %lu\n", (unsigned long)st.st_ino);
    return REAL(pwrite)(file, bytes, n, at);
}

static void synced(int file, int result)
{
    struct stat st;

    if (result == 0 && is_watched(file))
        tell("folder\n");
    else if (result == 0 && is_watched_file(file) && fstat(file, &st) == 0)
        tell("sync %lu %ld\n", (unsigned long)st.st_ino, (long)st.st_size);
}

int fdatasync(int file)
{
    int result = REAL(fdatasync)(file);

    synced(file, result);
    return result;
}

int fsync(int file)
{
    int result = REAL(fsync)(file);

    synced(file, result);
    return result;
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    unsigned id = is_watched(to_dir) ? stash(to_dir, to) : 0;
    int result = REAL(renameat)(from_dir, from, to_dir, to);

    if (result == 0 && is_watched(to_dir))
        tell("rename %s %s %d-%u\n", from, to, (int)getpid(), id);
    return result;
}

int unlinkat(int dir, const char *name, int flags)
{
    unsigned id = is_watched(dir) ? stash(dir, name) : 0;
    int result = REAL(unlinkat)(dir, name, flags);

    if (result == 0 && is_watched(dir))
        tell("unlink %s %d-%u\n", name, (int)getpid(), id);
    return result;
}
