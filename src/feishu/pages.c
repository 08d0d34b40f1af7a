#include "base/str.h"
#include "feishu/client.h"

#define QUERY_MAX 24 /* texts: names and values */

/* The query of the call and the page token. A first read by sync_token goes on by
 * page_token alone (feishu-api 16.9). */
static bool page_query(const struct feishu_pages *pages, bool with_sync_token,
    const char *query[QUERY_MAX + 3])
{
    const char *const *given = pages->call.query;
    size_t n = 0;
    for (size_t i = 0; given && given[i]; i += 2) {
        if (pages->page_token && !with_sync_token && str_eq(given[i], "sync_token"))
            continue;
        if (n + 2 > QUERY_MAX)
            return false;
        query[n++] = given[i];
        query[n++] = given[i + 1];
    }
    if (pages->page_token) {
        query[n++] = "page_token";
        query[n++] = pages->page_token;
    }
    query[n] = NULL;
    return true;
}

static enum err ask(struct ctx *cx, const struct feishu_pages *pages,
    bool with_sync_token, int *code, cJSON **data)
{
    const char *query[QUERY_MAX + 3];
    struct feishu_call call = pages->call;
    call.query = query;
    if (!page_query(pages, with_sync_token, query))
        return fail(cx, ERR_INTERNAL, "too many query parameters for a paged read");
    return feishu_request(cx, pages->feishu, &call, code, data);
}

static bool has_sync_token(const struct feishu_pages *pages)
{
    const char *const *given = pages->call.query;
    for (size_t i = 0; given && given[i]; i += 2)
        if (str_eq(given[i], "sync_token") && !str_empty(given[i + 1]))
            return true;
    return false;
}

void feishu_pages_start(struct feishu_pages *pages, struct feishu *feishu,
    const struct feishu_call *call, const char *items_key)
{
    *pages =
        (struct feishu_pages){.feishu = feishu, .call = *call, .items_key = items_key};
}

enum err feishu_pages_next(struct ctx *cx, struct feishu_pages *pages, const cJSON **page)
{
    int code;
    cJSON *data;
    if (pages->done) {
        *page = NULL;
        return ERR_OK;
    }
    enum err err = ask(cx, pages, false, &code, &data);
    if (err != ERR_OK && code == 190002 && pages->page_token && has_sync_token(pages))
        err = ask(cx, pages, true, &code, &data);
    TRY(err);
    /* More without a token, or with the same token again, would never end
     * (feishu-api 16.7). */
    const char *next = json_text(data, "page_token");
    bool more = json_bool(data, "has_more", false);
    if (more && (!*next || str_eq(next, pages->page_token)))
        return fail(cx, ERR_UPSTREAM_DOWN,
            "%s: more pages were announced without a page token",
            feishu_endpoint_row(pages->call.endpoint)->id);
    const cJSON *items = json_array(data, pages->items_key);
    if (!items)
        items = json_parse(cx->arena, "[]");
    pages->done = !more;
    pages->page_token = more ? next : NULL;
    if (!more)
        pages->sync_token = json_text(data, "sync_token");
    *page = items;
    return ERR_OK;
}
