/*
 * All cryptography, on OpenSSL's libcrypto. Secrets are a type that the log cannot print.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include "base/ctx.h"

#include <stdbool.h>
#include <stddef.h>

#define SHA1_BYTES 20
#define SHA256_BYTES 32
#define AES_BLOCK_BYTES 16
#define SEAL_KEY_BYTES 32

/* Text that must not be shown. Read it with secret_text only where it leaves for its
 * purpose. */
struct secret {
    char *hidden; /* NULL = none */
};
/* wiped with the arena */
struct secret secret_new(struct arena *arena, const char *text);
const char *secret_text(const struct secret *secret);            /* NULL = none */

void crypto_random(struct ctx *cx, void *out, size_t len_bytes);
/* bytes of randomness as base64url text */
char *crypto_random_text(struct ctx *cx, size_t bytes);
/* A random UUID (RFC 9562 version 4), 36 characters. */
char *crypto_uuid(struct ctx *cx);
void crypto_sha256(const void *data, size_t len_bytes, unsigned char out[SHA256_BYTES]);
/* For the handshake of RFC 6455 alone: it protects nothing. */
void crypto_sha1(const void *data, size_t len_bytes, unsigned char out[SHA1_BYTES]);
void crypto_hmac_sha256(const void *key, size_t key_bytes, const void *data,
    size_t len_bytes, unsigned char out[SHA256_BYTES]);
/* Constant time in the length of the shorter text's comparison; lengths are not
 * secret. */
bool crypto_equal(const void *a, const void *b, size_t len_bytes);

/* AES-256-GCM with a random nonce; result is "1." + base64url(nonce + text + tag).
 * purpose is bound to the text as associated data, so that a value cannot be moved to
 * another column. */
enum err crypto_seal(struct ctx *cx, const unsigned char key[SEAL_KEY_BYTES],
    const char *purpose, const char *plain, char **sealed);
/* Errors: STORE when the key is another or the text was altered. */
enum err crypto_open(struct ctx *cx, const unsigned char key[SEAL_KEY_BYTES],
    const char *purpose, const char *sealed, char **plain);

/* AES-256-CBC with PKCS#7 padding, the initialisation vector in front. The result has a
 * NUL behind it. Errors: BAD_REQUEST when it was not made with this key. */
enum err crypto_cbc_decrypt(struct ctx *cx, const unsigned char key[SHA256_BYTES],
    const unsigned char *data, size_t len_bytes, char **plain, size_t *plain_bytes);

#endif
