/* times.c: the operating system behind struct clock and struct rng, and RFC 3339 text. See times.h. */
#include "times.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timex.h>
#include <time.h>

static int64_t read_ms(clockid_t which)
{
    struct timespec now;

    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct wall system_wall(void *ctx)
{
    (void)ctx;
    return (struct wall){read_ms(CLOCK_REALTIME)};
}

static struct mono system_mono(void *ctx)
{
    (void)ctx;
    /* BOOTTIME goes on in suspend, so that a record's age stays true. */
    return (struct mono){read_ms(CLOCK_BOOTTIME)};
}

static enum clock_quality system_quality(void *ctx)
{
    struct timex state = {0};
    (void)ctx;

    int rc = adjtimex(&state);
    if (rc >= 0 && rc != TIME_ERROR && !(state.status & STA_UNSYNC))
        return CLOCK_SYNCED;
    return CLOCK_KEPT;
}

const struct clock clock_system = {system_wall, system_mono, system_quality, NULL};

static void system_fill(void *ctx, void *bytes, size_t n)
{
    unsigned char *at = bytes;
    (void)ctx;

    while (n) {
        ssize_t got = getrandom(at, n, 0);

        if (got < 0) {
            if (errno == EINTR)
                continue;
            abort(); /* a kernel without getrandom(2) is not one we run on */
        }
        at += got;
        n -= (size_t)got;
    }
}

const struct rng rng_system = {system_fill, NULL};

uint64_t rng_u64(const struct rng *rng)
{
    uint64_t v;

    rng->fill(rng->ctx, &v, sizeof v);
    return v;
}

uint64_t rng_below(const struct rng *rng, uint64_t below)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % below;
    uint64_t v;

    do
        v = rng_u64(rng);
    while (v >= limit);
    return v % below;
}

/* Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant, "chrono-compatible low-level date
 * algorithms"). */
static int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    unsigned yoe = (unsigned)(y - era * 400);
    unsigned doy = (153 * (m + (m > 2 ? -3u : 9u)) + 2) / 5 + d - 1;
    unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + (int64_t)doe - 719468;
}

const char *times_format(struct wall t, char text[static TIMES_TEXT_BYTES])
{
    const int64_t first = days_from_civil(1, 1, 1) * 86400000;
    const int64_t last = days_from_civil(10000, 1, 1) * 86400000 - 1;
    int64_t ms = t.ms < first ? first : t.ms > last ? last : t.ms;
    int64_t s = ms / 1000 - (ms % 1000 < 0);
    time_t seconds = (time_t)s;
    struct tm tm;

    gmtime_r(&seconds, &tm);
    snprintf(text, TIMES_TEXT_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)(tm.tm_year + 1900) % 10000u,
        (unsigned)(tm.tm_mon + 1) % 100u, (unsigned)tm.tm_mday % 100u, (unsigned)tm.tm_hour % 100u,
        (unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u, (unsigned)(ms - s * 1000) % 1000u);
    return text;
}

/* Reads exactly n digits; moves at. */
static bool digits(const char **at, int n, int *ret)
{
    int v = 0;

    for (int i = 0; i < n; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        v = v * 10 + (**at - '0');
    }
    *ret = v;
    return true;
}

static bool skip(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

static bool parse_fraction(const char **at, int *ret_ms)
{
    int scale = 100;

    *ret_ms = 0;
    if (!skip(at, '.'))
        return true;
    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        *ret_ms += (**at - '0') * scale;
        scale /= 10;
    }
    return true;
}

static bool parse_zone(const char **at, int *ret_minutes)
{
    int h, m, sign = **at == '-' ? -1 : 1;

    *ret_minutes = 0;
    if (skip(at, 'Z'))
        return true;
    if (!skip(at, '+') && !skip(at, '-'))
        return false;
    if (!digits(at, 2, &h) || !skip(at, ':') || !digits(at, 2, &m) || h > 23 || m > 59)
        return false;
    *ret_minutes = sign * (h * 60 + m);
    return true;
}

bool times_parse(const char *text, struct wall *ret_t)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y, mo, d, h, mi, s, ms, zone;

    if (!digits(&text, 4, &y) || !skip(&text, '-') || !digits(&text, 2, &mo) || !skip(&text, '-') ||
        !digits(&text, 2, &d) || (!skip(&text, 'T') && !skip(&text, ' ')) || !digits(&text, 2, &h) ||
        !skip(&text, ':') || !digits(&text, 2, &mi) || !skip(&text, ':') || !digits(&text, 2, &s) ||
        !parse_fraction(&text, &ms) || !parse_zone(&text, &zone) || *text)
        return false;
    bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    if (y < 1 || mo < 1 || mo > 12 || d < 1 || d > month_days[mo - 1] + (mo == 2 && leap) || h > 23 || mi > 59 ||
        s > 60)
        return false;
    int64_t days = days_from_civil(y, (unsigned)mo, (unsigned)d);
    ret_t->ms = ((days * 24 + h) * 60 + mi - zone) * 60000 + (int64_t)s * 1000 + ms;
    return true;
}
