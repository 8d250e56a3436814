/* room.h: scratch memory of a calculation. Sizes come from arrays that the caller holds already, so a size that
 * overflows or cannot be had ends the process, as everywhere. */
#ifndef FAULTLINE_ROOM_H
#define FAULTLINE_ROOM_H

#include <stddef.h>

/* Room for n things of the given size, zeroed; free() (or autofree) gives it back. Never NULL, even for n = 0. */
void *room(size_t n, size_t size);

#endif
