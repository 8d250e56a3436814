/* http_tls.h: the listener's own TLS: TLS 1.2 and newer, no renegotiation, no resumption. */
#ifndef FAULTLINE_HTTP_TLS_H
#define FAULTLINE_HTTP_TLS_H

#include <openssl/types.h>

#include "fail.h"

/* From PEM files. The caller frees it with SSL_CTX_free(). FAIL_SETTINGS names the file. Blocks on reading them. */
must_check int http_tls_new(const char *cert, const char *key, SSL_CTX **ret, struct fail *f);

#endif
