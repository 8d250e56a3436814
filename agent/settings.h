/* settings.h: the agent's settings file as plain structs. Every key stands in configs/agent.conf and in the man page. */
#ifndef FAULTLINE_SETTINGS_H
#define FAULTLINE_SETTINGS_H

#include <stdio.h>

#include "address.h"
#include "app.h"
#include "bounds.h"
#include "fail.h"
#include "health.h"
#include "j1939.h"
#include "link.h"
#include "log.h"
#include "monitor.h"
#include "spool.h"

enum {
    SETTINGS_PATH_BYTES = 256,
    SETTINGS_POLICIES = 32,
    SETTINGS_J1939 = 8,
};

struct settings_part {
    char position[BOUND_NAME + 1], part_no[BOUND_NAME + 1], serial[BOUND_NAME + 1], supplier[BOUND_NAME + 1];
    char lot[BOUND_NAME + 1], made_date[BOUND_NAME + 1];
};

struct settings_firmware {
    char component[BOUND_NAME + 1], version[BOUND_NAME + 1];
};

struct settings {
    struct {
        char id[BOUND_DEVICE_ID + 1]; /* "" = the certificate's */
        char product_line[BOUND_NAME + 1], model[BOUND_NAME + 1], serial[BOUND_NAME + 1], hardware[BOUND_NAME + 1];
    } device;
    struct settings_part parts[BOUND_PARTS];
    size_t part_count;
    struct settings_firmware firmware[BOUND_FIRMWARE];
    size_t firmware_count;
    struct {
        char address[ADDRESS_HOST_BYTES + 8];
        struct address at; /* the same, read */
        char ca_file[SETTINGS_PATH_BYTES], cert_file[SETTINGS_PATH_BYTES], key_file[SETTINGS_PATH_BYTES];
        char crl_file[SETTINGS_PATH_BYTES];
    } broker;
    struct {
        int64_t keepalive_ms, backoff_max_ms, resend_max_ms;
        bool remote_clear;
    } link;
    struct {
        char path[SETTINGS_PATH_BYTES];
        int64_t max_bytes, segment_bytes, retention_ms, retention_bytes;
    } spool;
    struct {
        int64_t max_faults, max_per_reporter, max_per_user, group_ms;
    } monitor;
    struct monitor_policy policies[SETTINGS_POLICIES];
    size_t policy_count;
    struct app_settings app;
    struct health_settings health;
    struct j1939_settings j1939[SETTINGS_J1939];
    size_t j1939_count;
    int log_level; /* index into error, warn, info, debug */
};

/* Reads and checks path. FAIL_SETTINGS names file, line where it has one, key, and what is allowed. Opens none of the
 * files that the settings name. */
must_check int settings_read(const char *path, struct settings *ret, struct fail *f);

/* The effective settings, in the file's own language. */
void settings_print(FILE *out, const struct settings *s);

/* SHA-256 of what settings_print() writes, in hexadecimal: which settings are in force. */
enum { SETTINGS_HASH_BYTES = 65 };
void settings_hash(const struct settings *s, char ret_hash[static SETTINGS_HASH_BYTES]);

enum log_level settings_log_level(const struct settings *s);

/* The settings as the parts of the agent take them; all borrow from s. */
struct spool_settings settings_spool(const struct settings *s);
struct monitor_settings settings_monitor(const struct settings *s);
struct link_settings settings_link(const struct settings *s, const char *device_id);

/* The inventory that the settings give; parts and firmware are filled in. */
struct inventory settings_inventory(
    const struct settings *s, struct part parts[static BOUND_PARTS], struct firmware firmware[static BOUND_FIRMWARE]);

#endif
