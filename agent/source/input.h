/* input.h: frames from where input_spec.h says, into the event loop: recordings at their pace, feeds and buses live.
 *
 * What an open input does by itself: it reads on, connects again, and ends quietly at the end of a recording or pipe. */
#ifndef FAULTLINE_INPUT_H
#define FAULTLINE_INPUT_H

#include "canlog.h"
#include "input_spec.h"
#include "source.h"

struct input_sink {
    void *ctx;
    const char *name; /* of the source, for the log */
    void (*frame)(void *ctx, const struct can_frame_read *f, const struct stamp *when);
    /* The bus is off or its interface down. */
    void (*gone)(void *ctx, const struct stamp *when);
};

struct input;

/* env and sink are borrowed until it is closed; spec is copied. FAIL_NOT_FOUND: no such file, or no CAN in this kernel or
 * program; FAIL_IO. A peer or interface that is away is not a failure: it is tried again. */
must_check int input_open(const struct input_spec *spec, const struct source_env *env, const struct input_sink *sink,
    struct input **ret, struct fail *f);
void input_close(struct input *in); /* NULL is fine */

struct canlog_stats input_stats(const struct input *in);

#endif
