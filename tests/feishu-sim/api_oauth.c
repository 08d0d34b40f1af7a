/* The token endpoints v2 and v3, and revocation (RFC 6749, 7009, 7636). */

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api.h"
#include "clock.h"
#include "switches.h"
#include "token.h"

/* Codes of the OAuth endpoints: HTTP status, RFC 6749 word, text. */
static const struct row {
    int code, status;
    const char *error, *text;
} ROWS[] = {
    {20001, 400, "invalid_request", "The request is missing a required parameter."},
    {20002, 400, "invalid_client", "The client secret is invalid."},
    {20003, 400, "invalid_grant",
        "The authorization code is not found. Please note that an authorization code "
        "can only be used once."},
    {20004, 400, "invalid_grant", "The authorization code has expired."},
    {20008, 400, "invalid_grant", "The user does not exist."},
    {20009, 400, "unauthorized_client", "The app is not installed in this tenant."},
    {20024, 400, "invalid_grant",
        "The provided authorization code or refresh token does not match the provided "
        "client ID."},
    {20026, 400, "invalid_grant",
        "The refresh token passed is invalid. Please check the value."},
    {20036, 400, "unsupported_grant_type", "The specified grant_type is not supported."},
    {20037, 400, "invalid_grant",
        "The refresh token passed has expired. Please generate a new one."},
    {20048, 400, "invalid_client", "The specified app does not exist."},
    {20049, 400, "invalid_grant", "PKCE code challenge failed."},
    {20063, 400, "invalid_request",
        "The request is malformed. Please check your request."},
    {20064, 400, "invalid_grant",
        "The refresh token has been revoked. Please note that a refresh token can "
        "only be used once."},
    {20065, 400, "invalid_grant",
        "The authorization code has been used. Please note that an authorization code "
        "can only be used once."},
    {20066, 400, "invalid_grant", "The user status is invalid."},
    {20067, 400, "invalid_scope",
        "The provided scope list contains duplicate scopes. Please ensure all scopes "
        "are unique."},
    {20068, 400, "invalid_scope",
        "The provided scope list contains scopes that are not permitted. Please "
        "ensure all scopes are allowed."},
    {20069, 400, "unauthorized_client", "The app is not enabled."},
    {20070, 400, "invalid_request",
        "Multiple authentication methods were provided. Please only use one to proceed."},
    {20071, 400, "invalid_grant",
        "The provided redirect URI does not match the one used during authorization."},
    {20073, 400, "invalid_grant",
        "The refresh token has been used. Please note that a refresh token can only "
        "be used once."},
    {20074, 400, "unauthorized_client",
        "The specified app is not allowed to refresh token."},
};

static int bad(struct reply *rp, int code)
{
    const struct row *row = ROWS;

    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        if (ROWS[i].code == code)
            row = &ROWS[i];
    rp->flat = true;
    rp->code = code;
    rp->status = row->status;
    jw_open(&rp->body, NULL, '{');
    jw_str(&rp->body, "error", row->error);
    jw_str(&rp->body, "error_description", row->text);
    jw_int(&rp->body, "code", code);
    jw_close(&rp->body, '}');
    return code;
}

/* The members of a JSON or form body. */
struct form {
    struct pair *pairs;
    size_t n;
};

static const char *form_get(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->n; i++)
        if (strcmp(form->pairs[i].name, name) == 0 && *form->pairs[i].value)
            return form->pairs[i].value;
    return NULL;
}

static bool read_json(struct request *rq, struct form *out)
{
    const cJSON *m;

    rq->json = cJSON_ParseWithLength(rq->body, rq->n_body);
    if (!cJSON_IsObject(rq->json))
        return false;
    cJSON_ArrayForEach(m, rq->json)
    {
        if (cJSON_IsNull(m))
            continue;
        if (!cJSON_IsString(m))
            return false;
        out->pairs = xrealloc(out->pairs, (out->n + 1) * sizeof *out->pairs);
        out->pairs[out->n++] = (struct pair){xstrdup(m->string), xstrdup(m->valuestring)};
    }
    return true;
}

