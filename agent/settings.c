/* settings.c: the table of the agent's keys, and what a table cannot say. See settings.h. */
#include "settings.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "codec.h"
#include "conf.h"
#include "identity.h"
#include "input_spec.h"

#define HOUR_MS (INT64_C(3600) * 1000)
#define KIB INT64_C(1024)

#define AT(group, field) .offset = offsetof(struct group, field)
#define TEXT_AT(group, field) AT(group, field), .size = sizeof(((struct group *)0)->field)
#define TEXT(key_, at_, default_, required_, help_)                                                                    \
    {                                                                                                                  \
        .name = (key_), .type = CONF_TEXT, at_, .fallback = (default_), .min = (required_), .help = (help_)            \
    }
#define VALUE(type_, key_, at_, default_, low_, high_, help_)                                                          \
    {                                                                                                                  \
        .name = (key_), .type = (type_), at_, .fallback = (default_), .min = (low_), .max = (high_), .help = (help_)   \
    }

static const struct conf_key device_keys[] = {
    TEXT("id", TEXT_AT(settings, device.id), "", 0,
        "device id; empty: the certificate's common name, which it must equal when both are there"),
    TEXT("product_line", TEXT_AT(settings, device.product_line), NULL, 1, "which rules of the service desk apply"),
    TEXT("model", TEXT_AT(settings, device.model), NULL, 1, "model number"),
    TEXT("serial", TEXT_AT(settings, device.serial), "", 0, "serial number on the label"),
    TEXT("hardware", TEXT_AT(settings, device.hardware), "", 0, "hardware revision"),
    {.name = NULL},
};

static const struct conf_key part_keys[] = {
    TEXT("part_no", TEXT_AT(settings_part, part_no), NULL, 1, "part number"),
    TEXT("serial", TEXT_AT(settings_part, serial), "", 0, "serial number of this part"),
    TEXT("supplier", TEXT_AT(settings_part, supplier), "", 0, "who made it"),
    TEXT("lot", TEXT_AT(settings_part, lot), "", 0, "lot it was made in"),
    TEXT("made_date", TEXT_AT(settings_part, made_date), "", 0, "when, as YYYY-MM-DD"),
    {.name = NULL},
};

static const struct conf_key firmware_keys[] = {
    TEXT("version", TEXT_AT(settings_firmware, version), NULL, 1, "version of this component's firmware"),
    {.name = NULL},
};

static const struct conf_key broker_keys[] = {
    TEXT("address", TEXT_AT(settings, broker.address), NULL, 1, "HOST:PORT, [ADDRESS]:PORT or unix:PATH"),
    TEXT("ca_file", TEXT_AT(settings, broker.ca_file), "", 0,
        "authority of the broker's certificate; empty: no TLS, on this machine only"),
    TEXT("cert_file", TEXT_AT(settings, broker.cert_file), "", 0, "this device's certificate"),
    TEXT("key_file", TEXT_AT(settings, broker.key_file), "", 0, "its key, without a passphrase"),
    TEXT("crl_file", TEXT_AT(settings, broker.crl_file), "", 0, "revocation list for the broker's certificate"),
    {.name = NULL},
};

static const struct conf_key link_keys[] = {
    VALUE(CONF_DURATION, "keepalive", AT(settings, link.keepalive_ms), "9m", 10 * 1000, 12 * HOUR_MS,
        "silence after which the connection is tried; the broker may ask for less"),
    VALUE(CONF_DURATION, "backoff_max", AT(settings, link.backoff_max_ms), "10m", 1000, 24 * HOUR_MS,
        "longest pause between two attempts to connect"),
    VALUE(CONF_DURATION, "resend_max", AT(settings, link.resend_max_ms), "10m", 20 * 1000, 24 * HOUR_MS,
        "longest pause before records without a receipt are sent again"),
    VALUE(CONF_SWITCH, "remote_clear", AT(settings, link.remote_clear), "no", 0, 0,
        "the collector may clear faults on this device"),
    {.name = NULL},
};

