/* fail.c: setting, extending and naming the one error type. See fail.h. */
#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const struct {
    const char *word;
    int exit_status;
} kinds[] = {
    [FAIL_NONE] = {"none", 0},
    [FAIL_USAGE] = {"usage", EX_USAGE},
    [FAIL_SETTINGS] = {"settings", EX_CONFIG},
    [FAIL_INPUT] = {"input", EX_DATAERR},
    [FAIL_LIMIT] = {"limit", EX_DATAERR},
    [FAIL_CORRUPT] = {"corrupt", EX_SOFTWARE},
    [FAIL_NEWER] = {"newer", EX_PROTOCOL},
    [FAIL_NOT_FOUND] = {"not_found", EX_NOINPUT},
    [FAIL_CONFLICT] = {"conflict", EX_TEMPFAIL},
    [FAIL_DENIED] = {"denied", EX_NOPERM},
    [FAIL_PEER] = {"peer", EX_UNAVAILABLE},
    [FAIL_IO] = {"io", EX_IOERR},
    [FAIL_FULL] = {"full", EX_CANTCREAT},
    [FAIL_HELD] = {"held", EX_TEMPFAIL},
};

/* The names stand in parentheses because fail.h has macros of them for the analyzer. */
int(fail_set)(struct fail *f, enum fail_code code, const char *format, ...)
{
    va_list args;

    f->code = code;
    f->sys = 0;
    va_start(args, format);
    vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
    return -1;
}

/* What does not fit is cut. */
static void append(struct fail *f, const char *more)
{
    size_t at = strlen(f->text);

    snprintf(f->text + at, sizeof f->text - at, "%s", more);
}

int(fail_sys)(struct fail *f, const char *format, ...)
{
    int sys = errno;
    va_list args;

    f->code = sys == ENOSPC || sys == EDQUOT ? FAIL_FULL : FAIL_IO;
    f->sys = sys;
    va_start(args, format);
    vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
    append(f, ": ");
    append(f, strerror(sys));
    return -1;
}

int(fail_add)(struct fail *f, const char *format, ...)
{
    char was[sizeof f->text];
    va_list args;

    memcpy(was, f->text, sizeof was);
    va_start(args, format);
    vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
    append(f, ": ");
    append(f, was);
    return -1;
}

const char *fail_word(enum fail_code code)
{
    return kinds[code].word;
}

int fail_exit_status(enum fail_code code)
{
    return kinds[code].exit_status;
}
