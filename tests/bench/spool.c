/* spool.c: what the spool costs on the disk below a folder, beside loops of the bare system calls in the same run.
 *
 *   spool [--folder FOLDER] [--rounds N]        default: build, 5
 *
 * "overwrite": pwrite of as many bytes as the spool writes, and fdatasync, over a file that was filled before: the least
 * that a durable record can cost. "append": the same on a file that grows. The loops take turns with the spool, a
 * quarter of a second each; medians are shown. Records are faults of 120 bytes; nothing is freed or read
 * meanwhile, and old segments are evicted, so a run is the whole life of a full spool. */
#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bounds.h"
#include "codec.h"
#include "spool.h"

enum { MIB = 1024 * 1024, GROUP = 32, ROUNDS_MAX = 99 };

static const double round_s = 0.25;
static const char *folder = "build";
static int rounds = 5;

static double clock_s(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void stop(const char *what)
{
    perror(what);
    exit(1);
}

static void need(int rc, const struct fail *f)
{
    if (rc == 0)
        return;
    fprintf(stderr, "spool: %s\n", f->text);
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *values)
{
    qsort(values, (size_t)rounds, sizeof *values, by_value);
    return values[rounds / 2];
}

/* ---------------------------------------------------------------- the bare calls */

struct bare {
    int file;
    off_t at, end; /* end 0: the file grows */
};

static struct bare bare_open(const char *name, off_t size)
{
    static const char zeros[MIB];
    char path[4096];
    struct bare b = {.end = size};

    snprintf(path, sizeof path, "%s/%s", folder, name);
    b.file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (b.file < 0)
        stop(path);
    unlink(path);
    for (off_t at = 0; at < size; at += MIB) {
        if (pwrite(b.file, zeros, MIB, at) != MIB)
            stop(path);
    }
    if (fsync(b.file) != 0)
        stop(path);
    return b;
}

/* Writes of n bytes a second. */
static double bare_round(struct bare *b, size_t n)
{
    static char bytes[GROUP * 256];
    unsigned count = 0;
    double start = clock_s(CLOCK_MONOTONIC), now;

    memset(bytes, (int)count + 1, sizeof bytes);
    do {
        if (b->end && b->at + (off_t)n > b->end)
            b->at = 0;
        if (pwrite(b->file, bytes, n, b->at) != (ssize_t)n || fdatasync(b->file) != 0)
            stop("bare write");
        b->at += (off_t)n;
        count++;
        now = clock_s(CLOCK_MONOTONIC);
    } while (now - start < round_s);
    return count / (now - start);
}

/* ---------------------------------------------------------------- the spool */

static char path[4096];
static const struct spool_settings settings = {.path = path,
    .max_bytes = 16 * MIB,
    .segment_bytes = 256 * 1024,
    .retention_ms = 3600000,
    .retention_bytes = 4 * MIB};

static struct spool *open_spool(void)
{
    struct spool *s;
    struct fail f;

    need(spool_open(&settings, &disk_system, &clock_system, &rng_system, &s, &f), &f);
    return s;
}

static void remove_spool(void)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(path);
}

static size_t append(struct spool *s)
{
    static const struct frame_value frame[] = {{"engine.speed", 1450.5, "rpm"}, {"oil.pressure", 180, "kPa"}};
    static uint32_t count;
    struct record r = {.lane = LANE_FAULT, .behind = "", .kind = RECORD_FAULT};
    struct fail f;
    uint8_t bytes[BOUND_RECORD_BYTES];
    size_t n;

    r.stamp = (struct stamp){0x123456789abcdef, {86400000}, {1700000000000}, CLOCK_SYNCED};
    r.fault = (struct fault_report){.key = {.bus = "can0", .ns = "j1939", .code = "789", .mode = 5, .component = ""},
        .subject = "",
        .to = FAULT_CONFIRMED,
        .severity = 2,
        .lamps = LAMPS_NONE,
        .source_occurrences = OCCURRENCES_NONE,
        .occurrences = ++count,
        .frame = frame,
        .frame_count = countof(frame)};
    need(spool_append(s, &r, &f), &f);
    need(codec_record_encode(&r, bytes, sizeof bytes, &n, &f), &f);
    return n;
}

