/* policy.c: see policy.h. The table has a handful of lines per product line; it is walked. */
#include "policy.h"

#include <string.h>

static bool is_better(const struct clock_policy *p, const struct clock_policy *best)
{
    bool named = *p->product_line, best_named = best && *best->product_line;

    if (!best || named != best_named)
        return !best || named;
    return p->version > best->version;
}

const struct clock_policy *policy_find(const struct clock_policy *table, size_t count, const char *product_line,
    enum ticket_class class_, enum clock_kind kind)
{
    const struct clock_policy *best = NULL;

    for (const struct clock_policy *p = table; p < table + count; p++)
        if (p->class_ == class_ && p->kind == kind &&
            (!*p->product_line || strcmp(p->product_line, product_line) == 0) && is_better(p, best))
            best = p;
    return best;
}
