/* store_health.c: health as one row a device and day: figures of the latest report and a rollup of each measure.
 *
 * The measures of a day are packed into one column: a row a measure would cost an upsert a measure and a report.
 * Format 1, little endian: u8 1, then for each measure: u8 length and name, u8 length and unit, i64 last value's
 * moment (ms), u64 samples, f64 minimum, maximum, sum, last. A measure not seen yet on a new day is carried over with
 * no samples, so the newest day always holds all latest values. */
#include "store_inside.h"

#include <assert.h>
#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    FORMAT = 1,
    NUMBERS = 6,
    PACKED_MAX = 1 + HEALTH_DAY_MEASURES * (1 + BOUND_NAME + 1 + BOUND_UNIT + NUMBERS * 8),
};
static const int64_t day_ms = 86400000;

/* ---------------------------------------------------------------- packing */

struct packer {
    uint8_t *at;
};

static void put_word(struct packer *p, uint64_t word)
{
    word = htole64(word);
    memcpy(p->at, &word, sizeof word);
    p->at += sizeof word;
}

static void put_real(struct packer *p, double value)
{
    uint64_t word;

    memcpy(&word, &value, sizeof word);
    put_word(p, word);
}

static void put_text(struct packer *p, const char *text)
{
    size_t n = strlen(text);

    *p->at++ = (uint8_t)n;
    memcpy(p->at, text, n);
    p->at += n;
}

static size_t pack(const struct measure_day *measures, size_t count, uint8_t *to)
{
    struct packer p = {to};

    *p.at++ = FORMAT;
    for (const struct measure_day *m = measures; m < measures + count; m++) {
        put_text(&p, m->name);
        put_text(&p, m->unit);
        put_word(&p, (uint64_t)m->at.ms);
        put_word(&p, m->count);
        put_real(&p, m->min);
        put_real(&p, m->max);
        put_real(&p, m->sum);
        put_real(&p, m->last);
    }
    return (size_t)(p.at - to);
}

struct unpacker {
    const uint8_t *at, *end;
    bool bad;
};

static uint64_t get_word(struct unpacker *u)
{
    uint64_t word = 0;

    if (u->end - u->at < (ptrdiff_t)sizeof word) {
        u->bad = true;
        return 0;
    }
    memcpy(&word, u->at, sizeof word);
    u->at += sizeof word;
    return le64toh(word);
}

static double get_number(struct unpacker *u)
{
    uint64_t word = get_word(u);
    double value;

    memcpy(&value, &word, sizeof value);
    return value;
}

static void get_string(struct unpacker *u, char *to, size_t size)
{
    to[0] = '\0';
    size_t n = u->at < u->end ? *u->at : SIZE_MAX;
    if (n >= size || (size_t)(u->end - u->at) < 1 + n) {
        u->bad = true;
        return;
    }
    memcpy(to, u->at + 1, n);
    to[n] = '\0';
    u->at += 1 + n;
}

static int unpack(const uint8_t *bytes, size_t n, struct measure_day *measures, size_t *ret_count, struct fail *f)
{
    struct unpacker u = {.at = bytes + 1, .end = bytes + n, .bad = n < 1 || bytes[0] != FORMAT};
    size_t count = 0;

    while (!u.bad && u.at < u.end && count < HEALTH_DAY_MEASURES) {
        struct measure_day *m = &measures[count++];
        get_string(&u, m->name, sizeof m->name);
        get_string(&u, m->unit, sizeof m->unit);
        m->at.ms = (int64_t)get_word(&u);
        m->count = get_word(&u);
        m->min = get_number(&u);
        m->max = get_number(&u);
        m->sum = get_number(&u);
        m->last = get_number(&u);
    }
    if (u.bad || u.at != u.end)
        return fail_set(f, FAIL_CORRUPT, "measures of a day of health are damaged");
    *ret_count = count;
    return 0;
}

/* ---------------------------------------------------------------- rows */

#define COLUMNS                                                                                                        \
    "shard, device, day, at_ms, bound_ms, reports, covered_ms, operating_hours, cycles, uptime_ms, restarts, "         \
    "restart_reason, spool_used_bytes, spool_limit_bytes, dropped_count, refused_count, flash_written_bytes, measures"

