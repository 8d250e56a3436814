/* origin.h: where the command line gets its documents: a running collector over HTTP, or a database file through the same
 * routes. One thread; blocks. */
#ifndef FAULTLINE_ORIGIN_H
#define FAULTLINE_ORIGIN_H

#include <jansson.h>
#include <stdbool.h>

#include "fail.h"

struct origin;

struct origin_settings {
    const char *server;  /* "http://…", "https://…" or "unix:/path"; NULL with db */
    const char *token;   /* NULL = none */
    const char *ca_file; /* NULL = the system's */
    const char *db;      /* NULL with server */
};

/* FAIL_NOT_FOUND: no such file. FAIL_CONFLICT: a collector holds the file. It is not asked before origin_get(). */
must_check int origin_open(const struct origin_settings *s, struct origin **ret, struct fail *f);
void origin_close(struct origin *s); /* NULL is fine */

/* GET of a path with query, such as "/api/v1/tickets?limit=2". *ret is the caller's.
 * FAIL_INPUT (400), FAIL_DENIED (401, 403), FAIL_NOT_FOUND (404), FAIL_PEER (no answer, or none to be used). */
must_check int origin_get(struct origin *s, const char *path, json_t **ret, struct fail *f);

/* PUT of a document; *ret is what it is now. Only with a server. Fails as origin_get(). */
must_check int origin_put(struct origin *s, const char *path, const json_t *document, json_t **ret, struct fail *f);

/* The events behind last_id ("" = only new ones) one by one, as they come, until each() returns false or the stream
 * ends (0) or cannot be had (-1). Only with a server. */
must_check int origin_watch(struct origin *s, const char *last_id,
    bool (*each)(void *ctx, const char *kind, const json_t *event), void *ctx, struct fail *f);

/* Appends text to path with every byte escaped that a query may not hold as it is. */
void origin_escape(char *path, size_t size, const char *text);

#endif
