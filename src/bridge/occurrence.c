/* What an occurrence is upstream. A cancelled exception in the feed of changes may be two
 * things: an occurrence that does not take place, or an exception that was destroyed, so
 * that the rule gives its occurrence back (feishu-api 5.9, 16.17). Only a look at the
 * occurrence tells. */
#include "config.h"

#include "bridge/bridge_internal.h"
#include "bridge/occurrence.h"
#include "bridge/series.h"

#include <string.h>

#define CODE_DELETED 193003
#define DAY_S 86400

/* A series has one occurrence a day that begins at midnight; one of that day by another
 * name is left from when the series had times. */
static bool is_of_its_day(struct ctx *cx, const cJSON *item, int64_t original_time)
{
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(item, "start_time");
    int64_t other;
    char *uid;
    return *json_text(start, "date") &&
        event_id_split(cx, json_text(item, "event_id"), &uid, &other) &&
        other != original_time && other % DAY_S == 0 &&
        other == original_time - original_time % DAY_S;
}

/* The instances of a series list cancelled ones, too (feishu-api 5.13). */
static enum err look_at_instances(
    struct ctx *cx, const struct occurrence *one, enum occurrence_state *state)
{
    char *from = arena_printf(cx->arena, "%lld", (long long)one->original_time - DAY_S);
    char *until = arena_printf(cx->arena, "%lld", (long long)one->original_time + DAY_S);
    const char *query[] = {"start_time", from, "end_time", until, NULL};
    const char *id = event_id_join(cx, one->uid, one->original_time);
    struct feishu_call call = {
        .endpoint = FEISHU_EVENT_INSTANCES,
        .args = {one->calendar_id, event_id_join(cx, one->uid, 0)},
        .query = query,
        .priority = one->priority,
    };
    cJSON *data = NULL;
    const cJSON *item;
    TRY(bridge_request(cx, one->bridge, one->account_id, &call, NULL, &data));
    cJSON_ArrayForEach(item, json_array(data, "items"))
    {
        if (is_of_its_day(cx, item, one->original_time))
            *state = OCCURRENCE_PLAIN;
        if (!str_eq(json_text(item, "event_id"), id))
            continue;
        if (event_cancelled(item))
            *state = OCCURRENCE_CANCELLED;
        else if (!json_bool(item, "is_exception", false))
            *state = OCCURRENCE_PLAIN;
    }
    return ERR_OK;
}

static enum occurrence_state state_of(const cJSON *event)
{
    return event_cancelled(event)                   ? OCCURRENCE_CANCELLED
        : json_bool(event, "is_exception", false) ? OCCURRENCE_EXCEPTION
                                                    : OCCURRENCE_PLAIN;
}

enum err occurrence_look(struct ctx *cx, const struct occurrence *one,
    enum occurrence_state *state, const cJSON **event)
{
    struct feishu_call call = {
        .endpoint = FEISHU_EVENT_GET,
        .args = {one->calendar_id, event_id_join(cx, one->uid, one->original_time)},
        .priority = one->priority,
    };
    cJSON *data = NULL, *found = NULL;
    int code = 0;
    *state = OCCURRENCE_UNKNOWN;
    enum err err = bridge_request(cx, one->bridge, one->account_id, &call, &code, &data);
    if (!err)
        found = cJSON_GetObjectItemCaseSensitive(data, "event");
    if (cJSON_IsObject(found)) {
        *state = state_of(found);
        if (event && *state == OCCURRENCE_EXCEPTION)
            *event = found;
        return ERR_OK;
    }
    /* One that nobody touched need not be readable (feishu-api 16.12). */
    if (!err || err == ERR_UPSTREAM_GONE || err == ERR_UPSTREAM_APP)
        err = look_at_instances(cx, one, state);
    if (err && (err_is_transient(err) || err == ERR_UPSTREAM_SIGN_IN))
        return err;
    if (*state == OCCURRENCE_UNKNOWN && code == CODE_DELETED)
        *state = OCCURRENCE_CANCELLED;
    return ERR_OK;
}

bool occurrence_is_of_rule(struct ctx *cx, const struct convert_env *env, const char *uid,
    const cJSON *master, int64_t original_time)
{
    struct series_row row = {.event = master};
    struct series series = {.uid = uid, .ical_uid = uid, .master = &row};
    struct comp *calendar;
    struct view view;
    char *text;
    return convert_down(cx, env, &series, NULL, &text) != ERR_OK ||
        lines_parse(cx, text, strlen(text), &calendar) != ERR_OK ||
        view_of(cx, env, calendar, &view) != ERR_OK ||
        view_has(cx, env, &view, original_time);
}