struct costs {
    uint64_t records, record_bytes;
    double cpu_s;
};

/* Records a second, in groups of `group`. */
static double spool_round(struct spool *s, unsigned group, struct costs *sum)
{
    struct fail f;
    uint64_t count = 0;
    double start = clock_s(CLOCK_MONOTONIC), cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID), now;

    do {
        for (unsigned i = 0; i < group; i++)
            sum->record_bytes += append(s);
        need(spool_sync(s, &f), &f);
        count += group;
        now = clock_s(CLOCK_MONOTONIC);
    } while (now - start < round_s);
    sum->records += count;
    sum->cpu_s += clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    return (double)count / (now - start);
}

static void run_group(struct spool *s, unsigned group)
{
    double ours[ROUNDS_MAX], over[ROUNDS_MAX], grow[ROUNDS_MAX];
    struct costs sum = {0};
    struct spool_stats before, after;
    size_t span = (size_t)group * 128;
    struct bare overwrite = bare_open("spool-bench-overwrite", 4 * MIB), append_to = bare_open("spool-bench-append", 0);

    spool_stats(s, &before);
    for (int i = 0; i < rounds; i++) {
        ours[i] = spool_round(s, group, &sum);
        over[i] = bare_round(&overwrite, span) * group;
        grow[i] = bare_round(&append_to, span) * group;
    }
    spool_stats(s, &after);
    close(overwrite.file);
    close(append_to.file);
    double rate = median(ours), records = (double)sum.records;
    printf("spool, %2u record%s a sync        %9.0f/s   / overwrite %.2f  / append %.2f\n", group,
        group == 1 ? " " : "s", rate, rate / median(over), rate / median(grow));
    printf("    syncs a record              %9.4f    least %.4f\n",
        (double)(after.sync_count - before.sync_count) / records, 1.0 / group);
    if (group > 1) /* many segments: one by one would show the zeros of the first, mostly still empty */
        printf("    bytes written / record bytes %8.2f    records of %.0f bytes; segments' zeros and epoch files "
               "included\n",
            (double)(after.written_bytes - before.written_bytes) / (double)sum.record_bytes,
            (double)sum.record_bytes / records);
    printf("    processor time a record     %9.2f us (codec twice, making of segments included)\n",
        sum.cpu_s / records * 1e6);
}

static void run_reading(struct spool *s)
{
    uint64_t number = spool_oldest(s, LANE_FAULT), next = spool_next(s, LANE_FAULT), count = 0;
    uint8_t bytes[BOUND_RECORD_BYTES];
    size_t n;
    struct fail f;
    double start = clock_s(CLOCK_MONOTONIC);

    for (; number < next; number++, count++)
        need(spool_read(s, LANE_FAULT, number, bytes, sizeof bytes, &n, &number, &f), &f);
    printf("reading forward                 %9.2f us a record (%llu records)\n",
        (clock_s(CLOCK_MONOTONIC) - start) / (double)count * 1e6, (unsigned long long)count);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"folder", 1, NULL, 'f'}, {"rounds", 1, NULL, 'r'}, {0}};
    int c;

    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (c == 'f')
            folder = optarg;
        else if (c == 'r')
            rounds = atoi(optarg);
        else
            return 2;
    }
    if (rounds < 1 || rounds > ROUNDS_MAX)
        return 2;
    snprintf(path, sizeof path, "%s/spool-bench-%d", folder, (int)getpid());
    struct spool *s = open_spool();
    run_group(s, 1);
    run_group(s, GROUP);
    run_reading(s);
    spool_close(s);
    double start = clock_s(CLOCK_MONOTONIC);
    s = open_spool();
    printf("opening a full spool of 16 MiB  %9.1f ms\n", (clock_s(CLOCK_MONOTONIC) - start) * 1e3);
    spool_close(s);
    remove_spool();
    return 0;
}
