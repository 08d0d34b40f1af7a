/* Adding people. Upstream refuses a whole call for one of them (feishu-api 16.22): then
 * the list is halved until it is known who it is; that one is left out and told to the
 * client by SCHEDULE-STATUS (RFC 6638 3.2.9). */
#include "config.h"

#include "bridge/attendee.h"
#include "bridge/bridge_internal.h"

#define REFUSALS_MAX 40

static enum err add(struct ctx *cx, struct push *push, const struct step *step)
{
    const char *query[] = {"user_id_type", "open_id", NULL};
    cJSON *data = NULL, *one;
    TRY(push_call(cx, push, FEISHU_ATTENDEE_CREATE, step, query, push_body(cx, step),
        NULL, &data));
    cJSON *attendees = push_row_attendees(cx, push, step->original_time);
    cJSON_ArrayForEach(one, json_array(data, "attendees"))
    {
        int at = push_attendee_index(attendees, one);
        if (at >= 0)
            cJSON_ReplaceItemInArray(attendees, at, cJSON_Duplicate(one, true));
        else
            cJSON_AddItemToArray(attendees, cJSON_Duplicate(one, true));
    }
    push->attendees_touched = true;
    push_row_set(cx, push, step->original_time, NULL, attendees);
    return ERR_OK;
}

static enum err leave_out(struct ctx *cx, struct push *push, const cJSON *request)
{
    struct convert_env env;
    env_fill(cx, push->bridge, push->account, push->calendar, &env);
    char *text = push->text ? people_mark_refused(cx, &env, push->text, request) : NULL;
    log_line(cx, LOG_INFO, LOG_SYNC, "calendar %lld: %s: an attendee is left out: %s",
        (long long)push->calendar->id, push->name, ctx_error(cx));
    if (text)
        push->text = text;
    return ERR_OK;
}

/* The step for a part of its people. */
static struct step part_of(
    struct ctx *cx, const struct step *step, int from, int until)
{
    struct step part = *step;
    const cJSON *list = json_array(step->body, "attendees");
    part.body = json_object(cx->arena);
    cJSON *some = cJSON_AddArrayToObject(part.body, "attendees");
    for (int i = from; i < until; i++)
        cJSON_AddItemToArray(some, cJSON_Duplicate(cJSON_GetArrayItem(list, i), true));
    return part;
}

enum err push_add_attendees(struct ctx *cx, struct push *push, const struct step *step)
{
    const cJSON *list = json_array(step->body, "attendees");
    int n = cJSON_GetArraySize(list);
    enum err err = add(cx, push, step);
    if (err != ERR_UPSTREAM_REFUSED || push->refusals++ >= REFUSALS_MAX)
        return err;
    if (n == 1)
        return leave_out(cx, push, cJSON_GetArrayItem(list, 0));
    struct step parts[] = {
        part_of(cx, step, 0, n / 2),
        part_of(cx, step, n / 2, n),
    };
    TRY(push_add_attendees(cx, push, &parts[0]));
    return push_add_attendees(cx, push, &parts[1]);
}
