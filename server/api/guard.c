/* guard.c: line by line over the head, then a count over the body. See guard.h. */
#include "guard.h"

#include <string.h>
#include <strings.h>

#include "cleanup.h"

/* One header line taken apart; not NUL-terminated. */
struct line {
    const char *name, *value;
    size_t name_bytes, value_bytes;
};

void guard_init(struct guard *g, size_t max_body)
{
    *g = (struct guard){.max_body = max_body};
}

static bool refuse(struct guard *g, int status, const char *why)
{
    g->status = status;
    g->why = why;
    return false;
}

/* RFC 9110, 5.6.2 */
static bool is_token_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Field values may hold blanks, tabs and bytes above 0x7f (RFC 9110, 5.5); nothing else may hold even those. */
static bool is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

static bool same(const char *text, size_t n, const char *word)
{
    return n == strlen(word) && strncasecmp(text, word, n) == 0;
}

static bool check_method(struct guard *g, const char *method, size_t n)
{
    static const struct {
        const char *word;
        bool body;
    } known[] = {{"GET", false}, {"HEAD", false}, {"POST", true}, {"PUT", true}, {"PATCH", true}, {"DELETE", false},
        {"OPTIONS", false}};

    if (n < 1)
        return refuse(g, 400, "empty method");
    for (size_t i = 0; i < n; i++)
        if (!is_token_byte(method[i]))
            return refuse(g, 400, "method is not a word");
    for (size_t i = 0; i < countof(known); i++)
        if (n == strlen(known[i].word) && memcmp(method, known[i].word, n) == 0) {
            g->body_allowed = known[i].body;
            return true;
        }
    return refuse(g, 501, "unknown method");
}

static bool check_target(struct guard *g, const char *target, size_t n)
{
    if (n > GUARD_TARGET_BYTES)
        return refuse(g, 414, "target too long");
    /* "//" first would read as an authority to whoever parses the target as a URI. */
    if (n < 1 || target[0] != '/' || (n > 1 && target[1] == '/'))
        return refuse(g, 400, "target is not an absolute path");
    for (size_t i = 0; i < n; i++)
        if (target[i] <= 0x20 || target[i] >= 0x7f || strchr("#\\\"<>^`{|}", target[i]))
            return refuse(g, 400, "byte not allowed in target");
    return true;
}

static bool check_version(struct guard *g, const char *version, size_t n)
{
    if (n != 8 || memcmp(version, "HTTP/", 5) != 0 || version[5] < '0' || version[5] > '9' || version[6] != '.' ||
        version[7] < '0' || version[7] > '9')
        return refuse(g, 400, "not a version");
    if (version[5] != '1' || version[7] > '1')
        return refuse(g, 505, "version not supported");
    g->is_old = version[7] == '0';
    return true;
}

/* method SP target SP version, each blank exactly one */
static bool check_request_line(struct guard *g, const char *line, size_t n)
{
    const char *end = line + n;
    const char *first = memchr(line, ' ', n);
    const char *second = first ? memchr(first + 1, ' ', (size_t)(end - first - 1)) : NULL;

    if (!second)
        return refuse(g, 400, "not a request line");
    return check_method(g, line, (size_t)(first - line)) && check_target(g, first + 1, (size_t)(second - first - 1)) &&
           check_version(g, second + 1, (size_t)(end - second - 1));
}

/* Each of these may stand once: a second one, even an equal one, is refused. */
static bool once(struct guard *g, bool *seen, const char *why)
{
    if (*seen)
        return refuse(g, 400, why);
    *seen = true;
    return true;
}

static bool check_host(struct guard *g, const struct line *l)
{
    if (l->value_bytes < 1 || l->value_bytes > 255)
        return refuse(g, 400, "empty or overlong Host");
    for (size_t i = 0; i < l->value_bytes; i++) {
        char c = l->value[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr(".-_:[]%", c)))
            return refuse(g, 400, "byte not allowed in Host");
    }
    return once(g, &g->has_host, "more than one Host");
}

static bool check_length(struct guard *g, const struct line *l)
{
    size_t length = 0;

    if (!once(g, &g->has_length, "more than one Content-Length"))
        return false;
    if (l->value_bytes < 1 || l->value_bytes > 19)
        return refuse(g, 400, "Content-Length is not a number");
    for (size_t i = 0; i < l->value_bytes; i++) {
        if (l->value[i] < '0' || l->value[i] > '9')
            return refuse(g, 400, "Content-Length is not a number");
        length = length * 10 + (size_t)(l->value[i] - '0');
    }
    if (length > 0 && !g->body_allowed)
        return refuse(g, 400, "body where none may be");
    if (length > g->max_body)
        return refuse(g, 413, "body too large");
    g->body = length;
    return true;
}