static const struct conf_key spool_keys[] = {
    TEXT("path", TEXT_AT(settings, spool.path), "/var/lib/faultline-agent/spool", 1, "folder of the spool"),
    VALUE(CONF_SIZE, "max_bytes", AT(settings, spool.max_bytes), "16M", 256 * KIB, KIB *KIB *KIB *KIB,
        "cap on all its files; beyond, the oldest health records go, then the oldest others"),
    VALUE(CONF_SIZE, "segment_bytes", AT(settings, spool.segment_bytes), "256K", 64 * KIB, KIB *KIB *KIB,
        "size of one file; at most a quarter of max_bytes"),
    VALUE(CONF_DURATION, "retention", AT(settings, spool.retention_ms), "72h", HOUR_MS, 366 * 24 * HOUR_MS,
        "how long records stay that the collector has, in case it is restored from a backup"),
    VALUE(CONF_SIZE, "retention_bytes", AT(settings, spool.retention_bytes), "4M", 0, KIB *KIB *KIB *KIB,
        "and how much of them"),
    {.name = NULL},
};

static const struct conf_key monitor_keys[] = {
    VALUE(CONF_NUMBER, "max_faults", AT(settings, monitor.max_faults), "1024", 16, BOUND_MONITOR_FAULTS,
        "faults held at once; beyond, the least important give way"),
    VALUE(CONF_NUMBER, "max_per_reporter", AT(settings, monitor.max_per_reporter), "512", 8, BOUND_MONITOR_FAULTS,
        "of one reporter; at most max_faults"),
    VALUE(CONF_NUMBER, "max_per_user", AT(settings, monitor.max_per_user), "256", 1, BOUND_MONITOR_FAULTS,
        "of those that applications report: of all applications of one user"),
    VALUE(CONF_DURATION, "group", AT(settings, monitor.group_ms), "5s", 0, HOUR_MS,
        "network codes within this time are about the same lost controller"),
    {.name = NULL},
};

static const char *const level_words[] = {"error", "warn", "info", "debug", NULL};
static const struct conf_key log_keys[] = {
    {.name = "level",
        .type = CONF_WORD,
        .offset = offsetof(struct settings, log_level),
        .fallback = "info",
        .words = level_words,
        .help = "least important lines that are written: error, warn, info or debug"},
    {.name = NULL},
};

enum { SECTION_COUNT = 12 };

/* All sections of the file, in the order in which they are printed. s is written to by conf_read() only. */
static void list_sections(struct settings *s, struct conf_section sections[static SECTION_COUNT + 1])
{
    const struct conf_section all[SECTION_COUNT] = {
        {.name = "device", .keys = device_keys, .items = s},
        {.name = "part",
            .keys = part_keys,
            .named = true,
            .items = s->parts,
            .item_bytes = sizeof s->parts[0],
            .max_items = BOUND_PARTS,
            .ret_count = &s->part_count,
            .name_offset = offsetof(struct settings_part, position),
            .name_size = sizeof s->parts[0].position},
        {.name = "firmware",
            .keys = firmware_keys,
            .named = true,
            .items = s->firmware,
            .item_bytes = sizeof s->firmware[0],
            .max_items = BOUND_FIRMWARE,
            .ret_count = &s->firmware_count,
            .name_offset = offsetof(struct settings_firmware, component),
            .name_size = sizeof s->firmware[0].component},
        {.name = "broker", .keys = broker_keys, .items = s},
        {.name = "link", .keys = link_keys, .items = s},
        {.name = "spool", .keys = spool_keys, .items = s},
        {.name = "monitor", .keys = monitor_keys, .items = s},
        {.name = "policy",
            .keys = monitor_policy_keys,
            .named = true,
            .items = s->policies,
            .item_bytes = sizeof s->policies[0],
            .max_items = SETTINGS_POLICIES,
            .ret_count = &s->policy_count,
            .name_offset = offsetof(struct monitor_policy, ns),
            .name_size = sizeof s->policies[0].ns},
        {.name = source_app.kind, .keys = source_app.keys, .items = &s->app},
        {.name = source_health.kind, .keys = source_health.keys, .items = &s->health},
        {.name = source_j1939.kind,
            .keys = source_j1939.keys,
            .named = true,
            .items = s->j1939,
            .item_bytes = sizeof s->j1939[0],
            .max_items = SETTINGS_J1939,
            .ret_count = &s->j1939_count,
            .name_offset = offsetof(struct j1939_settings, name),
            .name_size = sizeof s->j1939[0].name},
        {.name = "log", .keys = log_keys, .items = s},
    };

    memcpy(sections, all, sizeof all);
    sections[SECTION_COUNT] = (struct conf_section){.name = NULL};
}

