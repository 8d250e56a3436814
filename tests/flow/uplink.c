/* uplink.c: writes one uplink to standard output, as a device would publish it, for tests that play the device.
 *
 *   uplink [KEY=VALUE…]
 *     epoch, session   of the message; 1 and 1 when left out
 *     first, last      numbers of the fault records in it, 1 to 1; last=0: none
 *     code, component  of the faults; with count in the code: %u becomes the record's number
 *     to               state that the fault went to, "confirmed"
 *     class            that the application asks for
 *     behind           device behind the gateway that is concerned
 *     wall_ms          the device's wall time, of anchor and records; now
 *     clock            how far it is to be trusted: none, kept or synced; synced
 *     death=1          the last will instead of records
 *
 * A message larger than a device may send is written as well. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

enum { MESSAGE_BYTES = 256 * 1024 };

struct wanted {
    struct uplink uplink;
    uint64_t first, last;
    const char *code, *component, *behind;
    enum fault_state to;
    enum ticket_class class_;
};

static _Noreturn void give_up(const char *what, const char *value)
{
    fprintf(stderr, "uplink: %s: %s\n", what, value);
    exit(2);
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 0);

    if (!*text || *end)
        give_up("not a number", text);
    return value;
}

static enum clock_quality quality(const char *word)
{
    static const char *const words[] = {[CLOCK_NONE] = "none", [CLOCK_KEPT] = "kept", [CLOCK_SYNCED] = "synced"};

    for (unsigned i = 0; i < countof(words); i++)
        if (strcmp(words[i], word) == 0)
            return (enum clock_quality)i;
    give_up("not a clock", word);
}

static void take(struct wanted *w, const char *key, const char *value)
{
    if (strcmp(key, "epoch") == 0)
        w->uplink.epoch = number(value);
    else if (strcmp(key, "session") == 0)
        w->uplink.session = (uint32_t)number(value);
    else if (strcmp(key, "first") == 0)
        w->first = number(value);
    else if (strcmp(key, "last") == 0)
        w->last = number(value);
    else if (strcmp(key, "code") == 0)
        w->code = value;
    else if (strcmp(key, "component") == 0)
        w->component = value;
    else if (strcmp(key, "behind") == 0)
        w->behind = value;
    else if (strcmp(key, "wall_ms") == 0)
        w->uplink.anchor.wall.ms = strtoll(value, NULL, 10);
    else if (strcmp(key, "clock") == 0)
        w->uplink.anchor.quality = quality(value);
    else if (strcmp(key, "death") == 0)
        w->uplink.death = true;
    else if (strcmp(key, "to") == 0 ? !fault_state_from_word(value, &w->to)
                                    : strcmp(key, "class") != 0 || !class_from_word(value, &w->class_))
        give_up("not a key or value", key);
}

/* The code with the record's number in the place of "%u". */
static const char *code_of(const struct wanted *w, uint64_t n, char *text, size_t size)
{
    const char *at = strstr(w->code, "%u");

    if (at)
        snprintf(text, size, "%.*s%llu%s", (int)(at - w->code), w->code, (unsigned long long)n, at + 2);
    else
        snprintf(text, size, "%s", w->code);
    return text;
}

static size_t add_record(const struct wanted *w, uint64_t n, uint8_t *message, size_t used)
{
    char code[BOUND_CODE + 1];
    uint8_t bytes[BOUND_RECORD_BYTES];
    size_t size;
    struct fail f;
    struct record r = {.lane = LANE_FAULT,
        .number = n,
        .stamp = w->uplink.anchor,
        .behind = w->behind,
        .kind = RECORD_FAULT,
        .fault = {.key = {.bus = "", .ns = "app", .code = code_of(w, n, code, sizeof code), .component = w->component},
            .subject = "",
            .from = FAULT_PENDING,
            .to = w->to,
            .lamps = LAMPS_NONE,
            .source_occurrences = OCCURRENCES_NONE,
            .occurrences = 1,
            .class_hint = w->class_}};

    if (codec_record_encode(&r, bytes, sizeof bytes, &size, &f))
        give_up("record", f.text);
    used = codec_uplink_add(message, used, MESSAGE_BYTES, bytes, size);
    if (!used)
        give_up("too many", "records");
    return used;
}

int main(int argc, char **argv)
{
    static uint8_t message[MESSAGE_BYTES];
    const struct clock *c = &clock_system;
    struct wanted w = {.uplink = {1, 1, {1, c->mono(c->ctx), c->wall(c->ctx), CLOCK_SYNCED}, false, NULL, 0},
        .first = 1,
        .last = 1,
        .code = "E4",
        .component = "",
        .behind = "",
        .to = FAULT_CONFIRMED};

    for (int i = 1; i < argc; i++) {
        char *equals = strchr(argv[i], '=');

        if (!equals)
            give_up("not KEY=VALUE", argv[i]);
        *equals = '\0';
        take(&w, argv[i], equals + 1);
    }
    size_t used = codec_uplink_begin(&w.uplink, message, sizeof message);
    for (uint64_t n = w.first; n <= w.last && !w.uplink.death; n++)
        used = add_record(&w, n, message, used);
    return fwrite(message, 1, used, stdout) == used && fflush(stdout) == 0 ? 0 : 1;
}