static bool read_form(struct request *rq, bool form_allowed, struct form *out)
{
    const char *type = rq->content_type ? rq->content_type : "";

    if (strncasecmp(type, "application/json", 16) == 0)
        return read_json(rq, out);
    if (!form_allowed || strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0)
        return false;
    out->n = pairs_parse(rq->body, &out->pairs);
    return true;
}

/* "Basic " base64(id:secret) */
static bool basic(const struct request *rq, char out[512])
{
    size_t n = rq->authorization ? strlen(rq->authorization) : 0;
    unsigned char raw[600];

    if (n < 10 || n > 700 || strncmp(rq->authorization, "Basic ", 6) != 0)
        return false;
    if (EVP_DecodeBlock(raw, (const unsigned char *)rq->authorization + 6, (int)n - 6) <
        0)
        return false;
    raw[sizeof raw - 1] = '\0';
    memcpy(out, raw, 511);
    out[511] = '\0';
    return strchr(out, ':') != NULL;
}

static int check_client(
    const struct request *rq, struct reply *rp, const struct form *form)
{
    const char *id = form_get(form, "client_id"),
               *secret = form_get(form, "client_secret");
    char both[512] = "";
    bool in_header = basic(rq, both);

    if (in_header && secret)
        return bad(rp, 20070);
    if (in_header) {
        char *colon = strchr(both, ':');

        *colon = '\0';
        if (id && strcmp(id, both) != 0)
            return bad(rp, 20024);
        id = both;
        secret = colon + 1;
    }
    if (!id || !secret)
        return bad(rp, 20001);
    if (strcmp(id, W.app_id) != 0)
        return bad(rp, 20048);
    if (strcmp(secret, W.app_secret) != 0)
        return bad(rp, 20002);
    if (sw_is(SW_APP, "on"))
        return 0;
    return bad(rp, sw_is(SW_APP, "off") ? 20069 : 20009);
}

/* BASE64URL(SHA256(verifier)), RFC 7636, 4.2 */
static void challenge_of(const char *verifier, char out[64])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char *c = out;

    SHA256((const unsigned char *)verifier, strlen(verifier), digest);
    EVP_EncodeBlock((unsigned char *)out, digest, sizeof digest);
    for (; *c && *c != '='; c++)
        *c = *c == '+' ? '-' : (*c == '/' ? '_' : *c);
    *c = '\0';
}

