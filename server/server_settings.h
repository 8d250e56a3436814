/* server_settings.h: the collector's settings, as faultline-server.8 and configs/server.conf explain them. */
#ifndef FAULTLINE_SERVER_SETTINGS_H
#define FAULTLINE_SERVER_SETTINGS_H

#include <stdint.h>
#include <stdio.h>

#include "api.h"
#include "bounds.h"
#include "fail.h"

enum { SETTINGS_PATH_BYTES = 256 };

struct server_settings {
    struct settings_server {
        char name[BOUND_DEVICE_ID + 1]; /* never empty after server_settings_read(): the host's name stands in */
        int log_level;                  /* index into error, warn, info, debug */
    } server;
    struct settings_broker {
        char address[200];
        char user[BOUND_NAME + 1], client_id[BOUND_NAME + 1];
        char password_file[SETTINGS_PATH_BYTES];
        char ca_file[SETTINGS_PATH_BYTES], cert_file[SETTINGS_PATH_BYTES], key_file[SETTINGS_PATH_BYTES];
        char crl_file[SETTINGS_PATH_BYTES];
    } broker;
    struct settings_store {
        int driver; /* enum store_driver */
        char path[SETTINGS_PATH_BYTES];
        char conninfo[512];
        char catalogue[SETTINGS_PATH_BYTES];
        int64_t cache_devices;
        int64_t lease_ms;
    } store;
    struct settings_registration {
        int devices, children; /* 0 = open, 1 = known only */
    } registration;
    struct settings_conditions {
        int64_t flap_changes, flap_window_ms;
    } conditions;
    struct api_settings http;
};

/* Reads the file; what is left out has its default. FAIL_SETTINGS names file, line and what is allowed. */
must_check int server_settings_read(const char *path, struct server_settings *ret, struct fail *f);

/* Prints the effective settings, secrets masked. */
void server_settings_print(FILE *out, struct server_settings *s);

#endif
