/* pki.h: certificates for tests, made in memory with OpenSSL and written as PEM files: an authority, what it
 * signs, and its revocation list. P-256 keys. Every failure aborts the test program. */
#ifndef TEST_PKI_H
#define TEST_PKI_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct authority {
    EVP_PKEY *key;
    X509 *cert;
    long next_serial;
};

static inline void pki_check(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "pki: %s failed\n", what);
    abort();
}

static inline void pki_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    pki_check(extension && X509_add_ext(cert, extension, -1), value);
    X509_EXTENSION_free(extension);
}

static inline X509 *pki_cert(EVP_PKEY *key, const char *name, long serial)
{
    X509 *cert = X509_new();

    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(cert), "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    return cert;
}

static inline void pki_write_cert(const char *path, X509 *cert)
{
    FILE *out = fopen(path, "w");

    pki_check(out && PEM_write_X509(out, cert) && fclose(out) == 0, path);
}

static inline void pki_write_key(const char *path, EVP_PKEY *key, const char *passphrase)
{
    FILE *out = fopen(path, "w");
    const EVP_CIPHER *cipher = passphrase ? EVP_aes_128_cbc() : NULL;
    int n = passphrase ? (int)strlen(passphrase) : 0;

    pki_check(out && PEM_write_PrivateKey(out, key, cipher, (const unsigned char *)passphrase, n, NULL, NULL) &&
                  fclose(out) == 0,
        path);
}

/* A new authority of that name; its certificate goes to path. */
static inline struct authority pki_authority(const char *name, const char *path)
{
    struct authority ca = {EVP_EC_gen("P-256"), NULL, 2};

    pki_check(ca.key != NULL, "key");
    ca.cert = pki_cert(ca.key, name, 1);
    X509_set_issuer_name(ca.cert, X509_get_subject_name(ca.cert));
    pki_extension(ca.cert, ca.cert, NID_basic_constraints, "critical,CA:TRUE");
    pki_check(X509_sign(ca.cert, ca.key, EVP_sha256()) > 0, "sign");
    pki_write_cert(path, ca.cert);
    return ca;
}

/* A certificate with its key; alt_names as "DNS:localhost,IP:127.0.0.1" or NULL; passphrase NULL = a plain
 * key. Returns its serial number. */
static inline long pki_issue(struct authority *ca, const char *name, const char *alt_names, const char *cert_path,
    const char *key_path, const char *passphrase)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = pki_cert(key, name, ca->next_serial);

    X509_set_issuer_name(cert, X509_get_subject_name(ca->cert));
    if (alt_names)
        pki_extension(cert, ca->cert, NID_subject_alt_name, alt_names);
    pki_check(X509_sign(cert, ca->key, EVP_sha256()) > 0, "sign");
    pki_write_cert(cert_path, cert);
    pki_write_key(key_path, key, passphrase);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ca->next_serial++;
}

/* A revocation list that ends end_s from now (negative = has ended), with one serial on it (0 = none). */
static inline void pki_crl(struct authority *ca, const char *path, long end_s, long serial)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *time = ASN1_TIME_new();
    FILE *out = fopen(path, "w");

    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->cert));
    X509_CRL_set1_lastUpdate(crl, X509_gmtime_adj(time, -7200));
    X509_CRL_set1_nextUpdate(crl, X509_gmtime_adj(time, end_s));
    if (serial) {
        X509_REVOKED *revoked = X509_REVOKED_new();
        ASN1_INTEGER *number = ASN1_INTEGER_new();

        ASN1_INTEGER_set(number, serial);
        X509_REVOKED_set_serialNumber(revoked, number);
        X509_REVOKED_set_revocationDate(revoked, X509_gmtime_adj(time, -3600));
        X509_CRL_add0_revoked(crl, revoked);
        ASN1_INTEGER_free(number);
    }
    pki_check(X509_CRL_sign(crl, ca->key, EVP_sha256()) > 0, "sign");
    pki_check(out && PEM_write_X509_CRL(out, crl) && fclose(out) == 0, path);
    ASN1_TIME_free(time);
    X509_CRL_free(crl);
}

static inline void pki_done(struct authority *ca)
{
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
}

#endif
