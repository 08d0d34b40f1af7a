/* Browser sessions of the account page: the cookie is random, the store knows its digest
 * until it is over or signed out. */
#include "config.h"

#include "bridge/bridge_internal.h"

#include <string.h>

#define COOKIE_BYTES 32
#define COOKIE_MAX_BYTES 128

enum err account_session_new(
    struct ctx *cx, struct bridge *bridge, int64_t account_id, char **cookie)
{
    char *fresh = crypto_random_text(cx, COOKIE_BYTES);
    struct session one = {
        .account_id = account_id,
        .until_s = ctx_now_s(cx) + ACCOUNT_SESSION_S,
    };
    crypto_sha256(fresh, strlen(fresh), one.digest);
    TRY(store_session_add(cx, bridge->store, &one));
    *cookie = fresh;
    return ERR_OK;
}

static bool digest_of(const char *cookie, unsigned char digest[SHA256_BYTES])
{
    size_t len = strnlen(cookie, COOKIE_MAX_BYTES);
    if (!len || len == COOKIE_MAX_BYTES)
        return false;
    crypto_sha256(cookie, len, digest);
    return true;
}

enum err account_session_check(
    struct ctx *cx, struct bridge *bridge, const char *cookie, int64_t *account_id)
{
    unsigned char digest[SHA256_BYTES];
    if (!digest_of(cookie, digest))
        return fail(cx, ERR_UNAUTHORIZED, "the session is not valid");
    enum err err = store_session(cx, bridge->store, digest, ctx_now_s(cx), account_id);
    return err == ERR_NOT_FOUND ? fail(cx, ERR_UNAUTHORIZED, "the session is over") : err;
}

enum err account_session_end(struct ctx *cx, struct bridge *bridge, const char *cookie)
{
    unsigned char digest[SHA256_BYTES];
    return digest_of(cookie, digest) ? store_session_remove(cx, bridge->store, digest)
                                     : ERR_OK;
}

enum err account_sessions_end(struct ctx *cx, struct bridge *bridge, int64_t account_id)
{
    return store_sessions_remove(cx, bridge->store, account_id);
}