/* ---------------------------------------------------------------- checks across keys */

static int read_address(const char *path, struct settings *s, struct fail *f)
{
    return address_parse(s->broker.address, &s->broker.at, f) ? fail_add(f, "%s", path) : 0;
}

static int check_tls(const char *path, const struct settings *s, struct fail *f)
{
    bool tls = *s->broker.ca_file;

    if (tls && (!*s->broker.cert_file || !*s->broker.key_file))
        return fail_set(f, FAIL_SETTINGS, "%s: broker.ca_file: TLS needs cert_file and key_file, too", path);
    if (!tls && (*s->broker.cert_file || *s->broker.key_file || *s->broker.crl_file))
        return fail_set(f, FAIL_SETTINGS, "%s: broker.ca_file: missing, but other files for TLS are given", path);
    if (!tls && !*s->device.id)
        return fail_set(f, FAIL_SETTINGS, "%s: device.id: required when there is no certificate", path);
    return 0;
}

static int check_ids(const char *path, const struct settings *s, struct fail *f)
{
    if (*s->device.id && !identity_is_valid(s->device.id))
        return fail_set(
            f, FAIL_SETTINGS, "%s: device.id: \"%s\" is not 1 to 64 of A-Z a-z 0-9 _ -", path, s->device.id);
    if (s->spool.segment_bytes > s->spool.max_bytes / 4)
        return fail_set(f, FAIL_SETTINGS, "%s: spool.segment_bytes: %lld is above a quarter of max_bytes (%lld)", path,
            (long long)s->spool.segment_bytes, (long long)s->spool.max_bytes / 4);
    if (s->monitor.max_per_reporter > s->monitor.max_faults)
        return fail_set(f, FAIL_SETTINGS, "%s: monitor.max_per_reporter: %lld is above max_faults (%lld)", path,
            (long long)s->monitor.max_per_reporter, (long long)s->monitor.max_faults);
    return 0;
}

static int check_inputs(const char *path, const struct settings *s, struct fail *f)
{
    struct input_spec spec;

    for (size_t i = 0; i < s->j1939_count; i++)
        if (input_spec_parse(s->j1939[i].input, &spec, f))
            return fail_add(f, "%s: j1939 %s", path, s->j1939[i].name);
    return 0;
}

/* The device's description travels in one record; whether it fits, the codec knows best. */
static int check_inventory(const char *path, const struct settings *s, struct fail *f)
{
    struct part parts[BOUND_PARTS];
    struct firmware firmware[BOUND_FIRMWARE];
    uint8_t bytes[BOUND_RECORD_BYTES];
    size_t n;
    struct record r = {.lane = LANE_FAULT,
        .number = 1,
        .behind = "",
        .kind = RECORD_INVENTORY,
        .inventory = settings_inventory(s, parts, firmware)};

    if (codec_record_encode(&r, bytes, sizeof bytes, &n, f) == 0)
        return 0;
    f->code = FAIL_SETTINGS;
    return fail_add(f, "%s: device, part and firmware", path);
}

