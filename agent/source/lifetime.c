/* lifetime.c: see lifetime.h. */
#include "lifetime.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char file_name[] = "lifetime";
static const char new_name[] = "lifetime.new";

enum { FIELDS = 8 };

/* The first is the version of the format. */
static const char *const keys[FIELDS] = {
    "version", "epoch", "boot", "restarts", "cycles", "operating_ms", "mono_ms", "running"};

size_t lifetime_write(const struct lifetime *l, char buf[static LIFETIME_BYTES])
{
    const uint64_t values[FIELDS] = {
        1, l->epoch, l->boot, l->restarts, l->cycles, l->operating_ms, l->mono_ms, l->running};
    size_t n = 0;

    for (size_t i = 0; i < FIELDS; i++)
        n += (size_t)snprintf(buf + n, LIFETIME_BYTES - n, "%s=%" PRIu64 "\n", keys[i], values[i]);
    return n;
}

/* One "key=number" line at *at, which moves behind it. */
static bool read_field(const char **at, const char *key, uint64_t *ret)
{
    size_t n = strlen(key);
    char *end;

    if (strncmp(*at, key, n) != 0 || (*at)[n] != '=' || (*at)[n + 1] < '0' || (*at)[n + 1] > '9')
        return false;
    errno = 0;
    *ret = strtoull(*at + n + 1, &end, 10);
    if (errno || *end != '\n')
        return false;
    *at = end + 1;
    return true;
}

bool lifetime_read(const char *text, struct lifetime *ret)
{
    uint64_t v[FIELDS];

    for (size_t i = 0; i < FIELDS; i++)
        if (!read_field(&text, keys[i], &v[i]))
            return false;
    if (*text || v[0] != 1 || v[7] > 1)
        return false;
    *ret = (struct lifetime){.epoch = v[1],
        .boot = v[2],
        .restarts = v[3],
        .cycles = v[4],
        .operating_ms = v[5],
        .mono_ms = v[6],
        .running = v[7]};
    return true;
}

static const char *reason(const struct lifetime *l, uint64_t boot)
{
    if (l->boot == 0)
        return "first start";
    if (l->boot == boot)
        return l->running ? "crash" : "restart";
    return l->running ? "power loss" : "boot";
}

const char *lifetime_begin(struct lifetime *l, uint64_t epoch, uint64_t boot, struct mono now)
{
    const char *why = reason(l, boot);

    if (l->boot != boot) {
        l->cycles++;
        l->mono_ms = 0;
    }
    l->restarts = l->boot != 0 && l->epoch == epoch ? l->restarts + 1 : 0;
    l->epoch = epoch;
    l->boot = boot;
    l->running = true;
    lifetime_advance(l, now);
    return why;
}

void lifetime_advance(struct lifetime *l, struct mono now)
{
    uint64_t now_ms = now.ms > 0 ? (uint64_t)now.ms : 0;

    if (now_ms > l->mono_ms) {
        l->operating_ms += now_ms - l->mono_ms;
        l->mono_ms = now_ms;
    }
}

int lifetime_load(const struct disk *disk, int dir, struct lifetime *ret, struct fail *f)
{
    char text[LIFETIME_BYTES];
    int file = disk->open(disk->ctx, dir, file_name, O_RDONLY);

    if (file < 0) {
        if (errno != ENOENT)
            return fail_sys(f, "%s: opening", file_name);
        *ret = (struct lifetime){0};
        return 0;
    }
    ssize_t n = disk->pread(disk->ctx, file, text, sizeof text - 1, 0);
    int sys = errno;
    disk->close(disk->ctx, file);
    errno = sys;
    if (n < 0)
        return fail_sys(f, "%s: reading", file_name);
    text[n] = '\0';
    return lifetime_read(text, ret) ? 0 : fail_set(f, FAIL_CORRUPT, "%s: damaged", file_name);
}

static int write_new(const struct disk *disk, int file, const struct lifetime *l, struct fail *f)
{
    char text[LIFETIME_BYTES];
    size_t n = lifetime_write(l, text);
    ssize_t written = disk->pwrite(disk->ctx, file, text, n, 0);

    if (written >= 0 && (size_t)written != n)
        return fail_set(f, FAIL_FULL, "%s: written by half", new_name);
    if (written < 0 || disk->sync(disk->ctx, file) != 0)
        return fail_sys(f, "%s: writing", new_name);
    return 0;
}

int lifetime_save(const struct disk *disk, int dir, const struct lifetime *l, struct fail *f)
{
    int file = disk->open(disk->ctx, dir, new_name, O_WRONLY | O_CREAT | O_TRUNC);

    if (file < 0)
        return fail_sys(f, "%s: opening", new_name);
    int rc = write_new(disk, file, l, f);
    disk->close(disk->ctx, file);
    if (rc != 0)
        return -1;
    if (disk->rename(disk->ctx, dir, new_name, file_name) != 0 || disk->sync(disk->ctx, dir) != 0)
        return fail_sys(f, "%s: renaming", file_name);
    return 0;
}
