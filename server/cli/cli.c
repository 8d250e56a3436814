/* cli.c: the table of commands, and what each does. See cli.h. */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "show.h"
#include "ticket.h"
#include "origin.h"
#include "token_new.h"

enum { PATH_BYTES = 2048, PAGE = 500, USUAL_ROWS = 100, RECONNECT_MS = 1000 };

#define USUAL_SERVER "http://127.0.0.1:8480"
#define BIT(option) (1u << OPTION_##option)

static int ticket_list(struct cli *c);
static int ticket_show(struct cli *c);
static int device_list(struct cli *c);
static int device_show(struct cli *c);
static int device_block(struct cli *c);
static int device_unblock(struct cli *c);
static int condition_list(struct cli *c);
static int audit_list(struct cli *c);
static int event_watch(struct cli *c);

#define EXAMPLES(...) ((const char *const[]){__VA_ARGS__, NULL})

const struct cli_command cli_commands[] = {
    {"ticket", "list", NULL, MESSAGE_HELP_TICKET_LIST,
        BIT(DEVICE) | BIT(STATE) | BIT(CLASS) | BIT(PRODUCT_LINE) | BIT(ALL) | BIT(LIMIT),
        EXAMPLES("faultline ticket list --class urgent", "faultline ticket list --all --json --limit 1000"),
        ticket_list},
    {"ticket", "show", "NUMBER", MESSAGE_HELP_TICKET_SHOW, 0, EXAMPLES("faultline ticket show FL-3F-000017"),
        ticket_show},
    {"device", "list", NULL, MESSAGE_HELP_DEVICE_LIST,
        BIT(PRODUCT_LINE) | BIT(MODEL) | BIT(ONLINE) | BIT(OFFLINE) | BIT(LIMIT),
        EXAMPLES("faultline device list --offline --product-line engine"), device_list},
    {"device", "show", "DEVICE", MESSAGE_HELP_DEVICE_SHOW, 0, EXAMPLES("faultline device show engine-7"), device_show},
    {"device", "block", "DEVICE", MESSAGE_HELP_DEVICE_BLOCK, BIT(REASON),
        EXAMPLES("faultline device block engine-7 --reason 'certificate stolen'"), device_block},
    {"device", "unblock", "DEVICE", MESSAGE_HELP_DEVICE_UNBLOCK, BIT(REASON),
        EXAMPLES("faultline device unblock engine-7 --reason 'new certificate'"), device_unblock},
    {"condition", "list", NULL, MESSAGE_HELP_CONDITION_LIST, BIT(DEVICE) | BIT(STATE) | BIT(LIMIT),
        EXAMPLES("faultline condition list --state confirmed", "faultline condition list --device engine-7"),
        condition_list},
    {"audit", "list", "OBJECT", MESSAGE_HELP_AUDIT_LIST, BIT(LIMIT),
        EXAMPLES("faultline audit list engine-7", "faultline audit list FL-3F-000017"), audit_list},
    {"event", "watch", NULL, MESSAGE_HELP_EVENT_WATCH, BIT(SINCE),
        EXAMPLES("faultline event watch", "faultline event watch --since 0 --json"), event_watch},
    {"token", "new", "NAME", MESSAGE_HELP_TOKEN_NEW, BIT(ROLE) | BIT(TOKENS_FILE),
        EXAMPLES("faultline token new grafana --role reader",
            "faultline token new desk --role reader --tokens-file /etc/faultline/tokens"),
        token_new},
    {0},
};

/* ---------------------------------------------------------------- failures */

static const char *server_of(const struct cli *c)
{
    const char *server = c->options.values[OPTION_SERVER];

    if (!server)
        server = getenv("FAULTLINE_SERVER");
    return server && *server ? server : USUAL_SERVER;
}

static int tell(const struct cli *c, enum cli_exit status, enum message m, const char *a, const char *b)
{
    message_problem(c->err, c->options.lang, m, a, b);
    return (int)status;
}

static int tell_fail(const struct cli *c, const struct fail *f)
{
    const char *db = c->options.values[OPTION_DB];

    switch (f->code) {
    case FAIL_INPUT:
    case FAIL_USAGE:
        return tell(c, CLI_USAGE, MESSAGE_FAILED, f->text, NULL);
    case FAIL_NOT_FOUND:
        return tell(c, CLI_NOT_FOUND, MESSAGE_NOT_FOUND, f->text, NULL);
    case FAIL_CONFLICT:
        return db ? tell(c, CLI_CONFLICT, MESSAGE_DATABASE_HELD, db, NULL)
                  : tell(c, CLI_CONFLICT, MESSAGE_CONFLICT, f->text, NULL);
    case FAIL_DENIED:
        return tell(c, CLI_DENIED, MESSAGE_DENIED, NULL, NULL);
    case FAIL_PEER:
        return tell(c, CLI_UNREACHABLE, MESSAGE_UNREACHABLE, server_of(c), f->text);
    default:
        return tell(c, CLI_FAILED, MESSAGE_FAILED, f->text, NULL);
    }
}

