/* fail.h: the one error type. It stands on the caller's stack and is the last argument of every function that can
 * fail; such a function returns 0 or -1, is must_check, and leaves its outputs untouched when it returns -1.
 *
 * It is set once, where the failure happens; each caller on the way up may put context in front; the edge logs it
 * once: "saving ticket 17: commit: disk full". Our own bugs are asserts, never fails; running out of memory ends the
 * process (every size from outside was capped first, see bounds.h). No function here allocates or blocks. */
#ifndef FAULTLINE_FAIL_H
#define FAULTLINE_FAIL_H

#include "cleanup.h"

/* Stable kinds. The process that dies of one exits with fail_exit_status(). */
enum fail_code {
    FAIL_NONE = 0,
    FAIL_USAGE,     /* wrong arguments on a command line */
    FAIL_SETTINGS,  /* a settings file is wrong; the text names file, line, key and what is allowed */
    FAIL_INPUT,     /* bytes from outside that break a rule; the text names the place */
    FAIL_LIMIT,     /* input above a bound of bounds.h or a setting; the text names limit and value */
    FAIL_CORRUPT,   /* our own stored data fails its check */
    FAIL_NEWER,     /* stored data or a peer is of a version this program does not know */
    FAIL_NOT_FOUND, /* what was asked for does not exist */
    FAIL_CONFLICT,  /* somebody else changed or holds it */
    FAIL_DENIED,    /* not allowed */
    FAIL_PEER,      /* the other side went away or misbehaved; trying again later may help */
    FAIL_IO,        /* the operating system refused: sys holds errno */
    FAIL_FULL,      /* no space left (disk, quota, or the spool's own cap) */
    FAIL_HELD,      /* taken in, but for now in memory only: nothing is promised yet */
};

struct fail {
    enum fail_code code;
    int sys; /* errno where the operating system spoke, else 0 */
    char text[256];
};

/* Sets f; returns -1 so that "return fail_set(...)" reads well. The text is cut at 255 bytes. */
int fail_set(struct fail *f, enum fail_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* As fail_set, with ": " and the text of errno behind it. ENOSPC and EDQUOT become FAIL_FULL, the rest FAIL_IO. */
int fail_sys(struct fail *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "context: " in front of the text that is there; returns -1. */
int fail_add(struct fail *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__
/* The analyzer sees one file at a time; this is what it has to know of the other. */
#define fail_set(...) (fail_set(__VA_ARGS__), -1)
#define fail_sys(...) (fail_sys(__VA_ARGS__), -1)
#define fail_add(...) (fail_add(__VA_ARGS__), -1)
#endif

/* The word for a code, such as "settings"; never NULL. */
const char *fail_word(enum fail_code code);

/* The exit status of a daemon that ends because of code (sysexits.h where it has one). 0 for FAIL_NONE. */
int fail_exit_status(enum fail_code code);

#endif
