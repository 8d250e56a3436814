/* token_new.c: see token_new.h. */
#include "token_new.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fail.h"
#include "tokens.h"

static int tell(const struct cli *c, enum cli_exit status, enum message m, const char *a, const char *b)
{
    message_problem(c->err, c->options.lang, m, a, b);
    return (int)status;
}

static bool has_name(FILE *in, const char *name)
{
    char line[512];
    size_t n = strlen(name);

    while (fgets(line, sizeof line, in))
        if (strncmp(line, name, n) == 0 && (line[n] == ' ' || line[n] == '\t'))
            return true;
    return false;
}

/* One write, behind a line end if the file lacks its last one, so that a reader never sees half a line. */
static bool append(int fd, const char *line)
{
    char text[TOKENS_LINE_BYTES + 2], last = '\n';
    off_t end = lseek(fd, 0, SEEK_END);

    if (end > 0 && pread(fd, &last, 1, end - 1) != 1)
        return false;
    int n = snprintf(text, sizeof text, "%s%s\n", last == '\n' ? "" : "\n", line);
    return write(fd, text, (size_t)n) == n && fsync(fd) == 0;
}

static int add_to_file(const struct cli *c, const char *path, const char *name, const char *line)
{
    autoclose int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || flock(fd, LOCK_EX) != 0) /* two at once would not see each other's name */
        return tell(c, CLI_FAILED, MESSAGE_FAILED, path, NULL);
    FILE *in = fdopen(dup(fd), "r");
    bool exists = in && has_name(in, name);
    if (in)
        fclose(in);
    if (exists)
        return tell(c, CLI_CONFLICT, MESSAGE_TOKEN_EXISTS, path, name);
    if (!append(fd, line))
        return tell(c, CLI_FAILED, MESSAGE_FAILED, strerror(errno), NULL);
    return CLI_FINE;
}

static void print(const struct cli *c, const char *role, const char *token, const char *line)
{
    if (!c->options.values[OPTION_JSON]) {
        fprintf(c->out, "%s\n", token);
        return;
    }
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:s}", "name", c->options.argument, "role", role, "token", token, "line", line);
    json_dumpf(o, c->out, JSON_INDENT(2));
    putc('\n', c->out);
    json_decref(o);
}

int token_new(struct cli *c)
{
    const char *role_text = c->options.values[OPTION_ROLE], *file = c->options.values[OPTION_TOKENS_FILE];
    char token[TOKENS_TOKEN_BYTES], line[TOKENS_LINE_BYTES];
    enum role role = ROLE_READER;
    struct fail f;

    if (role_text && !role_from_word(role_text, &role)) {
        message_problem(c->err, c->options.lang, MESSAGE_BAD_VALUE, "role", role_text, "reader, admin");
        return CLI_USAGE;
    }
    if (tokens_new(c->options.argument, role, c->rng, token, line, &f) != 0)
        return tell(c, CLI_USAGE, MESSAGE_FAILED, f.text, NULL);
    int status = file ? add_to_file(c, file, c->options.argument, line) : CLI_FINE;
    if (status != CLI_FINE)
        return status;
    print(c, role_word(role), token, line);
    message_print(c->err, c->options.lang, MESSAGE_TOKEN_ONCE);
    putc('\n', c->err);
    message_print(c->err, c->options.lang, file ? MESSAGE_TOKEN_ADDED : MESSAGE_TOKEN_LINE, file ? file : line);
    putc('\n', c->err);
    return CLI_FINE;
}
