#include "http/home.h"

#include "bridge/account.h"
#include "bridge/bridge.h"
#include "http/listen.h"
#include "http/page.h"
#include "http/qr.h"
#include "http/signin.h"

#include <string.h>

/* feishu-api 2.4: 365 days after the authorization a refresh fails whatever the
 * rotation. */

static const char style[] =
    ":root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}"
    "body{margin:0}nav{text-align:right;padding:.5rem 1rem}"
    "main{max-width:56rem;margin:0 auto;padding:0 1rem 3rem}"
    "h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #8884;"
    "vertical-align:top}"
    "code{font-size:1.05em;user-select:all;overflow-wrap:anywhere}"
    ".button,button{display:inline-block;font:inherit;padding:.4rem .9rem;"
    "border-radius:.4rem;border:1px solid #3370ff;background:#3370ff;color:#fff;"
    "text-decoration:none;cursor:pointer}"
    "button.quiet{background:none;color:inherit;border-color:#8888}"
    "input[type=text]{font:inherit;padding:.35rem .5rem;max-width:100%}"
    ".error{border-left:.3rem solid #d83931;padding:.3rem .8rem}"
    ".secret{border:2px solid #3370ff;border-radius:.5rem;padding:.8rem 1rem}"
    ".secret code{font-size:1.3em}.qr{width:9rem;height:9rem;background:#fff}"
    "form{margin:.4rem 0}"
    ".wide{overflow-x:auto}";

void home_style(struct exchange *ex)
{
    answer_header(ex, "Cache-Control", "max-age=86400");
    answer_text(ex, 200, "text/css; charset=utf-8", style);
}

static void word(struct page *page, const char *before, enum word what, const char *after)
{
    buf_adds(&page->html, before);
    page_text(page, page_word(page, what));
    buf_adds(&page->html, after);
}

static void row(struct page *page, enum word head, const char *value)
{
    word(page, "<tr><th>", head, "</th><td><code>");
    page_text(page, value);
    buf_adds(&page->html, "</code></td></tr>");
}

static void write_welcome(struct page *page)
{
    struct exchange *ex = page->ex;
    if (exchange_argument(ex, "signed-in"))
        word(page, "<p><strong>", WORD_SIGNED_IN, "</strong></p>\n");
    word(page, "<p>", WORD_INTRO, "</p>\n");
    buf_printf(
        &page->html, "<p><a class=\"button\" href=\"%s/login\">", ex->site->prefix);
    word(page, "", WORD_SIGN_IN, "</a></p>\n");
    if (peer_loopback(ex->peer))
        return; /* a phone cannot come here */
    word(page, "<p>", WORD_PHONE_HINT, "</p>");
    qr_add_svg(&page->html,
        arena_printf(ex->cx->arena, "%s%s/", ex->origin, ex->site->prefix));
}

static void write_setup(struct page *page, const struct account_view *view)
{
    struct exchange *ex = page->ex;
    word(page, "<h2>", WORD_CLIENT_SETUP, "</h2>\n");
    word(page, "<p>", WORD_CLIENT_HINT, "</p>\n<table>");
    row(page, WORD_SERVER,
        arena_printf(ex->cx->arena, "%s%s/", ex->origin, ex->site->dav_root));
    row(page, WORD_USER_NAME, view->name);
    buf_adds(&page->html, "</table>\n");
}

static void write_password(struct page *page, const struct account_password_view *one)
{
    buf_adds(&page->html, "<tr><td>");
    page_text(page, one->label);
    buf_adds(&page->html, "</td><td>");
    page_time(page, one->created_s);
    buf_adds(&page->html, "</td><td>");
    page_time(page, one->last_used_s);
    buf_adds(&page->html, "</td><td>");
    page_form(page, "password/revoke");
    buf_printf(&page->html, "<input type=\"hidden\" name=\"id\" value=\"%lld\">"
        "<button class=\"quiet\">", (long long)one->id);
    word(page, "", WORD_REVOKE, "</button></form></td></tr>\n");
}

