/* store.c: what the store costs: sorted batches of reports as ingest writes them, on SQLite (synchronous=FULL) and, when
 * a connection string is given, PostgreSQL; each beside a loop that only appends the same bytes, with the same batch
 * and the same durability, in the same run.
 *
 *   store [--devices N] [--seconds N] [--sqlite FOLDER] [--pg CONNINFO] [--only KIND]
 *
 * A batch is 1,000 reports of 100 devices, sorted by shard and id: 1,000 rows of the transition log, 1,000 conditions,
 * 100 devices, 100 lanes, one commit. "tickets" opens one for each of 1,000
 * conditions instead; "health" is 1,000 reports of 8 measures, from 100 or from 1,000 devices. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "db.h"
#include "identity.h"
#include "sqlite_folder.h"
#include "store.h"

enum { BATCH = 1000, RECORD_BYTES = 95, MEASURES = 8 };

static struct {
    int devices, seconds;
    const char *folder, *conninfo, *only;
} options = {.devices = 20000, .seconds = 3, .folder = "build", .only = ""};

static struct device_row *fleet; /* by shard, then id */
static uint8_t record[RECORD_BYTES];
static const struct wall now = {1700000000000};
static uint64_t batches; /* so far: what makes each batch another one */

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Processor time of this process (SQLite: all of it; PostgreSQL: the client's part), s. */
static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int rc, const struct fail *f)
{
    if (rc == 0)
        return;
    fprintf(stderr, "%s\n", f->text);
    exit(1);
}

static int by_shard(const void *a, const void *b)
{
    const struct device_row *left = a, *right = b;

    return left->shard != right->shard ? left->shard - right->shard : strcmp(left->device, right->device);
}

static void make_fleet(void)
{
    fleet = calloc((size_t)options.devices, sizeof *fleet);
    if (!fleet)
        abort();
    for (int i = 0; i < options.devices; i++) {
        struct device_row *d = &fleet[i];
        snprintf(d->device, sizeof d->device, "bench-%06d", i);
        snprintf(d->product_line, sizeof d->product_line, "engine");
        snprintf(d->model, sizeof d->model, "D13");
        d->shard = identity_shard(d->device);
        d->epoch = UINT64_C(0x1234567890abcdef) + (uint64_t)i;
        d->session = 1;
        d->online = true;
        d->enrolled = d->last_seen = now;
    }
    qsort(fleet, (size_t)options.devices, sizeof *fleet, by_shard);
}

/* The i-th of the devices a batch is about: from all shards, in their order. */
static struct device_row *device_of(int i, int per_batch)
{
    return &fleet[((uint64_t)i * (uint64_t)(options.devices / per_batch) + batches) % (uint64_t)options.devices];
}

static struct condition_key key_of(int i)
{
    struct condition_key key = {.bus = "can0", .reporter = "j1939_name:00a1b2c3d4e5f607", .ns = "j1939"};

    snprintf(key.code, sizeof key.code, "%d", 100 + i);
    key.mode = 3;
    return key;
}

/* ---------------------------------------------------------------- the batches */

static int report_one(struct store *s, struct device_row *d, int i, struct fail *f)
{
    const struct condition_key key = key_of(i);
    const struct occurred when = {.at = {now.ms + (int64_t)batches}, .bound_ms = 5};
    struct condition c = {.key = key, .state = FAULT_PENDING, .class_ = CLASS_GENERAL, .epoch = d->epoch};
    const struct transition_row t = {.shard = d->shard,
        .device = d->device,
        .reported_by = d->device,
        .epoch = d->epoch,
        .number = batches,
        .key = &key,
        .to = FAULT_PENDING,
        .occurred = when,
        .received = now,
        .record = record,
        .record_bytes = sizeof record};

    c.number = batches;
    c.last_seen = c.first_seen = c.state_since = when.at;
    if (store_add_transition(s, &t, f) < 0)
        return -1;
    return store_put_condition(s, d->shard, d->device, &c, f);
}

static int report_batch(struct store *s, struct fail *f)
{
    for (int i = 0; i < 100; i++) {
        struct device_row *d = device_of(i, 100);
        const struct lane_row lane = {.epoch = d->epoch, .lane = LANE_FAULT, .next = batches * 10 + 11};
        for (int k = 0; k < 10; k++)
            if (report_one(s, d, k, f) < 0)
                return -1;
        if (store_put_lane(s, d->shard, d->device, &lane, f) < 0 || store_put_device(s, d, f) < 0)
            return -1;
    }
    return 0;
}

static int ticket_batch(struct store *s, struct fail *f)
{
    for (int i = 0; i < BATCH; i++) {
        struct device_row *d = device_of(i / 10, 100);
        struct ticket t = {.number.shard = d->shard,
            .key = key_of((int)(batches * 10 % 1000000) + i % 10),
            .state = TICKET_TRIAGED,
            .class_ = CLASS_GENERAL,
            .received = now,
            .opened = now,
            .last_seen = now,
            .occurrences = 1};
        const struct ticket_clock clocks[] = {{.kind = CLOCK_TRIAGE, .state = CLOCK_MET},
            {.kind = CLOCK_FIRST_RESPONSE, .state = CLOCK_RUNNING, .due = {now.ms + 7200000}}};
        struct ticket_number number;
        bool opened;
        memcpy(t.device, d->device, sizeof t.device);
        if (store_open_ticket(s, &t, clocks, countof(clocks), &number, &opened, f) < 0)
            return -1;
    }
    return 0;
}

