#include "http/signin.h"

#include "base/codec.h"
#include "bridge/account.h"
#include "http/listen.h"

#include <string.h>

#define COOKIE_NAME "feishu-caldav"
#define STARTED_COOKIE_NAME "feishu-caldav-sign-in"
#define STARTED_S 900 /* as long as a sign-in may take */

static bool trusted(const struct site *site, const char *peer)
{
    for (char **one = site->trusted; *one; one++)
        if (peer_within(peer, *one))
            return true;
    return false;
}

/* The last address in X-Forwarded-For that is not one of the trusted proxies. */
static const char *forwarded_for(struct exchange *ex)
{
    const char *header = exchange_header(ex, "X-Forwarded-For");
    if (!header)
        return ex->peer;
    char **hops = str_split(ex->cx->arena, header, ',');
    size_t n = 0;
    while (hops[n])
        n++;
    while (n > 1 && trusted(ex->site, hops[n - 1]))
        n--;
    return n ? hops[n - 1] : ex->peer;
}

enum err signin_peer(struct exchange *ex, const struct sockaddr *address)
{
    ex->peer = peer_text(ex->cx, address);
    ex->secure = ex->site->tls;
    const char *host = exchange_header(ex, "Host");
    bool local = peer_loopback(ex->peer);
    if (trusted(ex->site, ex->peer)) {
        const char *proto = exchange_header(ex, "X-Forwarded-Proto");
        const char *outer = exchange_header(ex, "X-Forwarded-Host");
        /* A proxy that does not tell is the one of the public address. */
        ex->secure = ex->secure ||
                     (proto ? str_ieq(proto, "https")
                            : str_starts(ex->site->conf->server.base_url, "https://"));
        host = outer ? outer : host;
        ex->peer = forwarded_for(ex);
    } else if (!ex->site->tls && !local) {
        return fail(ex->cx, ERR_FORBIDDEN, "plain HTTP is served to this machine only");
    }
    ex->origin = arena_printf(ex->cx->arena, "%s://%s", ex->secure ? "https" : "http",
        host ? host : "localhost");
    return ERR_OK;
}

static enum err check_basic(struct exchange *ex)
{
    struct ctx *cx = ex->cx;
    const char *header = exchange_header(ex, "Authorization");
    unsigned char *text;
    size_t len;
    if (!header || !str_istarts(header, "Basic ") ||
        !base64_decode(cx->arena, header + 6, &text, &len))
        return fail(
            cx, ERR_UNAUTHORIZED, "sign in with your user name and an app password");
    char *colon = memchr(text, ':', len);
    if (!colon || memchr(text, 0, len) || !utf8_valid((char *)text, len))
        return fail(cx, ERR_UNAUTHORIZED, "the credentials cannot be read");
    *colon = 0;
    ex->user_name = (char *)text;
    return account_authenticate(
        cx, ex->site->bridge, (char *)text, colon + 1, ex->peer, &ex->user_id);
}

const char *signin_cookie(const struct exchange *ex)
{
    const char *cookie = exchange_cookie(ex, COOKIE_NAME);
    return cookie ? cookie : "";
}

static void check_cookie(struct exchange *ex)
{
    const char *cookie = signin_cookie(ex);
    if (*cookie && account_session_check(ex->cx, ex->site->bridge, cookie, &ex->user_id))
        ex->user_id = 0;
}

static enum err check_local(struct exchange *ex)
{
    if (!peer_loopback(ex->peer) || exchange_header(ex, "X-Forwarded-For"))
        return fail(ex->cx, ERR_FORBIDDEN, "only from this machine");
    return ERR_OK;
}

enum err signin_check(struct exchange *ex, enum route_access access)
{
    switch (access) {
    case ACCESS_PASSWORD:
        return check_basic(ex);
    case ACCESS_COOKIE:
        check_cookie(ex);
        return ERR_OK;
    case ACCESS_LOCAL:
        return check_local(ex);
    case ACCESS_ANYBODY:
        break;
    }
    return ERR_OK;
}

static void set_cookie(
    struct exchange *ex, const char *name, const char *value, long max_age_s)
{
    answer_header(ex, "Set-Cookie",
        arena_printf(ex->cx->arena,
            "%s=%s; Path=%s/; Max-Age=%ld; HttpOnly; SameSite=Lax%s", name, value,
            ex->site->prefix, max_age_s, ex->secure ? "; Secure" : ""));
}

void signin_cookie_set(struct exchange *ex, const char *value, long max_age_s)
{
    set_cookie(ex, COOKIE_NAME, value, max_age_s);
}

void signin_started(struct exchange *ex, const char *state)
{
    set_cookie(ex, STARTED_COOKIE_NAME, state, STARTED_S);
}

bool signin_started_here(const struct exchange *ex)
{
    const char *state = exchange_argument(ex, "state");
    return state && str_eq(exchange_cookie(ex, STARTED_COOKIE_NAME), state);
}

void signin_ended(struct exchange *ex)
{
    set_cookie(ex, STARTED_COOKIE_NAME, "", 0);
}

char *signin_form_token(const struct exchange *ex)
{
    unsigned char digest[SHA256_BYTES];
    const char *cookie = signin_cookie(ex);
    crypto_hmac_sha256(cookie, strlen(cookie), "form", 4, digest);
    return hex_encode(ex->cx->arena, digest, sizeof digest);
}

bool signin_form_ok(const struct exchange *ex)
{
    const char *sent = url_form_value(ex->cx->arena, buf_str(&ex->body), "token");
    const char *right = signin_form_token(ex);
    return ex->user_id && sent && strlen(sent) == strlen(right) &&
           crypto_equal(sent, right, strlen(right));
}
