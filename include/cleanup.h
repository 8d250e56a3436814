/* cleanup.h: scope cleanup for the two things every function forgets, memory and descriptors.
 *
 *     autofree char *text = strdup(name);
 *     autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
 *
 * The value is released when the variable leaves scope. To hand it on: return take_ptr(text) / take_fd(&fd). */
#ifndef FAULTLINE_CLEANUP_H
#define FAULTLINE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
    free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define autofree __attribute__((cleanup(cleanup_free)))
#define autoclose __attribute__((cleanup(cleanup_close)))

/* Gives the pointer away and leaves NULL behind. */
#define take_ptr(p)                                                                                                    \
    __extension__({                                                                                                    \
        __typeof__(p) take_ptr_ = (p);                                                                                 \
        (p) = NULL;                                                                                                    \
        take_ptr_;                                                                                                     \
    })

/* Gives the descriptor away and leaves -1 behind. */
static inline int take_fd(int *fd)
{
    int out = *fd;

    *fd = -1;
    return out;
}

#define countof(a) (sizeof(a) / sizeof((a)[0]))
#define must_check __attribute__((warn_unused_result))

/* For large buffers that are written before they are read: clearing them, as the build does for all variables, would
 * cost more than their use. */
#define uncleared __attribute__((uninitialized))

#endif