static bool verifier_is_well_formed(const char *v)
{
    size_t n = strlen(v);

    return n >= 43 && n <= 128 &&
        strspn(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") ==
        n;
}

static bool pkce_holds(const struct code *c, const char *verifier, bool strict)
{
    char computed[64];

    if (!c->challenge)
        return !verifier || !strict;
    if (!verifier || !verifier_is_well_formed(verifier))
        return false;
    if (c->method && strcmp(c->method, "S256") == 0) {
        challenge_of(verifier, computed);
        return strcmp(computed, c->challenge) == 0;
    }
    return strcmp(verifier, c->challenge) == 0;
}

/* A scope of the request narrows the grant's. */
static int check_narrowing(struct reply *rp, const struct grant *grant, const char *scope)
{
    char *copy = xstrdup(scope ? scope : ""), *save = NULL;
    struct buf seen = {0};
    int code = 0;

    for (char *one = strtok_r(copy, " ", &save); one && !code;
         one = strtok_r(NULL, " ", &save)) {
        if (scope_has(buf_text(&seen), one))
            code = 20067;
        else if (!scope_has(grant->scope, one))
            code = 20068;
        buf_fmt(&seen, "%s%s", seen.n ? " " : "", one);
    }
    free(copy);
    buf_free(&seen);
    return code ? bad(rp, code) : 0;
}

static int answer(struct reply *rp, struct grant *grant, const char *scope)
{
    struct pair_issued pair;

    if (check_narrowing(rp, grant, scope))
        return rp->code;
    if (grant->who->resigned || grant->who->frozen)
        return bad(rp, 20066);
    pair = token_issue(grant, scope);
    rp->flat = true;
    rp->status = 200;
    jw_open(&rp->body, NULL, '{');
    jw_int(&rp->body, "code", 0);
    jw_str(&rp->body, "access_token", pair.access->text);
    jw_int(&rp->body, "expires_in", pair.access->expires_s - clock_s());
    if (pair.refresh) {
        jw_str(&rp->body, "refresh_token", pair.refresh->text);
        jw_int(
            &rp->body, "refresh_token_expires_in", pair.refresh->expires_s - clock_s());
    }
    jw_str(&rp->body, "token_type", "Bearer");
    jw_str(&rp->body, "scope", pair.access->scope);
    jw_close(&rp->body, '}');
    return 0;
}

static int by_code(struct reply *rp, const struct form *form, bool strict)
{
    const char *text = form_get(form, "code"), *uri = form_get(form, "redirect_uri");
    struct code *c;

    if (!text)
        return bad(rp, 20001);
    c = code_find(text);
    if (!c)
        return bad(rp, 20003);
    if (c->used)
        return bad(rp, 20065);
    if (c->expires_s <= clock_s())
        return bad(rp, 20004);
    if (uri && strcmp(uri, c->redirect_uri) != 0)
        return bad(rp, 20071);
    if (!pkce_holds(c, form_get(form, "code_verifier"), strict))
        return bad(rp, 20049);
    if (answer(rp, c->grant, form_get(form, "scope")) == 0)
        c->used = true;
    return rp->code;
}

static int by_refresh(struct reply *rp, const struct form *form)
{
    const char *text = form_get(form, "refresh_token");
    struct refresh *r;

    if (!text)
        return bad(rp, 20001);
    r = refresh_find(text);
    if (!r)
        return bad(rp, 20026);
    if (r->used)
        return bad(rp, 20073);
    if (r->revoked)
        return bad(rp, 20064);
    if (r->ended || r->expires_s <= clock_s() ||
        r->grant->granted_s + grant_life_s <= clock_s())
        return bad(rp, 20037);
    if (!sw_is(SW_REFRESH_TOKENS, "on"))
        return bad(rp, 20074);
    if (answer(rp, r->grant, form_get(form, "scope")) == 0)
        r->used = true;
    return rp->code;
}

static int exchange(
    struct request *rq, struct reply *rp, const struct form *form, bool v3)
{
    const char *grant_type = form_get(form, "grant_type");

    if (!grant_type)
        return bad(rp, 20001);
    if (strcmp(grant_type, "authorization_code") != 0 &&
        strcmp(grant_type, "refresh_token") != 0)
        return bad(rp, 20036);
    if (check_client(rq, rp, form))
        return rp->code;
    return *grant_type == 'a' ? by_code(rp, form, v3) : by_refresh(rp, form);
}

static int token_endpoint(struct request *rq, struct reply *rp, bool v3)
{
    struct form form = {0};

    if (sw_is(v3 ? SW_TOKEN_V3 : SW_TOKEN_V2, "404")) {
        reply_not_found(rp);
        return 0;
    }
    if (read_form(rq, v3, &form))
        exchange(rq, rp, &form, v3);
    else
        bad(rp, 20063);
    pairs_free(form.pairs, form.n);
    return rp->code;
}

int api_token_v2(struct request *rq, struct reply *rp)
{
    return token_endpoint(rq, rp, false);
}

int api_token_v3(struct request *rq, struct reply *rp)
{
    return token_endpoint(rq, rp, true);
}

int api_revoke(struct request *rq, struct reply *rp)
{
    struct form form = {0};
    const char *text;

    if (!read_form(rq, true, &form)) {
        bad(rp, 20063);
    } else if (!check_client(rq, rp, &form)) {
        text = form_get(&form, "token");
        if (!text) {
            bad(rp, 20001);
        } else {
            if (token_find(text))
                token_find(text)->revoked = true;
            if (refresh_find(text))
                refresh_find(text)->revoked = true;
            rp->flat = true;
            rp->status = 200;
            buf_str(&rp->body, "{}");
        }
    }
    pairs_free(form.pairs, form.n);
    return rp->code;
}
