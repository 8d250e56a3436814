/* mqtt_tls.c: see mqtt_tls.h. OpenSSL 3.0. */
#include "mqtt_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "identity.h"

/* The first reason OpenSSL gave, which is the nearest to the cause; empties its queue. */
static int fail_file(struct fail *f, const char *what, const char *path)
{
    unsigned long e = ERR_get_error();
    const char *why = ERR_SYSTEM_ERROR(e) ? strerror(ERR_GET_REASON(e)) : ERR_reason_error_string(e);

    ERR_clear_error();
    return fail_set(f, FAIL_SETTINGS, "%s %s: %s", what, path, why ? why : "not usable");
}

static int refuse_passphrase(char *buf, int size, int writing, void *ctx)
{
    (void)buf, (void)size, (void)writing, (void)ctx;
    return -1; /* a daemon has nobody to ask, and the default would ask the terminal */
}

static int use_crl(SSL_CTX *ctx, const char *path, struct fail *f)
{
    X509_LOOKUP *lookup = X509_STORE_add_lookup(SSL_CTX_get_cert_store(ctx), X509_LOOKUP_file());

    if (!lookup || X509_load_crl_file(lookup, path, X509_FILETYPE_PEM) < 1)
        return fail_file(f, "revocation list", path);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_CRL_CHECK);
    return 0;
}

/* Keeps the first thing that was wrong with the peer's chain where mqtt_tls_verdict() finds it. */
static int on_verify(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    SSL_CTX *ctx = SSL_get_SSL_CTX(ssl);

    if (!ok && !SSL_CTX_get_app_data(ctx))
        SSL_CTX_set_app_data(ctx, (void *)(intptr_t)X509_STORE_CTX_get_error(store));
    return ok;
}

const char *mqtt_tls_verdict(const SSL_CTX *ctx)
{
    intptr_t error = (intptr_t)SSL_CTX_get_app_data(ctx);

    return error ? X509_verify_cert_error_string(error) : NULL;
}

/* The library names the address that it connects to, which is not always the host. */
static void on_info(const SSL *ssl, int where, int value)
{
    const char *host = X509_VERIFY_PARAM_get0_host(SSL_CTX_get0_param(SSL_get_SSL_CTX(ssl)), 0);
    (void)value;

    if (where & SSL_CB_HANDSHAKE_START && host && !SSL_is_init_finished(ssl))
        SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl, (char *)(uintptr_t)host);
}

static int expect_host(SSL_CTX *ctx, const char *host, struct fail *f)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
    struct in6_addr address;
    bool is_address = inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;

    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if ((is_address ? X509_VERIFY_PARAM_set1_ip_asc(param, host) : X509_VERIFY_PARAM_set1_host(param, host, 0)) != 1)
        return fail_set(f, FAIL_SETTINGS, "\"%s\" is not a host name", host);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
    SSL_CTX_set_info_callback(ctx, on_info);
    return 0;
}

static int use_files(SSL_CTX *ctx, const struct mqtt_tls *files, struct fail *f)
{
    SSL_CTX_set_default_passwd_cb(ctx, refuse_passphrase);
    if (SSL_CTX_load_verify_file(ctx, files->ca_file) != 1)
        return fail_file(f, "CA", files->ca_file);
    if (SSL_CTX_use_certificate_chain_file(ctx, files->cert_file) != 1)
        return fail_file(f, "certificate", files->cert_file);
    /* Holds the key against the certificate, too. */
    if (SSL_CTX_use_PrivateKey_file(ctx, files->key_file, SSL_FILETYPE_PEM) != 1)
        return fail_file(f, "key", files->key_file);
    return *files->crl_file ? use_crl(ctx, files->crl_file, f) : 0;
}

int mqtt_tls_context(const struct mqtt_tls *files, const char *host, SSL_CTX **ret, struct fail *f)
{
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (!ctx)
        return fail_file(f, "TLS", "client context");
    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    if (use_files(ctx, files, f) || expect_host(ctx, host, f)) {
        SSL_CTX_free(ctx);
        return -1;
    }
    *ret = ctx;
    return 0;
}

/* False when there is no single common name that is a device id. A NUL inside the name makes the lengths
 * differ. */
static bool common_name(X509 *cert, char id[static BOUND_DEVICE_ID + 1])
{
    X509_NAME *subject = X509_get_subject_name(cert);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
        return false;
    const ASN1_STRING *name = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    int n = ASN1_STRING_length(name);
    if (n < 1 || n > BOUND_DEVICE_ID)
        return false;
    memcpy(id, ASN1_STRING_get0_data(name), (size_t)n);
    id[n] = '\0';
    return strlen(id) == (size_t)n && identity_is_valid(id);
}

static void serial_of(X509 *cert, char serial[static MQTT_TLS_SERIAL_BYTES])
{
    const ASN1_INTEGER *number = X509_get0_serialNumber(cert);
    const unsigned char *bytes = ASN1_STRING_get0_data(number);
    int n = ASN1_STRING_length(number);

    serial[0] = '\0';
    for (int i = 0; i < n && i < (MQTT_TLS_SERIAL_BYTES - 1) / 2; i++)
        snprintf(serial + 2 * i, 3, "%02x", bytes[i]);
}

int mqtt_tls_identity(const char *cert_file, char ret_id[static BOUND_DEVICE_ID + 1],
    char ret_serial[static MQTT_TLS_SERIAL_BYTES], struct fail *f)
{
    char id[BOUND_DEVICE_ID + 1];
    FILE *in = fopen(cert_file, "re");

    if (!in)
        return fail_set(f, FAIL_SETTINGS, "certificate %s: %s", cert_file, strerror(errno));
    ERR_clear_error();
    X509 *cert = PEM_read_X509(in, NULL, refuse_passphrase, NULL);
    fclose(in);
    if (!cert)
        return fail_file(f, "certificate", cert_file);
    bool named = common_name(cert, id);
    if (named) {
        strcpy(ret_id, id);
        serial_of(cert, ret_serial);
    }
    X509_free(cert);
    if (!named)
        return fail_set(f, FAIL_SETTINGS,
            "certificate %s: its common name is not a device id (1 to 64 of A-Z a-z 0-9 _ -)", cert_file);
    return 0;
}
