/* figures.c: see figures.h. Samples of one name follow each other, as OpenMetrics wants it. */
#include "figures.h"

#include <stdio.h>

#include "cleanup.h"
#include "log.h"
#include "record.h"

struct out {
    void (*emit)(void *sink, const struct api_metric *sample);
    void *sink;
};

static void put(const struct out *o, const char *name, const char *help, bool is_counter, const char *label,
    const char *value, double number)
{
    const struct api_metric sample = {.name = name,
        .help = help,
        .kind = is_counter ? API_COUNTER : API_GAUGE,
        .label = label,
        .label_value = value,
        .value = number};

    o->emit(o->sink, &sample);
}

static void put_plain(const struct metrics *m, const struct out *o)
{
    const struct {
        const char *name, *help;
        const counter *value;
        bool is_gauge;
    } rows[] = {
        {"uplinks", "Messages from devices.", &m->uplinks, false},
        {"duplicates", "Records that were stored already.", &m->duplicates, false},
        {"holes", "Records behind a hole: not stored, asked for again.", &m->holes, false},
        {"health_put_off", "Health records put off under load.", &m->shed, false},
        {"receipts", "Receipts sent.", &m->receipts, false},
        {"receipts_failed", "Receipts that could not be sent; the device asks again.", &m->receipts_failed, false},
        {"batches", "Transactions with uplinks.", &m->batches, false},
        {"tickets_opened", "Tickets opened by reports.", &m->tickets_opened, false},
        {"tickets_joined", "Confirmations that joined an open ticket.", &m->tickets_joined, false},
        {"tickets_raised", "Open tickets whose class rose with a repeat.", &m->tickets_raised, false},
        {"tickets_suppressed", "Confirmations without a ticket, by catalogue or flapping.", &m->suppressed, false},
        {"clocks_breached", "Clocks that ran past their due.", &m->clocks_breached, false},
        {"devices_enrolled", "Devices registered by their first report.", &m->devices_enrolled, false},
        {"spool_resets", "New spools of known devices.", &m->spool_resets, false},
        {"devices_silent", "Devices that fell silent without a last will.", &m->devices_silent, false},
        {"cloned_identities", "Devices found to share one identity.", &m->clones, false},
        {"numbers_reused", "Records sent under numbers that stand for others: an older copy of a spool.",
            &m->numbers_reused, false},
        {"snapshots_asked", "Snapshots asked of devices after a loss.", &m->snapshots_asked, false},
        {"broker_connects", "Connections to the broker.", &m->connects, false},
        {"queue_depth", "Batches that wait for the writer.", &m->queue_depth, true},
        {"cached_devices", "Devices in the writer's working set.", &m->cached_devices, true},
    };

    put(o, "log_lines_dropped", "Log lines that standard error did not take.", true, NULL, NULL, (double)log_dropped());
    for (size_t i = 0; i < countof(rows); i++)
        put(o, rows[i].name, rows[i].help, !rows[i].is_gauge, NULL, NULL, (double)metrics_get(rows[i].value));
}

static void put_commits(const struct metrics *m, const struct out *o)
{
    uint64_t sum = 0;
    char limit[16];

    for (unsigned i = 0; i <= METRICS_COMMIT_BUCKETS; i++) {
        sum += metrics_get(&m->commits[i]);
        if (i < METRICS_COMMIT_BUCKETS)
            snprintf(limit, sizeof limit, "%g", metrics_commit_ms[i] / 1000.0);
        else
            snprintf(limit, sizeof limit, "+Inf");
        put(o, "commits_within", "Transactions by duration in seconds, cumulative.", true, "le", limit, (double)sum);
    }
    put(o, "commit_seconds", "Time spent in transactions.", true, NULL, NULL, (double)metrics_get(&m->commit_us) / 1e6);
}

void figures_emit(const struct metrics *m, void (*emit)(void *sink, const struct api_metric *sample), void *sink)
{
    const struct out o = {emit, sink};

    put_plain(m, &o);
    for (enum record_kind kind = 0; kind < RECORD_KIND_COUNT; kind++)
        put(&o, "records_stored", "Records stored, by kind.", true, "kind", record_word(kind),
            (double)metrics_get(&m->stored[kind]));
    for (enum refusal why = REFUSAL_NONE + 1; why < REFUSAL_COUNT; why++)
        put(&o, "refused", "Messages and records refused, by reason.", true, "reason", refusal_word(why),
            (double)metrics_get(&m->refused[why]));
    put_commits(m, &o);
    put(&o, "broker_connected", "1 while subscribed at the broker.", false, NULL, NULL, atomic_load(&m->is_connected));
}
