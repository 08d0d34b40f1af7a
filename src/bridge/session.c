/* Browser sessions of the account page: a sealed cookie holds who and until when. */
#include "config.h"

#include "bridge/bridge_internal.h"

#include <string.h>

#define SESSION_S (12 * 3600)
#define SESSION_MAX_BYTES 512
#define SESSION_PURPOSE "session"

enum err account_session_new(
    struct ctx *cx, struct bridge *bridge, int64_t account_id, char **cookie)
{
    char *plain = arena_printf(cx->arena, "%lld %lld", (long long)account_id,
        (long long)(ctx_now_s(cx) + SESSION_S));
    return crypto_seal(cx, bridge->key, SESSION_PURPOSE, plain, cookie);
}

enum err account_session_check(
    struct ctx *cx, struct bridge *bridge, const char *cookie, int64_t *account_id)
{
    char *plain, **parts;
    long long id, until_s;
    struct account account;
    if (strnlen(cookie, SESSION_MAX_BYTES) == SESSION_MAX_BYTES ||
        crypto_open(cx, bridge->key, SESSION_PURPOSE, cookie, &plain))
        return fail(cx, ERR_UNAUTHORIZED, "the session is not valid");
    parts = str_split(cx->arena, plain, ' ');
    if (!parts[0] || !str_to_ll(parts[0], 1, INT64_MAX, &id) || !parts[1] ||
        !str_to_ll(parts[1], 0, INT64_MAX, &until_s) || until_s <= ctx_now_s(cx))
        return fail(cx, ERR_UNAUTHORIZED, "the session is over");
    if (store_account(cx, bridge->store, id, &account))
        return fail(cx, ERR_UNAUTHORIZED, "the account is gone");
    *account_id = id;
    return ERR_OK;
}
