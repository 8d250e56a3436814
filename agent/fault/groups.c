/* groups.c: root causes, one open group a bus. See groups.h. */
#include "groups.h"

#include <string.h>

static struct group *of_bus(struct groups *g, const char *bus)
{
    struct group *oldest = &g->items[0];

    for (size_t i = 0; i < GROUPS_COUNT; i++) {
        struct group *item = &g->items[i];

        if (item->subject[0] && strcmp(item->bus, bus) == 0)
            return item;
        if (!item->subject[0] || (oldest->subject[0] && item->named.ms < oldest->named.ms))
            oldest = item;
    }
    return oldest;
}

void groups_name(struct groups *g, const char *bus, const char *subject, struct mono now)
{
    struct group *item = of_bus(g, bus);

    *item = (struct group){.named = now};
    strncpy(item->bus, bus, sizeof item->bus - 1);
    strncpy(item->subject, subject, sizeof item->subject - 1);
}

const char *groups_subject(const struct groups *g, const char *bus, struct mono now, int64_t window_ms)
{
    for (size_t i = 0; i < GROUPS_COUNT; i++) {
        const struct group *item = &g->items[i];

        if (item->subject[0] && strcmp(item->bus, bus) == 0 && now.ms - item->named.ms <= window_ms)
            return item->subject;
    }
    return "";
}