static int get_day(const struct db_rows *rows, struct health_day *ret, struct measure_day *measures, struct fail *f)
{
    size_t bytes;

    ret->day = db_get_i64(rows, 2);
    ret->when = (struct occurred){.at = store_get_wall(rows, 3), .bound_ms = db_get_i64(rows, 4)};
    ret->reports = (uint64_t)db_get_i64(rows, 5);
    ret->covered_ms = (uint64_t)db_get_i64(rows, 6);
    ret->operating_hours = db_get_real(rows, 7);
    ret->cycles = (uint64_t)db_get_i64(rows, 8);
    ret->uptime_ms = (uint64_t)db_get_i64(rows, 9);
    ret->restarts = (uint32_t)db_get_i64(rows, 10);
    store_copy(rows, 11, ret->restart_reason);
    ret->spool_used_bytes = (uint64_t)db_get_i64(rows, 12);
    ret->spool_limit_bytes = (uint64_t)db_get_i64(rows, 13);
    ret->dropped_count = (uint64_t)db_get_i64(rows, 14);
    ret->refused_count = (uint64_t)db_get_i64(rows, 15);
    ret->flash_written_bytes = (uint64_t)db_get_i64(rows, 16);
    const uint8_t *packed = db_get_bytes(rows, 17, &bytes);
    ret->measures = measures;
    return unpack(packed, bytes, measures, &ret->measure_count, f);
}

int store_health_flush(struct store *s, struct fail *f)
{
    static const char sql[] =
        "INSERT INTO health_day (" COLUMNS ") "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) "
        "ON CONFLICT (shard, device, day) DO UPDATE SET "
        "at_ms = excluded.at_ms, bound_ms = excluded.bound_ms, reports = excluded.reports, "
        "covered_ms = excluded.covered_ms, operating_hours = excluded.operating_hours, cycles = excluded.cycles, "
        "uptime_ms = excluded.uptime_ms, restarts = excluded.restarts, restart_reason = excluded.restart_reason, "
        "spool_used_bytes = excluded.spool_used_bytes, spool_limit_bytes = excluded.spool_limit_bytes, "
        "dropped_count = excluded.dropped_count, refused_count = excluded.refused_count, "
        "flash_written_bytes = excluded.flash_written_bytes, measures = excluded.measures";
    const struct health_day *day = &s->pending.row;
    uint8_t packed[PACKED_MAX] uncleared;

    if (!s->pending.used)
        return 0;
    s->pending.used = false;
    const struct db_value values[] = {db_i64(day->shard), db_text(s->pending.device), db_i64(day->day),
        db_wall(day->when.at), db_i64(day->when.bound_ms), db_u64(day->reports), db_u64(day->covered_ms),
        db_real(day->operating_hours), db_u64(day->cycles), db_u64(day->uptime_ms), db_i64(day->restarts),
        db_text(day->restart_reason), db_u64(day->spool_used_bytes), db_u64(day->spool_limit_bytes),
        db_u64(day->dropped_count), db_u64(day->refused_count), db_u64(day->flash_written_bytes),
        db_bytes(packed, pack(s->pending.measures, day->measure_count, packed))};
    return db_run(s->db, sql, values, countof(values), f);
}

/* ---------------------------------------------------------------- adding a report */

/* A new day knows the latest values of the days before it, but has no samples. */
static void start_day(struct health_day *day, struct measure_day *measures)
{
    day->reports = 0;
    day->covered_ms = 0;
    for (size_t i = 0; i < day->measure_count; i++) {
        measures[i].count = 0;
        measures[i].min = measures[i].max = measures[i].sum = 0;
    }
}

/* Makes the day of the device the pending one, as the database has it. */
static int load(struct store *s, uint8_t shard, const char *device, int64_t day, struct fail *f)
{
    static const char sql[] = "SELECT " COLUMNS " FROM health_day "
                              "WHERE shard = $1 AND device = $2 AND day <= $3 ORDER BY day DESC LIMIT 1";
    const struct db_value values[] = {db_i64(shard), db_text(device), db_i64(day)};
    autodone struct db_rows rows = {0};
    struct health_day row = {.when.at.ms = INT64_MIN, .measures = s->pending.measures};
    bool found;

    if (db_query(s->db, sql, values, countof(values), &rows, f) < 0 || db_next(&rows, &found, f) < 0)
        return -1;
    if (found && get_day(&rows, &row, s->pending.measures, f) < 0)
        return -1;
    if (row.day != day || !found)
        start_day(&row, s->pending.measures);
    row.shard = shard;
    row.day = day;
    snprintf(s->pending.device, sizeof s->pending.device, "%s", device);
    s->pending.row = row;
    s->pending.used = true;
    return 0;
}

