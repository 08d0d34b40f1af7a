#include "base/webpush.h"

#include "base/codec.h"
#include "base/crypto.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#define SCALAR_BYTES 32
#define POINT_BYTES 65
#define AUTH_BYTES 16
#define SALT_BYTES 16
#define KEY_BYTES 16
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define RECORD_BYTES 4096 /* RFC 8291 section 4 */

struct curve {
    EC_GROUP *group;
    BN_CTX *bn;
};

static struct curve curve_new(void)
{
    struct curve curve = {EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), BN_CTX_new()};
    if (!curve.group || !curve.bn)
        abort();
    return curve;
}

static void curve_free(struct curve *curve)
{
    EC_GROUP_free(curve->group);
    BN_CTX_free(curve->bn);
}

static EC_POINT *point_read(const struct curve *curve, const unsigned char *bytes)
{
    EC_POINT *point = EC_POINT_new(curve->group);
    if (!point)
        abort();
    if (EC_POINT_oct2point(curve->group, point, bytes, POINT_BYTES, curve->bn) == 1 &&
        !EC_POINT_is_at_infinity(curve->group, point))
        return point;
    EC_POINT_free(point);
    return NULL;
}

/* scalar times the generator, or times point. */
static void multiply(const struct curve *curve, const unsigned char *scalar,
    const EC_POINT *point, unsigned char out[POINT_BYTES])
{
    BIGNUM *n = BN_secure_new();
    EC_POINT *product = EC_POINT_new(curve->group);
    if (!n || !product || !BN_bin2bn(scalar, SCALAR_BYTES, n) ||
        !EC_POINT_mul(curve->group, product, point ? NULL : n, point, point ? n : NULL,
            curve->bn) ||
        EC_POINT_point2oct(curve->group, product, POINT_CONVERSION_UNCOMPRESSED, out,
            POINT_BYTES, curve->bn) != POINT_BYTES)
        abort();
    BN_clear_free(n);
    EC_POINT_clear_free(product);
}

/* A random number in [1, order). */
static void scalar_new(
    struct ctx *cx, const struct curve *curve, unsigned char scalar[SCALAR_BYTES])
{
    BIGNUM *n = BN_secure_new();
    do {
        crypto_random(cx, scalar, SCALAR_BYTES);
        if (!n || !BN_bin2bn(scalar, SCALAR_BYTES, n))
            abort();
    } while (BN_is_zero(n) || BN_cmp(n, EC_GROUP_get0_order(curve->group)) >= 0);
    BN_clear_free(n);
}

static bool decode(
    struct ctx *cx, const char *text, unsigned char *out, size_t wanted_bytes)
{
    unsigned char *bytes = NULL;
    size_t len_bytes = 0;
    if (!text || !base64_decode(cx->arena, text, &bytes, &len_bytes) ||
        len_bytes != wanted_bytes)
        return false;
    memcpy(out, bytes, wanted_bytes);
    OPENSSL_cleanse(bytes, len_bytes);
    return true;
}

void webpush_keys(struct ctx *cx, char **private_key, char **public_key)
{
    struct curve curve = curve_new();
    unsigned char scalar[SCALAR_BYTES], point[POINT_BYTES];
    scalar_new(cx, &curve, scalar);
    multiply(&curve, scalar, NULL, point);
    *private_key = base64url_encode(cx->arena, scalar, sizeof(scalar));
    *public_key = base64url_encode(cx->arena, point, sizeof(point));
    OPENSSL_cleanse(scalar, sizeof(scalar));
    curve_free(&curve);
}

/* ---- RFC 8291 ---- */

struct subscriber {
    unsigned char point[POINT_BYTES], auth[AUTH_BYTES];
    EC_POINT *key;
};

static bool read_subscriber(struct ctx *cx, const struct curve *curve,
    const char *subscriber_key, const char *auth_secret, struct subscriber *subscriber)
{
    if (!decode(cx, subscriber_key, subscriber->point, POINT_BYTES) ||
        !decode(cx, auth_secret, subscriber->auth, AUTH_BYTES))
        return false;
    subscriber->key = point_read(curve, subscriber->point);
    return subscriber->key != NULL;
}

