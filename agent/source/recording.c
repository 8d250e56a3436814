/* recording.c: hands out the frames of a recording, at the pace of their own times or as fast as the loop allows. */
#include <errno.h>
#include <inttypes.h>

#include "input_state.h"
#include "log.h"

/* Frames handed out before others in the loop have their turn. */
enum { FRAMES_IN_A_ROW = 256 };

/* More bytes; false at the end. A recording that cannot be read ends there. */
static bool read_more(struct input *in)
{
    ssize_t n = read(in->fd, in->bytes, sizeof in->bytes);

    if (n < 0)
        log_warn("j1939.input.failed", "source=%s errno=%d", in->sink.name, errno);
    in->unread = in->bytes;
    in->unread_bytes = n > 0 ? (size_t)n : 0;
    return n > 0;
}

static bool find_next(struct input *in)
{
    while (!in->has_next) {
        in->has_next = canlog_next(&in->log, &in->unread, &in->unread_bytes, &in->next);
        if (!in->has_next && !read_more(in))
            return in->has_next = canlog_last(&in->log, &in->next);
    }
    return true;
}

static void finish(struct input *in)
{
    log_info("j1939.input.end", "source=%s lines=%" PRIu64 " frames=%" PRIu64 " malformed=%" PRIu64, in->sink.name,
        in->log.stats.lines, in->log.stats.frames, in->log.stats.malformed);
    close(in->fd);
    in->fd = -1;
}

/* How far into the recording the next frame is; one without time stands where the one before stood. */
static int64_t position_ms(struct input *in)
{
    return (in->next.timed ? canlog_passed(&in->time, in->next.time_us) : in->time.passed_us) / 1000;
}

static void hand_out(struct input *in, int64_t position)
{
    struct stamp when = source_now(in->env);

    if (in->spec.fast) {
        when = in->opened;
        when.mono.ms += position;
        when.wall.ms += position;
    }
    in->has_next = false;
    in->sink.frame(in->sink.ctx, &in->next, &when);
}

static void go_on(evutil_socket_t fd, short what, void *ctx)
{
    struct input *in = ctx;
    (void)fd;
    (void)what;

    for (int i = 0; i < FRAMES_IN_A_ROW; i++) {
        if (!find_next(in)) {
            finish(in);
            return;
        }
        int64_t position = position_ms(in), passed = source_now(in->env).mono.ms - in->opened.mono.ms;
        if (!in->spec.fast && position > passed) {
            input_after(in->timer, position - passed);
            return;
        }
        hand_out(in, position);
    }
    input_after(in->timer, 0);
}

void recording_start(struct input *in)
{
    in->opened = source_now(in->env);
    in->timer = evtimer_new(in->env->base, go_on, in);
    if (!in->timer)
        abort();
    input_after(in->timer, 0);
}
