/* log.c: formatting, rate limit per event name, one write(2) a line. See log.h. */
#include "log.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"

enum { WINDOW_S = 10, LINES_PER_WINDOW = 20, EVENT_SLOTS = 128, LINE_BYTES = 1024 };

static enum log_level highest = LOG_LEVEL_INFO;

/* Event names are string literals, so the pointer is the key; a full table limits nothing. */
static struct slot {
    const char *event;
    int64_t window_start_s;
    unsigned lines;
    unsigned held_back;
} slots[EVENT_SLOTS];
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;

void log_begin(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            abort(); /* a machine without /dev/null */
}

void log_set_level(enum log_level level)
{
    highest = level;
}

bool log_level_from_word(const char *word, enum log_level *ret_level)
{
    static const struct {
        const char *word;
        enum log_level level;
    } words[] = {
        {"error", LOG_LEVEL_ERROR}, {"warn", LOG_LEVEL_WARN}, {"info", LOG_LEVEL_INFO}, {"debug", LOG_LEVEL_DEBUG}};

    for (size_t i = 0; i < countof(words); i++)
        if (strcmp(word, words[i].word) == 0) {
            *ret_level = words[i].level;
            return true;
        }
    return false;
}

static struct slot *slot_of(const char *event)
{
    size_t start = ((uintptr_t)event >> 3) % EVENT_SLOTS;

    for (size_t i = 0; i < EVENT_SLOTS; i++) {
        struct slot *s = &slots[(start + i) % EVENT_SLOTS];

        if (!s->event)
            s->event = event;
        if (s->event == event)
            return s;
    }
    return NULL;
}

static bool may_write(const char *event, unsigned *ret_held_back)
{
    struct timespec now;
    bool may = true;

    *ret_held_back = 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    pthread_mutex_lock(&slots_lock);
    struct slot *s = slot_of(event);
    if (s) {
        if (now.tv_sec - s->window_start_s >= WINDOW_S) {
            *ret_held_back = s->held_back;
            *s = (struct slot){.event = event, .window_start_s = now.tv_sec};
        }
        may = s->lines < LINES_PER_WINDOW;
        if (may)
            s->lines++;
        else
            s->held_back++;
    }
    pthread_mutex_unlock(&slots_lock);
    return may;
}

/* A pipe or socket that poll(2) calls writable takes a line whole; setting O_NONBLOCK instead would set it for everybody
 * who shares this standard error. */
static_assert(LINE_BYTES <= PIPE_BUF, "a line is written whole or not at all");

static bool put(const char *line, int n)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&out, 1, 0) == 1 && out.revents & POLLOUT && write(STDERR_FILENO, line, (size_t)n) == n;
}

static struct {
    pthread_mutex_t lock; /* what was found writable is not filled by another thread before the write */
    uint64_t untold, total;
} dropped = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void write_line(const char *line, int n)
{
    char note[64];

    pthread_mutex_lock(&dropped.lock);
    if (dropped.untold && put(note, snprintf(note, sizeof note, "<4>log.dropped: lines=%" PRIu64 "\n", dropped.untold)))
        dropped.untold = 0;
    if (dropped.untold || !put(line, n)) {
        dropped.untold++;
        dropped.total++;
    }
    pthread_mutex_unlock(&dropped.lock);
}

uint64_t log_dropped(void)
{
    pthread_mutex_lock(&dropped.lock);
    uint64_t total = dropped.total;
    pthread_mutex_unlock(&dropped.lock);
    return total;
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    char line[LINE_BYTES];
    unsigned held_back;
    va_list args;

    if (level > highest || !may_write(event, &held_back))
        return;
    int n = snprintf(line, sizeof line, "<%d>%s: ", (int)level, event);
    va_start(args, format);
    n += vsnprintf(line + n, sizeof line - (size_t)n, format, args);
    va_end(args);
    if (held_back && n < (int)sizeof line)
        n += snprintf(line + n, sizeof line - (size_t)n, " held_back=%u", held_back);
    if (n > (int)sizeof line - 2)
        n = (int)sizeof line - 2;
    line[n++] = '\n';
    write_line(line, n);
}

void log_fail(enum log_level level, const char *event, const struct fail *f)
{
    char text[sizeof f->text + 64]; /* room for some bytes that are defused */

    log_event(level, event, "reason=\"%s\"", log_text(f->text, text, sizeof text));
}

const char *log_text(const char *text, char *buf, unsigned size)
{
    unsigned n = 0;

    if (!text)
        text = "-";
    for (; *text && n + 5 <= size; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
            n += (unsigned)snprintf(buf + n, size - n, "\\x%02x", c);
        else
            buf[n++] = (char)c;
    }
    buf[n] = '\0';
    return buf;
}
