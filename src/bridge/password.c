/* App passwords and the check of HTTP Basic. A password holds 160 random bits, so a plain
 * digest is as hard to reverse as a slow one; a verified pair is remembered under a key
 * of this process. */
#include "config.h"

#include "bridge/bridge_internal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD_BYTES 20
#define PASSWORD_GROUP 8
#define PASSWORD_MAX_BYTES 200
#define LABEL_MAX_BYTES 200
#define CACHE_SLOTS 2048
#define THROTTLE_SLOTS 2048
#define GUESSES_PER_PEER 20
#define GUESSES_PER_USER 60
#define SIGN_INS_PER_PEER 60
#define GUESS_WINDOW_S 300
#define USED_STEP_S 3600

struct verified {
    unsigned char key[SHA256_BYTES];
    int64_t account_id, password_id, version, used_s;
};

struct guesses {
    int64_t since_s;
    int count;
};

struct credential_cache {
    pthread_mutex_t mutex;
    unsigned char key[SHA256_BYTES];
    struct verified verified[CACHE_SLOTS];
    struct guesses guesses[THROTTLE_SLOTS];
};

struct credential_cache *credential_cache_new(struct ctx *cx)
{
    struct credential_cache *cache = calloc(1, sizeof(*cache));
    if (!cache)
        abort();
    pthread_mutex_init(&cache->mutex, NULL);
    crypto_random(cx, cache->key, sizeof(cache->key));
    return cache;
}

void credential_cache_free(struct credential_cache *cache)
{
    if (!cache)
        return;
    pthread_mutex_destroy(&cache->mutex);
    explicit_bzero(cache, sizeof(*cache));
    free(cache);
}

static uint64_t first_64(const unsigned char *digest)
{
    uint64_t number;
    memcpy(&number, digest, sizeof(number));
    return number;
}

/* ---- throttling ---- */

/* One IPv6 customer has a whole /64 to guess from. */
static const char *peer_group(struct ctx *cx, const char *peer)
{
    struct in6_addr address;
    char text[INET6_ADDRSTRLEN];
    if (!peer || inet_pton(AF_INET6, peer, &address) != 1)
        return peer ? peer : "";
    memset(address.s6_addr + 8, 0, 8);
    return arena_strdup(cx->arena, inet_ntop(AF_INET6, &address, text, sizeof(text)));
}

/* The slot of somebody who guesses; a slot whose window is over is free. A full table
 * makes strangers share a slot: bounded memory is worth the rare stricter throttle. */
static struct guesses *guesses_of(
    struct credential_cache *cache, const char *kind, const char *who, int64_t now_s)
{
    unsigned char digest[SHA256_BYTES];
    char text[PASSWORD_MAX_BYTES + 32];
    int len = snprintf(text, sizeof(text), "%s:%s", kind, who);
    size_t used = len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1;
    crypto_hmac_sha256(cache->key, sizeof(cache->key), text, used, digest);
    struct guesses *slot = &cache->guesses[first_64(digest) % THROTTLE_SLOTS];
    if (slot->since_s + GUESS_WINDOW_S <= now_s || slot->since_s > now_s)
        *slot = (struct guesses){.since_s = now_s};
    return slot;
}

static int wait_s(const struct guesses *slot, int allowed, int64_t now_s)
{
    return slot->count >= allowed ? (int)(slot->since_s + GUESS_WINDOW_S - now_s) : 0;
}

static enum err throttle_check(
    struct ctx *cx, struct credential_cache *cache, const char *name, const char *peer)
{
    int64_t now_s = ctx_now_s(cx);
    pthread_mutex_lock(&cache->mutex);
    int by_peer = wait_s(guesses_of(cache, "peer", peer, now_s), GUESSES_PER_PEER, now_s);
    int by_user = wait_s(guesses_of(cache, "user", name, now_s), GUESSES_PER_USER, now_s);
    pthread_mutex_unlock(&cache->mutex);
    int longest = by_peer > by_user ? by_peer : by_user;
    if (longest <= 0)
        return ERR_OK;
    enum err err = fail(cx, ERR_THROTTLED, "too many wrong passwords");
    cx->retry_after_s = longest;
    return err;
}