static int health_batch_of(struct store *s, int devices, struct fail *f)
{
    static const char *const names[MEASURES] = {
        "coolant", "oil_pressure", "rpm", "fuel_rate", "battery", "boost", "exhaust", "load"};
    struct measure measures[MEASURES];
    const struct health h = {.interval_ms = 3600000,
        .measures = measures,
        .measure_count = MEASURES,
        .operating_hours = 1000,
        .restart_reason = ""};

    for (int k = 0; k < MEASURES; k++)
        measures[k] = (struct measure){
            .name = names[k], .unit = "kPa", .min = k, .mean = k + 1, .max = k + 2, .last = k, .count = 60};
    for (int i = 0; i < BATCH; i++) {
        const struct device_row *d = device_of(i / (BATCH / devices), devices);
        const struct occurred when = {.at = {now.ms + (int64_t)batches}};
        if (store_put_health(s, d->shard, d->device, when, &h, f) < 0)
            return -1;
    }
    return 0;
}

static int health_batch(struct store *s, struct fail *f)
{
    return health_batch_of(s, 1000, f);
}

static int backlog_batch(struct store *s, struct fail *f)
{
    return health_batch_of(s, 100, f);
}

/* ---------------------------------------------------------------- running and printing */

/* Rows a second of batches from begin to commit, for about options.seconds, and processor time a row in µs. */
static double rate_of(struct store *s, int (*batch)(struct store *s, struct fail *f), double *ret_cpu_us)
{
    struct fail f;
    double began = seconds(), end = began + options.seconds, cpu = cpu_seconds();
    uint64_t count = 0;

    do {
        must(store_begin(s, &f), &f);
        must(batch(s, &f), &f);
        must(store_commit(s, now, &f), &f);
        batches++;
        count++;
    } while (seconds() < end);
    *ret_cpu_us = (cpu_seconds() - cpu) * 1e6 / (double)(count * BATCH);
    return (double)(count * BATCH) / (seconds() - began);
}

/* The limit: one statement that appends the bytes a report's log row has, nothing else. */
static double append_rate(const struct store_settings *settings)
{
    struct db *db;
    struct fail f;
    uint8_t bytes[RECORD_BYTES + 100];

    memset(bytes, 7, sizeof bytes);
    must(db_open(settings, STORE_WRITE, &db, &f), &f);
    must(db_script(db,
             settings->driver == STORE_SQLITE ? "CREATE TABLE append (n BIGINT, bytes BLOB)"
                                              : "CREATE TABLE append (n BIGINT, bytes BYTEA)",
             &f),
        &f);
    double began = seconds(), end = began + options.seconds;
    uint64_t count = 0;
    do {
        must(db_begin(db, &f), &f);
        for (int i = 0; i < BATCH; i++) {
            const struct db_value values[] = {db_i64(i), db_bytes(bytes, sizeof bytes)};
            must(db_run(db, "INSERT INTO append (n, bytes) VALUES ($1, $2)", values, countof(values), &f), &f);
        }
        must(db_commit(db, &f), &f);
        count++;
    } while (seconds() < end);
    double rate = (double)(count * BATCH) / (seconds() - began);
    must(db_script(db, "DROP TABLE append", &f), &f);
    db_close(db);
    return rate;
}

static void measure(const char *name, const struct store_settings *settings)
{
    static const struct {
        const char *name;
        int (*batch)(struct store *s, struct fail *f);
    } kinds[] = {{"reports", report_batch}, {"tickets", ticket_batch}, {"health", health_batch},
        {"health backlog", backlog_batch}};
    struct store *s;
    struct fail f;

    double limit = append_rate(settings);
    printf("%-12s %-16s %9.0f/s\n", name, "append only", limit);
    must(store_open(settings, STORE_WRITE, &s, &f), &f);
    must(store_take_lease(s, "bench", now, 60000, &f), &f);
    for (size_t i = 0; i < countof(kinds); i++) {
        double cpu_us;
        if (*options.only && strcmp(options.only, kinds[i].name) != 0)
            continue;
        batches = 0;
        double rate = rate_of(s, kinds[i].batch, &cpu_us);
        printf(
            "%-12s %-16s %9.0f/s  ratio %.2f  CPU %5.1f us a row\n", name, kinds[i].name, rate, rate / limit, cpu_us);
        fflush(stdout);
    }
    store_close(s);
}

int main(int argc, char **argv)
{
    static const struct option names[] = {{"devices", required_argument, NULL, 'd'},
        {"seconds", required_argument, NULL, 's'}, {"sqlite", required_argument, NULL, 'q'},
        {"pg", required_argument, NULL, 'p'}, {"only", required_argument, NULL, 'o'}, {0}};
    int c;

    while ((c = getopt_long(argc, argv, "", names, NULL)) >= 0)
        switch (c) {
        case 'd':
            options.devices = atoi(optarg);
            break;
        case 's':
            options.seconds = atoi(optarg);
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
    memset(record, 0xa5, sizeof record);
    make_fleet();
    on_sqlite(options.folder, measure);
    if (options.conninfo)
        measure("PostgreSQL", &(struct store_settings){.driver = STORE_POSTGRESQL, .conninfo = options.conninfo});
    free(fleet);
    return 0;
}
