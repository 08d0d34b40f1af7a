/* Sign-in with Feishu: authorization code with PKCE and state (feishu-api 2.3, 2.4, RFC
 * 7636). */
#include "config.h"

#include "base/url.h"
#include "bridge/bridge_internal.h"
#include "bridge/spent.h"

#include <string.h>

#define LOGIN_MAX_AGE_S 900
#define STATE_BYTES 24
#define VERIFIER_BYTES                                                                   \
    48 /* 64 characters of base64url: within the 43 to 128 of RFC 7636 4.1 */
#define NAME_MAX_BYTES 200

enum err account_login_start(struct ctx *cx, struct bridge *bridge,
    const char *wanted_name, char **url, char **result)
{
    TRY(bridge_need_feishu(cx, bridge));
    if (wanted_name &&
        (str_empty(wanted_name) || strlen(wanted_name) > NAME_MAX_BYTES ||
            strchr("- ", *wanted_name) || strchr(wanted_name, ':') ||
            str_has_control(wanted_name) ||
            !utf8_valid(wanted_name, strlen(wanted_name))))
        return fail(cx, ERR_BAD_REQUEST,
            "a user name is at most %d bytes of UTF-8, without colon and control "
            "characters, and begins with neither dash nor blank",
            NAME_MAX_BYTES);
    char *state = crypto_random_text(cx, STATE_BYTES);
    struct login login = {
        .state = state,
        .verifier = crypto_random_text(cx, VERIFIER_BYTES),
        .redirect_uri =
            arena_printf(cx->arena, "%s/oauth/callback", bridge->conf->server.base_url),
        .wanted_name = wanted_name,
        .created_s = ctx_now_s(cx),
    };
    TRY(store_login_add(cx, bridge->store, &login));
    *url = oauth_authorize_url(cx, bridge->feishu, login.redirect_uri,
        bridge->conf->feishu.scopes, state, login.verifier);
    *result = state;
    return ERR_OK;
}

/* The name for CalDAV: what was wished, the e-mail address, or at last the open_id.
 * Whoever signs in again keeps the name that clients already use. */
