/* lines.c: cuts a stream of bytes into lines. See lines.h. */
#include "lines.h"

#include <string.h>

static void keep(struct lines *l, const char *data, size_t n)
{
    if (n > sizeof l->bytes - l->used)
        l->too_long = true;
    if (l->too_long || n == 0)
        return;
    memcpy(l->bytes + l->used, data, n);
    l->used += n;
}

static void give(struct lines *l, const char **ret_line, size_t *ret_bytes)
{
    l->number++;
    *ret_line = l->too_long ? NULL : l->bytes;
    *ret_bytes = l->used;
    l->used = 0;
    l->too_long = false;
}

bool lines_next(struct lines *l, const char **data, size_t *n, const char **ret_line, size_t *ret_bytes)
{
    const char *end = *n ? memchr(*data, '\n', *n) : NULL;
    size_t taken = end ? (size_t)(end - *data) : *n;

    keep(l, *data, taken);
    *data += taken + (end != NULL);
    *n -= taken + (end != NULL);
    if (!end)
        return false;
    give(l, ret_line, ret_bytes);
    return true;
}

bool lines_last(struct lines *l, const char **ret_line, size_t *ret_bytes)
{
    if (l->used == 0 && !l->too_long)
        return false;
    give(l, ret_line, ret_bytes);
    return true;
}