static bool check_encoding(struct guard *g, const struct line *l)
{
    if (!once(g, &g->has_encoding, "more than one Transfer-Encoding"))
        return false;
    if (!same(l->value, l->value_bytes, "chunked"))
        return refuse(g, 400, "unknown Transfer-Encoding");
    return true;
}

static bool check_known_header(struct guard *g, const struct line *l)
{
    if (same(l->name, l->name_bytes, "Host"))
        return check_host(g, l);
    if (same(l->name, l->name_bytes, "Content-Length"))
        return check_length(g, l);
    if (same(l->name, l->name_bytes, "Transfer-Encoding"))
        return check_encoding(g, l);
    if (same(l->name, l->name_bytes, "Authorization"))
        return once(g, &g->has_authorization, "more than one Authorization");
    if (same(l->name, l->name_bytes, "Expect"))
        return refuse(g, 417, "Expect is not supported");
    return true;
}

static bool check_header_line(struct guard *g, const char *line, size_t n)
{
    const char *colon = memchr(line, ':', n);
    struct line l;

    if (line[0] == ' ' || line[0] == '\t')
        return refuse(g, 400, "folded header line");
    if (!colon)
        return refuse(g, 400, "header line without colon");
    l.name = line;
    l.name_bytes = (size_t)(colon - line);
    if (l.name_bytes < 1 || l.name_bytes > GUARD_NAME_BYTES)
        return refuse(g, 400, "empty or overlong header name");
    for (size_t i = 0; i < l.name_bytes; i++)
        if (!is_token_byte(line[i]))
            return refuse(g, 400, "byte not allowed in header name");
    l.value = colon + 1;
    l.value_bytes = n - l.name_bytes - 1;
    while (l.value_bytes && (*l.value == ' ' || *l.value == '\t'))
        l.value++, l.value_bytes--;
    while (l.value_bytes && (l.value[l.value_bytes - 1] == ' ' || l.value[l.value_bytes - 1] == '\t'))
        l.value_bytes--;
    return check_known_header(g, &l);
}

/* The empty line: what only the whole head can tell. */
static bool check_head(struct guard *g)
{
    if (!g->has_host)
        return refuse(g, 400, "no Host");
    if (g->has_encoding && (g->has_length || g->is_old || !g->body_allowed))
        return refuse(g, 400, "Transfer-Encoding where none may be");
    if (g->has_encoding)
        return refuse(g, 411, "a body needs Content-Length");
    g->head_done = true;
    return true;
}

/* n bytes without the CR LF */
static bool check_line(struct guard *g, const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_control(line[i]))
            return refuse(g, 400, "control byte");
    if (g->lines++ == 0)
        return check_request_line(g, line, n);
    if (n == 0)
        return check_head(g);
    if (g->lines - 1 > GUARD_HEADER_COUNT)
        return refuse(g, 431, "too many headers");
    return check_header_line(g, line, n);
}

static bool check_head_size(struct guard *g, size_t n)
{
    if (n <= GUARD_HEAD_BYTES)
        return true;
    return g->lines == 0 ? refuse(g, 414, "request line too long") : refuse(g, 431, "headers too large");
}

enum guard_verdict guard_feed(struct guard *g, const char *bytes, size_t n)
{
    while (!g->head_done) {
        const char *line = bytes + g->at;
        const char *feed = memchr(bytes + g->searched, '\n', n - g->searched);
        size_t line_bytes = feed ? (size_t)(feed - line) : 0;

        if (!check_head_size(g, feed ? (size_t)(feed - bytes) : n))
            return GUARD_REFUSED;
        g->searched = feed ? (size_t)(feed - bytes) + 1 : n;
        if (!feed)
            return GUARD_MORE;
        if (line_bytes < 1 || feed[-1] != '\r')
            return refuse(g, 400, "line feed without carriage return"), GUARD_REFUSED;
        if (!check_line(g, line, line_bytes - 1))
            return GUARD_REFUSED;
        g->at += line_bytes + 1;
    }
    if (n - g->at < g->body)
        return GUARD_MORE;
    g->whole = g->at + g->body;
    return GUARD_WHOLE;
}