/* ---------------------------------------------------------------- where the data comes from */

static int read_line(const char *path, char *line, int size, struct fail *f)
{
    FILE *in = fopen(path, "re");

    if (!in)
        return fail_sys(f, "%s", path);
    if (!fgets(line, size, in))
        line[0] = '\0';
    fclose(in);
    line[strcspn(line, " \t\r\n")] = '\0';
    return 0;
}

/* --token-file, FAULTLINE_TOKEN, ~/.config/faultline/token: the first there is. */
static int find_token(const struct cli *c, char *token, int size, struct fail *f)
{
    const char *file = c->options.values[OPTION_TOKEN_FILE], *given = getenv("FAULTLINE_TOKEN");
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char path[PATH_BYTES];
    struct fail ignored;

    token[0] = '\0';
    if (file)
        return read_line(file, token, size, f);
    if (given && *given) {
        snprintf(token, (size_t)size, "%s", given);
        return 0;
    }
    snprintf(path, sizeof path, "%s%s/faultline/token",
        config && *config ? config
        : home            ? home
                          : "",
        config && *config ? "" : "/.config");
    if (read_line(path, token, size, &ignored) != 0)
        token[0] = '\0';
    return 0;
}

static int open_origin(const struct cli *c, struct origin **ret, struct fail *f)
{
    char token[256];
    const char *const *values = c->options.values;

    if (values[OPTION_DB])
        return origin_open(&(struct origin_settings){.db = values[OPTION_DB]}, ret, f);
    if (find_token(c, token, sizeof token, f) != 0)
        return -1;
    return origin_open(
        &(struct origin_settings){
            .server = server_of(c), .token = *token ? token : NULL, .ca_file = values[OPTION_CA_FILE]},
        ret, f);
}

/* ---------------------------------------------------------------- lists */

static void add_text(char *path, const char *text)
{
    size_t n = strlen(path);

    snprintf(path + n, PATH_BYTES - n, "%s", text);
}

static void add_filter(const struct cli *c, char *path, enum option_id option, const char *name)
{
    const char *value = c->options.values[option];
    size_t n = strlen(path);

    if (!value)
        return;
    snprintf(path + n, PATH_BYTES - n, "&%s=", name);
    origin_escape(path, PATH_BYTES, value);
}

/* As many pages as the rows take. *ret_more: there are further rows. */
static int get_rows(struct origin *s, const char *path, int64_t rows, json_t *items, bool *ret_more, struct fail *f)
{
    char url[2 * PATH_BYTES] = "";
    char cursor[PATH_BYTES] = "";

    do {
        json_t *page;
        int64_t left = rows - (int64_t)json_array_size(items);

        snprintf(url, sizeof url, "%s&limit=%" PRId64 "%s%s", path, left < PAGE ? left : PAGE,
            *cursor ? "&cursor=" : "", cursor);
        if (origin_get(s, url, &page, f) != 0)
            return -1;
        const char *next = json_string_value(json_object_get(page, "next_cursor"));
        snprintf(cursor, sizeof cursor, "%s", next ? next : "");
        json_array_extend(items, json_object_get(page, "items"));
        json_decref(page);
    } while (*cursor && (int64_t)json_array_size(items) < rows);
    *ret_more = *cursor;
    return 0;
}

static int print_json(const struct cli *c, const json_t *document)
{
    json_dumpf(document, c->out, JSON_INDENT(2));
    putc('\n', c->out);
    return CLI_FINE;
}

