#include "feishu/client.h"
#include "feishu/retry.h"
#include "feishu/state.h"
#include "feishu/token.h"

#include "base/url.h"

#include <stdlib.h>
#include <string.h>

#define ARGS_MAX 3
#define CALENDAR_PATH "/open-apis/calendar/v4/calendars/:calendar_id"

/* Everything but unreserved characters is encoded: "@" in calendar ids must be
 * (feishu-api 1.2). */
static enum err add_path(
    struct ctx *cx, const struct feishu_call *call, const char *path, struct buf *url)
{
    size_t n = 0;
    while (*path) {
        size_t plain = strcspn(path, ":");
        buf_add(url, path, plain);
        path += plain;
        if (!*path)
            break;
        if (n == ARGS_MAX || str_empty(call->args[n]))
            return fail(cx, ERR_INTERNAL, "%s: an id for the path is missing",
                feishu_endpoint_row(call->endpoint)->id);
        url_add_query(url, call->args[n++]);
        path += strcspn(path, "/");
    }
    return ERR_OK;
}

static void add_query(const struct feishu_call *call, struct buf *url)
{
    char joint = '?';
    for (size_t i = 0; call->query && call->query[i]; i += 2) {
        if (!call->query[i + 1])
            continue;
        buf_addc(url, joint);
        url_add_query(url, call->query[i]);
        buf_addc(url, '=');
        url_add_query(url, call->query[i + 1]);
        joint = '&';
    }
}

static bool has_query(const struct feishu_call *call, const char *name)
{
    for (size_t i = 0; call->query && call->query[i]; i += 2)
        if (str_eq(call->query[i], name) && !str_empty(call->query[i + 1]))
            return true;
    return false;
}

static enum err get_token(struct ctx *cx, struct feishu *feishu,
    const struct feishu_call *call, const char *stale, int64_t until_ms,
    const char **token)
{
    enum feishu_token kind = feishu_endpoint_row(call->endpoint)->token;
    if (kind == FEISHU_NO_TOKEN) {
        *token = NULL;
        return ERR_OK;
    }
    if (call->user && kind != FEISHU_TENANT)
        return call->user->token(call->user->self, cx, stale, token);
    if (kind == FEISHU_USER)
        return fail(
            cx, ERR_INTERNAL, "%s needs a user", feishu_endpoint_row(call->endpoint)->id);
    return tenant_token(cx, feishu, stale, until_ms, token);
}

/* What a write looks at before and after is part of it. */
static enum feishu_purpose purpose_of(
    const struct feishu_call *call, const struct feishu_endpoint_row *row)
{
    return call->priority == FEISHU_WRITE && row->purpose != FEISHU_FOR_TOKENS
        ? FEISHU_FOR_WRITES
        : row->purpose;
}

static enum err make_call(struct ctx *cx, struct feishu *feishu,
    const struct feishu_call *call, struct upstream_call *made)
{
    const struct feishu_endpoint_row *row = feishu_endpoint_row(call->endpoint);
    struct buf url = buf_new(cx->arena);
    buf_adds(&url, feishu->options.base_url);
    TRY(add_path(cx, call, row->path, &url));
    add_query(call, &url);
    *made = (struct upstream_call){.id = row->id,
        .method = call->endpoint,
        .priority = call->priority,
        .patience_ms = call->patience_ms,
        .calendar_id = str_starts(row->path, CALENDAR_PATH) ? call->args[0] : NULL,
        .purpose = purpose_of(call, row),
        .retry = row->retry,
        .until_ms = retry_until_ms(cx, row->retry, call->priority),
        .http = {.method = row->method, .url = buf_str(&url)}};
    if (row->repeat_key && !has_query(call, row->repeat_key))
        made->retry = FEISHU_RETRY_ONCE;
    if (call->body || str_eq(row->method, "POST") || str_eq(row->method, "PATCH")) {
        made->http.content_type = "application/json; charset=utf-8";
        made->http.body = call->body ? json_print(cx->arena, call->body) : "{}";
        made->http.body_bytes = strlen(made->http.body);
    }
    return ERR_OK;
}

/* A token refused twice: the grant is dead, or the app is. */
static enum err fail_token(
    struct ctx *cx, const struct feishu_call *call, const struct reply *reply)
{
    enum err kind = call->user ? ERR_UPSTREAM_SIGN_IN : ERR_UPSTREAM_APP;
    return fail(cx, reply->unsure ? ERR_UPSTREAM_UNKNOWN : kind, "%s: %s: %s",
        err_text(kind), feishu_endpoint_row(call->endpoint)->id, reply->text);
}

static enum err perform(struct ctx *cx, struct feishu *feishu,
    const struct feishu_call *call, struct upstream_call *made, struct reply *reply)
{
    const char *token = NULL, *stale = NULL;
    bool unsure = false;
    for (;;) {
        enum err err = get_token(cx, feishu, call, stale, made->until_ms, &token);
        if (err != ERR_OK)
            return unsure ? fail(cx, ERR_UPSTREAM_UNKNOWN, "%s",
                                arena_strdup(cx->arena, ctx_error(cx)))
                          : err;
        made->http.token = token;
        err = retry_perform(cx, feishu, made, reply);
        unsure = unsure || reply->unsure;
        reply->unsure = unsure;
        if (err == ERR_OK || reply->rule != CODE_TOKEN || !token)
            return err;
        if (stale || str_empty(token))
            return fail_token(cx, call, reply);
        stale = token;
    }
}

struct feishu *feishu_new(const struct feishu_options *options)
{
    struct feishu *feishu = calloc(1, sizeof(*feishu));
    if (!feishu)
        abort();
    struct arena *arena = arena_new();
    feishu->arena = arena;
    feishu->options = *options;
    feishu->options.base_url = arena_strdup(arena, options->base_url);
    feishu->options.accounts_url = arena_strdup(arena, options->accounts_url);
    feishu->options.token_path = arena_strdup(arena, options->token_path);
    feishu->options.app_id = arena_strdup(arena, options->app_id);
    feishu->options.app_secret = (struct secret){NULL};
    if (secret_text(&options->app_secret))
        feishu->options.app_secret = secret_new(arena, secret_text(&options->app_secret));
    if (feishu->options.timeout_s < 1)
        feishu->options.timeout_s = 1;
    feishu->transport = transport_new();
    feishu->budget = budget_new(options->rate_per_second, options->rate_per_minute);
    feishu->breaker = breaker_new();
    pthread_mutex_init(&feishu->tenant_lock, NULL);
    return feishu;
}

void feishu_stop(struct feishu *feishu)
{
    budget_stop(feishu->budget);
    transport_stop(feishu->transport);
}

void feishu_free(struct feishu *feishu)
{
    if (!feishu)
        return;
    tenant_token_forget(feishu);
    pthread_mutex_destroy(&feishu->tenant_lock);
    transport_free(feishu->transport);
    budget_free(feishu->budget);
    breaker_free(feishu->breaker);
    arena_free(feishu->arena);
    free(feishu);
}

enum err feishu_request(struct ctx *cx, struct feishu *feishu,
    const struct feishu_call *call, int *code, cJSON **data)
{
    struct upstream_call made;
    struct reply reply = {.kind = ERR_OK};
    if (code)
        *code = 0;
    TRY(make_call(cx, feishu, call, &made));
    enum err err = perform(cx, feishu, call, &made, &reply);
    if (code)
        *code = reply.code;
    TRY(err);
    cJSON *found = cJSON_GetObjectItemCaseSensitive(reply.json, "data");
    *data = cJSON_IsObject(found) ? found : json_object(cx->arena);
    return ERR_OK;
}
