/* settings.h: a table of settings with every type, as a program would have it. Shared by the unit test and the fuzz
 * target of conf. */
#ifndef FAULTLINE_TEST_SETTINGS_H
#define FAULTLINE_TEST_SETTINGS_H

#include "conf.h"

enum source_word { SOURCE_J1939, SOURCE_SOCKET, SOURCE_HEALTH };

struct settings {
    struct {
        char path[32];
        int64_t max_bytes, retention_ms;
        bool sync;
    } spool;
    struct {
        char host[64];
        int64_t port;
        char password[20];
    } broker;
    size_t broker_count;
    struct source_settings {
        char name[16];
        enum source_word kind;
        int64_t level;
    } sources[3];
    size_t source_count;
};

#define SPOOL_FIELD(field) offsetof(struct settings, spool.field) - offsetof(struct settings, spool)
#define BROKER_FIELD(field) offsetof(struct settings, broker.field) - offsetof(struct settings, broker)

static const struct conf_key settings_spool[] = {
    {"path", CONF_TEXT, SPOOL_FIELD(path), 32, NULL, 1, 0, NULL, false, "folder of the spool"},
    {"max_bytes", CONF_SIZE, SPOOL_FIELD(max_bytes), 0, "64M", 1 << 20, INT64_C(64) << 30, NULL, false, "cap"},
    {"retention", CONF_DURATION, SPOOL_FIELD(retention_ms), 0, "2d", 0, INT64_C(30) * 86400000, NULL, false, "kept"},
    {"sync", CONF_SWITCH, SPOOL_FIELD(sync), 0, "yes", 0, 0, NULL, false, "sync each record"},
    {0},
};

static const struct conf_key settings_broker[] = {
    {"host", CONF_TEXT, BROKER_FIELD(host), 64, NULL, 1, 0, NULL, false, "name or address"},
    {"port", CONF_NUMBER, BROKER_FIELD(port), 0, "8883", 1, 65535, NULL, false, "TCP port"},
    {"password", CONF_TEXT, BROKER_FIELD(password), 20, "", 0, 0, NULL, true, "password"},
    {0},
};

static const char *const settings_kinds[] = {"j1939", "socket", "health", NULL};

static const struct conf_key settings_source[] = {
    {"kind", CONF_WORD, offsetof(struct source_settings, kind), 0, "j1939", 0, 0, settings_kinds, false,
        "what it reads"},
    {"level", CONF_NUMBER, offsetof(struct source_settings, level), 0, "0", -10, 10, NULL, false, "a signed number"},
    {0},
};

#define SETTINGS_SECTIONS(s)                                                                                           \
    {                                                                                                                  \
        {.name = "spool", .keys = settings_spool, .items = &(s)->spool, .item_bytes = sizeof(s)->spool},               \
            {.name = "broker",                                                                                         \
                .keys = settings_broker,                                                                               \
                .items = &(s)->broker,                                                                                 \
                .item_bytes = sizeof(s)->broker,                                                                       \
                .ret_count = &(s)->broker_count,                                                                       \
                .optional = true},                                                                                     \
            {.name = "source",                                                                                         \
                .keys = settings_source,                                                                               \
                .named = true,                                                                                         \
                .items = (s)->sources,                                                                                 \
                .item_bytes = sizeof(s)->sources[0],                                                                   \
                .max_items = 3,                                                                                        \
                .ret_count = &(s)->source_count,                                                                       \
                .name_offset = offsetof(struct source_settings, name),                                                 \
                .name_size = 16},                                                                                      \
            {0},                                                                                                       \
    }

static inline int settings_read(const char *path, struct settings *s, struct fail *f)
{
    const struct conf_section sections[] = SETTINGS_SECTIONS(s);

    return conf_read(path, sections, f);
}

static inline void settings_print(FILE *out, struct settings *s)
{
    const struct conf_section sections[] = SETTINGS_SECTIONS(s);

    conf_print(out, sections);
}

#endif
