#include "http/page.h"

#include "base/when.h"
#include "http/signin.h"

#include <string.h>

static const struct {
    const char *en, *zh;
} words[WORD_COUNT] = {
    [WORD_TITLE] = {"Feishu calendars by CalDAV", "飞书日历 CalDAV 服务"},
    [WORD_INTRO] = {"Use your Feishu calendars in Thunderbird, Apple Calendar, DAVx5 and "
                    "every other CalDAV client, and edit them there.",
        "在 Thunderbird、苹果日历、DAVx5 以及其他任何 CalDAV 客户端中查看和编辑你的飞书日历。"},
    [WORD_SIGN_IN] = {"Sign in with Feishu", "使用飞书登录"},
    [WORD_SIGN_IN_AGAIN] = {"Sign in to Feishu again", "重新登录飞书"},
    [WORD_SIGN_IN_NEEDED] =
        {"Feishu no longer accepts this sign-in. Your calendars can be read, "
         "but changes cannot be saved until you sign in again.",
            "飞书登录已失效。日历仍可读取，但重新登录之前无法保存更改。"},
    [WORD_SIGNED_IN] = {"Feishu has signed you in. You can close this page; to make app "
                        "passwords, sign in here.",
        "飞书登录成功，可以关闭此页面；如需创建应用密码，请在此登录。"},
    [WORD_SIGN_OUT] = {"Sign out of this page", "退出此页面"},
    [WORD_SIGN_OUT_EVERYWHERE] = {"Sign out in all browsers", "在所有浏览器中退出"},
    [WORD_SIGNED_IN_AS] = {"Signed in as", "当前用户："},
    [WORD_CLIENT_SETUP] = {"Set up a client", "设置客户端"},
    [WORD_CLIENT_HINT] = {"Add a CalDAV account with this server, this user name and "
                          "an app password made below.",
        "在客户端中添加 CalDAV 帐户，填写以下服务器地址、用户名，以及在下方创建的应用密码。"},
    [WORD_SERVER] = {"Server", "服务器"},
    [WORD_USER_NAME] = {"User name", "用户名"},
    [WORD_PASSWORDS] = {"App passwords", "应用密码"},
    [WORD_PASSWORDS_HINT] =
        {"One for each device. A revoked password stops working at once.",
            "每台设备使用一个。撤销后立即失效。"},
    [WORD_NO_PASSWORDS] = {"There is none yet.", "尚未创建。"},
    [WORD_DEVICE] = {"Device", "设备"},
    [WORD_CREATE_PASSWORD] = {"Create a password", "创建密码"},
    [WORD_REVOKE] = {"Revoke", "撤销"},
    [WORD_CREATED] = {"Created", "创建时间"},
    [WORD_LAST_USED] = {"Last used", "上次使用"},
    [WORD_NEVER] = {"never", "从未"},
    [WORD_NEW_PASSWORD] = {"Your new app password", "新的应用密码"},
    [WORD_NEW_PASSWORD_HINT] =
        {"It is shown only this once. Type or paste it into the client now.",
            "密码只显示这一次，请现在就填入客户端。"},
    [WORD_CALENDARS] = {"Calendars", "日历"},
    [WORD_NAME] = {"Name", "名称"},
    [WORD_ROLE] = {"Access", "权限"},
    [WORD_EVENTS] = {"Events", "日程数"},
    [WORD_LAST_SYNC] = {"Last sync", "上次同步"},
    [WORD_ERROR] = {"Last error", "最近的错误"},
    [WORD_FIRST_SYNC] = {"first sync under way", "正在进行首次同步"},
    [WORD_OWNER] = {"owner", "所有者"},
    [WORD_WRITER] = {"may edit", "可编辑"},
    [WORD_READER] = {"may read", "可查看"},
    [WORD_FREE_BUSY_READER] = {"sees free and busy times only", "仅可查看忙闲"},
    [WORD_SYNC_NOW] = {"Sync now", "立即同步"},
    [WORD_AUTHORIZED_UNTIL] = {"Feishu sign-in good until", "飞书登录有效期至"},
    [WORD_AUTHORIZED_SOON] = {"A sign-in lasts for a year. Sign in again before",
        "飞书登录一年后失效，请在此日期之前重新登录："},
    [WORD_CALLS] = {"Calls to Feishu", "调用次数"},
    [WORD_CALLS_ALL] = {"Calls to Feishu for all of this account:", "本账号调用飞书总次数："},
    [WORD_LAG] = {"Seconds since", "距今秒数"},
    [WORD_PHONE_HINT] = {"Open this page on your phone:", "在手机上打开此页面："},
    [WORD_SORRY] = {"That did not work", "操作失败"},
    [WORD_BACK] = {"Back", "返回"},
};

