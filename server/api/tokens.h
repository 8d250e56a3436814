/* tokens.h: who may ask: the tokens file, held against an Authorization header. One thread.
 *
 * One line a token: "NAME ROLE SHA-256", e.g. "grafana reader 5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c1
 * 73cacfc5": the hash in hex of the whole token text. '#' begins a comment line. The token itself is stored nowhere; it
 * is 256 random bits, so a plain hash is enough. The file must not be readable by everybody. */
#ifndef FAULTLINE_TOKENS_H
#define FAULTLINE_TOKENS_H

#include <stdbool.h>

#include "fail.h"
#include "times.h"

enum role { ROLE_NONE, ROLE_READER, ROLE_ADMIN, ROLE_COUNT };

enum {
    TOKENS_NAME_BYTES = 32,          /* [A-Za-z0-9._-] */
    TOKENS_TOKEN_BYTES = 3 + 43 + 1, /* "fl_", 32 bytes in base64url, NUL */
    TOKENS_LINE_BYTES = TOKENS_NAME_BYTES + 1 + 16 + 1 + 64 + 1,
    TOKENS_MAX = 256,
};

const char *role_word(enum role role);
bool role_from_word(const char *word, enum role *ret);

struct tokens;

/* path "" = no file: nobody gets in. FAIL_SETTINGS names file and line; FAIL_IO: cannot be read. */
must_check int tokens_open(const char *path, struct tokens **ret, struct fail *f);
void tokens_close(struct tokens *t); /* NULL is fine */

/* Reads the file again when its time, size or inode changed. True when the set is a new one. A file that became broken
 * or unreadable is logged and leaves the old set. */
bool tokens_refresh(struct tokens *t);

/* authorization is the header's value: "Bearer fl_…". ROLE_NONE when it is no such thing or no known token; else
 * ret_name is the token's name, borrowed until the next refresh. Takes the same time for every wrong token. */
enum role tokens_check(const struct tokens *t, const char *authorization, const char **ret_name);

/* A new token and its line for the file, without line end. FAIL_USAGE: the name is not a name. */
must_check int tokens_new(const char *name, enum role role, const struct rng *rng,
    char ret_token[static TOKENS_TOKEN_BYTES], char ret_line[static TOKENS_LINE_BYTES], struct fail *f);

#endif
