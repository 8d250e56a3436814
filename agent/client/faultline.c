/* faultline.c: libfaultline: a request to the agent's socket, its answer, and the connection between. See
 * faultline.h.
 *
 * Nothing is kept between calls but the connection, and that only as long as it works: a call that finds it
 * closed (the agent was restarted, or gave the place to somebody else) connects anew and asks once more. */
#include "faultline.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "appwire.h"

enum { TIMEOUT_DEFAULT_MS = 1000, TIMEOUT_MAX_MS = 60 * 1000 };

struct fl {
    int fd; /* -1 = not connected */
    uint32_t timeout_ms;
    struct sockaddr_un address;
    uint64_t number;
    uint32_t retry_after_ms;
    struct fail why;
    char packet[APPWIRE_BYTES];
};

/* ------------------------------------------------------------------ results */

static const struct {
    int result;
    const char *text;
} meanings[] = {
    {FL_OK, "recorded by the agent"},
    {FL_INVALID, "an argument is outside its range"},
    {FL_LIMIT, "a text or a list is too long"},
    {FL_NO_AGENT, "no agent listens on the socket"},
    {FL_DENIED, "no permission to use the agent's socket"},
    {FL_TIMEOUT, "the agent did not answer in time; whether it was recorded is not known"},
    {FL_GONE, "the agent went away before it answered; whether it was recorded is not known"},
    {FL_RATE, "too many requests in a short time"},
    {FL_FULL, "the agent has no room for it"},
    {FL_DISK, "the agent's disk failed"},
    {FL_VERSION, "application, library and agent are of versions that do not fit"},
    {FL_SYSTEM, "the operating system refused"},
    {FL_HELD, "counted by the agent, but in memory only"},
};

const char *fl_strerror(int result)
{
    for (size_t i = 0; i < countof(meanings); i++)
        if (meanings[i].result == result)
            return meanings[i].text;
    return "not a result of libfaultline";
}

const char *fl_version(void)
{
    return FAULTLINE_VERSION;
}

uint64_t fl_number(const struct fl *fl)
{
    return fl->number;
}

const char *fl_detail(const struct fl *fl)
{
    return fl->why.text;
}

uint32_t fl_retry_after_ms(const struct fl *fl)
{
    return fl->retry_after_ms;
}

static int result_of_reason(enum appwire_reason reason)
{
    static const int results[APPWIRE_REASON_COUNT] = {[APPWIRE_NONE] = FL_OK,
        [APPWIRE_MALFORMED] = FL_INVALID,
        [APPWIRE_NEWER] = FL_VERSION,
        [APPWIRE_LIMIT] = FL_LIMIT,
        [APPWIRE_RATE] = FL_RATE,
        [APPWIRE_FULL] = FL_FULL,
        [APPWIRE_DISK] = FL_DISK,
        [APPWIRE_HELD] = FL_HELD};

    return results[reason];
}

static int result_of_fail(const struct fail *f)
{
    return f->code == FAIL_LIMIT ? FL_LIMIT : f->code == FAIL_NEWER ? FL_VERSION : FL_INVALID;
}

/* ------------------------------------------------------------------ structs of other versions */

/* Copies a caller's struct, which begins with its size. A shorter one than the first version had is no such
 * struct; a longer one is of a later header, fine as long as what we do not know is zero. */
static int take_struct(void *to, size_t known_bytes, const void *from)
{
    size_t given_bytes;

    memcpy(&given_bytes, from, sizeof given_bytes);
    if (given_bytes < known_bytes)
        return FL_INVALID;
    for (size_t i = known_bytes; i < given_bytes; i++)
        if (((const unsigned char *)from)[i])
            return FL_VERSION;
    memcpy(to, from, known_bytes);
    return FL_OK;
}

/* ------------------------------------------------------------------ the connection */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void disconnect(struct fl *fl)
{
    if (fl->fd >= 0)
        close(fl->fd);
    fl->fd = -1;
}

/* Lets the next blocking call on fd last until the deadline; false when that has passed. */
static bool limit_wait(int fd, int option, int64_t deadline_ms)
{
    int64_t left_ms = deadline_ms - now_ms();
    struct timeval wait = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000};

    return left_ms > 0 && setsockopt(fd, SOL_SOCKET, option, &wait, sizeof wait) == 0;
}