static void throttle_count(
    struct ctx *cx, struct credential_cache *cache, const char *name, const char *peer)
{
    int64_t now_s = ctx_now_s(cx);
    pthread_mutex_lock(&cache->mutex);
    guesses_of(cache, "peer", peer, now_s)->count++;
    guesses_of(cache, "user", name, now_s)->count++;
    pthread_mutex_unlock(&cache->mutex);
}

/* ---- sign-ins in the browser ---- */

enum err account_login_allow(struct ctx *cx, struct bridge *bridge, const char *peer)
{
    struct credential_cache *cache = bridge->credentials;
    int64_t now_s = ctx_now_s(cx);
    peer = peer_group(cx, peer);
    pthread_mutex_lock(&cache->mutex);
    struct guesses *slot = guesses_of(cache, "sign-in", peer, now_s);
    int left_s = wait_s(slot, SIGN_INS_PER_PEER, now_s);
    slot->count += left_s <= 0;
    pthread_mutex_unlock(&cache->mutex);
    if (left_s <= 0)
        return ERR_OK;
    cx->retry_after_s = left_s;
    return fail(cx, ERR_THROTTLED, "too many sign-ins were started and not finished");
}

void account_login_good(struct ctx *cx, struct bridge *bridge, const char *peer)
{
    struct credential_cache *cache = bridge->credentials;
    peer = peer_group(cx, peer);
    pthread_mutex_lock(&cache->mutex);
    struct guesses *slot = guesses_of(cache, "sign-in", peer, ctx_now_s(cx));
    slot->count -= slot->count > 0;
    pthread_mutex_unlock(&cache->mutex);
}

/* ---- the cache of verified pairs ---- */

static void pair_key(const struct credential_cache *cache, const char *name,
    const char *password, unsigned char key[SHA256_BYTES])
{
    char text[2 * PASSWORD_MAX_BYTES + 2];
    size_t name_bytes = strlen(name), password_bytes = strlen(password);
    memcpy(text, name, name_bytes + 1);
    memcpy(text + name_bytes + 1, password, password_bytes);
    crypto_hmac_sha256(
        cache->key, sizeof(cache->key), text, name_bytes + 1 + password_bytes, key);
    explicit_bzero(text, sizeof(text));
}

/* *used_id is set when the time of last use ought to be written again. */
static bool cache_find(struct credential_cache *cache, const unsigned char *key,
    int64_t version, int64_t now_s, int64_t *account_id, int64_t *used_id)
{
    pthread_mutex_lock(&cache->mutex);
    struct verified *slot = &cache->verified[first_64(key) % CACHE_SLOTS];
    bool found = slot->account_id && slot->version == version &&
        crypto_equal(slot->key, key, SHA256_BYTES);
    if (found) {
        *account_id = slot->account_id;
        if (slot->used_s + USED_STEP_S < now_s) {
            slot->used_s = now_s;
            *used_id = slot->password_id;
        }
    }
    pthread_mutex_unlock(&cache->mutex);
    return found;
}

static void cache_add(struct credential_cache *cache, const unsigned char *key,
    const struct verified *verified)
{
    pthread_mutex_lock(&cache->mutex);
    struct verified *slot = &cache->verified[first_64(key) % CACHE_SLOTS];
    *slot = *verified;
    memcpy(slot->key, key, SHA256_BYTES);
    pthread_mutex_unlock(&cache->mutex);
}

/* ---- passwords ---- */

/* What people retype: the groups' dashes and spaces, and the letter case, do not matter.
 */
static void password_digest(
    struct ctx *cx, const char *password, unsigned char digest[SHA256_BYTES])
{
    char *plain = arena_alloc(cx->arena, strlen(password) + 1), *to = plain;
    for (const char *at = password; *at; at++)
        if (*at != '-' && *at != ' ')
            *to++ = *at >= 'A' && *at <= 'Z' ? (char)(*at | 0x20) : *at;
    crypto_sha256(plain, (size_t)(to - plain), digest);
    explicit_bzero(plain, (size_t)(to - plain));
}

