#include "feishu/oauth.h"
#include "feishu/retry.h"
#include "feishu/state.h"

#include "base/codec.h"
#include "base/url.h"

#include <string.h>

#define V2_PATH "/open-apis/authen/v2/oauth/token"
#define V3_PATH "/oauth/v3/token"
#define REVOKE_PATH "/oauth/v1/revoke"
#define FIELDS_MAX 8
#define LIFE_MAX_S (3650LL * 86400)

/* name, value, name, value ..., NULL */
typedef const char *fields[2 * FIELDS_MAX + 1];

struct endpoint {
    const char *url;
    bool json; /* v2 takes JSON; v3 the standard's form */
    bool fall_back;
};

/* Secrets are in it: on the heap, wiped by free_body. */
static struct buf form_body(const fields list)
{
    struct buf body = buf_new(NULL);
    for (size_t i = 0; list[i]; i += 2) {
        if (body.len_bytes)
            buf_addc(&body, '&');
        url_add_query(&body, list[i]);
        buf_addc(&body, '=');
        url_add_query(&body, list[i + 1]);
    }
    return body;
}

static struct buf json_body(const fields list)
{
    struct buf body = buf_new(NULL);
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; list[i]; i += 2)
        cJSON_AddStringToObject(object, list[i], list[i + 1]);
    char *text = cJSON_PrintUnformatted(object);
    if (text) {
        buf_adds(&body, text);
        explicit_bzero(text, strlen(text));
    }
    cJSON_free(text);
    cJSON_Delete(object);
    return body;
}

static void free_body(struct buf *body)
{
    if (body->data)
        explicit_bzero(body->data, body->len_bytes);
    buf_free(body);
}

static struct endpoint token_endpoint(struct ctx *cx, const struct feishu *feishu)
{
    const struct feishu_options *options = &feishu->options;
    const char *path = options->token_path;
    struct endpoint endpoint = {.fall_back = str_empty(path)};
    if (endpoint.fall_back)
        path = feishu->token_v2 ? V2_PATH : V3_PATH;
    endpoint.json = strstr(path, "/open-apis/") != NULL;
    if (str_istarts(path, "http://") || str_istarts(path, "https://"))
        endpoint.url = path;
    else
        endpoint.url = arena_printf(cx->arena, "%s%s%s",
            str_starts(path, "/open-apis/") ? options->base_url : options->accounts_url,
            *path == '/' ? "" : "/", path);
    return endpoint;
}

static enum err post(struct ctx *cx, struct feishu *feishu, const char *id,
    unsigned method, enum feishu_retry retry, const struct endpoint *endpoint,
    const fields list, struct reply *reply)
{
    struct buf body = endpoint->json ? json_body(list) : form_body(list);
    struct upstream_call call = {.id = id,
        .method = method,
        .priority = FEISHU_WRITE,
        .purpose = FEISHU_FOR_TOKENS,
        .retry = retry,
        .is_oauth = true,
        .until_ms = retry_until_ms(cx, retry, FEISHU_WRITE),
        .http = {.method = "POST",
            .url = endpoint->url,
            .content_type = endpoint->json ? "application/json; charset=utf-8"
                                           : "application/x-www-form-urlencoded",
            .body = buf_str(&body),
            .body_bytes = body.len_bytes}};
    enum err err = retry_perform(cx, feishu, &call, reply);
    free_body(&body);
    return err;
}

static int64_t expiry_s(struct ctx *cx, const cJSON *json, const char *name)
{
    int64_t life_s = json_int(json, name, 0);
    if (life_s <= 0)
        return 0;
    return ctx_now_s(cx) + (life_s < LIFE_MAX_S ? life_s : LIFE_MAX_S);
}

/* Codes and refresh tokens work once, so neither call is ever repeated here once it was
 * sent. */
static enum err ask_tokens(struct ctx *cx, struct feishu *feishu, const char *id,
    const fields list, struct feishu_tokens *tokens)
{
    struct reply reply;
    struct endpoint endpoint = token_endpoint(cx, feishu);
    enum err err = post(
        cx, feishu, id, BUDGET_OAUTH_TOKEN, FEISHU_RETRY_ONCE, &endpoint, list, &reply);
    /* A host without v3 (feishu-api 16.40) took nothing, so the same code is still good.
     */
    if (err != ERR_OK && endpoint.fall_back && !endpoint.json && reply.status == 404 &&
        !reply.code) {
        feishu->token_v2 = true;
        endpoint = token_endpoint(cx, feishu);
        err = post(cx, feishu, id, BUDGET_OAUTH_TOKEN, FEISHU_RETRY_ONCE, &endpoint, list,
            &reply);
    }
    TRY(err);
    const char *access = json_text(reply.json, "access_token");
    if (!*access)
        return fail(cx, ERR_UPSTREAM_UNKNOWN, "%s: the reply has no token", id);
    *tokens = (struct feishu_tokens){.access_token = access,
        .refresh_token = json_text(reply.json, "refresh_token"),
        .access_expires_s = expiry_s(cx, reply.json, "expires_in"),
        .refresh_expires_s = expiry_s(cx, reply.json, "refresh_token_expires_in"),
        .scope = json_text(reply.json, "scope")};
    return ERR_OK;
}

