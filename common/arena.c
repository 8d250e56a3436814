/* arena.c: see arena.h. */
#include "arena.h"

#include <stdalign.h>
#include <string.h>

void arena_init(struct arena *a, void *bytes, size_t size)
{
    *a = (struct arena){bytes, size, 0};
}

void arena_reset(struct arena *a)
{
    a->used = 0;
}

void *arena_take(struct arena *a, size_t n)
{
    const size_t align = alignof(max_align_t);
    size_t start = (a->used + align - 1) / align * align;

    if (start > a->size || n > a->size - start)
        return NULL;
    a->used = start + n;
    return a->bytes + start;
}

char *arena_text(struct arena *a, const char *bytes, size_t n)
{
    char *text = arena_take(a, n + 1);

    if (!text)
        return NULL;
    memcpy(text, bytes, n);
    text[n] = '\0';
    return text;
}
