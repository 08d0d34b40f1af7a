#include "http/login.h"

#include "bridge/account.h"
#include "http/page.h"
#include "http/signin.h"

void login_start(struct exchange *ex)
{
    char *url, *state;
    enum err err = account_login_allow(ex->cx, ex->site->bridge, ex->peer);
    if (err == ERR_OK)
        err = account_login_start(ex->cx, ex->site->bridge, NULL, &url, &state);
    if (err != ERR_OK) {
        page_error(ex, err);
        return;
    }
    answer_redirect(ex, 302, url);
    answer_header(ex, "Cache-Control", "no-store");
    signin_started(ex, state);
}

void login_callback(struct exchange *ex)
{
    int64_t account;
    char *cookie = NULL;
    bool here = signin_started_here(ex);
    enum err err = account_login_finish(ex->cx, ex->site->bridge, ex->query, &account);
    if (err == ERR_OK) {
        account_login_good(ex->cx, ex->site->bridge, ex->peer);
        if (here)
            err = account_session_new(ex->cx, ex->site->bridge, account, &cookie);
    }
    if (err != ERR_OK) {
        page_error(ex, err);
        return;
    }
    /* A sign-in from elsewhere ("user login", or a stranger's address that somebody was
     * made to open: RFC 6749 10.12) is finished, but opens no session here. */
    answer_redirect(ex, 302,
        arena_printf(ex->cx->arena, "%s/%s", ex->site->prefix, here ? "" : "?signed-in"));
    answer_header(ex, "Cache-Control", "no-store");
    if (here) {
        signin_ended(ex);
        signin_cookie_set(ex, cookie, ACCOUNT_SESSION_S);
    }
}

void login_sign_out(struct exchange *ex)
{
    if (!signin_form_ok(ex)) {
        page_error(ex, fail(ex->cx, ERR_FORBIDDEN, "this form is out of date"));
        return;
    }
    bool everywhere = url_form_value(ex->cx->arena, buf_str(&ex->body), "everywhere");
    enum err err = everywhere
        ? account_sessions_end(ex->cx, ex->site->bridge, ex->user_id)
        : account_session_end(ex->cx, ex->site->bridge, signin_cookie(ex));
    if (err != ERR_OK) {
        page_error(ex, err);
        return;
    }
    answer_redirect(ex, 303, arena_printf(ex->cx->arena, "%s/", ex->site->prefix));
    signin_cookie_set(ex, "", 0);
}
