/* room.c: memory, or the end of the process. */
#include "room.h"

#include <stdlib.h>

void *room(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);

    if (!p)
        abort(); /* out of memory */
    return p;
}
