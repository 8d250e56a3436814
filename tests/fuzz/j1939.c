/* j1939.c (fuzz): any frames at any times: transport, claims, lists, and the fault monitor behind them.
 *
 * An input is a row of steps: milliseconds since the last (1 byte, x 8), identifier (4 bytes, little-endian; the upper 3
 * bits choose a group of interest), length (1 byte), data (8 bytes). */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "cleanup.h"
#include "j1939_bus.h"
#include "monitor.h"

enum { STEP_BYTES = 14 };

static int tell(void *ctx, const struct fault_report *r, const struct stamp *when, const char *actor, struct fail *f)
{
    unsigned *count = ctx;
    (void)when;

    assert(r->from != r->to && r->raw_bytes <= BOUND_RAW_BYTES && strlen(r->key.code) <= BOUND_CODE);
    assert(strlen(r->subject) <= BOUND_NAME && r->source_occurrences <= 126);
    assert((actor[0] != 0) == (r->to == FAULT_CLEARED));
    return ++*count % 97 == 0 ? fail_set(f, FAIL_FULL, "now and then") : 0;
}

static int on_list(void *ctx, const struct fault_list *l, const struct stamp *when, struct fail *f)
{
    return monitor_list(ctx, l, when, f);
}

static int on_silent(void *ctx, const struct reporter *r, const struct stamp *when, struct fail *f)
{
    return monitor_silent(ctx, r, when, f);
}

static int on_moved(void *ctx, const struct reporter *r, bool lost, const struct stamp *when, struct fail *f)
{
    (void)f;
    monitor_moved(ctx, r, lost, when);
    return 0;
}

static int on_cleared(void *ctx, const struct reporter *r, const char *ns, bool active, const char *actor,
    const struct stamp *when, struct fail *f)
{
    return monitor_clear_all(ctx, r, ns, active, actor, when, f);
}

static int on_inventory(void *ctx, const struct inventory *i, const struct stamp *when, struct fail *f)
{
    (void)ctx;
    (void)when;
    (void)f;
    for (size_t k = 0; k < i->part_count; k++)
        assert(strlen(i->parts[k].serial) <= BOUND_NAME && strlen(i->parts[k].position) <= BOUND_NAME);
    for (size_t k = 0; k < i->firmware_count; k++)
        assert(strlen(i->firmware[k].version) <= BOUND_NAME);
    return 0;
}

static uint32_t id_of(const uint8_t *at)
{
    static const uint32_t groups[8] = {
        0, 0x18ECFF00, 0x18EBFF00, 0x18FECA00, 0x18EEFF00, 0x18EC0100, 0x18EB0100, 0x18FEEB00};
    uint32_t id = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    uint32_t group = groups[id >> 29];

    return group ? group | (id & 3) : id & 0x1fffffff;
}

static void check_deadline(struct monitor *m, const struct stamp *now)
{
    struct mono due;
    struct fail f;

    if (monitor_deadline(m, &due) && due.ms <= now->mono.ms && monitor_tick(m, now, &f) == 0)
        assert(!monitor_deadline(m, &due) || due.ms > now->mono.ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    unsigned told = 0;
    struct monitor_settings s = monitor_settings_default();
    s.max_faults = 16;
    s.max_per_reporter = 8;
    struct monitor *m = monitor_new(&s, tell, &told);
    const struct source_sink sink = {.ctx = m,
        .list = on_list,
        .silent = on_silent,
        .moved = on_moved,
        .cleared = on_cleared,
        .inventory = on_inventory};
    struct j1939_bus *bus = j1939_bus_new("can0", &sink);
    struct stamp now = {.boot = 1};
    struct monitor_stats stats;

    for (; n >= STEP_BYTES; data += STEP_BYTES, n -= STEP_BYTES) {
        now.mono.ms += data[0] * 8;
        j1939_bus_frame(bus, id_of(data + 1), data + 6, data[5] % 9, &now);
        check_deadline(m, &now);
    }
    j1939_bus_gone(bus, &now);
    monitor_stats(m, &stats);
    assert(stats.faults <= 16 && monitor_count(m) <= stats.faults);
    j1939_bus_free(bus);
    monitor_free(m);
    return 0;
}
