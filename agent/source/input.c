/* input.c: opens an input, reads live text and buses, tries again what is away. See input.h. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "input_state.h"
#include "log.h"

enum { RETRY_FIRST_MS = 1000, RETRY_MOST_MS = 30 * 1000, MALFORMED_LOGGED = 5 };

void input_after(struct event *timer, int64_t ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    evtimer_add(timer, &delay);
}

static void log_malformed(void *ctx, uint64_t line, const char *why)
{
    const struct input *in = ctx;

    if (in->log.stats.malformed <= MALFORMED_LOGGED)
        log_warn("j1939.malformed", "source=%s line=%" PRIu64 " why=\"%s\"%s", in->sink.name, line, why,
            in->log.stats.malformed == MALFORMED_LOGGED ? " (further ones are only counted)" : "");
}

/* ---- live: text or bus */

static void stop_reading(struct input *in)
{
    if (in->ready)
        event_free(in->ready);
    in->ready = NULL;
    if (in->fd >= 0)
        close(in->fd);
    in->fd = -1;
}

static void watch(struct input *in, short what, event_callback_fn callback)
{
    if (in->ready)
        event_free(in->ready);
    in->ready = event_new(in->env->base, in->fd, what, callback, in);
    if (!in->ready || event_add(in->ready, NULL) != 0)
        abort();
}

static void try_again_later(struct input *in, const char *why)
{
    stop_reading(in);
    log_warn("j1939.input.away", "source=%s retry_ms=%" PRId64 " why=\"%s\"", in->sink.name, in->retry_ms, why);
    input_after(in->timer, in->retry_ms);
    in->retry_ms = in->retry_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : in->retry_ms * 2;
}

static void hand_out(struct input *in, const struct can_frame_read *frame)
{
    const struct stamp now = source_now(in->env);

    in->retry_ms = RETRY_FIRST_MS;
    in->sink.frame(in->sink.ctx, frame, &now);
}

static void take_text(struct input *in, const char *data, size_t n)
{
    struct can_frame_read frame;

    while (canlog_next(&in->log, &data, &n, &frame))
        hand_out(in, &frame);
}

/* What was left of a last line belongs to a connection that is no more. */
static void end_of_text(struct input *in)
{
    struct can_frame_read frame;

    if (canlog_last(&in->log, &frame))
        hand_out(in, &frame);
    if (in->spec.kind == INPUT_TCP) {
        try_again_later(in, "the feed ended");
        return;
    }
    log_info("j1939.input.end", "source=%s lines=%" PRIu64 " frames=%" PRIu64 " malformed=%" PRIu64, in->sink.name,
        in->log.stats.lines, in->log.stats.frames, in->log.stats.malformed);
    stop_reading(in);
}

