/* near.h: what tests of numbers assert: near an expected one; refused with a text that names the place. */
#ifndef FAULTLINE_NEAR_H
#define FAULTLINE_NEAR_H

#include "fail.h"

#include <math.h>
#include <string.h>

static inline void assert_near_at(double got, double expected, double relative, const char *file, int line)
{
    if (!(fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("%s:%d: got %.17g, expected %.17g", file, line, got, expected);
}
#define assert_near(got, expected, relative) assert_near_at(got, expected, relative, __FILE__, __LINE__)

static inline void assert_refused_at(int status, const struct fail *f, const char *text, const char *file, int line)
{
    if (status != -1)
        fail_msg("%s:%d: accepted", file, line);
    if (!strstr(f->text, text) || f->code != FAIL_INPUT)
        fail_msg("%s:%d: said \"%s\", expected \"%s\"", file, line, f->text, text);
}
#define assert_refused(status, f, text) assert_refused_at(status, f, text, __FILE__, __LINE__)

#define assert_accepted(status, f)                                                                                     \
    do {                                                                                                               \
        if (status)                                                                                                    \
            fail_msg("%s:%d: refused: %s", __FILE__, __LINE__, (f)->text);                                             \
    } while (0)

#endif