/* The measure's place: where it was, else a new one, else that of the one not seen for longest. hint is where it stands
 * when the device reports the same list as ever. */
static struct measure_day *place_of(struct store *s, const char *name, size_t hint)
{
    struct measure_day *measures = s->pending.measures, *oldest = measures;
    size_t *count = &s->pending.row.measure_count;

    if (hint < *count && strcmp(measures[hint].name, name) == 0)
        return &measures[hint];
    for (struct measure_day *m = measures; m < measures + *count; m++) {
        if (strcmp(m->name, name) == 0)
            return m;
        if (m->at.ms < oldest->at.ms)
            oldest = m;
    }
    if (*count < HEALTH_DAY_MEASURES)
        oldest = &measures[(*count)++];
    memset(oldest, 0, sizeof *oldest);
    snprintf(oldest->name, sizeof oldest->name, "%s", name);
    oldest->at.ms = INT64_MIN;
    return oldest;
}

static void add_measure(struct measure_day *to, const struct measure *m, struct wall at)
{
    if (m->count > 0) {
        to->min = to->count > 0 ? fmin(to->min, m->min) : m->min;
        to->max = to->count > 0 ? fmax(to->max, m->max) : m->max;
        to->sum += m->mean * m->count;
        to->count += m->count;
    }
    if (at.ms < to->at.ms)
        return;
    to->at = at;
    to->last = m->last;
    snprintf(to->unit, sizeof to->unit, "%s", m->unit);
}

static void add_report(struct health_day *day, struct occurred when, const struct health *h)
{
    day->reports++;
    day->covered_ms += h->interval_ms;
    if (when.at.ms < day->when.at.ms)
        return;
    day->when = when;
    day->operating_hours = h->operating_hours;
    day->cycles = h->cycles;
    day->uptime_ms = h->uptime_ms;
    day->restarts = h->restarts;
    snprintf(day->restart_reason, sizeof day->restart_reason, "%s", h->restart_reason);
    day->spool_used_bytes = h->spool_used_bytes;
    day->spool_limit_bytes = h->spool_limit_bytes;
    day->dropped_count = h->dropped_count;
    day->refused_count = h->refused_count;
    day->flash_written_bytes = h->flash_written_bytes;
}

static int64_t day_of(struct wall at)
{
    return at.ms / day_ms - (at.ms % day_ms < 0);
}

int store_put_health(
    struct store *s, uint8_t shard, const char *device, struct occurred when, const struct health *h, struct fail *f)
{
    struct store_pending *p = &s->pending;
    int64_t day = day_of(when.at);

    assert(s->in_transaction && h->measure_count <= BOUND_HEALTH_MEASURES);
    if (!p->used || p->row.day != day || p->row.shard != shard || strcmp(p->device, device) != 0)
        if (store_health_flush(s, f) < 0 || load(s, shard, device, day, f) < 0)
            return -1;
    add_report(&p->row, when, h);
    for (size_t i = 0; i < h->measure_count; i++)
        add_measure(place_of(s, h->measures[i].name, i), &h->measures[i], when.at);
    return 0;
}

/* ---------------------------------------------------------------- reading */

int store_each_health_day(struct store *s, uint8_t shard, const char *device, int limit,
    bool (*each)(void *ctx, const struct health_day *row), void *ctx, struct fail *f)
{
    static const char sql[] = "SELECT " COLUMNS " FROM health_day WHERE shard = $1 AND device = $2 "
                              "ORDER BY day DESC LIMIT $3";
    const struct db_value values[] = {db_i64(shard), db_text(device), db_i64(limit)};
    struct measure_day measures[HEALTH_DAY_MEASURES];
    struct health_day row = {.shard = shard};
    autodone struct db_rows rows = {0};
    bool found;

    assert(limit >= 1);
    if (store_health_flush(s, f) < 0 || db_query(s->db, sql, values, countof(values), &rows, f) < 0)
        return -1;
    while (db_next(&rows, &found, f) == 0) {
        if (!found)
            return 0;
        if (get_day(&rows, &row, measures, f) < 0)
            return -1;
        if (!each(ctx, &row))
            return 0;
    }
    return -1;
}