static char *password_text(struct ctx *cx)
{
    static const char alphabet[] =
        "abcdefghijklmnopqrstuvwxyz234567"; /* RFC 4648 section 6 */
    unsigned char bytes[PASSWORD_BYTES];
    struct buf text = buf_new(cx->arena);
    crypto_random(cx, bytes, sizeof(bytes));
    for (int i = 0; i < PASSWORD_BYTES * 8 / 5; i++) {
        int bit = i * 5, at = bit / 8, shift = 11 - bit % 8;
        unsigned two =
            (unsigned)bytes[at] << 8 | (at + 1 < PASSWORD_BYTES ? bytes[at + 1] : 0);
        if (i && i % PASSWORD_GROUP == 0)
            buf_addc(&text, '-');
        buf_addc(&text, alphabet[two >> shift & 31]);
    }
    explicit_bzero(bytes, sizeof(bytes));
    return text.data;
}

/* Every password of the account is compared, so that time tells nothing of which one was
 * near. */
static enum err verify(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *password, struct verified *verified)
{
    unsigned char digest[SHA256_BYTES];
    struct password *list = NULL;
    size_t n = 0;
    password_digest(cx, password, digest);
    if (account_id)
        TRY(store_passwords(cx, bridge->store, account_id, &list, &n));
    verified->account_id = 0;
    for (size_t i = 0; i < n; i++)
        if (crypto_equal(list[i].digest, digest, SHA256_BYTES)) {
            verified->account_id = account_id;
            verified->password_id = list[i].id;
        }
    return ERR_OK;
}

static enum err authenticate_slow(struct ctx *cx, struct bridge *bridge, const char *name,
    const char *password, const char *peer, struct verified *verified)
{
    int64_t account_id = 0;
    enum err err = account_find(cx, bridge, name, &account_id);
    if (err && err != ERR_NOT_FOUND)
        return err;
    /* The same person by whichever of the names that account_find takes. */
    if (account_id)
        name = arena_printf(cx->arena, "account %lld", (long long)account_id);
    peer = peer_group(cx, peer);
    TRY(throttle_check(cx, bridge->credentials, name, peer));
    TRY(verify(cx, bridge, account_id, password, verified));
    if (!verified->account_id) {
        throttle_count(cx, bridge->credentials, name, peer);
        return fail(cx, ERR_UNAUTHORIZED, "wrong user name or app password");
    }
    verified->used_s = ctx_now_s(cx);
    store_password_used(cx, bridge->store, verified->password_id, verified->used_s);
    return ERR_OK;
}

enum err account_authenticate(struct ctx *cx, struct bridge *bridge, const char *name,
    const char *password, const char *peer, int64_t *account_id)
{
    struct verified verified = {0};
    unsigned char key[SHA256_BYTES];
    int64_t used_id = 0;
    if (strlen(name) > PASSWORD_MAX_BYTES || strlen(password) > PASSWORD_MAX_BYTES)
        return fail(cx, ERR_UNAUTHORIZED, "wrong user name or app password");
    TRY(store_credentials_version(cx, bridge->store, &verified.version));
    pair_key(bridge->credentials, name, password, key);
    if (cache_find(bridge->credentials, key, verified.version, ctx_now_s(cx), account_id,
            &used_id)) {
        if (used_id)
            store_password_used(cx, bridge->store, used_id, ctx_now_s(cx));
        return ERR_OK;
    }
    TRY(authenticate_slow(cx, bridge, name, password, peer, &verified));
    cache_add(bridge->credentials, key, &verified);
    *account_id = verified.account_id;
    return ERR_OK;
}

enum err account_password_new(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *label, char **password, int64_t *id)
{
    struct account account;
    struct password one = {
        .account_id = account_id,
        .label = label ? label : "",
        .created_s = ctx_now_s(cx),
    };
    if (strlen(one.label) > LABEL_MAX_BYTES || str_has_control(one.label) ||
        !utf8_valid(one.label, strlen(one.label)))
        return fail(cx, ERR_BAD_REQUEST,
            "the label of an app password is one line of at most %d bytes of UTF-8",
            LABEL_MAX_BYTES);
    TRY(store_account(cx, bridge->store, account_id, &account));
    char *text = password_text(cx);
    password_digest(cx, text, one.digest);
    TRY(store_password_add(cx, bridge->store, &one));
    *password = text;
    if (id)
        *id = one.id;
    return ERR_OK;
}

enum err account_password_revoke(
    struct ctx *cx, struct bridge *bridge, int64_t account_id, int64_t id)
{
    return store_password_revoke(cx, bridge->store, account_id, id);
}