static void read_text(evutil_socket_t fd, short what, void *ctx)
{
    struct input *in = ctx;
    ssize_t n = read((int)fd, in->bytes, sizeof in->bytes);
    (void)what;

    if (n > 0)
        take_text(in, in->bytes, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        end_of_text(in);
}

static void read_bus(evutil_socket_t fd, short what, void *ctx)
{
    enum { FRAMES_IN_A_ROW = 64 };
    struct input *in = ctx;
    struct can_frame_read frame;
    int got = 1;
    (void)what;

    for (int i = 0; i < FRAMES_IN_A_ROW && got > 0; i++) {
        got = canraw_read((int)fd, in->spec.interface, &frame);
        if (got > 0) {
            in->log.stats.frames++;
            hand_out(in, &frame);
        }
    }
    if (got >= 0)
        return;
    const struct stamp now = source_now(in->env);
    in->sink.gone(in->sink.ctx, &now);
    try_again_later(in, "the bus is off or its interface down");
}

/* ---- opening */

static void connected(evutil_socket_t fd, short what, void *ctx)
{
    struct input *in = ctx;
    int error = 0;
    socklen_t n = sizeof error;
    (void)what;

    if (getsockopt((int)fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0 || error) {
        try_again_later(in, strerror(error));
        return;
    }
    log_info("j1939.input.connected", "source=%s", in->sink.name);
    watch(in, EV_READ | EV_PERSIST, read_text);
}

static void connect_feed(struct input *in)
{
    const struct sockaddr *address = (const struct sockaddr *)&in->spec.address;

    in->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (in->fd < 0 || (connect(in->fd, address, in->spec.address_bytes) != 0 && errno != EINPROGRESS))
        try_again_later(in, strerror(errno));
    else
        watch(in, EV_WRITE, connected);
}

static void try_again(evutil_socket_t fd, short what, void *ctx)
{
    struct input *in = ctx;
    struct fail f;
    (void)fd;
    (void)what;

    if (in->spec.kind == INPUT_TCP)
        connect_feed(in);
    else if (canraw_open(in->spec.interface, &in->fd, &f) != 0)
        try_again_later(in, f.text);
    else
        watch(in, EV_READ | EV_PERSIST, read_bus);
}

static int open_file(struct input *in, struct fail *f)
{
    struct stat st;

    /* Without O_NONBLOCK, opening a FIFO would wait for its writer. */
    in->fd = open(in->spec.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (in->fd < 0 && errno == ENOENT)
        return fail_set(f, FAIL_NOT_FOUND, "%s: no such file", in->spec.path);
    if (in->fd < 0 || fstat(in->fd, &st) != 0)
        return fail_sys(f, "%s", in->spec.path);
    if (!S_ISREG(st.st_mode))
        return fail_set(f, FAIL_SETTINGS, "%s: a recording is a regular file; pipes come in by stdin", in->spec.path);
    recording_start(in);
    return 0;
}

static int open_stdin(struct input *in, struct fail *f)
{
    struct stat st;

    in->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (in->fd < 0 || fstat(in->fd, &st) != 0)
        return fail_sys(f, "standard input");
    if (S_ISREG(st.st_mode)) { /* a regular file is always ready: the loop cannot wait for it */
        recording_start(in);
        return 0;
    }
    if (evutil_make_socket_nonblocking(in->fd) != 0)
        return fail_sys(f, "standard input");
    watch(in, EV_READ | EV_PERSIST, read_text);
    return 0;
}

static void open_later(struct input *in)
{
    in->timer = evtimer_new(in->env->base, try_again, in);
    if (!in->timer)
        abort();
}

/* The bus must exist as a kind; its interface may come later. */
static int open_can(struct input *in, struct fail *f)
{
    open_later(in);
    if (canraw_open(in->spec.interface, &in->fd, f) == 0)
        watch(in, EV_READ | EV_PERSIST, read_bus);
    else if (f->code == FAIL_NOT_FOUND)
        return -1;
    else
        try_again_later(in, f->text);
    return 0;
}

static int open_by_kind(struct input *in, struct fail *f)
{
    switch (in->spec.kind) {
    case INPUT_FILE:
        return open_file(in, f);
    case INPUT_STDIN:
        return open_stdin(in, f);
    case INPUT_CAN:
        return open_can(in, f);
    case INPUT_TCP:
    default:
        open_later(in);
        connect_feed(in);
        return 0;
    }
}

int input_open(const struct input_spec *spec, const struct source_env *env, const struct input_sink *sink,
    struct input **ret, struct fail *f)
{
    struct input *in = calloc(1, sizeof *in);

    if (!in)
        abort();
    in->spec = *spec;
    in->env = env;
    in->sink = *sink;
    in->fd = -1;
    in->retry_ms = RETRY_FIRST_MS;
    in->unread = in->bytes;
    canlog_init(&in->log, log_malformed, in);
    if (open_by_kind(in, f) != 0) {
        input_close(in);
        return -1;
    }
    *ret = in;
    return 0;
}

void input_close(struct input *in)
{
    if (!in)
        return;
    stop_reading(in);
    if (in->timer)
        event_free(in->timer);
    free(in);
}

struct canlog_stats input_stats(const struct input *in)
{
    return in->log.stats;
}
