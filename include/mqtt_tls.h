/* mqtt_tls.h: the TLS side of an MQTT session: what is trusted, who we are, how the peer's name is checked.
 *
 * TLS 1.3 and nothing older. The peer must prove host (subject alternative name; no common name, no partial
 * wildcards) by a chain to ca_file and, when a CRL is given, by not being on it; an expired CRL refuses
 * everybody. Keys that need a passphrase are refused, never asked for. Blocks on file I/O. Any thread. */
#ifndef FAULTLINE_MQTT_TLS_H
#define FAULTLINE_MQTT_TLS_H

#include <openssl/types.h>

#include "bounds.h"
#include "fail.h"
#include "mqtt.h"

/* A client context for sessions to host. FAIL_SETTINGS names the file that is missing, unreadable or unfit.
 * Release with SSL_CTX_free(). */
must_check int mqtt_tls_context(const struct mqtt_tls *files, const char *host, SSL_CTX **ret, struct fail *f);

/* Why a peer's certificate was refused since the context was made; NULL = none was. */
const char *mqtt_tls_verdict(const SSL_CTX *ctx);

/* Whose certificate it is: its common name, which must be a valid device id (FAIL_SETTINGS otherwise), and
 * its serial number in hexadecimal. */
enum { MQTT_TLS_SERIAL_BYTES = 48 };
must_check int mqtt_tls_identity(const char *cert_file, char ret_id[static BOUND_DEVICE_ID + 1],
    char ret_serial[static MQTT_TLS_SERIAL_BYTES], struct fail *f);

#endif