static enum err need_app(struct ctx *cx, const struct feishu *feishu)
{
    if (str_empty(feishu->options.app_id) ||
        str_empty(secret_text(&feishu->options.app_secret)))
        return fail(cx, ERR_UPSTREAM_APP, "no Feishu app is configured");
    return ERR_OK;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

char *oauth_authorize_url(struct ctx *cx, const struct feishu *feishu,
    const char *redirect_uri, const char *scopes, const char *state, const char *verifier)
{
    unsigned char digest[SHA256_BYTES];
    crypto_sha256(verifier, strlen(verifier), digest);
    const fields list = {"client_id", or_empty(feishu->options.app_id), "response_type",
        "code", "redirect_uri", redirect_uri, "scope", or_empty(scopes), "state", state,
        "code_challenge", base64url_encode(cx->arena, digest, sizeof(digest)),
        "code_challenge_method", "S256", NULL};
    struct buf query = form_body(list);
    char *url = arena_printf(cx->arena, "%s/open-apis/authen/v1/authorize?%s",
        feishu->options.accounts_url, buf_str(&query));
    buf_free(&query);
    return url;
}

enum err oauth_exchange(struct ctx *cx, struct feishu *feishu, const char *code,
    const char *redirect_uri, const char *verifier, struct feishu_tokens *tokens)
{
    TRY(need_app(cx, feishu));
    const fields list = {"grant_type", "authorization_code", "client_id",
        feishu->options.app_id, "client_secret", secret_text(&feishu->options.app_secret),
        "code", code, "redirect_uri", redirect_uri, "code_verifier", verifier, NULL};
    enum err err = ask_tokens(cx, feishu, "oauth.token.code", list, tokens);
    if (err == ERR_UPSTREAM_SIGN_IN)
        return fail(
            cx, ERR_UPSTREAM_REFUSED, "%s", arena_strdup(cx->arena, ctx_error(cx)));
    return err;
}

enum err oauth_refresh(struct ctx *cx, struct feishu *feishu, const char *refresh_token,
    struct feishu_tokens *tokens)
{
    TRY(need_app(cx, feishu));
    const fields list = {"grant_type", "refresh_token", "client_id",
        feishu->options.app_id, "client_secret", secret_text(&feishu->options.app_secret),
        "refresh_token", refresh_token, NULL};
    return ask_tokens(cx, feishu, "oauth.token.refresh", list, tokens);
}

enum err oauth_revoke(struct ctx *cx, struct feishu *feishu, const char *token)
{
    TRY(need_app(cx, feishu));
    struct reply reply;
    struct endpoint endpoint = {.url = arena_printf(cx->arena, "%s%s",
                                    feishu->options.accounts_url, REVOKE_PATH)};
    const fields list = {"token", token, "client_id", feishu->options.app_id,
        "client_secret", secret_text(&feishu->options.app_secret), NULL};
    return post(cx, feishu, "oauth.revoke", BUDGET_OAUTH_REVOKE, FEISHU_RETRY_REPEATABLE,
        &endpoint, list, &reply);
}

static enum err given_token(
    void *self, struct ctx *cx, const char *stale, const char **token)
{
    if (stale)
        return fail(cx, ERR_UPSTREAM_SIGN_IN, "Feishu refused the new access token");
    *token = self;
    return ERR_OK;
}

enum err oauth_user_info(
    struct ctx *cx, struct feishu *feishu, const char *access_token, struct feishu_me *me)
{
    struct feishu_user user = {
        .token = given_token, .self = arena_strdup(cx->arena, access_token)};
    struct feishu_call call = {
        .endpoint = FEISHU_USER_INFO, .user = &user, .priority = FEISHU_WRITE};
    cJSON *data;
    TRY(feishu_request(cx, feishu, &call, NULL, &data));
    *me = (struct feishu_me){.open_id = json_text(data, "open_id"),
        .union_id = json_text(data, "union_id"),
        .tenant_key = json_text(data, "tenant_key"),
        .name = json_text(data, "name"),
        .en_name = json_text(data, "en_name"),
        .email = json_text(data, "email"),
        .enterprise_email = json_text(data, "enterprise_email")};
    if (!*me->open_id)
        return fail(cx, ERR_UPSTREAM_DOWN, "authen.user_info: the reply has no open_id");
    return ERR_OK;
}
