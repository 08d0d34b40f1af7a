#include "feishu/token.h"
#include "feishu/retry.h"

#include <stdlib.h>
#include <string.h>

#define MARGIN_MS 60000
#define LIFE_MAX_S 86400

/* With the lock held. */
static void forget(struct feishu *feishu)
{
    if (feishu->tenant_token) {
        explicit_bzero(feishu->tenant_token, strlen(feishu->tenant_token));
        free(feishu->tenant_token);
    }
    feishu->tenant_token = NULL;
}

static const char *cached(struct ctx *cx, struct feishu *feishu, const char *stale)
{
    const char *token = NULL;
    pthread_mutex_lock(&feishu->tenant_lock);
    if (feishu->tenant_token &&
        (str_eq(feishu->tenant_token, stale) ||
            ctx_monotonic_ms(cx) >= feishu->tenant_until_ms))
        forget(feishu);
    if (feishu->tenant_token)
        token = arena_strdup(cx->arena, feishu->tenant_token);
    pthread_mutex_unlock(&feishu->tenant_lock);
    return token;
}

static void keep(struct ctx *cx, struct feishu *feishu, const char *token, int64_t life_s)
{
    if (life_s > LIFE_MAX_S)
        life_s = LIFE_MAX_S;
    pthread_mutex_lock(&feishu->tenant_lock);
    forget(feishu);
    feishu->tenant_token = strdup(token);
    feishu->tenant_until_ms = ctx_monotonic_ms(cx) + life_s * 1000 - MARGIN_MS;
    pthread_mutex_unlock(&feishu->tenant_lock);
}

static enum err ask(
    struct ctx *cx, struct feishu *feishu, int64_t until_ms, const char **token)
{
    const struct feishu_endpoint_row *row = feishu_endpoint_row(FEISHU_TENANT_TOKEN);
    const char *secret = secret_text(&feishu->options.app_secret);
    if (str_empty(feishu->options.app_id) || str_empty(secret))
        return fail(cx, ERR_UPSTREAM_APP, "no Feishu app is configured");
    cJSON *body = json_object(cx->arena);
    cJSON_AddStringToObject(body, "app_id", feishu->options.app_id);
    cJSON_AddStringToObject(body, "app_secret", secret);
    char *text = json_print(cx->arena, body);
    struct upstream_call call = {.id = row->id,
        .method = FEISHU_TENANT_TOKEN,
        .priority = FEISHU_WRITE,
        .purpose = row->purpose,
        .retry = row->retry,
        .until_ms = until_ms,
        .http = {.method = row->method,
            .url = arena_printf(cx->arena, "%s%s", feishu->options.base_url, row->path),
            .content_type = "application/json; charset=utf-8",
            .body = text,
            .body_bytes = strlen(text)}};
    struct reply reply;
    enum err err = retry_perform(cx, feishu, &call, &reply);
    explicit_bzero(text, strlen(text));
    TRY(err);
    const char *fresh = json_text(reply.json, "tenant_access_token");
    if (!*fresh)
        return fail(cx, ERR_UPSTREAM_DOWN, "%s: the reply has no token", row->id);
    keep(cx, feishu, fresh, json_int(reply.json, "expire", 0));
    *token = fresh;
    return ERR_OK;
}

enum err tenant_token(struct ctx *cx, struct feishu *feishu, const char *stale,
    int64_t until_ms, const char **token)
{
    const char *kept = cached(cx, feishu, stale);
    if (!kept)
        return ask(cx, feishu, until_ms, token);
    *token = kept;
    return ERR_OK;
}

void tenant_token_forget(struct feishu *feishu)
{
    pthread_mutex_lock(&feishu->tenant_lock);
    forget(feishu);
    pthread_mutex_unlock(&feishu->tenant_lock);
}
