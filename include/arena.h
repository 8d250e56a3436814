/* arena.h: memory for the life of one message or one request: taken in a line, given back all at once.
 *
 * A fixed block, never grown: when it is full arena_take() returns NULL and the message is refused, which is the
 * ceiling that protobuf-c lacks. Not thread-safe; one arena belongs to one thread. */
#ifndef FAULTLINE_ARENA_H
#define FAULTLINE_ARENA_H

#include <stddef.h>

struct arena {
    unsigned char *bytes; /* owned by whoever called arena_init() */
    size_t size;
    size_t used;
};

/* Uses size bytes at bytes (borrowed until the arena is no longer used). */
void arena_init(struct arena *a, void *bytes, size_t size);

/* Forgets everything taken. Pointers into the arena are dead from here. */
void arena_reset(struct arena *a);

/* n bytes, aligned for any type, not zeroed; NULL when they do not fit. n may be 0. */
void *arena_take(struct arena *a, size_t n);

/* A NUL-terminated copy of n bytes; NULL when it does not fit. */
char *arena_text(struct arena *a, const char *bytes, size_t n);

#endif
