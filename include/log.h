/* log.h: one line an event to standard error: systemd's level prefix, a stable event name, then key=value with units.
 *
 *     log_warn("spool.evicted", "count=%u limit_bytes=%zu", count, limit);
 *
 * Each event name is limited to 20 lines in 10 s; what was held back is told in the next line of that name
 * (held_back=N). Values from outside must go through log_text(), which defuses control bytes and line ends.
 * Never payloads, tokens, keys or personal data.
 *
 * Any thread, and none waits for who reads the lines: what standard error does not take at once is dropped and counted;
 * the next line that it takes has "log.dropped: lines=N" in front. */
#ifndef FAULTLINE_LOG_H
#define FAULTLINE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "fail.h"

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARN = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

/* Standard input, output and error that whoever started us had closed become /dev/null. Without this the next file to be
 * opened, a database or a connection, would take the number of standard error and get our lines. First in main(). */
void log_begin(void);

/* Lines above this level are not written. Default LOG_LEVEL_INFO. Call before threads start. */
void log_set_level(enum log_level level);

/* "error", "warn", "info", "debug" to its level; false when the word is none of them. */
bool log_level_from_word(const char *word, enum log_level *ret_level);

void log_event(enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_error(event, ...) log_event(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...) log_event(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_info(event, ...) log_event(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) log_event(LOG_LEVEL_DEBUG, event, __VA_ARGS__)

/* The event with reason="…": what failed. */
void log_fail(enum log_level level, const char *event, const struct fail *f);

/* How many lines were dropped since the program started. */
uint64_t log_dropped(void);

/* Copies text into buf (at most size bytes with the NUL), each byte below 0x20, 0x7f, '"' or '\\' as \xNN, and returns
 * buf. NULL reads "-". */
const char *log_text(const char *text, char *buf, unsigned size);

#endif
