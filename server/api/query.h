/* query.h: what stands behind '?', and the opaque cursors of lists. Pure. Any thread. */
#ifndef FAULTLINE_QUERY_H
#define FAULTLINE_QUERY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "fail.h"
#include "guard.h"

enum { QUERY_PARAMETERS = 16, QUERY_LIMIT_MAX = 500, QUERY_LIMIT_USUAL = 100 };

struct query {
    struct {
        const char *name, *value; /* into text */
    } items[QUERY_PARAMETERS];
    size_t count;
    char text[GUARD_TARGET_BYTES + 1];
};

/* Takes "a=b&c=d" apart and decodes it. known: the names a route takes, NULL-terminated. FAIL_INPUT: an unknown or
 * repeated name, a broken %-escape, a control byte. */
must_check int query_parse(const char *text, const char *const *known, struct query *ret, struct fail *f);

/* The value, NULL when it is not given. */
const char *query_get(const struct query *q, const char *name);

/* "true" 1, "false" 0, not given -1. */
must_check int query_switch(const struct query *q, const char *name, int *ret, struct fail *f);

/* Index of the value in words; not given -1. FAIL_INPUT lists what is allowed. */
must_check int query_word(
    const struct query *q, const char *name, const char *(*word)(int), int count, int *ret, struct fail *f);

/* "limit": 1 to 500, usually 100. */
must_check int query_limit(const struct query *q, int *ret, struct fail *f);

/* A percent-encoded piece of a path or query to text. False: a broken escape, a control byte, what is not UTF-8 (SQLite
 * would find nothing, PostgreSQL would fail), or no room. */
bool query_decode(const char *from, size_t n, bool plus_is_blank, char *ret, size_t size);

/* Cursors: a JSON array of the last row's key, behind the name of its list, in hex. The array is taken. The caller frees
 * the text. */
char *cursor_make(const char *list, json_t *key);
/* The array of "cursor", for json_unpack(); NULL when it is not given. FAIL_INPUT: not a cursor of this list. */
must_check int cursor_get(const struct query *q, const char *list, json_t **ret, struct fail *f);

#endif
