/* A colleague's primary calendar of which nothing but busy time is shown, and whose
 * events are not even listed without their details: Feishu tells when the colleague is
 * busy (feishu-api 7.1), and each time is an event here. They have no identity upstream:
 * one is known by when it is, so that a moved meeting is one that goes and one that
 * comes. */
#include "config.h"

#include "base/codec.h"
#include "base/when.h"
#include "bridge/pull.h"

#include <stdio.h>
#include <string.h>

#define DAY_S 86400
#define BACK_S (14LL * DAY_S)
#define SPAN_S (90LL * DAY_S) /* the most that may be asked for at once */
#define TIMES_MAX 2000

/* Busy times are those of somebody's primary calendar alone. NULL = it is not known to be
 * one. */
static const char *owner_of(struct ctx *cx, const struct pull *pull)
{
    const struct calendar *calendar = pull->calendar;
    struct store *store = pull->bridge->store;
    struct account account;
    struct calendar own;
    if (str_empty(calendar->owner))
        return NULL;
    if (store_account_by_open_id(cx, store, calendar->owner, &account))
        return calendar->owner; /* found by a primary calendar (owner.c) */
    bool primary = store_calendar_by_upstream(
                       cx, store, account.id, calendar->upstream_id, &own) == ERR_OK &&
        str_eq(own.type, "primary");
    return primary ? calendar->owner : NULL;
}

static void add_time(cJSON *event, const char *name, int64_t when_s)
{
    char text[24];
    cJSON *time = cJSON_AddObjectToObject(event, name);
    snprintf(text, sizeof(text), "%lld", (long long)when_s);
    cJSON_AddStringToObject(time, "timestamp", text);
    cJSON_AddStringToObject(time, "timezone", "UTC");
}

/* What pull_apply takes for a listed event; NULL for a time that is none. */
static cJSON *event_of(struct ctx *cx, const struct pull *pull, const cJSON *item)
{
    int64_t start_s, end_s;
    unsigned char digest[SHA256_BYTES];
    const char *id = pull->calendar->upstream_id;
    if (!when_parse_rfc3339(json_text(item, "start_time"), &start_s) ||
        !when_parse_rfc3339(json_text(item, "end_time"), &end_s) || end_s <= start_s ||
        str_ieq(json_text(item, "rsvp_status"), "decline"))
        return NULL;
    crypto_sha256(id, strlen(id), digest);
    cJSON *event = cJSON_CreateObject();
    cJSON_AddStringToObject(event, "event_id",
        arena_printf(cx->arena, "busy-%s-%lld-%lld_0", hex_encode(cx->arena, digest, 6),
            (long long)start_s, (long long)end_s));
    cJSON_AddStringToObject(event, "status", "confirmed");
    cJSON_AddStringToObject(event, "free_busy_status", "busy");
    add_time(event, "start_time", start_s);
    add_time(event, "end_time", end_s);
    return event;
}

static enum err ask(
    struct ctx *cx, struct pull *pull, const char *owner, const cJSON **items)
{
    const char *query[] = {"user_id_type", "open_id", NULL};
    char from[WHEN_TEXT_BYTES], until[WHEN_TEXT_BYTES];
    cJSON *body = json_object(cx->arena), *data = NULL;
    int64_t from_s = ctx_now_s(cx) / DAY_S * DAY_S - BACK_S;
    struct feishu_call call = {
        .endpoint = FEISHU_FREEBUSY_LIST,
        .query = query,
        .body = body,
        .priority = pull->priority,
    };
    pull->fetched_ms = ctx_now_ms(cx);
    cJSON_AddStringToObject(body, "time_min", when_rfc3339(from_s, from));
    cJSON_AddStringToObject(body, "time_max", when_rfc3339(from_s + SPAN_S, until));
    cJSON_AddStringToObject(body, "user_id", owner);
    cJSON_AddBoolToObject(body, "need_rsvp_status", true);
    TRY(bridge_request(cx, pull->bridge, pull->account->id, &call, NULL, &data));
    *items = json_array(data, "freebusy_list");
    return ERR_OK;
}

enum err pull_busy(struct ctx *cx, struct pull *pull, bool *shown)
{
    const char *owner = owner_of(cx, pull);
    const cJSON *items = NULL, *item;
    *shown = false;
    if (!owner)
        return ERR_OK;
    enum err err = ask(cx, pull, owner, &items);
    if (err)
        return err_is_transient(err) || err == ERR_UPSTREAM_SIGN_IN ? err : ERR_OK;
    cJSON *events = cJSON_CreateArray();
    arena_defer(cx->arena, (void (*)(void *))cJSON_Delete, events);
    cJSON_ArrayForEach(item, items)
    {
        cJSON *event = event_of(cx, pull, item);
        if (event && cJSON_GetArraySize(events) < TIMES_MAX)
            cJSON_AddItemToArray(events, event);
        else
            cJSON_Delete(event);
    }
    TRY(pull_apply(cx, pull, events));
    *shown = true;
    return ERR_OK;
}
