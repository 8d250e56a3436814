/* ingest.c: what the collector's core costs without broker and MQTT: batches of uplinks as they come from the wire are
 * decoded, applied and committed, on SQLite (synchronous=FULL) and, when a connection string is given, PostgreSQL.
 *
 *   ingest [--devices N] [--batches N] [--sqlite FOLDER] [--pg CONNINFO] [--only report|raise]
 *
 * A batch is 1,000 uplinks of one record, from 200 of the devices in turn; "report" and "raise" are load's. Printed is processor
 * time a record: decoding (the ingest thread's part) and applying (the writer's; for PostgreSQL the client's part). */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "batch.h"
#include "core.h"
#include "identity.h"
#include "reports.h"
#include "sqlite_folder.h"

enum { BATCH_DEVICES = 200 };

static struct {
    int devices, batches;
    const char *folder, *conninfo, *only;
} options = {.devices = 200, .batches = 30, .folder = "build", .only = ""};

struct sender {
    char id[BOUND_DEVICE_ID + 1];
    uint64_t epoch, next;
};

static struct sender *fleet;
static struct metrics metrics;

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(void)
{
    return (double)clock_system.mono(NULL).ms / 1000;
}

static void must(int rc, const struct fail *f)
{
    if (rc == 0)
        return;
    fprintf(stderr, "%s\n", f->text);
    exit(1);
}

static void make_fleet(void)
{
    fleet = calloc((size_t)options.devices, sizeof *fleet);
    if (!fleet)
        abort();
    for (int i = 0; i < options.devices; i++) {
        snprintf(fleet[i].id, sizeof fleet[i].id, "bench-%d", i);
        fleet[i].epoch = UINT64_C(0x1234567890abcdef) + (uint64_t)i;
        fleet[i].next = 1;
    }
}

/* ---------------------------------------------------------------- one batch */

struct message {
    const struct sender *from;
    uint8_t bytes[512];
    size_t n;
};

static void encode(struct message *m, struct sender *d, bool raise)
{
    const struct stamp now = {d->epoch, clock_system.mono(NULL), clock_system.wall(NULL), CLOCK_SYNCED};
    const struct uplink u = {.epoch = d->epoch, .session = 1, .anchor = now};
    uint8_t record[BOUND_RECORD_BYTES];
    char code[REPORT_CODE_BYTES];
    struct record r = bench_report(d->epoch, d->next++, raise, now, code);
    struct fail f;
    size_t n;

    must(codec_record_encode(&r, record, sizeof record, &n, &f), &f);
    m->from = d;
    m->n = codec_uplink_begin(&u, m->bytes, sizeof m->bytes);
    m->n = codec_uplink_add(m->bytes, m->n, sizeof m->bytes, record, n);
}

static void fill(struct batch *b, const struct message *messages)
{
    struct wall now = clock_system.wall(NULL);

    batch_reset(b);
    for (const struct message *m = messages; m < messages + BATCH_UPLINKS; m++)
        batch_add(b, identity_shard(m->from->id), m->from->id, m->bytes, m->n, now, (struct wall){now.ms - 60000});
}

static void run(const char *driver, struct core *core, bool raise)
{
    struct message *messages = calloc(BATCH_UPLINKS, sizeof *messages);
    struct batch *b = batch_new();
    double decoding = 0, applying = 0, wall = 0, records = (double)options.batches * BATCH_UPLINKS;
    int turn = 0;
    struct fail f;

    for (int k = 0; messages && k < options.batches; k++, turn += BATCH_DEVICES) {
        for (int i = 0; i < BATCH_UPLINKS; i++)
            encode(&messages[i], &fleet[(turn + i % BATCH_DEVICES) % options.devices], raise);
        double began = cpu_seconds(), wall_began = seconds();
        fill(b, messages);
        double filled = cpu_seconds();
        must(core_apply(core, b, &f), &f);
        decoding += filled - began;
        applying += cpu_seconds() - filled;
        wall += seconds() - wall_began;
    }
    printf("%-12s %-8s decode %5.2f us  apply %6.2f us a record  %8.0f/s\n", driver, raise ? "raise" : "report",
        decoding / records * 1e6, applying / records * 1e6, records / wall);
    fflush(stdout);
    batch_free(b);
    free(messages);
}

/* ---------------------------------------------------------------- the stores */

static void measure(const char *driver, const struct store_settings *settings)
{
    const struct core_settings core_settings = {
        .open_registration = true, .flap = {6, 3600 * 1000}, .max_devices = 100000};
    struct store *store;
    struct core *core;
    struct fail f;

    must(store_open(settings, STORE_WRITE, &store, &f), &f);
    must(store_take_lease(store, "bench", clock_system.wall(NULL), 60000, &f), &f);
    must(core_open(&core_settings, store, &clock_system, &metrics, &core, &f), &f);
    make_fleet();
    if (strcmp(options.only, "raise") != 0)
        run(driver, core, false);
    if (strcmp(options.only, "report") != 0)
        run(driver, core, true);
    free(fleet);
    core_close(core);
    store_close(store);
}

int main(int argc, char **argv)
{
    static const struct option names[] = {{"devices", required_argument, NULL, 'd'},
        {"batches", required_argument, NULL, 'b'}, {"sqlite", required_argument, NULL, 'q'},
        {"pg", required_argument, NULL, 'p'}, {"only", required_argument, NULL, 'o'}, {0}};
    int c;

    while ((c = getopt_long(argc, argv, "", names, NULL)) >= 0)
        switch (c) {
        case 'd':
            options.devices = atoi(optarg);
            break;
        case 'b':
            options.batches = atoi(optarg);
            break;
        case 'q':
            options.folder = optarg;
            break;
        case 'p':
            options.conninfo = optarg;
            break;
        case 'o':
            options.only = optarg;
            break;
        default:
            return 2;
        }
    on_sqlite(options.folder, measure);
    if (options.conninfo)
        measure("PostgreSQL", &(struct store_settings){.driver = STORE_POSTGRESQL, .conninfo = options.conninfo});
    return 0;
}