bool webpush_keys_good(
    struct ctx *cx, const char *subscriber_key, const char *auth_secret)
{
    struct curve curve = curve_new();
    struct subscriber subscriber = {0};
    bool good = read_subscriber(cx, &curve, subscriber_key, auth_secret, &subscriber);
    EC_POINT_free(subscriber.key);
    curve_free(&curve);
    return good;
}

/* HKDF (RFC 5869) of one block: info comes with its counter. */
static void expand(const unsigned char *key, const void *info, size_t info_bytes,
    unsigned char *out, size_t len_bytes)
{
    unsigned char block[SHA256_BYTES];
    crypto_hmac_sha256(key, SHA256_BYTES, info, info_bytes, block);
    memcpy(out, block, len_bytes);
    OPENSSL_cleanse(block, sizeof(block));
}

struct message_keys {
    unsigned char salt[SALT_BYTES], sender[POINT_BYTES];
    unsigned char key[KEY_BYTES], nonce[NONCE_BYTES];
};

/* Sections 3.3 and 3.4 */
static void derive(struct ctx *cx, const struct curve *curve,
    const struct subscriber *subscriber, struct message_keys *keys)
{
    static const char label[] = "WebPush: info";
    static const char key_info[] = "Content-Encoding: aes128gcm\0\1";
    static const char nonce_info[] = "Content-Encoding: nonce\0\1";
    unsigned char scalar[SCALAR_BYTES], shared[POINT_BYTES], prk[SHA256_BYTES],
        ikm[SHA256_BYTES], info[sizeof(label) + 2 * POINT_BYTES + 1];
    crypto_random(cx, keys->salt, SALT_BYTES);
    scalar_new(cx, curve, scalar);
    multiply(curve, scalar, NULL, keys->sender);
    multiply(curve, scalar, subscriber->key, shared);
    memcpy(info, label, sizeof(label));
    memcpy(info + sizeof(label), subscriber->point, POINT_BYTES);
    memcpy(info + sizeof(label) + POINT_BYTES, keys->sender, POINT_BYTES);
    info[sizeof(info) - 1] = 1;
    /* The secret is the x coordinate. */
    crypto_hmac_sha256(subscriber->auth, AUTH_BYTES, shared + 1, SCALAR_BYTES, prk);
    expand(prk, info, sizeof(info), ikm, sizeof(ikm));
    crypto_hmac_sha256(keys->salt, SALT_BYTES, ikm, sizeof(ikm), prk);
    expand(prk, key_info, sizeof(key_info) - 1, keys->key, KEY_BYTES);
    expand(prk, nonce_info, sizeof(nonce_info) - 1, keys->nonce, NONCE_BYTES);
    OPENSSL_cleanse(scalar, sizeof(scalar));
    OPENSSL_cleanse(shared, sizeof(shared));
    OPENSSL_cleanse(prk, sizeof(prk));
    OPENSSL_cleanse(ikm, sizeof(ikm));
}

/* One record, the last: RFC 8188 section 2. */
static void seal_record(
    const struct message_keys *keys, const char *message, struct buf *out)
{
    static const unsigned char last[] = {2};
    int n = 0, end = 0;
    size_t len_bytes = strlen(message), room_bytes = len_bytes + 1 + TAG_BYTES;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    buf_reserve(out, room_bytes);
    unsigned char *at = (unsigned char *)out->data + out->len_bytes;
    if (!cipher ||
        !EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), NULL, keys->key, keys->nonce) ||
        !EVP_EncryptUpdate(
            cipher, at, &n, (const unsigned char *)message, (int)len_bytes) ||
        !EVP_EncryptUpdate(cipher, at + n, &end, last, sizeof(last)) ||
        !EVP_EncryptFinal_ex(cipher, at + n + end, &end) ||
        !EVP_CIPHER_CTX_ctrl(
            cipher, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, at + len_bytes + sizeof(last)))
        abort();
    EVP_CIPHER_CTX_free(cipher);
    out->len_bytes += room_bytes;
    out->data[out->len_bytes] = '\0';
}