/* Where it is not set, the health source keeps its folder beside the spool's. */
static int place_health(const char *path, struct settings *s, struct fail *f)
{
    char folder[SETTINGS_PATH_BYTES];

    if (*s->health.path)
        return 0;
    snprintf(folder, sizeof folder, "%s", s->spool.path);
    int n = snprintf(s->health.path, sizeof s->health.path, "%s/health", dirname(folder));
    if (n >= (int)sizeof s->health.path)
        return fail_set(f, FAIL_SETTINGS, "%s: spool.path: too long", path);
    return 0;
}

int settings_read(const char *path, struct settings *ret, struct fail *f)
{
    autofree struct settings *s = calloc(1, sizeof *s);
    struct conf_section sections[SECTION_COUNT + 1];

    if (!s)
        abort();
    list_sections(s, sections);
    if (conf_read(path, sections, f) || read_address(path, s, f) || check_tls(path, s, f) || check_ids(path, s, f) ||
        check_inputs(path, s, f) || place_health(path, s, f) || check_inventory(path, s, f))
        return -1;
    *ret = *s;
    return 0;
}

/* ---------------------------------------------------------------- what is in force */

void settings_print(FILE *out, const struct settings *s)
{
    struct conf_section sections[SECTION_COUNT + 1];
    autofree struct settings *copy = malloc(sizeof *copy);

    if (!copy)
        abort();
    *copy = *s;
    list_sections(copy, sections);
    conf_print(out, sections);
}

void settings_hash(const struct settings *s, char ret_hash[static SETTINGS_HASH_BYTES])
{
    autofree char *text = NULL;
    size_t n;
    unsigned char hash[32];
    FILE *out = open_memstream(&text, &n);

    if (!out)
        abort();
    settings_print(out, s);
    fclose(out);
    if (EVP_Digest(text, n, hash, NULL, EVP_sha256(), NULL) != 1)
        abort();
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(ret_hash + 2 * i, 3, "%02x", hash[i]);
}

enum log_level settings_log_level(const struct settings *s)
{
    enum log_level level = LOG_LEVEL_INFO;

    log_level_from_word(level_words[s->log_level], &level);
    return level;
}

struct spool_settings settings_spool(const struct settings *s)
{
    return (struct spool_settings){
        s->spool.path, s->spool.max_bytes, s->spool.segment_bytes, s->spool.retention_ms, s->spool.retention_bytes};
}

struct monitor_settings settings_monitor(const struct settings *s)
{
    return (struct monitor_settings){s->policies, s->policy_count, (size_t)s->monitor.max_faults,
        (size_t)s->monitor.max_per_reporter, (size_t)s->monitor.max_per_user, s->monitor.group_ms};
}

static struct mqtt_tls tls_of(const struct settings *s)
{
    return (struct mqtt_tls){s->broker.ca_file, s->broker.cert_file, s->broker.key_file, s->broker.crl_file};
}

struct link_settings settings_link(const struct settings *s, const char *device_id)
{
    return (struct link_settings){.host = s->broker.at.host,
        .port = s->broker.at.port,
        .tls = tls_of(s),
        .device_id = device_id,
        .keepalive_s = (int)(s->link.keepalive_ms / 1000),
        .backoff_max_ms = s->link.backoff_max_ms,
        .resend_max_ms = s->link.resend_max_ms,
        .remote_clear = s->link.remote_clear};
}

struct inventory settings_inventory(
    const struct settings *s, struct part parts[static BOUND_PARTS], struct firmware firmware[static BOUND_FIRMWARE])
{
    for (size_t i = 0; i < s->part_count; i++) {
        const struct settings_part *p = &s->parts[i];

        parts[i] = (struct part){p->position, p->part_no, p->serial, p->supplier, p->lot, p->made_date, "settings"};
    }
    for (size_t i = 0; i < s->firmware_count; i++)
        firmware[i] = (struct firmware){s->firmware[i].component, s->firmware[i].version};
    return (struct inventory){.product_line = s->device.product_line,
        .model = s->device.model,
        .serial = s->device.serial,
        .hardware = s->device.hardware,
        .firmware = firmware,
        .firmware_count = s->firmware_count,
        .parts = parts,
        .part_count = s->part_count};
}
