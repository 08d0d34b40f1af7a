/* A cancelled exception in the feed of changes may be two things: an occurrence that does
 * not take place, or an exception that was destroyed, so that the rule gives its
 * occurrence back (feishu-api 5.9, 16.17). Only a look at the occurrence tells. */
#include "config.h"

#include "bridge/bridge_internal.h"

#define CODE_UNKNOWN 193001

/* An occurrence that nobody touched need not be readable (feishu-api 16.12): the series'
 * instances tell then, as they list cancelled ones. */
static enum err look_at_instances(struct ctx *cx, struct pull *pull, const char *uid,
    int64_t original_time, bool *cancelled)
{
    char *from = arena_printf(cx->arena, "%lld", (long long)original_time - 1);
    char *until = arena_printf(cx->arena, "%lld", (long long)original_time + 1);
    const char *query[] = {"start_time", from, "end_time", until, NULL};
    const char *id = event_id_join(cx, uid, original_time);
    struct feishu_call call = {
        .endpoint = FEISHU_EVENT_INSTANCES,
        .args = {pull->calendar->upstream_id, event_id_join(cx, uid, 0)},
        .query = query,
        .priority = FEISHU_READ,
    };
    cJSON *data = NULL;
    const cJSON *one;
    bool found = false;
    TRY(bridge_request(cx, pull->bridge, pull->account->id, &call, NULL, &data));
    cJSON_ArrayForEach(one, json_array(data, "items"))
        found |= str_eq(json_text(one, "event_id"), id) && event_cancelled(one);
    *cancelled = found;
    return ERR_OK;
}

static void note_live(struct ctx *cx, const cJSON *event, struct cancelled_look *look)
{
    if (event_cancelled(event))
        return;
    /* A plain instance is no exception any more; a live exception was made since. */
    look->destroyed = !json_bool(event, "is_exception", false);
    look->event = look->destroyed ? NULL : json_copy(cx, event);
}

enum err pull_look_at_cancelled(struct ctx *cx, struct pull *pull, const char *uid,
    int64_t original_time, struct cancelled_look *look)
{
    struct feishu_call call = {
        .endpoint = FEISHU_EVENT_GET,
        .args = {pull->calendar->upstream_id, event_id_join(cx, uid, original_time)},
        .priority = FEISHU_READ,
    };
    cJSON *data = NULL;
    int code = 0;
    bool cancelled = true;
    *look = (struct cancelled_look){0};
    enum err err =
        bridge_request(cx, pull->bridge, pull->account->id, &call, &code, &data);
    if (!err)
        note_live(cx, cJSON_GetObjectItemCaseSensitive(data, "event"), look);
    else if (code == CODE_UNKNOWN)
        err = look_at_instances(cx, pull, uid, original_time, &cancelled);
    if (err && (err_is_transient(err) || err == ERR_UPSTREAM_SIGN_IN))
        return err;
    if (code == CODE_UNKNOWN)
        look->destroyed = err == ERR_UPSTREAM_GONE || !cancelled;
    return ERR_OK;
}
