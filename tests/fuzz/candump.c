/* candump.c (fuzz): any bytes as a recording: lines and frames. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "canlog.h"

/* What was read can be written and read again to the same. */
static void check_frame(const struct can_frame_read *f)
{
    struct can_frame_read again;
    const char *why;
    char line[128];
    int n;

    assert(f->length <= CAN_DATA_BYTES && f->id <= 0x1fffffff && strlen(f->interface) < sizeof f->interface);
    assert(!f->timed || (f->time_us >= 0 && f->time_us <= CANLINE_TIME_MAX_US));
    if (!f->interface[0] || strchr(f->interface, '#') || f->interface[0] == ';' ||
        strchr("(0123456789", f->interface[0]))
        return; /* cannot be told from other parts of the line in the other writing */
    n = snprintf(line, sizeof line, "(%lld.%06lld) %s %08X#", (long long)(f->time_us / 1000000),
        (long long)(f->time_us % 1000000), f->interface, f->id);
    for (unsigned i = 0; i < f->length; i++)
        n += snprintf(line + n, sizeof line - (size_t)n, "%02x", f->data[i]);
    assert(canline_parse(line, (size_t)n, &again, &why) == CANLINE_FRAME);
    assert(again.id == f->id && again.length == f->length && memcmp(again.data, f->data, f->length) == 0);
    assert(again.time_us == f->time_us && strcmp(again.interface, f->interface) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct canlog log;
    struct canlog_time time = {.started = false};
    struct can_frame_read f;
    const char *at = (const char *)data;
    int64_t before = 0, passed;

    canlog_init(&log, NULL, NULL);
    while (canlog_next(&log, &at, &n, &f)) {
        check_frame(&f);
        passed = canlog_passed(&time, f.time_us);
        assert(passed >= before);
        before = passed;
    }
    if (canlog_last(&log, &f))
        check_frame(&f);
    assert(log.stats.lines == log.stats.frames + log.stats.ignored + log.stats.malformed + log.stats.duplicates);
    return 0;
}