static bool parse_limit(const struct cli *c, int64_t *ret)
{
    const char *text = c->options.values[OPTION_LIMIT];
    char *end;

    *ret = USUAL_ROWS;
    if (!text)
        return true;
    *ret = strtoll(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && *ret >= 1;
}

static int print_rows(
    const struct cli *c, const json_t *items, bool more, void (*show)(const struct cli *c, const json_t *items))
{
    if (c->options.values[OPTION_JSON])
        print_json(c, items);
    else
        show(c, items);
    if (json_array_size(items) == 0 && !c->options.values[OPTION_JSON])
        fprintf(c->err, "%s\n", message_text(c->options.lang, MESSAGE_NOTHING));
    if (more)
        fprintf(c->err, "%s\n", message_text(c->options.lang, MESSAGE_MORE_ROWS));
    return CLI_FINE;
}

/* path ends in '?' or with a filter. */
static int list(const struct cli *c, const char *path, void (*show)(const struct cli *c, const json_t *items))
{
    struct origin *s = NULL;
    struct fail f;
    int64_t rows;
    bool more;

    if (!parse_limit(c, &rows)) {
        message_problem(
            c->err, c->options.lang, MESSAGE_BAD_VALUE, "limit", c->options.values[OPTION_LIMIT], "1, 2, 3 ...");
        return CLI_USAGE;
    }
    json_t *items = json_array();
    int status = CLI_FINE;
    if (open_origin(c, &s, &f) != 0 || get_rows(s, path, rows, items, &more, &f) != 0)
        status = tell_fail(c, &f);
    else
        print_rows(c, items, more, show);
    json_decref(items);
    origin_close(s);
    return status;
}

static int ticket_list(struct cli *c)
{
    char path[PATH_BYTES] = "/api/v1/tickets?";

    add_filter(c, path, OPTION_DEVICE, "device");
    add_filter(c, path, OPTION_STATE, "state");
    add_filter(c, path, OPTION_CLASS, "class");
    add_filter(c, path, OPTION_PRODUCT_LINE, "product_line");
    if (!c->options.values[OPTION_ALL] && !c->options.values[OPTION_STATE])
        add_text(path, "&open=true");
    return list(c, path, show_tickets);
}

static int device_list(struct cli *c)
{
    char path[PATH_BYTES] = "/api/v1/devices?";

    add_filter(c, path, OPTION_PRODUCT_LINE, "product_line");
    add_filter(c, path, OPTION_MODEL, "model");
    if (c->options.values[OPTION_ONLINE])
        add_text(path, "&online=true");
    else if (c->options.values[OPTION_OFFLINE])
        add_text(path, "&online=false");
    return list(c, path, show_devices);
}

static int condition_list(struct cli *c)
{
    char path[PATH_BYTES] = "/api/v1/conditions?";

    add_filter(c, path, OPTION_DEVICE, "device");
    add_filter(c, path, OPTION_STATE, "state");
    return list(c, path, show_conditions);
}

/* The newest page: nothing stands behind its cursor. */
static int audit_list(struct cli *c)
{
    char path[PATH_BYTES] = "/api/v1/audit?object=";

    origin_escape(path, sizeof path, c->options.argument);
    return list(c, path, show_audit);
}

/* ---------------------------------------------------------------- one of them */

static int ticket_show(struct cli *c)
{
    char path[PATH_BYTES] = "/api/v1/tickets/";
    struct origin *s = NULL;
    json_t *ticket = NULL;
    struct ticket_number number;
    struct fail f;
    int status = CLI_FINE;

    if (!ticket_number_parse(c->options.argument, &number))
        return tell(c, CLI_USAGE, MESSAGE_NO_TICKET_NUMBER, c->options.argument, NULL);
    origin_escape(path, sizeof path, c->options.argument);
    if (open_origin(c, &s, &f) != 0 || origin_get(s, path, &ticket, &f) != 0)
        status = tell_fail(c, &f);
    else if (c->options.values[OPTION_JSON])
        print_json(c, ticket);
    else
        show_ticket(c, ticket);
    json_decref(ticket);
    origin_close(s);
    return status;
}

static int device_show(struct cli *c)
{
    char path[PATH_BYTES] = "/api/v1/devices/", conditions_path[PATH_BYTES] = "/api/v1/conditions?device=";
    struct origin *s = NULL;
    json_t *device = NULL, *conditions = json_array();
    struct fail f;
    bool more;
    int status = CLI_FINE;

    origin_escape(path, sizeof path, c->options.argument);
    origin_escape(conditions_path, sizeof conditions_path, c->options.argument);
    if (open_origin(c, &s, &f) != 0 || origin_get(s, path, &device, &f) != 0 ||
        get_rows(s, conditions_path, PAGE, conditions, &more, &f) != 0)
        status = tell_fail(c, &f);
    else if (c->options.values[OPTION_JSON])
        print_json(c, device);
    else
        show_device(c, device, conditions);
    json_decref(device);
    json_decref(conditions);
    origin_close(s);
    return status;
}

/* ---------------------------------------------------------------- who may report */

static int put_registration(struct cli *c, const json_t *wanted)
{
    char path[PATH_BYTES] = "/api/v1/devices/";
    struct origin *s = NULL;
    json_t *device = NULL;
    struct fail f;
    int status = CLI_FINE;

    origin_escape(path, sizeof path, c->options.argument);
    add_text(path, "/registration");
    if (open_origin(c, &s, &f) != 0 || origin_put(s, path, wanted, &device, &f) != 0)
        status = tell_fail(c, &f);
    else if (c->options.values[OPTION_JSON])
        print_json(c, device);
    else
        show_registration(c, device);
    json_decref(device);
    origin_close(s);
    return status;
}

static int set_registration(struct cli *c, const char *name, const char *registration)
{
    const char *reason = c->options.values[OPTION_REASON];
    json_t *wanted;
    int status;

    if (c->options.values[OPTION_DB])
        return tell(c, CLI_USAGE, MESSAGE_NEEDS_SERVER, name, NULL);
    if (!reason || !*reason)
        return tell(c, CLI_USAGE, MESSAGE_NEEDS_ARGUMENT, name, "--reason TEXT");
    wanted = json_pack("{s:s, s:s}", "registration", registration, "reason", reason);
    if (!wanted)
        return tell(c, CLI_USAGE, MESSAGE_BAD_VALUE_TEXT, "reason", NULL);
    status = put_registration(c, wanted);
    json_decref(wanted);
    return status;
}

static int device_block(struct cli *c)
{
    return set_registration(c, "device block", "blocked");
}

static int device_unblock(struct cli *c)
{
    return set_registration(c, "device unblock", "known");
}

/* ---------------------------------------------------------------- events */

struct watching {
    const struct cli *cli;
    char last_id[24];
};

static bool on_event(void *ctx, const char *kind, const json_t *event)
{
    struct watching *w = ctx;
    const char *id = json_string_value(json_object_get(event, "id"));

    if (id)
        snprintf(w->last_id, sizeof w->last_id, "%s", id);
    if (w->cli->options.values[OPTION_JSON]) {
        json_dumpf(event, w->cli->out, JSON_COMPACT);
        putc('\n', w->cli->out);
    } else {
        show_event(w->cli, kind, event);
    }
    return fflush(w->cli->out) == 0; /* a closed pipe ends the watch */
}

/* Servers restart and tokens change; then the stream goes on where it stopped. A server that cannot be reached at all
 * ends it. */
static int event_watch(struct cli *c)
{
    struct watching w = {.cli = c};
    struct origin *s = NULL;
    struct fail f;

    if (c->options.values[OPTION_DB])
        return tell(c, CLI_USAGE, MESSAGE_NEEDS_SERVER, "event watch", NULL);
    if (c->options.values[OPTION_SINCE])
        snprintf(w.last_id, sizeof w.last_id, "%s", c->options.values[OPTION_SINCE]);
    if (open_origin(c, &s, &f) != 0)
        return tell_fail(c, &f);
    while (origin_watch(s, w.last_id, on_event, &w, &f) == 0 && !ferror(c->out))
        poll(NULL, 0, RECONNECT_MS);
    origin_close(s);
    return ferror(c->out) ? CLI_FINE : tell_fail(c, &f);
}

/* ---------------------------------------------------------------- run */

static const char *locale_of_user(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < countof(names); i++) {
        const char *value = getenv(names[i]);

        if (value && *value)
            return value;
    }
    return NULL;
}

