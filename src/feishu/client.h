/*
 * The Feishu (Lark) Open Platform client: transport, tokens, rate budget, retries,
 * paging. It has not heard of iCalendar. All functions may be called from any thread.
 *
 * Errors are decided by the reply's code, never by the HTTP status (feishu-api 2.8, 12):
 * UPSTREAM_REFUSED (known not to have happened), UPSTREAM_GONE (191000, 191003, 193001,
 * 193003), UPSTREAM_RIGHTS (191002, 193002, 194001 ...), UPSTREAM_SYNC_TOKEN (190008),
 * UPSTREAM_BUSY (rate limits, after the retries; cx->retry_after_s), UPSTREAM_DOWN
 * (nothing was sent, or a read failed), UPSTREAM_UNKNOWN (a write was sent and no answer
 * came), UPSTREAM_SIGN_IN, UPSTREAM_APP (the app or its configuration; also 404
 * text/plain, which means that base_url has no such API and never that an event is gone).
 * The whole list is the table in code.c. The error text carries Feishu's code, message
 * and X-Tt-Logid.
 */
#ifndef FEISHU_CLIENT_H
#define FEISHU_CLIENT_H

#include "base/crypto.h"
#include "base/ctx.h"
#include "feishu/endpoint.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct feishu;

struct feishu_options {
    const char *base_url, *accounts_url; /* no slash at the end */
    /* path or whole URL of the token endpoint; NULL = v3, then v2 */
    const char *token_path;
    const char *app_id;
    struct secret app_secret;
    long rate_per_second, rate_per_minute;
    long timeout_s;
    /* Told of every call that is sent, also of repeats and of those for tokens: from any
     * thread, must be quick. calendar_id NULL where the call is not about one. NULL =
     * nobody wants to know. */
    void (*spent)(
        void *self, int64_t payer, const char *calendar_id, enum feishu_purpose purpose);
    void *spent_self;
    /* Asked before every call that is sent, also of repeats and of those for tokens: what
     * must be on disk before Feishu hears of it is there afterwards. An error ends the
     * call, of which nothing is sent. NULL = nothing must. */
    enum err (*ready)(void *self, struct ctx *cx);
    void *ready_self;
};

/* Options are copied. */
struct feishu *feishu_new(const struct feishu_options *options);
void feishu_free(struct feishu *feishu);
/* Before the end: waits end and reads under way are cut, with UPSTREAM_DOWN; a write that
 * was sent still gets its answer. There is no way back. */
void feishu_stop(struct feishu *feishu);

/* Where a user's access token comes from. stale is NULL, or the token that Feishu has
 * just refused: then it is refreshed, unless another thread has done so already. The
 * token lives in cx->arena. */
struct feishu_user {
    enum err (*token)(void *self, struct ctx *cx, const char *stale, const char **token);
    void *self;
};

/* The order when the budget is short: what a person waits for first, then looks whether
 * something changed, then what is merely to be completed. */
enum feishu_priority { FEISHU_WRITE, FEISHU_READ, FEISHU_POLL, FEISHU_BACKFILL };

struct feishu_call {
    enum feishu_endpoint endpoint;
    const struct feishu_user *user; /* NULL = tenant token */
    /* for the :names in the path, in order; not encoded */
    const char *args[3];
    /* name, value, name, value ..., NULL; NULL values left out */
    const char *const *query;
    const cJSON *body;
    enum feishu_priority priority;
    /* Longest wait for its turn, before the first try and between tries: UPSTREAM_BUSY at
     * once when it comes later. 0 = as long as the call may take. */
    int64_t patience_ms;
};

/* One call, paid by cx->payer, with its retries inside cx's deadline (without one: 25 s
 * for a write, 60 s for a read or poll, 300 s for a back-fill). *data = the reply's data
 * object (never NULL on success; {} where there was none), owned by cx->arena. *code (may
 * be NULL) = Feishu's code also on failure, 0 when no reply came. */
enum err feishu_request(struct ctx *cx, struct feishu *feishu,
    const struct feishu_call *call, int *code, cJSON **data);

/* Paged lists: follows page_token until has_more is false. The query of the call must not
 * hold page_token, and must live as long as the pages are read; so must cx, without
 * ctx_reset. */
struct feishu_pages {
    struct feishu *feishu;
    struct feishu_call call;
    const char *items_key;  /* "items", "calendar_list" ... */
    const char *page_token; /* of the next page */
    const char *sync_token; /* set by the last page */
    bool done;
};
void feishu_pages_start(struct feishu_pages *pages, struct feishu *feishu,
    const struct feishu_call *call, const char *items_key);
/* *page = the array of one page ([] for null or missing), NULL behind the last one. */
enum err feishu_pages_next(
    struct ctx *cx, struct feishu_pages *pages, const cJSON **page);

/* Lenient readers (feishu-api 16.28): numbers as text and text as numbers. */
const char *json_text(const cJSON *object, const char *name); /* "" when there is none */
int64_t json_int(const cJSON *object, const char *name, int64_t fallback);
bool json_bool(const cJSON *object, const char *name, bool fallback);
/* NULL when none or null */
const cJSON *json_array(const cJSON *object, const char *name);
/* Objects tied to the arena. */
cJSON *json_object(struct arena *arena);
cJSON *json_parse(struct arena *arena, const char *text); /* NULL when it is broken */
/* JSON text whose escapes are all characters: half a surrogate pair and NUL become
 * U+FFFD. text itself where that is so already. */
const char *json_mended(struct arena *arena, const char *text);
char *json_print(struct arena *arena, const cJSON *json);

#endif
