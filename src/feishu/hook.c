#include "feishu/hook.h"

#include "base/codec.h"
#include "base/str.h"

#include <string.h>

#define FIELD_MAX_BYTES 256

static bool same_secret(const char *expected, const char *given)
{
    size_t n = strlen(expected);
    return given && strlen(given) == n && crypto_equal(expected, given, n);
}

static enum err parse(struct ctx *cx, const char *text, size_t len_bytes, cJSON **json)
{
    *json = strlen(text) == len_bytes ? json_parse(cx->arena, text) : NULL;
    return cJSON_IsObject(*json)
        ? ERR_OK
        : fail(cx, ERR_BAD_REQUEST, "the body is no JSON object");
}

/* ---- signature ---- */

static enum err check_time(struct ctx *cx, const char *timestamp)
{
    long long at_s;
    int64_t now_s = ctx_now_s(cx);
    if (!str_to_ll(timestamp, 0, INT64_MAX / 2, &at_s))
        return fail(cx, ERR_FORBIDDEN, "the signature has no time");
    if (at_s < now_s - HOOK_WINDOW_S || at_s > now_s + HOOK_WINDOW_S)
        return fail(cx, ERR_FORBIDDEN,
            "the signature is of another time: %lld seconds from now by this clock",
            (long long)(at_s - now_s));
    return ERR_OK;
}

/* SHA-256 over timestamp, nonce, key and the body as it came. */
static enum err check_signature(
    struct ctx *cx, const char *key, const struct hook_request *request)
{
    unsigned char digest[SHA256_BYTES];
    struct buf text = buf_new(cx->arena);
    if (!request->timestamp || !request->nonce || !request->signature)
        return fail(cx, ERR_FORBIDDEN, "the callback is not signed");
    if (strlen(request->timestamp) + strlen(request->nonce) > FIELD_MAX_BYTES)
        return fail(cx, ERR_FORBIDDEN, "the signature's fields are too long");
    buf_printf(&text, "%s%s%s", request->timestamp, request->nonce, key);
    buf_add(&text, request->body, request->body_bytes);
    crypto_sha256(text.data, text.len_bytes, digest);
    explicit_bzero(text.data, text.len_bytes);
    if (!same_secret(hex_encode(cx->arena, digest, sizeof(digest)), request->signature))
        return fail(cx, ERR_FORBIDDEN,
            "the signature is wrong: is feishu.encrypt-key that of the app?");
    return check_time(cx, request->timestamp);
}

/* ---- encryption ---- */

static enum err decrypt(struct ctx *cx, const char *key_text, const char *encrypted,
    char **plain, size_t *plain_bytes)
{
    unsigned char key[SHA256_BYTES], *data;
    size_t len_bytes;
    if (!base64_decode(cx->arena, encrypted, &data, &len_bytes))
        return fail(cx, ERR_BAD_REQUEST, "the encrypted body is not base64");
    crypto_sha256(key_text, strlen(key_text), key);
    enum err err = crypto_cbc_decrypt(cx, key, data, len_bytes, plain, plain_bytes);
    explicit_bzero(key, sizeof(key));
    return err ? fail(cx, ERR_FORBIDDEN,
                     "the body cannot be decrypted: is feishu.encrypt-key that of the "
                     "app?")
               : ERR_OK;
}

static bool is_check(const cJSON *json)
{
    return str_eq(json_text(json, "type"), "url_verification");
}

/* The URL check is encrypted, but not signed. */
static enum err open_encrypted(
    struct ctx *cx, const char *key, const struct hook_request *request, cJSON **json)
{
    const char *encrypted = json_text(*json, "encrypt");
    char *plain;
    size_t plain_bytes;
    if (!*encrypted)
        return fail(cx, ERR_FORBIDDEN,
            "the body is not encrypted although feishu.encrypt-key is set");
    if (request->signature)
        TRY(check_signature(cx, key, request));
    TRY(decrypt(cx, key, encrypted, &plain, &plain_bytes));
    TRY(parse(cx, plain, plain_bytes, json));
    return request->signature || is_check(*json) ? ERR_OK
                                                 : check_signature(cx, key, request);
}

/* ---- the whole ---- */

static enum err check_token(
    struct ctx *cx, const struct hook_keys *keys, const char *given)
{
    const char *token = secret_text(&keys->verification_token);
    if (token && !same_secret(token, given))
        return fail(cx, ERR_FORBIDDEN,
            "the verification token is wrong: is feishu.verification-token that of the "
            "app?");
    return ERR_OK;
}

static enum err check_age(struct ctx *cx, const struct feishu_event *event)
{
    if (event->created_ms && event->created_ms < ctx_now_ms(cx) - HOOK_EVENT_AGE_MS)
        return fail(cx, ERR_FORBIDDEN, "the event is older than any repetition can be");
    return ERR_OK;
}

enum err hook_open(struct ctx *cx, const struct hook_keys *keys,
    const struct hook_request *request, struct hook_result *result)
{
    const char *key = secret_text(&keys->encrypt_key);
    cJSON *json;
    if (request->body_bytes > HOOK_BODY_MAX_BYTES)
        return fail(
            cx, ERR_TOO_LARGE, "a callback has at most %u bytes", HOOK_BODY_MAX_BYTES);
    if (!key && !secret_text(&keys->verification_token))
        return fail(cx, ERR_FORBIDDEN,
            "callbacks are not taken: set feishu.encrypt-key or "
            "feishu.verification-token");
    TRY(parse(cx, request->body, request->body_bytes, &json));
    if (key)
        TRY(open_encrypted(cx, key, request, &json));
    else if (*json_text(json, "encrypt"))
        return fail(cx, ERR_FORBIDDEN,
            "the body is encrypted: set feishu.encrypt-key to that of the app");
    *result = (struct hook_result){0};
    if (is_check(json)) {
        TRY(check_token(cx, keys, json_text(json, "token")));
        result->challenge = arena_strdup(cx->arena, json_text(json, "challenge"));
        return ERR_OK;
    }
    TRY(envelope_read(cx, json, &result->event));
    TRY(check_token(cx, keys, result->event.token));
    return check_age(cx, &result->event);
}
