/* tokens.c: see tokens.h. */
#include "tokens.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "log.h"

struct token {
    char name[TOKENS_NAME_BYTES + 1];
    enum role role;
    unsigned char hash[SHA256_DIGEST_LENGTH];
};

struct set {
    struct token *items;
    size_t count;
};

struct tokens {
    char *path;
    struct stat seen;
    struct set set;
};

static const char *const roles[ROLE_COUNT] = {"none", "reader", "admin"};

const char *role_word(enum role role)
{
    return roles[role];
}

bool role_from_word(const char *word, enum role *ret)
{
    for (enum role role = ROLE_READER; role < ROLE_COUNT; role++)
        if (strcmp(word, roles[role]) == 0) {
            *ret = role;
            return true;
        }
    return false;
}

static bool is_name(const char *name)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    return n >= 1 && n <= TOKENS_NAME_BYTES && !name[n];
}

/* ---------------------------------------------------------------- the file */

static bool parse_hash(const char *hex, unsigned char *ret)
{
    size_t n;

    return strlen(hex) == 2 * SHA256_DIGEST_LENGTH && OPENSSL_hexstr2buf_ex(ret, SHA256_DIGEST_LENGTH, &n, hex, '\0');
}

static int parse_line(const char *path, unsigned number, char *line, struct token *ret, struct fail *f)
{
    char *rest = NULL;
    const char *name = strtok_r(line, " \t\r\n", &rest);
    const char *role = strtok_r(NULL, " \t\r\n", &rest);
    const char *hash = strtok_r(NULL, " \t\r\n", &rest);

    if (!hash || strtok_r(NULL, " \t\r\n", &rest))
        return fail_set(f, FAIL_SETTINGS, "%s:%u: expected \"NAME ROLE SHA-256\"", path, number);
    if (!is_name(name))
        return fail_set(
            f, FAIL_SETTINGS, "%s:%u: a name is 1 to %d of [A-Za-z0-9._-]", path, number, TOKENS_NAME_BYTES);
    if (!role_from_word(role, &ret->role))
        return fail_set(f, FAIL_SETTINGS, "%s:%u: unknown role (allowed: reader, admin)", path, number);
    if (!parse_hash(hash, ret->hash))
        return fail_set(f, FAIL_SETTINGS, "%s:%u: the hash is not 64 hex digits", path, number);
    strcpy(ret->name, name);
    return 0;
}

static bool has_name(const struct set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->items[i].name, name) == 0)
            return true;
    return false;
}

static int add_line(const char *path, unsigned number, char *line, struct set *set, struct fail *f)
{
    struct token token = {0};

    if (line[strspn(line, " \t\r\n")] == '\0' || line[0] == '#')
        return 0;
    if (parse_line(path, number, line, &token, f) != 0)
        return -1;
    if (has_name(set, token.name))
        return fail_set(f, FAIL_SETTINGS, "%s:%u: the name %s stands twice", path, number, token.name);
    if (set->count == TOKENS_MAX)
        return fail_set(f, FAIL_SETTINGS, "%s:%u: more than %d tokens", path, number, TOKENS_MAX);
    set->items = realloc(set->items, (set->count + 1) * sizeof *set->items);
    if (!set->items)
        abort();
    set->items[set->count++] = token;
    return 0;
}

static int read_lines(const char *path, FILE *in, struct set *set, struct fail *f)
{
    char line[512];

    for (unsigned number = 1; fgets(line, sizeof line, in); number++) {
        if (!strchr(line, '\n') && !feof(in))
            return fail_set(f, FAIL_SETTINGS, "%s:%u: line too long", path, number);
        if (add_line(path, number, line, set, f) != 0)
            return -1;
    }
    if (ferror(in))
        return fail_sys(f, "%s", path);
    return 0;
}

