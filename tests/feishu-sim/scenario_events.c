#include "scenario_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "edit.h"
#include "event.h"

/* An edit with the members which all edits of one event share. */
static cJSON *edit_of(const char *action, const cJSON *in, const char *event_id)
{
    cJSON *edit = cJSON_CreateObject();
    const char *calendar = json_text(in, "calendar");

    cJSON_AddStringToObject(edit, "action", action);
    cJSON_AddStringToObject(edit, "as", json_text(in, "as") ? json_text(in, "as") : "");
    cJSON_AddStringToObject(edit, "calendar_id", calendar ? calendar : "primary");
    cJSON_AddBoolToObject(edit, "need_notification", false);
    if (event_id)
        cJSON_AddStringToObject(edit, "event_id", event_id);
    return edit;
}

static cJSON *run(cJSON *edit, char **complaint)
{
    cJSON *data = edit_run(edit, complaint);

    cJSON_Delete(edit);
    return data;
}

/* The API's fields of an event: what is not the scenario's own. */
static cJSON *fields_of(const cJSON *in)
{
    static const char *const ours[] = {"calendar", "as", "attendees", "exceptions", "n",
        "cancelled", "move_minutes", "for"};
    cJSON *fields = cJSON_Duplicate(in, true);

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(fields, ours[i]);
    return fields;
}

struct count {
    int left;
    int64_t at;
};

static bool count_down(void *arg, int64_t start)
{
    struct count *c = arg;

    c->at = start;
    return c->left-- > 0;
}

/* Start of the n-th occurrence (0: the first); -1 when there are not so many. */
static int64_t nth(const struct event *master, int n)
{
    struct count c = {.left = n};
    struct rule rule;

    if (!event_rule(master, &rule))
        return -1;
    rule_expand(&rule, &master->start, INT64_MAX, count_down, &c);
    return c.left < 0 ? c.at : -1;
}

static void add_moved(
    cJSON *fields, const char *name, const struct when *when, int minutes)
{
    cJSON *time = cJSON_AddObjectToObject(fields, name);
    char digits[24];

    snprintf(digits, sizeof digits, "%lld", (long long)when->at + minutes * 60);
    cJSON_AddStringToObject(time, "timestamp", digits);
    cJSON_AddStringToObject(time, "timezone", when->zone);
}

static char *exception(const cJSON *event, const cJSON *in, struct event *master)
{
    const cJSON *n = json_get(in, "n"), *move = json_get(in, "move_minutes");
    int64_t original = nth(master, cJSON_IsNumber(n) ? n->valueint : 0);
    bool cancelled = cJSON_IsTrue(json_get(in, "cancelled"));
    struct when start, end;
    char *id, *complaint = NULL;
    cJSON *edit, *fields;

    if (original < 0)
        return xstrdup("an exception's n is beyond the series");
    id = xfmt("%s_%lld", master->uid, (long long)original);
    edit = edit_of(cancelled ? "event_delete" : "event_patch", event, id);
    free(id);
    fields = fields_of(in);
    event_occurrence(master, original, &start, &end);
    if (cJSON_IsNumber(move)) {
        add_moved(fields, "start_time", &start, move->valueint);
        add_moved(fields, "end_time", &end, move->valueint);
    }
    cJSON_AddItemToObject(edit, "event", fields);
    cJSON_Delete(run(edit, &complaint));
    return complaint;
}

/* What single people set for themselves: "for": [{"user": .., "color": ..}]. */
static char *own_fields(const cJSON *in, const char *event_id)
{
    const cJSON *one;
    char *complaint = NULL;

    cJSON_ArrayForEach(one, json_get(in, "for"))
    {
        cJSON *edit = edit_of("event_patch", in, event_id), *fields = fields_of(one);

        cJSON_DeleteItemFromObjectCaseSensitive(fields, "user");
        cJSON_ReplaceItemInObjectCaseSensitive(edit, "as",
            cJSON_CreateString(json_text(one, "user") ? json_text(one, "user") : ""));
        cJSON_ReplaceItemInObjectCaseSensitive(
            edit, "calendar_id", cJSON_CreateString("primary"));
        cJSON_AddItemToObject(edit, "event", fields);
        cJSON_Delete(run(edit, &complaint));
        if (complaint)
            break;
    }
    return complaint;
}

static char *rest(const cJSON *in, struct event *ev)
{
    const cJSON *one;
    char *complaint = NULL;

    cJSON_ArrayForEach(one, json_get(in, "exceptions"))
    {
        complaint = exception(in, one, ev);
        if (complaint)
            return complaint;
    }
    return own_fields(in, ev->id);
}

char *scenario_event(const cJSON *in, size_t n)
{
    cJSON *edit = edit_of("event_create", in, NULL), *data;
    const cJSON *attendees = json_get(in, "attendees");
    char *complaint = NULL, *with_name;
    struct event *ev;

    cJSON_AddItemToObject(edit, "event", fields_of(in));
    if (attendees)
        cJSON_AddItemToObject(edit, "attendees", cJSON_Duplicate(attendees, true));
    data = run(edit, &complaint);
    if (data) {
        ev = map_get(
            &W.events_by_id, json_text(cJSON_GetObjectItem(data, "event"), "event_id"));
        cJSON_Delete(data);
        complaint = rest(in, ev);
    }
    if (!complaint)
        return NULL;
    with_name = xfmt("event %zu (%s): %s", n,
        json_text(in, "summary") ? json_text(in, "summary") : "", complaint);
    free(complaint);
    return with_name;
}
