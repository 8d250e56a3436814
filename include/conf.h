/* conf.h: settings files: named, repeatable sections of "key = value", read into plain structs by a table.
 *
 *     # comment
 *     spool {
 *         path = "/var/lib/faultline/spool"
 *         max_bytes = 16M
 *     }
 *     source engine {            # a section with a name
 *         kind = j1939
 *     }
 *
 * The only door to libconfuse. Durations take ms, s, m, h, d ("15m"); sizes take K, M, G ("64M", 1024-based). A value
 * out of range, an unknown key or section, a missing required key and a brace left open are refused with
 * FAIL_SETTINGS: "agent.conf:12: spool.max_bytes: 5 is below 1M (allowed: 1M to 64G)".
 * A value of letters, digits and _-./:@% stands bare; others in double quotes (\" \\ \$ inside) or single quotes. Comments
 * begin with #. A key, an unnamed section and a section's name stand once. An unreadable file is FAIL_SETTINGS with sys
 * set. "include" files, environment variables and functions of libconfuse are not part of the language.
 * Blocks on file I/O; start-up and reload only; one thread. */
#ifndef FAULTLINE_CONF_H
#define FAULTLINE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fail.h"

enum conf_type {
    CONF_TEXT,     /* char[N]: size = N of the field; longer is refused. min = 1 makes it required */
    CONF_WORD,     /* enum (int) by words[]: index of the word */
    CONF_NUMBER,   /* int64_t, min … max */
    CONF_DURATION, /* int64_t milliseconds, min … max */
    CONF_SIZE,     /* int64_t bytes, min … max */
    CONF_SWITCH,   /* bool: yes or no */
};

/* One key: where it goes in the section's struct, its default as it would be written, its range, one line of help. */
struct conf_key {
    const char *name;
    enum conf_type type;
    size_t offset;
    size_t size;          /* CONF_TEXT: bytes of the field */
    const char *fallback; /* as written in a file; NULL = required */
    int64_t min, max;
    const char *const *words; /* CONF_WORD: NULL-terminated */
    bool secret;              /* CONF_TEXT: shown as "***" by conf_print() when it is not empty */
    const char *help;
};

/* One kind of section. Named sections may repeat: items is an array of max_items structs, item_bytes apart, and the
 * section's name goes into the CONF_TEXT-like field at name_offset. An unnamed section stands once (or never: then all
 * keys take their fallbacks, and a required key is missing). */
struct conf_section {
    const char *name;
    const struct conf_key *keys; /* ends with a key whose name is NULL */
    bool named;
    void *items;
    size_t item_bytes;
    size_t max_items;
    size_t *ret_count; /* named sections: how many there are */
    size_t name_offset, name_size;
    bool optional; /* unnamed: when absent, required keys are not asked for and *ret_count (if any) is 0 */
};

/* Reads path into the sections' structs. sections ends with a section whose name is NULL. On failure the structs may
 * be half filled (read into a fresh copy when reloading). */
must_check int conf_read(const char *path, const struct conf_section *sections, struct fail *f);

/* Writes the effective settings in the file's own language, secrets masked. */
void conf_print(FILE *out, const struct conf_section *sections);

#endif