static enum err choose_name(struct ctx *cx, struct bridge *bridge,
    const struct login *login, const struct feishu_me *me, const struct account *known,
    const char **name)
{
    const char *email = !str_empty(me->email) ? me->email : me->enterprise_email;
    struct account other;
    if (login->wanted_name)
        *name = login->wanted_name;
    else if (known)
        *name = known->name;
    else
        *name = !str_empty(email) ? str_lower(cx->arena, email) : me->open_id;
    enum err err = store_account_by_name(cx, bridge->store, *name, &other);
    if (!err && !str_eq(other.open_id, me->open_id)) {
        if (login->wanted_name)
            return fail(
                cx, ERR_CONFLICT, "the name %s belongs to another account", *name);
        *name = me->open_id;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void remember_self(
    struct ctx *cx, struct bridge *bridge, const struct account *account)
{
    struct person person = {
        .open_id = account->open_id,
        .address = str_lower(cx->arena, account->email),
        .name = account->display_name,
        .fetched_s = ctx_now_s(cx),
    };
    if (!str_empty(account->email))
        store_person_save(cx, bridge->store, &person);
}

static enum err store_sign_in(struct ctx *cx, struct bridge *bridge,
    const struct login *login, const struct feishu_tokens *tokens,
    const struct feishu_me *me, int64_t *account_id)
{
    struct account known, account;
    const char *email = !str_empty(me->email) ? me->email : me->enterprise_email;
    enum err err = store_account_by_open_id(cx, bridge->store, me->open_id, &known);
    if (err && err != ERR_NOT_FOUND)
        return err;
    bool again = !err;
    account = (struct account){
        .open_id = me->open_id,
        .union_id = me->union_id,
        .tenant_key = me->tenant_key,
        .display_name = !str_empty(me->name) ? me->name : me->en_name,
        .email = !str_empty(email) || !again ? email : known.email,
        .timezone = again ? known.timezone : NULL,
        .scopes = tokens->scope,
        .state = ACCOUNT_OK,
        .access_token = tokens->access_token,
        .refresh_token = tokens->refresh_token,
        .access_expires_s = tokens->access_expires_s,
        .refresh_expires_s = tokens->refresh_expires_s,
        .authorized_s = ctx_now_s(cx),
        .calendars_sync_token = again ? known.calendars_sync_token : NULL,
        .last_sync_s = again ? known.last_sync_s : 0,
        .last_error = "",
    };
    TRY(choose_name(cx, bridge, login, me, again ? &known : NULL, &account.name));
    TRY(store_account_save(cx, bridge->store, &account));
    remember_self(cx, bridge, &account);
    *account_id = account.id;
    return ERR_OK;
}

static enum err sign_in(struct ctx *cx, struct bridge *bridge, const struct login *login,
    const char *query, int64_t *account_id)
{
    struct feishu_tokens tokens = {0};
    struct feishu_me me = {0};
    char *error = url_form_value(cx->arena, query, "error");
    char *code = url_form_value(cx->arena, query, "code");
    TRY(bridge_need_feishu(cx, bridge));
    if (error)
        return fail(cx, ERR_FORBIDDEN, "Feishu says: %.200s", error);
    if (str_empty(code))
        return fail(cx, ERR_BAD_REQUEST, "the address holds no code");
    TRY(oauth_exchange(
        cx, bridge->feishu, code, login->redirect_uri, login->verifier, &tokens));
    TRY(oauth_user_info(cx, bridge->feishu, tokens.access_token, &me));
    if (str_empty(me.open_id))
        return fail(cx, ERR_UPSTREAM_DOWN, "Feishu did not say who signed in");
    return store_sign_in(cx, bridge, login, &tokens, &me, account_id);
}

enum err account_login_finish(
    struct ctx *cx, struct bridge *bridge, const char *query, int64_t *result)
{
    struct login login;
    int64_t account_id = 0;
    unsigned calls_before = cx->upstream_calls;
    char *state = url_form_value(cx->arena, query, "state");
    if (str_empty(state))
        return fail(cx, ERR_BAD_REQUEST, "the address holds no state");
    enum err err = store_login_claim(
        cx, bridge->store, state, ctx_now_s(cx), LOGIN_MAX_AGE_S, &login);
    if (err == ERR_NOT_FOUND)
        return fail(cx, ERR_BAD_REQUEST,
            "this sign-in is unknown, used or too old: start it again");
    TRY(err);
    err = sign_in(cx, bridge, &login, query, &account_id);
    if (err) {
        const char *text = arena_strdup(cx->arena, ctx_error(cx));
        store_login_finish(cx, bridge->store, state, 0, text);
        return fail(cx, err, "%s", text);
    }
    TRY(store_login_finish(cx, bridge->store, state, account_id, NULL));
    log_line(cx, LOG_INFO, LOG_SYNC, "account %lld signed in", (long long)account_id);
    spent_charge(bridge, account_id, cx->upstream_calls - calls_before);
    bridge_poke(bridge, account_id, 0);
    subscriptions_look(bridge);
    *result = account_id;
    return ERR_OK;
}

enum err account_login_poll(
    struct ctx *cx, struct bridge *bridge, const char *state, int64_t *account_id)
{
    struct login login;
    TRY(store_login(cx, bridge->store, state, &login));
    if (login.error)
        return fail(cx, ERR_FORBIDDEN, "%s", login.error);
    *account_id = login.account_id;
    return ERR_OK;
}

enum err account_find(
    struct ctx *cx, struct bridge *bridge, const char *name, int64_t *account_id)
{
    struct account account;
    enum err err = store_account_by_name(cx, bridge->store, name, &account);
    if (err == ERR_NOT_FOUND)
        err = store_account_by_name(
            cx, bridge->store, str_lower(cx->arena, name), &account);
    if (err == ERR_NOT_FOUND)
        err = store_account_by_open_id(cx, bridge->store, name, &account);
    if (err == ERR_NOT_FOUND)
        return fail(cx, err, "there is no account %s", name);
    TRY(err);
    *account_id = account.id;
    return ERR_OK;
}

/* What is kept beside the rows that go with the account. */
static enum err forget_settings(
    struct ctx *cx, struct bridge *bridge, const struct account *account)
{
    struct calendar *list;
    struct store_tx *tx;
    size_t n;
    char *primary = arena_printf(cx->arena, "primary.%s", account->open_id);
    TRY(store_calendars(cx, bridge->store, account->id, &list, &n));
    TRY(store_begin(cx, bridge->store, &tx));
    enum err err = store_setting_set(cx, bridge->store, primary, NULL);
    for (size_t i = 0; i < n && !err; i++)
        err = store_calendar_remove(cx, tx, list[i].id);
    return store_end(cx, tx, err);
}

enum err account_remove(struct ctx *cx, struct bridge *bridge, int64_t account_id)
{
    struct account account;
    TRY(store_account(cx, bridge->store, account_id, &account));
    subscriptions_drop(cx, bridge, account_id);
    TRY(store_account_tokens(cx, bridge->store, account_id, &account));
    if (bridge->feishu) {
        if (!str_empty(account.refresh_token) &&
            oauth_revoke(cx, bridge->feishu, account.refresh_token))
            log_line(cx, LOG_INFO, LOG_FEISHU, "revocation failed: %s", ctx_error(cx));
        if (!str_empty(account.access_token) &&
            oauth_revoke(cx, bridge->feishu, account.access_token))
            log_line(cx, LOG_INFO, LOG_FEISHU, "revocation failed: %s", ctx_error(cx));
    }
    TRY(forget_settings(cx, bridge, &account));
    return store_account_remove(cx, bridge->store, account_id);
}