static int read_set(const char *path, struct stat *ret_seen, struct set *ret, struct fail *f)
{
    struct set set = {0};
    FILE *in = fopen(path, "re");

    if (!in)
        return fail_sys(f, "%s", path);
    int rc = fstat(fileno(in), ret_seen);
    if (rc != 0)
        fail_sys(f, "%s", path);
    else if (!S_ISREG(ret_seen->st_mode))
        rc = fail_set(f, FAIL_SETTINGS, "%s: not a regular file", path);
    else if (ret_seen->st_mode & (S_IROTH | S_IWOTH))
        rc = fail_set(f, FAIL_SETTINGS, "%s: everybody may read or write it; use chmod o= %s", path, path);
    else
        rc = read_lines(path, in, &set, f);
    fclose(in);
    if (rc != 0) {
        free(set.items);
        return -1;
    }
    *ret = set;
    return 0;
}

/* ---------------------------------------------------------------- life */

int tokens_open(const char *path, struct tokens **ret, struct fail *f)
{
    struct tokens *t = calloc(1, sizeof *t);

    if (!t || !(t->path = strdup(path)))
        abort();
    if (*path && read_set(path, &t->seen, &t->set, f) != 0) {
        tokens_close(t);
        return -1;
    }
    *ret = t;
    return 0;
}

void tokens_close(struct tokens *t)
{
    if (!t)
        return;
    free(t->set.items);
    free(t->path);
    free(t);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size && a->st_mode == b->st_mode &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool tokens_refresh(struct tokens *t)
{
    struct fail f;
    struct stat now = {0};
    struct set fresh = {0};

    if (!*t->path || (stat(t->path, &now) == 0 && is_same_file(&now, &t->seen)))
        return false;
    t->seen = now; /* a broken file is told once, not at every look */
    if (read_set(t->path, &now, &fresh, &f) != 0) {
        log_error("http.tokens", "kept=%zu reason=\"%s\"", t->set.count, f.text);
        return false;
    }
    t->seen = now;
    free(t->set.items);
    t->set = fresh;
    log_info("http.tokens", "count=%zu", fresh.count);
    return true;
}

/* ---------------------------------------------------------------- checking and making */

enum role tokens_check(const struct tokens *t, const char *authorization, const char **ret_name)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    const struct token *found = NULL;

    if (strncasecmp(authorization, "Bearer ", 7) != 0)
        return ROLE_NONE;
    authorization += 7;
    SHA256((const unsigned char *)authorization, strlen(authorization), hash);
    for (size_t i = 0; i < t->set.count; i++)
        if (CRYPTO_memcmp(hash, t->set.items[i].hash, sizeof hash) == 0)
            found = &t->set.items[i];
    if (!found)
        return ROLE_NONE;
    *ret_name = found->name;
    return found->role;
}

static void base64url(const unsigned char *bytes, size_t n, char *ret)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned bits = 0, have = 0;

    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | bytes[i];
        for (have += 8; have >= 6; have -= 6)
            *ret++ = letters[bits >> (have - 6) & 63];
    }
    if (have)
        *ret++ = letters[bits << (6 - have) & 63];
    *ret = '\0';
}

int tokens_new(const char *name, enum role role, const struct rng *rng, char ret_token[static TOKENS_TOKEN_BYTES],
    char ret_line[static TOKENS_LINE_BYTES], struct fail *f)
{
    unsigned char bytes[32], hash[SHA256_DIGEST_LENGTH];

    if (!is_name(name))
        return fail_set(f, FAIL_USAGE, "\"%s\": a name is 1 to %d of [A-Za-z0-9._-]", name, TOKENS_NAME_BYTES);
    rng->fill(rng->ctx, bytes, sizeof bytes);
    strcpy(ret_token, "fl_");
    base64url(bytes, sizeof bytes, ret_token + 3);
    SHA256((const unsigned char *)ret_token, strlen(ret_token), hash);
    int n = snprintf(ret_line, TOKENS_LINE_BYTES, "%s %s ", name, role_word(role));
    for (size_t i = 0; i < sizeof hash; i++)
        n += snprintf(ret_line + n, TOKENS_LINE_BYTES - (size_t)n, "%02x", hash[i]);
    return 0;
}
