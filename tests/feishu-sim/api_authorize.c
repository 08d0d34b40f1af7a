/* The page on which a person lets the app in. Consents by itself when it knows as whom.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api.h"
#include "token.h"

#define SCOPES_MAX 50

static const char *encoded(struct buf *out, const char *s)
{
    for (; *s; s++)
        if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
            (*s >= '0' && *s <= '9') || strchr("-._~", *s))
            buf_add(out, s, 1);
        else
            buf_fmt(out, "%%%02X", (unsigned char)*s);
    return buf_text(out);
}

static void html(struct reply *rp, int status)
{
    rp->flat = true;
    rp->status = status;
    rp->content_type = xstrdup("text/html; charset=utf-8");
}

static int bad_page(struct reply *rp, int code, const char *text)
{
    html(rp, 400);
    rp->code = code;
    buf_fmt(&rp->body,
        "<!doctype html><title>Feishu (simulated)</title><h1>Authorization failed</h1>"
        "<p>Error code: %d</p><p>%s</p>",
        code, text);
    return code;
}

static bool is_loopback(const char *uri)
{
    static const char *const heads[] = {"http://127.0.0.1", "http://localhost",
        "http://[::1]", "https://127.0.0.1", "https://localhost"};

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        size_t n = strlen(heads[i]);

        if (strncasecmp(uri, heads[i], n) == 0 && strchr(":/?", uri[n]))
            return true;
    }
    return false;
}

static bool uri_is_listed(const char *uri)
{
    for (size_t i = 0; i < W.redirect_uris.n; i++) {
        const char *listed = W.redirect_uris.p[i];

        if (strcmp(listed, uri) == 0 ||
            (strcmp(listed, "loopback") == 0 && is_loopback(uri)))
            return true;
    }
    return false;
}

static int check_scopes(struct reply *rp, const char *scope)
{
    char *copy = xstrdup(scope), *save = NULL;
    int n = 0;

    for (char *one = strtok_r(copy, " ", &save); one; one = strtok_r(NULL, " ", &save)) {
        if (++n > SCOPES_MAX) {
            bad_page(rp, 20043, "too many scopes");
            break;
        }
        if (!app_has_scope(one)) {
            bad_page(rp, 20027, "the app has not enabled a scope that was asked for");
            break;
        }
    }
    free(copy);
    return rp->code;
}

static int check_request(const struct request *rq, struct reply *rp)
{
    const char *client = query_get(rq, "client_id"), *uri = query_get(rq, "redirect_uri");
    const char *type = query_get(rq, "response_type");
    const char *method = query_get(rq, "code_challenge_method");
    const char *scope = query_get(rq, "scope");

    if (!client || strcmp(client, W.app_id) != 0)
        return bad_page(rp, 20048, "the app does not exist");
    if (!type || strcmp(type, "code") != 0)
        return bad_page(rp, 20001, "response_type must be code");
    if (!uri || !uri_is_listed(uri))
        return bad_page(rp, 20029, "redirect_uri is not on the app's list");
    if (method && strcmp(method, "S256") != 0 && strcmp(method, "plain") != 0)
        return bad_page(rp, 20001, "code_challenge_method must be S256 or plain");
    return check_scopes(rp, scope ? scope : "");
}

static int back(
    const struct request *rq, struct reply *rp, const char *name, const char *value)
{
    const char *uri = query_get(rq, "redirect_uri"), *state = query_get(rq, "state");
    struct buf target = {0}, text = {0};

    buf_fmt(&target, "%s%c%s=%s", uri, strchr(uri, '?') ? '&' : '?', name, value);
    if (state)
        buf_fmt(&target, "&state=%s", encoded(&text, state));
    html(rp, 302);
    reply_header(rp, "Location", target.p);
    buf_free(&target);
    buf_free(&text);
    return 0;
}

/* Grants accumulate in Feishu; the token carries what this request asked for. */
static int consent(const struct request *rq, struct reply *rp, struct person *who)
{
    const char *scope = query_get(rq, "scope"),
               *challenge = query_get(rq, "code_challenge");
    struct grant *grant = grant_new(who, scope ? scope : "");
    struct code *c = code_new(grant, query_get(rq, "redirect_uri"),
        challenge && *challenge ? challenge : NULL,
        query_get(rq, "code_challenge_method"));

    return back(rq, rp, "code", c->text);
}

/* sim_user=.. among the cookies. */
static char *cookie_choice(const struct request *rq)
{
    const char *at = rq->cookie ? strstr(rq->cookie, "sim_user=") : NULL;

    return at ? percent_decode(at + 9, strcspn(at + 9, ";"), false) : NULL;
}

static int chooser(const struct request *rq, struct reply *rp)
{
    struct buf *out = &rp->body;

    html(rp, 200);
    buf_fmt(out,
        "<!doctype html><meta charset=utf-8><title>Feishu (simulated)</title>"
        "<style>body{font:16px sans-serif;margin:3em}li{margin:.6em 0}</style>"
        "<h1>%s</h1><p>This is a simulation. Sign in to %s as:</p><ul>",
        W.tenant_name, W.app_name);
    for (size_t i = 0; i < W.people.n; i++) {
        const struct person *who = W.people.p[i];
        struct buf query = {0};

        if (who->bot)
            continue;
        for (const char *c = rq->query_text ? rq->query_text : ""; *c; c++) {
            if (*c == '&')
                buf_str(&query, "&amp;");
            else if (!strchr("<>\"'", *c))
                buf_add(&query, c, 1);
        }
        buf_fmt(out, "<li><a href=\"?%s&amp;sim_user=%s\">%s%s%s</a></li>",
            buf_text(&query), who->open_id, who->name, who->en_name ? " / " : "",
            who->en_name ? who->en_name : "");
        buf_free(&query);
    }
    buf_str(out, "</ul>");
    return 0;
}

int api_authorize(struct request *rq, struct reply *rp)
{
    const char *choice = query_get(rq, "sim_user");
    struct person *who = W.login;
    char *cookie;

    if (check_request(rq, rp))
        return rp->code;
    if (!choice)
        choice = query_get(rq, "login_hint");
    cookie = cookie_choice(rq);
    if (!choice)
        choice = cookie;
    if (choice)
        who = person_find(choice);
    if (W.login_refuses || (choice && strcmp(choice, "refuse") == 0))
        back(rq, rp, "error", "access_denied");
    else if (who && !who->bot)
        consent(rq, rp, who);
    else
        chooser(rq, rp);
    free(cookie);
    return 0;
}
