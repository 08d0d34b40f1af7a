#include "base/crypto.h"

#include "base/codec.h"
#include "base/str.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_BYTES 12
#define TAG_BYTES 16
#define SEAL_PREFIX "1."
#define SEAL_MAX_BYTES (1024 * 1024)
#define CBC_MAX_BYTES (16 * 1024 * 1024)

static void wipe(void *object)
{
    OPENSSL_cleanse(object, strlen(object));
}

struct secret secret_new(struct arena *arena, const char *text)
{
    struct secret secret = {.hidden = arena_strdup(arena, text)};
    if (secret.hidden)
        arena_defer(arena, wipe, secret.hidden);
    return secret;
}

const char *secret_text(const struct secret *secret)
{
    return secret->hidden;
}

void crypto_random(struct ctx *cx, void *out, size_t len_bytes)
{
    cx->seam->random(cx->seam->self, out, len_bytes);
}

char *crypto_random_text(struct ctx *cx, size_t bytes)
{
    unsigned char *random = arena_alloc(cx->arena, bytes);
    crypto_random(cx, random, bytes);
    char *text = base64url_encode(cx->arena, random, bytes);
    OPENSSL_cleanse(random, bytes);
    return text;
}

char *crypto_uuid(struct ctx *cx)
{
    unsigned char b[16];
    crypto_random(cx, b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* version 4 */
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80); /* variant of RFC 9562 */
    const char *hex = hex_encode(cx->arena, b, sizeof(b));
    return arena_printf(cx->arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
        hex + 16, hex + 20);
}

/* The library itself failed: no memory, or a build without the algorithm. */
static _Noreturn void broken(void)
{
    fputs("feishu-caldav: libcrypto failed\n", stderr);
    abort();
}

/* EVP_sha256() would be looked up again in each call, which costs more than a short
 * digest. */
static EVP_MD *sha256;

static void sha256_fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!sha256)
        broken();
}

static const EVP_MD *sha256_md(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, sha256_fetch);
    return sha256;
}

void crypto_sha256(const void *data, size_t len_bytes, unsigned char out[SHA256_BYTES])
{
    if (!EVP_Digest(data, len_bytes, out, NULL, sha256_md(), NULL))
        broken();
}

void crypto_sha1(const void *data, size_t len_bytes, unsigned char out[SHA1_BYTES])
{
    if (!EVP_Digest(data, len_bytes, out, NULL, EVP_sha1(), NULL))
        broken();
}

void crypto_hmac_sha256(const void *key, size_t key_bytes, const void *data,
    size_t len_bytes, unsigned char out[SHA256_BYTES])
{
    if (!HMAC(sha256_md(), key, (int)key_bytes, data, len_bytes, out, NULL))
        broken();
}

bool crypto_equal(const void *a, const void *b, size_t len_bytes)
{
    return CRYPTO_memcmp(a, b, len_bytes) == 0;
}

/* A cipher ready for the associated data; encrypt is 1 or 0 as in EVP_CipherInit_ex. */
static EVP_CIPHER_CTX *cipher_new(const unsigned char *key, const unsigned char *nonce,
    const char *purpose, int encrypt)
{
    int n;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    if (!cipher ||
        !EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) ||
        !EVP_CipherUpdate(cipher, NULL, &n, (const unsigned char *)purpose,
            (int)strlen(purpose)))
        broken();
    return cipher;
}

enum err crypto_seal(struct ctx *cx, const unsigned char key[SEAL_KEY_BYTES],
    const char *purpose, const char *plain, char **sealed)
{
    size_t plain_bytes = strlen(plain);
    if (plain_bytes > SEAL_MAX_BYTES)
        return fail(cx, ERR_TOO_LARGE, "the text to seal has more than %d bytes",
            SEAL_MAX_BYTES);
    size_t total_bytes = NONCE_BYTES + plain_bytes + TAG_BYTES;
    unsigned char *out = arena_alloc(cx->arena, total_bytes);
    unsigned char *text = out + NONCE_BYTES, *tag = text + plain_bytes;
    int n;
    crypto_random(cx, out, NONCE_BYTES);
    EVP_CIPHER_CTX *cipher = cipher_new(key, out, purpose, 1);
    bool done = EVP_CipherUpdate(
                    cipher, text, &n, (const unsigned char *)plain, (int)plain_bytes) &&
        EVP_CipherFinal_ex(cipher, tag, &n) &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, tag);
    EVP_CIPHER_CTX_free(cipher);
    if (!done)
        broken();
    *sealed = arena_printf(cx->arena, SEAL_PREFIX "%s",
        base64url_encode(cx->arena, out, total_bytes));
    return ERR_OK;
}

enum err crypto_open(struct ctx *cx, const unsigned char key[SEAL_KEY_BYTES],
    const char *purpose, const char *sealed, char **plain)
{
    unsigned char *data;
    size_t len_bytes;
    if (!str_starts(sealed, SEAL_PREFIX) || strlen(sealed) > 2 * SEAL_MAX_BYTES ||
        !base64_decode(cx->arena, sealed + strlen(SEAL_PREFIX), &data, &len_bytes) ||
        len_bytes < NONCE_BYTES + TAG_BYTES)
        return fail(
            cx, ERR_STORE, "a sealed value (%s) is not in the expected form", purpose);
    size_t plain_bytes = len_bytes - NONCE_BYTES - TAG_BYTES;
    unsigned char *text = arena_alloc(cx->arena, plain_bytes + 1);
    int n;
    EVP_CIPHER_CTX *cipher = cipher_new(key, data, purpose, 0);
    bool done =
        EVP_CipherUpdate(cipher, text, &n, data + NONCE_BYTES, (int)plain_bytes) &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_BYTES,
            data + NONCE_BYTES + plain_bytes) &&
        EVP_CipherFinal_ex(cipher, text + plain_bytes, &n) > 0;
    EVP_CIPHER_CTX_free(cipher);
    if (!done) {
        OPENSSL_cleanse(text, plain_bytes);
        return fail(cx, ERR_STORE,
            "a sealed value (%s) cannot be opened: another key, or it was altered",
            purpose);
    }
    *plain = (char *)text;
    arena_defer(cx->arena, wipe, text);
    return ERR_OK;
}

enum err crypto_cbc_decrypt(struct ctx *cx, const unsigned char key[SHA256_BYTES],
    const unsigned char *data, size_t len_bytes, char **plain, size_t *plain_bytes)
{
    if (len_bytes < 2 * AES_BLOCK_BYTES || len_bytes % AES_BLOCK_BYTES != 0 ||
        len_bytes > CBC_MAX_BYTES)
        return fail(cx, ERR_BAD_REQUEST, "the ciphertext has %zu bytes", len_bytes);
    unsigned char *text = arena_alloc(cx->arena, len_bytes);
    int first = 0, last = 0;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    if (!cipher || !EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key, data))
        broken();
    bool done = EVP_DecryptUpdate(cipher, text, &first, data + AES_BLOCK_BYTES,
                    (int)(len_bytes - AES_BLOCK_BYTES)) &&
        EVP_DecryptFinal_ex(cipher, text + first, &last) > 0;
    EVP_CIPHER_CTX_free(cipher);
    if (!done)
        return fail(
            cx, ERR_BAD_REQUEST, "the ciphertext was not made with the configured key");
    text[first + last] = '\0'; /* padding leaves room for it */
    *plain = (char *)text;
    *plain_bytes = (size_t)(first + last);
    return ERR_OK;
}