/* curl would try whatever a scheme names; without one it takes http. */
static bool is_server(const char *url)
{
    if (strncmp(url, "unix:", 5) == 0)
        return url[5] == '/';
    return !strstr(url, "://") || strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

static int run(struct cli *c)
{
    const struct options *o = &c->options;

    if (o->values[OPTION_VERSION]) {
        fputs("faultline " FAULTLINE_VERSION "\n", c->out);
        return CLI_FINE;
    }
    if (o->help) {
        options_help(c->out, o);
        return CLI_FINE;
    }
    if (o->values[OPTION_DB] && o->values[OPTION_SERVER])
        return tell(c, CLI_USAGE, MESSAGE_SERVER_OR_DB, NULL, NULL);
    if (!is_server(server_of(c))) {
        message_problem(
            c->err, o->lang, MESSAGE_BAD_VALUE, "server", server_of(c), "http://..., https://..., unix:/path");
        return CLI_USAGE;
    }
    return o->command->run(c);
}

int cli_run(struct cli *c, int argc, char **argv)
{
    if (options_parse(argc, argv, locale_of_user(), &c->options, c->err) != 0)
        return CLI_USAGE;
    int status = run(c);
    if (fflush(c->out) != 0 && status == CLI_FINE && errno != EPIPE)
        status = tell(c, CLI_FAILED, MESSAGE_FAILED, strerror(errno), NULL);
    return status;
}