static void write_passwords(struct page *page, const struct account_view *view)
{
    word(page, "<h2>", WORD_PASSWORDS, "</h2>\n");
    word(page, "<p>", WORD_PASSWORDS_HINT, "</p>\n");
    if (view->n_passwords) {
        word(page, "<div class=\"wide\"><table><tr><th>", WORD_DEVICE, "</th>");
        word(page, "<th>", WORD_CREATED, "</th>");
        word(page, "<th>", WORD_LAST_USED, "</th><th></th></tr>\n");
        for (size_t i = 0; i < view->n_passwords; i++)
            write_password(page, &view->passwords[i]);
        buf_adds(&page->html, "</table></div>\n");
    } else {
        word(page, "<p>", WORD_NO_PASSWORDS, "</p>\n");
    }
    page_form(page, "password");
    word(page, "<label>", WORD_DEVICE,
        " <input type=\"text\" name=\"label\" maxlength=\"100\"></label> ");
    word(page, "<button>", WORD_CREATE_PASSWORD, "</button></form>\n");
}

/* Feishu's words for what an account may do with a calendar (feishu-api 3). */
static const struct {
    const char *role;
    enum word word;
} roles[] = {
    {"owner", WORD_OWNER},
    {"writer", WORD_WRITER},
    {"reader", WORD_READER},
    {"free_busy_reader", WORD_FREE_BUSY_READER},
};

static const char *role_text(const struct page *page, const char *role)
{
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (str_eq(roles[i].role, role))
            return page_word(page, roles[i].word);
    return role;
}

static void write_calendar(struct page *page, const struct account_calendar_view *one)
{
    buf_adds(&page->html, "<tr><td>");
    page_text(page, one->display_name);
    buf_adds(&page->html, "</td><td>");
    page_text(page, role_text(page, one->role));
    buf_printf(&page->html, "</td><td>%lld</td><td>", (long long)one->objects);
    if (one->complete)
        page_time(page, one->last_success_s);
    else
        page_text(page, page_word(page, WORD_FIRST_SYNC));
    buf_printf(&page->html, "</td><td>%lld</td><td>%lld", (long long)one->lag_s,
        (long long)one->calls);
    buf_adds(&page->html, "</td><td>");
    page_text(page, one->last_error);
    buf_adds(&page->html, "</td></tr>\n");
}

static void write_calendars(struct page *page, const struct account_view *view)
{
    static const enum word heads[] = {
        WORD_NAME, WORD_ROLE, WORD_EVENTS, WORD_LAST_SYNC, WORD_LAG,
        WORD_CALLS, WORD_ERROR};
    word(page, "<h2>", WORD_CALENDARS, "</h2>\n<div class=\"wide\"><table><tr>");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        word(page, "<th>", heads[i], "</th>");
    buf_adds(&page->html, "</tr>\n");
    for (size_t i = 0; i < view->n_calendars; i++)
        write_calendar(page, &view->calendars[i]);
    buf_adds(&page->html, "</table></div>\n");
    word(page, "<p>", WORD_LAST_SYNC, ": ");
    page_time(page, view->last_sync_s);
    word(page, ", ", WORD_LAG, ": ");
    buf_printf(&page->html, "%lld. ", (long long)view->lag_s);
    word(page, "", WORD_CALLS_ALL, " ");
    buf_printf(&page->html, "%lld</p>\n", (long long)view->calls);
    page_form(page, "sync");
    word(page, "<button class=\"quiet\">", WORD_SYNC_NOW, "</button></form>\n");
}