static int result_of_errno(struct fl *fl, const char *what)
{
    int sys = errno;

    fail_sys(&fl->why, "%s %s", what, fl->address.sun_path);
    switch (sys) {
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
        return FL_NO_AGENT;
    case EACCES:
    case EPERM:
        return FL_DENIED;
    case EAGAIN:
        return FL_TIMEOUT;
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
        return FL_GONE;
    default:
        return FL_SYSTEM;
    }
}

static int late(struct fl *fl)
{
    fail_set(&fl->why, FAIL_PEER, "no answer on %s within %u ms", fl->address.sun_path, fl->timeout_ms);
    return FL_TIMEOUT;
}

static int connect_to_agent(struct fl *fl, int64_t deadline_ms)
{
    int rc;

    fl->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fl->fd < 0)
        return result_of_errno(fl, "making a socket for");
    do {
        if (!limit_wait(fl->fd, SO_SNDTIMEO, deadline_ms))
            return late(fl);
        rc = connect(fl->fd, (const struct sockaddr *)&fl->address, sizeof fl->address);
    } while (rc != 0 && errno == EINTR);
    return rc == 0 ? FL_OK : result_of_errno(fl, "connecting to");
}

static int send_request(struct fl *fl, size_t n, int64_t deadline_ms)
{
    ssize_t sent;

    do {
        if (!limit_wait(fl->fd, SO_SNDTIMEO, deadline_ms))
            return late(fl);
        sent = send(fl->fd, fl->packet, n, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0 ? FL_OK : result_of_errno(fl, "asking");
}

static int receive_answer(struct fl *fl, char *buf, size_t cap, size_t *ret_bytes, int64_t deadline_ms)
{
    ssize_t got;

    do {
        if (!limit_wait(fl->fd, SO_RCVTIMEO, deadline_ms))
            return late(fl);
        got = recv(fl->fd, buf, cap, MSG_TRUNC);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return result_of_errno(fl, "hearing from");
    if (got == 0) {
        fail_set(&fl->why, FAIL_PEER, "%s closed the connection", fl->address.sun_path);
        return FL_GONE;
    }
    *ret_bytes = (size_t)got;
    return FL_OK;
}

static int read_answer(struct fl *fl, char *buf, size_t n)
{
    struct appwire_answer answer;

    if (n > APPWIRE_ANSWER_BYTES || appwire_answer_decode(buf, n, &answer, &fl->why) != 0) {
        disconnect(fl);
        return FL_VERSION;
    }
    if (answer.reason == APPWIRE_NONE)
        fl->number = answer.number;
    else
        fail_set(&fl->why, FAIL_INPUT, "%s", answer.text);
    fl->retry_after_ms = answer.retry_after_ms;
    return result_of_reason(answer.reason);
}

static int exchange(struct fl *fl, size_t n, int64_t deadline_ms)
{
    char buf[APPWIRE_ANSWER_BYTES];
    size_t got = 0;
    int result = fl->fd >= 0 ? FL_OK : connect_to_agent(fl, deadline_ms);

    if (result == FL_OK)
        result = send_request(fl, n, deadline_ms);
    if (result == FL_OK)
        result = receive_answer(fl, buf, sizeof buf, &got, deadline_ms);
    if (result == FL_OK)
        return read_answer(fl, buf, got);
    /* Also after a timeout: an answer that still comes must not be taken for the next one's. */
    disconnect(fl);
    return result;
}

static int ask(struct fl *fl, const struct appwire_request *r)
{
    int64_t deadline_ms = now_ms() + fl->timeout_ms;
    bool was_connected = fl->fd >= 0;
    size_t n;

    if (appwire_request_encode(r, fl->packet, sizeof fl->packet, &n, &fl->why) != 0)
        return result_of_fail(&fl->why);
    int result = exchange(fl, n, deadline_ms);
    if (result == FL_GONE && was_connected)
        result = exchange(fl, n, deadline_ms);
    return result;
}

/* ------------------------------------------------------------------ the interface */

/* What the last call said is over. */
static void begin(struct fl *fl)
{
    fl->retry_after_ms = 0;
    fl->why = (struct fail){0};
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static int set_address(const char *path, struct sockaddr_un *ret)
{
    const char *from_environment = secure_getenv("FAULTLINE_SOCKET");

    if (!path)
        path = from_environment && *from_environment ? from_environment : APPWIRE_SOCKET;
    if (strlen(path) >= sizeof ret->sun_path)
        return FL_LIMIT;
    if (!*path)
        return FL_INVALID;
    ret->sun_family = AF_UNIX;
    memcpy(ret->sun_path, path, strlen(path) + 1);
    return FL_OK;
}

int fl_open(struct fl **ret_fl, const struct fl_options *options)
{
    struct fl_options o = {.struct_size = sizeof o};
    struct sockaddr_un address = {0};

    *ret_fl = NULL;
    int result = options ? take_struct(&o, sizeof o, options) : FL_OK;
    if (result == FL_OK && o.timeout_ms > TIMEOUT_MAX_MS)
        result = FL_INVALID;
    if (result == FL_OK)
        result = set_address(o.socket_path, &address);
    if (result != FL_OK)
        return result;
    struct fl *fl = calloc(1, sizeof *fl);
    if (!fl)
        return FL_SYSTEM;
    fl->fd = -1;
    fl->timeout_ms = o.timeout_ms ? o.timeout_ms : TIMEOUT_DEFAULT_MS;
    fl->address = address;
    *ret_fl = fl;
    return FL_OK;
}

void fl_close(struct fl *fl)
{
    if (!fl)
        return;
    disconnect(fl);
    free(fl);
}

static int take_frame(struct fl *fl, const struct fl_fault *fault, struct appwire_request *r)
{
    if (fault->frame_count > BOUND_FRAME_VALUES) {
        fail_set(
            &fl->why, FAIL_LIMIT, "frame: %zu values where at most %d fit", fault->frame_count, BOUND_FRAME_VALUES);
        return FL_LIMIT;
    }
    if (fault->frame_count && !fault->frame) {
        fail_set(&fl->why, FAIL_INPUT, "frame: NULL although frame_count is not 0");
        return FL_INVALID;
    }
    for (size_t i = 0; i < fault->frame_count; i++)
        r->frame[i] =
            (struct frame_value){or_empty(fault->frame[i].name), fault->frame[i].value, or_empty(fault->frame[i].unit)};
    r->frame_count = fault->frame_count;
    return FL_OK;
}

static int take_fault(struct fl *fl, const struct fl_fault *fault, struct appwire_request *r)
{
    struct fl_fault known;
    int result = take_struct(&known, sizeof known, fault);

    if (result != FL_OK) {
        fail_set(&fl->why, FAIL_INPUT, "fault: struct_size is not that of a struct fl_fault this library knows");
        return result;
    }
    if (known.severity > 4) {
        fail_set(&fl->why, FAIL_INPUT, "severity: not 0 to 4");
        return FL_INVALID;
    }
    r->ns = known.ns ? known.ns : r->ns;
    r->component = or_empty(known.component);
    r->subject = or_empty(known.subject);
    r->mode = known.mode;
    r->severity = (uint8_t)known.severity;
    r->class_hint = (enum ticket_class)known.ticket_class;
    return r->verb == APPWIRE_RAISE ? take_frame(fl, &known, r) : FL_OK;
}

static int ask_about(struct fl *fl, enum appwire_verb verb, const char *code, const struct fl_fault *fault)
{
    struct appwire_request r = {.verb = verb, .ns = "app", .code = or_empty(code), .component = "", .subject = ""};

    begin(fl);
    int result = fault ? take_fault(fl, fault, &r) : FL_OK;

    return result == FL_OK ? ask(fl, &r) : result;
}

int fl_raise(struct fl *fl, const char *code, const struct fl_fault *fault)
{
    return ask_about(fl, APPWIRE_RAISE, code, fault);
}

int fl_clear(struct fl *fl, const char *code, const struct fl_fault *fault)
{
    return ask_about(fl, APPWIRE_CLEAR, code, fault);
}

int fl_measure(struct fl *fl, const char *name, double value, const char *unit)
{
    struct appwire_request r = {
        .verb = APPWIRE_MEASURE, .measure = {.name = or_empty(name), .value = value, .unit = or_empty(unit)}};

    begin(fl);
    return ask(fl, &r);
}
