/* http_tls.c: see http_tls.h. */
#include "http_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

static int refuse(SSL_CTX *tls, const char *path, struct fail *f)
{
    char why[160];

    ERR_error_string_n(ERR_peek_last_error(), why, sizeof why);
    ERR_clear_error();
    SSL_CTX_free(tls);
    return fail_set(f, FAIL_SETTINGS, "%s: %s", path, why);
}

int http_tls_new(const char *cert, const char *key, SSL_CTX **ret, struct fail *f)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

    if (!tls)
        abort();
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_options(tls, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_use_certificate_chain_file(tls, cert) != 1)
        return refuse(tls, cert, f);
    if (SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(tls) != 1)
        return refuse(tls, key, f);
    *ret = tls;
    return 0;
}