static void write_state(struct page *page, const struct account_view *view)
{
    word(page, "<p>", WORD_SIGNED_IN_AS, " <strong>");
    page_text(page, view->display_name);
    buf_adds(&page->html, "</strong></p>\n");
    if (!str_eq(view->state, "ok")) {
        word(page, "<p class=\"error\">", WORD_SIGN_IN_NEEDED, "</p>\n");
        buf_printf(&page->html, "<p><a class=\"button\" href=\"%s/login\">",
            page->ex->site->prefix);
        word(page, "", WORD_SIGN_IN_AGAIN, "</a></p>\n");
    } else if (view->sign_in_soon) {
        word(page, "<p class=\"error\">", WORD_AUTHORIZED_SOON, " ");
        page_time(page, view->sign_in_until_s);
        buf_printf(&page->html, "</p>\n<p><a class=\"button\" href=\"%s/login\">",
            page->ex->site->prefix);
        word(page, "", WORD_SIGN_IN_AGAIN, "</a></p>\n");
    } else if (view->sign_in_until_s) {
        word(page, "<p>", WORD_AUTHORIZED_UNTIL, " ");
        page_time(page, view->sign_in_until_s);
        buf_adds(&page->html, "</p>\n");
    }
    if (!str_empty(view->last_error)) {
        buf_adds(&page->html, "<p class=\"error\">");
        page_text(page, view->last_error);
        buf_adds(&page->html, "</p>\n");
    }
}

void home_page(struct exchange *ex)
{
    struct account_view view;
    struct page page = page_begin(ex);
    if (!ex->user_id || account_view(ex->cx, ex->site->bridge, ex->user_id, &view)) {
        write_welcome(&page);
    } else {
        write_state(&page, &view);
        write_setup(&page, &view);
        write_passwords(&page, &view);
        write_calendars(&page, &view);
        page_form(&page, "sign-out");
        word(&page, "<button class=\"quiet\">", WORD_SIGN_OUT, "</button> ");
        word(&page, "<button class=\"quiet\" name=\"everywhere\" value=\"1\">",
            WORD_SIGN_OUT_EVERYWHERE, "</button></form>\n");
    }
    page_end(&page, 200);
}

/* False, and an error page, when the form was not made for this session. */
static bool form_allowed(struct exchange *ex)
{
    if (signin_form_ok(ex))
        return true;
    page_error(
        ex, fail(ex->cx, ERR_FORBIDDEN, "this form is out of date: open the page again"));
    return false;
}

static void home_redirect(struct exchange *ex)
{
    answer_redirect(ex, 303, arena_printf(ex->cx->arena, "%s/", ex->site->prefix));
}

void home_password_new(struct exchange *ex)
{
    struct ctx *cx = ex->cx;
    char *password;
    int64_t id;
    if (!form_allowed(ex))
        return;
    const char *label = url_form_value(cx->arena, buf_str(&ex->body), "label");
    enum err err =
        account_password_new(cx, ex->site->bridge, ex->user_id,
            label ? str_trim(cx->arena, label) : NULL, &password, &id);
    if (err != ERR_OK) {
        page_error(ex, err);
        return;
    }
    struct page page = page_begin(ex);
    word(&page, "<h2>", WORD_NEW_PASSWORD, "</h2>\n<p class=\"secret\"><code>");
    page_text(&page, password);
    word(&page, "</code></p>\n<p>", WORD_NEW_PASSWORD_HINT, "</p>\n");
    buf_printf(&page.html, "<p><a href=\"%s/\">", ex->site->prefix);
    word(&page, "", WORD_BACK, "</a></p>\n");
    page_end(&page, 200);
}

void home_password_revoke(struct exchange *ex)
{
    long long id = 0;
    if (!form_allowed(ex))
        return;
    const char *text = url_form_value(ex->cx->arena, buf_str(&ex->body), "id");
    enum err err = text && str_to_ll(text, 1, INT64_MAX, &id)
        ? account_password_revoke(ex->cx, ex->site->bridge, ex->user_id, id)
        : fail(ex->cx, ERR_BAD_REQUEST, "the form names no password");
    if (err != ERR_OK)
        page_error(ex, err);
    else
        home_redirect(ex);
}

void home_sync(struct exchange *ex)
{
    if (!form_allowed(ex))
        return;
    bridge_poke(ex->site->bridge, ex->user_id, 0);
    home_redirect(ex);
}