enum err webpush_encrypt(struct ctx *cx, const char *subscriber_key,
    const char *auth_secret, const char *message, struct buf *out)
{
    struct curve curve = curve_new();
    struct subscriber subscriber = {0};
    struct message_keys keys;
    enum err err = ERR_OK;
    if (strlen(message) > WEBPUSH_MAX_BYTES)
        err = fail(cx, ERR_TOO_LARGE, "the message is too long to be pushed");
    else if (!read_subscriber(cx, &curve, subscriber_key, auth_secret, &subscriber))
        err = fail(cx, ERR_BAD_REQUEST, "the keys of the subscription are not good");
    if (!err) {
        static const unsigned char sizes[] = {
            0, 0, RECORD_BYTES >> 8, RECORD_BYTES & 0xff, POINT_BYTES};
        derive(cx, &curve, &subscriber, &keys);
        buf_add(out, keys.salt, SALT_BYTES);
        buf_add(out, sizes, sizeof(sizes));
        buf_add(out, keys.sender, POINT_BYTES);
        seal_record(&keys, message, out);
        OPENSSL_cleanse(&keys, sizeof(keys));
    }
    EC_POINT_free(subscriber.key);
    curve_free(&curve);
    return err;
}

/* ---- RFC 8292 ---- */

static EVP_PKEY *signing_key(struct ctx *cx, const struct webpush_sender *sender)
{
    unsigned char scalar[SCALAR_BYTES], point[POINT_BYTES];
    EVP_PKEY *key = NULL;
    if (!decode(cx, sender->private_key, scalar, SCALAR_BYTES) ||
        !decode(cx, sender->public_key, point, POINT_BYTES))
        return NULL;
    BIGNUM *n = BN_bin2bn(scalar, SCALAR_BYTES, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *made = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM *params = NULL;
    if (n && build && made &&
        OSSL_PARAM_BLD_push_utf8_string(
            build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, n) &&
        OSSL_PARAM_BLD_push_octet_string(
            build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) &&
        (params = OSSL_PARAM_BLD_to_param(build)) && EVP_PKEY_fromdata_init(made) > 0 &&
        EVP_PKEY_fromdata(made, &key, EVP_PKEY_KEYPAIR, params) <= 0)
        key = NULL;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(made);
    BN_clear_free(n);
    OPENSSL_cleanse(scalar, sizeof(scalar));
    return key;
}

/* JOSE wants both numbers at full length instead of DER (RFC 7518 section 3.4). */
static bool sign(EVP_PKEY *key, const char *text, unsigned char out[2 * SCALAR_BYTES])
{
    unsigned char der[80];
    const unsigned char *at = der;
    size_t der_bytes = sizeof(der);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool good = digest &&
        EVP_DigestSignInit(digest, NULL, EVP_sha256(), NULL, key) > 0 &&
        EVP_DigestSign(
            digest, der, &der_bytes, (const unsigned char *)text, strlen(text)) > 0;
    ECDSA_SIG *signature = good ? d2i_ECDSA_SIG(NULL, &at, (long)der_bytes) : NULL;
    good = signature &&
        BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, SCALAR_BYTES) > 0 &&
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + SCALAR_BYTES, SCALAR_BYTES) > 0;
    ECDSA_SIG_free(signature);
    EVP_MD_CTX_free(digest);
    return good;
}

enum err webpush_authorization(struct ctx *cx, const struct webpush_sender *sender,
    const char *origin, int64_t expires_s, char **header)
{
    static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
    unsigned char signature[2 * SCALAR_BYTES];
    struct arena *arena = cx->arena;
    EVP_PKEY *key = signing_key(cx, sender);
    if (!key)
        return fail(cx, ERR_INTERNAL, "the key for push services is not good");
    const char *contact =
        sender->contact ? arena_printf(arena, ",\"sub\":\"%s\"", sender->contact) : "";
    const char *claims = arena_printf(arena, "{\"aud\":\"%s\",\"exp\":%lld%s}", origin,
        (long long)expires_s, contact);
    char *text = arena_printf(arena, "%s.%s",
        base64url_encode(arena, head, sizeof(head) - 1),
        base64url_encode(arena, claims, strlen(claims)));
    bool good = sign(key, text, signature);
    EVP_PKEY_free(key);
    if (!good)
        return fail(cx, ERR_INTERNAL, "libcrypto cannot sign");
    *header = arena_printf(arena, "vapid t=%s.%s, k=%s", text,
        base64url_encode(arena, signature, sizeof(signature)), sender->public_key);
    return ERR_OK;
}
