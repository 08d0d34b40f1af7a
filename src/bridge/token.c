/* Tokens of an account. A refresh token works once: refreshes are serialised between
 * threads and processes, and the new pair is on disk before anybody uses it
 * (feishu-api 2.4). */
#include "config.h"

#include "bridge/bridge_internal.h"

#define TOKEN_WAIT_MS 20000
#define KEEP_ALIVE_S 86400

static bool is_good(struct ctx *cx, const struct account *account, const char *stale)
{
    if (str_empty(account->access_token))
        return false;
    if (stale)
        return !str_eq(account->access_token, stale);
    return account->access_expires_s > ctx_now_s(cx) + TOKEN_MARGIN_S;
}

/* The transport may have lost the reply to a refresh that Feishu carried out, so the same
 * token is tried once more: either it was not consumed, or the account must sign in
 * again. */
static enum err refresh_twice(struct ctx *cx, struct bridge *bridge,
    const char *refresh_token, struct feishu_tokens *tokens)
{
    enum err err = oauth_refresh(cx, bridge->feishu, refresh_token, tokens);
    if (err == ERR_UPSTREAM_UNKNOWN)
        err = oauth_refresh(cx, bridge->feishu, refresh_token, tokens);
    return err;
}

/* Writes how it ended, unless somebody has signed in meanwhile: then *account becomes
 * what that brought. why: NULL = there are new tokens in *account. */
static enum err settle(struct ctx *cx, struct bridge *bridge, const char *used,
    const char *why, struct account *account, bool *is_ours)
{
    struct account now;
    TRY(store_account_tokens(cx, bridge->store, account->id, &now));
    *is_ours = str_eq(now.refresh_token, used);
    if (!*is_ours) {
        *account = now;
        return ERR_OK;
    }
    return why ? store_account_set_state(
                     cx, bridge->store, account->id, ACCOUNT_SIGN_IN_NEEDED, why)
               : store_account_save_tokens(cx, bridge->store, account);
}

static enum err end_refresh(struct ctx *cx, struct bridge *bridge, const char *used,
    const char *why, struct account *account)
{
    struct store_tx *tx;
    bool is_ours = false;
    TRY(store_begin(cx, bridge->store, &tx));
    TRY(store_end(cx, tx, settle(cx, bridge, used, why, account, &is_ours)));
    if (is_ours && why)
        return fail(cx, ERR_UPSTREAM_SIGN_IN, "%s", why);
    log_line(cx, LOG_INFO, LOG_SYNC, "account %lld: %s", (long long)account->id,
        is_ours ? "tokens refreshed" : "signed in anew during a refresh");
    return ERR_OK;
}

static enum err refresh(struct ctx *cx, struct bridge *bridge, struct account *account)
{
    struct feishu_tokens tokens = {0};
    const char *used = account->refresh_token;
    if (str_empty(used))
        return end_refresh(cx, bridge, used,
            "the sign-in has ended: Feishu gave no refresh token (is offline_access "
            "granted and refreshing switched on in the app's security settings?)",
            account);
    enum err err = refresh_twice(cx, bridge, used, &tokens);
    if (err == ERR_UPSTREAM_SIGN_IN)
        return end_refresh(
            cx, bridge, used, arena_strdup(cx->arena, ctx_error(cx)), account);
    TRY(err);
    account->access_token = tokens.access_token;
    account->access_expires_s = tokens.access_expires_s;
    account->refresh_token = tokens.refresh_token;
    account->refresh_expires_s = tokens.refresh_expires_s;
    return end_refresh(cx, bridge, used, NULL, account);
}

static enum err is_signed_in(struct ctx *cx, const struct account *account)
{
    if (account->state != ACCOUNT_OK)
        return fail(
            cx, ERR_UPSTREAM_SIGN_IN, "%s must sign in to Feishu again", account->name);
    return ERR_OK;
}

static enum err load(
    struct ctx *cx, struct bridge *bridge, int64_t account_id, struct account *account)
{
    TRY(store_account_tokens(cx, bridge->store, account_id, account));
    return is_signed_in(cx, account);
}

static enum err refresh_locked(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *stale, struct account *account)
{
    /* Somebody else may have refreshed it while this thread waited for the lock. */
    TRY(load(cx, bridge, account_id, account));
    return is_good(cx, account, stale) ? ERR_OK : refresh(cx, bridge, account);
}

enum err token_get(void *self, struct ctx *cx, const char *stale, const char **token)
{
    struct token_source *source = self;
    struct bridge *bridge = source->bridge;
    struct account account;
    int fd;
    cx->payer = source->account_id;
    TRY(store_account_access(cx, bridge->store, source->account_id, &account));
    TRY(is_signed_in(cx, &account));
    if (!is_good(cx, &account, stale)) {
        TRY(lock_file_take(cx, bridge->locks, LOCK_TOKEN, source->account_id,
            ctx_left_ms(cx, TOKEN_WAIT_MS), &fd));
        enum err err = refresh_locked(cx, bridge, source->account_id, stale, &account);
        lock_file_release(fd);
        TRY(err);
    }
    *token = account.access_token;
    return ERR_OK;
}

enum err token_keep_alive(struct ctx *cx, struct bridge *bridge, int64_t account_id)
{
    struct account account;
    const char *token;
    struct token_source source = {.bridge = bridge, .account_id = account_id};
    TRY(store_account(cx, bridge->store, account_id, &account));
    TRY(is_signed_in(cx, &account));
    if (account.access_expires_s > ctx_now_s(cx) - KEEP_ALIVE_S)
        return ERR_OK;
    TRY(load(cx, bridge, account_id, &account));
    if (str_empty(account.refresh_token))
        return ERR_OK;
    return token_get(&source, cx, account.access_token, &token);
}
