/* server_settings.c: the table of every key. See server_settings.h. */
#include "server_settings.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "conf.h"
#include "store.h"

enum { MINUTE_MS = 60 * 1000, DAY_MS = 24 * 60 * MINUTE_MS };

#define TEXT(group, field)                                                                                             \
    .type = CONF_TEXT, .offset = offsetof(struct group, field), .size = sizeof(((struct group *)0)->field)
#define AT(group, field) .offset = offsetof(struct group, field)

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const drivers[] = {[STORE_SQLITE] = "sqlite", [STORE_POSTGRESQL] = "postgresql", NULL};
static const char *const admissions[] = {"open", "known", NULL};

static const struct conf_key server_keys[] = {
    {.name = "name",
        TEXT(settings_server, name),
        .fallback = "",
        .help = "who this collector is when it takes the store's lease; empty = the host's name"},
    {.name = "log_level",
        .type = CONF_WORD,
        AT(settings_server, log_level),
        .fallback = "info",
        .words = levels,
        .help = "lines above this level are not written"},
    {0},
};

static const struct conf_key broker_keys[] = {
    {.name = "address", TEXT(settings_broker, address), .min = 1, .help = "unix:/path, host:port or [address]:port"},
    {.name = "user",
        TEXT(settings_broker, user),
        .fallback = "faultline.collector",
        .help = "the name that the broker's access list knows the collector by"},
    {.name = "client_id",
        TEXT(settings_broker, client_id),
        .fallback = "",
        .help = "empty = the user name, which brokers with use_username_as_clientid take anyway"},
    {.name = "password_file",
        TEXT(settings_broker, password_file),
        .fallback = "",
        .help = "its first line is the password; read at each connect; empty = no password"},
    {.name = "ca_file",
        TEXT(settings_broker, ca_file),
        .fallback = "",
        .help = "the only trust anchors; empty = no TLS, which is for Unix sockets and loopback"},
    {.name = "cert_file", TEXT(settings_broker, cert_file), .fallback = "", .help = "our certificate and its chain"},
    {.name = "key_file", TEXT(settings_broker, key_file), .fallback = "", .help = "the key of cert_file"},
    {.name = "crl_file",
        TEXT(settings_broker, crl_file),
        .fallback = "",
        .help = "revoked broker certificates; empty = no list"},
    {0},
};

static const struct conf_key store_keys[] = {
    {.name = "driver",
        .type = CONF_WORD,
        AT(settings_store, driver),
        .fallback = "sqlite",
        .words = drivers,
        .help = "one file on this machine, or a PostgreSQL server"},
    {.name = "path",
        TEXT(settings_store, path),
        .fallback = "/var/lib/faultline/faultline.db",
        .help = "sqlite: the database file"},
    {.name = "conninfo",
        TEXT(settings_store, conninfo),
        .fallback = "",
        .secret = true,
        .help = "postgresql: libpq connection string; keep passwords in a passfile"},
    {.name = "catalogue",
        TEXT(settings_store, catalogue),
        .fallback = "",
        .help = "CSV file of fault codes, read into the store at each start; empty = leave the store's"},
    {.name = "cache_devices",
        .type = CONF_NUMBER,
        AT(settings_store, cache_devices),
        .fallback = "50000",
        .min = 100,
        .max = 10 * 1000 * 1000,
        .help = "devices kept in memory by the writer, about 2 KiB each"},
    {.name = "lease",
        .type = CONF_DURATION,
        AT(settings_store, lease_ms),
        .fallback = "15s",
        .min = 5 * 1000,
        .max = 10 * MINUTE_MS,
        .help = "how long another collector waits for this one's silence before it takes over"},
    {0},
};

static const struct conf_key registration_keys[] = {
    {.name = "devices",
        .type = CONF_WORD,
        AT(settings_registration, devices),
        .fallback = "open",
        .words = admissions,
        .help = "open: a device with a valid certificate is registered by its first report; known: it is refused"},
    {.name = "children",
        .type = CONF_WORD,
        AT(settings_registration, children),
        .fallback = "open",
        .words = admissions,
        .help = "the same for devices behind a gateway"},
    {0},
};

static const struct conf_key condition_keys[] = {
    {.name = "flap_changes",
        .type = CONF_NUMBER,
        AT(settings_conditions, flap_changes),
        .fallback = "10",
        .min = 2,
        .max = 10000,
        .help = "more changes of state than this within flap_window: the condition flaps"},
    {.name = "flap_window",
        .type = CONF_DURATION,
        AT(settings_conditions, flap_window_ms),
        .fallback = "1h",
        .min = MINUTE_MS,
        .max = 7LL * DAY_MS,
        .help = "a whole window without a change ends flapping"},
    {0},
};

enum { SECTIONS = 6 };

static void fill_sections(struct server_settings *s, struct conf_section sections[static SECTIONS + 1])
{
    const struct conf_section all[SECTIONS + 1] = {
        {.name = "server", .keys = server_keys, .items = &s->server},
        {.name = "broker", .keys = broker_keys, .items = &s->broker},
        {.name = "store", .keys = store_keys, .items = &s->store},
        {.name = "registration", .keys = registration_keys, .items = &s->registration},
        {.name = "conditions", .keys = condition_keys, .items = &s->conditions},
        {.name = "http", .keys = api_conf_keys, .items = &s->http},
    };

    memcpy(sections, all, sizeof all);
}

/* What a table of keys cannot say. */
static int check(const struct server_settings *s, struct fail *f)
{
    struct address address;

    if (s->store.driver == STORE_POSTGRESQL && !*s->store.conninfo)
        return fail_set(f, FAIL_SETTINGS, "store.conninfo: needed with driver = postgresql");
    if (!*s->broker.ca_file != !*s->broker.cert_file || !*s->broker.cert_file != !*s->broker.key_file)
        return fail_set(f, FAIL_SETTINGS, "broker.ca_file, cert_file and key_file belong together");
    if (address_parse(s->broker.address, &address, f))
        return -1;
    return api_check(&s->http, f) ? fail_add(f, "http") : 0;
}

int server_settings_read(const char *path, struct server_settings *ret, struct fail *f)
{
    struct conf_section sections[SECTIONS + 1];
    struct server_settings s = {0};

    fill_sections(&s, sections);
    if (conf_read(path, sections, f))
        return -1;
    if (check(&s, f))
        return fail_add(f, "%s", path);
    if (!*s.server.name && gethostname(s.server.name, sizeof s.server.name - 1))
        memcpy(s.server.name, "collector", sizeof "collector");
    if (!*s.broker.client_id)
        memcpy(s.broker.client_id, s.broker.user, sizeof s.broker.client_id);
    *ret = s;
    return 0;
}

void server_settings_print(FILE *out, struct server_settings *s)
{
    struct conf_section sections[SECTIONS + 1];

    fill_sections(s, sections);
    conf_print(out, sections);
}