static bool wants_chinese(const struct exchange *ex)
{
    const char *asked = exchange_argument(ex, "lang");
    if (asked)
        return str_istarts(asked, "zh");
    const char *accept = exchange_header(ex, "Accept-Language");
    const char *zh = accept ? strstr(accept, "zh") : NULL;
    const char *en = accept ? strstr(accept, "en") : NULL;
    return zh && (!en || zh < en);
}

const char *page_word(const struct page *page, enum word word)
{
    return page->chinese ? words[word].zh : words[word].en;
}

void page_text(struct page *page, const char *text)
{
    if (text)
        buf_add_xml(&page->html, text);
}

void page_time(struct page *page, int64_t unix_s)
{
    if (unix_s <= 0) {
        page_text(page, page_word(page, WORD_NEVER));
        return;
    }
    struct civil t = civil_from_seconds(unix_s);
    buf_printf(&page->html, "%04d-%02d-%02d %02d:%02d UTC", t.year, t.month, t.day,
        t.hour, t.minute);
}

void page_form(struct page *page, const char *action)
{
    buf_printf(&page->html,
        "<form method=\"post\" action=\"%s/%s\"><input type=\"hidden\" name=\"token\" "
        "value=\"%s\">",
        page->ex->site->prefix, action, signin_form_token(page->ex));
}

struct page page_begin(struct exchange *ex)
{
    struct page page = {
        .ex = ex, .chinese = wants_chinese(ex), .html = buf_new(ex->cx->arena)};
    buf_printf(&page.html,
        "<!DOCTYPE html>\n<html lang=\"%s\">\n<head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>",
        page.chinese ? "zh" : "en");
    page_text(&page, page_word(&page, WORD_TITLE));
    buf_printf(&page.html,
        "</title><link rel=\"stylesheet\" href=\"%s/style.css\"></head>\n"
        "<body><nav><a href=\"?lang=en\" lang=\"en\">English</a> "
        "<a href=\"?lang=zh\" lang=\"zh\">中文</a></nav>\n<main><h1>",
        ex->site->prefix);
    page_text(&page, page_word(&page, WORD_TITLE));
    buf_adds(&page.html, "</h1>\n");
    return page;
}

void page_end(struct page *page, int status)
{
    buf_adds(&page->html, "</main></body>\n</html>\n");
    answer_header(page->ex, "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'");
    answer_header(page->ex, "X-Content-Type-Options", "nosniff");
    answer_header(page->ex, "Referrer-Policy", "no-referrer");
    answer_header(page->ex, "Cache-Control", "no-store");
    answer_text(page->ex, status, "text/html; charset=utf-8", buf_str(&page->html));
}

void page_error(struct exchange *ex, enum err kind)
{
    struct dav_response plain = {.body = buf_new(NULL)};
    struct page page = page_begin(ex);
    dav_error_response(ex->cx, kind, &plain);
    buf_free(&plain.body);
    buf_adds(&page.html, "<h2>");
    page_text(&page, page_word(&page, WORD_SORRY));
    buf_adds(&page.html, "</h2><p class=\"error\">");
    page_text(&page, ctx_error(ex->cx));
    buf_printf(&page.html, "</p><p><a href=\"%s/\">", ex->site->prefix);
    page_text(&page, page_word(&page, WORD_BACK));
    buf_adds(&page.html, "</a></p>\n");
    page_end(&page, plain.status);
    for (size_t i = 0; i < plain.headers.n; i++)
        if (str_eq(plain.headers.items[i].name, "Retry-After"))
            answer_header(ex, "Retry-After", plain.headers.items[i].value);
}
